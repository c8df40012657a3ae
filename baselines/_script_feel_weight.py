"""Script of *feel_weight*: lift every can a little, and then the one whose lifting was felt most in the fingertips."""

from collections.abc import Generator, Iterator

import numpy as np

from dexbench.core.schema import Array

from ._grip import Grip
from ._motions import Episode
from ._skills import Skills

OBSERVES = ("touch_net",)
WANT = 7.0
"""Force of the pad that presses most [N]."""
BLIND = 1.0
"""Share of the library's squeeze at which a hand stops that feels nothing."""
UP = 0.03
"""How far the palm goes up to weigh a can [m]."""
CLEARED = 0.004
"""Rise of a can that has left the table [m]."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever."""
    weights: dict[int, float] = {}
    for _ in range(2):
        for k in range(skills.around.slots):
            if k not in weights and (felt := (yield from weigh(skills, e, k))) is not None:
                weights[k] = felt
    e.tried.clear()
    k = max(weights, key=lambda i: weights[i], default=0)
    while True:
        plan = skills.plan(e, k)
        if not plan:
            e.tried.clear()
            yield from skills.home(e)
            yield from skills.wait(e, 1.0)
            continue
        start = float(skills.pose(e, k)[2])
        yield from skills.attempt(e, plan)
        while skills.holds(e, k, start):
            yield e.command
        yield from skills.let_go(e, plan)


def weigh(skills: Skills, e: Episode, k: int) -> Generator[Array, None, float | None]:
    """Lift can k a little and put it down; return by how much the pads' forces changed [N], None if it stayed."""
    plan = skills.plan(e, k, rise=UP)
    if not plan:
        yield from skills.home(e)
        return None
    found = plan[0]
    grip = Grip(skills, found, WANT, BLIND)
    yield from grip.take(e, 3.0, steady=0.2)
    start = float(skills.pose(e, k)[2])
    before = np.asarray(e.seen["touch_net"], float)
    steady = skills.planner.command(e.command, found.side, found.lift[-1])
    down = e.command
    yield from skills.move(e, [steady], 0.7)
    yield from skills.wait(e, 0.3)
    change = float(np.linalg.norm(np.asarray(e.seen["touch_net"], float) - before, axis=1).sum())
    risen = float(skills.pose(e, k)[2]) - start > CLEARED
    yield from skills.move(e, [down], 0.7)
    yield from skills.move(e, skills.points(e, plan, [[found.approach[-1]]], closed=False), 0.4)
    yield from skills.move(e, skills.points(e, plan, [[*found.approach[-2::-1], found.standoff]], closed=False), 0.6)
    return change if risen else None
