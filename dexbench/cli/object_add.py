"""`dexbench object add`: a mesh of one's own becomes an object like every other."""

import argparse
import sys
from pathlib import Path

from dexbench.core.errors import DataError, UnknownName
from dexbench.core.shelf import home

DESCRIPTION = """\
Bring a mesh (OBJ, STL, PLY, GLB): it is checked (watertight, size, winding, weight), cut
into convex hulls by CoACD, stood on a table in simulation, and put into your own folder,
$DEXBENCH_HOME (by default ~/.dexbench). Any task may then have it as its object:

  dexbench object add cup.stl --name my_cup --mass 0.2 --unit mm --noun cup --colour red
  dexbench view grasp_object+my_cup shadow_ur10e

Cutting takes from nothing (convex) to a minute or more, can be stopped, and is kept: the
same mesh is not cut twice."""

GREY = (0.55, 0.56, 0.58)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("mesh", metavar="MESH", type=Path, help="OBJ, STL, PLY or GLB")
    parser.add_argument("--name", required=True, help="what the object is called here: small letters, digits, _")
    parser.add_argument("--mass", required=True, type=float, metavar="KG", help="its mass [kg]")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--unit", metavar="U", help="unit of the file: m (default), cm, mm, in")
    size.add_argument("--scale", type=float, metavar="F", help="metres for each unit of the file")
    parser.add_argument("--up", metavar="AXIS", help="axis of the file that points up (default: z, of GLB y)")
    parser.add_argument("--lay", action="store_true", help="lay it on the side from which it is hardest to tip over")
    parser.add_argument("--noun", metavar="WORDS", help="what an instruction calls it (default: its name)")
    parser.add_argument("--colour", metavar="WORD", default="grey", help="its colour in instructions (default: grey)")
    parser.add_argument(
        "--rgb", nargs=3, type=float, metavar=("R", "G", "B"), help="its colour to the eye, 0 to 1 each"
    )
    parser.add_argument("--friction", type=float, metavar="MU", help="sliding friction (default: 0.8)")
    parser.add_argument(
        "--split", choices=("seen", "unseen"), default="unseen", help="may agents train on it? (unseen)"
    )
    parser.add_argument("--close", action="store_true", help="close holes by flat fans")
    parser.add_argument("--large", action="store_true", help="take it even if it is too large for one hand")
    parser.add_argument("--hulls", type=int, metavar="N", help="at most so many convex hulls (default: 12)")
    parser.add_argument("--corners", type=int, metavar="N", help="at most so many corners a hull (default: 32)")
    parser.add_argument("--threshold", type=float, metavar="T", help="concavity left, 0.01 to 1 (default: 0.08)")
    parser.add_argument("--force", action="store_true", help="replace an object of yours that has this name")


def run(arguments: argparse.Namespace) -> int:
    """Make the object, write it, and say where it can be used."""
    from dexbench.objects.catalogue import load_object, refresh  # brings NumPy: not for --help
    from dexbench.objects.mesh_file import read_mesh
    from dexbench.objects.own_object import check, make

    wish = _wish(arguments)
    check(wish)
    _check_free(wish.name, f"{wish.color} {wish.noun}", arguments.force)
    try:
        made = make(read_mesh(arguments.mesh), wish, _show if sys.stderr.isatty() else lambda seconds: None)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped; nothing was written, and {wish.name!r} is as it was") from None
    path = made.write()
    refresh()
    model = load_object(wish.name)
    for note in made.notes:
        print(f"note: {note}")
    how = "as kept" if made.kept else f"in {made.seconds:.0f} s" if made.seconds else "it is convex"
    hulls = f"{made.hulls} hull{'s' * (made.hulls > 1)}"
    size = " x ".join(f"{1000 * side:.0f}" for side in made.extents)
    print(f"{path}: {size} mm, {wish.mass:g} kg, {hulls} with {made.corners} corners ({how})")
    print(f"instructions call it {model.phrase!r}")
    print(f"next: dexbench view grasp_object+{wish.name} shadow_ur10e")
    return 0


def _wish(arguments: argparse.Namespace):  # type: ignore[no-untyped-def]
    from dexbench.objects.decomposition import Effort
    from dexbench.objects.mesh_size import UNITS
    from dexbench.objects.own_object import FRICTION, Wish

    if arguments.unit is not None and arguments.unit not in UNITS:
        raise UnknownName("unit", arguments.unit, UNITS)
    rgb = arguments.rgb
    if rgb is None:
        known = _colours()
        if arguments.colour not in known:
            raise DataError(f"colour {arguments.colour!r} is none of {', '.join(sorted(known))}; say its --rgb too")
        rgb = known[arguments.colour]
    wanted = {n: getattr(arguments, n) for n in ("hulls", "corners", "threshold")}
    return Wish(
        name=arguments.name,
        mass=arguments.mass,
        noun=arguments.noun or arguments.name.replace("_", " "),
        color=arguments.colour,
        rgb=tuple(rgb),
        scale=arguments.scale if arguments.scale is not None else UNITS[arguments.unit or "m"],
        up=arguments.up or ("y" if arguments.mesh.suffix.lower() == ".glb" else "z"),
        lay=arguments.lay,
        friction=FRICTION[0] if arguments.friction is None else arguments.friction,
        split=arguments.split,
        close=arguments.close,
        large=arguments.large,
        effort=Effort(**{name: value for name, value in wanted.items() if value is not None}),
    )


def _colours() -> dict[str, tuple[float, float, float]]:
    """Return the colour words of DexBench's objects with the first colour that each stands for."""
    from dexbench.objects.family import family_names, load_family

    found = {"grey": GREY}
    for family in family_names():
        for instance in load_family(family).members.values():
            found.setdefault(instance.color, instance.rgb)
    return found


def _check_free(name: str, phrase: str, force: bool) -> None:
    """Raise DataError if name or phrase belong to another object."""
    from dexbench.objects.catalogue import members, own_objects, phrases
    from dexbench.objects.family import family_names, load_family, own_names

    path = home() / "objects" / f"{name}.yaml"
    mine = path.is_file()
    if name in members() or name in family_names() or (not mine and name in {*own_names(), *own_objects()}):
        raise DataError(f"there is an object {name!r} already, and it is not yours; give yours another name")
    if mine and not force:
        raise DataError(f"there is an object {name!r} already: {path}; --force replaces it")
    taken = dict(phrases())
    for family in own_names():
        if family != name:
            taken.update({load_family(family).phrase(instance): instance for instance in load_family(family).members})
    if phrase in taken:
        raise DataError(f"{taken[phrase]} is called {phrase!r} already: choose another --noun or --colour")


def _show(seconds: float) -> None:
    """Say on one line how long it has taken so far."""
    print(f"\rcutting into convex hulls: {seconds:.0f} s (Ctrl-C stops it)", end="", file=sys.stderr, flush=True)
