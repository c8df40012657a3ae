"""The rule of open_jar, asked about scenes that are written down."""

import numpy as np

from tests.written_scene import Played, play


def turn_lid(p: Played, angle: float) -> None:
    p.scene.joint_position[0, p.scene.joint("screw_jar/lid_turn")] += angle


def test_a_lid_turned_far_enough_counts() -> None:
    p = play("open_jar", angle=1.0)
    p.held_by(p.scene.index("screw_jar"), "left")
    p.held_by(p.scene.index("screw_jar/lid"), "right")
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


def test_a_jar_that_turns_with_its_lid_does_not_count() -> None:
    p = play("open_jar", angle=1.0)
    p.held_by(p.scene.index("screw_jar/lid"), "right")
    for body in (p.scene.index("screw_jar"), p.scene.index("screw_jar/lid")):
        p.scene.object_quaternion[0, body] = [np.cos(1.0), 0, 0, np.sin(1.0)]
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "one_handed"


def test_a_lid_that_still_turns_does_not_count() -> None:
    p = play("open_jar", angle=1.0)
    turn_lid(p, 2.0)
    p.scene.joint_velocity[:] = 3.0
    assert not p.live(3.0).success_once[0]


def test_a_jar_that_was_tipped_is_lost() -> None:
    p = play("open_jar", angle=1.0)
    body = p.scene.index("screw_jar")
    upright = p.scene.object_quaternion[0, body].copy()
    p.scene.object_quaternion[0, body] = [np.cos(0.4), np.sin(0.4), 0, 0]
    p.live()
    p.scene.object_quaternion[0, body] = upright
    turn_lid(p, 2.0)
    outcome = p.live(3.0)
    assert not outcome.success_once[0]
    assert outcome.done[0]
    assert p.code(outcome) == "tipped"
