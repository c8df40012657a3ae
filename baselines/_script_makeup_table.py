"""Script of *makeup_table*: open the drawer if the item goes there, put the item away, shut the drawer."""

from collections.abc import Iterator

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.objects.articulated import load_articulated
from dexbench.objects.articulated_model import ArticulatedModel

from ._drawers import opening, pull, push
from ._motions import Episode
from ._poses import compose
from ._skills import Skills

NAME, JOINT, TRAVEL = "drawer_top", "cabinet/drawer_top", 0.15
ENOUGH, SHUT = 0.085, 0.015
"""Opening at which an item can be put in, and at which the drawer is shut [m]."""
LONG = 0.06
"""Outline's radius above which an item lies across the drawer, and not any way round [m]."""
DROP = 0.008
"""Free height under an item that is let go [m]."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever."""
    cabinet, k = load_articulated("cabinet"), skills.target(e)
    drawer = "drawer" in e.instruction
    side = skills.sides[0]
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
        plan = skills.plan(e, k) if _known(skills, e, k) else []
        if not plan:
            yield from skills.home(e)
            yield from skills.wait(e, 1.0)
            continue
        start = float(e.seen["object_pose"][k, 2])
        yield from skills.attempt(e, plan)
        if skills.holds(e, k, start):
            goal, long = _goal(skills, e, cabinet, drawer), skills.model(e, k).footprint_radius > LONG
            if not (yield from skills.carry(e, plan[0].side, k, goal, not long)):
                yield from skills.carry(e, plan[0].side, k, goal)
            yield from skills.release(e, plan[0].side, plan[0].pregrasp)
        else:
            yield from skills.let_go(e, plan)


def _known(skills: Skills, e: Episode, k: int) -> bool:
    """Return whether the library has grasps of item k: some hands found none of flat ones."""
    try:
        return len(skills.grasps(skills.sides[0], skills.model(e, k).name)) > 0
    except DataError:
        return False


def _goal(skills: Skills, e: Episode, cabinet: ArticulatedModel, drawer: bool) -> Array:
    """Return (7,) where the item goes: the middle of what is open of the drawer, or of the top."""
    region = cabinet.region("inside_top" if drawer else "on_top")
    link = skills.pose(e, skills.index(cabinet.body(region.link)))
    floor = region.position[2] - region.half[2] + DROP
    x = 0.5 * opening(e, skills, JOINT) + 0.01 if drawer else region.position[0] - 0.03
    across = np.array([np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)])
    return compose(link, np.concatenate([[x, 0.0, floor], across]))


def _away(skills: Skills, e: Episode, cabinet: ArticulatedModel, k: int, drawer: bool) -> bool:
    """Return whether the item is where it belongs."""
    region = cabinet.region("inside_top" if drawer else "on_top")
    link = skills.pose(e, skills.index(cabinet.body(region.link)))
    at = skills.pose(e, k)[:3] + np.array([0.0, 0.0, 0.012])
    return bool(region.contains(at, link[:3], link[3:]))
