"""A package beside us, one file each for a task, an agent and a hand: listed, composed, checked, run, measured."""

import json
from pathlib import Path

import pytest

from tests.beside import command, install, python

SUITE = """\
name: tiny
protocol: 1
description: Two pokes with one claw, and one with two
entries:
  - {name: one, task: poke-v2, embodiment: claw_ur10e, splits: {seen: 2}, seed: 3, attempts: 1}
  - {name: two, task: poke-v2, embodiment: claw_ur10e_bimanual, splits: {seen: 1}, seed: 4, attempts: 1}
"""


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package, and a suite."""
    folder = install(tmp_path_factory.mktemp("beside"))
    (folder / "tiny.yaml").write_text(SUITE)
    return folder


def test_all_three_are_listed_and_the_hand_on_every_arm(beside: Path) -> None:
    done = command(beside, "list", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["tasks"]["poke"] == "Touch a ball on the table, with anything that counts as a hand."
    assert found["agents"]["nod"].startswith("Nods")
    assert found["hands"]["claw"].startswith("Claw")
    assert {"claw_ur10e", "claw_ur10e_bimanual", "shadow_ur10e", "shadow_ur10e_bimanual"} <= set(found["embodiments"])


def test_the_hand_agrees_with_its_data_and_is_registered(beside: Path) -> None:
    code = """
import gymnasium, numpy as np, dexbench
from dexbench.robots.check import check_robot
for name in ("claw_ur10e", "claw_ur10e_bimanual"):
    robot = dexbench.load_embodiment(name)
    bad = [f for f in check_robot(robot) if not f.ok]
    assert not bad, bad
    assert robot.name == name and {p.finger for p in robot.pads} == {"thumb", "index", "middle"}
    home = dict(zip((a.name for a in robot.actuators), robot.home))
    assert home["right/thumb_base"] == 0.2 and home["right/middle_base"] == 0.0
    np.testing.assert_allclose(home["right/index_tip"], 0.12)  # its range begins at 0.1, the margin is 0.02
ids = [i for i in gymnasium.registry if i.startswith("dexbench/")]
assert "dexbench/Poke-claw_ur10e-v2" in ids and "dexbench/GraspObject-claw_ur10e-v1" in ids
assert "dexbench/LiftTray-claw_ur10e-v3" not in ids and "dexbench/LiftTray-claw_ur10e_bimanual-v3" in ids
env = gymnasium.make("dexbench/Poke-claw_ur10e-v2")
seen, _ = env.reset(seed=1)
assert env.observation_space.contains(seen) and seen["touch"].shape[1:] == (3, 4, 3, 3)
seen, *_ = env.step(env.action_space.sample())
assert np.isfinite(seen["joint_position"]).all() and env.observation_space.contains(seen)
"""
    done = python(beside, "-c", code)
    assert done.returncode == 0, done.stderr


def test_the_agent_is_measured_on_the_task_with_the_hand(beside: Path) -> None:
    """The rows are those of a run in another process at another batch size, and they verify."""
    assert command(beside, "suite", "freeze", "tiny.yaml").returncode == 0
    measure = ("eval", "--agent", "nod", "--suite", "tiny.yaml", "--jobs", "1", "--quiet")
    done = command(beside, *measure, "--batch", "2")
    assert done.returncode == 0, done.stderr
    assert "3 of 3 episodes" in done.stdout
    content = (beside / "runs/tiny/nod/episodes.jsonl").read_bytes()
    rows = [json.loads(line) for line in content.splitlines()]
    assert [r["embodiment"] for r in rows] == ["claw_ur10e", "claw_ur10e", "claw_ur10e_bimanual"]
    assert [r["failure"] for r in rows] == ["untouched"] * 3
    assert all(r["steps"] == 10 and not r["error"] for r in rows)
    again = command(beside, *measure, "--batch", "1", "--out", "again")
    assert again.returncode == 0, again.stderr
    assert (beside / "again/tiny/nod/episodes.jsonl").read_bytes() == content
    checked = command(beside, "verify", "runs/tiny/nod", "--suite", "tiny.yaml", "--jobs", "1", "--quiet")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_an_expert_without_grasps_for_the_hand_says_so(beside: Path) -> None:
    assert command(beside, "suite", "freeze", "tiny.yaml").returncode == 0
    done = command(beside, "eval", "--agent", "scripted", "--suite", "tiny.yaml", "--jobs", "1", "--quiet")
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("dexbench: ")
    assert "no grasps for hand 'claw'" in done.stderr
    assert "Traceback" not in done.stderr
