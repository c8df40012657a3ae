"""Retargets whole datasets: every episode is mapped to the other robot, played there, and kept where it succeeds."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from dexbench.core.crew import Crew
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.core.shelf import load_embodiment, load_task
from dexbench.core.task import Task
from dexbench.core.world import World

from .dataset_replay import in_turns, play
from .demonstrations import GROUPS
from .lerobot_episode import Episode
from .lerobot_layout import columns_of
from .lerobot_reader import Dataset, open_dataset
from .lerobot_writer import Writer
from .retargeting import Retargeted, Retargeting

SURE = 0.9
"""Contact from which the error of a pad counts in the report."""
NEAR = 0.01
"""By more than this the palm misses its place where the arm does not reach [m]."""


@dataclass(frozen=True)
class Repeated:
    """One episode on the other robot."""

    index: int
    """In the dataset that it comes from."""
    commands: Array
    """(T, A) joint targets [rad] that were played; the last row was held until the episode ended."""
    success: bool
    failure: str
    """The task's code, "none" for a success, "broken" where the simulation broke down."""
    pads: float
    """Mean distance of touching pads from where they should be, in the commanded posture [m]; nan: none touched."""
    reached: bool
    """Whether the arm brings the palm to its place wherever a pad touches."""
    episode: Episode | None
    """What was seen, until it is written."""


@dataclass
class Repeating:
    """What a worker process does: retargets episodes and plays them on the other robot."""

    folder: Path
    embodiment: str
    squeeze: float
    batch: int
    worlds: Callable[..., World]
    _made: tuple[Dataset, Task, World, Retargeting] | None = field(default=None, repr=False)

    def __call__(self, indices: Sequence[int]) -> Iterator[Repeated]:
        """Do the episodes with these numbers."""
        if self._made is None:
            dataset, source = opened(self.folder)
            world = self.worlds(dataset.task, self.embodiment, self.batch, GROUPS)
            retargeting = Retargeting(source, world.spec.embodiment, self.squeeze)
            self._made = dataset, load_task(dataset.task), world, retargeting
        dataset, task, world, retargeting = self._made
        episodes = [dataset.episode(i) for i in indices]
        found = [retargeting(e) for e in episodes]
        for at, again in play([f.commands for f in found], [e.trial for e in episodes], world, task):
            yield _told(indices[at], found[at], again)


def opened(folder: Path) -> tuple[Dataset, Embodiment]:
    """Return a dataset and its robot; raise DataError where it is not of a robot as it is installed."""
    robot = load_embodiment(open_dataset(folder).embodiment)
    return open_dataset(folder, robot), robot


def retarget_dataset(
    source: Path,
    embodiment: str,
    folder: Path,
    worlds: Callable[..., World],
    *,
    episodes: int = 0,
    squeeze: float = 1.0,
    jobs: int = 1,
    batch: int = 8,
) -> list[Repeated]:
    """Map the demonstrations in `source` to another robot; successes are written to `folder`, a dataset of that robot.

    Args:
      source: a dataset of ours.
      embodiment: name of the other robot.
      folder: must not exist; nothing is written where nothing succeeds.
      worlds: makes worlds, as the runner's factory.
      episodes: at most so many, the first ones; 0: all.
      squeeze: factor on the forces that pads press with.
      jobs: processes.
      batch: worlds a process.

    Returns:
      What became of every episode, in their order; what was seen is in the dataset only.

    Raises:
      DataError: the robots do not fit each other, or the folder is there.
    """
    from rich.progress import track

    dataset, robot = opened(source)
    if folder.exists():
        raise DataError(f"{folder} exists already; choose another folder, or delete it")
    if embodiment == robot.name:
        raise DataError(f"{source} is of {embodiment!r} already; name another robot: dexbench list embodiments")
    if not len(dataset):
        raise DataError(f"{source} holds no episodes; collect some with: dexbench collect --format lerobot")
    world = worlds(dataset.task, embodiment, 1, GROUPS)
    target, spec = world.spec.embodiment, world.spec
    Retargeting(robot, target, squeeze)  # refuses before anything is started
    world.close()
    indices = list(range(min(episodes, len(dataset)) if episodes else len(dataset)))
    parts = list(in_turns(indices, batch))
    note = {
        "retargeted": {"embodiment": robot.name, "digest": robot.digest, "squeeze": squeeze},
        "from": dict(_origin(dataset)),
    }
    told: list[Repeated] = []
    columns = columns_of(target, spec.observations)
    work = Repeating(source, embodiment, squeeze, batch, worlds)
    try:
        with (
            Crew(work, min(max(1, jobs), len(parts))) as crew,
            Writer(folder, target, dataset.task, spec.action.rate_hz, columns, note) as writer,
        ):
            early: dict[int, Repeated] = {}
            for one in track(crew.run(parts), "retargeting", total=len(indices)):
                early[one.index] = one
                while len(told) in early:
                    one = early.pop(len(told))
                    if one.success and one.episode is not None:
                        writer.add(one.episode)
                    told.append(replace(one, episode=None))
            if not any(one.success for one in told):
                raise _NothingKept
    except _NothingKept:
        pass
    return told


class _NothingKept(Exception):
    """Nothing succeeded: the writer takes its files back."""


def tally(told: Sequence[Repeated]) -> tuple[int, Counter[str], float, int]:
    """Return successes, failures by code, the mean distance of touching pads [m], and episodes out of reach."""
    pads = [one.pads for one in told if np.isfinite(one.pads)]
    failures = Counter(one.failure for one in told if not one.success)
    mean = float(np.mean(pads)) if pads else float("nan")
    return sum(one.success for one in told), failures, mean, sum(not one.reached for one in told)


def _told(index: int, found: Retargeted, again: Episode | None) -> Repeated:
    errors, touching = [], np.zeros(len(found.reach), bool)
    for side, aligned in found.hands.items():
        sure = found.contact[side] > SURE
        errors.append(aligned.error[sure])
        touching |= sure.any(1)
    every = np.concatenate(errors)
    return Repeated(
        index,
        found.commands,
        success=again is not None and bool(again.outcome["success"]),
        failure="broken" if again is None else str(again.outcome["failure"]),
        pads=float(every.mean()) if every.size else float("nan"),
        reached=bool((found.reach[touching] < NEAR).all()),
        episode=again,
    )


def _origin(dataset: Dataset) -> dict[str, object]:
    return {
        "task": dataset.task,
        "episodes": len(dataset),
        "collection": dataset.info["dexbench"].get("collection", {}),
    }
