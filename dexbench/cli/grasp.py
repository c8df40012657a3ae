"""`dexbench grasp`: find grasps, judge them by the metrics of the field, show what the library holds."""

import argparse

from ._verbs import Verbs, declare, perform

VERBS: Verbs = {
    "evaluate": ("grasp_evaluate", "a table of the metrics that a file of grasps allows"),
    "search": ("grasp_search", "find grasps of named parts, wrapped or pinched"),
    "export": ("grasp_export", "the library's grasps of what a suite asks for, as a file to evaluate"),
    "table": ("grasp_table", "what the grasp library holds, from the records of its searches"),
}

DESCRIPTION = """\
Find grasps, judge them by the metrics of the field, show what the library holds.

  dexbench grasp evaluate my_hand/can_01.npz     force closure, depth, contact, diversity
  dexbench grasp search --hand shadow --objects mug_01 --part handle --mode pinch
  dexbench grasp export --suite dexvlg --hand shadow --out grasps.npz
  dexbench grasp table                           shares that hold, by part class, mode and hand

`dexbench grasp VERB --help` explains a verb."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    declare(parser, VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    return perform(arguments, VERBS)
