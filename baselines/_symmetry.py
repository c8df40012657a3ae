"""Grasps that follow from others: the mirror image for the other hand, the same one all around an object."""

from functools import cache

import mujoco
import numpy as np

from dexbench.core.embodiment import PALM_FRAME, rpy_to_quaternion
from dexbench.core.mechanism import FrameRow, Mechanism, mirrored
from dexbench.core.schema import Array
from dexbench.grasp.library import Grasps
from dexbench.grasp.part_shape import part_shape, shape_of
from dexbench.objects.catalogue import load_object
from dexbench.objects.model import ObjectModel

ALIKE = 0.004
"""How far from its image an object may be that looks the same [m]."""
ROLL = 0.4
"""How far a grasp of a round part that lies is rolled about its axis, either way [rad]."""
_IMAGE = {"handle_right": "handle_left", "handle_left": "handle_right"}
"""Parts that are each other's image."""
ACROSS = np.diag([1.0, -1.0, 1.0])
"""The plane of the table in which everything is mirrored: left becomes right."""


def palm_mirror(hand: Mechanism) -> Array:
    """Return (3, 3): what the mirror in the hand's own plane is in the palm frames of hand and image.

    With M the mirror of the hand's links, R and R' the palm frames in them, a palm at T has its image at ACROSS T (R^T
    M R'). A hand that serves both sides has no image: identity.
    """
    if hand.mirror is None:
        return np.eye(3)
    flip = np.eye(3)
    flip[hand.mirror, hand.mirror] = -1
    own, image = (rotation(np.array(rpy_to_quaternion(_palm(h).rpy))) for h in (hand, mirrored(hand)))
    return np.asarray(own.T @ flip @ image)


def _palm(hand: Mechanism) -> FrameRow:
    return next(f for f in hand.frames if f.name == PALM_FRAME)


def mirror(grasps: Grasps, hand: Mechanism) -> Grasps:
    """Return what the left hand does on the mirror image, in the plane x-z, of an object that is its own image.

    Args:
      grasps: of the right hand.
      hand: either hand; where left and right are the same one, the grasps stay as they are.
    """
    if hand.mirror is None:
        return grasps
    own = palm_mirror(hand)
    quaternion = np.zeros_like(grasps.quaternion)
    for image, palm in zip(quaternion, grasps.quaternion, strict=True):
        mujoco.mju_mat2Quat(image, np.ascontiguousarray(ACROSS @ rotation(palm) @ own).ravel())
    return Grasps(
        grasps.hand,
        grasps.instance,
        grasps.position @ ACROSS,
        quaternion,
        grasps.pregrasp,
        grasps.squeeze,
        tuple(_IMAGE.get(part, part) for part in grasps.part),
        grasps.score,
        grasps.mode,
    )


def spins(model: ObjectModel) -> list[Array]:
    """Return rotations about the vertical under which the object looks the same."""
    angles = 2 * np.pi * np.arange(order := _order(model.name)) / order
    return [np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]) for a in angles]


def turnings(model: ObjectModel, part: str) -> list[tuple[Array, Array]]:
    """Return motions under which a part looks the same, or the whole object does: rotation (3, 3) and shift (3,) [m].

    A grasp of a mug's body may be anywhere around it: whether the handle is in the way is for the plan to find out.
    """
    whole = spins(model)
    names = {p.name for p in model.parts}
    if part not in names or len(whole) == 12:
        return [(turn, np.zeros(3)) for turn in whole]
    centre, order, axis = _part_order(model.name, part)
    if order < len(whole):
        return [(turn, np.zeros(3)) for turn in whole]
    found = [about_axis(np.array([0.0, 0.0, 1.0]), 2 * np.pi * k / order) for k in range(order)]
    if axis is not None:
        found = [roll @ turn for turn in found for roll in (np.eye(3), about_axis(axis, ROLL), about_axis(axis, -ROLL))]
    return [(turn, centre - turn @ centre) for turn in found]


def about_axis(axis: Array, angle: float) -> Array:
    """Return (3, 3) the rotation by `angle` about a unit axis [rad]."""
    quaternion = np.empty(4)
    mujoco.mju_axisAngle2Quat(quaternion, np.asarray(axis, float), angle)
    return rotation(quaternion)


@cache
def _part_order(name: str, part: str) -> tuple[Array, int, Array | None]:
    """Return a part's middle, how many turns about the vertical there it looks the same under, and its level axis.

    The axis is there where the part lies and is round about it.
    """
    shape = part_shape(name, part)
    centre, axes, extent = shape.centre, shape.axes, shape.extent
    if shape.upright:
        return centre, 12, None
    halfway = (shape.points[::4] - centre) * [-1, -1, 1] + centre
    away = np.linalg.norm(halfway[:, None] - shape.points, axis=2).min(axis=1)
    order = 2 if np.quantile(away, 0.9) < 2 * ALIKE else 1
    lies = abs(axes[0][2]) < 0.1 and extent[0] > 1.5 * extent[1] and extent[2] > 0.85 * extent[1]
    out = (shape.points - centre) @ axes[1:].T
    far = np.linalg.norm(out, axis=1)
    facing = np.abs(((shape.normals @ axes[1:].T) * out).sum(axis=1)) / far.clip(1e-6)
    round_ = lies and float(np.mean(facing[far > 0.3 * extent[1]] > 0.85)) > 0.8
    return centre, order, axes[0] if round_ else None


@cache
def _order(name: str) -> int:
    """Return how many of these there are: 12 of a round object, 2 of one that is its own image half way round."""
    model = load_object(name)
    shapes = [part_shape(name, part.name) for part in model.parts]
    if all(s.upright and np.linalg.norm(s.centre[:2]) < ALIKE for s in shapes):
        return 12
    points, faces = model.vertices, model.faces
    halfway = shape_of(points, faces).points[::4] * [-1, -1, 1]
    whole = np.concatenate([s.points for s in shapes])
    owner = np.repeat(np.arange(len(shapes)), [len(s.points) for s in shapes])
    away = np.linalg.norm(halfway[:, None] - whole, axis=2)
    own = np.linalg.norm(halfway[:, None] * [-1, -1, 1] - whole, axis=2).argmin(axis=1)
    same = owner[away.argmin(axis=1)] == owner[own]
    return 2 if (away.min(axis=1) < 2 * ALIKE).all() and same.mean() > 0.9 else 1


def rotation(quaternion: Array) -> Array:
    """Return (3, 3) of a quaternion (4,) wxyz."""
    turn = np.empty(9)
    mujoco.mju_quat2Mat(turn, np.asarray(quaternion, dtype=np.float64))
    return turn.reshape(3, 3)
