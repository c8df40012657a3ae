"""A basket in the middle, and where objects stand around it: what tasks of putting away have in common."""

import numpy as np

from dexbench.core.scene import Scene
from dexbench.core.schema import Array
from dexbench.core.trial import Setting
from dexbench.objects.articulated import load_articulated

NAME = "basket"
BASKET = (0.53, 0.0)
"""Where the basket stands, x and y in the cell frame [m]."""
KEEP = ((0.37, 0.69), (-0.21, 0.21))
"""Around it no object stands, x and y [m]."""
REGION = ((0.42, 0.76), (-0.40, 0.40))
"""Where objects stand else, x and y [m]."""
FAR = 0.72
"""And no farther from (0.05, 0) than this [m]: what one arm in the middle reaches."""


def standing() -> Setting:
    """Return how the basket stands."""
    return Setting(NAME, (*BASKET, 0.0), (1.0, 0.0, 0.0, 0.0))


def allowed(x: float, y: float, radius: float) -> bool:
    """Return whether an object may stand there: not at the basket, not out of reach."""
    (left, right), (low, high) = KEEP
    close = left - radius < x < right + radius and low - radius < y < high + radius
    return not close and float(np.hypot(x - 0.05, y)) <= FAR


def inside(scene: Scene, slots: int) -> Array:
    """Return (n, slots) bool, whether the centres of the first objects are inside the basket."""
    basket = scene.index(NAME)
    at, turn = scene.object_position[:, basket, None], scene.object_quaternion[:, basket, None]
    return load_articulated(NAME).region("inside").contains(scene.object_centre[:, :slots], at, turn)
