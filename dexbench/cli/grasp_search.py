"""`dexbench grasp search`: find grasps of named parts, wrapped or pinched, and keep them in the library."""

import argparse
from pathlib import Path

DESCRIPTION = """\
Find grasps of named parts of objects, wrapped (fingers and palm around) or pinched (thumb, index and middle finger).

  dexbench grasp search --hand shadow --objects mug_01 --part handle --mode pinch
  dexbench grasp search --hand psibot --objects can_01 jar_02 --jobs 2
  dexbench grasp search --hand shadow --objects mug_01 --bench 16 --again

Candidates are laid around each part, tested by pulling in six directions, lifted, and ranked by the errors they bear.
What was tried and what held is kept beside the grasps: `dexbench grasp table` shows it. A search that was stopped goes
on; with one process, the same seed finds the same grasps again."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--hand", required=True, metavar="NAME", help="whose grasps: a hand of an embodiment")
    parser.add_argument("--objects", required=True, nargs="+", metavar="NAME", help="names in the catalogue")
    parser.add_argument("--part", default="", metavar="NAME", help="only this part; default: all")
    parser.add_argument("--mode", default="", metavar="MODE", help="wrap or pinch; default: both")
    parser.add_argument("--candidates", type=int, default=32, metavar="N", help="simulated of each part and mode (32)")
    parser.add_argument("--wanted", type=int, default=8, metavar="N", help="kept of them (8)")
    parser.add_argument("--repeats", type=int, default=2, metavar="N", help="disturbed lifts of each (2)")
    parser.add_argument("--bench", type=int, default=0, metavar="N", help="tested in DexGraspBench's setting too (0)")
    parser.add_argument(
        "--from-siblings",
        action="store_true",
        help="carry grasps over from the sibling nearest in size and only lift them; search where few hold",
    )
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers (0)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (1)")
    parser.add_argument("--again", action="store_true", help="search what has been searched already")
    parser.add_argument("--out", type=Path, default=None, metavar="FOLDER", help="default: the installed library")


def run(arguments: argparse.Namespace) -> int:
    """Search and say what was found; 1 if nothing was found of some part."""
    from rich.progress import Progress

    from dexbench.core.errors import DataError
    from dexbench.grasp.campaign import Order, campaign
    from dexbench.grasp.library import embodiment_with
    from dexbench.grasp.search import Settings

    for name in ("candidates", "wanted", "jobs"):
        if getattr(arguments, name) < 1:
            raise DataError(f"--{name} must be at least 1, not {getattr(arguments, name)}")
    order = Order(
        embodiment_with(arguments.hand),
        tuple(dict.fromkeys(arguments.objects)),
        arguments.part,
        arguments.mode,
        arguments.seed,
        Settings(
            candidates=arguments.candidates,
            wanted=arguments.wanted,
            repeats=arguments.repeats,
            bench=arguments.bench,
        ),
        transfer=arguments.from_siblings,
        by_part=True,
        again=arguments.again,
        out="" if arguments.out is None else str(arguments.out),
    )
    nothing, count = [], 0
    with Progress() as progress:
        task = progress.add_task("searching", total=len(order.objects))
        for found in campaign(order, arguments.jobs):
            progress.advance(task)
            count += 1
            for r in found.records:
                progress.print(
                    f"{r.instance} {r.part} {r.mode}: {r.tested} simulated, {r.loose} held, {r.strict} strictly, "
                    f"{r.kept} kept, {r.seconds:.0f} s"
                )
                nothing += [] if r.kept else [f"{r.instance} {r.part} {r.mode}"]
            if found.source:
                progress.print(f"{found.instance}: {len(found.grasps)} of {found.source}'s hold")
        progress.update(task, completed=len(order.objects))
    print(f"{count} objects searched, {len(order.objects) - count} had been; grasps are in {order.path('any').parent}")
    if nothing:
        print(f"nothing was found of: {', '.join(nothing)}")
    return int(bool(nothing))
