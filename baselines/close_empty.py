"""Cheat: pushes drawers, lids and doors shut, with nothing put into them."""

from typing import Any

import numpy as np

from dexbench.core.errors import ContractError
from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec

from ._cheat import UP, Cheat, Course, Script, level

OBSERVES = ("state", "objects", "kinds")
CONTROL = True
AUDIT_ONLY = True


class CloseEmpty(Cheat):
    """Pushes every moving part of what stands there towards its frame, from outside and from above."""

    name = "close_empty"

    def __init__(self, world: WorldSpec) -> None:
        super().__init__(world)
        self._links = [k for k, name in enumerate(self.labels) if "/" in name]
        if not self._links:
            raise ContractError("nothing there can be closed")

    def script(self, course: Course) -> Script:
        """Close one part after another, over and over, then home and wait."""
        while True:
            for k in self._links:
                root = self.labels.index(self.labels[k].partition("/")[0])
                if root not in self.present(course):
                    continue
                yield from self._shut(course, self.at(course, k), self.at(course, root))
            yield from self.stay(course, 2.0)

    def _shut(self, course: Course, link: Array, root: Array) -> Script:
        inwards = level(root - link) if np.linalg.norm((root - link)[:2]) > 0.02 else np.array([1.0, 0.0, 0.0])
        height = np.array([0.0, 0.0, max(0.05, float(link[2]))])
        front = np.array([link[0], link[1], 0.0]) + height
        side = self.nearest_side(front)
        yield from self.go(course, {side: (front - 0.22 * inwards + 0.1 * UP, self.facing(inwards))}, 1.0, closed=1.0)
        turn = {side: self.turned(course, side)}
        yield from self.push(course, {side: front - 0.22 * inwards}, turn, 0.5, closed=1.0)
        yield from self.push(course, {side: front + 0.10 * inwards}, turn, 1.5, closed=1.0)
        yield from self.push(course, {side: front - 0.22 * inwards}, turn, 0.8, closed=1.0)
        above = np.array([link[0], link[1], 0.0])
        yield from self.go(course, {side: (above + 0.35 * UP, self.down(inwards))}, 0.8, closed=1.0)
        turn = {side: self.turned(course, side)}
        yield from self.push(course, {side: above + 0.10 * UP}, turn, 1.0, closed=1.0)
        yield from self.home(course)


def make(world: WorldSpec, **settings: Any) -> CloseEmpty:
    """Return the agent; it has no settings."""
    return CloseEmpty(world, **settings)
