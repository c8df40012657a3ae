"""Plans that failed are not made again before something has moved."""

import numpy as np
import pytest

from dexbench.baselines._motions import Episode
from dexbench.baselines._planner import Planner
from dexbench.baselines._skills import Skills
from dexbench.baselines._vain import MOST, Vain
from dexbench.core.shelf import load_task
from dexbench.sim.world import SimWorld


def test_the_same_is_the_same_within_its_tolerance() -> None:
    vain, scene = Vain(), np.arange(4.0)
    assert not vain.has("a", scene)
    vain.note("a", scene)
    assert vain.has("a", scene + 9e-4)
    assert not vain.has("a", scene + 2e-3 * (scene == 3))
    assert not vain.has("b", scene)
    assert not vain.has("a", np.arange(5.0))


def test_what_is_noted_does_not_change_with_its_source() -> None:
    vain, scene = Vain(), np.zeros(3)
    vain.note("a", scene)
    scene += 1
    assert not vain.has("a", scene)
    assert vain.has("a", np.zeros(3))


def test_old_failures_are_forgotten() -> None:
    vain = Vain()
    for k in range(MOST + 1):
        vain.note(k, np.zeros(1))
    assert len(vain.failed) == MOST
    assert not vain.has(0, np.zeros(1))


def test_a_failed_plan_is_made_once_and_again_when_anything_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    world = SimWorld("grasp_object", "shadow_ur10e", 1, groups=("state", "objects", "kinds"), threads=1)
    seen = world.reset([load_task("grasp_object").place(np.random.default_rng(0), "seen")])
    skills = Skills(world.spec)
    e = Episode("x", skills.robot.home.copy())
    e.seen.update({name: rows[0].copy() for name, rows in seen.items()})
    asked: list[int] = []
    monkeypatch.setattr(Planner, "grasp", lambda *_: asked.append(1))
    k = skills.target(e)
    assert skills.plan(e, k) == []
    assert skills.plan(e, k) == []
    assert len(asked) == 1
    assert skills.plan(e, k, rise=0.02) == []
    assert len(asked) == 2
    e.seen["object_pose"][k, 0] += 0.01
    assert skills.plan(e, k) == []
    assert len(asked) == 3
