"""Script of *makeup_table*: open the drawer if the item goes there, put the item away, shut the drawer."""

from collections.abc import Iterator

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
DROPS = (0.02, 0.09)
"""Free height under an item that is let go, the first one that the arm gets to [m]."""
REST = np.array([-0.06, 0.10, 0.12])
"""Where the hand waits, from where it is at home [m]."""
STEPS = 30
"""Looks for collisions on a way: fewer pass over the front of a drawer that is out, and the arm shuts it."""
GRASPS = 2
"""Grasps that are looked at."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever."""
    cabinet, k = load_articulated("cabinet"), skills.target(e)
    drawer = "drawer" in e.instruction
    side = skills.sides[0]
    skills.around.steps = STEPS
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
        goals, turns = _goals(skills, e, cabinet, drawer), skills.model(e, k).footprint_radius <= LONG
        plan = _plan(skills, e, k, goals, turns) if _known(skills, e, k) else []
        if not plan:
            yield from skills.home(e)
            yield from skills.wait(e, 1.0)
            continue
        start = float(e.seen["object_pose"][k, 2])
        yield from skills.attempt(e, plan)
        if skills.holds(e, k, start):
            yield from skills.fingers(e, plan[0].side, skills.firmer(plan[0]).squeeze, 0.3)
            for goal in goals:
                if (yield from skills.carry(e, plan[0].side, k, goal, turns)):
                    break
            yield from skills.release(e, plan[0].side, plan[0].pregrasp)
        else:
            yield from skills.let_go(e, plan)


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


def _plan(skills: Skills, e: Episode, k: int, goals: list[Array], turns: bool) -> list[Reached]:
    """Return the first of some grasps of item k with which the arm also gets to a goal, else the first; [] for none."""
    first: list[Reached] = []
    for _ in range(GRASPS):
        plan = skills.plan(e, k)
        if not plan:
            break
        first, found = first or plan, plan[0]
        palm = np.concatenate(skills.planner.reach[found.side].pose(found.approach[-1]))
        within = compose(inverse(skills.pose(e, k)), palm)
        base = skills.planner.command(e.command, found.side, found.lift[-1], found.squeeze)
        if any(skills.bringing(e, found.side, k, goal, within, base, turns) is not None for goal in goals):
            return plan
    return first


def _goals(skills: Skills, e: Episode, cabinet: ArticulatedModel, drawer: bool) -> list[Array]:
    """Return where the item may go, best first, (7,) each: what is open of the drawer, or the top."""
    region = cabinet.region("inside_top" if drawer else "on_top")
    link = skills.pose(e, skills.index(cabinet.body(region.link)))
    floor = region.position[2] - region.half[2]
    x = 0.5 * opening(e, skills, JOINT) + 0.01 if drawer else region.position[0] - 0.03
    across = [np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)]
    return [compose(link, np.array([x, 0.0, floor + high, *across])) for high in DROPS]


def _away(skills: Skills, e: Episode, cabinet: ArticulatedModel, k: int, drawer: bool) -> bool:
    """Return whether the item is where it belongs."""
    region = cabinet.region("inside_top" if drawer else "on_top")
    link = skills.pose(e, skills.index(cabinet.body(region.link)))
    at = compose(skills.pose(e, k), np.array([*skills.model(e, k).center_of_mass, 1.0, 0.0, 0.0, 0.0]))[:3]
    return bool(region.contains(at, link[:3], link[3:]))
