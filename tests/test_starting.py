"""Episodes that begin with a palm where the trial has it."""

from dataclasses import replace

import numpy as np
import pytest

from dexbench.core.errors import DataError
from dexbench.core.shelf import load_task
from dexbench.core.trial import Trial
from dexbench.sim.world import SimWorld

SHIFT = np.array([0.03, 0.03, -0.04])
"""From home [m]."""


def trial(**changes: object) -> Trial:
    return replace(load_task("grasp_object").place(np.random.default_rng(4), "seen"), **changes)


def beside_home(world: SimWorld) -> tuple[float, ...]:
    """Return a palm pose that every arm reaches."""
    palm = world.reset([trial()] * world.n)["palm_pose"][0, 0].astype(float)
    return (*(palm[:3] + SHIFT).tolist(), *palm[3:].tolist())


@pytest.mark.parametrize("robot", ["shadow_ur10e", "bytedexter_fr3", "psibot_rm75"])
def test_the_palm_begins_where_the_trial_says_and_stays(robot: str) -> None:
    world = SimWorld("grasp_object", robot, 2)
    pose = beside_home(world)
    seen = world.reset([trial(start={"right": pose}), trial()])
    assert np.abs(seen["palm_pose"][0, 0, :3] - pose[:3]).max() < 1e-3
    assert np.abs(seen["palm_pose"][1, 0, :3] + SHIFT - pose[:3]).max() < 1e-3
    for _ in range(12):
        after = world.advance(seen["setpoint"])
    assert np.abs(after["palm_pose"][0, 0, :3] - pose[:3]).max() < 5e-3
    assert np.abs(after["joint_velocity"]).max() < 0.05


def test_the_next_episode_begins_at_home_again() -> None:
    world = SimWorld("grasp_object", "shadow_ur10e", 1)
    first = world.reset([trial()])
    world.reset([trial(start={"right": beside_home(world)})])
    again = world.reset([trial()])
    assert all((first[k] == again[k]).all() for k in first)


def test_a_place_out_of_reach_is_refused() -> None:
    world = SimWorld("grasp_object", "shadow_ur10e", 1)
    with pytest.raises(DataError, match="cannot bring it"):
        world.reset([trial(start={"right": (3.0, *beside_home(world)[1:])})])
    with pytest.raises(DataError, match="left palm"):
        world.reset([trial(start={"left": beside_home(world)})])


def test_a_start_is_data() -> None:
    pose = (0.5, -0.1, 0.35, 0.5, 0.5, 0.5, 0.5)
    one = trial(start={"right": pose})
    assert Trial.from_row(one.row()) == one
    assert "start" not in trial().row()
    with pytest.raises(DataError, match="expected 7"):
        Trial.from_row(one.row() | {"start": {"right": pose[:3]}})
