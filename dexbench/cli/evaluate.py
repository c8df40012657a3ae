"""`dexbench eval`: run agents on a suite, resumably."""

import argparse
import shlex
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

from dexbench.core.errors import ContractError, DataError, MissingExtra, RunError
from dexbench.core.shelf import AGENTS, constants, locate, names
from dexbench.evaluation.runner import evaluate
from dexbench.evaluation.suite import load_suite

from ._runs import MARK, cores, parse_settings
from .summary import summary
from .worlds import simulated

DESCRIPTION = """\
Run agents on every episode of a suite. Each episode is recorded as it ends, in
OUT/SUITE/AGENT. Stop with Ctrl-C, or lose power: the same command goes on where it
stopped and ends with the same bytes.

  dexbench eval --agent scripted --suite quick
  dexbench eval --agent scripted,zero --suite quick --jobs 2
  dexbench eval --agent all --suite quick              every agent that fits the suite
  dexbench eval --agent random --suite quick --setting scale=0.5
  dexbench eval --agent scripted --suite mine.yaml --reuse runs/core/scripted
                                                       rows of equal trials are taken over

Afterwards: `dexbench verify OUT/SUITE/AGENT`, `dexbench leaderboard OUT`."""

ALL = "all"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--agent", required=True, metavar="A[,B]", help="names, with commas between; or all")
    parser.add_argument("--suite", required=True, metavar="S", help="a name, or a path to a YAML file")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="where records go (default: runs)")
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE", help="for the agent")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (default: one a core)")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="worlds a process (default: 8)")
    parser.add_argument(
        "--reuse", action="append", default=[], type=Path, metavar="RUN", help="take over rows of equal trials from it"
    )
    parser.add_argument("--fresh", action="store_true", help="throw earlier records of this run away")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate each agent; 0 if all that were named could run."""
    everyone = arguments.agent == ALL
    agents = everybody() if everyone else [a for a in arguments.agent.split(",") if a]
    if not agents:
        raise DataError(f"--agent {arguments.agent!r} names no agent; there are {', '.join(names(AGENTS))}, or all")
    for agent in agents:  # a misspelt second name is said now, not after the first agent's hour
        locate(AGENTS, agent)
    for option in ("jobs", "batch"):
        if getattr(arguments, option) < 1:
            raise DataError(f"--{option} must be at least 1")
    suite = load_suite(arguments.suite)
    settings = parse_settings(arguments.setting)
    refused = []
    for agent in agents:
        folder = arguments.out / suite.name / agent
        if arguments.fresh:
            discard(folder)
        try:
            done = evaluate(
                suite,
                agent,
                folder,
                partial(simulated, images=constants(AGENTS, agent).get("IMAGES")),
                settings=settings,
                jobs=arguments.jobs,
                batch=arguments.batch,
                progress=not arguments.quiet,
                command=command(agent, arguments.suite, settings),
                reuse=arguments.reuse,
            )
        except (ContractError, DataError, MissingExtra) as error:
            if len(agents) == 1:
                raise
            refused.append(agent)
            print(f"dexbench: {agent} is left out: {error}", file=sys.stderr)
            continue
        print(summary(done))
    return 2 if refused and not everyone else 0


def everybody() -> list[str]:
    """Return the agents that "all" means: not the cheats that only an audit asks, which no board shows."""
    return [a for a in names(AGENTS) if constants(AGENTS, a).get("AUDIT_ONLY") is not True]


def command(agent: str, suite: str, settings: dict[str, Any]) -> str:
    """Return the command that repeats this run; what does not change its records is left out."""
    words = ["dexbench", "eval", "--agent", agent, "--suite", suite]
    for name, value in sorted(settings.items()):
        words += ["--setting", f"{name}={value}"]
    return shlex.join(words)


def discard(folder: Path) -> None:
    """Remove an earlier run; refuse a folder that is none."""
    if not folder.exists():
        return
    if not (folder / MARK).is_file():
        raise RunError(f"{folder} is no run (it has no {MARK}): not removed")
    shutil.rmtree(folder)
