"""Plays a dataset's actions in simulation again: whether they lead to what was recorded, or what they lead to."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dexbench.core.player import Player
from dexbench.core.rollout import rollout
from dexbench.core.schema import Array, Observation
from dexbench.core.shelf import load_task
from dexbench.core.task import Task
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import World

from .demonstrations import GROUPS
from .lerobot_episode import Episode, Scribe
from .lerobot_reader import Dataset, open_dataset


class Played(Scribe):
    """Plays commands and writes down what comes of them.

    Args:
      commands: (T, A) joint targets [rad] of each episode; the last row goes on until the episode ends.
      world: where they are played.
      task: what is judged there.
    """

    def __init__(self, commands: Sequence[Array], world: World, task: Task) -> None:
        steps = round(task.horizon * world.spec.action.rate_hz) + 1
        self._player = Player(world.spec, [held(rows, steps) for rows in commands])
        super().__init__(self._player, world, task)

    def began(self, index: int, world: int, trial: Trial) -> None:
        """Start an episode."""
        self._player.began(index, world, trial)
        super().began(index, world, trial)

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        """Go on."""
        self._player.stepped(worlds, action, observation, outcome)
        super().stepped(worlds, action, observation, outcome)


def play(
    commands: Sequence[Array], trials: Sequence[Trial], world: World, task: Task
) -> Iterator[tuple[int, Episode | None]]:
    """Play commands (T, A) [rad] in worlds of their trials; yield (index, what came of it), in no certain order."""
    played = Played(commands, world, task)
    for ended in rollout(played, world, trials, task.horizon, [played]):
        yield ended.index, played.finish(ended)


def held(rows: Array, steps: int) -> Array:
    """Return `rows` (T, A), the last of them repeated until there are at least `steps`."""
    return np.concatenate([rows, np.tile(rows[-1:], (max(0, steps - len(rows)), 1))])


@dataclass(frozen=True)
class Difference:
    """How an episode that was played again differs from what was recorded."""

    index: int
    recorded: bool
    """Success then."""
    success: bool
    """Success now."""
    column: str
    """The first column that differs; empty: all are the same, to the bit."""
    frame: int
    """The first frame in which it does."""


def compare(index: int, recorded: Episode, again: Episode | None) -> Difference:
    """Return how `again` differs from `recorded`; actions, which are labels, and columns that it lacks do not count."""
    if again is None:
        return Difference(index, bool(recorded.outcome["success"]), False, "the episode broke down", 0)
    found: tuple[int, str] | None = None
    for key in recorded.columns.keys() & again.columns.keys() - {"action"}:
        old, new = recorded.columns[key], again.columns[key]
        count = min(len(old), len(new))
        frames = np.flatnonzero((old[:count] != new[:count]).any(1))
        first = int(frames[0]) if len(frames) else count if len(old) != len(new) else -1
        if first >= 0:
            found = min(found or (first, key), (first, key))
    frame, column = found or (-1, "")
    return Difference(index, bool(recorded.outcome["success"]), bool(again.outcome["success"]), column, frame)


@dataclass
class Replaying:
    """What a worker process of a check does: plays episodes of a dataset again; yields a Difference for each."""

    folder: Path
    batch: int
    worlds: Callable[..., World]
    _made: tuple[Dataset, Task, World] | None = field(default=None, repr=False)

    def __call__(self, indices: Sequence[int]) -> Iterator[Difference]:
        """Play the episodes with these numbers."""
        if self._made is None:
            dataset = open_dataset(self.folder)
            world = self.worlds(dataset.task, dataset.embodiment, self.batch, GROUPS)
            self._made = dataset, load_task(dataset.task), world
        dataset, task, world = self._made
        episodes = [dataset.episode(i) for i in indices]
        for at, again in play([e.sent for e in episodes], [e.trial for e in episodes], world, task):
            yield compare(indices[at], episodes[at], again)


def in_turns(indices: Sequence[int], batch: int) -> Iterator[Sequence[int]]:
    """Yield `indices` in parts of `batch`."""
    for begin in range(0, len(indices), batch):
        yield indices[begin : begin + batch]
