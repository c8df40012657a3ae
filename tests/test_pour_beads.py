"""The rule of pour_beads, asked about scenes that are written down."""

import numpy as np

from tests.written_scene import Played, play


def pour(p: Played, count: int) -> None:
    """Put `count` beads into the other cup."""
    p.scene.object_centre[0, 2 : 2 + count] = p.scene.object_position[0, 1] + [0.0, 0.0, 0.03]


def lift_cup(p: Played, cup: int, height: float) -> None:
    for where in (p.scene.object_position, p.scene.object_centre):
        inside = np.linalg.norm(where[0, 2:, :2] - p.scene.object_position[0, cup, :2], axis=1) < 0.03
        where[0, cup, 2] += height
        where[0, 2:, 2] += height * inside


def both_up(p: Played) -> None:
    lift_cup(p, 0, 0.2)
    lift_cup(p, 1, 0.1)
    p.held_by(0, "right")
    p.held_by(1, "left")


def test_beads_poured_in_the_air_count() -> None:
    p = play("pour_beads")
    both_up(p)
    assert p.live().stage[0] == 3
    pour(p, 5)
    few = p.live(3.0)
    assert few.stage[0] == 4
    assert not few.success_once[0]
    pour(p, 6)
    assert not p.live(0.9).success_once[0]
    late = p.live(1.2)
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(p.task.stages)


def test_beads_poured_into_a_standing_cup_do_not_count_later() -> None:
    """One hand pours, puts its cup down, and lifts the other one."""
    p = play("pour_beads")
    p.held_by(0, "right")
    lift_cup(p, 0, 0.2)
    p.live()
    pour(p, 8)
    p.live()
    lift_cup(p, 0, -0.2)
    p.held_by(0)
    lift_cup(p, 1, 0.1)
    p.held_by(1, "right")
    assert not p.live(4.0).success_once[0]


def test_a_cup_inside_the_other_one_does_not_count() -> None:
    p = play("pour_beads")
    for where in (p.scene.object_position, p.scene.object_centre):
        move = p.scene.object_position[0, 1] + [0, 0, 0.01] - p.scene.object_position[0, 0]
        where[0, 2:] += move
        where[0, 0] += move
    p.live()
    for where in (p.scene.object_position, p.scene.object_centre):
        where[0, :, 2] += 0.1
    p.held_by(0, "right")
    p.held_by(1, "right")
    assert not p.live(4.0).success_once[0]


def test_spilt_beads_do_not_count() -> None:
    p = play("pour_beads")
    both_up(p)
    p.live()
    p.scene.object_centre[0, 2:] = [0.9, 0.3, 0.008]
    outcome = p.live(2.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "spilt"
