"""Plays the records of a run again."""

from collections.abc import Iterator, Sequence

from dexbench.core.player import Player
from dexbench.core.rollout import Ended, Watcher, rollout
from dexbench.core.trial import Trial
from dexbench.core.world import World

from .packing import unpack
from .record import Row


def replay(world: World, rows: Sequence[Row], horizon: float, watchers: Sequence[Watcher] = ()) -> Iterator[Ended]:
    """Run recorded episodes again, without their agent, and yield each when it ends.

    Args:
      world: worlds of the records' task and embodiment.
      rows: records with their actions (`load_run(folder, blobs=True)`).
      horizon: the task's time limit [s].
      watchers: who looks on, a camera for example; `index` counts in `rows`.
    """
    player = Player(world.spec, [unpack(row["actions"], "actions") for row in rows])
    trials = [Trial.from_row(row["trial"]) for row in rows]
    yield from rollout(player, world, trials, horizon, [player, *watchers])
