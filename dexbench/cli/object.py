"""`dexbench object`: bring an object of your own, see what there is."""

import argparse
import importlib
import importlib.util

DESCRIPTION = """\
Bring an object of your own as a mesh, see what there is (docs/own_objects.md).

  dexbench object add cup.stl --name my_cup --mass 0.2
  dexbench object list bottle         instances with their names in instructions
  dexbench object show my_cup         sizes, mass, parts, pieces

`dexbench object VERB --help` explains a verb."""

VERBS = {
    "add": ("object_add", "bring a mesh of your own: OBJ, STL, PLY or GLB"),
    "list": ("object_list", "instances, and how instructions call them"),
    "show": ("object_show", "what is known of one object"),
    "sheet": ("object_sheet", "a picture of many objects"),
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
