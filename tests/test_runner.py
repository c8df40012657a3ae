"""The runner: rows that depend on nothing but suite and agent, whatever breaks and whenever it is killed."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dexbench.core.crew import Crew
from dexbench.core.errors import ActionError, ContractError, DataError, MissingExtra, RunError
from dexbench.evaluation import journal, runner
from dexbench.evaluation.journal import Journal, origin
from dexbench.evaluation.record import seal
from dexbench.evaluation.rows import Run, load_run
from dexbench.evaluation.runner import groups_of
from dexbench.evaluation.suite import Suite
from tests.interruptible import hear_ctrl_c
from tests.toy import DELAY, SUITE, ToyWorld, make_suite, run

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return make_suite(tmp_path / "suite")


def test_all_rows_are_there_and_in_order(suite: Suite, tmp_path: Path) -> None:
    run(suite, tmp_path / "run")
    rows = load_run(tmp_path / "run").episodes
    assert [r["trial_digest"] for r in rows] == [e.trial.digest() for e in suite.episodes]
    assert sum(r["success"] for r in rows if r["entry"] == "plain") >= 10
    assert len((tmp_path / "run" / "machine.jsonl").read_text().splitlines()) == 21


@pytest.mark.parametrize("agent", ["good", "crash", "reset", "shape", "nan"])
@pytest.mark.parametrize("batch", [3, 16])
def test_rows_do_not_depend_on_the_batch(suite: Suite, tmp_path: Path, agent: str, batch: int) -> None:
    assert run(suite, tmp_path / "a", agent, batch=1) == run(suite, tmp_path / "b", agent, batch=batch)


@pytest.mark.parametrize("jobs", [1, 2])
def test_rows_do_not_depend_on_the_processes(suite: Suite, tmp_path: Path, jobs: int) -> None:
    alone = run(suite, tmp_path / "a", "crash", jobs=0)
    assert run(suite, tmp_path / "b", "crash", jobs=jobs) == alone
    assert (tmp_path / "a" / "run.json").read_bytes() == (tmp_path / "b" / "run.json").read_bytes()


@pytest.mark.parametrize("agent", ["crash", "reset", "shape"])
def test_an_agent_that_breaks_is_a_failure_with_a_code(suite: Suite, tmp_path: Path, agent: str) -> None:
    run(suite, tmp_path / "run", agent)
    rows = [r for r in load_run(tmp_path / "run").episodes if r["trial"]["extra"].get("fault") not in (1, 2, 3)]
    bad = [r for r in rows if r["trial"]["seed"] % 5 == 0]
    assert bad
    assert all(r["failure"] == "agent_error" and not r["success"] for r in bad)
    assert {r["steps"] for r in bad} == {0 if agent == "reset" else 6}
    message = {
        "crash": "RuntimeError: lost its head, <object object at 0x...>",
        "reset": "ValueError: cannot begin <object object at 0x...>",
        "shape": "agent 'toy_shape' returned shape (1, 1, 1), declared (1, 1, 2)",
    }[agent]
    assert {r["error"] for r in bad} == {message}
    assert all(not r["error"] for r in rows if r not in bad)


def test_a_simulation_that_breaks_is_a_failure_with_a_code(suite: Suite, tmp_path: Path) -> None:
    run(suite, tmp_path / "run")
    faults: dict[float, Counter[tuple[str, int, str]]] = {}
    for row in load_run(tmp_path / "run").episodes:
        fault = row["trial"]["extra"].get("fault", 0.0)
        if fault in (1, 2, 3):
            faults.setdefault(fault, Counter())[row["failure"], row["steps"], row["error"]] += 1
    assert faults.keys() == {1.0, 2.0, 3.0}, "the suite draws each kind"
    assert faults[1.0].keys() == {("simulation_error", 8, "became unstable")}
    assert faults[2.0].keys() == {("simulation_error", 5, "ArithmeticError: broke down at 0x...")}
    assert faults[3.0].keys() == {("simulation_error", 0, "ArithmeticError: cannot be set up")}


def test_success_in_a_late_attempt_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite counts one attempt; the world says that success came in the third."""
    real = ToyWorld.outcome

    def third(self: ToyWorld) -> Any:
        found = real(self)
        found.attempts = np.full(self.n, 3)
        return found

    monkeypatch.setattr(ToyWorld, "outcome", third)
    run(make_suite(tmp_path), tmp_path / "run")
    rows = [r for r in load_run(tmp_path / "run").episodes if r["success_at_end"] and not r["error"]]
    assert rows
    assert all(r["success_attempt"] == 3 for r in rows)
    assert {(r["success"], r["failure"]) for r in rows} == {(False, "attempts_exceeded")}


@pytest.mark.parametrize("jobs", [0, 1])
def test_what_does_not_fit_is_refused_before_step_0(suite: Suite, tmp_path: Path, jobs: int) -> None:
    with pytest.raises(ContractError, match="the agent runs at 50 Hz, the world at 25 Hz"):
        run(suite, tmp_path / "run", settings={"rate": 50.0}, jobs=jobs)
    with pytest.raises(ActionError, match=r"returned shape \(\d, 1, 1\), declared"):
        run(suite, tmp_path / "wrong", "wrong", jobs=jobs)
    assert not (tmp_path / "run" / "run.json").exists()
    assert not (tmp_path / "wrong" / "episodes.jsonl").read_bytes()


def no_torch(name: str, world: Any, settings: Any) -> Any:
    raise MissingExtra("torch", "this agent", "pip install dexbench[train]")


def test_a_workers_error_keeps_its_kind(suite: Suite, tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match=r"pip install dexbench\[train\]"):
        run(suite, tmp_path / "run", agent_factory=no_torch, jobs=1)


def start(suite: Suite, folder: Path, jobs: int, delay: float) -> subprocess.Popen[bytes]:
    code = f"from tests.toy import main; main({str(suite.path)!r}, {str(folder)!r}, {jobs})"
    environment = {**os.environ, DELAY: str(delay), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        preexec_fn=hear_ctrl_c,
    )


def wait_for_rows(folder: Path, more_than: int, process: subprocess.Popen[bytes]) -> None:
    path = folder / "episodes.jsonl"
    end = time.monotonic() + 60
    while not (path.exists() and path.read_bytes().count(b"\n") > more_than):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            pytest.fail(f"no more than {more_than} rows: {process.communicate()}")
        time.sleep(0.005)


def test_killed_at_any_moment_it_ends_with_the_same_bytes(suite: Suite, tmp_path: Path) -> None:
    wanted = run(suite, tmp_path / "calm")
    folder, rng = tmp_path / "killed", np.random.default_rng(1)
    rows = 0
    for jobs in (2, 0, 1):
        process = start(suite, folder, jobs, 0.004)
        wait_for_rows(folder, rows, process)
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        process.communicate()
        content = (folder / "episodes.jsonl").read_bytes()
        assert wanted.startswith(content)
        rows = content.count(b"\n")
        assert 0 < rows < 20, "killed in the middle"
    with (folder / "episodes.jsonl").open("ab") as file:  # and in the middle of a line
        file.write(wanted[len(content) : len(content) + 100])
    assert run(suite, folder) == wanted
    assert (folder / "run.json").read_bytes() == (tmp_path / "calm" / "run.json").read_bytes()
    assert run(suite, folder) == wanted  # once more: nothing to do


def test_workers_end_with_their_parent(suite: Suite, tmp_path: Path) -> None:
    process = start(suite, tmp_path / "run", 2, 0.5)  # 25 s an episode: they cannot end by having nothing to do
    while not (tmp_path / "run" / "machine.jsonl").exists():
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.5)  # now the workers are in the middle of an episode
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) >= 2
    process.kill()
    process.wait()  # not communicate(): the workers hold standard error open
    end = time.monotonic() + 5
    while any(alive(int(pid)) for pid in children):
        assert time.monotonic() < end, "a worker outlived its parent"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_ctrl_c_leaves_a_run_that_goes_on(suite: Suite, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = start(suite, folder, 1, 0.01)
    wait_for_rows(folder, 0, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert b"KeyboardInterrupt: stopped after" in said
    assert b"of 20 episodes; run the same command again" in said
    assert b"SpawnProcess" not in said, "workers are quiet"
    assert run(suite, folder) == run(suite, tmp_path / "calm")


def test_a_second_process_is_refused(suite: Suite, tmp_path: Path) -> None:
    with Journal(tmp_path / "run"), pytest.raises(RunError, match=f"process {os.getpid()} is writing this run"):
        run(suite, tmp_path / "run")
    run(suite, tmp_path / "run")


def kill_yourself(name: str, world: Any, settings: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_is_a_clear_end(suite: Suite, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"(?s)worker process \d+ died with SIGKILL.*memory.*run the same command again"):
        run(suite, tmp_path / "run", agent_factory=kill_yourself, jobs=1)
    assert run(suite, tmp_path / "run") == run(suite, tmp_path / "calm")


def test_a_full_disk_is_a_clear_end(suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, space = os.write, 20_000

    def write(descriptor: int, content: Any) -> int:
        nonlocal space
        if space < len(content):
            if space:
                space -= real(descriptor, bytes(content)[:space])  # a part still fits
                return 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        space -= len(content)
        return real(descriptor, content)

    monkeypatch.setattr(journal.os, "write", write)
    with pytest.raises(
        RunError, match=r"(?s)episodes\.jsonl: cannot be written: No space left.*the same command again"
    ):
        run(suite, tmp_path / "run")
    monkeypatch.undo()
    kept = (tmp_path / "run" / "episodes.jsonl").read_bytes()
    wanted = run(suite, tmp_path / "calm")
    assert kept
    assert kept.endswith(b"\n")
    assert wanted.startswith(kept)
    assert run(suite, tmp_path / "run") == wanted


@pytest.mark.parametrize("finished", [True, False])
def test_another_evaluation_is_refused(suite: Suite, tmp_path: Path, finished: bool) -> None:
    folder = tmp_path / "run"
    content = run(suite, folder)
    if not finished:
        (folder / "episodes.jsonl").write_bytes(content[: len(content) // 2])
    with pytest.raises(RunError, match='agent: the folder has "good", asked is "nan"'):
        run(suite, folder, "nan")
    with pytest.raises(RunError, match=r"settings\.rate: the folder has nothing, asked is 25"):
        run(suite, folder, settings={"rate": 25.0})
    info = json.loads((folder / "run.json").read_text())
    info["versions"]["mujoco"] = "3.0"
    (folder / "run.json").write_text(json.dumps(info))
    with pytest.raises(RunError, match=r"(versions\.mujoco: the folder has \"3\.0\")|was edited|follow"):
        run(suite, folder)


def test_damaged_rows_are_not_continued(suite: Suite, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    lines = run(suite, folder).splitlines(keepends=True)
    (folder / "episodes.jsonl").write_bytes(b"".join([*lines[:3], lines[4]]))
    with pytest.raises(RunError, match=r"line 4: holds row 4.*dexbench verify"):
        run(suite, folder)
    (folder / "run.json").unlink()
    with pytest.raises(RunError, match=r"has rows and no run\.json"):
        run(suite, folder)


def test_the_command_may_differ(suite: Suite, tmp_path: Path) -> None:
    """How often it was started, and with what number of jobs, is not part of what was measured."""
    content = run(suite, tmp_path / "run", command="first")
    (tmp_path / "run" / "episodes.jsonl").write_bytes(content[:-5])
    assert run(suite, tmp_path / "run", command="second", batch=2) == content


def test_groups_are_what_the_agent_reads_and_touch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "constants", lambda shelf, name: {"OBSERVES": ("objects", "state")})
    assert groups_of("mine") == ("state", "objects", "touch")
    monkeypatch.setattr(runner, "constants", lambda shelf, name: {})
    assert groups_of("mine") == ("state", "objects", "touch", "points")


def numbers(job: int) -> Any:
    """Work of a crew: its own process, and as many results as asked."""
    yield from ((os.getpid(), job) for _ in range(job))


def test_a_crew_shares_out_jobs_and_gives_every_result() -> None:
    with Crew(numbers, 2) as crew:
        found = list(crew.run(range(6)))
        assert sorted(job for _, job in found) == sorted(job for job in range(6) for _ in range(job))
        assert os.getpid() not in {pid for pid, _ in found}
        assert len(list(crew.run([3, 2]))) == 5, "it can be asked again"


NEW = """\
- name: new
  task: toy-v1
  embodiment: toy
  splits: {seen: 3}
  seed: 9
  attempts: 1
"""


@pytest.mark.parametrize("jobs", [0, 2])
def test_rows_of_an_earlier_run_are_what_would_be_measured(suite: Suite, tmp_path: Path, jobs: int) -> None:
    run(suite, tmp_path / "before", "crash")
    larger = make_suite(tmp_path / "larger", SUITE.replace("- name: plain", f"{NEW}- name: plain", 1))
    measured = run(larger, tmp_path / "measured", "crash")
    assert run(larger, tmp_path / "reused", "crash", jobs=jobs, reuse=[tmp_path / "before"]) == measured
    notes = [json.loads(line) for line in (tmp_path / "reused" / "machine.jsonl").read_text().splitlines()]
    assert [n["index"] for n in notes if "seconds" in n] == [0, 1, 2], "only new trials were simulated"
    assert [n["index"] for n in notes if "from" in n] == list(range(3, 23))
    again = make_suite(tmp_path / "again")
    assert run(again, tmp_path / "all", "crash", reuse=[tmp_path / "reused"]) == run(suite, tmp_path / "x", "crash")


def sealed(folder: Path, info: dict[str, Any], content: Run) -> Path:
    """Write a run folder with digests that hold, whatever is in it."""
    folder.mkdir()
    previous = origin(info)
    with (folder / "episodes.jsonl").open("wb") as file:
        for row in content.episodes:
            line, previous = seal(row, previous)
            file.write(line)
    (folder / "run.json").write_text(json.dumps(info))
    return folder


def test_rows_with_other_attempts_or_of_another_cell_are_not_taken(suite: Suite, tmp_path: Path) -> None:
    run(suite, tmp_path / "before")
    other = make_suite(tmp_path / "other", SUITE.replace("attempts: 1", "attempts: 2"))
    run(other, tmp_path / "run", reuse=[tmp_path / "before"])
    notes = [json.loads(line) for line in (tmp_path / "run" / "machine.jsonl").read_text().splitlines()]
    assert [n["index"] for n in notes if "from" in n] == list(range(11, 20)), "the first entry has another limit"
    info = json.loads((tmp_path / "before" / "run.json").read_text())
    info["cells"]["toy-v1/toy"]["agent"]["version"] = "older"
    run(suite, tmp_path / "new", reuse=[sealed(tmp_path / "older", info, load_run(tmp_path / "before", blobs=True))])
    notes = [json.loads(line) for line in (tmp_path / "new" / "machine.jsonl").read_text().splitlines()]
    assert [n["index"] for n in notes if "from" in n] == list(range(11, 20)), "the agent's version is another in a cell"


def test_rows_of_another_agent_and_damaged_ones_are_refused(suite: Suite, tmp_path: Path) -> None:
    before = tmp_path / "before"
    run(suite, before)
    with pytest.raises(RunError, match="cannot be taken over: agent is good there, crash here"):
        run(suite, tmp_path / "run", "crash", reuse=[before])
    assert not (tmp_path / "run" / "run.json").exists(), "nothing is begun"
    with pytest.raises(RunError, match="there is no run here"):
        run(suite, tmp_path / "run", reuse=[tmp_path / "nowhere"])
    rows = (before / "episodes.jsonl").read_bytes()
    (before / "episodes.jsonl").write_bytes(rows.replace(b'"success":true', b'"success":false', 1))
    with pytest.raises(DataError, match="was edited"):
        run(suite, tmp_path / "run", reuse=[before])


def test_rows_that_deny_themselves_are_not_taken_over(suite: Suite, tmp_path: Path) -> None:
    run(suite, tmp_path / "before")
    info = json.loads((tmp_path / "before" / "run.json").read_text())
    content = load_run(tmp_path / "before", blobs=True)
    content.episodes[2]["trial"]["seed"] += 1
    with pytest.raises(DataError, match="row 2: denies itself"):
        run(suite, tmp_path / "run", reuse=[sealed(tmp_path / "trial", info, content)])
    for n, (entries, said) in enumerate([(None, "'entries' is missing"), ([{"name": "plain"}], "lacks its name")]):
        folder = sealed(tmp_path / str(n), {**info, "entries": entries}, load_run(tmp_path / "before", blobs=True))
        with pytest.raises(DataError, match=said):
            run(suite, tmp_path / "run", reuse=[folder])
    assert not (tmp_path / "run" / "run.json").exists(), "nothing is begun"
