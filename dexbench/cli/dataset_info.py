"""`dexbench dataset info`: what a dataset holds."""

import argparse
import json
from collections import Counter
from pathlib import Path

DESCRIPTION = """\
Say of which robot and task a dataset is, how it came about, and what is in it. All files are
looked at, numbers are not: see `dexbench dataset check`.

  dexbench dataset info can_grasps"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, metavar="DATASET", help="a folder that holds meta/ and data/")


def run(arguments: argparse.Namespace) -> int:
    """Print it; 0."""
    from dexbench.core.trial import Trial
    from dexbench.data.lerobot_reader import open_dataset

    dataset = open_dataset(arguments.folder)
    own = dataset.info["dexbench"]
    frames = dataset.info["total_frames"]
    print(f"{dataset.task} on {dataset.embodiment}, {dataset.rate_hz} frames a second")
    print(f"{len(dataset)} episodes, {frames} frames, {frames / dataset.rate_hz / 60:.1f} minutes")
    for note in own.get("notes", ()):
        print(f"note: {note}")
    outcomes = Counter(json.loads(row["dexbench/outcome"]).get("failure", "unknown") for row in dataset.rows)
    print("outcomes: " + ", ".join(f"{code} {count}" for code, count in outcomes.most_common()))
    objects: Counter[str] = Counter()
    for row in dataset.rows:
        if named := Trial.from_row(json.loads(row["dexbench/trial"])).named:
            objects[named.instance] += 1
    if objects:
        print("named objects: " + ", ".join(f"{name} {count}" for name, count in sorted(objects.items())))
    print(f"collected: {json.dumps(own.get('collection', {}), sort_keys=True)}")
    for c in dataset.columns:
        frame = f", {c.frame} frame" if c.frame else ""
        print(f"  {c.key:<34}{c.size:>5} x {c.dtype:<8} {c.unit}{frame}")
    for camera in dataset.cameras:
        height, width, _ = dataset.info["features"][camera]["shape"]
        print(f"  {camera:<34} film of {width} x {height}")
    return 0
