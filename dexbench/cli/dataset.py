"""`dexbench dataset`: look at datasets of demonstrations, check them, map them to other hands, convert strangers'."""

import argparse

from ._verbs import Verbs, declare, perform

DESCRIPTION = """\
Look at a dataset, check it, map it to another hand, convert another project's
(docs/datasets.md). `dexbench collect --format lerobot` records one.

  dexbench dataset info can_grasps
  dexbench dataset check can_grasps
  dexbench dataset retarget can_grasps --embodiment psibot_rm75 --out can_psibot
  dexbench dataset convert realdex_folder --layout realdex --out realdex_lerobot

`dexbench dataset VERB --help` explains a verb."""

VERBS: Verbs = {
    "info": ("dataset_info", "what a dataset holds"),
    "check": ("dataset_check", "whether it is whole, and still plays to what was recorded"),
    "retarget": ("dataset_retarget", "map one hand's demonstrations to another, and play them there"),
    "convert": ("dataset_convert", "read RealDex's or DexGraspVLA's files into our layout"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    declare(parser, VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    return perform(arguments, VERBS)
