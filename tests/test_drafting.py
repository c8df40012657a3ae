"""Suites of one's own, drafted in one call."""

from pathlib import Path

import pytest

from dexbench.cli.main import main
from dexbench.core.errors import DataError
from dexbench.core.shelf import load_task
from dexbench.evaluation.drafting import draft
from dexbench.evaluation.suite import load_suite


def test_a_draft_is_a_frozen_suite_with_the_same_layouts_on_all_robots(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    robots = "shadow_ur10e,shadow_ur10e_bimanual"
    command = ["suite", "draft", str(path), "--task", "grasp_object,lift_tray", "--embodiment", robots]
    assert main([*command, "--episodes", "5"]) == 0
    suite = load_suite(path)
    assert [e.name for e in suite.entries] == [
        "grasp_object_shadow_ur10e",
        "grasp_object_shadow_ur10e_bimanual",
        "lift_tray_shadow_ur10e_bimanual",
    ], "a tray takes two hands"
    layouts = [[e.trial.digest() for e in suite.episodes if e.entry == entry.name] for entry in suite.entries]
    assert [len(rows) for rows in layouts] == [5, 5, 5]
    assert layouts[0] == layouts[1]
    before = path.read_bytes()
    assert main([*command, "--episodes", "6"]) == 2, "an earlier one stays"
    assert path.read_bytes() == before


def test_every_split_has_its_share(tmp_path: Path) -> None:
    task = load_task("grasp_object")
    assert "{seen: 4, unseen: 3}" in draft(tmp_path / "s.yaml", [(task, "shadow_ur10e")], 7, 1)
    assert "{seen: 1, unseen: 1}" in draft(tmp_path / "s.yaml", [(task, "shadow_ur10e")], 1, 1)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    task = load_task("grasp_object")
    with pytest.raises(DataError, match="no task fits"):
        draft(tmp_path / "s.yaml", [], 5, 1)
    with pytest.raises(DataError, match="at least 1"):
        draft(tmp_path / "s.yaml", [(task, "shadow_ur10e")], 0, 1)
    with pytest.raises(DataError, match=r"call it s\.yaml"):
        draft(tmp_path / "s.json", [(task, "shadow_ur10e")], 5, 1)
    assert main(["suite", "draft", str(tmp_path / "s.yaml")]) == 2, "no robot"
    assert main(["suite", "draft", str(tmp_path / "s.yaml"), "--embodiment", "nobody"]) == 2
