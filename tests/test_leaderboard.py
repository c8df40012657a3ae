"""The leaderboard document: who is ranked, what is counted, what is refused."""

import copy
import json
from pathlib import Path

import pytest

from dexbench.core.errors import DataError, RunError
from dexbench.evaluation.leaderboard import build, clips, exemplars
from dexbench.evaluation.markdown import render_markdown
from dexbench.evaluation.measurement import Entry, Episode, Measurement, measure
from dexbench.evaluation.publication import check, to_json, write_text
from dexbench.evaluation.rows import load_run

CONTROL = {"CONTROL": True, "doc": "Does nothing."}


def _read(folder, constants=None):
    return measure(load_run(folder), f"runs/quick/{folder.name}", constants=constants)


def _measurement(name, successes, table="t", control=False, trials=None):
    """Return a run whose trial i succeeds where successes[i] is true."""
    entry = Entry(
        "grasp", "grasp_object-v1", "shadow_ur10e", ("reach", "hold"), 10.0, "success_once", trials or len(successes), 3
    )
    episodes = tuple(_episode(i, 3.0 if solved else None) for i, solved in enumerate(successes))
    return Measurement(
        name, "1", "quick", "1", table, (entry,), episodes, f"eval {name}", f"runs/{name}", control=control
    )


def _ranks(document, board=0):
    return {row["name"]: row["rank"] for row in document["boards"][board]["rows"]}


def test_document_of_run_folders_fits_the_schema(write_run):
    runs = [
        _read(write_run("scripted", 0.95, {"grasp": 20, "tray": 10})),
        _read(write_run("flow", 0.5, {"grasp": 20, "tray": 10})),
        _read(write_run("zero", 0.0, {"grasp": 20, "tray": 10}), CONTROL),
    ]
    document = build(runs, "dexbench leaderboard", {"grasp_object-v1": "Lifted by 10 cm and held."})
    assert json.loads(to_json(document)) == document
    (board,) = document["boards"]
    assert [row["name"] for row in board["rows"]] == ["scripted", "flow", "zero"]
    assert _ranks(document) == {"scripted": 1, "flow": 2, "zero": None}
    assert [e["success"] for e in board["entries"]] == ["Lifted by 10 cm and held.", ""]
    assert board["rows"][2]["status"] == "control"
    assert board["rows"][2]["success"]["successes"] == 0
    for row, run in zip(board["rows"], runs, strict=True):
        assert row["success"]["successes"] == sum(e.success for e in run.episodes)
        assert row["verify"] == f"dexbench verify runs/quick/{row['name']}"


def test_document_depends_on_the_runs_alone(write_run):
    runs = [_read(write_run(name, skill)) for name, skill in [("a", 0.9), ("b", 0.4), ("c", 0.6)]]
    assert to_json(build(runs)) == to_json(build(runs[::-1]))


def test_agents_that_are_not_told_apart_share_a_rank():
    document = build(
        [
            _measurement("good", [True] * 18 + [False] * 2),
            _measurement("similar", [True] * 16 + [False] * 4),
            _measurement("bad", [True] * 2 + [False] * 18),
        ]
    )
    assert _ranks(document) == {"good": 1, "similar": 1, "bad": 3}
    check(document)


def test_equal_rates_share_a_rank_on_different_episodes():
    document = build([_measurement("a", [True, False] * 20), _measurement("b", [False, True] * 20)])
    assert _ranks(document) == {"a": 1, "b": 1}


def test_controls_are_shown_and_neither_ranked_nor_counted_in_the_correction():
    agents = [_measurement("good", [True] * 9 + [False] * 11), _measurement("bad", [True] * 3 + [False] * 17)]
    controls = [_measurement(f"control{i}", [False] * 20, control=True) for i in range(8)]
    document = build(agents + controls)
    assert [row["rank"] for row in document["boards"][0]["rows"]] == [1, 2] + [None] * 8
    assert document["boards"][0]["comparisons"] == build(agents)["boards"][0]["comparisons"]


def test_incomplete_runs_are_listed_and_not_ranked(write_run):
    document = build([_read(write_run("whole", 0.2)), _read(write_run("half", 1.0, keep=25))])
    whole, half = document["boards"][0]["rows"]
    assert (whole["status"], whole["rank"]) == ("ranked", 1)
    assert (half["status"], half["rank"], half["episodes"], half["expected"]) == ("incomplete", None, 25, 60)
    check(document)
    assert "25 of 60 episodes" in render_markdown(document)


def test_a_run_that_has_just_begun_is_listed(write_run):
    document = build([_read(write_run("fresh", keep=0))])
    check(document)
    assert document["boards"][0]["rows"][0]["success"] == {
        "successes": 0,
        "trials": 0,
        "rate": None,
        "lower": 0,
        "upper": 1,
    }


def test_only_the_same_table_is_ranked_together():
    document = build([_measurement("a", [True] * 30), _measurement("b", [False] * 30, table="other")])
    assert [list(_ranks(document, i).values()) for i in range(2)] == [[1], [1]]
    assert len({board["id"] for board in document["boards"]}) == 2


def test_two_runs_cannot_claim_one_row(write_run):
    first, second = write_run("flow", folder="one"), write_run("flow", folder="two")
    with pytest.raises(RunError, match="runs/quick/one and runs/quick/two"):
        build([_read(first), _read(second)])


def test_settings_tell_two_runs_of_one_agent_apart(write_run):
    runs = [_read(write_run("flow", folder=str(s), settings={"steps": s})) for s in (4, 10)]
    assert set(_ranks(build(runs))) == {"flow 1 steps=4", "flow 1 steps=10"}


def test_counts_within_a_run(write_run):
    run = _read(write_run("flow", 0.6, {"grasp": 30}))
    (row,) = build([run])["boards"][0]["rows"]
    (detail,) = row["details"]
    solved = [e for e in run.episodes if e.success]
    assert 0 < len(solved) < 60
    assert detail["reached"] == sorted(detail["reached"], reverse=True)
    assert detail["reached"][-1] == len(solved)
    assert sum(f["count"] for f in detail["failures"]) == 60 - len(solved)
    ours = [o["success"]["successes"] for o in detail["ours_at"]]
    assert ours == [sum(e.attempt <= k for e in solved) for k in (1, 2, 3)]
    assert detail["curve"] == sorted(detail["curve"])
    assert detail["curve"][-1] == pytest.approx(len(solved) / 60, abs=1e-6)
    assert detail["time_of_successes_s"] < detail["restricted_time_s"] < 24
    assert detail["pad_force"]["median_n"] <= detail["pad_force"]["p95_n"] <= detail["pad_force"]["max_n"]
    assert detail["pad_force"]["max_n"] == pytest.approx(max(e.pad_force for e in run.episodes), abs=1e-6)


def test_an_agent_that_fits_one_cell_only_has_that_version(write_run):
    folder = write_run("flow", entries={"grasp": 2, "tray": 2})
    run = load_run(folder)
    run.info["cells"]["lift_tray-v3/shadow_ur10e_bimanual"]["agent"]["version"] = ""
    assert measure(run, "flow").version == "1"


def test_a_world_without_touch_has_no_peaks(write_run):
    def blind(row):
        row["touch_peaks"], row["hand_force_peak"] = {}, None

    (row,) = build([_read(write_run("flow", edit=blind))])["boards"][0]["rows"]
    none = {"episodes": 0, "median_n": None, "p95_n": None, "max_n": None}
    assert row["details"][0]["pad_force"] == row["details"][0]["hand_force"] == none


def _episode(index, time=None, stages=0):
    success = time is not None
    return Episode(
        index, "grasp", "seen", "mug", str(index), success, 1, time, stages, "none" if success else "dropped"
    )


def _run_of(*episodes):
    whole = _measurement("a", [])
    return Measurement(**{**vars(whole), "episodes": episodes})


def test_exemplars():
    failures = _episode(1, stages=2), _episode(3, stages=1), _episode(5, stages=1)
    run = _run_of(_episode(0, 5.0), *failures, _episode(2, 3.0), _episode(4, 9.0))
    assert exemplars(run, "grasp") == {"worst": 3, "median": 0, "best": 2}


def test_exemplars_without_failure_or_success():
    assert exemplars(_run_of(_episode(0, 4.0), _episode(1, 7.0), _episode(2, 7.0)), "grasp") == {
        "worst": 1,
        "median": 1,
        "best": 0,
    }
    assert exemplars(_run_of(_episode(4, stages=1), _episode(7, stages=0)), "grasp") == {"worst": 7}
    assert exemplars(_run_of(), "grasp") == {}


def test_clips_name_folder_and_row(write_run):
    run = _read(write_run("flow", 0.6))
    document = build([run])
    wanted = clips(document)
    assert {clip.kind: episode for clip, (_, episode) in wanted.items()} == exemplars(run, "grasp")
    assert {folder for folder, _ in wanted.values()} == {"runs/quick/flow"}


def test_clips_show_each_kind_of_failure_once(write_run):
    run = _read(write_run("flow", 0.6))
    document = build([run])
    first = {f["code"]: f["episode"] for f in document["boards"][0]["rows"][0]["details"][0]["failures"]}
    assert set(first) == {e.failure for e in run.episodes if not e.success}
    plain, wanted = ({episode for _, episode in clips(document, f).values()} for f in (False, True))
    assert wanted == plain | set(first.values())
    assert len(clips(document, failures=True)) - len(clips(document)) == len(set(first.values()) - plain)


def _edits():
    def rate(document):
        document["boards"][0]["rows"][0]["success"]["rate"] = 1.0

    def count(document):
        document["boards"][0]["rows"][0]["success"]["successes"] += 1

    def rank(document):
        document["boards"][0]["rows"][1]["rank"] = None

    def promotion(document):
        document["boards"][0]["rows"].reverse()

    def extra(document):
        document["boards"][0]["rows"][0]["paper"] = 0.99

    def missing(document):
        del document["boards"][0]["rows"][0]["command"]

    def wrong_kind(document):
        document["boards"][0]["episodes"] = "60"

    def not_a_number(document):
        document["boards"][0]["rows"][0]["success"]["lower"] = float("nan")

    def later_version(document):
        document["schema"] = "dexbench-leaderboard/2"

    def flag_for_number(document):
        document["boards"][0]["rows"][0]["success"]["successes"] = True

    return [rate, count, rank, promotion, extra, missing, wrong_kind, not_a_number, later_version, flag_for_number]


@pytest.mark.parametrize("edit", _edits(), ids=lambda f: f.__name__)
def test_an_edited_document_is_refused(edit):
    runs = [_measurement("a", [True] * 25 + [False] * 5), _measurement("b", [True] * 5 + [False] * 25)]
    document = build(runs)
    check(document)
    edited = copy.deepcopy(document)
    edit(edited)
    with pytest.raises(DataError):
        check(edited)


def test_a_run_that_lacks_something_is_named(write_run):
    folder = write_run("flow", entries={"grasp": 3}, cells={})
    with pytest.raises(DataError, match="runs/quick/flow"):
        _read(folder)


def test_markdown_has_the_numbers_and_no_foreign_markup():
    document = build(
        [_measurement("<b>|evil`*", [True] * 9 + [False]), _measurement("plain", [False] * 10, control=True)]
    )
    text = render_markdown(document)
    assert "90.0 % (9/10)" in text
    assert "<b>" not in text.partition("```")[0]  # in a block of code it is text
    (line,) = [line for line in text.splitlines() if "evil" in line and line.startswith("|")]
    assert line.replace("\\|", "").count("|") == 6
    assert "| control | plain | 0.0 % (0/10)" in text


def test_empty_leaderboard():
    document = build([])
    check(document)
    assert "No runs yet" in render_markdown(document)


def test_writing_leaves_the_old_file_when_it_fails(tmp_path: Path, monkeypatch):
    path = tmp_path / "out" / "leaderboard.json"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \udcff")
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["leaderboard.json"]
    write_text(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o444 == 0o444


def test_what_is_no_free_object_is_its_own_family(write_run):
    """Furniture and tools are named by a trial beside the objects: the target of `open_jar` is its jar."""

    def turned_to_the_jar(row):
        row["trial"].update(target=1, articulated=[{"name": "screw_jar"}])

    def turned_to_nothing(row):
        row["trial"].update(objects=[{"instance": ""}])

    for edit, family in ((turned_to_the_jar, "screw_jar"), (turned_to_nothing, "none")):
        found = measure(load_run(write_run("policy", edit=edit, folder=family)), "here")
        assert {e.family for e in found.episodes} == {family}
