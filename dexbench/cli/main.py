"""The command line: finds the verb, imports only its module, turns errors into one plain line."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from dexbench import __version__
from dexbench.core.errors import DexBenchError, UnknownName

VERBS = {
    "list": ("listing", "what there is: tasks, agents, embodiments, hands, arms, suites, drivers"),
    "doctor": ("doctor", "what is installed, what is missing, and the command that mends it"),
    "view": ("view", "look at a task on an embodiment"),
    "eval": ("evaluate", "run agents on a suite; stop it and run it again to go on"),
    "verify": ("verify", "re-simulate a run without its policy and say which rows hold"),
    "replay": ("replay", "re-simulate one episode, and film it"),
    "motions": ("motions", "how far the motions of one run are from those of another on the same trials"),
    "audit": ("audit", "ask cheats and an expert about the success rules of all tasks"),
    "leaderboard": ("leaderboard", "write the leaderboard of all runs: JSON, Markdown, one HTML page"),
    "collect": ("collect", "record demonstrations of an agent"),
    "dataset": ("dataset", "look at demonstrations, check them, map them to other hands"),
    "train": ("train", "train an agent"),
    "hand": ("hand", "bring a hand of your own, check it, measure what a hand can do"),
    "task": ("task", "what tasks there are, a page about each, a picture of one episode"),
    "object": ("object", "bring an object of your own, see what there is"),
    "grasp": ("grasp", "judge grasps by the metrics of the field"),
    "suite": ("suite", "show a suite, or freeze its table of episodes"),
    "robustness": ("robustness", "what can be perturbed, and how success falls under it"),
}
"""Verb to (module in this folder, summary). A module offers DESCRIPTION, configure(parser) and run(arguments)."""

DESCRIPTION = """\
DexBench compares policies for two-handed robots with multi-fingered hands and touch."""

EPILOG = """\
a first walk:
  dexbench doctor                                  is everything here?
  dexbench list                                    names of tasks, agents, suites ...
  dexbench eval --agent scripted --suite quick     measure an agent; records go to runs/
  dexbench verify runs/quick/scripted              anybody can check them
  dexbench leaderboard                             the page, in leaderboard/

`dexbench VERB --help` explains a verb."""

STOPPED = 130
"""Exit status after Ctrl-C, as shells have it."""
FAILED = 2
"""Exit status when something asked for cannot be done."""


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print `message` and where help is, and exit."""
        self.exit(FAILED, f"dexbench: {message}\n(`{self.prog} --help` explains)\n")

    def parse_known_args(self, *given: Any) -> Any:  # type: ignore[override]
        """Refuse what is left over here, so that the verb which did not know it names its own help."""
        found, rest = super().parse_known_args(*given)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found, rest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status: 0 done, 1 a check failed, 2 not possible, 130 stopped."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [w for w in words if w != "--debug"]
    try:
        return _dispatch(words)
    except DexBenchError as error:
        if debug:
            raise
        print(f"dexbench: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt as stop:
        if debug:
            raise
        print(f"\ndexbench: {str(stop) or 'stopped; run the same command again to go on'}", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # The reader of our output has gone (`dexbench list | head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if debug:
            raise
        print(f"dexbench: {error}", file=sys.stderr)
        return FAILED


def _dispatch(words: list[str]) -> int:
    """Run the verb that `words` begin with."""
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if words[0] == "--version":
        print(f"dexbench {__version__}")
        return 0
    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        raise UnknownName("verb", verb, VERBS)
    module = importlib.import_module(f"dexbench.cli.{VERBS[verb][0]}")
    parser = Parser(
        prog=f"dexbench {verb}",
        description=module.DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="`--debug` shows where an error comes from.",
        allow_abbrev=False,
    )
    module.configure(parser)
    status: int = module.run(parser.parse_args(rest))
    return status


def _overview() -> str:
    """Return the help of the command as a whole."""
    verbs = "\n".join(f"  {verb:<13}{summary}" for verb, (_, summary) in VERBS.items())
    return f"usage: dexbench VERB ...\n\n{DESCRIPTION}\n\nverbs:\n{verbs}\n\n{EPILOG}"


if __name__ == "__main__":
    sys.exit(main())
