"""`dexbench task sheet`: start, middle and end of one episode in one picture."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.shelf import AGENTS, EMBODIMENTS, load_agent, load_embodiment, load_task, locate
from dexbench.core.task import Task

if TYPE_CHECKING:
    from dexbench.sim.episode_sheet import Shown

DESCRIPTION = """\
Run one episode and write one picture of it: the start, the moment when half of the stages
were done (or half of the time, if that moment never came), the end.

  dexbench task sheet grasp_object --embodiment shadow_ur10e --out grasp.png
  dexbench task sheet lift_tray --out tray.png --seed 3 --agent zero --camera side"""

EXPERT = "scripted"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("--embodiment", metavar="E", help="default: the first that a suite measures the task on")
    parser.add_argument("--agent", default=EXPERT, metavar="A", help=f"who acts (default: {EXPERT})")
    parser.add_argument("--split", help="default: the task's first split")
    parser.add_argument("--seed", type=int, default=0, help="of the trial (default: 0)")
    parser.add_argument("--camera", default="front", help="front, side, top or one of the rig's (default: front)")
    parser.add_argument("--out", type=Path, required=True, metavar="OUT.png", help="the picture")


def run(arguments: argparse.Namespace) -> int:
    """Run, write, and say what came of it."""
    task = load_task(arguments.task)
    split = arguments.split or task.splits[0]
    if split not in task.splits:
        raise DataError(f"task {task.name!r} has splits {', '.join(task.splits)}; {split!r} was asked for")
    body = arguments.embodiment or first_body(task)
    locate(EMBODIMENTS, body)
    locate(AGENTS, arguments.agent)
    shown = shoot(task, body, arguments.agent, split, arguments.seed, arguments.camera)
    write_png(shown.sheet, arguments.out)
    result = "success" if shown.success else f"failure ({shown.failure})"
    print(f"{arguments.out}: {result} after {shown.seconds:.1f} s, stage {shown.stage} of {len(task.stages)}")
    return 0


def first_body(task: Task) -> str:
    """Return the body on which a task is shown where none is asked for."""
    from dexbench.evaluation.contenders import bodies_of

    bodies = bodies_of(task)
    return next((body for body in bodies if body.startswith("shadow")), bodies[0])


def shoot(task: Task, body: str, agent: str, split: str, seed: int, camera: str = "front") -> "Shown":
    """Run one episode and return its sheet."""
    from dexbench.evaluation.runner import groups_of
    from dexbench.sim.episode_sheet import episode_sheet  # loads MuJoCo and OpenGL: only when something is drawn
    from dexbench.sim.world import SimWorld

    robot = load_embodiment(body)
    groups = [group for group in groups_of(agent) if group != "touch" or robot.pads]
    world = SimWorld(task, robot, 1, groups=groups)
    trial = task.place(np.random.default_rng(seed), split)
    return episode_sheet(world, load_agent(agent, world.spec), trial, camera=camera)


def write_png(picture: np.ndarray, path: Path) -> None:
    """Write a picture with few colours: a quarter of the bytes, and no difference that an eye sees."""
    from dexbench.core.errors import MissingExtra

    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtra("pillow", "pictures", "pip install 'dexbench[video]'") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"half-{path.name}")
    Image.fromarray(picture).quantize(colors=128, dither=Image.Dither.NONE).save(half, format="PNG", optimize=True)
    half.replace(path)
