"""`dexbench leaderboard`: the leaderboard of all runs as JSON, Markdown and one HTML page."""

import argparse
import inspect
import shlex
from pathlib import Path
from typing import Any

from dexbench.core.errors import DexBenchError
from dexbench.core.shelf import AGENTS, constants, load_task, names
from dexbench.evaluation.leaderboard import Clip, build, clips
from dexbench.evaluation.markdown import render_markdown
from dexbench.evaluation.measurement import Measurement, measure
from dexbench.evaluation.page import NO_VIDEOS, Video, render
from dexbench.evaluation.publication import to_json, write_text
from dexbench.evaluation.rows import load_run

from ._runs import cores, find_runs
from .filming import film_all

DESCRIPTION = """\
Write the leaderboard of all runs below RUNS: leaderboard.json, leaderboard.md, and
index.html, one page that needs no network. Films are rendered from the records, and kept
in OUT/videos: writing the page again is quick.

  dexbench leaderboard
  dexbench leaderboard runs --out leaderboard --no-videos
  dexbench leaderboard runs/touch --failures        how each kind of failure looks"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", nargs="*", type=Path, default=[Path("runs")], metavar="RUNS", help="default: runs")
    parser.add_argument("--out", type=Path, default=Path("leaderboard"), help="default: leaderboard")
    both = argparse.BooleanOptionalAction
    parser.add_argument("--videos", action=both, default=True, help="films of the worst, median, best episodes")
    parser.add_argument("--failures", action="store_true", help="films of the first failure of each kind too")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (default: one a core)")


def run(arguments: argparse.Namespace) -> int:
    """Write the three files."""
    folders = [folder for place in arguments.runs for folder in find_runs(place)]
    measurements = [read(folder) for folder in folders]
    places = [str(p) for p in arguments.runs]
    command = shlex.join(["dexbench", "leaderboard", *places, "--out", str(arguments.out)])
    document = build(measurements, command, meanings(measurements))
    videos: dict[Clip, Video] = {}
    why_not = "the page was made with --no-videos."
    if arguments.videos:
        videos, why_not = film_all(clips(document, arguments.failures), arguments.out / "videos", arguments.jobs)
        if why_not:
            print(f"no films: {why_not}")
    write_text(arguments.out / "leaderboard.json", to_json(document))
    write_text(arguments.out / "leaderboard.md", render_markdown(document))
    write_text(arguments.out / "index.html", render(document, videos, why_not or NO_VIDEOS))
    print(render_ranking(document))
    print(f"The page: {arguments.out / 'index.html'}")
    return 0


def read(folder: Path) -> Measurement:
    """Return a run as a measurement; the agent need not be installed here."""
    found = load_run(folder)
    agent = found.info["agent"]
    return measure(found, str(folder), constants=constants(AGENTS, agent) if agent in names(AGENTS) else {})


def meanings(measurements: list[Measurement]) -> dict[str, str]:
    """Return what success means in each task: the second paragraph of its class's docstring."""
    found = {}
    for task in sorted({entry.task for m in measurements for entry in m.entries}):
        try:
            text = inspect.getdoc(type(load_task(task))) or ""
        except DexBenchError:
            continue  # a task of another version, or of a package that is not here: its runs can be shown all the same
        paragraphs = text.split("\n\n")
        if len(paragraphs) > 1:
            found[task] = " ".join(paragraphs[1].split())
    return found


def render_ranking(document: dict[str, Any]) -> str:
    """Return the ranking in a few lines, for the terminal."""
    lines = []
    for board in document["boards"]:
        lines.append(f"{board['suite']}, {board['episodes']} episodes")
        width = max(len(row["name"]) for row in board["rows"])
        for row in board["rows"]:
            place = str(row["rank"]) if row["rank"] is not None else row["status"]
            rate = row["success"]
            share = "" if rate["rate"] is None else f"{100 * rate['rate']:3.0f} %"
            interval = f"[{100 * rate['lower']:.0f}, {100 * rate['upper']:.0f}]"
            lines.append(f"  {place:<10} {row['name']:<{width}}  {share} {interval}")
    return "\n".join(lines) if lines else "no runs"
