"""Things for serving in a hand: tongs, taken from above, and a plate on a stem, which a hand wraps below the plate."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dexbench.core.schema import Array
from dexbench.objects.articulated import load_articulated

from ._poses import compose, quaternion_of, turned, upright

TONGS = "tongs"
JAWS = np.array([0.070, 0.0, 0.026])
"""Middle between the jaws, in the tongs' frame [m]."""


@dataclass(frozen=True)
class Grip:
    """How one kind of hand takes the tongs; shapes are shares from 0 (open) to 1 (closed) by role."""

    tilt: float
    """How far the fingers point down [rad]."""
    middle: tuple[float, float, float]
    """Of the handles in the palm frame: to the index finger's side, along the fingers, before the palm [m]."""
    opened: Mapping[str, float]
    held: Mapping[str, float]
    """Fingers and thumb under the handles; the spring keeps them apart."""
    closed: Mapping[str, float]


COMMON = {"fingers/abduction": 0.5, "thumb/rotation": 0.53, "thumb/roll": 0.55}
GRIPS = {
    "bytedexter": Grip(
        0.86,
        (-0.021, 0.032, 0.047),
        COMMON | {"fingers/flexion": 0.267, "fingers/pip": 0.504, "thumb/flexion": 1.0, "thumb/mcp": 0.027},
        COMMON | {"fingers/flexion": 0.288, "fingers/pip": 0.544, "thumb/flexion": 0.774, "thumb/mcp": 0.062},
        COMMON | {"fingers/flexion": 0.345, "fingers/pip": 0.651, "thumb/flexion": 0.418, "thumb/mcp": 0.086},
    )
}
"""By hand. Found by a random search with a hand that floats: lift by 10 cm, close, open, shake by 10 cm; best are tongs
that stay level and open until they are closed, and do so with the palm 4 mm aside in any direction, too."""


def palm_at(tongs: Array, grip: Grip) -> Array:
    """Return (7,) of the palm that takes tongs at `tongs` (7,): fingers across both handles, from above."""
    x, y = np.array([-1.0, 0.0, 0.0]), np.array([0.0, np.cos(grip.tilt), -np.sin(grip.tilt)])
    turn = quaternion_of(np.column_stack([x, y, np.cross(x, y)]))
    handles = np.concatenate([load_articulated(TONGS).grip("handles").position, turn])
    return compose(compose(tongs, handles), np.array([*-np.array(grip.middle), 1.0, 0.0, 0.0, 0.0]))


def around(point: Array, yaw: float, pitch: float = 0.0) -> Array:
    """Return (7,) of tongs with `point` (3,) between their jaws, which point down by `pitch` [rad] and along `yaw`."""
    c, s, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    turn = np.array([[c * cp, -s, c * sp], [s * cp, c, s * sp], [-sp, 0.0, cp]])
    return np.concatenate([point - turn @ JAWS, quaternion_of(turn)])


@dataclass(frozen=True)
class Wrap:
    """How one kind of hand wraps the stem, fingers level and thumb below; shapes as in Grip."""

    middle: tuple[float, float]
    """Of the stem in the palm frame: along the fingers, before the palm [m]."""
    height: float
    """Of the palm over the plate's foot [m]: so high that the plate comes to lie on the hand."""
    opened: Mapping[str, float]
    closed: Mapping[str, float]


WRAPS = {
    "bytedexter": Wrap(
        (0.050, 0.026),
        0.102,
        {"fingers/abduction": 0.5, "fingers/flexion": 0.18, "fingers/pip": 0.055}
        | {"thumb/rotation": 0.0, "thumb/flexion": 0.186, "thumb/roll": 0.776, "thumb/mcp": 0.197},
        {"fingers/abduction": 0.5, "fingers/flexion": 0.40, "fingers/pip": 0.667}
        | {"thumb/rotation": 0.25, "thumb/flexion": 0.46, "thumb/roll": 0.776, "thumb/mcp": 0.29},
    )
}
"""By hand. Found like GRIPS: lift by 7 cm, press 1.6 N on the plate's edge, on all sides; best are those that lean and
sink least in the worst of four tries, with the palm 3 mm and 0.03 rad aside. The thumb lies beside the palm: around a
thumb between palm and stem the plate leaned by 10 to 17 degrees."""


def palm_beside(plate: Array, wrap: Wrap, heading: float) -> Array:
    """Return (7,) of a left palm that wraps the stem of a plate at `plate` (7,), fingers along `heading` [rad]."""
    c, s = np.cos(heading), np.sin(heading)
    fingers, facing = np.array([c, s, 0.0]), np.array([-s, c, 0.0])
    turn = np.column_stack([np.cross(fingers, facing), fingers, facing])
    along, before = wrap.middle
    stem = plate[:3] + np.array([0.0, 0.0, wrap.height])
    return np.concatenate([stem - along * fingers - before * facing, quaternion_of(turn)])


def level(pose: Array, yaw: float = 0.0) -> Array:
    """Return `pose` (7,) standing upright, with the same heading but for `yaw` [rad]."""
    return np.concatenate([pose[:3], turned(upright(pose[3:]), yaw)])


def lean(pose: Array) -> float:
    """Return by how much `pose` (7,) leans [rad]."""
    return float(np.arccos(np.clip(1 - 2 * (pose[4] ** 2 + pose[5] ** 2), -1.0, 1.0)))
