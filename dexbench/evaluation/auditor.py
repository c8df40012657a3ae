"""Runs an audit: every contender on the same frozen trials of each cell, by the runner, so that rows can be verified.

A cell's folder, RUNS/TASK/EMBODIMENT, holds the suites that were drawn for it and a run folder for each contender.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from dexbench.core.crew import Crew
from dexbench.core.task import Task, versioned

from .audit import CHEAT, EXPERT, Asked, Document, disorder, exceeds, needed, result, share
from .audit_work import Ask, Slot, Watch, Work
from .freezing import freeze
from .progress import Bar
from .record import Row
from .rows import load_run
from .suite import Suite
from .witness import Testimony

SEED, SECOND, THIRD = 41, 42, 43
"""Of the trials of the first look, of the second and of the third."""
ATTEMPTS = 1000
"""A success counts in whatever attempt: as many as the task allows."""
WATCHED = 6
"""Successes of the expert that are re-simulated and watched; of everybody else, the episode that got furthest."""

TWIN = "it does step by step what the expert does: no cheat here"


@dataclass(frozen=True)
class Audited:
    """A cell: a task on a body."""

    task: str
    """With its version."""
    embodiment: str
    asked: tuple[Asked, ...]
    """The expert first."""
    lift: float | None = None
    """Rise that the task asks for [m], where it says so."""


@dataclass
class Auditor:
    """Asks everybody in every cell. Stop it and run it again: what is there is not run anew.

    Args:
      cells: what is audited.
      runs: where records go.
      episodes: of each contender in each cell.
      most: what a cheat gets at most that succeeded in one of them: `needed()` first, then all of it while its share is
        above the limit and its interval is not.
      work: of the worker processes.
      jobs: processes; 0: in this one.
      progress: draw bars.
      fresh: throw earlier records of these cells away.
    """

    cells: Sequence[Audited]
    runs: Path
    episodes: int
    most: int
    work: Work
    jobs: int = 1
    progress: bool = False
    fresh: bool = False
    _suites: dict[int, Suite] = field(default_factory=dict)
    _rows: dict[Slot, list[Row]] = field(default_factory=dict)
    _why: dict[Slot, tuple[str, str]] = field(default_factory=dict)
    _seen: dict[Slot, list[Testimony]] = field(default_factory=dict)
    _states: dict[Slot, dict[int, list[str]]] = field(default_factory=dict)
    """Of the experts' successes: what they went through, by episode."""

    def run(self) -> list[Document]:
        """Return the audited tasks as `audit_document` takes them."""
        for number, cell in enumerate(self.cells):
            if self.fresh and self._place(cell).exists():
                shutil.rmtree(self._place(cell))
            self._suites[number] = self._suite(cell, "audit", self.episodes, SEED)
        everybody = [((i, a.label), a) for i, cell in enumerate(self.cells) for a in cell.asked]
        with Crew(self.work, min(self.jobs, len(everybody))) as crew:
            experts = [(s, a) for s, a in everybody if a.role == EXPERT]
            self._ask(crew, "experts", [self._first(s, a) for s, a in experts])
            others = [self._first(s, a) for s, a in everybody if a.role != EXPERT]
            self._ask(crew, "cheats", [o for o in others if o is not None])
            lucky = [
                (s, a) for s, a in everybody if a.role == CHEAT and any(r["success"] for r in self._rows.get(s, ()))
            ]
            asked, goal = self.episodes, min(self.most, needed())
            if asked < goal:
                self._ask(crew, "second look", [self._more(s, a, "second", goal - asked, SECOND) for s, a in lucky])
                asked = goal
            unclear = [(s, a) for s, a in lucky if exceeds(share(self._rows[s])) is None]
            if asked < self.most:
                third = [self._more(s, a, "third", self.most - asked, THIRD) for s, a in unclear]
                self._ask(crew, "third look", third)
            watches = [w for s, a in everybody if (w := self._watch(s, a)) is not None]
            with Bar("order of stages", len(watches), shown=self.progress) as bar:
                for slot, seen in crew.run(watches):
                    self._seen[slot] = seen
                    bar.step()
        return self._tasks()

    def _place(self, cell: Audited) -> Path:
        return self.runs / cell.task / cell.embodiment

    def _suite(self, cell: Audited, name: str, episodes: int, seed: int) -> Suite:
        """Draw and freeze trials of every split, and return them; the same ones whenever it is asked."""
        task = self.work.task_factory(cell.task)
        count, left = divmod(max(episodes, len(task.splits)), len(task.splits))
        splits = ", ".join(f"{split}: {count + (i < left)}" for i, split in enumerate(task.splits))
        path = self._place(cell) / f"{name}_{episodes}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(
                f"name: {path.stem}\nprotocol: 1\ndescription: trials of an audit\nentries:\n  - name: audit\n"
                f"    task: {cell.task}\n    embodiment: {cell.embodiment}\n    splits: {{{splits}}}\n"
                f"    seed: {seed}\n    attempts: {ATTEMPTS}\n    layouts: {name}\n",
                encoding="utf-8",
            )
        return freeze(path, self.work.task_factory)

    def _first(self, slot: Slot, asked: Asked) -> Ask | None:
        """Return the job of a contender, or None where the expert leaves it nothing to take."""
        expert = (slot[0], next(a.label for a in self.cells[slot[0]].asked if a.role == EXPERT))
        taken: dict[str, Any] = {}
        if asked.takes:
            if not any(r["success"] for r in self._rows.get(expert, ())):
                self._why[slot] = ("it needs a success of the expert here, and there is none", "")
                return None
            taken = {name: str(self._folder(expert, self._suites[slot[0]])) for name in asked.takes}
        return self._job(slot, asked, self._suites[slot[0]], taken)

    def _more(self, slot: Slot, asked: Asked, look: str, episodes: int, seed: int) -> Ask:
        """Return the job that gives a cheat so many episodes more."""
        suite = self._suite(self.cells[slot[0]], look, episodes, seed)
        first = self._first(slot, asked)
        assert first is not None, "it has run"
        return self._job(slot, asked, suite, {k: v for k, v in first.settings.items() if k in asked.takes})

    def _job(self, slot: Slot, asked: Asked, suite: Suite, taken: Mapping[str, Any]) -> Ask:
        cell = self.cells[slot[0]]
        command = f"dexbench audit {cell.task} --embodiment {cell.embodiment} --episodes {self.episodes}"
        settings = {**asked.settings, **taken}
        return Ask(slot, suite.path, self._folder(slot, suite), asked.agent, settings, command)

    def _folder(self, slot: Slot, suite: Suite) -> Path:
        return suite.path.parent / suite.name / slot[1].replace(" ", "_").replace("/", "_")

    def _ask(self, crew: Crew, title: str, jobs: Sequence[Ask | None]) -> None:
        todo = {job.slot: job for job in jobs if job is not None}
        if not todo:
            return
        with Bar(title, len(todo), shown=self.progress) as bar:
            for slot, (why_not, error) in crew.run(todo.values()):
                job = todo[slot]
                if not why_not and not error and self._twin(job):
                    error = TWIN
                if why_not or error:
                    self._why[slot] = (why_not, error)
                else:
                    self._rows[slot] = [*self._rows.get(slot, ()), *load_run(job.folder).episodes]
                bar.step(f"{self.cells[slot[0]].task} {self.cells[slot[0]].embodiment} {slot[1]}")

    def _twin(self, job: Ask) -> bool:
        """Return whether a cheat went, state by state, through what the expert went through wherever that succeeded.

        A cheat that changes a part of the expert which the expert does not use here is no cheat here.
        """
        asked = {a.label: a for a in self.cells[job.slot[0]].asked}
        expert = next(a for a in asked.values() if a.role == EXPERT)
        if asked[job.slot[1]].role != CHEAT or job.suite != self._suites[job.slot[0]].path:
            return False
        slot = (job.slot[0], expert.label)
        if slot not in self._states:
            rows = load_run(self._folder(slot, self._suites[slot[0]]), blobs=True).episodes
            self._states[slot] = {r["index"]: r["hashes"] for r in rows if r["success"]}
        won = self._states[slot]
        own = {r["index"]: r["hashes"] for r in load_run(job.folder, blobs=True).episodes}
        return bool(won) and all(own.get(index) == states for index, states in won.items())

    def _watch(self, slot: Slot, asked: Asked) -> Watch | None:
        cell, rows = self.cells[slot[0]], self._rows.get(slot, [])[: self.episodes]
        whole = [r for r in rows if not r["error"] and r["steps"]]
        if asked.role == EXPERT and any(r["success"] for r in whole):
            chosen = [r["index"] for r in whole if r["success"]][:WATCHED]
        else:
            chosen = [r["index"] for r in sorted(whole, key=lambda r: -r["stage"]) if r["stage"]][:1]
        if not chosen:
            return None
        return Watch(slot, self._folder(slot, self._suites[slot[0]]), (cell.task, cell.embodiment), tuple(chosen))

    def _tasks(self) -> list[Document]:
        tasks: dict[str, Document] = {}
        for number, cell in enumerate(self.cells):
            task = self.work.task_factory(cell.task)
            found = tasks.setdefault(cell.task, {**_facts(task), "cells": []})
            found["cells"].append(self._cell(number, cell, task))
        return list(tasks.values())

    def _cell(self, number: int, cell: Audited, task: Task) -> Document:
        slots = {a.label: (number, a.label) for a in cell.asked}
        rows = [r for slot in slots.values() for r in self._rows.get(slot, ())]
        seen = [t for slot in slots.values() for t in self._seen.get(slot, ())]
        taken_back = sorted({f"{fault} (episode {t.index})" for t in seen for fault in t.faults})
        expert = slots[next(a.label for a in cell.asked if a.role == EXPERT)]
        suite = self._suites[number]
        ran = next((slot for slot in slots.values() if self._rows.get(slot)), None)
        versions = dict(load_run(self._folder(ran, suite)).info["versions"]) if ran else {}
        return {
            "embodiment": cell.embodiment,
            "stages": list(task.stages),
            "suite": suite.name,
            "table": suite.table,
            "episodes": len(suite.episodes),
            "versions": versions,
            "command": f"dexbench audit {cell.task} --embodiment {cell.embodiment} --episodes {self.episodes}",
            "rows": [
                result(a, self._rows.get(slots[a.label], ()), len(task.stages), *self._why.get(slots[a.label], ()))
                for a in cell.asked
            ],
            "order": {"episodes": len(rows), "watched": len(seen), "faults": [*disorder(rows), *taken_back]},
            "margins": _margins(self._rows.get(expert, ()), self._seen.get(expert, ()), cell.lift, task),
        }


def _facts(task: Task) -> Document:
    return {
        "task": versioned(task),
        "hands": task.hands,
        "needs": getattr(task, "needs", ""),
        "stages": list(task.stages),
        "official": task.official,
        "horizon_s": float(task.horizon),
    }


def _margins(rows: Sequence[Row], seen: Sequence[Testimony], lift: float | None, task: Task) -> Document:
    """Return how far the expert's successes are from the time limit and from the rise that is asked for."""
    won = [r for r in rows if r["success"]]
    stages = [
        [r["stage_steps"][i] / r["rate_hz"] for r in won if r["stage_steps"][i] is not None]
        for i in range(len(task.stages))
    ]
    times = stages[-1]
    rises = [t.rise for t in seen if t.rise is not None] if won else []
    return {
        "successes": len(won),
        "median_s": round(median(times), 2) if times else None,
        "slowest_s": round(max(times), 2) if times else None,
        "stage_s": [round(median(s), 2) if s else None for s in stages],
        "rise_m": round(min(rises), 4) if rises else None,
        "needed_m": lift,
    }
