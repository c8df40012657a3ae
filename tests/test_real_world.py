"""The real world keeps time, keeps the limits and answers like any world, late agents included."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from dexbench.core.agent import ActionSpec, AgentSpec
from dexbench.core.clock import ManualClock
from dexbench.core.errors import ActionError, DataError, SafetyError
from dexbench.core.rollout import rollout
from dexbench.core.schema import Array, Observation
from dexbench.sim2real.guard import Guard
from dexbench.sim2real.world import State
from tests.toy_robot import FAR, HOME, LIMITS, PERIOD, ROBOT, TRIAL, A, Cell, Person, ToyDriver


def test_ticks_are_absolute_and_do_not_drift() -> None:
    cell = Cell()
    cell.reset()
    begun = cell.clock.now()
    rng = np.random.default_rng(0)
    for k in range(300):
        cell.run(1, thinking=float(rng.uniform(0, 0.9 * PERIOD)))
        assert cell.clock.now() == pytest.approx(begun + (k + 1) * PERIOD, abs=1e-9)
    assert cell.world.elapsed()[0] == pytest.approx(300 * PERIOD)
    report = cell.world.report
    assert (report.periods, report.late, report.missed, report.overruns, report.held) == (300, 0, 0, 0, 0)
    cell.assert_lawful()


def test_observation_has_the_declared_fields_order_and_types() -> None:
    cell = Cell()
    seen = cell.reset()
    assert list(seen) == ["pose", "setpoint"]
    assert all(v.dtype == np.float32 and v.shape == (1, A) for v in seen.values())
    later = cell.world.advance(FAR[None])
    assert (later["setpoint"][0] == cell.path[-1].astype(np.float32)).all()
    assert (seen["setpoint"][0] == HOME.astype(np.float32)).all()


def test_the_first_action_may_take_its_time() -> None:
    cell = Cell()
    cell.reset()
    cell.clock.pass_time(7.31)
    assert cell.world.elapsed()[0] == 0
    cell.run(3)
    assert cell.error == ""
    assert cell.world.elapsed()[0] == pytest.approx(3 * PERIOD)
    assert cell.world.report.late == 0


def test_an_agent_late_every_time_is_reported_and_not_stopped() -> None:  # F08
    cell = Cell()
    cell.reset()
    cell.run(100, thinking=1.5 * PERIOD)
    report = cell.world.report
    assert cell.error == ""
    assert report.late == report.missed == 99
    assert report.lateness == pytest.approx(0.5 * PERIOD)
    assert cell.world.elapsed()[0] == pytest.approx(199 * PERIOD)
    cell.assert_lawful()
    assert np.abs(cell.path[-1] - HOME).max() > 0.5  # it does get somewhere


def test_a_silent_agent_leaves_a_robot_that_comes_to_rest() -> None:  # F07
    cell = Cell()
    cell.reset()
    cell.run(15)
    moving = len(cell.path)
    cell.driver.settle()
    speed = np.abs(np.diff(cell.path[moving - 1 :], axis=0)).max(axis=1) / PERIOD
    memory = cell.world._stream.filter.memory
    assert speed[0] > 0.1  # the last target stays in force for one period
    assert (speed[1 + memory :] == 0).all()
    cell.assert_lawful()


def test_a_silence_short_enough_is_survived_without_a_jump() -> None:
    for silence in (0.05, 0.1, 0.3, 0.9):
        cell = Cell()
        cell.reset()
        cell.run(15)
        cell.clock.pass_time(silence)
        cell.run(30)
        assert cell.error == ""
        assert cell.world.report.missed == int(silence / PERIOD)
        cell.assert_lawful()


def test_the_recorder_sees_a_robot_that_ignores_what_was_sent_ahead() -> None:
    # Negative control: without the rows after the first, a pause is a sudden stop, and V2 must fail.
    class Forgetful(ToyDriver):
        def write(self, setpoints: Array, tick: int) -> Array:
            return super().write(setpoints[:1], tick)

    cell = Cell()
    cell.driver = cell.world._driver = cell.world._stream.driver = Forgetful(cell.clock)
    cell.reset()
    cell.run(15)
    cell.clock.pass_time(0.3)
    cell.run(5)
    with pytest.raises(AssertionError):
        cell.assert_lawful()


def test_a_silence_too_long_is_a_fault() -> None:
    cell = Cell()
    cell.reset()
    cell.run(15)
    cell.clock.pass_time(2.0)
    cell.run(1)
    assert "silent for 2.00 s" in cell.error
    cell.assert_lawful()


def test_nan_is_rejected_and_never_sent() -> None:  # F01
    one, other = Cell(), Cell()
    for cell in (one, other):
        cell.reset()
        cell.run(10)
    bad = FAR.copy()
    bad[4] = np.nan
    one.run(2, bad)
    other.run(2, FAR)
    assert one.path.tobytes() == other.path.tobytes()
    assert one.world.report.rejected == 2
    assert one.error == ""
    one.run(1)
    bad[4] = np.inf
    one.run(3, bad)
    assert "3 actions in a row were not finite" in one.error
    one.assert_lawful()


@pytest.mark.parametrize(
    "action", [np.zeros((1, A - 1)), np.zeros(A), np.zeros((2, A)), np.full((1, A), "far"), np.zeros((1, A), complex)]
)
def test_wrong_actions_are_errors_and_nothing_is_sent(action: Array) -> None:  # F02
    cell = Cell()
    cell.reset()
    cell.run(5)
    sent = len(cell.path)
    with pytest.raises(ActionError):
        cell.world.advance(action)
    assert len(cell.path) == sent
    cell.run(5)
    cell.assert_lawful()


def test_wild_targets_stay_inside_the_limits() -> None:  # F03 to F06
    cell = Cell()
    cell.reset()
    rng = np.random.default_rng(1)
    for k in range(150):
        cell.run(1, (FAR, -FAR, 10 * FAR, rng.uniform(-9, 9, A))[k // 10 % 4] * (-1) ** k)
    assert cell.error == ""
    assert cell.world.report.clamped > 50
    cell.assert_lawful()


def test_ramp_begins_at_the_measured_pose_with_reduced_speed() -> None:  # F12
    cell = Cell(Guard(ramp=1.0, ramp_speed=0.2))
    cell.driver.pose = np.clip(HOME + 0.2, LIMITS.lower, LIMITS.upper)
    cell.reset()
    states = []
    for _ in range(60):
        cell.run(1)
        states.append(cell.world.state)
    assert states == [State.RAMP] * 25 + [State.RUN] * 35
    speed = np.abs(np.diff(cell.path, axis=0)) / PERIOD / LIMITS.velocity
    assert speed[:25].max() == pytest.approx(0.2)
    assert speed.max() == pytest.approx(1.0)
    cell.assert_lawful()


def test_every_episode_can_begin_at_home() -> None:
    cell = Cell(home=HOME)
    cell.driver.pose = np.clip(HOME + 0.3, LIMITS.lower, LIMITS.upper)
    for _ in range(2):
        seen = cell.reset()
        assert cell.world.state is State.READY
        assert (seen["setpoint"][0] == HOME.astype(np.float32)).all()
        speed = np.abs(np.diff(cell.path, axis=0)) / PERIOD / LIMITS.velocity
        assert speed.max() <= 0.2 + 1e-9
        assert cell.world.elapsed()[0] == 0
        cell.run(40)
    cell.assert_lawful()
    with pytest.raises(SafetyError, match="home"):
        Cell(home=LIMITS.upper + 0.01)


def test_close_in_the_middle_of_a_motion_brakes_first() -> None:  # F57
    cell = Cell()
    cell.world.close()
    assert cell.driver.calls == []
    cell.reset()
    cell.run(15)
    cell.world.close()
    assert cell.driver.calls[-2:] == ["stop", "disconnect"]
    assert (cell.path[-1] == cell.path[-2]).all()
    calls = len(cell.driver.calls)
    cell.world.close()
    assert len(cell.driver.calls) == calls
    cell.assert_lawful()
    with pytest.raises(SafetyError, match="reset"):
        cell.run(1)
    cell.reset()
    cell.run(2)


def test_reset_in_the_middle_of_a_motion_brakes_first() -> None:
    cell = Cell()
    cell.reset()
    cell.run(15)
    cell.clock.pass_time(0.1)
    cell.reset()
    first, second = (np.array(s) for s in cell.driver.streams)
    assert (first[-1] == first[-2]).all()
    assert (second[0] == first[-1]).all()
    cell.assert_lawful()


class Steady:
    """An agent that goes far, slowly or not at all, as its seed says."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        actuators = tuple(a.name for a in ROBOT.actuators)
        self.spec = AgentSpec("steady", "1", ("pose", "setpoint"), ActionSpec(actuators, 1 / PERIOD))
        self.seed = 0

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        self.seed = seeds[0]

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        self.clock.pass_time(0.01)
        return np.full((1, 1, A), np.nan) if self.seed == 1 else FAR[None, None]


def test_the_one_loop_runs_it_and_a_fault_costs_one_episode() -> None:
    person = Person()
    cell = Cell(observer=person)
    trials = [replace(TRIAL, seed=s) for s in (0, 1, 2)]
    ended = list(rollout(Steady(cell.clock), cell.world, trials, 10.0))
    assert [e.steps for e in ended] == [10, 3, 10]
    assert [bool(e.outcome.success_once[0]) for e in ended] == [True, False, True]
    assert [e.world_error != "" for e in ended] == [False, True, False]
    assert person.asked[2] == ended[1].world_error
    cell.assert_lawful()


def test_without_an_observer_nothing_succeeds() -> None:
    cell = Cell()
    (ended,) = rollout(Steady(cell.clock), cell.world, [TRIAL], 1.0)
    assert ended.truncated
    assert not ended.outcome.success_once[0]


def test_a_trial_of_another_task_is_refused() -> None:
    with pytest.raises(DataError, match="other-v1"):
        Cell().world.reset([replace(TRIAL, task="other-v1")])


def test_a_real_cell_does_not_disturb_itself() -> None:
    with pytest.raises(DataError, match="asks its world for sensor_noise"):
        Cell().world.reset([replace(TRIAL, perturbation={"sensor_noise": 1.0, "mass": 2.0})])
    Cell().world.reset([replace(TRIAL, perturbation={"mass": 2.0})])
