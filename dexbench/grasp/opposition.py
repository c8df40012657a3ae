"""Hand shapes in which the thumb faces the fingers: where a search for grasps starts.

Random joint targets are kept if the thumb's pad and the mean of the other pads face each other; everything is in the
palm frame, so one set serves every object. Hands are known by the roles of their motors alone.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.errors import DataError, UnknownName
from dexbench.core.schema import Array
from dexbench.grasp.posture import Posture

FACING = 0.7
"""Least cosine between a pad's normal and the line to its counterpart."""
MODES = ("wrap", "pinch")
"""How a part is held: fingers and palm around it, or between thumb, index and middle finger."""
OPPOSED = {"wrap": 3, "pinch": 2}
"""Fingers, from the index on, that must face the thumb. In a wrap a fourth helps; in a pinch the others keep away."""
STOWED = ((0.0, 0.12), (0.80, 0.98))
"""Where those are: stretched out, or folded in; as shares of their flexion and curl."""
ENOUGH = 500
"""Shapes below which those that were found are varied."""
VARIED = 0.06
"""By how much, as a share of each range."""
DEEP = 0.002
"""How deep a hand may be in itself [m]."""
FLEXION = (0.10, 0.85)
"""Drawn for the knuckles of all fingers together, as a share of their range: 0 is open, 1 is closed."""
CURL = (0.05, 0.70)
"""The same for what lies beyond the knuckles."""
SCATTER = 0.045
"""Standard deviation of each finger about what is drawn for all, as a share of the range."""
SPREAD = 0.06
"""Standard deviation of abduction about its middle [rad]."""
ARCH = 0.4
"""Largest share of the palm's own range."""


@dataclass(frozen=True)
class Shapes:
    """S hand shapes."""

    command: Array
    """(S, H) hand actuator targets [rad]."""
    centre: Array
    """(S, 3) midpoint between thumb pad and finger pads, in the palm frame [m]."""
    line: Array
    """(S, 3) unit vector from the thumb pad to the finger pads, in the palm frame."""
    opening: Array
    """(S,) distance between them [m]."""
    fingers: int
    """How many press, from the index on."""


def opposed_shapes(posture: Posture, rng: np.random.Generator, count: int, mode: str = "wrap") -> Shapes:
    """Sample `count` hand shapes and keep the opposed ones; of a hand that opposes rarely, vary those that do.

    Raises:
      DataError: none of them is.
      UnknownName: no such mode.
    """
    if mode not in MODES:
        raise UnknownName("mode of grasping", mode, MODES)
    data, opposed = mujoco.MjData(posture.model), OPPOSED[mode]
    kept = _opposed(posture, data, _sample(posture, data, rng, count, mode), opposed)
    if not kept:
        raise DataError(f"none of {count} shapes of this hand has its thumb facing its fingers")
    if len(kept) < ENOUGH:
        again = np.array([k[0] for k in kept])[rng.integers(len(kept), size=10 * ENOUGH)]
        moved = np.array([a.role.partition("/")[0] in posture.fingers for a in posture.actuators])
        again += rng.normal(0.0, VARIED, again.shape) * (posture.upper - posture.lower) * moved
        kept += _opposed(posture, data, np.clip(again, posture.lower, posture.upper), opposed)
    fingers = opposed if mode == "pinch" else len(posture.fingers) - 1
    command, centre, line, opening = (np.array(column) for column in zip(*kept, strict=True))
    return Shapes(command, centre, line, opening, fingers)


def _opposed(posture: Posture, data: mujoco.MjData, commands: Array, count: int) -> list[tuple[Array, ...]]:
    """Return (command, centre, line, opening) of those rows in which thumb and `count` fingers face each other."""
    kept: list[tuple[Array, ...]] = []
    opposed = slice(1, 1 + count)
    for row in commands:
        at, normal = posture.pose(data, row)
        fingers = at[opposed].mean(axis=0)
        gap = fingers - at[0]
        opening = float(np.linalg.norm(gap))
        line = gap / max(opening, 1e-9)
        facing = normal[0] @ line >= FACING and (normal[opposed] @ line <= -FACING).all()
        if facing and not _in_itself(posture.model, data):
            kept.append((row, (fingers + at[0]) / 2, line, np.array(opening)))
    return kept


def _in_itself(model: mujoco.MjModel, data: mujoco.MjData) -> bool:
    """Return whether the hand overlaps itself as `data` has it."""
    mujoco.mj_collision(model, data)
    hand = (model.geom_bodyid[data.contact.geom] > 0).all(axis=1)
    return bool((data.contact.dist[hand] < -DEEP).any())


def _sample(posture: Posture, data: mujoco.MjData, rng: np.random.Generator, count: int, mode: str) -> Array:
    """Draw (count, H) targets by role: fingers flex together with some scatter, the thumb is anywhere [rad]."""
    away = np.where(rng.uniform(size=count) < 0.5, *(rng.uniform(*bounds, count) for bounds in STOWED))
    aside = set(posture.fingers[1 + OPPOSED["pinch"] :]) if mode == "pinch" else set()
    flexion, curl = rng.uniform(*FLEXION, count), rng.uniform(*CURL, count)
    drawn = np.tile(posture.rest, (count, 1))
    span = posture.upper - posture.lower
    for column, actuator in enumerate(posture.actuators):
        finger, _, motion = actuator.role.partition("/")
        if finger not in posture.fingers:  # a wrist, or a finger without a pad: at rest
            continue
        if finger == "thumb":
            share = rng.uniform(0.0, 1.0, count)
        elif motion == "abduction":
            share = 0.5 + rng.normal(0.0, SPREAD / span[column], count)
        elif motion == "arch":
            share = rng.uniform(0.0, ARCH, count)
        else:
            share = away if finger in aside else flexion if motion == "flexion" else curl
            share = share + rng.normal(0.0, SCATTER, count)
        if finger != "thumb" and motion != "abduction" and not closes(posture, data, column):
            share = 1.0 - share
        drawn[:, column] = posture.lower[column] + np.clip(share, 0.0, 1.0) * span[column]
    return drawn


def closes(posture: Posture, data: mujoco.MjData, column: int) -> bool:
    """Return whether the upper end of a finger's range is the closed one: there, its pad is nearer to the palm."""
    finger = posture.fingers.index(posture.actuators[column].role.partition("/")[0])
    middle = (posture.lower + posture.upper) / 2
    away = []
    for end in (posture.lower, posture.upper):
        command = middle.copy()
        command[column] = end[column]
        away.append(float(np.linalg.norm(posture.pose(data, command)[0][finger])))
    return away[1] < away[0]
