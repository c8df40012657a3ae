"""`dexbench task films`: how the expert fails where it fails often, one film for each kind."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dexbench.core.errors import DataError, DexBenchError, RunError
from dexbench.core.shelf import TASKS, load_task, names
from dexbench.core.task import Task, versioned
from dexbench.evaluation.published import Failed
from dexbench.evaluation.statistics import Rate, weighted
from dexbench.evaluation.task_facts import published, published_failures
from dexbench.evaluation.task_page import FILMS, film_name

from ._runs import cores
from .filming import Reel, shoot_all
from .task_sheet import EXPERT

DESCRIPTION = """\
Film how the expert fails: for each task and body on which its published rate is below
--below, the first episode of each failure code, out of the runs that were published. The
task pages link to these films. Films of episodes that are no longer wanted are removed.

  dexbench task films                    all tasks, from runs, into docs/tasks/failures
  dexbench task films open_jar --below 1
  dexbench task page                     then: the pages, with their links"""

FLOOR = {1: 0.9, 2: 0.7}
"""Rate that an expert should reach at least, by the number of hands that a task takes."""
SIZE = {"width": 240, "height": 194, "every": 5}
"""Settings of the studio: small, since there are many and they are kept beside the pages."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("task", nargs="*", metavar="TASK", help="default: every task")
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="RUNS", help="default: runs")
    parser.add_argument("--out", type=Path, default=Path("docs/tasks"), metavar="FOLDER", help="default: docs/tasks")
    floors = ", ".join(f"{floor:g} for {hands}" for hands, floor in FLOOR.items())
    parser.add_argument("--below", type=float, metavar="RATE", help=f"rate that needs none (by hands: {floors})")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (default: one a core)")


def run(arguments: argparse.Namespace) -> int:
    """Film what is not there yet."""
    if arguments.below is not None and not 0.0 < arguments.below <= 1.0:
        raise DataError(f"--below is {arguments.below:g}; it is a rate above 0, at most 1")
    folder = arguments.out / FILMS
    tasks = [load_task(name) for name in arguments.task or names(TASKS)]
    wanted = [
        reel for task in tasks for reel in reels(task, arguments.runs, folder, arguments.below or FLOOR[task.hands])
    ]
    if not arguments.task:
        for path in sorted(set(folder.glob("*.mp4")) - {path for reel in wanted for _, path in reel.films}):
            path.unlink()
            print(f"removed {path}")
    why_not = shoot_all([reel for reel in map(_missing, wanted) if reel.films], arguments.jobs)
    if why_not:
        raise DexBenchError(f"no films: {why_not}")
    for poster in folder.glob("*.png"):
        poster.unlink()
    there = sorted(folder.glob("*.mp4"))
    print(f"{folder}: {len(there)} films, {sum(path.stat().st_size for path in there) / 2**20:.1f} MiB")
    return 0


def reels(task: Task, runs: Path, folder: Path, below: float) -> Iterator[Reel]:
    """Yield what is to be filmed of a task.

    Raises:
      RunError: a published run is not in `runs`.
    """
    for body, kinds in weak(task, below).items():
        for suite in dict.fromkeys(kind.suite for kind in kinds):
            if not (runs / suite / EXPERT).is_dir():
                made = f"dexbench eval --agent {EXPERT} --suite {suite} --out {runs}"
                raise RunError(f"{runs / suite / EXPERT} is not here; `{made}` makes it")
            films = tuple((kind.episode, folder / film_name(kind)) for kind in kinds if kind.suite == suite)
            yield Reel(runs / suite / EXPERT, versioned(task), body, films, SIZE)


def weak(task: Task, below: float) -> dict[str, list[Failed]]:
    """Return {body: the first failure of each kind} of the bodies on which the expert's rate is below `below`."""
    rates = published(task, EXPERT)
    found = {}
    for body, kinds in published_failures(task, EXPERT).items():
        together = weighted([Rate(m.successes, m.trials) for m in rates if m.embodiment == body])
        if together.value is not None and together.value < below:
            found[body] = kinds
    return found


def _missing(reel: Reel) -> Reel:
    """Return a reel of the films that are not there yet."""
    return replace(reel, films=tuple(film for film in reel.films if not film[1].is_file()))
