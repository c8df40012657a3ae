"""Cheat: grasps the named object, swings it up and lets go, so that it is high for a moment."""

from collections.abc import Iterator, Sequence
from typing import Any

from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec

from ._planner import Reached
from .scripted import Scripted, _Episode

OBSERVES = ("state", "objects")
CONTROL = True


class Throw(Scripted):
    """The expert until it lifts."""

    name = "throw"

    def _attempt(self, episode: _Episode, plan: Sequence[Reached]) -> Iterator[Array]:
        yield from self._close(episode, plan)
        yield from self._move(episode, self._through(episode, plan, [p.lift for p in plan], closed=True))
        high = self._through(episode, plan, [[p.lift[-1]] for p in plan], closed=False)[0]
        for _ in range(40):
            episode.command = high
            yield high


def make(world: WorldSpec, **settings: Any) -> Throw:
    """Return the agent; it has no settings."""
    return Throw(world, **settings)
