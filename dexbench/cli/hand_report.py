"""`dexbench hand report`: measure what a hand can do, and show it on a page."""

import argparse
import json
import shlex
from pathlib import Path

from dexbench.core.roles import SIDES
from dexbench.evaluation.progress import Bar
from dexbench.evaluation.publication import write_text
from dexbench.hands.document import assemble, without_pictures
from dexbench.hands.page import render
from dexbench.hands.report import Report
from dexbench.hands.source import find_hand
from dexbench.sensors.cameras import BACKENDS

DESCRIPTION = """\
Measure what a hand can do: checks, workspace, opposition, force and speed, Kapandji score,
the 33 grasp types of the GRASP taxonomy, touch. Writes OUT/index.html, one page that needs
no network, and OUT/report.json. One to three minutes on one core. Stop with Ctrl-C: the same
command goes on where it stopped; what is measured is kept in OUT/parts until the hand changes.

  dexbench hand report shadow
  dexbench hand report shadow --out shadow_report"""

NONE = "none"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("hand", metavar="NAME", help="a hand; `dexbench list` says which there are")
    parser.add_argument("--out", type=Path, default=None, metavar="FOLDER", help="default: hand_reports/NAME")
    parser.add_argument("--side", choices=SIDES, default=SIDES[0], help=f"default: {SIDES[0]}")
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers (default: 0)")
    parser.add_argument(
        "--pictures", choices=(*BACKENDS, NONE), default="auto", help="how they are made (default: auto)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Measure and write; 0."""
    subject = find_hand(arguments.hand, arguments.side)
    out = arguments.out or Path("hand_reports") / arguments.hand
    report = Report(subject, out, arguments.seed, arguments.pictures)
    parts = {}
    with Bar(f"hand {subject.name}", len(report.parts()), shown=not arguments.quiet) as bar:
        for name, part in report.run():
            parts[name] = part
            bar.step(name)
    document = assemble(parts)
    words = ["dexbench", "hand", "report", arguments.hand, "--side", arguments.side, "--seed", str(arguments.seed)]
    write_text(out / "report.json", json.dumps(without_pictures(document), indent=1) + "\n")
    write_text(out / "index.html", render(document, shlex.join(words), report.no_pictures))
    feix, kapandji = document["feix"], document["kapandji"]
    groups = ", ".join(f"{group} {passed} of {of}" for group, (passed, of) in feix["groups"].items())
    print(f"{subject.full_name}")
    print(f"  checks     {document['checks']['passed']} of {document['checks']['made']} hold")
    print(f"  Kapandji   {kapandji['strict']} strict, {kapandji['loose']} loose, of 10")
    print(f"  grasps     {feix['score']} of {feix['of']} types: {groups}")
    if report.no_pictures:
        print(f"  no pictures: {report.no_pictures}")
    print(f"The page: {out / 'index.html'}")
    return 0
