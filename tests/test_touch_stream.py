"""Laws of sensors with a rate of their own and flaws: each alone, and all of them in a world."""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dexbench.cli.worlds import simulated
from dexbench.core.errors import ContractError
from dexbench.core.schema import Array
from dexbench.core.shelf import load_task
from dexbench.core.touch_model import TouchModel
from dexbench.evaluation.runner import evaluate
from dexbench.evaluation.suite import Entry, Episode, Suite
from dexbench.evaluation.verification import verify
from dexbench.sensors.flaws import Flaws
from dexbench.sensors.sampling import Sampling
from dexbench.sensors.touch_reader import Touch
from dexbench.sensors.touch_stream import HeldTouch, stream_of
from dexbench.sim.world import SimWorld

STEP, WINDOW = 0.004, 10
SHAPE = (5, 8, 8, 3)


def sensor(**changes: Any) -> TouchModel:
    plain = {
        "name": "plain", "rows": 8, "columns": 8, "pitch": 0.002, "range": 20.0, "rate": 250.0, "noise": 0.0,
        "confidence": "estimated",
    }  # fmt: skip
    return TouchModel(**{**plain, **changes})


def flawed(forces: Array, **changes: Any) -> Array:
    """Return the readings (K, *SHAPE) of one world for forces (K,) on every component of every taxel."""
    flaws = Flaws(sensor(**changes), SHAPE, 1, 0.04, np.dtype(np.float64))
    flaws.begin([0], [7])
    readings = np.tile(np.asarray(forces, float)[None, :, None, None, None, None], (1, 1, *SHAPE))
    flaws(readings, np.array([0]), grow=False)
    return np.asarray(readings[0])


class Counting:
    """Stands for a reader: every taxel reads the number of the substep, which the sensordata hold."""

    def __init__(self, model: TouchModel) -> None:
        self.model, self.shape, self.dtype, self.numbers = model, (2, 8, 8, 3), np.dtype(np.float32), slice(0, 1)

    def share(self, numbers: Array) -> Touch:
        taxels = np.broadcast_to(numbers[..., None, None, None], (*numbers.shape[:2], *self.shape))
        return Touch(np.asarray(taxels, np.float32), np.zeros((len(numbers), 2, 3), np.float32))


@pytest.mark.parametrize("rate", [250.0, 100.0, 90.0, 1000.0, 33.3, 62.5, 7.0, 125.0])
@pytest.mark.parametrize("delay", [0.0, 0.004, 0.01, 0.11])
def test_each_substep_shows_the_newest_sample_that_can_be_had(rate: float, delay: float) -> None:
    # flaws that change nothing, and none: two ways to the same
    reader: Any = Counting(sensor(rate=rate, delay=delay, range=1e6, broken=((7, 7),)))
    stream = stream_of(reader, 3, STEP, WINDOW) if delay else HeldTouch(reader, Sampling(rate, 0, STEP, WINDOW), 3)
    assert stream is not None
    data = np.zeros((3, WINDOW, 1))
    stream.begin(np.arange(3), [0, 0, 0], data)
    assert not stream.read(np.arange(3)).taxels.any()
    per = min(Fraction(str(rate)) * Fraction(4, 1000), Fraction(1))
    late = math.ceil(Fraction(str(delay)) / Fraction(4, 1000))
    begun = np.zeros(3, int)
    for turn in range(60):
        worlds = np.array([0, 1, 2]) if turn % 3 else np.array([0, 2])  # world 1 falls behind
        for world in worlds:
            data[world, :, 0] = WINDOW * begun[world] + 1 + np.arange(WINDOW)
        stream.advance(worlds, data)
        shown = stream.read(worlds).taxels
        for row, world in zip(shown, worlds, strict=True):
            for i, taxels in enumerate(row):
                number = math.floor((WINDOW * begun[world] + 1 + i - late) * per)
                taken = max(0, math.ceil(number / per))
                assert (taxels[:, :7] == taken).all()
        begun[worlds] += 1


def test_a_sensor_as_fast_as_the_physics_without_flaws_has_no_state() -> None:
    for changes, direct in (({}, True), ({"ideal": True, "noise": 1.0, "delay": 0.1}, True), ({"rate": 1000.0}, True),
                            ({"rate": 100.0}, False), ({"delay": 0.004}, False), ({"noise": 0.1}, False)):  # fmt: skip
        reader: Any = Counting(sensor(**changes))
        assert (stream_of(reader, 1, STEP, WINDOW) is None) == direct


def test_play_opens_a_loop_of_the_area_it_says() -> None:
    width, top, count = 0.3, 5.0, 400
    up = np.linspace(0, top, count)
    force = np.concatenate([up, up[::-1], up, up[::-1]])
    reading = flawed(force, hysteresis=width)[:, 0, 0, 0, 0]
    assert_allclose(reading[count - 1], top - width)
    assert_allclose(reading[-1], width)
    x, y = force[2 * count :], reading[2 * count :]
    area = abs(np.sum((y[1:] + y[:-1]) / 2 * np.diff(x)))
    assert area == pytest.approx(2 * width * (top - 2 * width), rel=0.01)
    assert_allclose(np.abs(reading - force).max(), width)


def test_shear_has_play_both_ways() -> None:
    reading = flawed(np.array([1.0, -1.0, 0.0]), hysteresis=0.2)
    assert_allclose(reading[:, 0, 0, 0, 1], [0.8, -0.8, -0.2])


def test_noise_and_drift_have_the_declared_size() -> None:
    still = flawed(np.zeros(50), noise=0.05)
    assert np.std(still) == pytest.approx(0.05, rel=0.02)
    assert abs(np.mean(still)) < 0.002
    flaws = Flaws(sensor(drift=0.1), SHAPE, 2, 0.04, np.dtype(np.float64))
    flaws.begin([0, 1], [1, 2])
    variance = []
    for _ in range(200):
        reading = np.zeros((2, 1, *SHAPE))
        flaws(reading, np.array([0, 1]))
        variance.append(reading.var())
    seconds = 0.04 * np.arange(1, 201)
    assert_allclose(variance[49::50], 0.1**2 * seconds[49::50], rtol=0.1)


def test_dead_taxels_have_the_declared_share_and_are_the_episodes_own() -> None:
    flaws = Flaws(sensor(dead=0.2, noise=0.5), SHAPE, 40, 0.04, np.dtype(np.float64))
    flaws.begin(list(range(40)), [3, *range(100, 139)])
    reading = np.full((40, 2, *SHAPE), 5.0)
    flaws(reading, np.arange(40))
    dead = reading == 0
    assert dead.mean() == pytest.approx(0.2, abs=0.01)
    assert_array_equal(dead, np.broadcast_to(dead[:, :1, ..., :1], dead.shape))  # whole taxels, for the whole episode
    assert len({d.tobytes() for d in dead}) == 40
    flaws.begin([5], [3])
    again = np.full((1, 2, *SHAPE), 5.0)
    flaws(again, np.array([5]))
    assert_array_equal(again[0], reading[0])


def test_broken_and_absent_taxels_read_nothing() -> None:
    reading = flawed(np.array([5.0]), broken=((2, 3),), absent=((0, 0),), noise=0.1)[0]
    assert not reading[:, 2, 3].any()
    assert not reading[:, 0, 0].any()
    assert reading.all(axis=(0, 3)).sum() == 62


def test_threshold_range_and_steps() -> None:
    forces = np.array([0.0, 0.04, 0.06, -0.04, -0.06, 19.0, 25.0, -25.0])
    reading = flawed(forces, threshold=0.05)[:, 0, 0, 0, 0]
    assert_allclose(reading, [0, 0, 0.06, 0, -0.06, 19, 20, -20])
    step = 40 / 2**12
    reading = flawed(forces, bits=12)[:, 0, 0, 0, 0]
    assert_allclose(reading / step, np.round(reading / step), atol=1e-9)
    assert np.abs(reading[:6] - forces[:6]).max() <= step / 2
    assert_allclose(reading[6:], [20 - step, -20])


def test_a_normal_sensor_reads_neither_shear_nor_pull() -> None:
    forces = np.array([3.0, -3.0])
    taxels = np.zeros((1, 2, *SHAPE))
    taxels[..., 0] = forces[:, None, None, None]
    flaws = Flaws(sensor(axes="normal", noise=0.1, drift=0.1), SHAPE, 1, 0.04, np.dtype(np.float64))
    flaws.begin([0], [0])
    flaws(taxels, np.array([0]))
    assert not taxels[..., 1:].any()
    assert taxels.min() == 0
    assert taxels[0, 0, ..., 0].mean() == pytest.approx(3, abs=0.05)


def pressing(world: SimWorld, worlds: Array, steps: int) -> list[dict[str, Array]]:
    """Return the observations of fingers that close on the thumb."""
    robot, closing = world.cell.embodiment, ("/flexion", "/pip", "/rotation", "/ip", "/mcp")
    upper = [a.role.endswith(closing) and not a.role.startswith("wrist") for a in robot.actuators]
    target = np.where(upper, robot.limits.upper, robot.home)
    return [world.advance(np.tile(target, (len(worlds), 1)), worlds) for _ in range(steps)]


@pytest.mark.parametrize("option", ["biotac_sp", "stf", "lattice_imperfect"])
def test_a_world_reads_the_same_in_any_company(option: str) -> None:
    groups, name = ("state", "touch"), f"shadow_ur10e+{option}"
    alone = SimWorld("grasp_object", name, 1, groups=groups)
    trials = [alone.task.place(np.random.default_rng(i), "seen") for i in range(3)]
    first = alone.reset([trials[1]])
    seen = pressing(alone, np.arange(1), 40)
    assert seen[-1]["touch_net"].max() > 0.5
    again = alone.reset([trials[1]])
    assert again["touch"].tobytes() == first["touch"].tobytes()
    company = SimWorld("grasp_object", name, 3, groups=groups)
    company.reset(trials)
    pressing(company, np.arange(3), 3)
    assert company.reset([trials[1]], np.array([1]))["touch"].tobytes() == first["touch"].tobytes()
    for i in range(40):
        worlds = np.array([0, 1, 2]) if i % 3 else np.array([1, 2])
        found = pressing(company, worlds, 1)[0]
        row = list(worlds).index(1)
        for field in ("touch", "touch_net"):
            assert found[field][row].tobytes() == seen[i][field][0].tobytes()
    assert_array_equal(company.observe()["touch"][worlds], found["touch"])
    assert_allclose(found["touch_net"], found["touch"][:, -1].sum(axis=(2, 3)), atol=1e-5)
    company.spec.observations.check(found)


def test_touch_that_was_not_fitted_cannot_be_observed() -> None:
    with pytest.raises(ContractError, match=r"carries no touch sensor; fit one: .*\+stf"):
        SimWorld("grasp_object", "shadow_ur10e+none", groups=("state", "touch"))
    world = SimWorld("grasp_object", "shadow_ur10e+none")
    seen = world.reset([world.task.place(np.random.default_rng(0), "seen")])
    assert "touch" not in seen
    assert "object_pose" in seen


@pytest.mark.parametrize("option", ["stf", "none"])
def test_a_run_with_another_sensor_verifies(option: str, tmp_path: Path) -> None:
    task = load_task("grasp_object")
    task.horizon = 3.0
    name = f"shadow_ur10e+{option}"
    entry = Entry("grasp", "grasp_object-v1", name, {"seen": 2}, 0, 3)
    trials = [task.place(np.random.default_rng(i), "seen") for i in range(2)]
    episodes = tuple(Episode(i, "grasp", name, trial, 3) for i, trial in enumerate(trials))
    suite = Suite("felt", 1, "", (entry,), "0" * 64, tmp_path / "felt.yaml", episodes)
    run = evaluate(suite, "random", tmp_path / "run", simulated, task_factory=lambda _: task, jobs=0, batch=2)
    assert {e["embodiment"] for e in run.episodes} == {name}
    cell = run.info["cells"][f"grasp_object-v1/{name}"]
    assert ("touch" in cell["groups"]) == (option != "none")
    assert cell["embodiment"] == name
    if option != "none":
        assert max(run.episodes[0]["touch_peaks"].values()) > 0
    report = verify(tmp_path / "run", suite, simulated, task_factory=lambda _: task, jobs=0, batch=1)
    assert not [f for f in report.findings if not f.warning]
