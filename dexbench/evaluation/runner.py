"""Evaluates an agent on a suite into a run folder. Kill it at any moment, run it again: the rows end up the same."""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import chain, groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import dexbench
from dexbench.core.agent import Agent, AgentSpec
from dexbench.core.contract import agree
from dexbench.core.crew import Crew
from dexbench.core.errors import ContractError, RunError, UnknownName
from dexbench.core.schema import GROUPS, Array, Observation
from dexbench.core.shelf import AGENTS, constants, load_agent, load_task
from dexbench.core.task import Task
from dexbench.core.world import World, WorldSpec
from dexbench.robots.faces import face_for

from .cell import Cell, Guarded
from .journal import FORMAT, Journal
from .progress import Bar
from .record import Row
from .reuse import Place, reusable, taken
from .rows import Run, load_run
from .suite import Episode, Suite

WorldFactory = Callable[[str, str, int, tuple[str, ...]], World]
"""(task, embodiment, n, observation groups) to worlds. A function at the top of a module: other processes call it."""
AgentFactory = Callable[[str, WorldSpec, Mapping[str, Any]], Agent]
"""(name, world's declaration, settings) to an agent; likewise."""
TaskFactory = Callable[[str], Task]

DEFAULT_GROUPS = ("state", "objects", "touch", "points")
"""What an agent gets that does not say what it reads, in a module constant OBSERVES."""
_PACKAGES = ("mujoco", "numpy")
_OPTIONAL = ("torch",)
"""Recorded if the agent's module imports them; what else this process has loaded is no matter."""


def shelf_agent(name: str, world: WorldSpec, settings: Mapping[str, Any]) -> Agent:
    """Return an agent from the shelf."""
    return load_agent(name, world, **settings)


def groups_of(agent: str) -> tuple[str, ...]:
    """Return the observation groups for an agent on the shelf, without importing it. Touch is always recorded."""
    wanted = tuple(constants(AGENTS, agent).get("OBSERVES", DEFAULT_GROUPS))
    for group in wanted:
        if group not in GROUPS:
            raise UnknownName("observation group", str(group), GROUPS)
    return tuple(g for g in GROUPS if g in wanted or g == "touch")


def versions(optional: Sequence[str] = _OPTIONAL) -> dict[str, str]:
    """Return the versions of what results depend on, without importing anything."""
    found = {"dexbench": dexbench.__version__, "python": ".".join(platform.python_version_tuple()[:2])}
    for package in (*_PACKAGES, *optional):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def evaluate(
    suite: Suite,
    agent: str,
    folder: str | Path,
    world_factory: WorldFactory,
    *,
    agent_factory: AgentFactory = shelf_agent,
    task_factory: TaskFactory = load_task,
    groups: Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    jobs: int = 1,
    batch: int = 8,
    progress: bool = False,
    command: str = "",
    reuse: Sequence[str | Path] = (),
) -> Run:
    """Run every episode of `suite` that the folder does not have yet, and return the run.

    Args:
      suite: what to run.
      agent: its name; becomes part of the record.
      folder: made if it is not there.
      world_factory: makes the worlds.
      agent_factory: makes the agent; default: from the shelf.
      task_factory: makes the task; default: from the shelf.
      groups: observation groups; default: what the agent's module says.
      settings: of the agent, plain data.
      jobs: worker processes; 0 runs in this one. Results depend neither on jobs nor on batch.
      batch: episodes at once in each.
      progress: draw a bar on standard error.
      command: how to repeat this, for the record.
      reuse: folders of other runs whose rows stand for the same episodes here; see `reuse.reusable`.

    Raises:
      ContractError: agent and world do not fit; before step 0 of any episode.
      RunError: the folder is busy, holds another run, cannot be written, or a worker died; a run in `reuse` is
        another agent's, or was made with other versions.
      KeyboardInterrupt: Ctrl-C; its text says what is there. Running the same again goes on.
    """
    folder = Path(folder)
    settings = _plain(settings or {})
    chosen = groups_of(agent) if groups is None else tuple(groups)
    work = Evaluation(agent, settings, world_factory, agent_factory, task_factory, chosen, batch)
    asked = {
        "format": FORMAT,
        "suite": suite.name,
        "protocol": suite.protocol,
        "table": suite.table,
        "episodes": len(suite.episodes),
        "entries": suite.plan(),
        "agent": agent,
        "settings": settings,
    }
    with Journal(folder) as journal:
        journal.compare({**asked, "versions": {**versions(()), **_known(journal.info)}})
        left = suite.episodes[len(journal.rows) :]
        done = len(journal.rows)
        try:
            if left:
                jobs = min(jobs, len(left))
                bar = Bar(f"{agent} on {suite.name}", len(suite.episodes), done, shown=progress)
                with Crew(work, jobs) as crew, bar:
                    (survey,) = crew.run([_Survey(tuple(dict.fromkeys(e.cell for e in suite.episodes)))])
                    info = {**asked, **survey, "machine": platform.machine(), "command": command}
                    there = {i: p for run in reuse for i, p in reusable(Path(run), info, left).items()}
                    fresh = [e for e in left if e.index not in there]
                    journal.open_run(info)
                    journal.note(_host(jobs, batch))
                    wins = sum(r["success"] for r in journal.rows)
                    for row, seconds in _in_order(crew.run(_chunks(fresh, jobs, batch)), done, there, suite.episodes):
                        journal.append(row)
                        how = {"from": str(there[done].folder)} if done in there else {"seconds": round(seconds, 3)}
                        journal.note({"index": row["index"], **how, "steps": row["steps"]})
                        done += 1
                        wins += row["success"]
                        bar.step(f"success {wins / done:.0%}")
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_resumable("stopped", done, suite)) from None
        except RunError as error:
            raise RunError(f"{error}\n{_resumable('The run ended', done, suite)}") from error
        return load_run(folder)


@dataclass(frozen=True)
class _Survey:
    """A job: build these cells and say what they and the agent declare."""

    cells: tuple[str, ...]


@dataclass
class Evaluation:
    """What a worker does: runs episodes, its worlds and agents built once for each task and embodiment."""

    agent: str
    settings: Mapping[str, Any]
    world_factory: WorldFactory
    agent_factory: AgentFactory
    task_factory: TaskFactory
    groups: tuple[str, ...]
    batch: int
    _cells: dict[str, tuple[Cell, Agent]] = field(default_factory=dict)

    def __call__(self, job: _Survey | Sequence[Episode]) -> Iterator[Any]:
        """Yield one survey, or a (row, seconds) for each episode; all episodes of a job are of one cell."""
        if isinstance(job, _Survey):
            cells = {name: self._declared(name) for name in job.cells}
            unfit = [a for _, a in self._cells.values() if isinstance(a, Unfit)]
            if len(unfit) == len(cells):
                raise unfit[0].error
            yield {"cells": cells, "versions": versions(_imported([a for _, a in self._cells.values()]))}
            return
        cell, agent = self._cell(job[0].cell)
        yield from cell.rows(lambda _: (Guarded(agent), ()), self.agent, job)

    def _cell(self, name: str) -> tuple[Cell, Agent]:
        if name not in self._cells:
            task, embodiment = name.split("/")
            build = partial(self._build, task, embodiment)
            cell = Cell(build, self.task_factory(task), self.batch)
            spec = cell.world().spec
            try:
                agent = self.agent_factory(self.agent, spec, self.settings)
                agree(agent.spec, spec, face_for(agent.spec, spec))
            except ContractError as error:
                agent = Unfit(AgentSpec(self.agent, "", (), spec.action), error)
            self._cells[name] = cell, agent
        return self._cells[name]

    def _build(self, task: str, embodiment: str, n: int) -> World:
        return self.world_factory(task, embodiment, n, self.groups)

    def _declared(self, name: str) -> dict[str, Any]:
        cell, agent = self._cell(name)
        spec, task = cell.world().spec, cell.task
        return {
            "task": spec.task,
            "embodiment": spec.embodiment.name,
            "rate_hz": float(spec.action.rate_hz),
            "horizon": float(task.horizon),
            "stages": list(task.stages),
            "failures": list(task.failures),
            "official": task.official,
            "actuators": list(spec.action.actuators),
            "groups": [g for g in self.groups if g in {f.group for f in spec.observations.fields}],
            "agent": _plain(asdict(agent.spec)),
        }


@dataclass
class Unfit:
    """Stands for an agent in a cell that it does not fit: its episodes there are failures that say why.

    An agent that fits no cell of a suite is refused before step 0; one that was made for some of the tasks is measured
    on all of them, since leaving out what it cannot do would flatter it.
    """

    spec: AgentSpec
    error: ContractError

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Nothing to start."""

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Raise what speaks against it."""
        raise self.error


def _imported(agents: Sequence[Agent]) -> tuple[str, ...]:
    """Return the optional packages that the agents' modules import by name."""
    modules = [vars(sys.modules[type(a).__module__]) for a in agents]
    names = {getattr(v, "__name__", "") for module in modules for v in module.values() if isinstance(v, ModuleType)}
    return tuple(p for p in _OPTIONAL if p in names)


def _plain(value: Any) -> Any:
    """Return data as JSON gives them back: lists for tuples."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _chunks(episodes: Sequence[Episode], jobs: int, batch: int) -> Iterator[list[Episode]]:
    """Yield episodes in their order, each chunk of one cell: large ones first, small ones at the end.

    A chunk is at most two batches, since rows are written in order and wait for the chunk before.
    """
    left = len(episodes)
    for _, group in groupby(episodes, key=lambda e: e.cell):
        rest = list(group)
        while rest:
            size = max((batch + 1) // 2, min(2 * batch, -(-left // (2 * max(1, jobs)))))
            yield rest[:size]
            left -= len(rest[:size])
            rest = rest[size:]


def _in_order(
    results: Iterator[tuple[Row, float]], first: int, there: Mapping[int, Place], episodes: Sequence[Episode]
) -> Iterator[tuple[Row, float]]:
    """Yield rows by index from `first` on, those of earlier runs in their places; keep those that come early."""
    early: dict[int, tuple[Row, float]] = {}
    with closing(results):  # type: ignore[type-var]
        for result in chain((None,), results):
            if result is not None:
                early[result[0]["index"]] = result
            while first in early or first in there:
                yield early.pop(first) if first in early else (taken(there[first], episodes[first]), 0.0)
                first += 1


def _known(info: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the versions that only a survey finds, as an existing run has them."""
    recorded = (info or {}).get("versions", {})
    return {k: v for k, v in recorded.items() if k in _OPTIONAL}


def _resumable(how: str, done: int, suite: Suite) -> str:
    return f"{how} after {done} of {len(suite.episodes)} episodes; run the same command again to go on"


def _host(jobs: int, batch: int) -> dict[str, Any]:
    return {
        "host": {
            "processors": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
        "jobs": jobs,
        "batch": batch,
    }
