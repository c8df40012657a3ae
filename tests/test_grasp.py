"""Grasps: the library, its search, the mirror law, and plans."""

import dataclasses

import mujoco
import numpy as np
import pytest

from dexbench.baselines._planner import mirror, timed
from dexbench.core.errors import DataError
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.library import Grasps, library_path, load_grasps, write
from dexbench.grasp.search import Settings, search
from dexbench.grasp.trial import GraspTest
from dexbench.objects.catalogue import instances, load_object

ROBOT = load_embodiment("shadow_ur10e")
INDEX = ROBOT.actuator_index("right", "hand")


def matrices(quaternions: np.ndarray) -> np.ndarray:
    found = np.zeros((len(quaternions), 9))
    for row, quaternion in zip(found, quaternions, strict=True):
        mujoco.mju_quat2Mat(row, quaternion)
    return found.reshape(-1, 3, 3)


@pytest.mark.parametrize("name", instances())
def test_library_is_complete_and_within_limits(name: str) -> None:
    grasps = load_grasps("shadow", name)
    assert len(grasps) >= 4
    assert (np.diff(grasps.score) <= 1e-6).all(), "best first"
    for targets in (grasps.pregrasp, grasps.squeeze):
        assert (targets >= ROBOT.limits.lower[INDEX] - 1e-6).all()
        assert (targets <= ROBOT.limits.upper[INDEX] + 1e-6).all()
    assert set(grasps.part) <= {p.name for p in load_object(name).parts}
    assert np.allclose(np.linalg.norm(grasps.quaternion, axis=1), 1)


def test_library_file_survives_a_round_trip(tmp_path) -> None:  # type: ignore[no-untyped-def]
    grasps = load_grasps("shadow", "can_01")
    write(grasps, tmp_path / "can_01.npz")
    with np.load(tmp_path / "can_01.npz", allow_pickle=False) as found:
        assert np.allclose(found["squeeze"], grasps.squeeze, atol=1e-6)


def test_unknown_grasps_say_how_to_get_some() -> None:
    with pytest.raises(DataError, match="dexbench train scripted"):
        load_grasps("shadow", "no_such_thing")
    assert not library_path("shadow", "no_such_thing").exists()


def test_shipped_grasps_hold_in_the_test_that_chose_them() -> None:
    grasps = load_grasps("shadow", "box_02").chosen(range(8))
    test = GraspTest(ROBOT, "right", "box_02", 8)
    verdict = test.run(grasps.position, matrices(grasps.quaternion), grasps.pregrasp, grasps.squeeze)
    assert verdict.held.sum() >= 7
    open_hand = test.run(grasps.position, matrices(grasps.quaternion), grasps.pregrasp, grasps.pregrasp)
    assert not open_hand.held.any(), "a hand that does not close holds nothing"


def test_search_finds_grasps_and_repeats_itself() -> None:
    settings = Settings(samples=3000, candidates=16, rounds=1, wanted=4, repeats=1)
    first, again = (search(ROBOT, "shadow", "can_01", 3, settings) for _ in range(2))
    assert len(first) >= 1
    for name in ("position", "squeeze", "score"):
        assert (getattr(first, name) == getattr(again, name)).all()


def test_mirror_is_its_own_inverse_and_keeps_rotations_proper() -> None:
    grasps = load_grasps("shadow", "mug_01")
    there = mirror(grasps)
    assert np.allclose(np.linalg.det(matrices(there.quaternion)), 1)
    back = mirror(there)
    assert np.allclose(back.position, grasps.position)
    assert np.allclose(matrices(back.quaternion), matrices(grasps.quaternion), atol=1e-9)


def test_mirrored_grasps_hold_with_the_left_hand() -> None:
    both = load_embodiment("shadow_ur10e_bimanual")
    grasps = mirror(load_grasps("shadow", "can_02").chosen(range(6)))
    verdict = GraspTest(both, "left", "can_02", 6).run(
        grasps.position, matrices(grasps.quaternion), grasps.pregrasp, grasps.squeeze
    )
    # the test shakes along one diagonal, which is not its own mirror image: fingers give way more along the other
    assert (verdict.slip < 0.03).all()
    assert (verdict.turn < np.deg2rad(15)).all()


@pytest.mark.parametrize("seed", range(5))
def test_timed_paths_keep_the_speed_limit_and_arrive(seed: int) -> None:
    rng = np.random.default_rng(seed)
    velocity = rng.uniform(0.5, 4, 7)
    points = list(rng.normal(size=(4, 7)))
    rows = np.array([points[0], *timed(velocity, 0.04, points)])
    assert (np.abs(np.diff(rows, axis=0)) <= velocity * 0.04 * (1 + 1e-9)).all()
    assert np.allclose(rows[-1], points[-1])


def test_chosen_keeps_rows_together() -> None:
    grasps = load_grasps("shadow", "can_01")
    some = grasps.chosen([2, 0])
    for field in dataclasses.fields(Grasps):
        value, whole = getattr(some, field.name), getattr(grasps, field.name)
        if field.name not in ("hand", "instance"):
            assert np.array_equal(np.asarray(value), np.asarray(whole)[[2, 0]])
