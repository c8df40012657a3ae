"""The command line: quick where it only lists, plain where it refuses, whole from a suite to a page."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dexbench.cli import _runs, evaluate, listing, train, view
from dexbench.cli.main import VERBS, main
from dexbench.core.errors import DataError, RunError, UnknownName
from dexbench.core.shelf import AGENTS, EMBODIMENTS, SHELVES, SUITES, TASKS, names

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("mujoco", "torch", "gymnasium", "numpy", "rich", "scipy", "OpenGL")


def misspelt(name: str) -> str:
    """Return `name` with a letter too many."""
    return name[:2] + "x" + name[2:]


def test_listing_is_quick_and_imports_nothing_heavy() -> None:
    code = f"""
import sys
from dexbench.cli.main import main
main(["list"])
print(*[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)
"""
    done, cost = _timed(code)
    assert done.stderr.split() == []
    assert "grasp_object" in done.stdout
    assert cost < 1.5 * _timed("import gymnasium, mujoco")[1]  # which is where any other command begins


def _timed(code: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run Python code in a process; return that and its processor time, since other tests run beside this one [s]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_list_shows_every_shelf_with_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {k: sorted(v) for k, v in found.items()} == {listing.plural(s): names(s) for s in SHELVES}
    assert all(line and "\n" not in line for entries in found.values() for line in entries.values())


@pytest.mark.parametrize("words", [["verify", "run", "--no-such"], ["object", "sheet", "a.png", "--no-such"]])
def test_an_option_that_there_is_not_names_the_help_of_its_own_verb(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert "--no-such" in said
    assert f"`dexbench {' '.join(words[: words.index('--no-such') - 1])} --help`" in said


def test_a_broken_package_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Path:
        raise DataError("its module does not exist")

    monkeypatch.setattr(listing, "locate", broken)
    assert "its module does not exist" in listing.describe(TASKS, "grasp_object")


@pytest.mark.parametrize("verb", VERBS)
def test_help_teaches(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: dexbench {verb}")
    assert f"  dexbench {verb} " in text or f"  dexbench {verb}\n" in text, "an example"


def test_help_of_the_whole_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {verb} " in text for verb in VERBS)


def wrong_names() -> list[tuple[list[str], str]]:
    """Return command lines with a name that does not exist, and the name that is meant."""
    agent, suite, task, embodiment = (names(s)[0] for s in (AGENTS, SUITES, TASKS, EMBODIMENTS))
    collect = ["collect", "--episodes", "1", "--out", "nowhere"]
    return [
        (["evl"], "eval"),
        (["list", "tsks"], "tasks"),
        (["eval", "--agent", misspelt(agent), "--suite", suite], agent),
        (["eval", "--agent", f"{agent},{misspelt(agent)}", "--suite", suite], agent),
        (["eval", "--agent", agent, "--suite", misspelt(suite)], suite),
        (["suite", "show", misspelt(suite)], suite),
        (["train", misspelt(agent)], agent),
        (["view", misspelt(task), embodiment], task),
        (["view", task, misspelt(embodiment)], embodiment),
        ([*collect, "--agent", misspelt(agent), "--task", task, "--embodiment", embodiment], agent),
        ([*collect, "--agent", agent, "--task", misspelt(task), "--embodiment", embodiment], task),
        ([*collect, "--agent", agent, "--task", task, "--embodiment", misspelt(embodiment)], embodiment),
    ]


@pytest.mark.parametrize("number", range(12))
def test_wrong_names_are_answered_with_the_nearest(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    words, meant = wrong_names()[number]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("dexbench: unknown ")
    assert f"did you mean {meant!r}" in said
    assert "Traceback" not in said
    with pytest.raises(UnknownName):
        main([*words, "--debug"])


@pytest.mark.parametrize("verb", ["verify", "leaderboard", "replay"])
def test_a_folder_without_a_run_is_named(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [verb, str(tmp_path), *(["0"] if verb == "replay" else [])]
    assert main(words) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert main([verb, str(tmp_path / "absent"), *words[2:]]) == 2
    assert "absent" in capsys.readouterr().err


def test_unknown_options_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["list", "--jsn"])
    assert stop.value.code == 2
    assert "--jsn" in capsys.readouterr().err


def test_ctrl_c_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "run", stop)
    assert main(["list"]) == 130
    assert "run the same command again" in capsys.readouterr().err


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(listing, "run", full)
    assert main(["list"]) == 2
    assert "No space left on device" in capsys.readouterr().err


def learn(
    *,
    seed: int,
    rate: float = 1e-3,
    out: Path = Path("weights"),
    name: str = "flow",
    quick: bool = False,
    objects: Sequence[str] = (),
) -> None:
    """Learn nothing."""


def test_settings_of_training_are_read_by_their_types() -> None:
    parameters = train.inspect.signature(learn).parameters
    words = ["--seed", "3", "--rate=1e-4", "--out", "here", "--name", "7", "--quick"]
    found = train.read_settings(words, parameters)
    assert found == {"seed": 3, "rate": 1e-4, "out": Path("here"), "name": "7", "quick": True}
    for words in (["--objects", "can_01,box_02"], ["--objects=[can_01, box_02]"]):
        assert train.read_settings(["--seed", "0", *words], parameters)["objects"] == ["can_01", "box_02"]
    with pytest.raises(UnknownName, match="'seed'"):
        train.read_settings(["--sed", "3"], parameters)
    for bad in (["--seed", "3.5"], ["--seed", "x"], ["--rate", "fast", "--seed", "0"], [], ["seed", "3"]):
        with pytest.raises(DataError):
            train.read_settings(bad, parameters)
    explained = train.explain("flow", learn)
    assert "--seed" in explained
    assert "required" in explained
    assert "Learn nothing." in explained


def test_settings_of_agents_are_read() -> None:
    given = ["scale=0.5", "n=3", "name=a=b", "touch=off", "lamp=yes", "deep=true", "flat=False", "names=[a, b]"]
    assert _runs.parse_settings(given) == {
        "scale": 0.5, "n": 3, "name": "a=b", "touch": "off", "lamp": "yes", "deep": True, "flat": False,
        "names": ["a", "b"],
    }  # fmt: skip
    assert "unknown touch False. Known: lag, off" in str(UnknownName("touch", False, ("off", "lag")))  # type: ignore
    for bad in ("scale", "=1", "x=[1"):
        with pytest.raises(DataError):
            _runs.parse_settings([bad])


def test_the_recorded_command_repeats_the_run() -> None:
    assert evaluate.command("random", "quick", {"b": 1, "a": "x y"}) == (
        "dexbench eval --agent random --suite quick --setting 'a=x y' --setting b=1"
    )


def test_only_runs_are_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(RunError):
        evaluate.discard(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_pictures_are_png() -> None:
    import zlib

    import numpy as np

    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    content = view.png(pixels)
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    at = content.index(b"IDAT")
    rows = zlib.decompress(content[at + 4 : at + 4 + int.from_bytes(content[at - 4 : at], "big")])
    assert rows == b"\0" + pixels[0].tobytes() + b"\0" + pixels[1].tobytes()


def test_a_package_beside_us_adds_entries(tmp_path: Path) -> None:
    """An agent, a task and a hand, one file each, by entry points; a taken name is refused."""
    information = tmp_path / "scratch-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: scratch\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[dexbench.agents]\nstill = scratch_still\n[dexbench.tasks]\npoke = scratch_poke\n"
        "[dexbench.hands]\nclaw = scratch_still:claw.yaml\n"
    )
    (tmp_path / "scratch_still.py").write_text('"""Holds still."""\nraise RuntimeError("listing must not import")\n')
    (tmp_path / "scratch_poke.py").write_text('"""Poke it."""\n')
    (tmp_path / "claw.yaml").write_text("# Three claws.\nname: claw\n")

    def listed() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dexbench", "list", "--json"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
        )

    found = json.loads(listed().stdout)
    assert found["agents"]["still"] == "Holds still."
    assert found["tasks"]["poke"] == "Poke it."
    assert found["hands"]["claw"] == "Three claws."
    (information / "entry_points.txt").write_text("[dexbench.tasks]\ngrasp_object = scratch_poke\n")
    refused = listed()
    assert refused.returncode == 2
    assert "exists already" in refused.stderr


SUITE = """\
name: small
protocol: 1
description: Two episodes
entries:
  - {name: grasp, task: grasp_object-v1, embodiment: shadow_ur10e, splits: {seen: 2}, seed: 5, attempts: 1}
"""


def test_from_a_suite_to_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """freeze, eval, eval again, verify, replay, leaderboard; then an edited score is caught."""
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SUITE)
    assert main(["suite", "freeze", "small.yaml"]) == 0
    measure = ["eval", "--agent", "zero", "--suite", "small.yaml", "--jobs", "1", "--batch", "2", "--quiet"]
    assert main(measure) == 0
    assert "zero on small: 2 of 2 episodes" in capsys.readouterr().out
    episodes = Path("runs/small/zero/episodes.jsonl")
    content = episodes.read_bytes()
    assert main(measure) == 0
    assert episodes.read_bytes() == content
    assert main(["verify", "runs", "--suite", "small.yaml", "--jobs", "1", "--quiet"]) == 0
    assert main(["replay", "runs/small/zero", "1", "--suite", "small.yaml"]) == 0
    assert "the record holds" in capsys.readouterr().out
    assert main(["replay", "runs/small/zero", "7", "--suite", "small.yaml"]) == 2
    assert main(["leaderboard", "--no-videos"]) == 0
    page = Path("leaderboard/index.html").read_text(encoding="utf-8")
    assert "zero" in page
    assert json.loads(Path("leaderboard/leaderboard.json").read_text(encoding="utf-8"))["boards"]

    episodes.write_bytes(content.replace(b'"success":false', b'"success":true', 1))
    assert main(["verify", "runs/small/zero", "--suite", "small.yaml", "--jobs", "1", "--quiet"]) == 1
    assert main(["verify", "runs/small/zero", "--suite", "small.yaml", "--sample", "1", "--seed", "0", "--quiet"]) == 1
    said = capsys.readouterr().out
    assert "row 0" in said
    assert "of 1 rows drawn from 2 hold" in said
    assert main(["verify", "runs/small/zero", "--suite", "small.yaml", "--seed", "3"]) == 2
    assert "give --sample N too" in capsys.readouterr().err
