"""What the scripted agent learns: grasps of each object, found by search and kept as a library."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from rich.progress import track

from dexbench.core.errors import DataError
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.library import library_path, write
from dexbench.grasp.search import Settings, search
from dexbench.objects.catalogue import instances, load_object


def train(
    embodiment: str = "shadow_ur10e",
    objects: Sequence[str] = (),
    seed: int = 0,
    jobs: int = 1,
    out: str = "",
    again: bool = False,
) -> str:
    """Search for grasps of a right hand on objects; about 20 seconds an object and core.

    Objects that have grasps already are left alone, so that a search that was stopped goes on.

    Args:
      embodiment: whose right hand.
      objects: names in the catalogue; by default all.
      seed: of all random numbers.
      jobs: processes.
      out: folder for the files; by default the hand's library in the installed data.
      again: search even where there are grasps already.

    Returns:
      A sentence that says what was found.
    """
    robot = load_embodiment(embodiment)
    if "right" not in robot.sides:
        raise DataError(f"embodiment {embodiment!r} has no right hand")
    hand = robot.parts["right"].hand.name
    names = tuple(objects) or instances()
    for name in names:
        load_object(name)  # a misspelt one is said before the search
    paths = {n: Path(out) / f"{n}.npz" if out else library_path(hand, n) for n in names}
    todo = [n for n in names if again or not paths[n].is_file()]
    found = {}
    with ProcessPoolExecutor(max(1, jobs), mp_context=multiprocessing.get_context("spawn")) as pool:
        work = partial(_search_one, embodiment, hand, seed)
        futures = {pool.submit(work, n, paths[n]): n for n in todo}
        for future in track(as_completed(futures), "searching", total=len(futures)):
            found[futures[future]] = future.result()
    few = [n for n, count in found.items() if count < 4]
    return f"grasps of {len(found)} objects found, {len(names) - len(todo)} had some already" + (
        f"; fewer than four for {', '.join(few)}" if few else ""
    )


def _search_one(embodiment: str, hand: str, seed: int, name: str, path: Path) -> int:
    """Search for grasps of one object and write them; return how many there are."""
    grasps = search(load_embodiment(embodiment), hand, name, seed, Settings())
    write(grasps, path)
    return len(grasps)
