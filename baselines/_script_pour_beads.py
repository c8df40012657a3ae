"""The script of pour_beads: lift both cups, bring the lip of the full one over the other, tilt it slowly."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dexbench.core.schema import Array

from ._motions import Episode
from ._pairs import Stance, about, arc, follow, palms, route, stances
from ._poses import compose, inverse, quaternion_of
from ._skills import Skills
from ._symmetry import about_axis, rotation
from ._ways import Ways, arcs

FULL, EMPTY = 0, 1
GRASPS = "two_hands/tumbler"
"""Grasps of a cup, made on tumbler_01; the others are within 2 mm of it."""
BACK = np.deg2rad(20.0)
"""How far a short arm pours back towards the robot rather than straight across [rad]: its forearm then does not point
at the other hand. With PsiBot's grasps, of 450 pairs of stances that get there 220 do not meet so, and 13 straight
across (three layouts, the second place below)."""
HELD = (
    (0.56, 0.05, 0.14, 0.0),
    (0.50, 0.06, 0.10, BACK),
    (0.52, 0.07, 0.16, 0.0),
    (0.60, 0.04, 0.12, 0.0),
    (0.56, 0.0, 0.14, 0.0),
)
"""Where the base of the other cup is while it is filled: x, y to its own side, z [m]; and how far back beads come."""
RISE = 0.12
"""How far the cups are lifted before they are brought together [m]."""
TILT = np.deg2rad(135.0)
"""How far the full cup is tilted in the end [rad]."""
STEP = np.deg2rad(7.5)
OVER, SHORT = 0.022, 0.022
"""How high the lip is over the other cup's rim, and how far before its axis [m]: beads fly on a little."""
FIRST = 0.075
"""How much further back the lip is before the cup is tilted [m]."""
FLOWING = np.deg2rad(60.0)
"""Tilt at which beads begin to come [rad]."""
OUTSIDE = 0.0
"""How far out from a cup's axis the palm is: between the cups there is no room for it [m]."""
HEADINGS = 12
STANCES = 24
"""Stances of either hand that are looked at: each grasp has some three or four, and of ten too few grasps are seen."""
UPS, LIFTS = 4, 12
"""Points of the way up, and of the way up and to where the cup is wanted."""


@dataclass(frozen=True)
class Lifted:
    """One hand at its cup, and its way up and to where the cup is wanted; chain angles [rad]."""

    grasp: Stance
    way: list[Array]
    """Commands (A,) to the standoff."""
    carry: tuple[Array, ...]


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick: other cup up, full cup up, pour, stay."""
    pourer = skills.nearest(skills.pose(e, FULL)[:3])[0]
    keeper = next(s for s in skills.robot.sides if s != pourer)
    found = _plan(skills, e, pourer, keeper)
    if found is None:
        yield from skills.stay(e)
        return
    keep, full, back = found
    for lifted in (keep, full):
        side, grasp = lifted.grasp.side, lifted.grasp
        way = lifted.way
        if lifted is full:
            way = _way(skills, e, grasp, (EMPTY,), keeper) or way
        yield from follow(skills, e, way)
        yield from skills.move(e, [skills.planner.command(e.command, side, q) for q in grasp.approach], 0.8)
        yield from skills.settle(e)
        yield from skills.fingers(e, side, grasp.squeeze, 0.6)
        yield from skills.wait(e, 0.4)
        yield from skills.move(e, [skills.planner.command(e.command, side, q) for q in lifted.carry], 3.0)
        yield from skills.settle(e)
    within = compose(inverse(skills.pose(e, FULL)), skills.palm(e, pourer))
    turn = skills.pose(e, FULL)[3:]
    chain = e.command[skills.planner.chain[pourer]]
    tilts = _pouring(skills, e, skills.pose(e, EMPTY), turn, _across(skills, e, back))
    points = arc(skills, pourer, [compose(cup, within) for cup in tilts], chain)
    if points is not None:
        yield from skills.move(e, [skills.planner.command(e.command, pourer, q) for q in points], 7.0)
    yield from skills.stay(e)


def _plan(skills: Skills, e: Episode, pourer: str, keeper: str) -> tuple[Lifted, Lifted, float] | None:
    """Return how both hands get to their cups such that one can be poured into the other, None if there is no way.

    The last is how far back towards the robot it is poured [rad].
    """
    planner, around = skills.planner, skills.around
    side = 1.0 if keeper == "left" else -1.0
    around.see(e.seen, range(around.slots))
    around.keep(False)
    keepers = list(_stances(skills, e, keeper, EMPTY, e.command))
    pourers = list(_stances(skills, e, pourer, FULL, e.command))
    cup, turn = skills.pose(e, EMPTY)[:3], skills.pose(e, EMPTY)[3:]
    for x, y, z, back in HELD:
        place = np.array([x, side * y, z])
        there = np.concatenate([place, turn])
        pouring = _pourers(skills, e, pourers, there, back)
        for keep, carry in _through(
            skills, keepers, [_lifting(k.palm, place - cup) for k in keepers] if pouring else []
        ):
            way = _way(skills, e, keep)
            if way is None:
                continue
            base = planner.command(e.command, keeper, carry[-1], keep.squeeze)
            for full, points in pouring:
                around.see(_imagined(e, there), (EMPTY,))
                angles = [planner.command(base, pourer, q, full.squeeze) for q in (points[LIFTS - 1], *points[::-2])]
                if any(around.collides(q, (EMPTY,), keeper) for q in angles):
                    continue
                come = _way(skills, e, full)
                if come is not None:
                    return Lifted(keep, way, carry), Lifted(full, come, points[:LIFTS]), back
    return None


def _stances(skills: Skills, e: Episode, side: str, cup: int, base: Array) -> Iterator[Stance]:
    own = skills.grasps(side, GRASPS)
    place = skills.pose(e, cup)
    outward = np.sign(place[1])
    wanted = [w for w in palms(place, about(2, HEADINGS), own) if (w[1][1] - place[1]) * outward > OUTSIDE]
    yield from stances(skills, Ways(skills, side, wanted, 0.3), own, base, (), STANCES)


def _way(skills: Skills, e: Episode, grasp: Stance, ignore: Collection[int] = (), by: str = "") -> list[Array] | None:
    """Return the way to a standoff, with room around the cups if there is such: an arm that lags strays into them."""
    around = skills.around
    for room in (True, False):
        around.see(e.seen, () if room else range(around.slots))
        around.keep(room)
        way = route(skills, e.command, grasp.side, grasp.standoff, grasp.pregrasp, ignore, by)
        if way is not None:
            break
    around.see(e.seen, range(around.slots))
    around.keep(False)
    return way


def _lifting(palm: Array, shift: Array) -> Array:
    """Return palm poses (LIFTS, 7) straight up from `palm` and then to where it is shifted by `shift` (3,)."""
    top = np.array([0.0, 0.0, RISE])
    points = [top * t for t in np.linspace(0, 1, UPS + 1)[1:]]
    points += [top + (shift - top) * t for t in np.linspace(0, 1, LIFTS - UPS + 1)[1:]]
    found = np.tile(palm, (LIFTS, 1))
    found[:, :3] += points
    return found


def _pourers(
    skills: Skills, e: Episode, grasps: Sequence[Stance], there: Array, back: float
) -> list[tuple[Stance, tuple[Array, ...]]]:
    """Return the stances that can bring the full cup to another one at `there` (7,) and pour, with the way there."""
    cup = skills.pose(e, FULL)
    poses = _pouring(skills, e, there, cup[3:], _across(skills, e, back))
    ways = []
    for full in grasps:
        within = compose(inverse(cup), full.palm)
        ways.append(np.concatenate([_lifting(full.palm, poses[0][:3] - cup[:3]), [compose(p, within) for p in poses]]))
    return _through(skills, grasps, ways)


def _through(skills: Skills, grasps: Sequence[Stance], ways: Sequence[Array]) -> list[tuple[Stance, tuple[Array, ...]]]:
    """Return those stances whose arm gets through palm poses (T, 7), with its chain angles there."""
    if not grasps or not ways:
        return []
    many = skills.planner.many[grasps[0].side]
    found, good = arcs(many, np.array(ways), np.array([g.chain for g in grasps]))
    return [(g, tuple(found[k])) for k, g in enumerate(grasps) if good[k]]


def _pouring(skills: Skills, e: Episode, there: Array, turn: Array, way: Array) -> list[Array]:
    """Return poses (7,) of the full cup as it is tilted over the other one at `there`, along `way` (3,)."""
    model, other = skills.model(e, FULL), skills.model(e, EMPTY)
    up = rotation(there[3:])[:, 2]
    rim = there[:3] + up * other.height
    axis = np.cross([0.0, 0.0, 1.0], way)
    upright = rotation(turn)
    found = []
    for angle in np.arange(0.0, TILT + STEP / 2, STEP):
        share = min(1.0, angle / FLOWING)
        lip = rim - way * (SHORT + (1 - share) * FIRST) + np.array([0.0, 0.0, OVER + 0.02 * (1 - share)])
        tilt = about_axis(axis, angle)
        radius = float(model.footprint_radius)
        corner = tilt @ (way * radius + np.array([0.0, 0.0, model.height]))
        found.append(np.concatenate([lip - corner, quaternion_of(tilt @ upright)]))
    return found


def _across(skills: Skills, e: Episode, back: float) -> Array:
    """Return (3,) the level direction from the full cup's side to the other one, `back` [rad] to the robot."""
    side = np.sign(skills.pose(e, FULL)[1])
    return np.array([-np.sin(back), -side * np.cos(back), 0.0])


def _imagined(e: Episode, there: Array) -> dict[str, Array]:
    """Return what would be seen with the other cup held at `there` (7,) and the full one and its beads in a hand."""
    poses = np.array(e.seen["object_pose"], float)
    poses[EMPTY] = there
    poses[FULL, 2] = poses[EMPTY + 1 :, 2] = -1.0
    return {**e.seen, "object_pose": poses}
