"""Control: random joint targets around home, a new one every few tenths of a second."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dexbench.core.agent import AgentSpec
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec

OBSERVES = ("state",)
CONTROL = True

REACH = 0.6
"""Largest distance of an arm joint's target from home [rad]; hands use their whole range."""
PERIOD = 0.4
"""Seconds between targets."""


class Random:
    """Draws from the seed that the trial gives it."""

    def __init__(self, world: WorldSpec) -> None:
        robot = world.embodiment
        arm = np.array([a.part == "arm" for a in robot.actuators])
        self._lower = np.where(arm, np.maximum(robot.home - REACH, robot.limits.lower), robot.limits.lower)
        self._upper = np.where(arm, np.minimum(robot.home + REACH, robot.limits.upper), robot.limits.upper)
        ticks = round(PERIOD * world.action.rate_hz)
        self.spec = AgentSpec("random", "1", (), world.action, horizon=ticks, execute=ticks)
        self._draws: dict[int, np.random.Generator] = {}

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start the generators of `worlds` anew."""
        self._draws.update({w: np.random.default_rng(s) for w, s in zip(worlds, seeds, strict=True)})

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return one target for each world, repeated over the chunk."""
        rows = np.stack([self._draws[w].uniform(self._lower, self._upper) for w in worlds])
        return np.repeat(rows[:, None], self.spec.horizon, axis=1)


def make(world: WorldSpec, **settings: Any) -> Random:
    """Return the agent; it has no settings."""
    return Random(world, **settings)
