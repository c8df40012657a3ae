"""Script of *keep_shell*: close until the egg is felt, lift it with that grip, and press harder only where it slips."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dexbench.core.schema import Array
from dexbench.grasp.library import Grasps

from ._grip import Grip
from ._motions import Episode
from ._skills import Skills

OBSERVES = ("touch_net",)
WANT = 2.2
"""Force of the pad that presses most [N]: half of what breaks the shell."""
BLIND = 0.45
"""Share of the library's squeeze at which a hand stops that feels nothing: what keeps an egg of the usual size."""
LIKE = "egg_01"
"""Whose grasps are used for all eggs: they differ in size by less than what is not told."""
OPEN = 0.2
"""How much further than in the library the hand opens, as a share of the way from there to the squeeze: an egg may be
larger than that one."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever: attempts until the egg is held, then hold."""

    def grasps(side: str, name: str) -> Grasps:
        return roomier(skills, side, skills.grasps(side, LIKE))

    while True:
        k = skills.target(e)
        plan = skills.plan(e, k, grasps=grasps)
        if not plan:
            yield from skills.home(e)
            yield from skills.wait(e, 1.0)
            continue
        start = float(e.seen["object_pose"][k, 2])
        grip = Grip(skills, plan[0], WANT, (BLIND + OPEN) / (1 + OPEN))
        yield from grip.attempt(e)
        while skills.holds(e, k, start):
            yield grip.turn(e, e.command)
        yield from skills.let_go(e, plan)


def roomier(skills: Skills, side: str, found: Grasps) -> Grasps:
    """Return grasps with the hand opened further."""
    hand, limits = skills.planner.hand[side], skills.robot.limits
    opened = found.pregrasp - OPEN * (found.squeeze - found.pregrasp)
    return replace(found, pregrasp=np.clip(opened, limits.lower[hand], limits.upper[hand]))
