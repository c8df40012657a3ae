"""`dexbench hand`: bring a hand of your own, check it, measure what a hand can do."""

import argparse
import importlib
import importlib.util

DESCRIPTION = """\
Bring a hand of your own, check it, measure it (docs/hands.md).

  dexbench hand check my_hand.yaml    what is missing or wrong, all of it
  dexbench hand add my_hand.yaml      import an MJCF or URDF model
  dexbench hand report shadow         what a hand can do, on a page

`dexbench hand VERB --help` explains a verb."""

VERBS = {
    "add": ("hand_add", "import an MJCF or URDF hand with a short YAML"),
    "check": ("hand_check", "say what is missing in a hand's file, all of it"),
    "report": ("hand_report", "measure what a hand can do, on a page"),
}
"""Verb to (module in this folder, summary). A module offers DESCRIPTION, configure(parser) and run(arguments)."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs that are there."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", prog=parser.prog)
    for verb, (name, summary) in VERBS.items():
        if importlib.util.find_spec(f"dexbench.cli.{name}") is None:
            continue
        module = importlib.import_module(f"dexbench.cli.{name}")
        inner = verbs.add_parser(
            verb,
            help=summary,
            description=module.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.configure(inner)


def run(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    module = importlib.import_module(f"dexbench.cli.{VERBS[arguments.verb][0]}")
    status: int = module.run(arguments)
    return status
