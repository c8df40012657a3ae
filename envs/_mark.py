"""A mark: a disc of colour at a place that the trial draws, to which something is to be brought.

Who plays one recorded episode again needs both places to be as they were then, that of the thing and that of the mark.
"""

import numpy as np

from dexbench.core.scene import Scene
from dexbench.core.schema import Array
from dexbench.core.trial import Setting

MARK = "mark"
"""The articulated object; hands and things go through it."""


def marked(x: float, y: float, z: float) -> Setting:
    """Return the mark at a place of the cell frame [m]."""
    return Setting(MARK, (round(x, 6), round(y, 6), z), (1.0, 0.0, 0.0, 0.0))


def aside(scene: Scene) -> Array:
    """Return (n,) the horizontal distance of the first object's centre of mass from the middle of the mark [m]."""
    away = scene.object_centre[:, 0, :2] - scene.object_position[:, scene.index(MARK), :2]
    return np.asarray(np.hypot(away[:, 0], away[:, 1]))
