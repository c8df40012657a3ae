"""`dexbench grasp`: judge grasps by the metrics of the field."""

import argparse

from dexbench.cli import grasp_evaluate

DESCRIPTION = """\
Judge grasps by the metrics of the field.

  dexbench grasp evaluate my_hand/can_01.npz     force closure, depth, contact, diversity

`dexbench grasp VERB --help` explains a verb."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", prog=parser.prog)
    inner = verbs.add_parser(
        "evaluate",
        help="a table of the metrics that a file of grasps allows",
        description=grasp_evaluate.DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    grasp_evaluate.configure(inner)


def run(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    return grasp_evaluate.run(arguments)
