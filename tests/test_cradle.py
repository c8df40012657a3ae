"""Turning the hand over: the palm faces up afterwards, only the arm's last joint and the fingers have moved."""

import numpy as np
import pytest

from dexbench.baselines._cradle import LOOSER, cradled, held_at
from dexbench.baselines._motions import Episode
from dexbench.baselines._planner import Reached
from dexbench.baselines._skills import Skills
from dexbench.core.rotations import quaternion_matrix
from dexbench.core.shelf import load_task
from dexbench.sim.world import SimWorld


def held(robot: str) -> tuple[Skills, Episode, Reached]:
    """Return an expert that has just lifted its object, as far as it is told."""
    world = SimWorld("grasp_object", robot, 1, groups=("state", "objects", "kinds"), threads=1)
    trial = load_task("grasp_object").place(np.random.default_rng(1), "seen")
    seen = world.reset([trial])
    skills = Skills(world.spec)
    e = Episode("x", skills.robot.home.copy())
    e.seen.update({name: rows[0] for name, rows in seen.items()})
    (found,) = skills.plan(e, skills.target(e))
    e.command = skills.planner.command(e.command, found.side, found.lift[-1], found.squeeze)
    return skills, e, found


def run(skills: Skills, e: Episode, found: Reached) -> bool:
    """Let the arm follow every command at once; return what the motion says."""
    motion = cradled(skills, e, found, skills.target(e))
    while True:
        try:
            e.command = next(motion)
        except StopIteration as end:
            return bool(end.value)
        e.seen["joint_position"] = skills.robot.joint_angles(e.command)


def facing(skills: Skills, found: Reached, command: np.ndarray) -> float:
    """Return the height of the palm's normal."""
    _, turn = skills.planner.reach[found.side].pose(command[skills.planner.chain[found.side]])
    return float(quaternion_matrix(turn)[2, 2])


@pytest.mark.parametrize("robot", ["psibot_rm75", "shadow_ur10e"])
def test_the_palm_faces_up_and_the_grip_is_looser(robot: str) -> None:
    skills, e, found = held(robot)
    before = e.command.copy()
    assert run(skills, e, found)
    assert facing(skills, found, e.command) > facing(skills, found, before) + 0.3
    arm, hand = skills.robot.actuator_index(found.side, "arm"), skills.planner.hand[found.side]
    moved = np.flatnonzero(np.abs(e.command - before) > 1e-9)
    assert set(moved) <= {int(arm[-1]), *hand.tolist()}
    fingers = np.setdiff1d(hand, skills.planner.chain[found.side])
    wanted = before + LOOSER * (skills.planner.command(before, found.side, found.lift[-1], found.pregrasp) - before)
    np.testing.assert_allclose(e.command[fingers], wanted[fingers], atol=1e-9)


def test_a_palm_that_faces_up_stays() -> None:
    skills, e, found = held("psibot_rm75")
    run(skills, e, found)
    before = e.command.copy()
    assert not run(skills, e, found)
    np.testing.assert_array_equal(e.command, before)


def test_a_place_in_the_hand_turns_with_it() -> None:
    skills, e, found = held("psibot_rm75")
    k = skills.target(e)
    palm, pose = skills.palm(e, found.side), skills.pose(e, k)
    expected = quaternion_matrix(palm[3:]).T @ (pose[:3] - palm[:3])
    np.testing.assert_allclose(held_at(skills, e, found.side, k), expected, atol=1e-6)
