"""Watches re-simulated episodes of an audit: whether a stage is ever taken back, and how far objects rise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from dexbench.core.scene import Scene
from dexbench.core.schema import Array, Observation
from dexbench.core.task import Task
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import World

from .playback import replay
from .record import Row


@runtime_checkable
class Seen(Protocol):
    """A world whose scene can be looked at: a simulated one."""

    scene: Scene


@dataclass
class Testimony:
    """What was seen of one episode."""

    index: int
    """Its row."""
    faults: list[str]
    rise: float | None = None
    """Largest rise of the named object's centre [m]; None where the world shows no scene."""


class Witness:
    """A watcher of `core.rollout`. A recorder keeps the stages that came; this sees whether one was taken back.

    Args:
      world: that is watched.
      task: judged in it.
      rows: the episodes, in the order of the rollout.
    """

    def __init__(self, world: World, task: Task, rows: Sequence[Row]) -> None:
        self.testimonies = [Testimony(row["index"], []) for row in rows]
        self._task = task
        self._scene = world.scene if isinstance(world, Seen) else None
        self._at: dict[int, Testimony] = {}
        self._stage: dict[int, int] = {}
        self._once: dict[int, bool] = {}
        self._start: dict[int, float] = {}

    def began(self, index: int, world: int, trial: Trial) -> None:
        """Start an episode."""
        self._at[world], self._stage[world], self._once[world] = self.testimonies[index], 0, False
        self._start[world] = self._height(world)

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        """Compare with the step before."""
        for world in worlds:
            seen, stage, once = self._at[world], int(outcome.stage[world]), bool(outcome.success_once[world])
            before = self._stage[world]
            names = self._task.stages
            if stage < before:
                _note(seen, f"stage {names[before - 1]!r} was taken back")
            if not 0 <= stage <= len(names):
                _note(seen, f"{stage} stages were counted, the task has {len(names)}")
            if self._once[world] and not once:
                _note(seen, "a success was taken back")
            if not 0 <= float(outcome.reward[world]) <= 1 + 1e-9:
                _note(seen, "the reward left [0, 1]")
            self._stage[world], self._once[world] = max(stage, before), once or self._once[world]
            rise = self._height(world) - self._start[world]
            if np.isfinite(rise):
                seen.rise = rise if seen.rise is None else max(seen.rise, rise)

    def _height(self, world: int) -> float:
        if self._scene is None:
            return float("nan")
        return float(self._scene.object_centre[world, int(self._scene.target[world]), 2])


def _note(seen: Testimony, fault: str) -> None:
    if fault not in seen.faults:
        seen.faults.append(fault)


def testify(world: World, task: Task, rows: Sequence[Row]) -> list[Testimony]:
    """Re-simulate `rows` (with their actions), watch every control period, and return what was seen of each."""
    witness = Witness(world, task, rows)
    for ended in replay(world, rows, task.horizon, [witness]):
        row, outcome = rows[ended.index], ended.outcome
        if bool(outcome.success_at_end[ended.world]) != row["success_at_end"]:
            _note(witness.testimonies[ended.index], "re-simulated, it ends otherwise")
    return witness.testimonies
