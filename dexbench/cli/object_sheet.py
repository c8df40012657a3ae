"""`dexbench object sheet`: a picture of many objects."""

import argparse
from pathlib import Path

DESCRIPTION = """\
Write a picture of objects as they rest on a table: of those named, or of sixty, family by turns.

  dexbench object sheet objects.png
  dexbench object sheet mugs.png --family mug
  dexbench object sheet parts.png mug_01 teapot_02 --parts"""

COUNT = 60
COLUMNS = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("picture", type=Path, metavar="OUT.png")
    parser.add_argument("names", nargs="*", metavar="OBJECT", help="names: dexbench object list")
    parser.add_argument("--family", help="all objects of a family")
    parser.add_argument("--collection", help="all objects of a collection, such as gr_dexter")
    parser.add_argument("--count", type=int, default=COUNT, help=f"how many, where none are named (default: {COUNT})")
    parser.add_argument("--columns", type=int, default=COLUMNS, help=f"pictures in a row (default: {COLUMNS})")
    parser.add_argument("--parts", action="store_true", help="show what collides, coloured by part")
    parser.add_argument("--size", type=int, default=176, metavar="PIXELS", help="side of each picture (default: 176)")


def run(arguments: argparse.Namespace) -> int:
    """Write the picture."""
    from dexbench.cli.view import png
    from dexbench.core.errors import DataError
    from dexbench.objects.catalogue import members
    from dexbench.objects.collection import collection
    from dexbench.sensors.object_sheet import everything, object_sheet

    if min(arguments.count, arguments.columns, arguments.size) < 1:
        raise DataError("--count, --columns and --size are at least 1")
    names = list(arguments.names)
    if arguments.family:
        names += members(arguments.family)
    if arguments.collection:
        names += collection(arguments.collection).objects
    names = names or list(everything(arguments.count))
    pixels = object_sheet(names, arguments.columns, parts=arguments.parts, size=arguments.size)
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    arguments.picture.write_bytes(png(pixels))
    print(f"Sheet of {len(names)} objects: {arguments.picture}")
    return 0
