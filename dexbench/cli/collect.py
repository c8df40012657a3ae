"""`dexbench collect`: record demonstrations of an agent."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dexbench.core.errors import DataError
from dexbench.core.shelf import AGENTS, EMBODIMENTS, TASKS, load_task, locate

from ._runs import cores, parse_settings
from .worlds import simulated

DESCRIPTION = """\
Record demonstrations: an agent acts, what it saw and did is kept for training.

  dexbench collect --agent scripted --task grasp_object --embodiment shadow_ur10e \\
                   --episodes 300 --out demonstrations

Trials are drawn from --seed and belong to no suite; only successes are kept. With noise,
the commands are disturbed and the undisturbed ones kept, so that a learner sees how to
come back. Run it again to go on.

With --format lerobot, --out becomes a LeRobot dataset (docs/datasets.md), when all is done."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--agent", default="scripted", metavar="A", help="who shows it (default: scripted)")
    parser.add_argument("--task", required=True, metavar="T")
    parser.add_argument("--embodiment", required=True, metavar="E")
    parser.add_argument("--episodes", type=int, required=True, metavar="N")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--format", choices=("shards", "lerobot"), default="shards", help="what is written (default: shards)"
    )
    parser.add_argument("--cameras", default="", metavar="A[,B]", help="with lerobot: film these (default: none)")
    parser.add_argument("--size", type=int, default=128, metavar="N", help="of pictures [pixels] (default: 128)")
    parser.add_argument("--split", default="", help="which split trials are drawn from (default: the task's first)")
    parser.add_argument("--seed", type=int, default=0, help="of the trials (default: 0)")
    parser.add_argument("--families", default="", metavar="A[,B]", help="only these objects (default: all)")
    parser.add_argument("--arm-noise", type=float, default=0.0, metavar="RAD", help="on the commands (default: 0)")
    parser.add_argument("--hand-noise", type=float, default=0.0, metavar="RAD", help="on the commands (default: 0)")
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE", help="for the agent")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (default: one a core)")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="worlds a process (default: 8)")


def run(arguments: argparse.Namespace) -> int:
    """Collect."""
    for shelf, name in ((AGENTS, arguments.agent), (TASKS, arguments.task), (EMBODIMENTS, arguments.embodiment)):
        locate(shelf, name.partition("-v")[0].partition("+")[0])
    from dexbench.data.demonstrations import Noise, collect  # loads MuJoCo: after the names are known to be right
    from dexbench.data.lerobot_collection import collect_dataset

    write: Callable[..., str] = collect
    if arguments.format == "lerobot":
        cameras = [c for c in arguments.cameras.split(",") if c]
        images = {"cameras": cameras, "width": arguments.size, "height": arguments.size} if cameras else None
        write = partial(collect_dataset, images=images)
    elif arguments.cameras:
        raise DataError("--cameras needs --format lerobot: shards hold no pictures")
    print(
        write(
            agent=arguments.agent,
            task=arguments.task,
            embodiment=arguments.embodiment,
            episodes=arguments.episodes,
            folder=arguments.out,
            worlds=simulated,
            families=[f for f in arguments.families.split(",") if f],
            noise=Noise(arm=arguments.arm_noise, hand=arguments.hand_noise),
            split=arguments.split or load_task(arguments.task).splits[0],
            seed=arguments.seed,
            settings=parse_settings(arguments.setting),
            jobs=arguments.jobs,
            batch=arguments.batch,
        )
    )
    return 0
