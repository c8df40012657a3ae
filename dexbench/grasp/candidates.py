"""Grasp candidates: opposed hand shapes laid around the parts of an object, and the commands that press.

The opposition line lies as the part's class wants it, the midpoint between the pads on the part's middle, and the
opening leaves a little room. Numbers are rounded to what a library file keeps, before anything is simulated: what is
tested is what is kept, and the last bits of a linear algebra library decide nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import mujoco
import numpy as np
from scipy.optimize import nnls

from dexbench.core.schema import Array
from dexbench.grasp.alignment import Alignment, align
from dexbench.grasp.opposition import Shapes
from dexbench.grasp.posture import Posture
from dexbench.objects.model import ObjectModel

ROOM = {"wrap": (0.010, 0.045), "pinch": (0.010, 0.040)}
"""Opening beyond the width of what is grasped [m]."""
PALM = {"wrap": (0.0, 0.045), "pinch": (0.010, 0.20)}
"""Wanted between the palm and what it comes to [m]."""
FORCE = (12.0, 30.0)
"""Of the thumb against the fingers together [N]."""
THIN, FIRM = 0.035, 24.0
"""Parts thinner than this [m] want at least this force [N]."""
BEARABLE = 0.95
"""Largest torque of a motor while it squeezes, as a share of its limit."""
PRESSED = 1.5
"""How much further a weak hand's thumb is sent."""
DAMPING = 3e-3
"""Of the least squares that turns pad movements into joint movements [m]."""


@dataclass(frozen=True)
class Candidates:
    """C candidates, poses in the object frame."""

    position: Array
    """(C, 3) of the palm frame [m]."""
    quaternion: Array
    """(C, 4) palm to object, wxyz."""
    pregrasp: Array
    """(C, H) commands around the object [rad]."""
    touch: Array
    """(C, H) commands at which pads just touch [rad]."""
    squeeze: Array
    """(C, H) commands that press [rad]."""

    def __len__(self) -> int:
        return len(self.position)

    def chosen(self, rows: Array) -> "Candidates":
        """Return the candidates of `rows`, in that order."""
        return Candidates(*(getattr(self, f.name)[rows] for f in fields(self)))

    @staticmethod
    def joined(parts: list["Candidates"]) -> "Candidates":
        """Return all candidates of several sets."""
        return Candidates(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Candidates)))


def draw(
    model: ObjectModel, part: str, mode: str, posture: Posture, shapes: Shapes, rng: np.random.Generator, count: int
) -> Candidates:
    """Draw `count` times; return the candidates of those draws that fit.

    Args:
      model: the object.
      part: which of its parts.
      mode: "wrap" or "pinch", as the shapes are.
      posture: of the hand.
      shapes: of the hand in that mode.
      rng: of all that is free.
      count: draws.
    """
    found = (align(model, part, rng) for _ in range(count))
    return lay([one for one in found if one is not None], mode, posture, shapes, rng)


def lay(
    places: Sequence[Alignment], mode: str, posture: Posture, shapes: Shapes, rng: np.random.Generator
) -> Candidates:
    """Return a candidate for each alignment that some shape fits; arguments as for `draw`."""
    rows = []
    data = mujoco.MjData(posture.model)
    for found in places:
        shape = _shape(shapes, found, mode, rng)
        if shape is None:
            continue
        turn = _turn(shapes.line[shape], found)
        position = found.centre - turn @ shapes.centre[shape]
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(turn).ravel())
        touch, squeeze = _press(posture, data, shapes, shape, found.width, rng)
        rows.append((position, quaternion, shapes.command[shape], touch, squeeze))
    if not rows:
        size = len(posture.actuators)
        return Candidates(*(np.zeros((0, n)) for n in (3, 4, size, size, size)))
    position, quaternion, pregrasp, touch, squeeze = (np.array(column) for column in zip(*rows, strict=True))
    return Candidates(kept(position), unit(quaternion), kept(pregrasp), kept(touch), kept(squeeze))


def kept(values: Array) -> Array:
    """Return `values` as a library file keeps them."""
    return np.asarray(values, np.float32).astype(np.float64)


def unit(quaternions: Array) -> Array:
    """Return quaternions (G, 4) as a library file gives them back: kept, and made of length one."""
    found = kept(quaternions)
    for _ in range(3):
        found = kept(found / np.linalg.norm(found, axis=1, keepdims=True))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def _shape(shapes: Shapes, found: Alignment, mode: str, rng: np.random.Generator) -> int | None:
    """Draw a shape that opens wide enough, with the palm as near as the mode wants it where there is one."""
    low, high = ROOM[mode]
    fits = np.flatnonzero((shapes.opening > found.width + low) & (shapes.opening < found.width + high))
    if not len(fits):
        return None
    room = np.asarray(shapes.centre[fits, 2] - found.depth)
    near = fits[(room > PALM[mode][0]) & (room < PALM[mode][1])]
    chosen = near if len(near) else fits[room > 0]
    return int(chosen[int(rng.integers(len(chosen)))]) if len(chosen) else None


def _turn(own: Array, found: Alignment) -> Array:
    """Return palm to object (3, 3): the shape's own line along the part's, the palm facing the way it comes."""
    line, coming = found.line, found.coming
    normal = np.array([0.0, 0.0, 1.0]) - own * own[2]
    normal = normal / np.linalg.norm(normal)
    return np.asarray(
        np.column_stack([line, coming, np.cross(line, coming)]) @ np.stack([own, normal, np.cross(own, normal)])
    )


def _press(
    posture: Posture, data: mujoco.MjData, shapes: Shapes, s: int, width: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return commands (H,) at which shape s touches, and that press with balanced forces.

    The pads move along the opposition line until they touch; there, target = q + J^T F / kp. The thumb presses with F,
    the fingers share F so that no moment is left as far as they can. F is what the weakest motor can bear at most: one
    that gives way would let the others push the object aside.
    """
    used = slice(0, 1 + shapes.fingers)
    motors = [posture.model.actuator(a.name).id for a in posture.actuators]
    stiffness, limit = posture.model.actuator_gainprm[motors, 0], posture.model.actuator_forcerange[motors, 1]
    thumb = np.array([a.role.startswith("thumb/") for a in posture.actuators])
    touch, line = shapes.command[s].copy(), shapes.line[s]
    gap = (shapes.opening[s] - width) / 2
    ways = np.concatenate([[line * gap], np.tile(-line * gap, (shapes.fingers, 1))])
    goal = posture.pose(data, touch)[0][used] + ways
    for _ in range(3):
        stacked = posture.jacobians(data, touch)[used].reshape(3 * len(goal), -1)
        away = (goal - posture.pose(data, touch)[0][used]).ravel()
        touch += stacked.T @ np.linalg.solve(stacked @ stacked.T + DAMPING**2 * np.eye(len(away)), away)
    touch = np.clip(touch, posture.lower, posture.upper)
    weights = np.concatenate([[1.0], -_shares(posture.pose(data, touch)[0][used], line)])
    force = rng.uniform(FIRM if width < THIN else FORCE[0], FORCE[1])
    torque = np.einsum("f,fxh,x->h", weights, posture.jacobians(data, touch)[used], line)
    bearable = BEARABLE * float((limit / np.maximum(np.abs(torque), 1e-9)).min())
    push = torque * min(force, bearable) / stiffness
    if force > bearable:  # a weak hand: its thumb pushes with all it has wherever it is, the fingers stay springs
        push[thumb] *= PRESSED
    return touch, np.clip(touch + push, posture.lower, posture.upper)


def _shares(pads: Array, line: Array) -> Array:
    """Return (F - 1,) shares of the fingers, summing to one, whose resultant meets the thumb's pad if it can."""
    offset = pads[1:] - pads[0]
    offset = offset - np.outer(offset @ line, line)
    n = len(offset)
    scale = 0.02  # [m] of moment arm that weighs as much as the sum being off by one
    shares, _ = nnls(
        np.vstack([offset.T / scale, np.full(n, 3.0), 0.2 * np.eye(n)]), np.array([0, 0, 0, 3.0, *np.zeros(n)])
    )
    return np.asarray(shares / shares.sum())
