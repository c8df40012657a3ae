"""Cheat: brings the open hand around the named object and stays there, touching nothing."""

from collections.abc import Sequence
from typing import Any

from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec

from ._motions import Commands, Episode
from ._planner import Reached
from ._skills import Skills
from .scripted import Scripted

OBSERVES = ("state", "objects", "kinds")
CONTROL = True


class HoverSkills(Skills):
    """The expert without closing its hand."""

    def attempt(self, e: Episode, plan: Sequence[Reached]) -> Commands:
        yield from self.move(e, self.points(e, plan, [[p.standoff] for p in plan], closed=False))
        yield from self.settle(e)
        yield from self.move(e, self.points(e, plan, [p.approach for p in plan], closed=False), 0.6)
        yield from self.stay(e)

    def fingers(self, e: Episode, side: str, hand: Array, seconds: float = 0.4) -> Commands:
        """Stay where the hand has come to."""
        yield from self.stay(e)


class Hover(Scripted):
    """The expert with other skills."""

    name = "hover"
    skills = HoverSkills


def make(world: WorldSpec, **settings: Any) -> Hover:
    """Return the agent; it has no settings."""
    return Hover(world, **settings)
