"""`dexbench grasp`: find grasps, judge them by the metrics of the field, show what the library holds."""

import argparse
import importlib

VERBS = {
    "evaluate": ("grasp_evaluate", "a table of the metrics that a file of grasps allows"),
    "search": ("grasp_search", "find grasps of named parts, wrapped or pinched"),
    "export": ("grasp_export", "the library's grasps of what a suite asks for, as a file to evaluate"),
    "table": ("grasp_table", "what the grasp library holds, from the records of its searches"),
}
"""Verb to (module in this folder, summary)."""

DESCRIPTION = """\
Find grasps, judge them by the metrics of the field, show what the library holds.

  dexbench grasp evaluate my_hand/can_01.npz     force closure, depth, contact, diversity
  dexbench grasp search --hand shadow --objects mug_01 --part handle --mode pinch
  dexbench grasp export --suite dexvlg --hand shadow --out grasps.npz
  dexbench grasp table                           shares that hold, by part class, mode and hand

`dexbench grasp VERB --help` explains a verb."""


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
    status: int = importlib.import_module(f"dexbench.cli.{VERBS[arguments.verb][0]}").run(arguments)
    return status
