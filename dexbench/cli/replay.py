"""`dexbench replay`: re-simulate one episode of a run, say whether it holds, and film it."""

import argparse
from pathlib import Path

from dexbench.core.errors import RunError
from dexbench.evaluation.rows import load_run
from dexbench.evaluation.suite import load_suite
from dexbench.evaluation.verification import verify

from .worlds import simulated

DESCRIPTION = """\
Simulate one recorded episode again and say whether the record holds. The exit status is 0
if it does and 1 if not.

  dexbench replay runs/quick/scripted 3
  dexbench replay runs/quick/scripted 3 --video three.mp4"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument("index", type=int, metavar="INDEX", help="row in the suite's table, from 0")
    parser.add_argument("--suite", metavar="S", help="a suite of your own: name or YAML file (default: the run's)")
    parser.add_argument("--video", type=Path, metavar="OUT.mp4", help="film it; a still lies beside it")
    parser.add_argument("--camera", default="front", help="front, side or top (default: front)")


def run(arguments: argparse.Namespace) -> int:
    """Replay one row."""
    found = load_run(arguments.run, blobs=arguments.video is not None)
    row = next((r for r in found.episodes if r["index"] == arguments.index), None)
    if row is None:
        there = f"it has rows 0 to {len(found.episodes) - 1}" if found.episodes else "it has none yet"
        raise RunError(f"{arguments.run} has no row {arguments.index}; {there}")
    trial = row["trial"]
    print(f"row {row['index']}: {trial['task']} on {row['embodiment']}, {trial['split']}: {trial['instruction']!r}")
    stage = f"stage {row['stage']} of {len(row['stages'])}"
    result = "success" if row["success"] else f"failure ({row['failure']})"
    print(f"recorded: {result}, {stage}, {row['steps']} steps, {row['steps'] / row['rate_hz']:.1f} s")
    suite = load_suite(arguments.suite or found.info["suite"])
    report = verify(arguments.run, suite, simulated, jobs=0, batch=1, only={arguments.index})
    findings = [f for f in report.findings if f.row in (None, arguments.index)]
    for finding in findings:
        print(f"{'warning' if finding.warning else 'BAD'}: {finding.kind}: {finding.text}")
    holds = arguments.index in report.held
    print("re-simulated: the record holds" if holds else "re-simulated: the record does NOT hold")
    if arguments.video is not None:
        from dexbench.sim.film import Studio  # OpenGL and a video encoder: only if asked for

        world = simulated(trial["task"], row["embodiment"], 1, ("state",))
        with Studio(world, camera=arguments.camera) as studio:
            studio.film(row, arguments.video)
        print(f"film: {arguments.video}")
    return 0 if holds else 1
