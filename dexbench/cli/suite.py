"""`dexbench suite`: look at suites, freeze the table of one, draft one of your own."""

import argparse

from ._verbs import Verbs, declare, perform

DESCRIPTION = """\
A suite is a YAML file and a frozen table of episodes beside it, known by its hash.

  dexbench suite show quick
  dexbench suite freeze mine.yaml              draw the table of a new suite
  dexbench suite draft mine.yaml --task pick_place,open_jar --embodiment shadow_ur10e_bimanual
                                               write and freeze one of your own

`dexbench suite VERB --help` explains a verb."""

VERBS: Verbs = {
    "show": ("suite_show", "its entries, episodes and objects"),
    "freeze": ("suite_freeze", "draw the table of a suite"),
    "draft": ("suite_draft", "write a suite for tasks and robots, and freeze it"),
    "page": ("suite_page", "the page about all suites: all of it follows from them and from published results"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    declare(parser, VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    return perform(arguments, VERBS)
