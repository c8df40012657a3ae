"""Cheat: the first half of what the expert does, then it stays as it is."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

from dexbench.core.errors import ContractError
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec
from dexbench.evaluation.rows import load_run

from ._within import Within

OBSERVES = ("state", "objects", "kinds", "touch")
CONTROL = True
AUDIT_ONLY = True
TAKES = ("run",)


class Half(Within):
    """Stops the agent inside after some time, and repeats its last command."""

    name = "half"

    def __init__(self, world: WorldSpec, agent: str, after: float) -> None:
        super().__init__(world, agent)
        self._calls = round(after / self.period / self.inner.spec.execute)
        self._asked: dict[int, int] = {}
        self._last: dict[int, Array] = {}

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start episodes."""
        super().reset(worlds, instructions, seeds)
        spec = self.inner.spec
        for world in worlds:
            self._asked[world] = 0
            self._last[world] = np.tile(self.robot.home, (spec.horizon, 1))

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return what the agent inside does, until it is time to stop."""
        going = [i for i, w in enumerate(worlds) if self._asked[w] < self._calls]
        if going:
            rows = self.inner.act({k: v[going] for k, v in observation.items()}, [worlds[i] for i in going])
            for row, i in zip(rows, going, strict=True):
                world = worlds[i]
                self._asked[world] += 1
                last = self._asked[world] == self._calls
                self._last[world] = np.repeat(row[-1:], len(row), axis=0) if last else row
        return np.stack([self._last[w] for w in worlds])


def middle(run: str) -> float:
    """Return the time [s] at which half of the stages (rounded down) are complete: the median over a run's successes.

    It is at least a second before any of them completed the next stage: what goes on by itself after that is not half.

    Raises:
      ContractError: nothing in the run succeeded.
    """
    won = [row for row in load_run(Path(run)).episodes if row["success"]]
    if not won:
        raise ContractError("there is no success to take half of")
    done = len(won[0]["stages"]) // 2
    rate = won[0]["rate_hz"]
    until = median(row["stage_steps"][max(0, done - 1)] for row in won) / rate
    return float(max(0.0, min(until, min(row["stage_steps"][done] for row in won) / rate - 1.0)))


def make(world: WorldSpec, agent: str = "scripted", run: str = "", after: float = 0.0) -> Half:
    """Return the agent.

    Args:
      world: what it acts in.
      agent: the one inside.
      run: a run folder of that agent in this cell, which says when half is done.
      after: when to stop instead [s].
    """
    if not run and after <= 0:
        raise ContractError("it must know when half is done: --setting run=FOLDER, or after=SECONDS")
    return Half(world, agent, after if after > 0 else middle(run))
