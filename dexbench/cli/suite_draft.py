"""`dexbench suite draft`: a suite of your own."""

import argparse
from pathlib import Path

from dexbench.core.errors import DataError
from dexbench.core.shelf import EMBODIMENTS, TASKS, hands_of, load_task, names
from dexbench.evaluation.drafting import draft
from dexbench.evaluation.freezing import freeze
from dexbench.evaluation.suite import load_suite

from .suite_show import show

DESCRIPTION = """\
Write a suite for tasks on robots, and freeze it. A task runs on robots with enough hands.

  dexbench suite draft mine.yaml --task pick_place,open_jar --embodiment shadow_ur10e_bimanual
  dexbench suite draft mine.yaml --embodiment psibot_rm75 --episodes 50"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="a path to a YAML file that is not there yet")
    parser.add_argument("--task", default="all", metavar="T[,T]", help="tasks, or all (default: all)")
    parser.add_argument("--embodiment", metavar="E[,E]", help="robots")
    parser.add_argument("--episodes", type=int, default=200, metavar="N", help="of each (default: 200)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the draw (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Write, freeze and show a suite; an earlier one in its place stays."""
    path = Path(arguments.name)
    if path.exists():
        raise DataError(f"{path} exists: take another name, or remove it with its table")
    if not arguments.embodiment:
        raise DataError(f"--embodiment names no robot; there are {', '.join(names(EMBODIMENTS))}")
    tasks = [load_task(t) for t in (names(TASKS) if arguments.task == "all" else arguments.task.split(","))]
    robots = arguments.embodiment.split(",")
    cells = [(task, robot) for task in tasks for robot in robots if hands_of(robot) >= task.hands]
    path.parent.mkdir(parents=True, exist_ok=True)
    text = draft(path, cells, arguments.episodes, arguments.seed)
    path.write_text(text, encoding="utf-8")
    freeze(path)
    show(load_suite(path))
    return 0
