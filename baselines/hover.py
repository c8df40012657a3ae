"""Cheat: brings the open hand around the named object and stays there, touching nothing."""

from collections.abc import Iterator, Sequence
from typing import Any

from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec

from ._planner import Reached
from .scripted import Scripted, _Episode

OBSERVES = ("state", "objects")
CONTROL = True


class Hover(Scripted):
    """The expert without closing its hand."""

    name = "hover"

    def _attempt(self, episode: _Episode, plan: Sequence[Reached]) -> Iterator[Array]:
        yield from self._move(episode, self._through(episode, plan, [[p.standoff] for p in plan], closed=False))
        yield from self._settle(episode)
        yield from self._move(episode, self._through(episode, plan, [p.approach for p in plan], closed=False), 0.6)
        while True:
            yield episode.command


def make(world: WorldSpec, **settings: Any) -> Hover:
    """Return the agent; it has no settings."""
    return Hover(world, **settings)
