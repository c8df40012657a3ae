"""Script of *makeup_table*: open the drawer if the item goes there, put the item away, shut the drawer."""

from collections.abc import Iterator, Sequence

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.objects.articulated import load_articulated
from dexbench.objects.articulated_model import ArticulatedModel

from ._drawers import opening, pull, push
from ._motions import Episode
from ._planner import Reached
from ._poses import compose, inverse
from ._skills import Skills

NAME, JOINT, TRAVEL = "drawer_top", "cabinet/drawer_top", 0.15
ENOUGH, SHUT = 0.085, 0.015
"""Opening at which an item can be put in, and at which the drawer is shut [m]."""
LONG = 0.06
"""Outline's radius above which an item lies across the drawer, and not any way round [m]."""
DROPS = (0.02, 0.05, 0.09)
"""Free height under an item that is let go, the first one that the arm gets to [m]."""
REST = np.array([-0.06, 0.10, 0.12])
"""Where the hand waits, from where it is at home [m]."""
STEPS = 30
"""Looks for collisions on a way: fewer pass over the front of a drawer that is out, and the arm shuts it."""
GRASPS = 4
"""Grasps of a hand that are looked at."""
SIDEWAYS = (0.0, 0.05, -0.05)
"""Where across the drawer or the top an item goes [m]."""
ASIDE = ((-0.05, 0.20, 0.20), (-0.05, 0.12, 0.15), (-0.05, 0.05, 0.15))
"""Where the arm that has nothing to do makes room, from where it is at home: ahead, outwards and up [m]."""
CLEAR = 0.05
"""How far over its goal an item is lifted before it goes there [m]."""
ACROSS = 1.6
"""Time for the way over a goal, at least [s]: an item slips in a hand that hurries."""
MIDDLE = tuple((x, y) for y in (-0.04, 0.0, -0.08, 0.05) for x in (0.42, 0.36, 0.46))
"""Where one hand may put an item down for the other [m]."""
AWAY, GAP = 0.12, 0.04
"""How far from there an item must be for that, and how far from other items it goes [m]."""
LOW, FALL = 0.10, 0.003
"""Height below which a goal is on the table, and free height at which an item is let go there [m]."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever."""
    cabinet, k = load_articulated("cabinet"), skills.target(e)
    drawer = "drawer" in e.instruction
    side = skills.sides[0]
    skills.around.steps, skills.across = STEPS, ACROSS
    skills.rest = _rest(skills, side)
    while True:
        if _away(skills, e, cabinet, k, drawer):
            if opening(e, skills, JOINT) > SHUT:
                yield from push(skills, e, side, cabinet, NAME)
                yield from skills.wait(e, 0.2)
                continue
            yield from skills.home(e)
            yield from skills.wait(e, 1.0)
            continue
        if drawer and opening(e, skills, JOINT) < ENOUGH:
            yield from pull(skills, e, side, cabinet, NAME, TRAVEL)
            yield from skills.wait(e, 0.2)
            continue
        turns = skills.model(e, k).footprint_radius <= LONG
        goals = _goals(skills, e, cabinet, drawer, SIDEWAYS if turns else SIDEWAYS[:1])
        way = _plan(skills, e, k, goals, turns) if _known(skills, e, k) else None
        if way is None:
            yield from skills.home(e)
            yield from skills.wait(e, 1.0)
            continue
        plan, aside = way
        start = float(e.seen["object_pose"][k, 2])
        if aside:
            yield from skills.move(e, [_aside(skills, e.command, plan.side)], 0.5)
        yield from skills.attempt(e, [plan])
        if skills.holds(e, k, start):
            yield from skills.fingers(e, plan.side, skills.firmer(plan).squeeze, 0.3)
            yield from _raise(skills, e, plan.side, goals[-1][2] + CLEAR - skills.pose(e, k)[2])
            for goal in [*goals, *_between(skills, e, k, start)]:
                if (yield from skills.carry(e, plan.side, k, goal, turns or goal[2] < LOW)):
                    break
            else:
                yield from skills.put_back(e, [plan])
            yield from skills.release(e, plan.side, plan.pregrasp)
        else:
            yield from skills.let_go(e, [plan])


def _rest(skills: Skills, side: str) -> Array:
    """Return the command (A,) of home with one hand away from the drawer: where it is at home, the drawer meets it."""
    home, planner = skills.robot.home, skills.planner
    palm, turn = planner.reach[side].pose(home[planner.chain[side]])
    solved = planner.reach[side].solve(palm + REST, turn, home[planner.chain[side]], steps=60)
    return planner.command(home, side, solved.q) if solved.found else home


def _known(skills: Skills, e: Episode, k: int) -> bool:
    """Return whether the library has grasps of item k: some hands found none of flat ones."""
    try:
        return len(skills.grasps(skills.sides[0], skills.model(e, k).name)) > 0
    except DataError:
        return False


def _plan(skills: Skills, e: Episode, k: int, goals: list[Array], turns: bool) -> tuple[Reached, bool] | None:
    """Return a grasp of item k, and whether the other arm has to go aside for it; None if none is reached.

    The first of some grasps of either hand with which the arm also gets to a goal; else one with which it gets to the
    middle of the table, where the other hand takes the item over; else the first.
    """
    found = [p for side in skills.nearest(skills.pose(e, k)) for p in _grasps(skills, e, k, side)]
    for ends, any_way in ((goals, turns), (_between(skills, e, k, skills.pose(e, k)[2]), True)):
        for aside in (False, True):
            for plan in found:
                base = _aside(skills, e.command, plan.side) if aside else e.command
                base = skills.planner.command(base, plan.side, plan.lift[-1], plan.squeeze)
                palm = np.concatenate(skills.planner.reach[plan.side].pose(plan.approach[-1]))
                within = compose(inverse(skills.pose(e, k)), palm)
                if any(skills.bringing(e, plan.side, k, goal, within, base, any_way) is not None for goal in ends):
                    return plan, aside
    return (found[0], False) if found else None


def _grasps(skills: Skills, e: Episode, k: int, side: str) -> Iterator[Reached]:
    """Yield some grasps of item k that one hand reaches."""
    for _ in range(GRASPS):
        plan = skills.plan(e, k, (side,))
        if not plan:
            return
        yield plan[0]


def _aside(skills: Skills, command: Array, side: str) -> Array:
    """Return `command` (A,) with the arm that is not `side`'s out of the way: outwards and up."""
    planner = skills.planner
    for other in (s for s in skills.robot.sides if s != side):
        palm, turn = planner.reach[other].pose(skills.robot.home[planner.chain[other]])
        out = np.array([1.0, np.sign(palm[1]), 1.0])
        for far in ASIDE:
            solved = planner.reach[other].solve(palm + out * far, turn, command[planner.chain[other]], steps=60)
            if solved.found:
                command = planner.command(command, other, solved.q)
                break
    return command


def _raise(skills: Skills, e: Episode, side: str, up: float) -> Iterator[Array]:
    """Lift what is held by `up` [m], or as much of that as the arm can: on its way it must not meet the cabinet."""
    for share in (1.0, 0.75, 0.5, 0.25):
        above = skills.palm(e, side) + np.array([0.0, 0.0, max(up, 0.0) * share, 0.0, 0.0, 0.0, 0.0])
        if (yield from skills.straight(e, side, above, 0.8)):
            return


def _between(skills: Skills, e: Episode, k: int, height: float) -> list[Array]:
    """Return where on the table item k may stand for the other hand, (7,) each: away from here, clear of the rest."""
    here = skills.pose(e, k)
    radius = skills.model(e, k).footprint_radius
    others = [
        (skills.pose(e, j)[:2], skills.model(e, j).footprint_radius) for j in range(skills.around.slots) if j != k
    ]
    spots = [m for m in MIDDLE if np.linalg.norm(here[:2] - m) > AWAY]
    free = [m for m in spots if all(np.linalg.norm(at - m) > r + radius + GAP for at, r in others)]
    return [np.array([*m, height + FALL, *here[3:]]) for m in free]


def _goals(skills: Skills, e: Episode, cabinet: ArticulatedModel, drawer: bool, ys: Sequence[float]) -> list[Array]:
    """Return where the item may go, best first, (7,) each: what is open of the drawer, or the top."""
    region = cabinet.region("inside_top" if drawer else "on_top")
    link = skills.pose(e, skills.index(cabinet.body(region.link)))
    floor = region.position[2] - region.half[2]
    x = 0.5 * opening(e, skills, JOINT) + 0.01 if drawer else region.position[0] - 0.03
    across = [np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)]
    places = [(high, y) for high in DROPS for y in ys]
    return [compose(link, np.array([x, y, floor + high, *across])) for high, y in places]


def _away(skills: Skills, e: Episode, cabinet: ArticulatedModel, k: int, drawer: bool) -> bool:
    """Return whether the item is where it belongs."""
    region = cabinet.region("inside_top" if drawer else "on_top")
    link = skills.pose(e, skills.index(cabinet.body(region.link)))
    at = compose(skills.pose(e, k), np.array([*skills.model(e, k).center_of_mass, 1.0, 0.0, 0.0, 0.0]))[:3]
    return bool(region.contains(at, link[:3], link[3:]))
