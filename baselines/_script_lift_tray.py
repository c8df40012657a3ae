"""Script of *lift_tray*: both hands grasp a handle each, lift, and bring the tray under the mark."""

from collections.abc import Generator, Iterator
from dataclasses import replace

import numpy as np

from dexbench.core.schema import Array

from ._motions import Episode
from ._planner import Reached
from ._poses import compose, inverse, turned
from ._skills import Skills

REVISION = 1
NEAR = 0.012
"""Distance from the mark at which it stays [m]."""
TRIES = 3
"""Times that it goes there: what gives way in the hands is made up for."""
BRINGING = 0.08
"""Speed at which its handles go [m/s]."""
HALF = 0.23
"""From the tray's middle to either of them [m]."""
STEP, TWIST = 0.02, 0.06
"""Of the tray's way [m] and its turn [rad]."""
TURNS = (0.0, 0.15, -0.15, 0.3, -0.3, 0.45, -0.45, 0.6, -0.6, 0.8, -0.8, 1.0, -1.0)
WAYS = tuple((turn, rise) for turn in TURNS for rise in (0.0, -0.03, 0.03))
"""By which the tray may turn [rad] and rise [m] on its way, in this order: an arm may not reach where it would be."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever: attempts until the tray is held at the mark, then hold."""
    while True:
        k = skills.target(e)
        plan = yield from skills.planned(e, k)
        start = float(e.seen["object_pose"][k, 2])
        yield from skills.attempt(e, plan)
        if skills.holds(e, k, start):
            plan = yield from skills.tighten(e, plan)
            there = yield from bring(skills, e, plan, k)
            if there:
                plan = there
                yield from skills.keep(e, plan, k, start)
            else:  # other grasps may have a way
                yield from skills.put_back(e, plan)
        yield from skills.let_go(e, plan)


def bring(skills: Skills, e: Episode, plan: list[Reached], k: int) -> Generator[Array, None, list[Reached]]:
    """Bring object k, which both hands hold, to the mark, turned as little as may be.

    Returns the plan with where the hands are now; empty where there is no way, and nothing has been moved.
    """
    mark = skills.index("mark")
    for attempt in range(TRIES):
        tray = skills.pose(e, k)
        far = (skills.pose(e, mark) - tray)[:3] * (1, 1, 0)
        if np.linalg.norm(far) < NEAR:
            break
        for turn, rise in WAYS:
            way = far + np.array([0.0, 0.0, rise])
            lines = lines_to(skills, plan, tray, way, turn)
            if lines is not None:
                break
        else:
            return plan if attempt else []
        seconds = max((float(np.linalg.norm(way)) + HALF * abs(turn)) / BRINGING, 0.3)
        yield from skills.move(e, skills.points(e, plan, lines, closed=True), seconds)
        yield from skills.settle(e)
        yield from skills.wait(e, 0.2)
        plan = [replace(found, lift=(*found.lift, line[-1])) for found, line in zip(plan, lines, strict=True)]
    return plan


def lines_to(skills: Skills, plan: list[Reached], tray: Array, way: Array, turn: float) -> list[list[Array]] | None:
    """Return each hand's chain angles as the tray (7,) moves by `way` (3,) [m] and turns; None where one cannot."""
    steps = max(int(np.ceil(np.linalg.norm(way) / STEP)), int(np.ceil(abs(turn) / TWIST)))
    lines = []
    for found in plan:
        chain, planner = found.lift[-1], skills.planner
        palm, turned_so = planner.reach[found.side].pose(chain)
        within = compose(inverse(tray), np.concatenate([palm, turned_so]))
        line = []
        for t in np.arange(1, steps + 1) / steps:
            there = np.concatenate([tray[:3] + t * way, turned(tray[3:], float(t * turn))])
            goal = compose(there, within)
            point = planner.line(found.side, goal[:3], goal[:3], goal[3:], chain, 1)
            if point is None:
                return None
            chain = point[0]
            line.append(chain)
        lines.append(line)
    return lines
