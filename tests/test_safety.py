"""The safety filter: its laws hold for every sequence of targets, at any batch size, and it costs little."""

import time
from itertools import pairwise

import numpy as np
import pytest

from dexbench.core.errors import ActionError, SafetyError
from dexbench.core.safety import Limits, SafetyFilter
from tests.hostile import JOINTS, PERIOD, assert_lawful, hostile_targets, limits_of, started


@pytest.mark.parametrize("kind", ["random", "chattering", "square", "outside", "resonant", "broken"])
def test_setpoints_keep_all_limits(kind: str) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        limits = limits_of(rng)
        filtered = started(limits, rng)
        path = [filtered.setpoint[0]] + [filtered(t)[0] for t in hostile_targets(kind, limits, rng)]
        assert_lawful(np.array(path), limits)


def test_the_bounds_are_used_and_not_only_kept() -> None:
    # Speed, acceleration and jerk that divide evenly: the filter must reach each of them.
    limits = Limits(*(np.full(1, v) for v in (-3.0, 3.0, 1.0, 5.0, 50.0)))
    filtered = SafetyFilter(limits, 1, PERIOD)
    tick = np.arange(200)  # long strokes reach the speed, reversals every 10 ticks acceleration and jerk
    targets = np.where(np.where(tick < 100, tick // 50, tick // 10) % 2 == 0, 3.0, -3.0)
    path = np.array([0.0, 0.0, 0.0] + [filtered(np.full((1, 1), t))[0, 0] for t in targets])
    for order, bound in ((1, 1.0), (2, 5.0), (3, 50.0)):
        assert np.abs(np.diff(path, n=order)).max() / PERIOD**order == pytest.approx(bound, rel=1e-9)


def test_unlimited_steps_would_break_the_laws() -> None:
    # The checker itself can fail: the same targets without a filter are refused.
    rng = np.random.default_rng(0)
    limits = limits_of(rng)
    with pytest.raises(AssertionError):
        assert_lawful(hostile_targets("random", limits, rng)[:, 0], limits)


def test_constant_target_is_reached_exactly_and_kept() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        limits = limits_of(rng)
        filtered = started(limits, rng)
        goal = limits.lower + (limits.upper - limits.lower) * rng.random((1, JOINTS))
        longest = float(((limits.upper - limits.lower) / limits.velocity).max()) / PERIOD
        for _ in range(int(longest) + filtered.memory + 3):
            filtered(goal)
        assert (filtered.setpoint == goal).all()
        assert (filtered(goal) == goal).all()
        assert filtered.at_rest()


def test_slow_target_is_followed_with_the_stated_lag() -> None:
    rng = np.random.default_rng(0)
    limits = limits_of(rng)
    filtered = SafetyFilter(limits, 1, PERIOD)
    ticks = filtered.memory + 20
    speed = np.minimum(limits.velocity, limits.upper / (ticks * PERIOD)) / 2
    for k in range(1, ticks):
        setpoint = filtered((speed * k * PERIOD)[None])
        target = speed * k * PERIOD
    assert setpoint[0] == pytest.approx(target - speed * filtered.lag, abs=1e-12)


def test_rows_of_a_batch_are_bit_equal_to_single_worlds() -> None:
    rng = np.random.default_rng(3)
    for joints in (1, 7, 26, 52):
        limits = limits_of(rng, joints)
        n = 5
        batch = SafetyFilter(limits, n, PERIOD)
        single = [SafetyFilter(limits, 1, PERIOD) for _ in range(n)]
        start = rng.uniform(-0.5, 0.5, (n, joints))
        batch.reset(start, np.arange(n))
        for i in range(n):
            single[i].reset(start[i : i + 1], [0])
        for _ in range(60):
            target = rng.uniform(-4, 4, (n, joints))
            target[rng.random(n) < 0.1] = np.nan
            rows = batch(target)
            for i in range(n):
                assert rows[i].tobytes() == single[i](target[i : i + 1])[0].tobytes()
        assert batch.setpoint.tobytes() == rows.tobytes()


def test_worlds_out_of_phase_are_bit_equal_to_single_worlds() -> None:
    rng = np.random.default_rng(4)
    limits = limits_of(rng)
    n = 6
    batch = started(limits, rng, n)
    single = [SafetyFilter(limits, 1, PERIOD) for _ in range(n)]
    for i in range(n):
        single[i].reset(batch.setpoint[i : i + 1], [0])
    for tick in range(120):
        worlds = np.flatnonzero(rng.random(n) < 0.6) if tick % 3 else np.arange(n)
        target = rng.uniform(-4, 4, (len(worlds), JOINTS))
        rows = batch(target, worlds.tolist())
        for row, i, t in zip(rows, worlds, target, strict=True):
            assert row.tobytes() == single[i](t[None])[0].tobytes()
        if tick % 25 == 24:
            fresh = rng.uniform(-0.4, 0.4, (1, JOINTS))
            batch.reset(fresh, [2])
            single[2].reset(fresh, [0])
    assert batch.clamped.tolist() == [int(s.clamped[0]) for s in single]


def test_rejected_targets_are_counted_and_the_last_good_one_stays_in_force() -> None:
    rng = np.random.default_rng(5)
    limits = limits_of(rng)
    one, other = (SafetyFilter(limits, 2, PERIOD) for _ in range(2))
    good = np.full((2, JOINTS), 0.3)
    one(good)
    other(good)
    bad = good.copy()
    bad[1, 3] = np.nan
    assert one(bad).tobytes() == other(good).tobytes()
    bad[1, 3] = -np.inf
    assert one(bad).tobytes() == other(good).tobytes()
    assert one.rejected.tolist() == [0, 2]
    assert one.clamped.tolist() == [0, 0]
    far = good.copy()
    far[0, 0] = limits.upper[0] + 1e-3
    one(far)
    assert one.clamped.tolist() == [1, 0]
    assert one.rejected.tolist() == [0, 2]


def test_reset_forgets_one_world_only() -> None:
    rng = np.random.default_rng(6)
    limits = limits_of(rng)
    filtered = started(limits, rng, 3)
    for _ in range(10):
        filtered(np.full((3, JOINTS), np.nan))
        filtered(rng.uniform(-9, 9, (3, JOINTS)))
    before = filtered.setpoint
    filtered.reset(np.full((1, JOINTS), 0.25), [1])
    assert (filtered.setpoint[1] == 0.25).all()
    assert (filtered.setpoint[[0, 2]] == before[[0, 2]]).all()
    assert filtered.rejected.tolist() == [10, 0, 10]
    assert filtered.clamped.tolist() == [10, 0, 10]


def test_a_start_outside_the_limits_moves_inside_without_a_jump() -> None:
    limits = Limits(*(np.full(1, v) for v in (-1.0, 1.0, 1.0, 5.0, 50.0)))
    filtered = SafetyFilter(limits, 1, PERIOD)
    filtered.reset(np.full((1, 1), 1.04), [0])
    path = [1.04, 1.04, 1.04] + [float(filtered(np.full((1, 1), 3.0))[0, 0]) for _ in range(60)]
    assert path[-1] == 1.0
    assert max(path) <= 1.04
    for order, bound in ((1, 1.0), (2, 5.0), (3, 50.0)):
        assert (np.abs(np.diff(path, n=order)) / PERIOD**order <= bound * (1 + 1e-9)).all()


def test_pace_and_brake_at_any_moment_keep_all_limits() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        limits = limits_of(rng)
        filtered = started(limits, rng)
        path = [filtered.setpoint[0]]
        for tick, target in enumerate(hostile_targets("random", limits, rng)):
            if tick % 30 == 0:
                filtered.pace(float(rng.uniform(0.05, 1)))
            path.append((filtered.brake() if tick % 50 > 40 else filtered(target))[0])
        for _ in range(filtered.memory):
            path.append(filtered.brake()[0])
        assert_lawful(np.array(path), limits)
        assert filtered.at_rest()
        assert (filtered.brake()[0] == path[-1]).all()


def test_pace_limits_the_speed() -> None:
    limits = Limits(*(np.full(1, v) for v in (-3.0, 3.0, 1.0, 5.0, 50.0)))
    filtered = SafetyFilter(limits, 1, PERIOD)
    filtered.pace(0.2)
    path = [float(filtered(np.full((1, 1), 3.0))[0, 0]) for _ in range(60)]
    assert max(b - a for a, b in pairwise(path)) / PERIOD == pytest.approx(0.2)
    with pytest.raises(SafetyError, match="pace"):
        filtered.pace(0.0)


def test_ahead_foretells_what_comes_and_changes_nothing() -> None:
    rng = np.random.default_rng(8)
    limits = limits_of(rng)
    filtered = started(limits, rng)
    for target in hostile_targets("random", limits, rng)[:30]:
        filtered(target)
    rows = filtered.memory + 3
    foretold = filtered.ahead(rows, follow=2)
    assert foretold.tobytes() == filtered.ahead(rows, follow=2).tobytes()
    came = [filtered(target), filtered(target)] + [filtered.brake() for _ in range(rows - 2)]
    assert np.array(came).tobytes() == foretold.tobytes()
    assert (foretold[-1] == foretold[-2]).all()


def test_coasting_goes_where_ahead_said() -> None:
    rng = np.random.default_rng(12)
    limits = limits_of(rng)
    filtered = started(limits, rng)
    for target in hostile_targets("random", limits, rng)[:30]:
        filtered(target)
    foretold = filtered.ahead(5, follow=2)
    assert filtered.coast(3, follow=2).tobytes() == foretold[:3].tobytes()
    assert filtered.coast(2, follow=0).tobytes() == foretold[3:].tobytes()


def test_brake_stands_still_outside_the_limits_too() -> None:
    limits = Limits(*(np.full(1, v) for v in (-1.0, 1.0, 1.0, 5.0, 50.0)))
    filtered = SafetyFilter(limits, 1, PERIOD)
    filtered.reset(np.full((1, 1), 1.04), [0])
    assert [float(filtered.brake()[0, 0]) for _ in range(5)] == [1.04] * 5
    assert filtered.at_rest()


def test_wrong_shape_is_an_error_and_moves_nothing() -> None:
    limits = limits_of(np.random.default_rng(9))
    filtered = SafetyFilter(limits, 2, PERIOD)
    for shape in ((2, JOINTS - 1), (JOINTS,), (3, JOINTS), (1, JOINTS)):
        with pytest.raises(ActionError, match="shape"):
            filtered(np.ones(shape))
    assert (filtered.setpoint == 0).all()


def test_single_precision_targets_are_taken() -> None:
    limits = limits_of(np.random.default_rng(10))
    one, other = (SafetyFilter(limits, 1, PERIOD) for _ in range(2))
    target = np.full((1, JOINTS), 0.3, np.float32)
    assert one(target).tobytes() == other(target.astype(np.float64)).tobytes()
    assert one.clamped[0] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("velocity", 0.0), ("jerk", np.inf), ("acceleration", np.nan), ("lower", 9.0), ("upper", np.nan)],
)
def test_nonsense_limits_are_refused(field: str, value: float) -> None:
    good = {name: np.full(2, v) for name, v in zip(Limits.__dataclass_fields__, (-1, 1, 1, 5, 50), strict=True)}
    SafetyFilter(Limits(**good), 1, PERIOD)
    good[field] = np.array([good[field][0], value])
    with pytest.raises(SafetyError):
        SafetyFilter(Limits(**good), 1, PERIOD)


def test_one_world_costs_little() -> None:
    # Aim: 20 microseconds. The bound leaves room for a loaded machine; `make bench` has the real number.
    rng = np.random.default_rng(11)
    limits = Limits(*(np.full(26, v) for v in (-1.0, 1.0, 1.0, 5.0, 50.0)))
    filtered = SafetyFilter(limits, 1, PERIOD)
    targets = rng.uniform(-1, 1, (200, 1, 26))
    best = np.inf
    for _ in range(20):
        begun = time.perf_counter()
        for target in targets:
            filtered(target, [0])
        best = min(best, (time.perf_counter() - begun) / len(targets))
    assert best < 100e-6
