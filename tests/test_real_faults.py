"""What the real world does when readings, joints, links and clocks fail: HOLD, STOP, one latched cause."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dexbench.core.driver import Reading
from dexbench.core.errors import SafetyError
from dexbench.core.schema import Array
from dexbench.sim2real.guard import Guard
from dexbench.sim2real.world import State
from tests.toy_robot import ELBOW, FAR, FINGER, HOME, NO_RAMP, PERIOD, A, Cell, Person


def test_stale_readings_hold_then_stop_within_their_deadlines() -> None:  # F18
    cell = Cell()
    cell.reset()
    cell.run(20)
    cell.driver.repeat(20, 10**9)
    frozen_at = cell.clock.now()
    held_at = stopped_at = 0.0
    before = cell.world.advance(FAR[None])
    for _ in range(60):
        if cell.error:
            break
        seen = cell.world.advance(FAR[None])
        if cell.world.state is State.HOLD and not held_at:
            held_at = cell.clock.now() - PERIOD  # the period that has just passed was already braked
        if cell.error:
            stopped_at = cell.world.report.cause_time
    assert 0.1 < held_at - frozen_at <= 0.1 + 0.05
    assert 0.5 < stopped_at - frozen_at <= 0.5 + 0.05
    assert "no good reading" in cell.error
    assert cell.world.state is State.FAULT
    assert (seen["pose"] == before["pose"]).all()
    assert cell.driver.calls[-1] == "stop"
    assert (cell.path[-1] == cell.path[-2]).all()
    cell.assert_lawful()


def test_a_short_loss_of_readings_ends_by_itself() -> None:
    cell = Cell()
    cell.reset()
    cell.run(20)
    cell.driver.repeat(20, 27)
    cell.run(40)
    assert cell.error == ""
    assert cell.world.state is State.RUN
    assert 3 <= cell.world.report.held <= 6
    assert cell.world.report.stale == 7
    cell.assert_lawful()


def test_a_late_agent_does_not_make_readings_stale() -> None:
    cell = Cell()
    cell.reset()
    cell.run(50, thinking=0.15)
    assert cell.world.report.held == 0
    assert cell.world.report.stale == 0


def spoil_nan(reading: Reading) -> Reading:
    return replace(reading, fields={"pose": np.full((1, A), np.nan, np.float32)})


def spoil_zeros(reading: Reading) -> Reading:
    return replace(reading, pose=np.zeros(A), fields={"pose": np.zeros((1, A), np.float32)})


def spoil_missing(reading: Reading) -> Reading:
    return replace(reading, fields={})


def spoil_shape(reading: Reading) -> Reading:
    return replace(reading, fields={"pose": np.zeros((1, A - 1), np.float32)})


@pytest.mark.parametrize("spoil", [spoil_nan, spoil_zeros, spoil_missing, spoil_shape])
def test_broken_readings_are_dropped_and_three_in_a_row_stop(spoil: Callable[[Reading], Reading]) -> None:
    cell = Cell()  # F19, F20, F21, F33
    cell.reset()
    cell.run(20)
    cell.driver.spoil = lambda reading, tick: spoil(reading) if tick in (20, 22, 23) else reading
    cell.run(1)
    good = cell.world.advance(FAR[None])
    assert np.isfinite(good["pose"]).all()
    cell.run(8)
    assert cell.error == ""
    assert cell.world.report.dropped == 3
    cell.driver.spoil = lambda reading, tick: spoil(reading)
    cell.run(5)
    assert "reading" in cell.error or "jump" in cell.error
    assert np.isfinite(cell.world.advance(FAR[None])["pose"]).all()
    cell.assert_lawful()


def test_steps_of_the_device_clock_are_flagged_and_old_packets_dropped() -> None:  # F25, F26
    cell = Cell()
    cell.reset()
    cell.run(10)
    cell.driver.spoil = lambda reading, tick: replace(reading, stamp=reading.stamp + 3600 * (tick >= 12))
    cell.run(10)
    assert (cell.error, cell.world.report.clock_steps, cell.world.report.stale) == ("", 1, 0)
    cell.driver.spoil = lambda reading, tick: replace(reading, stamp=reading.stamp + 3600 - 0.1 * (tick == 24))
    cell.run(10)
    assert (cell.error, cell.world.report.clock_steps, cell.world.report.stale) == ("", 1, 1)


def test_an_arm_joint_that_does_not_follow_stops_the_motion() -> None:  # F22
    cell = Cell()
    cell.reset()
    cell.run(20)
    cell.driver.stuck = [ELBOW]
    stuck_at, at = cell.clock.now(), cell.driver.pose[ELBOW]
    cell.run(40)
    assert "right/elbow_joint does not follow" in cell.error
    told = cell.path[20:, ELBOW]
    behind = stuck_at + PERIOD * float(np.argmax(np.abs(told - at) > NO_RAMP.tracking))
    assert cell.world.report.cause_time - behind <= 0.2 + NO_RAMP.tracking_time + 0.05
    cell.assert_lawful()


def test_a_finger_that_does_not_follow_is_counted() -> None:
    cell = Cell()
    cell.driver.stuck = [FINGER]
    cell.reset()
    cell.run(40)
    assert cell.error == ""
    assert cell.world.report.untracked > 10


@pytest.mark.parametrize("call", ["read", "write"])
def test_a_lost_link_freezes_and_reset_opens_it_again(call: str) -> None:  # F28
    cell = Cell()
    cell.reset()
    cell.driver.fail = {call: 15}
    cell.run(30)
    assert cell.error == "toy: cable pulled"
    assert cell.driver.calls[-1] == "stop"
    cell.assert_lawful()
    cell.driver.fail = {}
    cell.driver.calls.clear()
    cell.reset()
    assert cell.driver.calls[-3:] == ["disconnect", "connect", "start"]
    cell.run(5)
    assert cell.error == ""


def test_overruns_hold_and_stop() -> None:
    cell = Cell()
    cell.reset()
    cell.driver.slow = {10: 0.07}
    cell.run(20)
    assert (cell.error, cell.world.report.held, cell.world.report.overruns) == ("", 1, 1)
    cell.driver.slow = dict.fromkeys(range(30, 42), 0.045)
    cell.run(30)
    assert cell.error == ""
    assert cell.world.report.held >= 2
    assert cell.world.report.overrun == pytest.approx(0.07)
    cell.driver.slow = {70: 0.21}
    cell.run(30)
    assert "0.21 s behind" in cell.error
    cell.assert_lawful()


def test_holding_for_too_long_is_a_fault() -> None:
    cell = Cell()
    cell.reset()
    cell.driver.slow = dict.fromkeys(range(10, 1000), 0.06)
    cell.run(80)
    assert "held for" in cell.error
    cell.assert_lawful()


def test_after_a_fault_nothing_moves_until_reset() -> None:  # V4, V5, V6
    person = Person()
    cell = Cell(observer=person)
    cell.reset()
    cell.run(12)
    cell.run(3, np.full(A, np.nan))
    cause, at = cell.error, cell.world.report.cause_time
    written = len(cell.path)
    cell.run(50)
    cell.driver.fail = {"read": 0}  # a second fault changes nothing
    cell.run(5)
    assert len(cell.path) == written
    assert (cell.error, cell.world.report.cause_time) == (cause, at)
    assert (cell.path[-1] == cell.path[-2]).all()
    cell.driver.fail = {}
    person.refuses = True
    with pytest.raises(SafetyError, match="in the cell"):
        cell.reset()
    assert cell.world.state is State.FAULT
    assert cell.error == cause
    cell.run(5)
    assert len(cell.driver.streams) == 1
    person.refuses = False
    cell.reset()
    assert person.asked == ["", cause, cause]
    assert cell.error == ""
    cell.run(5)
    assert len(cell.path) == 6
    cell.assert_lawful()


def test_reset_is_refused_while_the_cause_is_there() -> None:  # F56
    cell = Cell()
    cell.reset()
    cell.run(10)
    cell.driver.repeat(-1, 10**9)
    cell.run(30)
    assert cell.error
    with pytest.raises(SafetyError, match="fresh"):
        cell.reset()
    assert cell.world.state is State.FAULT
    cell.run(3)
    assert len(cell.path) == 1
    cell.driver.spoil = lambda reading, tick: reading
    cell.reset()
    cell.run(3)
    assert cell.error == ""


@pytest.mark.parametrize("pose", [HOME + 90.0, np.full(A, np.nan), np.zeros(A - 1)])
def test_an_implausible_start_is_refused(pose: Array) -> None:  # F27
    cell = Cell()
    cell.driver.pose = pose
    with pytest.raises(SafetyError, match="not ready"):
        cell.reset()
    assert cell.world.state is State.FAULT
    assert len(cell.driver.streams[0]) == 1


@pytest.mark.parametrize("change", [{"age": 0.0}, {"jump": np.inf}, {"tracking": np.nan}, {"age_stop": 0.01}])
def test_guards_cannot_be_taken_away(change: dict[str, float]) -> None:
    with pytest.raises(SafetyError):
        Guard(**change)


def test_random_actions_and_faults_never_break_the_laws() -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        cell = Cell(Guard(ramp=0.4), home=HOME if seed % 2 else None)

        def spoil(reading: Reading, tick: int, rng: np.random.Generator = rng) -> Reading:
            draw = rng.random()
            if draw < 0.05:
                return replace(reading, stamp=reading.stamp - 0.5)
            return spoil_nan(reading) if draw < 0.08 else reading

        cell.reset()
        cell.driver.spoil = spoil
        for _ in range(200):
            cell.driver.slow = {cell.driver._tick + 1: float(rng.exponential(0.01))}
            cell.clock.pass_time(float(rng.exponential(0.03)))
            target = rng.uniform(-4, 4, A) if rng.random() < 0.9 else np.full(A, rng.choice([np.nan, np.inf, 1e9]))
            cell.world.advance(target[None])
            if cell.error:
                cell.driver.spoil = lambda reading, tick: reading
                cell.reset()
                cell.driver.spoil = spoil
        cell.assert_lawful()
