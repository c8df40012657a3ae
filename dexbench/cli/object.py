"""`dexbench object`: bring an object of your own, see what there is."""

import argparse

from ._verbs import Verbs, declare, perform

DESCRIPTION = """\
Bring an object of your own as a mesh, see what there is (docs/own_objects.md).

  dexbench object add cup.stl --name my_cup --mass 0.2
  dexbench object list bottle         instances with their names in instructions
  dexbench object show my_cup         sizes, mass, parts, pieces

`dexbench object VERB --help` explains a verb."""

VERBS: Verbs = {
    "add": ("object_add", "bring a mesh of your own: OBJ, STL, PLY or GLB"),
    "list": ("object_list", "instances, and how instructions call them"),
    "show": ("object_show", "what is known of one object"),
    "sheet": ("object_sheet", "a picture of many objects"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    declare(parser, VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run the verb."""
    return perform(arguments, VERBS)
