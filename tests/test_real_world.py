"""The real world against a toy robot whose own recorder sees every setpoint; no test waits."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dexbench.core.agent import ActionSpec, AgentSpec
from dexbench.core.clock import ManualClock
from dexbench.core.driver import Reading
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import ActionError, DataError, SafetyError
from dexbench.core.rollout import rollout
from dexbench.core.scene import Scene
from dexbench.core.schema import Array, Field, Observation, Schema
from dexbench.core.shelf import load_embodiment
from dexbench.core.trial import Outcome, Trial
from dexbench.sim2real.guard import Guard
from dexbench.sim2real.world import RealWorld, State

PERIOD = 0.04
NO_RAMP = Guard(ramp=0.0)
TRIAL = Trial("wait-v1", "seen", 0, "wait", 0, ())
ROBOT: Embodiment = load_embodiment("shadow_ur10e")
LIMITS = ROBOT.limits
HOME = np.array(ROBOT.home)
A = len(HOME)
ELBOW = [a.name for a in ROBOT.actuators].index("right/elbow_joint")
FINGER = int(ROBOT.actuator_index(part="hand")[3])
FAR = np.where((LIMITS.lower + LIMITS.upper) / 2 > HOME, LIMITS.upper, LIMITS.lower)


class ToyDriver:
    """A robot that is at once where it is told to be, and goes on alone with what it was given ahead."""

    name = "toy"
    embodiment = ROBOT
    observations = Schema((Field("pose", (A,), "rad", "", "state"), Field("setpoint", (A,), "rad", "", "state")))
    period = PERIOD

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.pose = HOME.copy()
        self.streams: list[list[Array]] = []
        self.read_at: list[float] = []
        self.calls: list[str] = []
        self.spoil: Callable[[Reading, int], Reading] = lambda reading, tick: reading
        self.stuck: list[int] = []
        self.slow: dict[int, float] = {}
        self.fail: dict[str, int] = {}
        self._plan = HOME[None]
        self._tick = -1
        self._last: Reading | None = None

    def connect(self) -> None:
        self.calls.append("connect")

    def disconnect(self) -> None:
        self.calls.append("disconnect")

    def start(self) -> Array:
        self.calls.append("start")
        self.streams.append([self.pose.copy()])
        self._plan, self._tick, self.read_at = self.pose[None], -1, []
        return self.pose.copy()

    def write(self, setpoints: Array, tick: int) -> Array:
        if self.fail.get("write", tick + 1) <= tick:
            raise OSError("cable pulled")
        assert np.isfinite(setpoints).all()
        assert tick > self._tick
        self._play(tick)
        self._plan, self._tick = setpoints, tick
        return setpoints[0]

    def read(self) -> Reading:
        if self._tick >= 0 and len(self.streams[-1]) - 1 == self._tick:
            self._play(self._tick + 1)
        if self.fail.get("read", self._tick + 1) <= self._tick:
            raise OSError("cable pulled")
        self.clock.pass_time(self.slow.get(self._tick, 0.0))
        self.read_at.append(self.clock.now())
        pose = self.pose.copy()
        fresh = Reading(self.clock.now(), pose, {"pose": pose[None].astype(np.float32)})
        self._last = self.spoil(fresh, self._tick)
        return self._last

    def stop(self) -> None:
        self.calls.append("stop")
        if self.streams and self._tick >= 0:
            self._play(self._tick + 1)

    def repeat(self, first: int, last: int) -> None:
        """Freeze the stream of readings from tick `first` to before tick `last`."""
        assert self._last is not None
        kept = [self._last]

        def spoil(reading: Reading, tick: int) -> Reading:
            if not first <= tick < last:
                kept[:] = [reading]
            return kept[0]

        self.spoil = spoil

    def _play(self, until: int) -> None:
        """Follow the plan up to the beginning of control period `until`."""
        stream = self.streams[-1]
        while len(stream) - 1 < until:
            row = self._plan[min(max(len(stream) - 1 - self._tick, 0), len(self._plan) - 1)]
            stream.append(row.copy())
            moved = row.copy()
            moved[self.stuck] = self.pose[self.stuck]
            self.pose = moved

    def settle(self) -> None:
        """Let the robot go on alone for ten seconds."""
        self._play(len(self.streams[-1]) + 250)


class ToyTask:
    """Succeeds after `steps` judgements."""

    name, version, steps = "wait", 1, 10

    def remember(self, n: int) -> dict[str, Array]:
        return {"count": np.zeros(n, np.int64)}

    def begin(self, scene: Scene, worlds: Sequence[int]) -> None:
        scene.memory["count"][worlds] = 0

    def judge(self, scene: Scene) -> Outcome:
        scene.memory["count"] = scene.memory["count"] + 1
        done = scene.memory["count"] >= self.steps
        zero = np.zeros(1, np.int64)
        return Outcome(done, done, zero, zero, zero * 1.0, zero, done)


class Person:
    """Sets trials out; may refuse."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses = False

    def prepare(self, trial: Trial, cause: str) -> None:
        self.asked.append(cause)
        if self.refuses:
            raise SafetyError("someone is in the cell")

    def fields(self) -> Observation:
        return {}

    def scene(self) -> Scene:
        none = np.zeros((1, 1))
        return Scene([TRIAL], ("right",), none[0], PERIOD, none[0], *(none for _ in range(8)))  # type: ignore[arg-type]


class Cell:
    """World, toy robot and clock, and shorthand for driving them."""

    def __init__(self, guard: Guard = NO_RAMP, observer: Any = None, **settings: Any) -> None:
        self.clock = ManualClock()
        self.clock.pass_time(123.4)  # the zero of a clock means nothing
        self.driver = ToyDriver(self.clock)
        task: Any = ToyTask()
        self.world = RealWorld(self.driver, task, observer, clock=self.clock, guard=guard, **settings)

    def reset(self) -> Observation:
        return self.world.reset([TRIAL])

    def run(self, periods: int, target: Array = FAR, thinking: float = 0.0) -> None:
        for _ in range(periods):
            self.clock.pass_time(thinking)
            self.world.advance(target[None])

    @property
    def path(self) -> Array:
        """Everything that the robot was told in the newest stream, (ticks, actuators)."""
        return np.array(self.driver.streams[-1])

    @property
    def error(self) -> str:
        return self.world.outcome().error.get(0, "")

    def assert_lawful(self) -> None:
        """V1 and V2: every stream keeps position, speed, acceleration and jerk, to its very end."""
        self.driver.settle()
        for stream in self.driver.streams:
            path = np.array(stream)
            assert (path >= LIMITS.lower - 1e-9).all()
            assert (path <= LIMITS.upper + 1e-9).all()
            padded = np.concatenate([np.repeat(path[:1], 3, axis=0), path])
            for order, bound in enumerate((LIMITS.velocity, LIMITS.acceleration, LIMITS.jerk), start=1):
                rate = np.abs(np.diff(padded, n=order, axis=0)) / PERIOD**order
                assert (rate <= bound * (1 + 1e-9)).all(), (order, float((rate / bound).max()))


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
