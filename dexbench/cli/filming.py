"""Films of recorded episodes, several at a time, each kept under its record's digest."""

import hashlib
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dexbench.core.errors import DexBenchError
from dexbench.evaluation.leaderboard import Clip
from dexbench.evaluation.page import Video
from dexbench.evaluation.progress import Bar
from dexbench.evaluation.rows import load_run

from .worlds import simulated


@dataclass(frozen=True)
class Reel:
    """Films of one run's episodes in one cell: one world and one renderer make them all."""

    folder: Path
    task: str
    embodiment: str
    films: tuple[tuple[int, Path], ...]
    """(row in the table, where its film goes)."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the studio: width, height, every."""


def film_all(wanted: Mapping[Clip, tuple[str, int]], out: Path, jobs: int) -> tuple[dict[Clip, Video], str]:
    """Film what is not there yet.

    Args:
      wanted: {clip: (run folder, row)}.
      out: where films are kept.
      jobs: processes.

    Returns:
      The films by clip, and why some are missing ("" if none is).
    """
    places: dict[tuple[str, int], Path] = {}
    reels: list[Reel] = []
    for folder in sorted({f for f, _ in wanted.values()}):
        rows = {row["index"]: row for row in load_run(folder).episodes}
        cells: dict[tuple[str, str], list[tuple[int, Path]]] = {}
        for index in sorted({i for f, i in wanted.values() if f == folder}):
            row = rows[index]
            # The digest covers the row and, through it, all rows before: a film never belongs to another episode.
            name = hashlib.sha256(f"{row['digest']}/{index}".encode()).hexdigest()[:16]
            path = places[folder, index] = out / f"{name}.mp4"
            if not path.is_file():
                cells.setdefault((row["trial"]["task"], row["embodiment"]), []).append((index, path))
        reels += [Reel(Path(folder), *cell, tuple(films)) for cell, films in cells.items()]
    why_not = shoot_all(reels, jobs)
    found = {clip: places[place] for clip, place in wanted.items() if places[place].is_file()}
    return {clip: Video(path, _poster(path)) for clip, path in found.items()}, why_not


def _poster(path: Path) -> Path | None:
    poster = path.with_suffix(".png")
    return poster if poster.is_file() else None


def shoot_all(reels: Sequence[Reel], jobs: int) -> str:
    """Film reels in processes of their own, since each holds an OpenGL context; return why one could not, or ""."""
    if not reels:
        return ""
    reels[0].films[0][1].parent.mkdir(parents=True, exist_ok=True)
    why_not = ""
    context = multiprocessing.get_context("spawn")
    total = sum(len(reel.films) for reel in reels)
    with Bar("films", total, shown=True) as bar, ProcessPoolExecutor(max(1, min(jobs, len(reels))), context) as pool:
        futures = {pool.submit(shoot, reel): reel for reel in reels}
        for future in as_completed(futures):
            said = future.result()
            if said:
                why_not = said
                pool.shutdown(wait=False, cancel_futures=True)
                break
            for _ in futures[future].films:
                bar.step()
    return why_not


def shoot(reel: Reel) -> str:
    """Film a reel; return "", or why it could not be done (text travels between processes, our errors do not)."""
    try:
        from dexbench.sim.film import Studio

        rows = {row["index"]: row for row in load_run(reel.folder, blobs=True).episodes}
        world = simulated(reel.task, reel.embodiment, 1, ("state",))
        with Studio(world, **reel.settings) as studio:
            for index, path in reel.films:
                half = path.with_name(f"half-{path.name}")  # a film that was cut short must not look finished
                studio.film(rows[index], half)
                half.with_suffix(".png").replace(path.with_suffix(".png"))
                half.replace(path)
    except DexBenchError as error:
        return str(error)
    return ""
