"""Collects LeRobot datasets: an agent acts, its successes are written down, share by share, then put together."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dexbench.core.agent import Agent
from dexbench.core.crew import Crew
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError
from dexbench.core.rollout import rollout
from dexbench.core.shelf import load_embodiment, load_task
from dexbench.core.task import Task, versioned
from dexbench.core.trial import Trial
from dexbench.core.world import World

from .demonstrations import GROUPS, Collecting, Disturbed, Noise, Share, draw
from .lerobot_episode import Episode, Scribe
from .lerobot_layout import FORMAT, pyarrow
from .lerobot_reader import Dataset, open_dataset
from .lerobot_writer import Writer

NOTE = "collection.json"


def episodes_of(
    agent: Agent, task: Task, world: World, trials: Sequence[Trial], noise: Noise | None = None
) -> Iterator[tuple[int, Episode | None]]:
    """Run `agent` through `trials` and yield (index, episode), failures too; None where agent or world broke down.

    Args:
      agent: gives joint targets; with noise, one row at a time.
      task: what is judged.
      world: where it acts.
      trials: what is set up.
      noise: on the commands; labels are the undisturbed ones.
    """
    if noise is not None and (noise.arm or noise.hand):
        robot = world.spec.embodiment
        scale = np.array([noise.arm if a.part == "arm" else noise.hand for a in robot.actuators])
        agent = Disturbed(agent, scale, noise.time)
    scribe = Scribe(agent, world, task)
    for ended in rollout(scribe, world, trials, task.horizon, [scribe]):
        yield ended.index, scribe.finish(ended)


class Shares(Collecting):
    """Records shares, each a dataset of its own."""

    def __call__(self, share: Share) -> Iterator[tuple[int, int]]:
        """Record one share and write it whole or not at all; yield (kept, tried)."""
        task, world, agent = self.made()
        found = dict(episodes_of(agent, task, world, [t for _, t in share], self.noise))
        kept = [e for _, e in sorted(found.items()) if e is not None and e.outcome["success"]]
        columns, spec = Scribe(agent, world, task).columns, world.spec
        folder = _place(self.folder, share)
        with Writer(folder, spec.embodiment, versioned(task), spec.action.rate_hz, columns) as writer:
            for episode in kept:
                writer.add(episode)
        yield len(kept), len(share)


def merge(
    parts: Sequence[Dataset], folder: Path, robot: Embodiment, note: Mapping[str, Any] | None = None, **settings: Any
) -> int:
    """Put datasets of one robot, task and rate together in `folder`; return the episodes.

    Raises:
      DataError: they differ in what they hold.
    """
    first = parts[0]
    for part in parts[1:]:
        for what in ("columns", "task", "rate_hz", "embodiment", "cameras"):
            if getattr(part, what) != getattr(first, what):
                raise DataError(f"{part.folder} and {first.folder} differ in {what}; merge datasets of one kind")
    count = 0
    with Writer(folder, robot, first.task, first.rate_hz, first.columns, note, **settings) as writer:
        for part in parts:
            for index in range(len(part)):
                writer.add(part.episode(index), {c: part.film(index, c) for c in part.cameras})
                count += 1
    return count


def collect_dataset(
    *,
    agent: str,
    task: str,
    embodiment: str,
    episodes: int,
    folder: Path,
    worlds: Callable[..., World],
    split: str = "seen",
    seed: int = 0,
    families: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    noise: Noise | None = None,
    jobs: int = 1,
    batch: int = 8,
    shard: int = 16,
    images: Mapping[str, Any] | None = None,
) -> str:
    """Record `episodes` episodes and keep the successes as a LeRobot dataset.

    Until all are done, shares lie in a folder beside it that ends in ".shares", each a dataset of its own; run again,
    it goes on where it stopped. Arguments are those of demonstrations.collect; `images`, if given, asks the worlds for
    pictures (fields of sensors.images.ImageRequest), which become films.

    Returns:
      A sentence that says what was kept.

    Raises:
      DataError: the folder is there, or shares of another collection are; or nothing succeeded.
      MissingExtra: pyarrow is not installed.
    """
    from rich.progress import track

    pyarrow()
    if folder.exists():
        raise DataError(f"{folder} exists already; choose another folder, or delete it")
    robot = load_embodiment(embodiment)
    asked = {
        "format": FORMAT, "agent": agent, "task": task, "embodiment": embodiment, "digest": robot.digest,
        "episodes": episodes, "split": split, "seed": seed, "families": list(families),
        "settings": dict(settings or {}), "noise": asdict(noise or Noise()), "shard": shard,
        "images": dict(images or {}),
    }  # fmt: skip
    shares = folder.with_name(f"{folder.name}.shares")
    shares.mkdir(parents=True, exist_ok=True)
    note = shares / NOTE
    if note.is_file() and json.loads(note.read_text()) != asked:
        raise DataError(f"{shares} holds the beginning of another collection; finish it as it began, or delete it")
    note.write_text(json.dumps(asked, indent=1))
    drawn = list(enumerate(draw(load_task(task), seed, split, episodes, families)))
    groups = (*GROUPS, "rgb") if images else GROUPS
    if images:
        worlds = partial(worlds, images=dict(images))
    work = Shares(agent, dict(settings or {}), task, embodiment, noise or Noise(), batch, worlds, shares, groups)
    todo = list(shared_out(drawn, shard))
    left = [share for share in todo if not _place(shares, share).is_dir()]
    with Crew(work, min(max(1, jobs), len(left))) as crew:
        for _ in track(crew.run(left), "collecting", total=len(left)):
            pass
    parts = [part for part in (open_dataset(_place(shares, share), robot) for share in todo) if len(part)]
    if not parts:
        raise DataError(f"none of {episodes} episodes succeeded, so there is nothing to keep; {shares} can be deleted")
    kept = merge(parts, folder, robot, asked)
    shutil.rmtree(shares)
    return f"{kept} of {episodes} episodes succeeded and were kept in {folder}"


def shared_out(drawn: Share, most: int) -> Iterator[Share]:
    """Yield shares of at most `most` trials, smaller towards the end: then no process works alone for long."""
    begin = 0
    while begin < len(drawn):
        end = begin + min(most, max(4, -(-(len(drawn) - begin) // 4)))
        yield drawn[begin:end]
        begin = end


def _place(folder: Path, share: Share) -> Path:
    return folder / f"share-{share[0][0]:06d}"
