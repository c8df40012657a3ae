"""`dexbench object show`: what is known of one object."""

import argparse
from collections import Counter

DESCRIPTION = """\
Show one object: sizes, mass, friction, parts, and of what it is made for collisions.

  dexbench object show mug_01"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="OBJECT", help="its name: dexbench object list")


def run(arguments: argparse.Namespace) -> int:
    """Print what is known."""
    from dexbench.core.shelf import OBJECTS, locate
    from dexbench.objects.catalogue import load_object  # brings NumPy: not for --help

    model = load_object(arguments.name)
    size = " x ".join(f"{1000 * side:.0f}" for side in model.vertices.max(axis=0) - model.vertices.min(axis=0))
    shapes = ", ".join(f"{count} {shape}" for shape, count in Counter(p.shape for p in model.pieces).items())
    sliding, torsional, rolling = model.friction.tolist()
    x, y, z = (1000 * model.center_of_mass).tolist()
    for what, text in {
        "file": str(locate(OBJECTS, model.family)),
        "called": f"{model.phrase!r}; also {', '.join(model.words)}",
        "split": model.split,
        "size": f"{size} mm",
        "mass": f"{model.mass:g} kg, centre at ({x:.1f}, {y:.1f}, {z:.1f}) mm",
        "friction": f"{sliding:g} sliding, {torsional:g} m torsional, {rolling:g} m rolling",
        "parts": ", ".join(f"{part.name} ({part.part_class})" for part in model.parts),
        "pieces": shapes,
        "surface": f"{len(model.faces)} triangles",
        "rests": ", ".join(pose.name for pose in model.rest),
    }.items():
        print(f"{what:<9}{text}")
    return 0
