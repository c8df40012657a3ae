"""Re-simulates a run without its agent and says which rows hold.

It proves that the recorded actions, from the recorded trials of the frozen table, give the recorded results. Who chose
the actions no re-simulation can prove.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dexbench.core.agent import Agent
from dexbench.core.crew import Crew
from dexbench.core.errors import DataError
from dexbench.core.player import Player
from dexbench.core.rollout import Watcher
from dexbench.core.schema import GROUPS, PICTURES
from dexbench.core.shelf import load_task
from dexbench.core.world import World

from .cell import Cell
from .findings import Finding, Report, shown
from .inspection import inspect_rows, inspect_run
from .journal import EPISODES, read_info
from .packing import unpack
from .progress import Bar
from .record import Row
from .recorder import AGENT_ERROR, SIMULATION_ERROR
from .runner import TaskFactory, WorldFactory, versions
from .suite import Episode, Suite

_BROKEN = (AGENT_ERROR, SIMULATION_ERROR)
_GIVEN = ("previous", "digest", "agent", "error", "initial", "actions", "hashes", "failure", "trial", "trial_digest")
"""Fields that are not compared as a whole: given, or compared in their own way."""


def verify(
    folder: str | Path,
    suite: Suite,
    world_factory: WorldFactory,
    *,
    task_factory: TaskFactory = load_task,
    jobs: int = 1,
    batch: int = 8,
    progress: bool = False,
    only: Collection[int] | None = None,
) -> Report:
    """Check a run: its files against each other and the suite, then each row by re-simulation.

    Bits are equal on the same kind of machine with the same engine version; where those differ a warning says so.

    Args:
      folder: of the run.
      suite: that it claims to be of.
      world_factory: makes the worlds.
      task_factory: makes the task; default: from the shelf.
      jobs: worker processes; 0 works in this one.
      batch: rows at once in each.
      progress: draw a bar on standard error.
      only: rows to re-simulate; default: all. Of the others the report says what their files do, not whether they
        come out again.

    Raises:
      RunError: there is no run in the folder.
      DataError: run.json is none.
    """
    folder = Path(folder)
    info = read_info(folder)
    report = Report(folder, len(suite.episodes), drawn=None if only is None else len(set(only)))
    report.findings += inspect_run(info, suite, versions())
    rows = dict(inspect_rows(folder / EPISODES, info, suite, report.findings))
    if only is not None:
        rows = {index: row for index, row in rows.items() if index in only}
    work = _Resimulation(world_factory, task_factory, _groups(info), batch)
    jobs = min(jobs, len(rows))
    with Crew(work, jobs) as crew, Bar(f"verify {folder.name}", len(rows), shown=progress) as bar:
        for index, findings in crew.run(_chunks(suite, rows, jobs, batch)):
            report.findings += findings
            bad = {f.row for f in report.findings if not f.warning}
            bar.step(f"{len(bad)} bad" if bad else "")
            report.held.append(index)
    bad = {f.row for f in report.findings if not f.warning}
    report.held = sorted(set(report.held) - bad)
    return report


def _groups(info: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the observation groups of each cell of the run, but for pictures: nobody looks."""
    found = {}
    for name, cell in info["cells"].items():
        groups = cell.get("groups") if isinstance(cell, dict) else None
        if not isinstance(groups, list) or not set(groups) <= set(GROUPS):
            raise DataError(f"run.json: cells.{name}.groups is no list of observation groups")
        found[name] = tuple(g for g in groups if g not in PICTURES)
    return found


def _chunks(suite: Suite, rows: Mapping[int, Row], jobs: int, batch: int) -> Iterator[list[tuple[Episode, Row]]]:
    """Yield rows of one cell together. A row that something broke in goes alone, as it was recorded."""
    size = min(4 * batch, max(batch, -(-len(rows) // (2 * max(1, jobs)))))
    open_: dict[str, list[tuple[Episode, Row]]] = {}
    for index, row in rows.items():
        episode = suite.episodes[index]
        if row["failure"] in _BROKEN:
            yield [(episode, row)]
            continue
        chunk = open_.setdefault(episode.cell, [])
        chunk.append((episode, row))
        if len(chunk) == size:
            yield open_.pop(episode.cell)
    yield from open_.values()


@dataclass
class _Resimulation:
    """What a worker does: plays records and compares."""

    world_factory: WorldFactory
    task_factory: TaskFactory
    groups: Mapping[str, tuple[str, ...]]
    batch: int
    _cells: dict[str, Cell] = field(default_factory=dict)

    def __call__(self, job: Sequence[tuple[Episode, Row]]) -> Iterator[tuple[int, list[Finding]]]:
        """Yield (index, findings) of each row; all of one cell."""
        cell = self._cell(job[0][0].cell)
        actuators = len(cell.world().spec.action.actuators)
        records: dict[int, Row] = {}
        actions: dict[int, Any] = {}
        for episode, row in job:
            try:
                found = unpack(row["actions"], "actions")
                if found.shape != (row["steps"], actuators):
                    raise DataError(f"actions have shape {found.shape}, expected {(row['steps'], actuators)}")
            except DataError as error:
                yield episode.index, [Finding(episode.index, "actions", str(error))]
                continue
            records[episode.index], actions[episode.index] = row, found

        def cast(episodes: Sequence[Episode]) -> tuple[Agent, Sequence[Watcher]]:
            player = Player(cell.world().spec, [actions[e.index] for e in episodes])
            return player, (player,)

        for again, _ in cell.rows(cast, "", [e for e, _ in job if e.index in records]):
            yield again["index"], list(_differences(records[again["index"]], again))

    def _cell(self, name: str) -> Cell:
        if name not in self._cells:
            task, embodiment = name.split("/")
            groups = self.groups.get(name, ("state", "touch"))
            self._cells[name] = Cell(
                partial(self._build, task, embodiment, groups), self.task_factory(task), self.batch
            )
        return self._cells[name]

    def _build(self, task: str, embodiment: str, groups: tuple[str, ...], n: int) -> World:
        return self.world_factory(task, embodiment, n, groups)


def _differences(recorded: Row, again: Row) -> Iterator[Finding]:
    """Yield how a record differs from its re-simulation."""
    index = again["index"]
    broke = recorded["failure"] in _BROKEN
    if recorded["initial"] is None:
        if not broke:
            yield Finding(index, "initial", "no state was recorded (hardware?): nothing can be re-simulated")
            return
    else:
        yield from _initial(recorded, again)
    first = next((i for i, (a, b) in enumerate(zip(recorded["hashes"], again["hashes"], strict=False)) if a != b), None)
    if first is not None:
        step = min((first + 1) * again["hash_every"], recorded["steps"])
        yield Finding(index, "state", f"differs from the record by step {step}: an action or a hash was edited")
    elif len(recorded["hashes"]) != len(again["hashes"]) and not broke:
        count = len(again["hashes"])
        yield Finding(index, "state", f"{len(recorded['hashes'])} hashes are recorded, {count} are found")
    if again["failure"] != recorded["failure"] and not (broke and again["failure"] in _BROKEN):
        if again["failure"] == AGENT_ERROR:
            yield Finding(index, "end", f"the record stops after {recorded['steps']} steps, the episode goes on")
        else:
            yield Finding(
                index, "outcome", f"failure is {shown(recorded['failure'])}, re-simulated {shown(again['failure'])}"
            )
    for name, value in again.items():
        if name not in _GIVEN and recorded[name] != value:
            yield Finding(index, "outcome", f"{name} is {shown(recorded[name])}, re-simulated {shown(value)}")


def _initial(recorded: Row, again: Row) -> Iterator[Finding]:
    index = again["index"]
    try:
        before = unpack(recorded["initial"], "initial")
    except DataError as error:
        yield Finding(index, "initial", str(error))
        return
    after = None if again["initial"] is None else unpack(again["initial"], "initial")
    if after is None or before.shape != after.shape:
        yield Finding(index, "initial", "the recorded state has another size than this world's")
    elif before.tobytes() != after.tobytes():
        at = int(np.flatnonzero(before.view(np.uint64) != after.view(np.uint64))[0])
        yield Finding(
            index,
            "initial",
            f"starts from another state: number {at} is {before[at]:.17g}, its trial gives {after[at]:.17g}",
        )
