"""Laws of the belief about where something stands that fingertips came down on."""

import numpy as np
import pytest

from dexbench.baselines._belief import BEYOND, WITHIN, Belief

HALF = np.array([0.10, 0.18])
ROW = np.array([[0.0, y] for y in (0.03, 0.01, -0.01, -0.03)])


def probe(belief: Belief, at: tuple[float, float], can: tuple[float, float], radius: float = 0.032) -> None:
    """Come down with four fingertips about a spot on a can that stands elsewhere or there."""
    tips = ROW + at
    belief.update(tips, np.linalg.norm(tips - can, axis=1) < radius, np.ones(4, bool))


def test_it_knows_nothing_at_first() -> None:
    belief = Belief(HALF)
    assert belief.weight.sum() == pytest.approx(1)
    np.testing.assert_allclose(belief.mean, 0, atol=1e-12)
    assert belief.spread == pytest.approx(np.sqrt((HALF**2).sum() / 3), rel=0.06)


@pytest.mark.parametrize("can", [(0.0, 0.0), (0.08, -0.15), (-0.05, 0.11)])
def test_looking_where_most_is_learned_finds_it(can: tuple[float, float]) -> None:
    belief = Belief(HALF)
    spots = belief.cells
    count = 0
    while belief.spread > 0.011 and count < 40:
        count += 1
        best = spots[int(np.argmax(belief.news(spots[:, None] + ROW)))]
        probe(belief, (float(best[0]), float(best[1])), can)
    assert np.linalg.norm(belief.mean - can) < 0.015
    assert count < 35
    assert belief.weight.sum() == pytest.approx(1)


def test_a_miss_makes_its_own_place_unlikely_and_others_likelier() -> None:
    belief = Belief(HALF)
    before = belief.weight.copy()
    probe(belief, (0.0, 0.0), (0.09, 0.17))
    away = np.linalg.norm(belief.cells[:, None] - ROW, axis=2).min(axis=1)
    assert (belief.weight < before)[away < WITHIN].all()
    assert (belief.weight > before)[away > BEYOND].all()


def test_tips_that_were_held_up_say_nothing() -> None:
    belief = Belief(HALF)
    before = belief.weight.copy()
    belief.update(ROW, np.zeros(4, bool), np.zeros(4, bool))
    np.testing.assert_array_equal(belief.weight, before)


def test_most_is_learned_where_hit_and_miss_are_as_likely() -> None:
    belief = Belief(HALF)
    left = belief.cells[:, 1] < 0
    belief.weight = left / left.sum()
    grid = np.stack(np.meshgrid([0.0], np.linspace(-0.18, 0.18, 19), indexing="ij"), axis=-1).reshape(-1, 2)
    worth = belief.news(grid[:, None] + ROW)
    assert grid[int(np.argmax(worth))][1] < 0
    assert worth.max() <= np.log(2) + 1e-12
    assert worth[-1] < worth.max() / 2


def test_doubt_looks_nearby_first() -> None:
    belief = Belief(HALF)
    belief.doubt(np.array([0.05, 0.05]))
    best = belief.cells[int(np.argmax(belief.weight))]
    assert np.linalg.norm(best - 0.05) < 0.015
    assert (belief.weight > 0).all()
