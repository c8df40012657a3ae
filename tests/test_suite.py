"""Suites: read with clear errors, drawn once, known by their table's hash."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from dexbench.core.errors import DataError, UnknownName
from dexbench.core.trial import Trial
from dexbench.evaluation.freezing import freeze
from dexbench.evaluation.suite import TABLE_BYTES, load_suite
from tests.toy import SUITE, make_suite, make_task


def test_freezing_draws_a_hashed_table_and_keeps_the_yaml(tmp_path: Path) -> None:
    suite = make_suite(tmp_path)
    text = suite.path.read_text()
    assert text.startswith(SUITE)
    assert text.count("table:") == 1
    assert hashlib.sha256(suite.table_path.read_bytes()).hexdigest() == suite.table
    assert [e.index for e in suite.episodes] == list(range(20))
    assert [(e.entry, e.trial.split) for e in suite.episodes[6:8]] == [("plain", "seen"), ("plain", "unseen")]
    assert len({e.trial.digest() for e in suite.episodes}) == 20
    assert suite.episodes[11].cell == "fragile-v1/toy"
    assert suite.episodes[11].attempts == 2
    again = freeze(suite.path, make_task)
    assert again == suite
    assert suite.path.read_text() == text


def test_a_trial_depends_on_its_own_place_only(tmp_path: Path) -> None:
    """Another entry before, or a longer split, draws the same trials again."""
    suite = make_suite(tmp_path / "a")
    first, second = SUITE.split("- name: other")
    text = first.split("entries:")[0] + "entries:\n- name: other" + second + first.split("entries:\n")[1]
    longer = make_suite(tmp_path / "b", text.replace("seen: 7,", "seen: 8,"))
    trials = {e.trial.digest() for e in longer.episodes}
    assert {e.trial.digest() for e in suite.episodes} < trials
    assert len(trials) == 21


def test_entries_may_share_their_layouts(tmp_path: Path) -> None:
    """Several robots are compared on the same scenes."""
    head, row = (
        "name: tiny\nprotocol: 1\ndescription: two\nentries:\n",
        "  - {name: NAME, task: TASK, embodiment: toy, ",
    )
    row += "splits: {seen: 3}, seed: 5, attempts: 1, layouts: same}\n"
    task = next(e.task for e in make_suite(tmp_path / "a").entries)
    rows = "".join(row.replace("NAME", n).replace("TASK", task) for n in ("one", "two"))
    both = make_suite(tmp_path / "b", head + rows)
    assert [e.trial for e in both.episodes[:3]] == [e.trial for e in both.episodes[3:]]
    apart = make_suite(tmp_path / "c", head + rows.replace(", layouts: same", ""))
    assert [e.trial for e in apart.episodes[:3]] != [e.trial for e in apart.episodes[3:]]


def test_a_frozen_suite_is_not_drawn_anew_by_accident(tmp_path: Path) -> None:
    suite = make_suite(tmp_path)
    before = suite.table_path.read_bytes()
    suite.path.write_text(suite.path.read_text().replace("seed: 3", "seed: 4", 1))
    with pytest.raises(DataError, match=r"is frozen.*raise `protocol`"):
        freeze(suite.path, make_task)
    assert suite.table_path.read_bytes() == before
    assert freeze(suite.path, make_task, replace=True).table != suite.table


def test_an_edited_table_is_refused(tmp_path: Path) -> None:
    suite = make_suite(tmp_path)
    suite.table_path.write_bytes(suite.table_path.read_bytes().replace(b'"seen"', b'"Seen"', 1))
    with pytest.raises(DataError, match=r"tiny\.table\.jsonl: the table was edited.*dexbench suite freeze"):
        load_suite(suite.path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["trial"].pop("seed"), "line 3.*KeyError 'seed'"),
        (lambda r: r["trial"].update(seed=1), "line 3.*digest"),
        (lambda r: r.update(index=7), "line 3.*index"),
        (lambda r: r.update(entry="else"), "line 3.*'else'"),
        (lambda r: r.update(entry="other"), r"line 3: trial\.task is 'toy-v1'"),
        (lambda r: r["trial"].update(extra={"a": float("nan")}), "line 3: .*NaN is no number"),
        (
            lambda r: (r["trial"].update(split="unseen"), r.update(digest=Trial.from_row(r["trial"]).digest())),
            "6 episodes",
        ),
    ],
)
def test_a_table_that_was_hashed_anew_must_still_fit(tmp_path: Path, change, message: str) -> None:
    suite = make_suite(tmp_path)
    rows = [json.loads(line) for line in suite.table_path.read_text().splitlines()]
    change(rows[2])
    suite.table_path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    found = hashlib.sha256(suite.table_path.read_bytes()).hexdigest()
    suite.path.write_text(suite.path.read_text().replace(suite.table, found))
    with pytest.raises(DataError, match=message):
        load_suite(suite.path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("protocol: 1", "protocol: one", r"tiny\.yaml:3: protocol: a whole number"),
        ("protocol: 1", "protocol: true", "protocol: a whole number"),
        ("protocol: 1\n", "", "'protocol' is missing"),
        ("name: tiny", "name: huge", "the file is called 'tiny.yaml'"),
        ("attempts: 2", "atempts: 2", r"entries\[other\].*'atempts'; did you mean 'attempts'"),
        ("task: toy-v1", "task: toy", r"entries\[plain\]\.task.*'grasp_object-v1'"),
        ("seen: 9", "seen: 0", r"entries\[other\]\.splits\.seen: a whole number from 1"),
        ("seen: 9", "seen: 99999999999", "a whole number from 1"),
        ("name: other", "name: plain", "'plain' twice"),
        ("entries:", "entries: [", r"tiny\.yaml: no valid YAML.*line 6"),
        ("entries:", "entries: {}\nmore:", "'more'"),
        ("points that", "&x [" + "*x," * 3 + "] that", "no valid YAML"),
        ("protocol: 1", "protocol: 1\ntable: 12ab", "table: is not a SHA-256"),
    ],
)
def test_a_bad_yaml_is_named_by_file_and_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(SUITE.replace(old, new, 1))
    with pytest.raises(DataError, match=f"(?s){message}"):
        load_suite(path)


def test_what_a_task_does_not_have_is_not_drawn(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"entries\[other\]\.splits: .* no split 'hidden', it has seen, unseen"):
        make_suite(tmp_path, SUITE.replace("seen: 9", "hidden: 9"))
    with pytest.raises(UnknownName, match=r"'toy-v1'"):
        make_suite(tmp_path, SUITE.replace("toy-v1", "toi-v1"))


def test_missing_and_huge_files(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    with pytest.raises(DataError, match="cannot be read"):
        load_suite(path)
    with pytest.raises(UnknownName, match="unknown suite 'tyny'"):
        load_suite("tyny")
    path.write_text(SUITE)
    with pytest.raises(DataError, match=r"no table yet.*dexbench suite freeze"):
        load_suite(path)
    suite = make_suite(tmp_path)
    with suite.table_path.open("r+b") as file:
        file.truncate(TABLE_BYTES + 1)  # sparse
    with pytest.raises(DataError, match="larger than the 64 MB"):
        load_suite(path)
    suite.table_path.unlink()
    with pytest.raises(DataError, match="table cannot be read"):
        load_suite(path)


def test_entries_vary_appearances_and_nothing_else(tmp_path: Path) -> None:
    head = "name: tiny\nprotocol: 1\ndescription: looks\nentries:\n"
    task = next(e.task for e in make_suite(tmp_path / "a").entries)
    row = f"  - {{name: one, task: {task}, embodiment: toy, splits: {{seen: 12}}, seed: 5, attempts: 1"
    plain = make_suite(tmp_path / "b", head + row + "}\n")
    varied = make_suite(tmp_path / "c", head + row + ", appearances: [dark, warm, drawn]}\n")
    assert [replace(e.trial, appearance="") for e in varied.episodes] == [e.trial for e in plain.episodes]
    looks = [e.trial.appearance for e in varied.episodes]
    assert {look for look in looks if isinstance(look, str)} == {"dark", "warm"}
    assert any(isinstance(look, dict) and look["name"] == "drawn" for look in looks)
    assert "appearances" not in plain.plan()[0]
    assert json.loads(json.dumps(varied.plan())) == varied.plan()
    with pytest.raises(UnknownName, match="unknown appearance 'drak'; did you mean 'dark'"):
        make_suite(tmp_path / "d", head + row + ", appearances: [drak]}\n")
