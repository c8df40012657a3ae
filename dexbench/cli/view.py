"""`dexbench view`: look at a task on an embodiment, in a window or as a picture."""

import argparse
import os
import struct
import sys
import time
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dexbench.core.appearance import appearance
from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.core.shelf import EMBODIMENTS, load_task, locate

if TYPE_CHECKING:
    from dexbench.sim.world import SimWorld

DESCRIPTION = """\
Look at a task: in a window where there is a screen, else as a picture in a file.

  dexbench view grasp_object shadow_ur10e
  dexbench view lift_tray shadow_ur10e_bimanual --picture tray.png --seed 3
  dexbench view grasp_object psibot_rm75 --sheet cameras.png --appearance warm"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("embodiment", metavar="EMBODIMENT")
    parser.add_argument("--split", help="which objects (default: the task's first split)")
    parser.add_argument("--seed", type=int, default=0, help="of the trial (default: 0)")
    parser.add_argument("--picture", type=Path, metavar="OUT.png", help="write a picture, even where there is a screen")
    parser.add_argument("--sheet", type=Path, metavar="OUT.png", help="write one picture of all cameras")
    parser.add_argument("--camera", default="", help="front, side, top or one of the rig's; several for --sheet: a,b,c")
    parser.add_argument(
        "--appearance", default="", metavar="NAME", help="how the cell looks (default: as it was built)"
    )
    parser.add_argument("--size", type=int, default=640, metavar="PIXELS", help="height of the picture (default: 640)")


def run(arguments: argparse.Namespace) -> int:
    """Show a trial."""
    task = load_task(arguments.task)
    locate(EMBODIMENTS, arguments.embodiment)
    split = arguments.split or task.splits[0]
    if split not in task.splits:
        raise DataError(f"task {task.name!r} has splits {', '.join(task.splits)}; {split!r} was asked for")
    from dexbench.sim.world import SimWorld  # loads MuJoCo: after the names are known to be right

    world = SimWorld(task, arguments.embodiment, 1, groups=("state",))
    trial = replace(task.place(np.random.default_rng(arguments.seed), split), appearance=arguments.appearance)
    world.reset([trial])
    print(f"{arguments.task} on {arguments.embodiment}: {trial.instruction!r}")
    if arguments.sheet is not None:
        cameras = sheet(world, arguments.sheet, arguments.camera, arguments.size)
        print(f"Sheet of {', '.join(cameras)}: {arguments.sheet}")
        return 0
    screen = sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if arguments.picture is None and screen:
        show(world)
        return 0
    path = arguments.picture or Path(f"{task.name}-{arguments.embodiment}.png")
    draw(world, path, arguments.camera or "front", arguments.size)
    print(f"{'' if arguments.picture else 'There is no screen here. '}Picture: {path}")
    return 0


def show(world: "SimWorld") -> None:
    """Let the robot hold its home posture in a window until that is closed."""
    import mujoco.viewer

    from dexbench.sensors.mirror import Mirror

    mirror = Mirror(world.cell.model)
    look = appearance(world.scene.trials[0].appearance)
    mirror.show(world.batch, 0, look)
    home = world.spec.embodiment.home[None]
    with mujoco.viewer.launch_passive(mirror.model, mirror.data) as window:
        print("Close the window to end.")
        while window.is_running():
            began = time.monotonic()
            world.advance(home)
            with window.lock():
                mirror.show(world.batch, 0, look)
            window.sync()
            time.sleep(max(0.0, began + world.cell.period - time.monotonic()))


def draw(world: "SimWorld", path: Path, camera: str, size: int) -> None:
    """Write a picture of the first world, 4:3, `size` pixels high."""
    from dexbench.sensors.cameras import make_camera

    eye = make_camera(world.cell.model, size * 4 // 3, size, shadows=True, smooth=True)
    try:
        pixels = eye.rgb(world.batch, 0, camera, appearance(world.scene.trials[0].appearance))
    finally:
        eye.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(pixels))


def sheet(world: "SimWorld", path: Path, cameras: str, size: int) -> tuple[str, ...]:
    """Write a picture of the first world from each of `cameras` (names with commas; empty: all); return their names."""
    from dexbench.sensors.sheet import cameras_of, contact_sheet

    model = world.cell.model
    names = tuple(n.strip() for n in cameras.split(",")) if cameras else cameras_of(model)
    look = appearance(world.scene.trials[0].appearance)
    pixels = contact_sheet(model, world.batch, names, size * 4 // 3, size, appearance=look)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(pixels))
    return names


def png(pixels: Array) -> bytes:
    """Return (height, width, 3) uint8 as a PNG file."""
    height, width, _ = pixels.shape
    # Each row is preceded by its filter: 0, none.
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
