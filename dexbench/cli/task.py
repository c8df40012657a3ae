"""`dexbench task`: what tasks there are, a page about each, a picture of one episode."""

import argparse
import importlib

DESCRIPTION = """\
See what tasks there are, and what each is about.

  dexbench task list
  dexbench task sheet lift_tray --embodiment shadow_ur10e_bimanual --out tray.png
  dexbench task page --out docs/tasks            a page for every task, with pictures
  dexbench task page --out docs/tasks --check    are they those that would be written?

`dexbench task VERB --help` explains a verb."""

VERBS = {
    "list": ("task_list", "name, hands, stages, and what it needs two hands or touch for"),
    "page": ("task_page", "write a page for each task: all of it follows from code and published results"),
    "sheet": ("task_sheet", "start, middle and end of one episode in one picture"),
}
"""Verb to (module in this folder, summary). A module offers DESCRIPTION, configure(parser) and run(arguments)."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", prog=parser.prog)
    for verb, (name, summary) in VERBS.items():
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
