"""`dexbench hand add`: bring an MJCF or URDF hand with one short YAML."""

import argparse
import shutil
import tempfile
from pathlib import Path

from dexbench.core.errors import DataError
from dexbench.core.shelf import EMBODIMENTS, HANDS, entries, home, names, refresh

DESCRIPTION = """\
Import a hand: the short YAML names a model (MJCF or URDF) and says which links are
fingers and which joints are driven (docs/hands.md). It is written in DexBench's own
format into your folder of robots, $DEXBENCH_HOME (by default ~/.dexbench), verified
against the model, and from then on stands on every arm: dexbench list embodiments

  dexbench hand add my_hand.yaml
  dexbench view grasp_object my_hand_ur10e"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", metavar="SHORT.yaml", type=Path, help="the short YAML")
    parser.add_argument("--force", action="store_true", help="replace a hand of yours that has this name")


def run(arguments: argparse.Namespace) -> int:
    """Import, write, and say where it can be used."""
    from dexbench.robots.importing import import_hand  # compiles MuJoCo models: not for --help

    found = import_hand(arguments.file)
    folder = home() / "hands" / found.name
    known = entries(HANDS).get(found.name)
    if known is not None and Path(known) != folder / "hand.yaml":
        raise DataError(f"there is a hand {found.name!r} already: {known}; give yours another name")
    if known is not None and not arguments.force:
        raise DataError(f"there is a hand {found.name!r} already: {known}; --force replaces it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="_") as made:  # a stopped import leaves no half hand
        found.write(Path(made) / found.name)
        if folder.exists():
            shutil.rmtree(folder)
        (Path(made) / found.name).rename(folder)
    for note in found.notes:
        print(f"note: {note}")
    print(f"{folder / 'hand.yaml'}: links within {1000 * found.error:.1g} mm of the model's in 20 random poses")
    refresh()
    on = [name for name in names(EMBODIMENTS) if name.startswith(f"{found.name}_")]
    print(f"it stands on {', '.join(on)}")
    print(f"next: dexbench hand check {found.name}; dexbench hand report {found.name}")
    return 0
