"""The geometry with which the expert turns dice."""

import numpy as np
import pytest

from dexbench.baselines import _script_reorient_cube as script
from dexbench.baselines._symmetry import rotation
from dexbench.envs import reorient_cube as task


def drawn(seed: int) -> np.ndarray:
    """Return a rotation (3, 3) drawn evenly."""
    q = np.random.default_rng(seed).standard_normal(4)
    return rotation(q / np.linalg.norm(q))


def test_faces_are_where_the_task_has_them() -> None:
    assert dict(task.FACES.values()) == script.FACES


@pytest.mark.parametrize("seed", range(8))
def test_the_short_way_turns_no_more_than_it_must(seed: int) -> None:
    up = drawn(seed)[:, 0]
    turn = script._shortest(up, script.UP)
    np.testing.assert_allclose(turn @ up, script.UP, atol=1e-12)
    assert np.trace(turn) == pytest.approx(1 + 2 * up[2]), "its angle is the one between the two"
    assert np.abs(script._shortest(up, up) - np.eye(3)).max() < 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_a_squared_die_lies_flat_and_is_turned_by_little(seed: int) -> None:
    turn = drawn(seed)
    flat = script._squared(turn)
    assert np.sort(np.abs(flat[2])) == pytest.approx([0, 0, 1], abs=1e-9)
    np.testing.assert_allclose(flat @ flat.T, np.eye(3), atol=1e-12)
    lean = np.arccos(np.abs(turn[2]).max())
    assert np.arccos(np.clip((np.trace(flat @ turn.T) - 1) / 2, -1, 1)) == pytest.approx(lean, abs=1e-6)
