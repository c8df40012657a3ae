"""The rule of open_jar, asked about scenes that are written down."""

import numpy as np
import pytest

from tests.written_scene import Played, play


def turn_lid(p: Played, angle: float) -> None:
    p.scene.joint_position[0, p.scene.joint("screw_jar/lid_turn")] += angle


def begun(**extra: float) -> Played:
    """Return a jar that the left hand is to hold, and does, and its lid in the right hand."""
    p = play("open_jar", angle=1.0, **{"holder_left": 1.0, **extra})
    p.held_by(p.scene.index("screw_jar"), "left")
    p.held_by(p.scene.index("screw_jar/lid"), "right")
    return p


def test_a_lid_turned_far_enough_counts() -> None:
    p = begun()
    turn_lid(p, 0.9)
    short = p.live(3.0)
    assert short.stage[0] == 4
    assert p.code(short) == "not_far_enough"
    turn_lid(p, 0.15)
    assert not p.live(0.9).success_once[0]
    late = p.live(1.2)
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(p.task.stages)


@pytest.mark.parametrize("how", ["let go of", "held by the other hand", "held by both hands"])
def test_the_hand_that_is_named_must_hold_the_jar(how: str) -> None:
    p = begun(holder_left=float(how != "held by the other hand"))
    jar = p.scene.index("screw_jar")
    p.live()
    if how == "let go of":
        p.held_by(jar, "")
    if how == "held by both hands":
        p.held_by(jar, "left", "right")
    turn_lid(p, 1.1)
    outcome = p.live(3.0)
    assert not outcome.success_once[0]
    assert (outcome.stage[0], p.code(outcome)) == (5, "wrong_hand")
    assert not outcome.done[0], "it can still be put right"


def test_a_jar_that_turns_with_its_lid_does_not_count() -> None:
    p = play("open_jar", angle=1.0)
    p.held_by(p.scene.index("screw_jar/lid"), "right")
    for body in (p.scene.index("screw_jar"), p.scene.index("screw_jar/lid")):
        p.scene.object_quaternion[0, body] = [np.cos(1.0), 0, 0, np.sin(1.0)]
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "one_handed"


def test_a_lid_that_still_turns_does_not_count() -> None:
    p = begun()
    turn_lid(p, 2.0)
    p.scene.joint_velocity[:] = 3.0
    assert not p.live(3.0).success_once[0]


@pytest.mark.parametrize("fault", ["tipped", "pushed_away"])
def test_a_jar_that_was_tipped_or_pushed_away_is_lost(fault: str) -> None:
    p = begun()
    body = p.scene.index("screw_jar")
    there = p.scene.object_quaternion[0, body].copy(), p.scene.object_position[0, body].copy()
    if fault == "tipped":
        p.scene.object_quaternion[0, body] = [np.cos(0.4), np.sin(0.4), 0, 0]
    else:
        p.scene.object_position[0, body, :2] += [0.04, -0.04]
    p.live()
    p.scene.object_quaternion[0, body], p.scene.object_position[0, body] = there
    turn_lid(p, 2.0)
    outcome = p.live(3.0)
    assert not outcome.success_once[0]
    assert outcome.done[0]
    assert p.code(outcome) == fault


def test_a_lid_that_an_arm_has_turned_is_not_begun() -> None:
    p = play("open_jar", angle=1.0, holder_left=1.0)
    turn_lid(p, 1.1)
    p.held_by(p.scene.index("screw_jar"), "left")
    assert p.live(3.0).stage[0] == 2
    p.held_by(p.scene.index("screw_jar/lid"), "right")
    assert [p.live().stage[0] for _ in range(2)] == [3, 5]


def test_a_jar_may_move_a_little() -> None:
    p = begun()
    p.scene.object_position[0, p.scene.index("screw_jar"), :2] += [0.03, -0.03]
    turn_lid(p, 1.1)
    assert p.live(3.0).success_at_end[0]
