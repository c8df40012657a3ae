"""Script of *hold_against_pull*: hold gently, and press hard for a moment when the fingertips feel a change."""

from collections.abc import Iterator

import numpy as np

from dexbench.core.schema import Array

from ._grip import Grip
from ._motions import Episode
from ._skills import Skills

OBSERVES = ("touch_net",)
WANT = 2.6
"""Force of the pad that presses most, while nobody pulls [N]."""
BLIND = 0.45
"""Share of the library's squeeze at which a hand stops that feels nothing."""
CHANGE = 0.12
"""Change of the force on all pads together, from what it was of late, that is taken for a pull [N]."""
FIRM_FOR = 3.4
"""How long the hand presses hard then [s]: through the pull and the two seconds after it, which the box just bears."""
HARD = 1.1
"""Share of the library's squeeze that it goes to."""
MEMORY = 0.3
"""Share by which the usual force follows the present one in each tick."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever."""
    while True:
        k = skills.target(e)
        plan = yield from skills.planned(e, k)
        start = float(skills.pose(e, k)[2])
        grip = Grip(skills, plan[0], WANT, BLIND)
        yield from grip.attempt(e, 2.5, 1.2)
        yield from skills.wait(e, 0.6)
        usual = np.asarray(e.seen["touch_net"], float)
        while skills.holds(e, k, start):
            now = np.asarray(e.seen["touch_net"], float)
            if np.abs(now - usual).sum() > CHANGE:
                for _ in range(round(FIRM_FOR / skills.period)):
                    grip.share = min(grip.share + 0.25, HARD)
                    yield grip.command(e.command)
                yield from grip.stay(e, 1.2)
                usual = np.asarray(e.seen["touch_net"], float)
                continue
            usual = usual + MEMORY * (now - usual)
            yield e.command
        yield from skills.let_go(e, plan)
