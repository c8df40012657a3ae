"""Cheat: the expert that never closes its hand on an object, and goes through the rest as if it held it.

It opens drawers, carries nothing into them, and shuts them; whatever it has "put down" it takes to be there.
"""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec

from ._motions import Attempt, Commands, Episode
from ._planner import Reached
from ._poses import compose, inverse
from ._skills import ABOVE, Skills
from .scripted import Scripted

OBSERVES = ("state", "objects", "kinds", "touch")
CONTROL = True
AUDIT_ONLY = True

BELIEVED = "believed"
"""Where an episode keeps what it believes: poses (K, 7), NaN where it believes what it sees."""


class PretendSkills(Skills):
    """The expert's, but for the grip."""

    def close(self, e: Episode, plan: Sequence[Reached]) -> Generator[Array, None, bool]:
        """Come as the expert does, and leave the hand open."""
        for found in plan:
            yield from self.move(e, self.points(e, [found], [[*found.via, found.standoff]], closed=False))
            yield from self.settle(e)
        yield from self.move(e, self.points(e, plan, [p.approach for p in plan], closed=False), 0.6)
        yield from self.settle(e)
        return False

    def fingers(self, e: Episode, side: str, hand: Array, seconds: float = 0.4) -> Commands:
        """Leave the hand as it is."""
        yield from self.wait(e, seconds)

    def lift(self, e: Episode, plan: Sequence[Reached], lags: bool = False) -> Generator[Array, None, None]:
        """Raise the open hand."""
        yield from self.move(e, self.points(e, plan, [p.lift for p in plan], closed=False), 1.0)
        yield from self.settle(e)

    def holds(self, e: Episode, k: int, start: float) -> bool:
        """Believe it."""
        believed = self._believed(e)
        seen = super().pose(e, k)
        believed[k] = seen + np.array([0.0, 0.0, max(0.0, start + 0.15 - seen[2]), 0.0, 0.0, 0.0, 0.0])
        return True

    def carry(
        self, e: Episode, side: str, k: int, goal: Array, any_way: bool = True, above: float = ABOVE, slow: float = 1.0
    ) -> Attempt:
        """Carry nothing, and believe that it has arrived."""
        there = compose(goal, compose(inverse(self.pose(e, k)), self.palm(e, side)))
        self._believed(e)[k] = goal
        yield from self.straight(e, side, there + np.array([0.0, 0.0, above, 0.0, 0.0, 0.0, 0.0]))
        yield from self.straight(e, side, there)
        return True

    def pose(self, e: Episode, k: int) -> Array:
        """Return what it believes, else what it sees."""
        believed = self._believed(e)[k]
        return super().pose(e, k) if np.isnan(believed).any() else believed.copy()

    def _believed(self, e: Episode) -> Array:
        if BELIEVED not in e.seen:
            e.seen[BELIEVED] = np.full(e.seen["object_pose"].shape, np.nan)
        return e.seen[BELIEVED]


class Pretend(Scripted):
    """The expert with other skills."""

    name = "pretend"
    skills = PretendSkills


def make(world: WorldSpec, **settings: Any) -> Pretend:
    """Return the agent; it has the settings of the expert's script."""
    return Pretend(world, **settings)
