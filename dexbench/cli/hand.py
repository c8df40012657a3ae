"""`dexbench hand`: bring a hand of your own, check it, measure what a hand can do."""

import argparse

from ._verbs import Verbs, declare, perform

DESCRIPTION = """\
Bring a hand of your own, check it, measure it (docs/hands.md).

  dexbench hand check my_hand.yaml    what is missing or wrong, all of it
  dexbench hand add my_hand.yaml      import an MJCF or URDF model
  dexbench hand report shadow         what a hand can do, on a page

`dexbench hand VERB --help` explains a verb."""

VERBS: Verbs = {
    "add": ("hand_add", "import an MJCF or URDF hand with a short YAML"),
    "check": ("hand_check", "say what is missing in a hand's file, all of it"),
    "report": ("hand_report", "measure what a hand can do, on a page"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    declare(parser, VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    return perform(arguments, VERBS)
