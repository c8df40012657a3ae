"""How a camera is turned that looks at something."""

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from dexbench.core.schema import Array


def aim(position: ArrayLike, target: ArrayLike, up: ArrayLike = (0.0, 0.0, 1.0)) -> Array:
    """Return the wxyz orientation of a camera of MuJoCo's, which looks along -z: at `target` with `up` (3,) up."""
    back = np.subtract(position, target)
    back = back / np.linalg.norm(back)
    right = np.cross(np.asarray(up), back)
    right /= np.linalg.norm(right)
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, np.column_stack([right, np.cross(back, right), back]).ravel())
    return quaternion
