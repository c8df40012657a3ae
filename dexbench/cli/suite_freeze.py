"""`dexbench suite freeze`: draw the table of a suite."""

import argparse

from dexbench.core.errors import DataError
from dexbench.core.shelf import hands_of, load_task
from dexbench.evaluation.freezing import freeze
from dexbench.evaluation.suite import find_suite, load_suite, read_plan

from .suite_show import show

DESCRIPTION = """\
Draw the table of episodes of a suite beside its YAML file, and write the hash into that.

  dexbench suite freeze mine.yaml              draw the table of a new suite
  dexbench suite freeze mine.yaml --replace    draw another: results before and after
                                               do not compare, so raise `protocol` too"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="a path to a YAML file")
    parser.add_argument("--replace", action="store_true", help="put another table in the frozen one's place")


def run(arguments: argparse.Namespace) -> int:
    """Freeze and show."""
    for entry in read_plan(find_suite(arguments.name)).entries:
        task, hands = load_task(entry.task), hands_of(entry.embodiment)
        if hands < task.hands:
            raise DataError(
                f"entry {entry.name!r}: task {task.name!r} needs {task.hands} hands, {entry.embodiment!r} has {hands}"
            )
    freeze(arguments.name, replace=arguments.replace)
    show(load_suite(arguments.name))
    return 0
