"""Rotation matrices of quaternions, many at once."""

import numpy as np
from numpy.typing import ArrayLike

from dexbench.core.schema import Array


def quaternion_matrices(quaternions: ArrayLike) -> Array:
    """Return (N, 3, 3) of unit quaternions (N, 4) wxyz."""
    w, x, y, z = np.asarray(quaternions, float).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def quaternion_matrix(quaternion: ArrayLike) -> Array:
    """Return (3, 3) of a quaternion (4,) wxyz, which need not be normalised."""
    own = np.asarray(quaternion, float)
    return np.asarray(quaternion_matrices((own / np.linalg.norm(own))[None])[0])
