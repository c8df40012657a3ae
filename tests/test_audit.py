"""The audit: who is asked, the verdict, its document and its page."""

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dexbench.cli.main import main
from dexbench.core import shelf
from dexbench.core.agent import Agent
from dexbench.core.errors import ContractError, DataError
from dexbench.core.schema import Array, Observation
from dexbench.core.task import versioned
from dexbench.core.trial import Outcome
from dexbench.core.world import World, WorldSpec
from dexbench.evaluation.audit import CHEAT, EXPERT, FAULT, NUMB, OPEN, PASS, Asked, judge_cell, needed, rate_row
from dexbench.evaluation.audit_document import audit_json, check_audit, document_of, merge, published, read_audit
from dexbench.evaluation.audit_page import audit_text, with_table
from dexbench.evaluation.audit_work import Work
from dexbench.evaluation.auditor import Audited, Auditor
from dexbench.evaluation.contenders import contenders
from dexbench.evaluation.statistics import Rate, wilson
from tests import toy

PAGE = Path(__file__).parents[1] / "docs" / "audit.md"
KNOWN: dict[str, set[str]] = {}
"""Faults that the published audit has, {task: contenders}; docs/audit.md says what is to be done about them."""


# --- The verdict, on a toy: a point that must be brought to a goal and held there


class Lazy(toy.Driver):
    """Stays where it is."""

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        return np.zeros((len(worlds), 1, 2))


class Stopped(Lazy):
    """Stopped by Ctrl-C, once."""

    left = -1

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        Stopped.left -= 1
        if not Stopped.left:
            raise KeyboardInterrupt
        return super().act(observation, worlds)


def agents(name: str, world: WorldSpec, settings: Mapping[str, Any]) -> Agent:
    if name == "unfit":
        raise ContractError("nothing here can be unscrewed")
    return {"lazy": Lazy, "stopped": Stopped}.get(name, toy.Driver)(name, 1 / toy.PERIOD)


class Generous(toy.ToyWorld):
    """A broken rule: whoever waits for a second has done it."""

    def outcome(self) -> Outcome:
        o, late = super().outcome(), self.elapsed() >= 1.0
        o.success_once, o.success_at_end = o.success_once | late, o.success_at_end | late
        o.stage = np.maximum(o.stage, np.where(late, 2, (self.elapsed() >= 0.5).astype(int)))
        return o


class Partial(Generous):
    """A broken rule: whoever waits for a second has done it where the goal is so far to the right, and no further."""

    beyond = 0.9

    def outcome(self) -> Outcome:
        o, right = super().outcome(), (self._state[:, 4] > self.beyond) & (self._state[:, 4] < 0.9)
        o.success_once, o.success_at_end, o.stage = o.success_once & right, o.success_at_end & right, o.stage * right
        return o


class Forgetful(toy.ToyWorld):
    """A broken rule: the first stage is taken back where the point has left the goal again, and then it is there."""

    def outcome(self) -> Outcome:
        o = super().outcome()
        o.stage = np.where((self.elapsed() > 1.0) & (o.stage == 1), 0, o.stage)
        o.stage = np.where(self._state[:, 6] == 3, 0, o.stage)
        return o


class Hasty(toy.ToyWorld):
    """A broken rule: success is said where only the first stage is complete."""

    def outcome(self) -> Outcome:
        o = super().outcome()
        o.success_once, o.success_at_end = o.stage > 0, o.stage > 0
        o.stage = np.minimum(o.stage, 1)
        return o


class Sudden(toy.ToyWorld):
    """A broken rule: both stages come at once."""

    def outcome(self) -> Outcome:
        o = super().outcome()
        o.stage = np.where(o.stage == 2, 2, 0)
        return o


def asked(*cheats: str) -> tuple[Asked, ...]:
    return (Asked("good", EXPERT), *(Asked(c, CHEAT) for c in cheats))


def auditor(folder: Path, kind: type[toy.ToyWorld], cast: tuple[Asked, ...], most: int = 20) -> Auditor:
    def worlds(task: str, embodiment: str, n: int, groups: tuple[str, ...]) -> World:
        return kind(task, n, groups)

    work = Work(worlds, agents, toy.make_task, 4, ("state", "touch"))
    return Auditor([Audited("toy-v1", "toy", cast)], folder, 8, most, work, jobs=0)


def audited(folder: Path, kind: type[toy.ToyWorld], *cheats: str) -> dict[str, Any]:
    document = document_of(auditor(folder, kind, asked(*cheats)).run())
    check_audit(document)
    task: dict[str, Any] = document["tasks"][0]
    return task


def test_a_sound_rule_passes(tmp_path: Path) -> None:
    task = audited(tmp_path, toy.ToyWorld, "lazy")
    assert (task["verdict"], task["faults"], task["open"]) == (PASS, [], [])
    assert (task["together"]["successes"], task["together"]["trials"]) == (0, 8)
    assert task["worst"] == {"name": "lazy", "upper": round(wilson(0, 8)[1], 6), "proven": False}
    cell = task["cells"][0]
    assert cell["order"] == {"episodes": 16, "watched": 6, "faults": []}
    assert cell["margins"]["successes"] == 8
    assert 0 < cell["margins"]["median_s"] <= cell["margins"]["slowest_s"] < 2


def test_a_rule_that_a_cheat_passes_is_a_fault_after_a_second_look(tmp_path: Path) -> None:
    task = audited(tmp_path, Generous, "lazy")
    assert task["verdict"] == FAULT
    assert task["faults"] == ["toy: lazy succeeds in 20 of 20"]


@pytest.mark.parametrize(("beyond", "asked_for"), [(-1.0, 12), (0.05, 12), (0.55, 60), (0.9, 8)])
def test_a_third_look_is_for_what_the_second_leaves_unclear(
    beyond: float, asked_for: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who always succeeds needs none, nor who never does."""
    monkeypatch.setattr("dexbench.evaluation.auditor.needed", lambda: 12)
    monkeypatch.setattr(Partial, "beyond", beyond)
    (task,) = auditor(tmp_path, Partial, asked("lazy"), most=60).run()
    rate = task["cells"][0]["rows"][1]["success"]
    assert rate["trials"] == asked_for


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Forgetful, "taken back"), (Hasty, "without the last stage 'held'"), (Sudden, "within one control period")],
)
def test_stages_out_of_order_are_a_fault(kind: type[toy.ToyWorld], words: str, tmp_path: Path) -> None:
    task = audited(tmp_path, kind, "lazy")
    assert task["verdict"] == FAULT
    assert any("order of stages" in f and words in f for f in task["faults"])


def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    task = audited(tmp_path, toy.ToyWorld, "lazy", "unfit", "crash")
    rows = {r["name"]: r for r in task["cells"][0]["rows"]}
    assert rows["unfit"]["why_not"] == "nothing here can be unscrewed"
    assert rows["unfit"]["success"]["rate"] is None
    assert "unfit does not apply: nothing here can be unscrewed" in audit_text(document_of([task]))
    assert task["verdict"] in (OPEN, FAULT)  # where it does not break down, this one goes to the goal
    assert any("crash broke down in" in o for o in task["open"])


def test_a_cheat_that_does_what_the_expert_does_is_none(tmp_path: Path) -> None:
    """Else its successes would say that the rule can be cheated, and its failures that it cannot."""
    cast = (Asked("good", EXPERT), Asked("good", CHEAT, {"gain": 0.3}))
    (task,) = document_of(auditor(tmp_path, toy.ToyWorld, cast).run())["tasks"]
    assert task["verdict"] == OPEN
    assert any("does step by step what the expert does" in o for o in task["open"])
    assert task["cells"][0]["rows"][1]["success"]["trials"] == 0
    (task,) = document_of(auditor(tmp_path / "b", toy.ToyWorld, (cast[0], Asked("lazy", CHEAT))).run())["tasks"]
    assert task["verdict"] == PASS


def test_an_expert_that_never_succeeds_shows_nothing(tmp_path: Path) -> None:
    cast = (Asked("lazy", EXPERT), Asked("unfit", CHEAT))
    (task,) = document_of(auditor(tmp_path, toy.ToyWorld, cast).run())["tasks"]
    assert task["verdict"] == FAULT
    assert task["faults"] == ["toy: out of reach: the expert never completes near, held in 8"]
    assert "no cheat applies" in task["open"]


def test_a_cheat_gets_the_run_of_the_expert_if_it_asks_for_it(tmp_path: Path) -> None:
    cast = (Asked("good", EXPERT), Asked("lazy", CHEAT, takes=("run",)))
    (task,) = document_of(auditor(tmp_path, toy.ToyWorld, cast).run())["tasks"]
    assert task["cells"][0]["rows"][1]["success"]["trials"] == 8
    info = json.loads((tmp_path / "toy-v1" / "toy" / "audit_8" / "lazy" / "run.json").read_text())
    assert info["settings"] == {"run": str(tmp_path / "toy-v1" / "toy" / "audit_8" / "good")}


def test_stopped_and_run_again_ends_the_same(tmp_path: Path) -> None:
    whole = document_of(auditor(tmp_path / "a", toy.ToyWorld, asked("lazy", "stopped")).run())
    Stopped.left = 30
    again = auditor(tmp_path / "b", toy.ToyWorld, asked("lazy", "stopped"))
    with pytest.raises(KeyboardInterrupt):
        again.run()
    kept = (tmp_path / "b" / "toy-v1" / "toy" / "audit_8" / "good" / "episodes.jsonl").read_bytes()
    Stopped.left = -1
    second = document_of(auditor(tmp_path / "b", toy.ToyWorld, asked("lazy", "stopped")).run())
    assert (tmp_path / "b" / "toy-v1" / "toy" / "audit_8" / "good" / "episodes.jsonl").read_bytes() == kept
    assert audit_json(second) == audit_json(whole)


def test_how_many_episodes_prove_the_limit() -> None:
    assert needed() == 189
    assert wilson(0, 189)[1] <= 0.02 < wilson(0, 188)[1]


def cell(expert: tuple[int, int], *others: tuple[str, str, int, int]) -> dict[str, Any]:
    def row(name: str, role: str, successes: int, trials: int) -> dict[str, Any]:
        found = {"name": name, "role": role, "success": rate_row(Rate(successes, trials)), "error": "", "errors": 0}
        return {**found, "why_not": "", "reached": [trials, successes]}

    rows = [row("scripted", EXPERT, *expert), *(row(*o) for o in others)]
    return {"embodiment": "toy", "stages": ["near", "held"], "rows": rows, "order": {"faults": []}}


@pytest.mark.parametrize(
    ("expert", "numb", "faults", "unclear"),
    [
        ((24, 24), (6, 24), 0, 0),  # apart
        ((20, 24), (18, 24), 1, 0),  # within the expert's interval: touch is not needed
        ((7, 10), (3, 10), 0, 1),  # below it, but the intervals overlap: too few episodes to say
        ((140, 200), (60, 200), 0, 0),  # the same shares, enough of them
    ],
)
def test_without_touch_an_expert_must_do_worse(
    expert: tuple[int, int], numb: tuple[int, int], faults: int, unclear: int
) -> None:
    found = judge_cell(cell(expert, ("numb touch=off", NUMB, *numb)))
    assert tuple(map(len, found)) == (faults, unclear), found


@pytest.mark.parametrize(
    ("successes", "trials", "faults", "unclear"),
    [
        (1, 105, 0, 0),  # below the limit
        (1, 24, 0, 1),  # above it, by luck perhaps: more episodes will say
        (4, 24, 1, 0),  # above it for certain
        (4, 189, 0, 1),  # a cheat of 1.6 % comes there in every third audit
        (9, 189, 1, 0),  # above it for certain
        (3, 189, 0, 0),
        (16, 756, 1, 0),  # above it after four times as many episodes as would have cleared it
        (15, 756, 0, 0),
    ],
)
def test_the_limit_is_held_by_each_cheat_in_each_cell(successes: int, trials: int, faults: int, unclear: int) -> None:
    found = judge_cell(cell((20, 24), ("slam", CHEAT, successes, trials)))
    assert tuple(map(len, found)) == (faults, unclear), found


# --- Who is asked, the document, the page, the verb


def test_who_is_asked_depends_on_what_a_task_needs() -> None:
    tray, grasp = (contenders(shelf.load_task(t), "scripted") for t in ("lift_tray", "grasp_object"))
    assert grasp[0] == Asked("scripted", EXPERT)
    assert {"one_hand side=right", "one_hand side=left"} <= {a.label for a in tray}
    assert not any(a.agent in ("one_hand", "numb") for a in grasp)
    feels = shelf.load_task("grasp_object")
    feels.needs = "Touch: it cannot be seen."
    assert [a.label for a in contenders(feels, "scripted") if a.role == NUMB] == [
        "numb touch=off",
        "numb touch=shuffled",
    ]


def test_an_edited_audit_is_refused(tmp_path: Path) -> None:
    task = audited(tmp_path, Generous, "lazy")
    document = document_of([task])
    for edit, words in (
        (lambda d: d["tasks"][0].update(verdict="pass"), "verdict is not what its cells give"),
        (lambda d: d["tasks"][0]["cells"][0]["rows"][1]["success"].update(successes=0), "not that of its counts"),
        (lambda d: d["tasks"][0]["cells"][0]["order"].update(note="x"), "'note'"),
        (lambda d: d.pop("limit"), "lacks 'limit'"),
    ):
        changed = copy.deepcopy(document)
        edit(changed)
        path = tmp_path / "audit.json"
        path.write_text(json.dumps(changed))
        with pytest.raises(DataError, match=words):
            read_audit(path)


def test_audits_are_merged_by_cell_and_old_versions_go(tmp_path: Path) -> None:
    (new,) = auditor(tmp_path, toy.ToyWorld, asked("lazy")).run()
    other = {**new, "cells": [{**new["cells"][0], "embodiment": "another"}]}
    assert [c["embodiment"] for c in merge(document_of([new]), [other])["tasks"][0]["cells"]] == ["another", "toy"]
    later = {**new, "task": "toy-v2"}
    assert [t["task"] for t in merge(document_of([new]), [later])["tasks"]] == ["toy-v2"]


def test_the_page_shows_the_published_audit() -> None:
    """Stale? dexbench audit --page docs/audit.md --out leaderboards/audit.json TASK ... writes it."""
    document = published()
    assert document is not None
    text = PAGE.read_text(encoding="utf-8")
    assert with_table(text, document) == text


def test_published_audits_are_of_these_versions_and_faults_are_known() -> None:
    """A new fault, or an old one that is mended, changes KNOWN: neither goes unseen."""
    document = published()
    assert document is not None
    assert [t["task"] for t in document["tasks"]] == [
        versioned(shelf.load_task(t["task"].partition("-v")[0])) for t in document["tasks"]
    ]
    assert {t["task"]: {f.split()[1] for f in t["faults"]} for t in document["tasks"] if t["faults"]} == KNOWN


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no_such_task"], "unknown task"),
        (["lift_tray", "--embodiment", "shadow_ur10e"], "needs 2 hands"),
        (["lift_tray", "--episodes", "0"], "--episodes must be at least 1"),
        (["lift_tray", "--agent", "slam", "--out", "x.json"], "leaves contenders out"),
        (["lift_tray", "--expert", "nobody"], "unknown agent"),
    ],
)
def test_bad_words_are_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", *words]) == 2
    assert said in capsys.readouterr().err
