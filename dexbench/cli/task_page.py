"""`dexbench task page`: a page for each task, written from code and published results."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from dexbench.core.errors import DataError, DexBenchError
from dexbench.core.shelf import TASKS, constants, load_embodiment, load_task, names
from dexbench.core.task import Task

from .task_sheet import EXPERT, first_body, shoot, write_png

DESCRIPTION = """\
Write a page for each task: picture, rule, stages, failure codes, numbers, instructions
and splits, spaces, suites, perturbations, the expert's published rates, the audit.
Nothing in it is typed by hand, so nothing in it goes stale unseen.

  dexbench task page                          all tasks, into docs/tasks
  dexbench task page lift_tray --picture --camera side
                                              one, with a new picture
  dexbench task page --check                  are the pages those that would be written?

A picture is made where there is none: one episode of the expert, the first of --tries
that succeeds. The exit status of --check is 1 if a page is stale or a picture missing."""

INDEX = "README.md"
SEEN = ("state", "objects", "kinds", "touch", "fingertips")
"""Observation groups on a page: those that need no camera."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("task", nargs="*", metavar="TASK", help="default: every task")
    parser.add_argument("--out", type=Path, default=Path("docs/tasks"), metavar="FOLDER", help="default: docs/tasks")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a page is stale")
    parser.add_argument("--picture", action="store_true", help="make pictures anew")
    parser.add_argument("--no-pictures", action="store_true", help="make none, even where there is none")
    parser.add_argument("--tries", type=int, default=8, metavar="N", help="episodes for a picture (default: 8)")
    parser.add_argument("--camera", default="front", help="of pictures: front, side, top (default: front)")


def run(arguments: argparse.Namespace) -> int:
    """Write the pages, or say which are stale."""
    from dexbench.evaluation.publication import write_text

    if arguments.tries < 1:
        raise DataError("--tries must be at least 1")
    stale = 0
    for path, text in pages(arguments.task, arguments.out):
        if not arguments.check:
            write_text(path, text)
            print(path)
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale += 1
            print(f"STALE: {path}: dexbench task page --out {arguments.out}")
    for name in arguments.task or names(TASKS):
        picture = arguments.out / f"{load_task(name).name}.png"
        if arguments.check and not picture.is_file():
            stale += 1
            print(f"MISSING: {picture}: dexbench task page {name} --out {arguments.out}")
        elif not arguments.check and not arguments.no_pictures and (arguments.picture or not picture.is_file()):
            print(f"{picture}: {_draw(load_task(name), picture, arguments.tries, arguments.camera)}")
    return int(stale > 0)


def pages(wanted: list[str], out: Path) -> Iterator[tuple[Path, str]]:
    """Yield (path, text) of the pages of tasks; of all, with the page that names them, where none is named."""
    from dexbench.evaluation.task_page import FILMS, index_page, task_page
    from dexbench.sim.world import SimWorld

    tasks = [load_task(name) for name in wanted or names(TASKS)]
    films = {path.name for path in (out / FILMS).glob("*.mp4")}
    titles = [str(constants(TASKS, task.name)["doc"]) for task in tasks]
    for task, title in zip(tasks, titles, strict=True):
        robot = load_embodiment(first_body(task))
        world = SimWorld(task, robot, 1, groups=[group for group in SEEN if group != "touch" or robot.pads])
        yield out / f"{task.name}.md", task_page(task, world.spec, title, EXPERT, films)
        world.close()
    if not wanted:
        yield out / INDEX, index_page(list(zip(tasks, titles, strict=True)))


def _draw(task: Task, path: Path, tries: int, camera: str) -> str:
    """Write a task's picture and return what it shows; keep the last try if none succeeds."""
    said = ""
    for seed in range(tries):
        try:
            shown = shoot(task, first_body(task), EXPERT, task.splits[0], seed, camera)
        except DexBenchError as error:
            return f"no picture: {error}"
        said = f"seed {seed}: " + (f"success, {shown.seconds:.1f} s" if shown.success else f"failure ({shown.failure})")
        if shown.failure in task.failures:  # a policy that crashed shows nothing of the task
            write_png(shown.sheet, path)
        if shown.success:
            break
    return said if path.is_file() else f"no picture: {said}"
