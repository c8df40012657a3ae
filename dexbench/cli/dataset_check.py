"""`dexbench dataset check`: whether a dataset is whole, and still plays to what was recorded."""

import argparse
from pathlib import Path

from dexbench.core.errors import DataError
from dexbench.core.shelf import load_embodiment

from ._runs import cores
from .worlds import simulated

DESCRIPTION = """\
Read every number of a dataset, decode every film, then play every episode again in simulation
and count successes. The exit status is 1 where an episode that succeeded does not any more.

  dexbench dataset check can_grasps
  dexbench dataset check can_grasps --episodes 10
  dexbench dataset check can_grasps --no-replay     files and numbers only

On the MuJoCo that it was collected with, episodes are the same to the bit."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, metavar="DATASET", help="a folder that holds meta/ and data/")
    parser.add_argument("--episodes", type=int, default=0, metavar="N", help="only the first N (default: all)")
    parser.add_argument("--no-replay", action="store_true", help="do not simulate")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes; 0: this one")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="worlds a process (default: 8)")


def run(arguments: argparse.Namespace) -> int:
    """Check; 1 where a success is none any more."""
    from rich.progress import track

    from dexbench.core.crew import Crew
    from dexbench.data.dataset_replay import Replaying, in_turns
    from dexbench.data.lerobot_reader import open_dataset
    from dexbench.evaluation.statistics import Rate

    dataset = open_dataset(arguments.folder)
    count = min(arguments.episodes, len(dataset)) if arguments.episodes > 0 else len(dataset)
    for index in track(range(count), "reading"):
        dataset.episode(index)
        for camera in dataset.cameras:
            dataset.pictures(index, camera)
    print(f"read: {count} episodes, every number and picture is there")
    if arguments.no_replay:
        return 0
    if dataset.converted:
        raise DataError(
            f"{arguments.folder} was converted from {dataset.embodiment}'s files and names no trial that could be set "
            "up again; check it with --no-replay"
        )
    robot = load_embodiment(dataset.embodiment)
    if dataset.info["dexbench"]["embodiment_digest"] != robot.digest:
        print(f"warning: it was collected with other files of {robot.name} than are installed; differences are likely")
    parts = list(in_turns(range(count), arguments.batch))
    work = Replaying(arguments.folder, arguments.batch, simulated)
    with Crew(work, min(arguments.jobs, len(parts))) as crew:
        found = sorted(track(crew.run(parts), "replaying", total=count), key=lambda d: d.index)
    for one in found:
        if one.column:
            print(f"episode {one.index}: {one.column} differs from frame {one.frame} on")
    recorded = [d for d in found if d.recorded]
    rate = Rate(sum(d.success for d in recorded), len(recorded))
    low, high = rate.interval
    print(
        f"replayed: {rate.successes} of {rate.trials} successes succeed again (95 % interval {low:.0%} to {high:.0%})"
    )
    print(f"the same to the bit: {sum(not d.column for d in found)} of {len(found)} episodes")
    return 0 if rate.successes == rate.trials else 1
