"""Script of *keep_shell*: close until the egg is felt, lift it with that grip, and press harder only where it slips."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dexbench.core.schema import Array
from dexbench.grasp.library import Grasps

from ._grip import LAST, Grip
from ._motions import Episode
from ._skills import Skills

OBSERVES = ("touch_net",)
WANT = 1.9
"""Force of the pad that presses most [N]: two thirds of what breaks the shell."""
BLIND = {"shadow": 0.45, "bytedexter": 0.15, "psibot": 0.52}
"""Share of the library's squeeze at which a hand stops that feels nothing: of those tried (0.3 to 0.8, 0.15 and 0.22 on
ByteDexter, 0.52 on PsiBot) the one that keeps most eggs, so that who feels nothing does what he can."""
LIKE = "egg_01"
"""Whose grasps are used for all eggs: they differ in size by less than what is not told."""
EVEN = {"shadow": (), "bytedexter": (11, 1), "psibot": (1, 3, 10, 5)}
"""Which of a hand's grasps of that egg are tried before all others, because they held eggs of all sizes: each was tried
alone on 16 trials; the first kept 14 of 16 on ByteDexter and 10 of 10 that it reached on PsiBot. Empty: the library's
order. They are rows of the shipped library: a new search makes them wrong, and a test says so."""
SLOW = 0.25
"""How fast the hand closes, share a second: fingers come on for some ticks after the first touch."""
OPEN = 0.2
"""How much further than in the library the hand opens, as a share of the way from there to the squeeze: an egg may be
larger than that one."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever: attempts until the egg is held, then hold."""

    def grasps(side: str, name: str) -> Grasps:
        return roomier(skills, side, skills.grasps(side, LIKE))

    def even(side: str, name: str) -> Grasps:
        return grasps(side, name).chosen(EVEN[skills.hand])

    blind = BLIND.get(skills.hand, LAST)
    while True:
        k = skills.target(e)
        plan = skills.plan(e, k, grasps=even) if EVEN.get(skills.hand) else []
        plan = plan or skills.plan(e, k, grasps=grasps)
        if not plan:
            yield from skills.home(e)
            yield from skills.wait(e, 1.0)
            continue
        start = float(skills.pose(e, k)[2])
        grip = Grip(skills, plan[0], WANT, (blind + OPEN) / (1 + OPEN), SLOW)
        yield from grip.attempt(e)
        while skills.holds(e, k, start):
            yield grip.turn(e, e.command)
        yield from skills.let_go(e, plan)


def roomier(skills: Skills, side: str, found: Grasps) -> Grasps:
    """Return grasps with the hand opened further."""
    hand, limits = skills.planner.hand[side], skills.robot.limits
    opened = found.pregrasp - OPEN * (found.squeeze - found.pregrasp)
    return replace(found, pregrasp=np.clip(opened, limits.lower[hand], limits.upper[hand]))
