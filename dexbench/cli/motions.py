"""`dexbench motions`: how far the motions of one run are from those of another, an expert's for example."""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from dexbench.core.schema import Array
from dexbench.evaluation.rows import load_run

from .worlds import simulated

DESCRIPTION = """\
Compare the hands' motions in two runs of a suite, trial by trial, with RealDex's metrics: MPJPE, AVE, verts.offset and
min.dist. Both are simulated again. Only trials count in which the reference succeeded; a motion that is shorter than
the reference's stays where it ended, a longer one is cut.

  dexbench motions runs/realdex/flow --reference runs/realdex/scripted"""

SHOWN = {
    "mpjpe": ("MPJPE", 100.0, "cm"),
    "ave": ("AVE", 1e4, "cm2"),
    "ave_deviation": ("AVE of deviations", 100.0, "cm"),
    "offset": ("verts.offset, of 21 points", 100.0, "cm"),
    "min_dist": ("min.dist, to the reference", 100.0, "cm"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument("--reference", type=Path, required=True, metavar="RUN", help="the run that counts as true")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write every trial's numbers")


def run(arguments: argparse.Namespace) -> int:
    """Compare."""
    from dexbench.sim.motions import Distance, distance, motions, paired  # loads MuJoCo

    found, truth = (load_run(folder, blobs=True) for folder in (arguments.run, arguments.reference))
    groups = defaultdict(list)
    for pair in paired(found.episodes, truth.episodes):
        groups[pair[0]["trial"]["task"], pair[0]["embodiment"]].append(pair)
    distances: list[Distance] = []
    for (task, embodiment), pairs in groups.items():
        one, two = (dict(motions([pair[k] for pair in pairs], simulated)) for k in (0, 1))
        part = [distance(int(pair[0]["index"]), one[k], two[k]) for k, pair in enumerate(pairs)]
        distances += part
        print(f"{task} on {embodiment}: {len(part)} trials in which {arguments.reference} succeeded")
        for field in fields(Distance):
            if field.name in SHOWN:
                label, factor, unit = SHOWN[field.name]
                print(f"  {label:28s} {_summary(np.array([getattr(d, field.name) for d in part]) * factor)} {unit}")
    if arguments.out is not None:
        arguments.out.write_text(json.dumps([asdict(d) for d in distances], indent=1) + "\n", encoding="utf-8")
    return 0


def _summary(values: Array | Sequence[float]) -> str:
    known = np.asarray(values)[~np.isnan(values)]
    if not len(known):
        return "-"
    return f"{known.mean():8.3f} +- {known.std(ddof=1) if len(known) > 1 else 0.0:.3f} (median {np.median(known):.3f})"
