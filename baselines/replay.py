"""Control: plays one recorded episode open loop, whatever stands on the table."""

from collections.abc import Sequence
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
TAKES = ("run", "episode")

SHIPPED = Path(__file__).with_name("weights")
"""Where an expert's episode for each task and embodiment is kept, as `replay_<task>_<embodiment>.npz`."""


class Replay:
    """The recorded actions, then the last of them for ever."""

    def __init__(self, world: WorldSpec, actions: Array) -> None:
        if actions.ndim != 2 or actions.shape[1] != len(world.action.actuators):
            raise ContractError(
                f"the recorded actions have shape {actions.shape}, "
                f"the world takes {len(world.action.actuators)} numbers"
            )
        self._actions = actions
        self._next: dict[int, int] = {}
        self.spec = AgentSpec("replay", "1", (), world.action)

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Begin again."""
        self._next.update(dict.fromkeys(worlds, 0))

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return the next recorded row for each world."""
        last = len(self._actions) - 1
        rows = np.stack([self._actions[min(self._next[w], last)] for w in worlds])
        for world in worlds:
            self._next[world] += 1
        return rows[:, None]


def make(world: WorldSpec, run: str = "", episode: int = -1) -> Replay:
    """Return the agent.

    Args:
      world: what it acts in.
      run: a run folder; without one, the shipped episode of this task and embodiment is played.
      episode: index of the episode in the run; by default the first success on this task and embodiment.
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
        return Replay(world, found["actions"].astype(np.float64))


def _recorded(world: WorldSpec, folder: Path, episode: int) -> Array:
    """Return (T, actuators) of one episode of a run."""
    for row in load_run(folder, blobs=True).episodes:
        fits = row["trial"]["task"] == world.task and row["embodiment"] == world.embodiment.name
        if row["index"] == episode or (episode < 0 and fits and row["success"]):
            return np.asarray(unpack(row["actions"], "actions"))
    what = f"no episode {episode}" if episode >= 0 else f"no success of {world.task} on {world.embodiment.name}"
    raise DataError(f"{folder} holds {what}")
