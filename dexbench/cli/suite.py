"""`dexbench suite`: look at a suite, or freeze its table of episodes."""

import argparse

from dexbench.core.errors import DataError
from dexbench.core.shelf import SUITES, locate

DESCRIPTION = """\
A suite is a YAML file and a frozen table of episodes beside it, known by its hash.

  dexbench suite show quick
  dexbench suite freeze mine.yaml    draw the table anew: results before and after
                                     are no longer comparable, so raise `protocol` too"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", choices=("show", "freeze"))
    parser.add_argument("name", metavar="NAME", help="a name, or a path to a YAML file")


def run(arguments: argparse.Namespace) -> int:
    """Show or freeze."""
    if arguments.action == "show":
        return show(arguments.name)
    from dexbench.evaluation.suite import freeze

    freeze(arguments.name)
    print(f"the table of {arguments.name} was drawn anew")
    return show(arguments.name)


def show(name: str) -> int:
    """Print what a suite holds."""
    from dexbench.evaluation.suite import load_suite

    suite = load_suite(name)
    path = locate(SUITES, name) if not name.endswith(".yaml") else name
    if not suite:
        raise DataError(f"{path} holds no entries")
    print(path)
    return 0
