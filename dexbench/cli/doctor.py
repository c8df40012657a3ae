"""`dexbench doctor`: what is installed, what is missing, and the exact command that mends it."""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dexbench import __version__
from dexbench.core.errors import DexBenchError
from dexbench.core.shelf import EMBODIMENTS, SHELVES, load_embodiment, locate, names

DESCRIPTION = """\
Check this installation: versions, extras, OpenGL, robots, free disk. Each line that is
not well names the command that mends it. The exit status is 1 if something that
DexBench cannot do without is broken, else 0.

  dexbench doctor
  dexbench doctor --quick    without compiling robots and opening OpenGL
  dexbench doctor --json     for a bug report"""

CORE = ("mujoco", "gymnasium", "numpy", "scipy", "pyyaml", "rich")
EXTRAS = {
    "train": (("torch", "safetensors"), "learned agents"),
    "rl": (("stable_baselines3",), "reinforcement learning"),
    "video": (("imageio", "imageio_ffmpeg", "PIL"), "films"),
    "rays": (("mujoco_warp", "warp"), "pictures without OpenGL"),
}
"""Extra: (modules, what for)."""

LIBRARIES = {
    "egl": "sudo apt-get install -y libegl1 libgl1-mesa-dri",
    "osmesa": "sudo apt-get install -y libosmesa6",
}
"""OpenGL without a screen, and what brings it."""

LITTLE = 2 * 1024**3
"""Free disk below which an evaluation may not finish [byte]."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    topic: str
    name: str
    state: str
    """"ok", "missing" (something optional) or "broken"."""
    detail: str
    mend: str = ""
    """The command that mends it."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--quick", action="store_true", help="skip robots and OpenGL")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; 1 if one is broken."""
    findings: list[Finding] = []
    for found in examine(quick=arguments.quick):
        findings.append(found)
        if not arguments.json:
            mark = {"ok": " ok ", "missing": "  - ", "broken": "FAIL"}[found.state]
            print(f"[{mark}] {found.topic:<11} {found.name:<22} {found.detail}")
            if found.mend:
                print(f"{'':<18} mend: {found.mend}")
            sys.stdout.flush()
    broken = sum(f.state == "broken" for f in findings)
    if arguments.json:
        print(json.dumps([asdict(f) for f in findings], indent=2))
    else:
        missing = sum(f.state == "missing" for f in findings)
        print(f"{broken} broken, {missing} optional things missing, {len(findings) - broken - missing} well")
    return 1 if broken else 0


def examine(quick: bool) -> Iterator[Finding]:
    """Yield all findings."""
    yield Finding(
        "platform", "python", "ok", f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores"
    )
    yield Finding("platform", "dexbench", "ok", f"{__version__} in {Path(__file__).resolve().parents[2]}")
    yield _disk()
    yield from map(_package, CORE)
    yield from (_extra(name, modules, purpose) for name, (modules, purpose) in EXTRAS.items())
    for shelf in SHELVES:
        yield from _shelf(shelf.kind)
    if not quick:
        yield from _pictures()
        yield from map(_robot, names(EMBODIMENTS))


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    state = "ok" if free > LITTLE else "missing"
    return Finding(
        "platform", "free disk", state, f"{free / 1024**3:.1f} GiB here", "" if state == "ok" else "free some disk"
    )


def _package(name: str) -> Finding:
    mend = f"{sys.executable} -m pip install dexbench"
    try:
        return Finding("package", name, "ok", version(name))
    except PackageNotFoundError:
        return Finding("package", name, "broken", "not installed", mend)


def _extra(name: str, modules: tuple[str, ...], purpose: str) -> Finding:
    absent = [m for m in modules if importlib.util.find_spec(m) is None]
    if absent:
        return Finding(
            "extra", name, "missing", f"{purpose}: no {', '.join(absent)}", f"pip install 'dexbench[{name}]'"
        )
    return Finding("extra", name, "ok", purpose)


def _shelf(kind: str) -> Iterator[Finding]:
    """Yield whether every entry of a shelf can be found; strangers' entry points may be broken."""
    shelf = next(s for s in SHELVES if s.kind == kind)
    try:
        known = names(shelf)
    except DexBenchError as error:
        yield Finding("shelf", kind, "broken", str(error))
        return
    for name in known:
        try:
            locate(shelf, name)
        except DexBenchError as error:
            yield Finding("shelf", f"{kind} {name}", "broken", str(error))
    yield Finding("shelf", f"{kind}s", "ok" if known else "missing", ", ".join(known) or "none")


def _pictures() -> Iterator[Finding]:
    """Yield which ways to draw work; each is tried in its own process, since one process can have only one."""
    backends = [*LIBRARIES, *(["glfw"] if os.environ.get("DISPLAY") else [])]
    works = [b for b in backends if _draws(b)]
    for backend in works:
        yield Finding("pictures", backend, "ok", "OpenGL draws")
    if not works:
        yield Finding("pictures", "OpenGL", "missing", "no library: everything but pictures works", LIBRARIES["egl"])


def _draws(backend: str) -> bool:
    code = (
        "import mujoco; model = mujoco.MjModel.from_xml_string('<mujoco/>'); "
        "renderer = mujoco.Renderer(model, 16, 16); renderer.update_scene(mujoco.MjData(model)); renderer.render()"
    )
    # An OpenGL library may end the whole process: hence a process, and no look at its words.
    environment = {**os.environ, "MUJOCO_GL": backend}
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _robot(name: str) -> Finding:
    """Compile an embodiment and compare it with its data."""
    from dexbench.robots.check import check_robot  # compiles MuJoCo models: not for listing

    try:
        checks = check_robot(load_embodiment(name))
    except DexBenchError as error:
        return Finding("robot", name, "broken", str(error))
    wrong = [f"{c.subject} is {c.found}, expected {c.expected}" for c in checks if not c.ok]
    if wrong:
        return Finding("robot", name, "broken", f"{len(wrong)} of {len(checks)} checks fail: " + "; ".join(wrong))
    guessed = sum(c.confidence == "estimated" for c in checks)
    told = f", {guessed} of them with our own estimates" if guessed else ""
    return Finding("robot", name, "ok", f"the compiled model agrees with its data in {len(checks)} checks{told}")
