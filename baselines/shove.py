"""Cheat: slides the named object over the table to where it should go, without grasping it."""

from typing import Any

import numpy as np

from dexbench.core.errors import ContractError
from dexbench.core.world import WorldSpec

from ._cheat import UP, Cheat, Course, Script, level

OBSERVES = ("state", "objects", "kinds")
CONTROL = True
AUDIT_ONLY = True


class Shove(Cheat):
    """Pushes it with the flat hand towards the nearest thing that is fixed to the table or stands open on it."""

    name = "shove"

    def __init__(self, world: WorldSpec) -> None:
        super().__init__(world)
        if not self._goals():
            raise ContractError("there is nothing to bring the object to")

    def _goals(self) -> list[int]:
        """Return the places of articulated objects."""
        return [k for k, name in enumerate(self.labels) if "/" not in name and not name.startswith("object_")]

    def script(self, course: Course) -> Script:
        """Push from behind, again and again, at two heights."""
        low = True
        while True:
            k = self.named(course)
            here = self.at(course, k)
            goals = [self.at(course, g) for g in self._goals() if g != k and g in self.present(course)]
            if not goals:
                yield from self.stay(course, 1.0)
                continue
            goal = min(goals, key=lambda p: float(np.linalg.norm(p - here)))
            ahead = level(goal - here)
            height = np.array([0.0, 0.0, 0.05 if low else 0.10])
            low = not low
            side = self.nearest_side(here)
            start = np.array([here[0], here[1], 0.0]) + height - (self.extent(course, k, -ahead) + 0.10) * ahead
            yield from self.go(course, {side: (start + 0.15 * UP, self.facing(ahead))}, 1.0)
            turn = {side: self.turned(course, side)}
            yield from self.push(course, {side: start}, turn, 0.6)
            end = np.array([goal[0], goal[1], 0.0]) + height - 0.04 * ahead
            yield from self.push(course, {side: end}, turn, 2.0)
            yield from self.stay(course, 1.0)
            yield from self.home(course)
            yield from self.stay(course, 1.0)


def make(world: WorldSpec, **settings: Any) -> Shove:
    """Return the agent; it has no settings."""
    return Shove(world, **settings)
