"""Inverse kinematics of many poses at once, and where a grasp of a part may be laid."""

import mujoco
import numpy as np
import pytest

from dexbench.baselines._symmetry import turnings
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.part_shape import part_shape
from dexbench.objects.catalogue import load_object
from dexbench.robots.kinematics import Reach
from dexbench.robots.many_reach import ManyReach


@pytest.mark.parametrize("name", ["psibot_rm75", "shadow_ur10e"])
def test_many_poses_are_solved_as_one_is(name: str) -> None:
    reach = Reach(load_embodiment(name), "right")
    rng = np.random.default_rng(0)
    angles = np.clip(reach.home + rng.uniform(-1, 1, (24, len(reach.home))), reach.lower, reach.upper)
    poses = [reach.pose(q) for q in angles]
    places, turns = np.array([p for p, _ in poses]), np.empty((24, 9))
    places[::3] += [0.8, 0.0, 0.0]  # most of these are out of reach
    for turn, (_, quaternion) in zip(turns, poses, strict=True):
        mujoco.mju_quat2Mat(turn, quaternion)
    solved, found = ManyReach(reach).solve(places, turns.reshape(-1, 3, 3), np.tile(reach.home, (24, 1)), 40)
    alone = [reach.solve(p, q, reach.home, steps=40) for p, (_, q) in zip(places, poses, strict=True)]
    assert found.tolist() == [s.found for s in alone]
    assert 4 < found.sum() < 24
    for one, q, fine in zip(alone, solved, found, strict=True):
        assert not fine or np.abs(one.q - q).max() < 1e-6


@pytest.mark.parametrize(("name", "part", "count"), [("mug_12", "body", 12), ("mug_12", "handle", 1)])
def test_a_round_part_is_grasped_from_anywhere(name: str, part: str, count: int) -> None:
    model = load_object(name)
    found = turnings(model, part)
    assert len(found) == count
    if count == 1:
        assert all(np.abs(shift).max() == 0 for _, shift in found)
        return
    shape = part_shape(name, part)
    for turn, shift in found:
        away = np.linalg.norm((shape.points[::10] @ turn.T + shift)[:, None] - shape.points, axis=2).min(axis=1)
        assert np.quantile(away, 0.95) < 0.008


def test_a_round_part_that_lies_is_rolled_too() -> None:
    found = turnings(load_object("screwdriver_08"), "handle")
    assert len(found) == 6
    assert {round(float(turn[2, 2]), 3) for turn, _ in found} == {1.0, round(float(np.cos(0.4)), 3)}
