"""`dexbench dataset`: look at datasets of demonstrations, check them, map them to other hands, convert strangers'."""

import argparse
import importlib
import importlib.util

DESCRIPTION = """\
Look at a dataset, check it, map it to another hand, convert another project's
(docs/datasets.md). `dexbench collect --format lerobot` records one.

  dexbench dataset info can_grasps
  dexbench dataset check can_grasps
  dexbench dataset retarget can_grasps --embodiment psibot_rm75 --out can_psibot
  dexbench dataset convert realdex_folder --layout realdex --out realdex_lerobot

`dexbench dataset VERB --help` explains a verb."""

VERBS = {
    "info": ("dataset_info", "what a dataset holds"),
    "check": ("dataset_check", "whether it is whole, and still plays to what was recorded"),
    "retarget": ("dataset_retarget", "map one hand's demonstrations to another, and play them there"),
    "convert": ("dataset_convert", "read RealDex's or DexGraspVLA's files into our layout"),
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
