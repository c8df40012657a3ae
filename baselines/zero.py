"""Control: stays at home. Whatever it scores is a gift of the task."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dexbench.core.agent import AgentSpec
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec

OBSERVES = ("state",)
CONTROL = True


class Zero:
    """Commands the embodiment's home, whatever it sees."""

    def __init__(self, world: WorldSpec) -> None:
        self._home = world.embodiment.home
        self.spec = AgentSpec("zero", "1", (), world.action)

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Nothing to forget."""

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return home, (n, 1, actuators)."""
        return np.broadcast_to(self._home, (len(worlds), 1, len(self._home)))


def make(world: WorldSpec, **settings: Any) -> Zero:
    """Return the agent; it has no settings."""
    return Zero(world, **settings)
