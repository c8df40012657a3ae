"""The script of every task that has none of its own: pick up what the instruction names, and hold it."""

from collections.abc import Iterator

from dexbench.core.schema import Array

from ._motions import Episode
from ._skills import Skills


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever: attempts until the object is held, then hold."""
    while True:
        k = skills.target(e)
        plan = yield from skills.planned(e, k)
        start = float(e.seen["object_pose"][k, 2])
        yield from skills.attempt(e, plan)
        yield from skills.keep(e, plan, k, start)
        yield from skills.let_go(e, plan)
