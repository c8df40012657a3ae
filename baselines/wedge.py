"""Cheat: presses the named object against its neighbour, or gets a fist under it, and raises it without a grasp."""

from typing import Any

import numpy as np

from dexbench.core.world import WorldSpec

from ._cheat import UP, Cheat, Course, Script, level

OBSERVES = ("state", "objects", "kinds")
CONTROL = True
AUDIT_ONLY = True

RAISED = 0.22
"""How far the hand is raised [m]."""


class Wedge(Cheat):
    """In turn: the flat hand presses it against its neighbour and slides up; the fist goes under its edge and up."""

    name = "wedge"

    def script(self, course: Course) -> Script:
        """Press and pry for ever."""
        k = self.named(course)
        while True:
            neighbours = [j for j in self.present(course) if j != k]
            if k is not None and neighbours:
                yield from self._press(course, k, neighbours)
            yield from self._pry(course, k)

    def _press(self, course: Course, k: int, neighbours: list[int]) -> Script:
        here = self.at(course, k)
        there = min((self.at(course, j) for j in neighbours), key=lambda p: float(np.linalg.norm(p - here)))
        ahead = level(there - here)
        height = np.array([0.0, 0.0, max(0.06, float(here[2]) + 0.03)]) - [0.0, 0.0, float(here[2])]
        side = self.nearest_side(here - 0.1 * ahead)
        start = here + height - (self.extent(course, k, -ahead) + 0.10) * ahead
        yield from self.go(course, {side: (start + 0.15 * UP, self.facing(ahead))}, 1.0)
        turn = {side: self.turned(course, side)}
        yield from self.push(course, {side: start}, turn, 0.6)
        yield from self.push(course, {side: there + height - 0.02 * ahead}, turn, 1.2)
        yield from self.push(course, {side: there + height + 0.02 * ahead + RAISED * UP}, turn, 1.5)
        yield from self.stay(course, 2.5)
        yield from self.home(course)

    def _pry(self, course: Course, k: int | None) -> Script:
        here = self.at(course, k)
        side = self.nearest_side(here)
        across = level(np.array([0.0, 1.0 if self.base(side)[1] > here[1] else -1.0, 0.0]))
        edge = self.extent(course, k, across)
        start = np.array([here[0], here[1], 0.035]) + (edge + 0.10) * across
        yield from self.go(course, {side: (start + 0.15 * UP, self.facing(UP))}, 1.0, closed=0.6)
        turn = {side: self.turned(course, side)}
        yield from self.push(course, {side: start}, turn, 0.6, closed=0.6)
        under = np.array([here[0], here[1], 0.02]) + max(0.0, edge - 0.06) * across
        yield from self.push(course, {side: under}, turn, 1.0, closed=0.6)
        yield from self.push(course, {side: under + RAISED * UP}, turn, 1.5, closed=0.6)
        yield from self.stay(course, 2.5)
        yield from self.home(course)


def make(world: WorldSpec, **settings: Any) -> Wedge:
    """Return the agent; it has no settings."""
    return Wedge(world, **settings)
