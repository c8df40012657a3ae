"""`dexbench object list`: instances and how instructions call them."""

import argparse

from dexbench.core.errors import UnknownName

DESCRIPTION = """\
List objects one by one: name, family, split, mass, and how instructions call them.

  dexbench object list
  dexbench object list mug bottle
  dexbench object list --own           only yours"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="only of these families")
    parser.add_argument("--split", choices=("seen", "unseen"), help="only these")
    parser.add_argument("--own", action="store_true", help="only those that are not DexBench's")


def run(arguments: argparse.Namespace) -> int:
    """Print one line an object."""
    from dexbench.objects.catalogue import load_object  # brings NumPy: not for --help
    from dexbench.objects.family import family_names, load_family, own_names

    known = own_names() if arguments.own else (*family_names(), *own_names())
    for name in arguments.families:
        if name not in known:
            raise UnknownName("object family", name, known)
    rows = [
        (instance.name, family, instance.split, f"{instance.mass:.3f} kg", load_object(instance.name).phrase)
        for family in arguments.families or known
        for instance in load_family(family).members.values()
        if arguments.split in (None, instance.split)
    ]
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(4)]
    for row in rows:
        print("  ".join([*(text.ljust(width) for text, width in zip(row[:4], widths, strict=True)), row[4]]))
    if not rows:
        print("(none)")
    return 0
