"""`dexbench suite`: look at a suite, or freeze its table of episodes."""

import argparse
from collections import Counter
from pathlib import Path

from dexbench.core.errors import DataError
from dexbench.core.shelf import EMBODIMENTS, TASKS, hands_of, load_task, names
from dexbench.evaluation.drafting import draft
from dexbench.evaluation.freezing import freeze
from dexbench.evaluation.suite import find_suite, load_suite, read_plan

DESCRIPTION = """\
A suite is a YAML file and a frozen table of episodes beside it, known by its hash.

  dexbench suite show quick
  dexbench suite freeze mine.yaml              draw the table of a new suite
  dexbench suite freeze mine.yaml --replace    draw another: results before and after
                                               do not compare, so raise `protocol` too
  dexbench suite draft mine.yaml --task pick_place,open_jar --embodiment shadow_ur10e_bimanual
                                               write and freeze one of your own"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", choices=("show", "freeze", "draft"))
    parser.add_argument("--replace", action="store_true", help="freeze: put another table in the frozen one's place")
    parser.add_argument("--task", default="all", metavar="T[,T]", help="draft: tasks, or all")
    parser.add_argument("--embodiment", metavar="E[,E]", help="draft: robots; a task runs on those with enough hands")
    parser.add_argument("--episodes", type=int, default=200, metavar="N", help="draft: of each (default: 200)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="draft: of the draw (default: 1)")
    parser.add_argument("name", metavar="NAME", help="a name, or a path to a YAML file")


def run(arguments: argparse.Namespace) -> int:
    """Show, freeze or draft."""
    if arguments.action == "draft":
        _draft(arguments)
    if arguments.action == "freeze":
        for entry in read_plan(find_suite(arguments.name)).entries:
            task, hands = load_task(entry.task), hands_of(entry.embodiment)
            if hands < task.hands:
                raise DataError(
                    f"entry {entry.name!r}: task {task.name!r} needs {task.hands} hands, "
                    f"{entry.embodiment!r} has {hands}"
                )
        freeze(arguments.name, replace=arguments.replace)
    suite = load_suite(arguments.name)
    print(f"{suite.name}: {suite.description}")
    print(f"  protocol {suite.protocol}, {len(suite.episodes)} episodes, table {suite.table[:16]}, {suite.path}")
    for entry in suite.entries:
        splits = ", ".join(f"{count} {split}" for split, count in entry.splits.items())
        print(f"  {entry.name}: {entry.task} on {entry.embodiment}, {splits}; at most {entry.attempts} attempts")
        rows = [e.trial for e in suite.episodes if e.entry == entry.name]
        objects = Counter(t.named.instance.rpartition("_")[0] for t in rows if t.named)
        print(f"    {', '.join(f'{family} {count}' for family, count in sorted(objects.items()))}")
    return 0


def _draft(arguments: argparse.Namespace) -> None:
    """Write and freeze a suite; an earlier one in its place stays."""
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
