"""Bookkeeping of rules of the kind "the goal holds for so long without interruption, and still does a moment later"."""

from dataclasses import dataclass

import numpy as np

from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array

LOST = 0.5
"""Seconds without any contact that end an attempt."""


@dataclass(frozen=True)
class Held:
    """What holds now; all arrays are (n,)."""

    once: Array
    """bool: the goal has been held long enough at some time."""
    at_end: Array
    """bool: and it holds now."""
    seconds: Array
    """For how long the goal has held without interruption [s]."""
    done: Array
    """bool: the moment after that has passed."""
    attempts: Array
    """int: attempts begun so far."""
    idle: Array
    """Seconds since a hand last touched what counts; large before the first touch."""


@dataclass(frozen=True)
class Holding:
    """The rule's times.

    Its memory is part of the task's: `held`, `since`, `attempts`, `once`, `after` and `stage`.
    """

    hold: float
    """Seconds without interruption that the goal must hold."""
    linger: float
    """Seconds watched after that: what is dropped in them does not count."""
    lost: float = LOST
    """Seconds without any contact that end an attempt."""

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return {
            "held": np.zeros(n),  # seconds that the goal has held without interruption
            "since": np.full(n, 1e3),  # seconds since a hand last touched what counts
            "stage": np.zeros(n, np.int64),
            "attempts": np.zeros(n, np.int64),
            "once": np.zeros(n, bool),
            "after": np.zeros(n),  # seconds since `once`
        }

    def judge(self, scene: Scene, goal: Array, touching: Array, hold: Array | None = None) -> Held:
        """Bring the memory up to date, once a control period. Few calls on whole arrays: this runs very often.

        Args:
          scene: with the memory.
          goal: (n,) bool, whether the goal holds now.
          touching: (n,) bool, whether a hand touches what counts as an attempt.
          hold: (n,) seconds that the goal must hold, where trials differ in that.
        """
        m, period = scene.memory, scene.period
        since, before = m["since"], m["once"]
        fresh = touching & (since >= self.lost)
        if np.count_nonzero(fresh):
            m["attempts"] = m["attempts"] + fresh
        m["held"] = held = (m["held"] + period) * goal
        m["since"] = since = (since + period) * ~touching
        m["once"] = once = before | (held >= (self.hold if hold is None else hold) - 1e-9)
        if np.count_nonzero(before):
            m["after"] = m["after"] + period * before
        return Held(once, once & goal, held, m["after"] >= self.linger - 1e-9, m["attempts"], since)

    def reach(self, scene: Scene, stage: Array) -> Array:
        """Return (n,) the highest stage so far, with `stage` (n,) that holds now taken in."""
        scene.memory["stage"] = best = np.maximum(scene.memory["stage"], stage)
        return np.asarray(best)


def renew(scene: Scene, worlds: WorldIds, fresh: dict[str, Array]) -> None:
    """Begin episodes in `worlds`: put `fresh` memory of one world into their places."""
    for name, value in fresh.items():
        scene.memory[name][worlds] = value
