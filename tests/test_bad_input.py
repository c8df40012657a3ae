"""Bad input through the command line and a real world: one line that says what is wrong, and status 2."""

import json
from pathlib import Path

import numpy as np
import pytest

from dexbench.core.errors import ActionError
from dexbench.evaluation.journal import Journal
from dexbench.sim.world import SimWorld
from tests.beside import command, install, python

SUITE = """\
name: small
protocol: 1
description: Two pokes
entries:
  - {name: poke, task: poke-v2, embodiment: shadow_ur10e, splits: {seen: 2}, seed: 3, attempts: 1}
"""
EVAL = ("eval", "--suite", "small.yaml", "--jobs", "1", "--quiet", "--agent")
RUN = Path("runs/small")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small suite and a run of it."""
    folder = install(tmp_path_factory.mktemp("bench"))
    (folder / "small.yaml").write_text(SUITE)
    for words in (("suite", "freeze", "small.yaml"), (*EVAL, "zero")):
        done = command(folder, *words)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("task: poke-v2", "task: pok-v2", "unknown task 'pok'; did you mean 'poke'?"),
        ("task: poke-v2", "task: poke-v9", "task 'poke' is at version 2"),
        ("shadow_ur10e", "shadw_ur10e", "unknown embodiment 'shadw_ur10e'; did you mean 'shadow_ur10e'"),
        ("shadow_ur10e", "clw_ur10e", "unknown embodiment 'clw_ur10e'; did you mean 'claw_ur10e'"),
        ("splits: {seen: 2}", "splits: {sen: 2}", "has no split 'sen', it has seen"),
        ("task: poke-v2", "task: lift_tray-v3", "task 'lift_tray' needs 2 hands, 'shadow_ur10e' has 1"),
    ],
)
def test_a_suite_that_names_what_does_not_exist(bench: Path, old: str, new: str, said: str) -> None:
    assert old in SUITE
    (bench / "wrong.yaml").write_text(SUITE.replace(old, new).replace("name: small", "name: wrong"))
    done = command(bench, "suite", "freeze", "wrong.yaml")
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("dexbench: ")
    assert done.stderr.count("\n") == 1
    assert not (bench / "wrong.table.jsonl").exists()


def test_a_policy_that_does_not_fit_is_refused_before_step_0(bench: Path) -> None:
    """One process for all of them: what costs time here is starting Python."""
    wanted = {
        "length": "the agent's action has 25 numbers, the world takes 26",
        "order": "the order of joints differs from place 6: agent 'right/WRJ1', world 'right/WRJ2'",
        "unit": "the agent commands in 'deg', the world takes 'rad'",
        "kind": "the agent gives 'joint_velocity', the world takes 'joint_target'",
        "rate": "the agent runs at 50 Hz, the world at 25 Hz",
        "field": "the agent reads palm_temperature, which the world does not give",
        "robot": "the agent was made for embodiment 'claw_ur10e', the world has 'shadow_ur10e'",
    }
    code = f"""
import sys
from dexbench.cli.main import main
if __name__ == "__main__":
    for wrong in {list(wanted)!r}:
        status = main([*{EVAL!r}, "odd", "--setting", "wrong=" + wrong, "--out", wrong])
        print("status", status, file=sys.stderr)
"""
    (bench / "refusals.py").write_text(code)
    done = python(bench, "refusals.py")
    answers = done.stderr.split("status 2\n")
    assert answers.pop() == ""
    assert len(answers) == len(wanted), done.stderr
    for (wrong, said), answer in zip(wanted.items(), answers, strict=True):
        assert answer.startswith(f"dexbench: agent 'odd' does not fit this world: {said}")
        assert answer.count("\n") == 1
        assert (
            not list((bench / wrong).rglob("episodes.jsonl"))
            or not (bench / wrong / "small/odd/episodes.jsonl").read_bytes()
        ), "before step 0"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("zero", "--setting", "speed=2", "--out", "unset"), "agent 'zero' has no setting 'speed'"),
        (("scripted", "--setting", "speed=2", "--out", "unset"), "the scripted agent has no setting speed"),
        ((",",), "--agent ',' names no agent"),
        (("scriptd",), "unknown agent 'scriptd'; did you mean 'scripted'"),
    ],
)
def test_agents_and_settings_that_do_not_exist(bench: Path, words: tuple[str, ...], said: str) -> None:
    done = command(bench, *EVAL, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("wrong", ["nan", "inf"])
def test_actions_that_are_no_numbers_are_counted_and_never_simulated(bench: Path, wrong: str) -> None:
    done = command(bench, *EVAL, "odd", "--setting", f"wrong={wrong}", "--out", f"bad_{wrong}")
    assert done.returncode == 0, done.stderr
    folder = bench / f"bad_{wrong}" / "small/odd"
    rows = [json.loads(line) for line in (folder / "episodes.jsonl").read_text().splitlines()]
    still = [json.loads(line) for line in (bench / RUN / "zero/episodes.jsonl").read_text().splitlines()]
    assert [r["rejected"] for r in rows] == [r["steps"] for r in rows] == [10, 10]
    assert all(r["hashes"] for r in rows)
    assert [r["hashes"] for r in rows] == [r["hashes"] for r in still], "the robot stayed where it was"
    checked = command(bench, "verify", str(folder), "--suite", "small.yaml", "--jobs", "1", "--quiet")
    assert checked.returncode == 0, checked.stdout


def test_one_worlds_nan_is_not_its_neighbours() -> None:
    world = SimWorld("grasp_object", "shadow_ur10e", 2, groups=("state",))
    alone = SimWorld("grasp_object", "shadow_ur10e", 1, groups=("state",))
    trial = world.task.place(np.random.default_rng(1), "seen")
    world.reset([trial, trial])
    alone.reset([trial])
    moved = world.spec.embodiment.home + 0.2
    for action in (moved, world.spec.embodiment.home):
        both = np.stack([action, action])
        both[0, [0, 9]] = np.nan, -np.inf
        seen = world.advance(both)
        alone.advance(action[None])
    assert all(np.isfinite(v).all() for v in seen.values())
    assert np.isfinite(world.snapshot([0])).all()
    assert world.filter.rejected.tolist() == [2, 0]
    assert (world.snapshot([1]) == alone.snapshot([0])).all()
    for wrong in (moved.astype(str), moved.astype(complex), moved[None, :5]):
        with pytest.raises(ActionError):
            alone.advance(wrong)


def test_a_truncated_run_is_named_and_goes_on(bench: Path) -> None:
    episodes = bench / RUN / "zero/episodes.jsonl"
    whole = episodes.read_bytes()
    check = ("verify", str(RUN / "zero"), "--suite", "small.yaml", "--jobs", "1", "--quiet")
    try:
        episodes.write_bytes(whole[:-40])
        done = command(bench, *check)
        assert done.returncode == 1, done.stderr
        assert "row 1 is not there: the last line is cut off" in done.stdout
        assert "NOT verified: 1 of 2 rows hold" in done.stdout
        assert command(bench, *EVAL, "zero").returncode == 0
        assert episodes.read_bytes() == whole
        (bench / RUN / "zero/run.json").rename(bench / "aside.json")
        done = command(bench, *check)
        assert done.returncode == 2
        assert "run.json" in done.stderr
        assert done.stderr.count("\n") == 1
    finally:
        episodes.write_bytes(whole)
        if (bench / "aside.json").exists():
            (bench / "aside.json").rename(bench / RUN / "zero/run.json")


def test_a_second_process_on_a_run_is_refused(bench: Path) -> None:
    with Journal(bench / RUN / "zero"):
        done = command(bench, *EVAL, "zero")
    assert done.returncode == 2
    assert "is writing this run" in done.stderr
    assert command(bench, *EVAL, "zero").returncode == 0


def test_without_opengl_states_work_and_pictures_say_what_to_install(bench: Path) -> None:
    (bench / "blind.py").write_text("""
import ctypes, importlib.util, os, sys
real, seek = ctypes.CDLL, importlib.util.find_spec
def load(name, *rest, **more):
    if name and any(part in str(name) for part in ("EGL", "OSMesa", "libGL")):
        raise OSError("no such library")
    return real(name, *rest, **more)
ctypes.CDLL = load
importlib.util.find_spec = lambda name, *rest: None if name == "mujoco_warp" else seek(name, *rest)
for name in ("DISPLAY", "WAYLAND_DISPLAY", "MUJOCO_GL"):
    os.environ.pop(name, None)
import numpy as np
from dexbench.cli.main import main
from dexbench.sim.gym import DexEnv
if __name__ == "__main__":
    env = DexEnv("poke", "shadow_ur10e", render_mode="rgb_array")
    env.reset(seed=0)
    print(np.isfinite(env.step(env.action_space.low)[0]["touch"]).all())
    print(main(["view", "poke", "shadow_ur10e", "--picture", "there.png"]))
""")
    done = python(bench, "blind.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "True"
    assert done.stdout.splitlines()[-1] == "2"
    assert "an OpenGL library (no library was found) is needed for pictures" in done.stderr
    assert "apt-get install" in done.stderr
    assert not (bench / "there.png").exists()


def test_a_hand_that_does_not_fit_is_named_by_file_and_field(bench: Path) -> None:
    hand = bench / "claw.yaml"
    text = hand.read_text()
    cases = {
        ("range: [-0.3, 1.2]", "range: [1.2, -0.3]"): "claw.yaml:14: kinematic_tree.joints[thumb_base].range",
        ("mass: 0.6", "mass: heavy"): "claw.yaml:41: links.items[palm].mass: a finite number is expected",
        ("rest: {", "rest: {items: {tail: 1}, was: {"): "claw.yaml:7: rest.items: tail: no such actuator",
        ("thumb_base: 0.2", "thumb_base: 1.9"): "sides.right.home: right/thumb_base: 1.9 is outside its limits",
        ("name: palm_site", "name: grip"): "hand 'claw' needs a link 'palm' and a frame 'palm_site'",
        ("{finger: middle", "{finger: index"): "fingers.items[2].finger: there are two fingers 'index'",
        ("name: claw", "name: [claw"): "claw.yaml: no valid YAML",
    }
    code = f"""
from dexbench.core.errors import DataError
from dexbench.core.shelf import load_embodiment
text = {text!r}
for old, new in {list(cases)!r}:
    assert old in text, old
    edited = text.replace(old, new, 1)
    if new.startswith("rest"):
        edited = edited.replace("index_base: 0.2}}}}", "index_base: 0.2}}}}}}", 1)
    open({str(hand)!r}, "w").write(edited)
    try:
        load_embodiment("claw_ur10e")
        print("loaded")
    except DataError as error:
        print(str(error).replace(chr(10), " "))
"""
    try:
        done = python(bench, "-c", code)
    finally:
        hand.write_text(text)
    assert done.returncode == 0, done.stderr
    for said, found in zip(cases.values(), done.stdout.splitlines(), strict=True):
        assert said in found
