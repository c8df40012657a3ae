"""Verbs of a verb: `dexbench hand add` and its like."""

import argparse
import importlib
from collections.abc import Mapping

Verbs = Mapping[str, tuple[str, str]]
"""Verb to (module in this folder, summary). A module offers DESCRIPTION, configure(parser) and run(arguments)."""


def declare(parser: argparse.ArgumentParser, verbs: Verbs) -> None:
    """Give `parser` a sub-parser for each of `verbs`."""
    parsers = parser.add_subparsers(dest="verb", required=True, metavar="VERB", prog=parser.prog)
    for verb, (name, summary) in verbs.items():
        module = importlib.import_module(f"dexbench.cli.{name}")
        inner = parsers.add_parser(
            verb,
            help=summary,
            description=module.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.configure(inner)


def perform(arguments: argparse.Namespace, verbs: Verbs) -> int:
    """Run the one of `verbs` that was chosen, and return its exit status."""
    status: int = importlib.import_module(f"dexbench.cli.{verbs[arguments.verb][0]}").run(arguments)
    return status
