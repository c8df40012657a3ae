"""`dexbench verify`: re-simulate runs without their policy."""

import argparse
from pathlib import Path

from dexbench.evaluation.journal import read_info
from dexbench.evaluation.suite import load_suite
from dexbench.evaluation.verification import verify

from ._runs import cores, find_runs
from .worlds import simulated

DESCRIPTION = """\
Simulate every row of a run again from its recorded actions, without the policy, and say
which rows hold: an edited score, action, seed or table, a missing or repeated row is
named. The exit status is 0 if all rows hold and 1 if not.

  dexbench verify runs/quick/scripted
  dexbench verify runs                    every run below"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder, or a folder of runs")
    parser.add_argument("--suite", metavar="S", help="a suite of your own: name or YAML file (default: the run's)")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (default: one a core)")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="worlds a process (default: 8)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Verify each run; 1 if a row of any does not hold."""
    held = True
    for folder in find_runs(arguments.run):
        suite = load_suite(arguments.suite or read_info(folder)["suite"])
        report = verify(
            folder, suite, simulated, jobs=arguments.jobs, batch=arguments.batch, progress=not arguments.quiet
        )
        print(report.text())
        held &= report.ok
    return 0 if held else 1
