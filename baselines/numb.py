"""The expert without touch: its readings are zero, or those of another moment with the pads changed round.

What it reaches is the touch-free ceiling of a task; a task that needs touch must put it below the expert.
"""

from collections.abc import Sequence

import numpy as np

from dexbench.core.errors import ContractError, UnknownName
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec

from ._within import Within

OBSERVES = ("state", "objects", "kinds", "touch")
CONTROL = True
AUDIT_ONLY = True
AGAINST = "touch"
VARIANTS = ({"touch": "off"}, {"touch": "shuffled"})

OFF, SHUFFLED = "off", "shuffled"


class Numb(Within):
    """Shuffled: every reading is that of a moment drawn from the episode so far, the pads in an order drawn for it.

    So its sizes are those of real touch, and neither when nor where anything was touched can be told from it.
    """

    name = "numb"

    def __init__(self, world: WorldSpec, agent: str, touch: str) -> None:
        super().__init__(world, agent)
        if touch not in (OFF, SHUFFLED):
            raise UnknownName("touch", touch, (OFF, SHUFFLED))
        self._fields = [f.name for f in world.observations.fields if f.group == "touch"]
        if not self._fields:
            raise ContractError("this body has no touch")
        self._pads = {name: world.observations[name].shape[0] for name in self._fields}
        self._shuffled = touch == SHUFFLED
        self._rng: dict[int, np.random.Generator] = {}
        self._felt: dict[int, list[dict[str, Array]]] = {}
        self._order: dict[int, dict[int, Array]] = {}

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start episodes."""
        super().reset(worlds, instructions, seeds)
        for world, seed in zip(worlds, seeds, strict=True):
            self._rng[world] = rng = np.random.default_rng(seed)
            self._felt[world] = []
            self._order[world] = {pads: rng.permutation(pads) for pads in sorted(set(self._pads.values()))}

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return what the agent inside does without touch."""
        seen = dict(observation)
        for name in self._fields:
            seen[name] = np.zeros_like(observation[name])
        if self._shuffled:
            for i, world in enumerate(worlds):
                felt = self._felt[world]
                felt.append({name: observation[name][i].copy() for name in self._fields})
                then = felt[int(self._rng[world].integers(len(felt)))]
                for name in self._fields:
                    seen[name][i] = then[name][self._order[world][self._pads[name]]]
        return self.inner.act(seen, worlds)


def make(world: WorldSpec, agent: str = "scripted", touch: str = OFF) -> Numb:
    """Return the agent.

    Args:
      world: what it acts in.
      agent: the one inside.
      touch: "off" or "shuffled".
    """
    return Numb(world, agent, touch)
