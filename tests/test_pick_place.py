"""The rule of pick_place, asked about scenes that are written down."""

import pytest

from dexbench.objects.articulated import load_articulated
from tests.written_scene import Played, play

LIFTED = 0.10


def put_in(p: Played, k: int) -> None:
    """Let object k lie in the basket, touched by nobody."""
    basket, region = p.scene.index("basket"), load_articulated("basket").region("inside")
    p.scene.object_centre[0, k] = p.scene.object_position[0, basket] + region.position
    p.held_by(k)


@pytest.mark.parametrize(("seconds", "counts"), [(0.2, False), (1.1, True)])
def test_what_is_flung_into_the_basket_has_not_been_picked_up(seconds: float, counts: bool) -> None:
    p = play("pick_place", ("right",))
    k = p.scene.trials[0].target
    p.raised(k, LIFTED)
    p.live(seconds)
    put_in(p, k)
    outcome = p.live(1.2)
    assert outcome.success_at_end[0] == counts
    assert (p.code(outcome) == "none") == counts


def test_a_lift_in_two_halves_is_none() -> None:
    p = play("pick_place", ("right",))
    k = p.scene.trials[0].target
    for _ in range(2):
        p.raised(k, LIFTED)
        p.live(0.6)
        p.raised(k, 0.0)
        p.live()
    put_in(p, k)
    assert not p.live(1.2).success_once[0]


def test_another_object_in_the_basket_spoils_it() -> None:
    p = play("pick_place", ("right",))
    k = p.scene.trials[0].target
    p.raised(k, LIFTED)
    p.live(1.1)
    put_in(p, k)
    put_in(p, (k + 1) % 5)
    outcome = p.live(1.2)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "wrong_object"
