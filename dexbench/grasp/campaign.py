"""Many searches, one after the other or in several processes: what has been done already is left alone."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.schema import Array
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.library import Grasps, known, parts_path, read_grasps, write
from dexbench.grasp.opposition import MODES
from dexbench.grasp.rig import turns
from dexbench.grasp.search import ERRORS, TURN_ERROR, Searcher, Settings, cells, merged, two_handed
from dexbench.grasp.search_record import SearchRecord, read_records, write_records
from dexbench.grasp.transfer import carried_over, nearest
from dexbench.grasp.trial import LOOSE, GraspTest
from dexbench.objects.catalogue import load_object

ENOUGH = 4
"""Grasps that must hold of those carried over from a sibling; else the object is searched."""
LIFTED = 16
"""How many of a sibling's are tried."""


@dataclass(frozen=True)
class Order:
    """What to search."""

    embodiment: str
    objects: tuple[str, ...]
    part: str = ""
    mode: str = ""
    seed: int = 0
    settings: Settings = field(default_factory=Settings)
    transfer: bool = True
    """Whether grasps may be carried over from a sibling and tested, instead of a search."""
    by_part: bool = False
    """Whether only grasps count that a search by part and mode has found, here and as a sibling's."""
    each: int = 4
    """How many of a sibling's grasps are tried for each part and mode at least, where there are so many."""
    again: bool = False
    """Search even where there are grasps already."""
    out: str = ""
    """Folder for the files; empty: the hand's library in the installed data."""

    @property
    def hand(self) -> str:
        """Name of the right hand."""
        robot = load_embodiment(self.embodiment)
        if "right" not in robot.sides:
            raise DataError(f"embodiment {self.embodiment!r} has no right hand")
        return robot.parts["right"].hand.name

    def path(self, instance: str) -> Path:
        """Return where the grasps of an object go."""
        return Path(self.out) / f"{instance}.npz" if self.out else parts_path(self.hand, instance)

    def records(self, instance: str) -> Path:
        """Return where the records go: beside the grasps."""
        return self.path(instance).with_name("search.jsonl")

    @property
    def known(self) -> dict[str, Path]:
        """Return the objects that have grasps already, and their files."""
        if self.out or self.by_part:
            return {path.stem: path for path in self.path("any").parent.glob("*.npz")}
        return known(self.hand)


@dataclass(frozen=True)
class Found:
    """What came of one object."""

    instance: str
    grasps: Grasps
    records: tuple[SearchRecord, ...]
    source: str
    """The sibling whose grasps were carried over; empty: searched."""


def campaign(order: Order, jobs: int = 1) -> Iterator[Found]:
    """Search object by object, write what was found, and yield it.

    Raises:
      DataError: no right hand, or an object lacks the part.
      UnknownName: an object or a mode that there is not.
    """
    if order.mode and order.mode not in MODES:
        raise UnknownName("mode of grasping", order.mode, MODES)
    for name in order.objects:
        if order.part and order.part not in {p.name for p in load_object(name).parts}:
            raise UnknownName(f"part of {name}", order.part, [p.name for p in load_object(name).parts])
    todo = [n for n in order.objects if order.again or not _done(order, n)]
    if jobs <= 1:
        worker = Worker(order)
        yield from (_keep(order, worker.one(n)) for n in todo)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(_one, order, n) for n in todo]
        for future in as_completed(futures):
            yield _keep(order, future.result())


def _done(order: Order, instance: str) -> bool:
    """Whether there are grasps of an object, of that part and mode if they are asked for."""
    if order.transfer:
        return instance in order.known
    rows = {(r.instance, r.part, r.mode) for r in read_records(order.records(instance))}
    return all((instance, *cell) in rows for cell in cells(instance, order.part, order.mode))


def _keep(order: Order, found: Found) -> Found:
    """Write grasps and records; of a single part or mode, those of the others stay."""
    path, grasps = order.path(found.instance), found.grasps
    if (order.part or order.mode) and path.is_file():
        old = read_grasps(path, grasps.hand, found.instance)
        searched = set(cells(found.instance, order.part, order.mode))
        stay = [g for g in range(len(old)) if (old.part[g], old.mode[g]) not in searched]
        grasps = merged([old.chosen(stay), grasps], len(stay) + len(grasps))
    if len(grasps):
        write(grasps, path)
    if found.records:
        records = order.records(found.instance)
        write_records([*read_records(records), *found.records], records)
    return replace(found, grasps=grasps)


_workers: dict[Order, "Worker"] = {}
"""Of this process."""


def _one(order: Order, instance: str) -> Found:
    """Search in a process of its own, which finds the hand's shapes once."""
    if order not in _workers:
        _workers[order] = Worker(order)
    return _workers[order].one(instance)


class Worker:
    """Searches one object after the other."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._robot: Embodiment = load_embodiment(order.embodiment)
        self._searcher = Searcher(self._robot, order.hand, order.seed, order.settings)

    def one(self, instance: str) -> Found:
        """Return grasps of an object: a sibling's where they hold, else those of a search."""
        order = self._order
        if order.transfer and not order.part and not order.mode:
            there = order.known
            source = nearest(instance, list(there))
            if source is not None:
                grasps = self.tested(read_grasps(there[source], order.hand, source), instance)
                if (grasps.score > 0).sum() >= ENOUGH:
                    return Found(instance, grasps, (), source)
        found = [self._searcher.part(instance, *cell) for cell in cells(instance, order.part, order.mode)]
        whole = merged([g for g, _ in found], sum(len(g) for g, _ in found))
        return Found(instance, whole, tuple(r for _, r in found if r is not None), "")

    def tested(self, grasps: Grasps, instance: str) -> Grasps:
        """Return a sibling's grasps as grasps of `instance`: those that a disturbed lift held, then those that hung."""
        if not len(grasps):
            return grasps
        model = load_object(instance)
        carried = "handle_right" if two_handed(model) else ""
        first = grasps.chosen(_spread(grasps, self._order.each))
        test = GraspTest(self._robot, "right", instance, len(first), carried=carried)
        ours = carried_over(first, instance, test.posture)
        turn = turns(ours.quaternion)
        rows = np.flatnonzero(~test.penetrates(ours.position, turn, ours.pregrasp))
        if not len(rows):
            return ours.chosen([])
        rng = np.random.default_rng([self._order.seed, *instance.encode()])
        shift, yaw = rng.normal(size=(len(rows), 3)) * ERRORS, rng.normal(size=len(rows)) * TURN_ERROR
        verdict = test.run(ours.position[rows] + shift, turn[rows], ours.pregrasp[rows], ours.squeeze[rows], yaw)
        score: Array = np.where(verdict.held, 1 - np.minimum(verdict.slip, 0.02) / 0.04, -verdict.slip / LOOSE)
        keep = list(np.flatnonzero(verdict.held | verdict.hung)) if verdict.held.sum() else []
        keep.sort(key=lambda k: -score[k])
        return replace(ours.chosen(rows[keep]), score=score[keep]) if keep else ours.chosen([])


def _cell(grasps: Grasps, row: int) -> tuple[str, str]:
    return grasps.part[row], grasps.mode[row]


def _spread(grasps: Grasps, least: int) -> list[int]:
    """Return the rows that are tried on a sibling: the best, and of every part and mode its best."""
    order = [int(row) for row in np.argsort(-grasps.score, kind="stable")]
    each = max(least, LIFTED // len({_cell(grasps, row) for row in order}))
    found: list[int] = []
    for cell in sorted({_cell(grasps, row) for row in order}):
        found += [row for row in order if _cell(grasps, row) == cell][:each]
    return sorted(found, key=lambda row: -grasps.score[row])
