"""Cheat: takes the named object between the forearms, or pushes it along with one, and raises the arms."""

from typing import Any

import numpy as np

from dexbench.core.world import WorldSpec

from ._cheat import UP, Cheat, Course, Script, level

OBSERVES = ("state", "objects", "kinds")
CONTROL = True
AUDIT_ONLY = True

TRIES = ((0.20, 0.07), (0.30, 0.10), (0.12, 0.05))
"""How far the palm is beyond the object, so that wrist or forearm is beside it, and how high, in turn [m]."""
RAISED = 0.25
"""How far arms are raised [m]."""


class Forearm(Cheat):
    """Two arms squeeze from both sides and lift; one arm sweeps against the object and lifts."""

    name = "forearm"

    def script(self, course: Course) -> Script:
        """Squeeze and lift for ever, with another part of the arm each time."""
        while True:
            for far, height in TRIES:
                yield from self._squeeze(course, far, height)

    def _squeeze(self, course: Course, far: float, height: float) -> Script:
        k = self.named(course)
        here = self.at(course, k)
        sides = self.sides if len(self.sides) == 2 else (self.nearest_side(here),)
        starts, ends = {}, {}
        for side in sides:
            base = np.array([*self.base(side), 0.0])
            out = level(here - base)
            across = np.cross(UP, out)
            away = across if side == "left" else -across
            beyond = np.array([here[0], here[1], height]) + far * out
            wide = self.extent(course, k, away)
            beside = beyond + (wide + 0.12) * away
            starts[side] = (beside + 0.12 * UP, self.down(out), beside)
            ends[side] = beyond + (wide - (0.06 if len(sides) == 2 else 0.12)) * away
        yield from self.go(course, {s: (p, q) for s, (p, q, _) in starts.items()}, 1.2, closed=1.0)
        turn = {s: self.turned(course, s) for s in sides}
        yield from self.push(course, {s: low for s, (_, _, low) in starts.items()}, turn, 0.6, closed=1.0)
        yield from self.push(course, ends, turn, 1.2, closed=1.0)
        yield from self.push(course, {s: e + RAISED * UP for s, e in ends.items()}, turn, 1.5, closed=1.0)
        yield from self.stay(course, 2.5)
        yield from self.home(course)


def make(world: WorldSpec, **settings: Any) -> Forearm:
    """Return the agent; it has no settings."""
    return Forearm(world, **settings)
