"""`dexbench robustness`: what can be perturbed, and how success falls in runs that were."""

import argparse
from pathlib import Path

from dexbench.evaluation.robustness import factors, falls, table
from dexbench.evaluation.rows import load_run

DESCRIPTION = """\
Perturbations are separable, graded factors that an entry of a suite can ask for.

  dexbench robustness                                   the factors and their levels
  dexbench eval --agent scripted --suite robustness
  dexbench robustness runs/robustness/scripted          how success falls under each"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", nargs="*", type=Path, help="folders of runs; none: show the factors")


def run(arguments: argparse.Namespace) -> int:
    """Print the tables as Markdown."""
    if not arguments.run:
        print(factors())
    for folder in arguments.run:
        found = load_run(folder)
        print(f"{found.info['agent']} on {found.info['suite']}, {len(found.episodes)} of {found.total} episodes\n")
        print(table(falls(found)), end="\n\n")
    return 0
