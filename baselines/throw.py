"""Cheat: grasps the named object, swings it up and lets go, so that it is high for a moment."""

from collections.abc import Sequence
from typing import Any

from dexbench.core.world import WorldSpec

from ._motions import Commands, Episode
from ._planner import Reached
from ._skills import Skills
from .scripted import Scripted

OBSERVES = ("state", "objects", "kinds")
CONTROL = True


class ThrowSkills(Skills):
    """The expert until it lifts."""

    def attempt(self, e: Episode, plan: Sequence[Reached]) -> Commands:
        yield from self.close(e, plan)
        yield from self.move(e, self.points(e, plan, [p.lift for p in plan], closed=True))
        high = self.points(e, plan, [[p.lift[-1]] for p in plan], closed=False)[0]
        for _ in range(40):
            e.command = high
            yield high


class Throw(Scripted):
    """The expert with other skills."""

    name = "throw"
    skills = ThrowSkills


def make(world: WorldSpec, **settings: Any) -> Throw:
    """Return the agent; it has no settings."""
    return Throw(world, **settings)
