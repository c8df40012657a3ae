"""`dexbench suite show`: what a suite measures."""

import argparse
from collections import Counter

from dexbench.evaluation.suite import Suite, load_suite

DESCRIPTION = """\
Show a suite: protocol, hash of its table, entries, and which objects are the targets.

  dexbench suite show quick
  dexbench suite show mine.yaml"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="a name, or a path to a YAML file")


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    show(load_suite(arguments.name))
    return 0


def show(suite: Suite) -> None:
    """Print what `suite` measures."""
    print(f"{suite.name}: {suite.description}")
    print(f"  protocol {suite.protocol}, {len(suite.episodes)} episodes, table {suite.table[:16]}, {suite.path}")
    for entry in suite.entries:
        splits = ", ".join(f"{count} {split}" for split, count in entry.splits.items())
        print(f"  {entry.name}: {entry.task} on {entry.embodiment}, {splits}; at most {entry.attempts} attempts")
        rows = [e.trial for e in suite.episodes if e.entry == entry.name]
        objects = Counter(t.named.instance.rpartition("_")[0] for t in rows if t.named)
        print(f"    {', '.join(f'{family} {count}' for family, count in sorted(objects.items()))}")
