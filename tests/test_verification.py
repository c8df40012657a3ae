"""Verification: a good run holds, and whatever is done to a run is caught and named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dexbench.core.errors import DataError, RunError
from dexbench.evaluation.findings import Report
from dexbench.evaluation.packing import pack, unpack
from dexbench.evaluation.playback import replay
from dexbench.evaluation.record import seal
from dexbench.evaluation.rows import load_run
from dexbench.evaluation.suite import Suite
from dexbench.evaluation.verification import verify
from tests.toy import SUITE, ToyWorld, make_suite, make_task, make_world, run

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Suite, Path]:
    """Return a suite and a run of it in which agents and simulations broke, too."""
    place = tmp_path_factory.mktemp("verification")
    suite = make_suite(place / "suite")
    run(suite, place / "run", "crash")
    return suite, place / "run"


@pytest.fixture
def tamper(home: tuple[Suite, Path], tmp_path: Path) -> Callable[..., Report]:
    """Return a function that changes the rows of a copy, seals them anew if asked to, and verifies the copy."""

    def change(edit: Callable[[Rows], Rows | None], *, sealed: bool) -> Report:
        suite, original = home
        folder = tmp_path / "run"
        shutil.copytree(original, folder)
        path = folder / "episodes.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        previous = rows[0]["previous"]
        edited = edit(rows)
        content = b""
        for row in rows if edited is None else edited:
            line, digest = seal(row, previous)
            content += line if sealed else (json.dumps(row, separators=(",", ":")) + "\n").encode()
            previous = digest
        path.write_bytes(content)
        return check(folder, suite)

    return change


def check(folder: Path, suite: Suite, **options: Any) -> Report:
    return verify(folder, suite, make_world, task_factory=make_task, **{"jobs": 0, "batch": 4, **options})


def named(report: Report) -> set[tuple[int | None, str]]:
    return {(f.row, f.kind) for f in report.findings if not f.warning}


def whole(rows: Rows, agent: str = "crash") -> int:
    """Return the index of a row in which nothing broke and the goal was held."""
    return next(r["index"] for r in rows if r["success"] and not r["error"])


@pytest.mark.parametrize(("agent", "batch"), [("good", 5), ("crash", 1), ("nan", 5), ("shape", 5), ("reset", 5)])
def test_a_good_run_holds(home: tuple[Suite, Path], tmp_path: Path, agent: str, batch: int) -> None:
    suite = home[0]
    run(suite, tmp_path / "run", agent)
    report = check(tmp_path / "run", suite, batch=batch)
    assert report.ok
    assert report.held == list(range(20))
    assert not report.findings
    assert report.text() == "verified: 20 of 20 rows hold"


def test_worker_processes_find_the_same(
    tamper: Callable[..., Report], home: tuple[Suite, Path], tmp_path: Path
) -> None:
    def edit(rows: Rows) -> None:
        rows[2]["steps"] += 1

    alone = tamper(edit, sealed=True)
    both = check(tmp_path / "run", home[0], jobs=2)
    assert both.text() == alone.text()
    assert not alone.ok


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("success", None),
        ("success_once", None),
        ("success_at_end", None),
        ("truncated", None),
        ("failure", "not_held"),
        ("stage", 1),
        ("stage_steps", [1, 2]),
        ("attempts", 7),
        ("success_attempt", 7),
        ("rejected", 5),
        ("hand_force_peak", 0.5),
        ("touch_peaks", {"right/tip": 0.0}),
        ("stages", ["near", "far"]),
        ("rate_hz", 50.0),
        ("hash_every", 20),
    ],
)
def test_an_edited_result_is_named(tamper: Callable[..., Report], field: str, value: Any) -> None:
    """With care or without: sealed anew, re-simulation says what was true."""
    where = -1

    def edit(rows: Rows) -> None:
        nonlocal where
        where = whole(rows)
        rows[where][field] = (not rows[where][field]) if value is None else value

    report = tamper(edit, sealed=True)
    assert named(report) == {(where, "outcome")}
    assert not report.ok
    assert sorted({*range(20)} - {*report.held}) == [where]
    (line,) = report.text().splitlines()[:-1]
    assert line.startswith(f"BAD: row {where}: outcome: {field} is ")
    assert "re-simulated" in line
    assert report.text().endswith("NOT verified: 19 of 20 rows hold")


def test_a_sample_says_what_it_saw_and_what_it_may_have_missed(home: tuple[Suite, Path]) -> None:
    suite, folder = home
    total = len(suite.episodes)
    report = check(folder, suite, only=[0, 3])
    assert report.ok
    assert report.held == [0, 3]
    assert report.text().startswith(f"verified: 2 of 2 rows drawn from {total} hold; more than ")
    assert not check(folder, suite, only=[0, total]).ok, "a row that is not there does not hold"


def test_a_bad_row_outside_of_the_sample_is_named_all_the_same_if_its_seal_is_broken(
    tamper: Callable[..., Report], home: tuple[Suite, Path], tmp_path: Path
) -> None:
    def edit(rows: Rows) -> None:
        rows[1]["success"] = not rows[1]["success"]

    tamper(edit, sealed=False)
    report = check(tmp_path / "run", home[0], only=[0])
    assert not report.ok
    assert "NOT verified: 1 of 1 rows drawn" in report.text()


def test_an_edit_without_care_breaks_the_seal_of_its_row_only(tamper: Callable[..., Report]) -> None:
    def edit(rows: Rows) -> None:
        rows[4]["success"] = not rows[4]["success"]

    assert named(tamper(edit, sealed=False)) == {(4, "edited"), (4, "outcome")}


def test_an_edited_action_is_named(tamper: Callable[..., Report]) -> None:
    where = -1

    def edit(rows: Rows) -> None:
        nonlocal where
        where = whole(rows)
        actions = unpack(rows[where]["actions"], "actions")
        actions[11, 1] += 1e-12  # an edit that rounding swallows changes nothing, and nobody finds it
        rows[where]["actions"] = pack(actions)

    report = tamper(edit, sealed=True)
    assert {(where, "state")} <= named(report) <= {(where, "state"), (where, "outcome")}
    assert any("by step 20" in f.text for f in report.findings)


def test_edited_states_are_named(tamper: Callable[..., Report]) -> None:
    def edit(rows: Rows) -> None:
        rows[3]["hashes"][0] = "0" * 16
        rows[5]["hashes"].pop()
        state = unpack(rows[7]["initial"], "initial")
        state[0] = -0.0
        rows[7]["initial"] = pack(state)
        rows[8]["initial"] = pack(state[:5])
        rows[9]["initial"]["data"] = "?"
        rows[10]["initial"] = None

    kinds = named(tamper(edit, sealed=True))
    assert kinds == {(3, "state"), (5, "state"), (7, "initial"), (8, "initial"), (9, "initial"), (10, "initial")}


def test_actions_of_another_shape_are_named(tamper: Callable[..., Report]) -> None:
    def edit(rows: Rows) -> None:
        rows[1]["actions"] = pack(np.zeros((rows[1]["steps"], 3)))
        rows[2]["actions"]["shape"] = [10**9, 2]

    assert named(tamper(edit, sealed=True)) == {(1, "actions"), (2, "actions")}


def test_an_episode_cannot_stop_while_it_looks_good(tamper: Callable[..., Report]) -> None:
    where = -1

    def edit(rows: Rows) -> None:
        nonlocal where
        where = whole(rows)
        row = rows[where]
        row["steps"] -= 1
        row["actions"] = pack(unpack(row["actions"], "actions")[:-1])
        row["hashes"].pop()

    report = tamper(edit, sealed=True)
    assert (where, "end") in named(report)
    assert any(f.text.endswith("steps, the episode goes on") for f in report.findings)


def test_actions_behind_the_end_are_named(tamper: Callable[..., Report]) -> None:
    where = -1

    def edit(rows: Rows) -> None:
        nonlocal where
        where = whole(rows)
        rows[where]["steps"] += 2
        rows[where]["actions"] = pack(np.pad(unpack(rows[where]["actions"], "actions"), ((0, 2), (0, 0))))

    report = tamper(edit, sealed=True)
    assert (where, "outcome") in named(report)


def test_a_crash_cannot_be_turned_into_a_success(tamper: Callable[..., Report]) -> None:
    where = -1

    def edit(rows: Rows) -> None:
        nonlocal where
        where = next(r["index"] for r in rows if r["failure"] == "agent_error")
        rows[where].update(success=True, failure="none", error="")

    report = tamper(edit, sealed=True)
    kinds = named(report)
    assert {(where, "end"), (where, "outcome")} <= kinds
    assert {r for r, _ in kinds} == {where}


def test_a_success_cannot_be_turned_into_a_crash(tamper: Callable[..., Report]) -> None:
    where = -1

    def edit(rows: Rows) -> None:
        nonlocal where
        where = whole(rows)
        rows[where].update(success=False, failure="agent_error", error="no")

    report = tamper(edit, sealed=True)
    assert named(report) == {(where, "outcome")}


def test_an_edited_trial_is_named(tamper: Callable[..., Report]) -> None:
    def edit(rows: Rows) -> None:
        rows[0]["trial"]["seed"] += 1
        rows[1]["trial"]["objects"][0]["position"][0] = 0.0
        rows[2]["trial_digest"] = "0" * 16
        rows[3]["entry"] = "other"
        rows[4]["embodiment"] = "another"

    report = tamper(edit, sealed=True)
    assert {(i, "trial") for i in range(5)} <= named(report)
    assert report.held == list(range(5, 20))
    assert any(f.row == 0 and "trial.seed" in f.text and "the table has" in f.text for f in report.findings)


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        (lambda r: [*r[:6], *r[7:]], (6, "missing")),
        (lambda r: [*r[:6], r[5], *r[6:]], (5, "repeated")),
        (lambda r: [*r[:6], r[7], r[6], *r[8:]], (6, "order")),
        (lambda r: r[:15], (None, "incomplete")),
        (lambda r: [*r, {**r[0], "index": 20}], (20, "order")),
        (lambda r: [], (None, "incomplete")),
    ],
)
def test_rows_out_of_place_are_named(
    tamper: Callable[..., Report], edit: Callable[[Rows], Rows], wanted: tuple[int | None, str], sealed: bool
) -> None:
    report = tamper(edit, sealed=sealed)
    assert wanted in named(report)
    assert not report.ok
    extra = named(report) - {wanted}
    assert all(kind in ("chain", "edited") for _, kind in extra)
    assert not (sealed and extra)


def test_renumbering_hides_nothing(tamper: Callable[..., Report]) -> None:
    """A bad row dropped, the others moved up, a good one repeated at the end: no trial is the table's."""

    def edit(rows: Rows) -> Rows:
        kept = [*rows[:6], *rows[7:], rows[19]]
        return [{**row, "index": i} for i, row in enumerate(kept)]

    report = tamper(edit, sealed=True)
    assert {(i, "trial") for i in range(6, 19)} <= named(report)
    assert report.held == [*range(6), 19]


def test_lines_that_are_no_rows_are_named(home: tuple[Suite, Path], tmp_path: Path) -> None:
    suite, original = home
    folder = tmp_path / "run"
    shutil.copytree(original, folder)
    path = folder / "episodes.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"rubbish\n", *lines[4:18], lines[18][:200]]))
    report = check(folder, suite)
    assert named(report) == {(3, "unreadable"), (None, "truncated"), (None, "incomplete")}
    assert report.held == [0, 1, 2, *range(4, 18)]
    assert "rows 18 to 19 are not there: the last line is cut off" in report.text()


def test_another_table_is_named(home: tuple[Suite, Path], tmp_path: Path) -> None:
    other = make_suite(tmp_path / "other", SUITE.replace("seed: 3", "seed: 4", 1))
    report = check(home[1], other)
    assert (None, "table") in named(report)
    assert (None, "suite") in named(report)
    assert {(i, "trial") for i in range(11)} <= named(report)
    assert report.held == list(range(11, 20))


def edit_info(original: Path, folder: Path, **changes: Any) -> None:
    shutil.copytree(original, folder)
    info = json.loads((folder / "run.json").read_text())
    for name, value in changes.items():
        info[name] = {**info[name], **value} if isinstance(value, dict) else value
    (folder / "run.json").write_text(json.dumps(info))


def test_an_edited_run_file_is_named(home: tuple[Suite, Path], tmp_path: Path) -> None:
    edit_info(home[1], tmp_path / "run", agent="better")
    report = check(tmp_path / "run", home[0])
    assert (0, "chain") in named(report)
    assert "run.json" in report.text()
    assert not report.ok
    with pytest.raises(DataError, match="line 1"):
        load_run(tmp_path / "run")


def test_another_engine_is_a_warning(home: tuple[Suite, Path], tmp_path: Path) -> None:
    edit_info(home[1], tmp_path / "run", versions={"mujoco": "1.0.0"})
    report = check(tmp_path / "run", home[0])
    (warning,) = [f for f in report.findings if f.warning]
    assert warning.kind == "version"
    assert "mujoco 1.0.0" in warning.text
    assert report.text().startswith("warning: the run: ")


def test_a_world_that_differs_is_found(home: tuple[Suite, Path]) -> None:
    report = verify(home[1], home[0], heavier, task_factory=make_task, jobs=0)
    assert "state" in {f.kind for f in report.findings}
    assert len(report.held) < 10


class Heavier(ToyWorld):
    """Not the world that was recorded in."""

    def advance(self, action: Any, worlds: Any = None) -> Any:
        return super().advance(action * (1 + 1e-15), worlds)


def heavier(task: str, embodiment: str, n: int, groups: tuple[str, ...]) -> Any:
    return Heavier(task, n, groups)


def test_groups_from_a_stranger_are_checked(home: tuple[Suite, Path], tmp_path: Path) -> None:
    edit_info(home[1], tmp_path / "run", cells={"toy-v1/toy": {"groups": ["state", "lies"]}})
    with pytest.raises(DataError, match="groups is no list of observation groups"):
        check(tmp_path / "run", home[0])
    with pytest.raises(RunError, match="there is no run here"):
        check(tmp_path / "nothing", home[0])


def test_replay_for_films(home: tuple[Suite, Path]) -> None:
    rows = [r for r in load_run(home[1], blobs=True).episodes if r["entry"] == "plain" and not r["error"]][:4]
    ended = sorted(replay(ToyWorld("toy-v1", 3, ("state",)), rows, 2.0), key=lambda e: e.index)
    assert [e.steps for e in ended] == [r["steps"] for r in rows]
    assert [bool(e.outcome.success_at_end[e.world]) for e in ended] == [r["success_at_end"] for r in rows]
