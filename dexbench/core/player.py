"""Plays recorded actions: an agent without a policy, for re-simulation and films."""

from collections.abc import Sequence

import numpy as np

from dexbench.core.agent import AgentSpec
from dexbench.core.errors import DataError
from dexbench.core.schema import Array, Observation
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import WorldSpec


class OutOfActions(Exception):
    """The episode goes on, and the record has no more actions."""


class Player:
    """Agent and watcher at once: as a watcher it learns which record belongs in which world.

    Args:
      world: declaration of the world to play in.
      actions: of each episode of the rollout, in its order; each (steps, actuators) [rad].
    """

    def __init__(self, world: WorldSpec, actions: Sequence[Array]) -> None:
        for i, rows in enumerate(actions):
            if rows.ndim != 2 or rows.shape[1] != len(world.action.actuators):
                wanted = len(world.action.actuators)
                raise DataError(f"the actions of record {i} have shape {rows.shape}, this world takes {wanted} numbers")
        self.spec = AgentSpec("playback", "1", (), world.action)
        self._actions = actions
        self._at: dict[int, tuple[int, int]] = {}

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Nothing to do: began() follows."""

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return the actions that are due; raise OutOfActions where there are none."""
        rows = []
        for world in worlds:
            index, step = self._at[world]
            if step >= len(self._actions[index]):
                raise OutOfActions(f"the record ends after {step} steps, the episode does not")
            rows.append(self._actions[index][step])
        return np.stack(rows)[:, None]

    def began(self, index: int, world: int, trial: Trial) -> None:
        """Start a record."""
        self._at[world] = (index, 0)

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        """Go on to the next actions."""
        for world in worlds:
            index, step = self._at[world]
            self._at[world] = (index, step + 1)
