"""Ways of one hand to many palm poses: the same as one after the other, and only such as an arm can go."""

import numpy as np
import pytest

from dexbench.baselines._planner import JUMP, STANDOFF
from dexbench.baselines._symmetry import rotation
from dexbench.baselines._ways import Ways, arcs
from dexbench.core import shelf
from dexbench.core.rotations import quaternion_matrices
from dexbench.sim.world import SimWorld


@pytest.fixture(scope="module")
def skills():
    world = SimWorld(shelf.load_task("hand_over"), "shadow_ur10e_bimanual", 1, groups=("state", "objects", "kinds"))
    return shelf.load_agent("scripted", world.spec)._skills


def test_rotations_of_many_quaternions():
    quaternions = np.random.default_rng(0).normal(size=(20, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1)[:, None]
    np.testing.assert_allclose(quaternion_matrices(quaternions), [rotation(q) for q in quaternions], atol=1e-12)


@pytest.mark.parametrize("side", ["right", "left"])
def test_ways_end_at_their_palms_and_come_along_the_normal(skills, side):
    reach = skills.planner.reach[side]
    rng = np.random.default_rng(1)
    near = [np.concatenate(reach.pose(reach.home + rng.normal(0, 0.15, len(reach.home)))) for _ in range(30)]
    far = near[0] + np.array([3.0, 0, 0, 0, 0, 0, 0])
    found = list(Ways(skills, side, [(k, palm) for k, palm in enumerate([far, *near])]))
    assert len(found) > 5
    assert 0 not in [row for row, *_ in found], "a palm three metres away"
    for _, palm, first, way in found:
        place, _ = reach.pose(way[-1])
        np.testing.assert_allclose(place, palm[:3], atol=2e-4)
        start, _ = reach.pose(first)
        np.testing.assert_allclose(palm[:3] - start, STANDOFF * rotation(palm[3:])[:, 2], atol=1e-3)
        assert max(np.abs(b - a).max() for a, b in zip((first, *way), way, strict=False)) <= JUMP


def test_ways_are_found_once_and_kept(skills):
    reach = skills.planner.reach["right"]
    ways = Ways(skills, "right", [(0, np.concatenate(reach.pose(reach.home)))])
    once, again = list(ways), list(ways)
    assert len(once) == 1
    assert again[0] is once[0]


def test_arcs_are_what_one_solve_after_the_other_gives(skills):
    reach = skills.planner.reach["right"]
    goals = np.array([np.concatenate(reach.pose(reach.home + 0.05 * k)) for k in (1, 2, 3)])
    lost = goals + np.array([2.0, 0, 0, 0, 0, 0, 0])
    found, through = arcs(skills.planner.many["right"], np.array([goals, lost]), np.array([reach.home, reach.home]))
    assert through.tolist() == [True, False]
    seed = reach.home
    for k, goal in enumerate(goals):
        seed = reach.solve(goal[:3], goal[3:], seed, steps=40).q
        np.testing.assert_allclose(found[0, k], seed, atol=1e-4)
