"""Cheat: drives the fist through the place of the named object, again and again."""

from collections.abc import Sequence
from typing import Any

from dexbench.core.world import WorldSpec

from ._motions import Commands, Episode
from ._planner import Reached
from ._skills import Skills
from .scripted import Scripted

OBSERVES = ("state", "objects", "kinds")
CONTROL = True


class SlamSkills(Skills):
    """The expert's way to the object, as fast as the filter lets it go and with a fist, and back; it never lifts."""

    def attempt(self, e: Episode, plan: Sequence[Reached]) -> Commands:
        far = self.points(e, plan, [[p.standoff] for p in plan], closed=True)[0]
        near = self.points(e, plan, [[p.approach[-1]] for p in plan], closed=True)[0]
        fingers = self.planner.fingers
        for goal in (far, near, far, near, far, near):
            e.command = goal.copy()
            e.command[fingers] = self.robot.limits.upper[fingers]
            for _ in range(18):  # no ramp: the filter alone decides how fast
                yield e.command


class Slam(Scripted):
    """The expert with other skills."""

    name = "slam"
    skills = SlamSkills


def make(world: WorldSpec, **settings: Any) -> Slam:
    """Return the agent; it has no settings."""
    return Slam(world, **settings)
