"""The rule of hand_over, asked about scenes that are written down."""

import pytest

from tests.written_scene import Played, play, rise


def over(giver_left: float = 0.0) -> tuple[Played, str, str]:
    giver, taker = ("left", "right") if giver_left else ("right", "left")
    return play("hand_over", giver_left=giver_left), giver, taker


@pytest.mark.parametrize("giver_left", [0.0, 1.0])
def test_a_bar_handed_over_in_the_air_counts(giver_left: float) -> None:
    p, giver, taker = over(giver_left)
    rise(p, 0.1)
    p.held_by(0, giver)
    assert p.live().stage[0] == 3
    p.held_by(0, giver, taker)
    met = p.live(2.0)
    assert met.stage[0] == 4
    assert p.code(met) == "not_let_go"
    p.held_by(0, taker)
    early = p.live(0.9)
    assert not early.success_once[0]
    late = p.live(1.2)
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(p.task.stages)
    assert p.code(late) == "none"


def test_the_taker_alone_does_not_count() -> None:
    p, _, taker = over()
    rise(p, 0.2)
    p.held_by(0, taker)
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert outcome.stage[0] < 3


def test_the_giver_alone_does_not_count() -> None:
    p, giver, _ = over()
    rise(p, 0.2)
    p.held_by(0, giver)
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "not_met"


@pytest.mark.parametrize("how", ["put down", "thrown"])
def test_a_bar_that_was_put_down_or_thrown_does_not_count(how: str) -> None:
    p, giver, taker = over()
    rise(p, 0.1)
    p.held_by(0, giver)
    p.live(1.0)
    if how == "put down":
        p.scene.other_contacts[:, 0] = 1
    else:
        p.held_by(0)
    p.live()
    p.held_by(0, taker)
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "dropped"


def test_one_contact_is_a_bar_that_leans() -> None:
    p, giver, taker = over()
    rise(p, 0.1)
    p.held_by(0, giver)
    p.live()
    p.held_by(0, taker)
    p.scene.hand_contacts[0, p.scene.sides.index(taker), 0] = 1
    assert not p.live(4.0).success_once[0]
