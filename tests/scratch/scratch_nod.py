"""Nods: every joint a little up and down around home."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dexbench.core.agent import AgentSpec
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec

OBSERVES = ("state",)


class Nod:
    """Keeps a tick count for each world."""

    def __init__(self, world: WorldSpec, size: float = 0.1) -> None:
        self.spec = AgentSpec("nod", "1", (), world.action)
        self.home, self.size = world.embodiment.home, size
        self.ticks: dict[int, int] = {}

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        self.ticks.update(dict.fromkeys(worlds, 0))

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        rows = np.empty((len(worlds), 1, len(self.home)))
        for row, world in zip(rows, worlds, strict=True):
            row[:] = self.home + self.size * np.sin(0.3 * self.ticks[world])
            self.ticks[world] += 1
        return rows


def make(world: WorldSpec, **settings: Any) -> Nod:
    return Nod(world, **settings)
