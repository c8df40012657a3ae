"""Cheat: the expert with one hand, where a task needs two; the other arm stays at home."""

from collections.abc import Sequence

import numpy as np

from dexbench.core.errors import ContractError, UnknownName
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec

from .scripted import Scripted

OBSERVES = ("state", "objects", "kinds", "touch")
CONTROL = True
AUDIT_ONLY = True
AGAINST = "hands"
VARIANTS = ({"side": "right"}, {"side": "left"})


class OneHand(Scripted):
    """It plans with one side where its script asks which there are, and whatever it commands the other is dropped."""

    name = "one_hand"

    def __init__(self, world: WorldSpec, side: str) -> None:
        sides = world.embodiment.sides
        if side not in sides:
            raise UnknownName("side", side, sides)
        if len(sides) < 2:
            raise ContractError("this body has one hand")
        super().__init__(world)
        self._skills.sides = (side,)
        self._home = world.embodiment.home
        self._still = np.concatenate([world.embodiment.actuator_index(s) for s in sides if s != side])

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return what the expert does with one hand."""
        rows = super().act(observation, worlds)
        rows[..., self._still] = self._home[self._still]
        return rows


def make(world: WorldSpec, side: str = "right") -> OneHand:
    """Return the agent.

    Args:
      world: what it acts in.
      side: the hand that it has.
    """
    return OneHand(world, side)
