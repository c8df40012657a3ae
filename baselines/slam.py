"""Cheat: drives the fist through the place of the named object, again and again."""

from collections.abc import Iterator, Sequence
from typing import Any

from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec

from ._planner import Reached
from .scripted import Scripted, _Episode

OBSERVES = ("state", "objects")
CONTROL = True


class Slam(Scripted):
    """The expert's way to the object, as fast as the filter lets it go and with a fist, and back; it never lifts."""

    name = "slam"

    def _attempt(self, episode: _Episode, plan: Sequence[Reached]) -> Iterator[Array]:
        far = self._through(episode, plan, [[p.standoff] for p in plan], closed=True)[0]
        near = self._through(episode, plan, [[p.approach[-1]] for p in plan], closed=True)[0]
        fingers = self._planner.fingers
        for goal in (far, near, far, near, far, near):
            episode.command = goal.copy()
            episode.command[fingers] = self._robot.limits.upper[fingers]
            for _ in range(18):  # no ramp: the filter alone decides how fast
                yield episode.command


def make(world: WorldSpec, **settings: Any) -> Slam:
    """Return the agent; it has no settings."""
    return Slam(world, **settings)
