"""`dexbench verify`: re-simulate runs without their policy."""

import argparse
import secrets
from pathlib import Path
from random import Random

from dexbench.core.errors import DataError
from dexbench.evaluation.journal import read_info
from dexbench.evaluation.suite import load_suite
from dexbench.evaluation.verification import verify

from ._runs import cores, find_runs
from .worlds import simulated

DESCRIPTION = """\
Simulate every row of a run again from its recorded actions, without the policy, and say
which rows hold: an edited score, action, seed or table, a missing or repeated row is
named. The exit status is 0 if all rows hold and 1 if not.

A large run can be checked by a sample: all rows are read, and as many as asked for,
drawn by chance, are simulated again.

  dexbench verify runs/quick/scripted
  dexbench verify runs                    every run below
  dexbench verify runs --sample 100       100 rows of each"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder, or a folder of runs")
    parser.add_argument("--suite", metavar="S", help="a suite of your own: name or YAML file (default: the run's)")
    parser.add_argument("--sample", type=int, metavar="N", help="simulate so many rows, drawn by chance")
    parser.add_argument("--seed", type=int, metavar="S", help="of the draw (default: a new one, which is said)")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (default: one a core)")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="worlds a process (default: 8)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Verify each run; 1 if a row of any does not hold."""
    for option, least in (("sample", 1), ("seed", 0)):
        given = getattr(arguments, option)
        if given is not None and given < least:
            raise DataError(f"--{option} is {given}; it must be {least} or more")
    if arguments.seed is not None and arguments.sample is None:
        raise DataError("--seed is of a draw, and nothing is drawn: give --sample N too, or leave --seed out")
    held = True
    # Nobody who makes a run may know which of its rows will be drawn.
    seed = secrets.randbelow(2**32) if arguments.seed is None else arguments.seed
    for folder in find_runs(arguments.run):
        suite = load_suite(arguments.suite or read_info(folder)["suite"])
        drawn = _draw(len(suite.episodes), arguments.sample, seed)
        report = verify(
            folder,
            suite,
            simulated,
            jobs=arguments.jobs,
            batch=arguments.batch,
            progress=not arguments.quiet,
            only=drawn,
        )
        print(report.text() + ("" if drawn is None else f" (drawn with seed {seed})"))
        held &= report.ok
    return 0 if held else 1


def _draw(total: int, sample: int | None, seed: int) -> list[int] | None:
    """Return the rows of a sample; None is all of them."""
    if sample is None or sample >= total:
        return None
    return sorted(Random(seed).sample(range(total), sample))
