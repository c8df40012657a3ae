"""Cheat: moves the hand about the named object as fast as it may, opening and closing, and hopes."""

from typing import Any

import numpy as np

from dexbench.core.world import WorldSpec

from ._cheat import UP, Cheat, Course, Script, level

OBSERVES = ("state", "objects", "kinds")
CONTROL = True
AUDIT_ONLY = True

AROUND = 0.10
"""How far from the object's middle the palm is sent at most [m]."""
PERIOD = 0.4
"""Seconds between places."""


class Shake(Cheat):
    """A new place, turn and grip of each hand every few tenths of a second."""

    name = "shake"

    def script(self, course: Course) -> Script:
        """Draw places for ever."""
        while True:
            here = self.at(course, self.named(course))
            goal = course.command
            for side in self.sides:
                place = here + course.rng.uniform(-AROUND, AROUND, 3) + 0.06 * UP
                place[2] = max(0.05, place[2])
                if len(self.sides) == 2:  # one from each side
                    place[1] += 0.08 if side == "left" else -0.08
                turns = self.down(level(here - np.array([*self.base(side), 0.0])))
                turns = [turns[int(course.rng.integers(len(turns)))]]
                goal = self.shaped(course, self.posed(goal, side, place, turns), side, float(course.rng.uniform()))
            for _ in range(round(PERIOD / self.period)):
                yield goal  # no ramp: the filter alone decides how fast


def make(world: WorldSpec, **settings: Any) -> Shake:
    """Return the agent; it has no settings."""
    return Shake(world, **settings)
