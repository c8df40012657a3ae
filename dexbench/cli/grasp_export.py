"""`dexbench grasp export`: the library's best grasps of what a suite asks for, as a file to evaluate."""

import argparse
from pathlib import Path

DESCRIPTION = """\
Write the library's best grasp of every object, part and mode that a suite of grasp_part asks for.

  dexbench grasp export --suite dexvlg --hand shadow --out grasps.npz
  dexbench grasp evaluate grasps.npz          Suc, PTA, PGA, penetration, Q1

Grasps of your own go into the same layout: hand; instance, part, mode, split (G,); position (G, 3), quaternion (G, 4)
of the palm in the object frame; pregrasp and squeeze (G, H)."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--suite", default="dexvlg", metavar="NAME", help="name or path of a suite (dexvlg)")
    parser.add_argument("--hand", required=True, metavar="NAME", help="whose grasps")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="an .npz file to write")


def run(arguments: argparse.Namespace) -> int:
    """Write the file; 1 if the library lacks some."""
    import numpy as np

    from dexbench.core.errors import DataError
    from dexbench.core.shelf import HANDS, locate
    from dexbench.evaluation.suite import load_suite
    from dexbench.grasp.suite_grasps import Asked, best
    from dexbench.objects.catalogue import load_object

    locate(HANDS, arguments.hand)
    asked: dict[Asked, None] = {}  # each once, in the suite's order
    for episode in load_suite(arguments.suite).episodes:
        trial = episode.trial
        if trial.named is None or "part" not in trial.extra:
            continue
        model = load_object(trial.named.instance)
        part = model.parts[int(trial.extra["part"])].name
        mode = "pinch" if trial.extra["pinch"] else "wrap"
        asked[Asked(model.name, part, mode, trial.split)] = None
    if not asked:
        raise DataError(f"suite {arguments.suite!r} asks for no parts; its task must be grasp_part")
    arrays, lacking = best(arguments.hand, asked)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.out, **arrays)  # type: ignore[arg-type]
    print(f"{len(asked) - len(lacking)} of {len(asked)} grasps of suite {arguments.suite}: {arguments.out}")
    if lacking:
        print(f"the library of {arguments.hand} has none of: {', '.join(sorted(lacking))}")
    return int(bool(lacking))
