"""How far motions are from each other: laws of the metrics, and which rows are compared."""

from dataclasses import replace

import numpy as np
import pytest

from dexbench.core.errors import DataError
from dexbench.core.shelf import load_task
from dexbench.sim.motions import Motion, distance, paired

RNG = np.random.default_rng(5)
TRUTH = Motion(RNG.normal(size=(30, 22, 3)).cumsum(axis=0) * 0.01, RNG.normal(size=(64, 3)) * 0.05 + 0.4)


def test_a_motion_is_at_no_distance_from_itself() -> None:
    found = distance(3, TRUTH, TRUTH)
    assert found.index == 3
    assert (found.mpjpe, found.ave, found.ave_deviation, found.offset, found.min_dist) == (0, 0, 0, 0, 0)


def test_a_shift_is_seen_in_places_not_in_variances() -> None:
    shifted = replace(TRUTH, points=TRUTH.points + np.array([0.03, 0.0, 0.04]))
    found = distance(0, shifted, TRUTH)
    assert found.mpjpe == pytest.approx(0.05)
    assert found.offset == pytest.approx(0.05)
    assert found.ave == pytest.approx(0.0, abs=1e-12)
    assert 0 < found.min_dist <= 0.05


def test_a_shorter_motion_stays_at_its_end_and_a_longer_one_is_cut() -> None:
    short, long = replace(TRUTH, points=TRUTH.points[:20]), TRUTH
    waits = replace(TRUTH, points=np.concatenate([TRUTH.points[:20], np.repeat(TRUTH.points[19:20], 10, axis=0)]))
    assert distance(0, short, TRUTH).mpjpe == pytest.approx(distance(0, waits, TRUTH).mpjpe)
    assert distance(0, long, short).mpjpe == 0


def test_without_a_catalogue_object_there_is_no_distance_to_it() -> None:
    found = distance(0, TRUTH, replace(TRUTH, target=np.zeros((0, 3))))
    assert np.isnan(found.min_dist)
    assert found.mpjpe == 0


def test_rows_are_paired_by_trial_and_robot_where_the_reference_succeeded() -> None:
    task = load_task("grasp_object")
    trials = [task.place(np.random.default_rng(i), "seen").row() for i in range(3)]
    runs = [{"trial": t, "embodiment": "a", "index": i, "success": i != 1} for i, t in enumerate(trials)]
    pairs = paired(runs, runs[::-1])
    assert [(one["index"], two["index"]) for one, two in pairs] == [(0, 0), (2, 2)]
    with pytest.raises(DataError, match="share no trial"):
        paired(runs, [r | {"embodiment": "b"} for r in runs])
