"""The test bench of touch: what it presses with is what the pads read, and what it claims is measured."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dexbench.core.errors import ContractError, UnknownName
from dexbench.core.shelf import load_embodiment
from dexbench.sensors.indenter import FLAT, SPHERE, Bench
from dexbench.sensors.touch_calibration import Calibration, calibrate

SENSORS = (
    ("shadow_ur10e", "right", "lattice"),
    ("shadow_ur10e_bimanual", "left", "stf"),
    ("bytedexter_ur10e", "right", "piezo"),
)


@cache
def report(embodiment: str, side: str, option: str) -> Calibration:
    return calibrate(load_embodiment(embodiment), side, option)


each = pytest.mark.parametrize("of", SENSORS, ids=["-".join(s) for s in SENSORS])


@each
def test_forces_add_up_and_are_what_was_applied(of: tuple[str, str, str]) -> None:
    found = report(*of)
    rows = [r for r in found.rows if not r.saturated]
    assert len(rows) > 1500
    assert max(r.sum_error for r in rows) < 1e-9
    assert {r.force for r in rows} == {0.1, 1.0, 5.0, found.model.range}
    held = [r for r in rows if r.held and r.on_pad]
    assert len(held) > 0.95 * len(rows)
    assert max(r.applied_error for r in held) < 0.01


@each
def test_the_centre_of_pressure_is_within_half_a_taxel(of: tuple[str, str, str]) -> None:
    rows = [r for r in report(*of).rows if r.on_lattice and r.on_pad]
    assert len(rows) > 800
    assert {r.angle for r in rows} == {0, 20, 40}
    assert max(r.centre_error for r in rows) < 0.5


@each
def test_silence_and_weight(of: tuple[str, str, str]) -> None:
    found = report(*of)
    assert found.silent
    assert found.resting == pytest.approx(1, abs=0.01)


def test_shear_points_where_the_contact_pulls() -> None:
    rows = [r for r in report(*SENSORS[0]).rows if np.isfinite(r.shear_error)]
    assert len(rows) > 1000
    assert max(r.shear_error for r in rows) < 1e-6


def test_the_declared_sensor_is_reported_beside_the_ideal_one() -> None:
    ideal, real = report(*SENSORS[0]), report(*SENSORS[1])
    assert {(r.declared_bias, r.declared_spread) for r in ideal.rows} == {(0.0, 0.0)}
    steady = [r for r in real.rows if r.force == 5 and r.angle == 0]
    play = real.model.hysteresis
    # every taxel that is pressed by more than the play lags by it: at least the nearest, at most all
    assert all(-17 * play - 0.05 < r.declared_bias < -play + 0.05 for r in steady)
    assert all(0.005 < r.declared_spread < 0.1 for r in steady)


def test_the_tables_rows_are_plain_and_complete() -> None:
    found = report(*SENSORS[0])
    table = found.table()
    assert sum(row["presses"] for row in table) == len(found.rows) == found.summary()["presses"]
    assert all(isinstance(v, int | float | str) for row in table for v in row.values())
    lines = found.text().splitlines()
    assert len(lines) == len(table) + 2
    assert len({line.count("|") for line in lines}) == 1


@pytest.mark.parametrize("kind", [SPHERE, FLAT])
def test_the_bench_applies_what_it_says(kind: str) -> None:
    bench = Bench(load_embodiment("shadow_ur10e"), "right", kind)
    assert not bench.untouched().any()
    tilt = np.radians(30)
    light, firm = bench.press((0, 0), np.array([np.sin(tilt), 0, -np.cos(tilt)]), (1.0, 4.0))
    for force, press in ((1.0, light), (4.0, firm)):
        assert not press.slid.any()
        wanted = force * np.array([np.cos(tilt), 0, np.sin(tilt)])  # pressing, shear along y, along x
        assert_allclose(press.contact, np.tile(wanted, (5, 1)), atol=0.01 * force)
        assert_allclose(press.taxels.sum(axis=(1, 2)), press.contact, atol=1e-9)
    assert (firm.centre[:, 0] != light.centre[:, 0]).all()


def test_a_place_off_the_finger_finds_no_hold() -> None:
    bench = Bench(load_embodiment("shadow_ur10e"), "right")
    (press,) = bench.press((0.02, 0), np.array([0.0, 0, -1]), (1.0,))
    assert press.slid.all()
    assert not press.taxels.any()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: calibrate(load_embodiment("shadow_ur10e+none"), "right"), ContractError, "no touch sensor"),
        (lambda: calibrate(load_embodiment("shadow_ur10e"), "left"), ContractError, "left hand of 'shadow_ur10e'"),
        (lambda: calibrate(load_embodiment("shadow_ur10e"), "right", "skin"), UnknownName, "lattice, none, pst, stf"),
    ],
)
def test_what_cannot_be_tested_is_refused(
    make: Callable[[], Calibration], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()
