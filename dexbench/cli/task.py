"""`dexbench task`: what tasks there are, a page about each, a picture of one episode."""

import argparse

from ._verbs import Verbs, declare, perform

DESCRIPTION = """\
See what tasks there are, and what each is about.

  dexbench task list
  dexbench task sheet lift_tray --embodiment shadow_ur10e_bimanual --out tray.png
  dexbench task page --out docs/tasks            a page for every task, with pictures
  dexbench task page --out docs/tasks --check    are they those that would be written?

`dexbench task VERB --help` explains a verb."""

VERBS: Verbs = {
    "list": ("task_list", "name, hands, stages, and what it needs two hands or touch for"),
    "page": ("task_page", "write a page for each task: all of it follows from code and published results"),
    "films": ("task_films", "how the expert fails where it fails often, one film for each kind"),
    "sheet": ("task_sheet", "start, middle and end of one episode in one picture"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    declare(parser, VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    return perform(arguments, VERBS)
