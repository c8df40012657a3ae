"""`dexbench task films`: how the expert fails where it fails often, one film for each kind."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dexbench.core.errors import DataError, DexBenchError
from dexbench.core.shelf import TASKS, load_task, names
from dexbench.core.task import Task
from dexbench.evaluation.published import Failed
from dexbench.evaluation.runner import evaluate
from dexbench.evaluation.statistics import Rate, weighted
from dexbench.evaluation.suite import load_suite
from dexbench.evaluation.task_facts import published, published_failures
from dexbench.evaluation.task_page import FILMS, film_name

from ._runs import cores
from .filming import Reel, shoot_all
from .task_sheet import EXPERT
from .worlds import simulated

DESCRIPTION = """\
Film how the expert fails: for each task and body on which its published rate is below
--below, the first episode of each failure code. The episodes are simulated again; one
that does not end as published is named, and not filmed. The task pages link to these
films. Films that are no longer wanted are removed.

  dexbench task films                    all tasks, into docs/tasks/failures
  dexbench task films open_jar --below 1
  dexbench task page                     then: the pages, with their links"""

FLOOR = {1: 0.9, 2: 0.7}
"""Rate that an expert should reach at least, by the number of hands that a task takes."""
SIZE = {"width": 240, "height": 194, "every": 5}
"""Settings of the studio: small, since there are many and they are kept beside the pages."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("task", nargs="*", metavar="TASK", help="default: every task")
    parser.add_argument("--out", type=Path, default=Path("docs/tasks"), metavar="FOLDER", help="default: docs/tasks")
    floors = ", ".join(f"{floor:g} for {hands}" for hands, floor in FLOOR.items())
    parser.add_argument("--below", type=float, metavar="RATE", help=f"rate that needs none (by hands: {floors})")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (default: one a core)")


def run(arguments: argparse.Namespace) -> int:
    """Film what is not there yet; 1 if an episode does not end as published."""
    if arguments.below is not None and not 0.0 < arguments.below <= 1.0:
        raise DataError(f"--below is {arguments.below:g}; it is a rate above 0, at most 1")
    if arguments.jobs < 1:
        raise DataError("--jobs must be at least 1")
    folder = arguments.out / FILMS
    tasks = [load_task(name) for name in arguments.task or names(TASKS)]
    wanted = [kind for task in tasks for kind in weak(task, arguments.below or FLOOR[task.hands])]
    if not arguments.task:
        for path in sorted({*folder.glob("*.mp4")} - {folder / film_name(kind) for kind in wanted}):
            path.unlink()
            print(f"removed {path}")
    missing = [kind for kind in wanted if not (folder / film_name(kind)).is_file()]
    differ = []
    for suite in dict.fromkeys(kind.suite for kind in missing):
        differ += film(suite, [kind for kind in missing if kind.suite == suite], folder, arguments.jobs)
    there = sorted(folder.glob("*.mp4"))
    print(f"{folder}: {len(there)} films, {sum(path.stat().st_size for path in there) / 2**20:.1f} MiB")
    for said in differ:
        print(f"not filmed: {said}")
    return 1 if differ else 0


def weak(task: Task, below: float) -> Iterator[Failed]:
    """Yield the first failure of each kind, of the bodies on which the expert's published rate is below `below`."""
    rates = published(task, EXPERT)
    for body, kinds in published_failures(task, EXPERT).items():
        together = weighted([Rate(m.successes, m.trials) for m in rates if m.embodiment == body])
        if together.value is not None and together.value < below:
            yield from kinds


def film(name: str, kinds: Sequence[Failed], folder: Path, jobs: int) -> list[str]:
    """Simulate and film episodes of a suite; return what is to be said of those that do not end as published.

    Raises:
      DexBenchError: no films can be made here.
    """
    suite = load_suite(name)
    episodes = [replace(suite.episodes[kind.episode], index=n) for n, kind in enumerate(kinds)]
    reels: dict[tuple[str, str], list[tuple[int, Path]]] = {}
    differ = []
    with TemporaryDirectory(prefix="dexbench-films-") as place:
        part = replace(suite, episodes=tuple(episodes))
        print(f"{len(kinds)} episodes of {name}: simulating them", flush=True)
        rows = evaluate(part, EXPERT, Path(place) / EXPERT, simulated, jobs=jobs, progress=True).episodes
        for kind, episode, row in zip(kinds, episodes, rows, strict=True):
            if row["failure"] == kind.code:
                film_of = (episode.index, folder / film_name(kind))
                reels.setdefault((episode.trial.task, episode.embodiment), []).append(film_of)
            else:
                was = f"ends with {row['failure']!r} here, published is {kind.code!r}"
                differ.append(f"episode {kind.episode} of {name} {was}")
        made = [Reel(Path(place) / EXPERT, *cell, tuple(films), SIZE) for cell, films in reels.items()]
        why_not = shoot_all(made, jobs)
        for path in (path for reel in made for _, path in reel.films):
            path.with_suffix(".png").unlink(missing_ok=True)  # the poster: pages link to films
        if why_not:
            raise DexBenchError(f"no films: {why_not}")
    return differ
