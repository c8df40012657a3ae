"""Script of *reorient_cube*: grasp the die so that the arm can turn it in the air until the named face is on top."""

from collections.abc import Iterator, Sequence

import numpy as np

from dexbench.core.schema import Array

from ._motions import Episode
from ._planner import Reached
from ._poses import compose, inverse, quaternion_of, turned
from ._skills import Skills
from ._symmetry import about_axis, rotation

FACES = {
    "one": (0.0, 0.0, 1.0),
    "two": (1.0, 0.0, 0.0),
    "three": (0.0, 1.0, 0.0),
    "four": (0.0, -1.0, 0.0),
    "five": (-1.0, 0.0, 0.0),
    "six": (0.0, 0.0, -1.0),
}
"""Where the faces of a die point in its frame, as pips are set all over the world: opposite ones add up to seven."""
QUARTERS = (0.0, 0.5 * np.pi, np.pi, -0.5 * np.pi)
"""Turns about the vertical under which a die looks the same to a hand [rad]."""
GRASPS = 3
"""Grasps looked at for each of them."""
FURTHEST = np.deg2rad(120.0)
"""Turn beyond which it is done in two steps, the die being put down between [rad]: no wrist goes half way round."""
AIR = tuple((x, y, z) for z in (0.20, 0.30) for x, y in ((0.60, -0.10), (0.55, 0.05), (0.65, 0.10), (0.50, -0.20)))
"""Where the die is turned, best first: its middle in the cell frame [m]."""
TABLE = tuple((x, y) for x in (0.60, 0.52) for y in (0.0, -0.12, 0.12))
"""Where it is put down between, likewise [m]."""
FREE = 0.003
"""Height over the table at which it is let go [m]."""
ABOVE = 0.05
"""How far above its goal it comes in [m]."""
ENOUGH = 4.0
"""Seconds for which the face is shown: where they were not enough, it had been turned on the table [s]."""
UP, UPRIGHT = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0, 0.0])
LEVEL = np.deg2rad(8.0)
"""Lean of the face at which the hand turns it once more [rad]."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever: attempts until the face is on top, then hold for a while, then again."""
    word = next(w for w in FACES if w in e.instruction.split())
    k = skills.target(e)
    while True:
        up = rotation(skills.pose(e, k)[3:]) @ FACES[word]
        far = np.arccos(np.clip(up[2], -1.0, 1.0)) > FURTHEST
        goals = _standing(skills, e, k, _rolled(skills, e, k)) if far else _turned_up(skills, e, k, up)
        found = _plan(skills, e, k, goals)
        if found is None:
            goals, far = _standing(skills, e, k, [rotation(skills.pose(e, k)[3:])]), True
            found = _plan(skills, e, k, goals)
        if found is None:
            yield from skills.home(e)
            yield from skills.wait(e, 1.0)
            continue
        start = float(e.seen["object_pose"][k, 2])
        yield from skills.attempt(e, [found])
        if not skills.holds(e, k, start):
            yield from skills.let_go(e, [found])
            continue
        yield from _bring(skills, e, found.side, k, goals)
        if not far:
            yield from _level(skills, e, found.side, k, np.array(FACES[word]))
            yield from skills.wait(e, ENOUGH)
            now = rotation(skills.pose(e, k)[3:])
            yield from _bring(skills, e, found.side, k, _standing(skills, e, k, [_squared(now)]))
        yield from skills.release(e, found.side, found.pregrasp)


def _bring(skills: Skills, e: Episode, side: str, k: int, goals: Sequence[Array]) -> Iterator[Array]:
    """Bring the held die to the first of `goals` (7,) to which there is a way."""
    for goal in goals:
        if (yield from skills.carry(e, side, k, goal, above=ABOVE)):
            return


def _plan(skills: Skills, e: Episode, k: int, goals: Sequence[Array]) -> Reached | None:
    """Return a grasp from which the arm gets the die to one of `goals`; None if there is none."""
    model, pose = skills.model(e, k), skills.pose(e, k)
    lying = _lying(skills, e, k)
    for side in skills.nearest(pose):
        grasps = skills.grasps(side, model.name)
        for angle in QUARTERS:
            spin = rotation(turned(UPRIGHT, angle))
            ways = {part: [(spin, np.zeros(3))] for part in set(grasps.part)}
            tried: set[int] = set()
            for _ in range(GRASPS):
                skills.around.see(e.seen, (k,))
                found = skills.planner.grasp(side, k, lying, ways, grasps, e.command, frozenset(tried))
                if found is None:
                    break
                tried.add(found.row)
                base = skills.planner.command(e.command, side, found.lift[-1], found.squeeze)
                palm = np.concatenate(skills.planner.reach[side].pose(found.approach[-1]))
                within = compose(inverse(pose), palm)
                if any(skills.bringing(e, side, k, goal, within, base, above=ABOVE) is not None for goal in goals):
                    return found
    return None


def _lying(skills: Skills, e: Episode, k: int) -> Array:
    """Return the pose (7,) of a die that looks the same with its first face up, as the library's grasps take it."""
    middle, turn = _middle(skills, e, k), rotation(skills.pose(e, k)[3:])
    level = turn[:, int(np.argmin(np.abs(turn[2])))]  # an axis of the die that is level: it says how it is turned
    yaw = float(np.arctan2(level[1], level[0]))
    foot = middle - np.array([0.0, 0.0, 0.5 * skills.model(e, k).height])
    return np.concatenate([foot, turned(UPRIGHT, yaw)])


def _middle(skills: Skills, e: Episode, k: int) -> Array:
    """Return the middle of the die (3,) [m]."""
    inside = np.array([0.0, 0.0, 0.5 * skills.model(e, k).height, 1.0, 0.0, 0.0, 0.0])
    return np.asarray(compose(skills.pose(e, k), inside)[:3])


def _placed(skills: Skills, e: Episode, k: int, middle: Array, turn: Array) -> Array:
    """Return the pose (7,) of the die with its middle at (3,) and turned by (3, 3)."""
    return np.concatenate([middle - turn[:, 2] * 0.5 * skills.model(e, k).height, quaternion_of(turn)])


def _turned_up(skills: Skills, e: Episode, k: int, up: Array) -> list[Array]:
    """Return poses (7,) of the die in the air, turned the short way such that `up` (3,) points up."""
    turn = _shortest(up, UP) @ rotation(skills.pose(e, k)[3:])
    side = 1.0 if skills.sides[0] == "right" else -1.0
    return [_placed(skills, e, k, np.array([x, side * y, z]), turn) for x, y, z in AIR]


def _rolled(skills: Skills, e: Episode, k: int) -> list[Array]:
    """Return how the die is turned (3, 3) when it has been rolled over by a quarter: to either side of either axis."""
    now = rotation(skills.pose(e, k)[3:])
    level = [axis for axis in now.T if abs(axis[2]) < 0.5]
    return [about_axis(axis, angle) @ now for axis in level for angle in (0.5 * np.pi, -0.5 * np.pi)]


def _standing(skills: Skills, e: Episode, k: int, turns: Sequence[Array]) -> list[Array]:
    """Return poses (7,) of the die on the table, turned as each of `turns` (3, 3)."""
    height = 0.5 * skills.model(e, k).height + FREE
    return [_placed(skills, e, k, np.array([x, y, height]), turn) for x, y in TABLE for turn in turns]


def _squared(turn: Array) -> Array:
    """Return the rotation (3, 3) nearest to `turn` in which a face of the die is level."""
    axis = turn[:, int(np.argmax(np.abs(turn[2])))]
    return np.asarray(_shortest(axis, np.copysign(1.0, axis[2]) * UP) @ turn)


def _level(skills: Skills, e: Episode, side: str, k: int, face: Array) -> Iterator[Array]:
    """Turn the hand so that the face (3,) of the die, which has turned in it, points up."""
    up = rotation(skills.pose(e, k)[3:]) @ face
    if np.arccos(np.clip(up[2], -1.0, 1.0)) < LEVEL:
        return
    turn = _shortest(up, UP) @ rotation(skills.pose(e, k)[3:])
    within = compose(inverse(skills.pose(e, k)), skills.palm(e, side))
    goal = compose(_placed(skills, e, k, _middle(skills, e, k), turn), within)
    yield from skills.straight(e, side, goal, 0.8)


def _shortest(start: Array, end: Array) -> Array:
    """Return the rotation (3, 3) that brings the unit vector `start` to `end` the short way."""
    axis = np.cross(start, end)
    size = float(np.linalg.norm(axis))
    if size < 1e-9:
        return np.eye(3)
    return about_axis(axis / size, float(np.arctan2(size, start @ end)))
