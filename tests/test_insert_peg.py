"""The rule of insert_peg, asked about scenes that are written down."""

import numpy as np

from tests.written_scene import Played, play, rise


def insert(p: Played, depth: float, cork: float) -> None:
    """Put the peg's tip so deep into the hole [m], the cork so far from its start [m]."""
    block = p.scene.index("peg_block")
    w, _, _, z = p.scene.object_quaternion[0, block]
    yaw = 2 * np.arctan2(z, w)
    way = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    p.scene.object_position[0, 0] = p.scene.object_position[0, block] + [0, 0, 0.114] + way * (depth - 0.042)
    p.scene.joint_position[0, p.scene.joint("peg_block/plug")] = cork


def test_a_peg_that_pushes_the_cork_counts() -> None:
    p = play("insert_peg")
    p.held_by(0, "right")
    rise(p, 0.1)
    assert p.live().stage[0] == 3
    insert(p, 0.024, 0.0)
    slid = p.live(3.0)
    assert slid.stage[0] == 4
    assert p.code(slid) == "block_slid"
    insert(p, 0.040, 0.016)
    assert not p.live(0.9).success_once[0]
    late = p.live(1.2)
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(p.task.stages)


def test_a_cork_pushed_by_something_else_does_not_count() -> None:
    p = play("insert_peg")
    p.scene.joint_position[0, p.scene.joint("peg_block/plug")] = 0.02
    assert not p.live(3.0).success_once[0]


def test_a_block_that_was_tipped_is_lost() -> None:
    """On its back the table holds it, and one hand would do."""
    p = play("insert_peg")
    block = p.scene.index("peg_block")
    upright = p.scene.object_quaternion[0, block].copy()
    p.scene.object_quaternion[0, block] = [np.cos(0.4), 0, np.sin(0.4), 0]
    p.live()
    p.scene.object_quaternion[0, block] = upright
    insert(p, 0.040, 0.016)
    outcome = p.live(3.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "tipped"


def test_a_peg_that_moves_does_not_count() -> None:
    p = play("insert_peg")
    insert(p, 0.040, 0.016)
    p.scene.object_velocity[0, 0, 0] = 0.2
    assert not p.live(3.0).success_once[0]
