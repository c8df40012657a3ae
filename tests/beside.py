"""A package installed beside us: the files of tests/scratch and their entry points, and commands run with it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRATCH = Path(__file__).parent / "scratch"
ENTRIES = """\
[dexbench.tasks]
poke = scratch_poke
[dexbench.agents]
nod = scratch_nod
odd = scratch_odd
[dexbench.hands]
claw = scratch_nod:claw.yaml
"""


def install(folder: Path) -> Path:
    """Put the package into `folder` as an installer would leave it."""
    for source in SCRATCH.iterdir():
        if source.is_file():
            shutil.copy(source, folder)
    information = folder / "scratch-0.1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: scratch\nVersion: 0.1\n")
    (information / "entry_points.txt").write_text(ENTRIES)
    return folder


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in `folder` with the package on its path."""
    path = os.pathsep.join([str(folder), str(ROOT)])
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line there."""
    return python(folder, "-m", "dexbench", *words)
