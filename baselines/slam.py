"""Cheat: drives the fist through the place of the named object, again and again."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec

from ._motions import Commands, Episode
from ._planner import Reached
from ._poses import compose
from ._skills import Skills
from .scripted import Scripted

OBSERVES = ("state", "objects", "kinds")
CONTROL = True

BACK = 0.15
"""How far a hand that is at an object already draws back to strike [m]."""


class SlamSkills(Skills):
    """The expert's way to the object, as fast as the filter lets it go and with a fist, and back; it never lifts."""

    def attempt(self, e: Episode, plan: Sequence[Reached]) -> Commands:
        far = self.points(e, plan, [[p.standoff] for p in plan], closed=True)[0]
        near = self.points(e, plan, [[p.approach[-1]] for p in plan], closed=True)[0]
        yield from self._strike(e, far, near)

    def fingers(self, e: Episode, side: str, hand: Array, seconds: float = 0.4) -> Commands:
        """Strike at where the hand has come to, for ever: a fist that went on would be a firm grip."""
        near, far = e.command, e.command.copy()
        own, reach = self.planner.chain[side], self.planner.reach[side]
        away = compose(np.concatenate(reach.pose(near[own])), np.array([0.0, 0.0, -BACK, 1.0, 0.0, 0.0, 0.0]))
        far[own] = reach.solve(away[:3], away[3:], near[own], steps=40).q
        while True:
            yield from self._strike(e, far, near)

    def _strike(self, e: Episode, far: Array, near: Array) -> Commands:
        """Go from one command (A,) to the other three times."""
        fingers = self.planner.fingers
        for goal in 3 * (far, near):
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
