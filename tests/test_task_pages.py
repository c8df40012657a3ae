"""Pages about tasks: they are what the code would write, and their numbers are the published ones."""

import importlib.util
import json
import re
import struct
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dexbench.cli import task_films
from dexbench.cli.filming import Reel
from dexbench.cli.main import main
from dexbench.cli.task_films import FLOOR, weak
from dexbench.cli.task_page import pages
from dexbench.core.shelf import TASKS, load_agent, load_task, names
from dexbench.evaluation.markdown_table import table
from dexbench.evaluation.suite import Episode, Suite, load_suite
from dexbench.evaluation.task_facts import drawn, entries_of, published, published_failures, shown, thresholds
from dexbench.evaluation.task_page import FILMS, film_name, task_page
from dexbench.sensors import opengl
from dexbench.sim.episode_sheet import episode_sheet
from dexbench.sim.world import SimWorld

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "tasks"


@pytest.mark.parametrize("name", names(TASKS))
def test_the_page_is_what_the_code_would_write(name: str) -> None:
    ((path, text),) = pages([name], FOLDER)
    assert path.is_file(), "write it: dexbench task page"
    assert path.read_text(encoding="utf-8") == text, f"{path} is stale: dexbench task page {name}"
    header = path.with_suffix(".png").read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", header[16:])
    assert 3 * 450 < width < 3 * 500
    assert 300 < height < 400


def test_there_is_a_page_for_each_task_and_no_other() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {*names(TASKS), "README"}
    assert {path.stem for path in FOLDER.glob("*.png")} == set(names(TASKS))
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\w+)\.md\)", index)) == set(names(TASKS))


def test_every_kind_of_failure_of_a_weak_expert_has_a_film_and_nothing_else_has() -> None:
    tasks = [load_task(name) for name in names(TASKS)]
    wanted = {film_name(kind) for task in tasks for kind in weak(task, FLOOR[task.hands])}
    assert {path.name for path in (FOLDER / FILMS).iterdir()} == wanted, "make them: dexbench task films"


def test_films_are_made_of_what_is_missing_and_what_is_unwanted_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = next(name for name in names(TASKS) if list(weak(load_task(name), 1.0)))
    kinds = list(weak(load_task(name), 1.0))
    asked, shot = list[Episode](), list[str]()
    differing = {film_name(kinds[0])}

    def simulate(suite: Suite, agent: str, folder: Path, *_: Any, **__: Any) -> SimpleNamespace:
        asked.extend(suite.episodes)
        trials = [load_suite(kind.suite).episodes[kind.episode].trial for kind in kinds]
        known = [kinds[trials.index(e.trial)] for e in suite.episodes]
        codes = ["none" if film_name(kind) in differing else kind.code for kind in known]
        return SimpleNamespace(episodes=[{"index": n, "failure": code} for n, code in enumerate(codes)])

    def make(reels: list[Reel], jobs: int) -> str:
        for _, path in (film for reel in reels for film in reel.films):
            path.write_bytes(b"film")
            path.with_suffix(".png").write_bytes(b"poster")
            shot.append(path.name)
        return ""

    monkeypatch.setattr(task_films, "evaluate", simulate)
    monkeypatch.setattr(task_films, "shoot_all", make)
    command = ["task", "films", "--out", str(tmp_path), name, "--below"]
    assert main([*command, "2"]) == 2
    (tmp_path / FILMS).mkdir()
    old = tmp_path / FILMS / "old.mp4"
    old.touch()
    assert main([*command, "1"]) == 1
    said = capsys.readouterr().out
    assert f"not filmed: episode {kinds[0].episode} of {kinds[0].suite} ends with 'none' here" in said
    assert [e.index for e in asked[: len(kinds)]] == list(range(len(asked))), "each a row of a run of its own"
    assert {path.name for path in (tmp_path / FILMS).iterdir()} == {*shot, "old.mp4"}, "no posters, others' films stay"
    assert {*shot} == {film_name(kind) for kind in kinds} - differing
    asked.clear()
    differing.clear()
    assert main([*command, "1"]) == 0
    assert len(asked) == 1, "what is there is not made again"
    (text,) = [text for _, text in pages([name], tmp_path)]
    assert all(f"({FILMS}/{film_name(kind)})" in text for kind in kinds)


def test_a_change_of_the_code_makes_the_page_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = ["task", "page", "lift_tray", "--out", str(tmp_path)]
    assert main([*write, "--no-pictures"]) == 0
    (tmp_path / "lift_tray.png").write_bytes(b"")
    assert main([*write, "--check"]) == 0
    (tmp_path / "lift_tray.png").unlink()
    assert main([*write, "--check"]) == 1
    assert "MISSING" in capsys.readouterr().out
    (tmp_path / "lift_tray.png").write_bytes(b"")
    kind = type(load_task("lift_tray"))
    monkeypatch.setattr(sys.modules[kind.__module__], "LIFT", 0.11)
    assert main([*write, "--check"]) == 1
    assert "STALE" in capsys.readouterr().out


def test_every_declaration_of_a_task_is_on_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SimWorld("lift_tray", "shadow_ur10e_bimanual", 1, groups=("state",)).spec
    kind = type(load_task("lift_tray"))
    before = task_page(load_task("lift_tray"), spec, "A title", "scripted")
    for what, value in {
        "horizon": 17.0,
        "stages": ("reach", "touch", "both", "raise", "hold"),
        "__doc__": "A tray.\n\nIt must rise.",
        "needs": "two hands: it is long",
        "failures": (*kind.failures, "spilt"),
        "official": "success_once",
        "hidden_target": True,
        "hidden_objects": (0,),
        "senses_force": True,
        "articulated": ("cabinet",),
        "region": ((0.5, 0.6), (0.0, 0.1), (-1.0, 1.0)),
    }.items():
        with monkeypatch.context() as patch:
            patch.setattr(kind, what, value)
            assert task_page(load_task("lift_tray"), spec, "A title", "scripted") != before, what


def test_rates_are_those_of_the_leaderboards() -> None:
    task = load_task("grasp_object")
    found = published(task, "scripted")
    assert {(row.suite, row.split) for row in found} >= {("hands", "seen"), ("hands", "unseen"), ("quick", "seen")}
    board = json.loads((ROOT / "leaderboards" / "hands.json").read_text(encoding="utf-8"))["boards"][0]
    bodies = {e["name"]: e["embodiment"] for e in board["entries"]}
    (row,) = [row for row in board["rows"] if row["agent"] == "scripted"]
    for result in row["results"]:
        if not result["entry"].startswith("grasp"):
            continue
        mine = [r for r in found if (r.suite, r.entry, r.split) == ("hands", result["entry"], result["split"])]
        assert [(r.embodiment, r.successes, r.trials) for r in mine] == [
            (bodies[result["entry"]], result["success"]["successes"], result["success"]["trials"])
        ]
    failures = published_failures(task, "scripted")
    for body in {row.embodiment for row in found}:
        missed = sum(row.trials - row.successes for row in found if row.embodiment == body)
        assert sum(kind.count for kind in failures.get(body, [])) == missed, "every failure has a code"
    assert published(task, "nobody") == []
    task.version += 1
    assert published(task, "scripted") == [], "another version was another task"


def test_numbers_are_the_modules_with_what_is_written_under_them() -> None:
    found = {t.name: t for t in thresholds(load_task("lift_tray"))}
    assert found["LIFT"].value == "0.1"
    assert found["LEVEL"].value == "0.2094 (12 degrees)"
    assert found["HOLDING.hold"].meaning.startswith("Seconds without interruption")
    assert "FAILURES" not in found
    assert shown({"a": (1, 2.5)}, "") == "a: (1, 2.5)"
    assert shown("text", "") == shown(("a", "b"), "") == shown(None, "") == ""


def test_what_a_split_draws() -> None:
    task = load_task("lift_tray")
    seen, unseen = (drawn(task, split) for split in task.splits)
    assert seen == drawn(task, "seen"), "always the same draws"
    assert set(seen.targets) & set(unseen.targets) == set()
    assert all("{object}" in form for form in seen.forms)
    assert "tray" in seen.example
    assert {entry.embodiment for _, _, entry in entries_of(task)} >= {"shadow_ur10e_bimanual"}


def test_cells_cannot_break_a_table() -> None:
    assert table(["a"], [["x | y"]]).splitlines()[2] == "| x \\| y |"


def test_the_list_of_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["task", "list"]) == 0
    assert "lift_tray-v3: two hands, 36 s, reach > touch > both > lift > bring > hold" in capsys.readouterr().out


@pytest.mark.skipif(
    not opengl.backends() and importlib.util.find_spec("mujoco_warp") is None, reason="needs OpenGL or mujoco-warp"
)
def test_a_sheet_shows_start_middle_and_end(tmp_path: Path) -> None:
    task = load_task("lift_tray")
    task.horizon = 2.4
    world = SimWorld(task, "shadow_ur10e_bimanual", 1, groups=("state",))
    trial = task.place(np.random.default_rng(0), "seen")
    reached = episode_sheet(world, load_agent("random", world.spec), trial, width=96, height=86)
    assert reached.sheet.shape == (86, 3 * 100 - 4, 3)
    assert (reached.success, reached.seconds) == (False, pytest.approx(2.4))
    assert reached.failure in task.failures[1:]
    start, middle, end = (reached.sheet[:72, 100 * k : 100 * k + 96].astype(int) for k in range(3))
    assert np.abs(start - middle).max() > 30
    assert np.abs(middle - end).max() > 30, "it moved between"


def test_what_does_not_exist_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["sheet", "lift_tra", "--out", "x.png"], "unknown task 'lift_tra'"),
        (["sheet", "lift_tray", "--out", "x.png", "--split", "odd"], "has splits seen, unseen"),
        (["sheet", "lift_tray", "--out", "x.png", "--embodiment", "shadow"], "unknown embodiment"),
        (["sheet", "lift_tray", "--out", "x.png", "--agent", "scrpted"], "unknown agent"),
        (["page", "lift_tra"], "unknown task"),
        (["page", "--tries", "0"], "--tries must be"),
    ):
        assert main(["task", *words]) == 2
        assert said in capsys.readouterr().err
