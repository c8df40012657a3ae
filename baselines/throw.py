"""Cheat: grasps the named object, swings it up and lets go, so that it is high for a moment."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec

from ._motions import Commands, Episode
from ._planner import Reached
from ._skills import Skills
from .scripted import Scripted

OBSERVES = ("state", "objects", "kinds")
CONTROL = True

HIGH = 0.30
"""How far up it swings what a hand closes around outside of a planned grasp [m]."""


class ThrowSkills(Skills):
    """The expert until it lifts."""

    def attempt(self, e: Episode, plan: Sequence[Reached]) -> Commands:
        yield from self.close(e, plan)
        yield from self.move(e, self.points(e, plan, [p.lift for p in plan], closed=True))
        high = self.points(e, plan, [[p.lift[-1]] for p in plan], closed=False)[0]
        for _ in range(40):
            e.command = high
            yield high

    def fingers(self, e: Episode, side: str, hand: Array, seconds: float = 0.4) -> Commands:
        """Close as the expert does, swing up and let go."""
        own, reach = self.planner.chain[side], self.planner.reach[side]
        position, turn = reach.pose(e.command[own])
        up = reach.solve(position + np.array([0.0, 0.0, HIGH]), turn, e.command[own], steps=40).q
        opened = e.command[self.planner.hand[side]]
        yield from super().fingers(e, side, hand, seconds)
        yield from self.move(e, [self.planner.command(e.command, side, up)])
        e.command = self.planner.command(e.command, side, up, opened)
        yield from self.wait(e, 0.8)


class Throw(Scripted):
    """The expert with other skills."""

    name = "throw"
    skills = ThrowSkills


def make(world: WorldSpec, **settings: Any) -> Throw:
    """Return the agent; it has no settings."""
    return Throw(world, **settings)
