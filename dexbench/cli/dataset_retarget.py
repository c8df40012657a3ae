"""`dexbench dataset retarget`: map one hand's demonstrations to another, and play them there."""

import argparse
from pathlib import Path

from dexbench.core.shelf import EMBODIMENTS, locate

from ._runs import cores
from .worlds import simulated

DESCRIPTION = """\
Map the demonstrations of one robot to another: the pads of its fingers go where the first
hand's were, its servos press as hard, its arm carries the palm along. Then play them in the
same trials, say how many succeed, and keep those as a dataset of the other robot.

  dexbench dataset retarget can_grasps --embodiment psibot_rm75 --out can_psibot
  dexbench dataset retarget can_grasps --embodiment bytedexter_fr3 --out can_byte --videos 2

Nothing is learned or searched for in simulation: this is kinematics and statics, open loop.
docs/datasets.md says how it works and what it reaches."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("source", type=Path, metavar="DATASET", help="a dataset of ours")
    parser.add_argument("--embodiment", required=True, metavar="E", help="the other robot")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the successes; must not exist")
    parser.add_argument("--episodes", type=int, default=0, metavar="N", help="only the first N (default: all)")
    parser.add_argument("--squeeze", type=float, default=1.0, metavar="X", help="factor on the forces (default: 1)")
    parser.add_argument("--videos", type=int, default=0, metavar="N", help="film the first N on both robots")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (default: one a core)")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="worlds a process (default: 8)")


def run(arguments: argparse.Namespace) -> int:
    """Retarget; 0."""
    locate(EMBODIMENTS, arguments.embodiment)
    from dexbench.data.retargeted_dataset import opened, retarget_dataset, tally
    from dexbench.evaluation.packing import pack
    from dexbench.evaluation.statistics import Rate

    told = retarget_dataset(
        arguments.source,
        arguments.embodiment,
        arguments.out,
        simulated,
        episodes=arguments.episodes,
        squeeze=arguments.squeeze,
        jobs=arguments.jobs,
        batch=arguments.batch,
    )
    dataset, robot = opened(arguments.source)
    won, failures, pads, beyond = tally(told)
    low, high = Rate(won, len(told)).interval
    print(
        f"{won} of {len(told)} demonstrations of {robot.name} succeed on {arguments.embodiment}, played open loop "
        f"(95 % interval {low:.0%} to {high:.0%})"
    )
    if failures:
        print("the others: " + ", ".join(f"{code} {count}" for code, count in failures.most_common()))
    print(
        f"touching pads are {1e3 * pads:.1f} mm from where they should be, on average; out of the arm's reach: {beyond}"
    )
    print(f"kept in {arguments.out}" if won else "nothing was kept")
    for one in told[: arguments.videos]:
        from dexbench.sim.film import film  # OpenGL and a video encoder: only if asked for

        episode = dataset.episode(one.index)
        for name, commands in ((robot.name, episode.sent), (arguments.embodiment, one.commands)):
            path = arguments.out.with_name(f"{arguments.out.name}_{one.index}_{name}.mp4")
            row = {"trial": episode.trial.row(), "actions": pack(commands)}
            film(simulated(dataset.task, name, 1, ("state",)), row, path)
            print(f"film: {path}")
    return 0
