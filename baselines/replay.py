"""Control: plays recorded episodes open loop, whatever stands on the table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dexbench.core.agent import AgentSpec
from dexbench.core.errors import ContractError, DataError
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec
from dexbench.evaluation.packing import unpack
from dexbench.evaluation.rows import load_run

OBSERVES = ("state",)
CONTROL = True
TAKES = ("run",)

SHIPPED = Path(__file__).with_name("weights")
"""Where an expert's episode for each task and embodiment is kept, as `replay_<task>_<embodiment>.npz`."""
PLAYED = 8
"""Successes of a run that are played, at most, spread over it: what one alone reaches is that one's luck."""
NOWHERE = -1
"""Stands for the seed of a recording's trial where that may be met again."""


class Replay:
    """The recorded actions, then the last of them for ever."""

    def __init__(self, world: WorldSpec, recordings: Mapping[int, Array]) -> None:
        """Prepare to play `recordings`: (T, actuators) by the seed of the trial in which each was made."""
        for actions in recordings.values():
            if actions.ndim != 2 or actions.shape[1] != len(world.action.actuators):
                raise ContractError(
                    f"the recorded actions have shape {actions.shape}, "
                    f"the world takes {len(world.action.actuators)} numbers"
                )
        self._recordings = recordings
        self._played: dict[int, Array] = {}
        self._next: dict[int, int] = {}
        self.spec = AgentSpec("replay", "2" if len(recordings) > 1 else "1", (), world.action)

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Choose by each trial's seed what is played: never what was recorded in that very trial."""
        for world, seed in zip(worlds, seeds, strict=True):
            others = [actions for made, actions in self._recordings.items() if made != seed]
            self._played[world], self._next[world] = others[seed % len(others)], 0

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return the next recorded row for each world."""
        rows = np.stack([self._played[w][min(self._next[w], len(self._played[w]) - 1)] for w in worlds])
        for world in worlds:
            self._next[world] += 1
        return rows[:, None]


def make(world: WorldSpec, run: str = "", episode: int = -1) -> Replay:
    """Return the agent.

    Args:
      world: what it acts in.
      run: a run folder; without one, the shipped episode of this task and embodiment is played.
      episode: index of the one episode of the run to play; by default up to PLAYED successes on this task and
        embodiment are, of which each trial gets one that was recorded in another.
    """
    if run:
        return Replay(world, _recorded(world, Path(run), episode))
    path = SHIPPED / f"replay_{world.task}_{world.embodiment.name}.npz"
    if not path.is_file():
        raise ContractError(
            f"no episode is shipped for {world.task} on {world.embodiment.name}; "
            f"name one of yours with --setting run=FOLDER"
        )
    with np.load(path, allow_pickle=False) as found:
        return Replay(world, {NOWHERE: found["actions"].astype(np.float64)})


def _recorded(world: WorldSpec, folder: Path, episode: int) -> dict[int, Array]:
    """Return what is to be played of a run, by the seed of the trial in which it was recorded."""
    rows = load_run(folder, blobs=True).episodes
    if episode >= 0:
        chosen = [row for row in rows if row["index"] == episode]
        if not chosen:
            raise DataError(f"{folder} holds no episode {episode}")
        return {NOWHERE: np.asarray(unpack(chosen[0]["actions"], "actions"))}
    won = {
        int(row["trial"]["seed"]): row
        for row in rows
        if row["trial"]["task"] == world.task and row["embodiment"] == world.embodiment.name and row["success"]
    }
    if len(won) < 2:
        raise ContractError(
            f"{folder} holds {len(won)} successes of {world.task} on {world.embodiment.name}, and two are needed, "
            f"since none is played where it was recorded; name one with --setting episode=INDEX"
        )
    seeds = list(won)[:: -(-len(won) // PLAYED)]
    return {seed: np.asarray(unpack(won[seed]["actions"], "actions")) for seed in seeds}
