"""The real world: one cell behind a driver, paced by a wall clock, with the same contract as the simulated one."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum

import numpy as np

from dexbench.core.agent import ActionSpec
from dexbench.core.clock import Clock, WallClock
from dexbench.core.driver import Driver, Observer
from dexbench.core.errors import ActionError, DataError, SafetyError
from dexbench.core.perturbation import asked_of_worlds
from dexbench.core.scene import WorldIds
from dexbench.core.schema import Array, Observation
from dexbench.core.task import Task, versioned
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import WorldSpec

from ._stream import Stream
from .guard import Guard, Report


class State(StrEnum):
    """What a real cell is doing."""

    OFF = "off"
    CONNECTED = "connected"
    READY = "ready"
    RAMP = "ramp"
    RUN = "run"
    HOLD = "hold"
    FAULT = "fault"


class RealWorld:
    """A World of one real cell: filter, write, wait for the tick, read.

    It has no thread of its own: what the robot does while an agent thinks for too long has been sent ahead with the
    last setpoint. A fault is latched: advance() sends nothing more, and outcome() names the cause, until reset().
    """

    def __init__(
        self,
        driver: Driver,
        task: Task,
        observer: Observer | None = None,
        *,
        clock: Clock | None = None,
        guard: Guard | None = None,
        home: Array | None = None,
    ) -> None:
        """Make the world; nothing is connected before reset().

        Args:
          driver: the robot.
          task: what is judged.
          observer: who sets trials out and sees the objects. Without one nothing is judged: no episode succeeds.
          clock: the machine's monotonic clock by default.
          guard: thresholds.
          home: (actuators,) where every episode starts [rad], driven to at reduced speed; default: where it stands.

        Raises:
          SafetyError: `home` lies outside the position limits.
        """
        robot = driver.embodiment
        self.state = State.OFF
        self._driver, self._task, self._observer = driver, task, observer
        self._guard = guard or Guard()
        self._stream = Stream(driver, clock or WallClock(), self._guard)
        self._clock = self._stream.clock
        self._spec = WorldSpec(
            task=versioned(task),
            embodiment=robot,
            observations=driver.observations,
            action=ActionSpec(tuple(a.name for a in robot.actuators), 1 / driver.period),
            pool=tuple(task.pool()),
        )
        self._home = None if home is None else np.array(home, float)
        limits = robot.limits
        if self._home is not None and not ((limits.lower <= self._home) & (self._home <= limits.upper)).all():
            raise SafetyError("the home of a real cell lies outside its position limits")
        self._memory = task.remember(1)
        self._first = 0  # tick at which the episode began
        self._refused = 0  # actions in a row that were not finite
        self._seen: Observation = {}
        self._judged: Outcome | None = None

    @property
    def spec(self) -> WorldSpec:
        """What this world declares."""
        return self._spec

    @property
    def n(self) -> int:
        """One."""
        return 1

    @property
    def report(self) -> Report:
        """Counts since the last reset, and the cause of a fault."""
        return self._stream.report

    def reset(self, trials: Sequence[Trial], worlds: WorldIds | None = None) -> Observation:
        """Come to rest, have the trial set out, and return the first observation. This clears a fault.

        Raises:
          SafetyError: the cell is not ready to move; it stays in FAULT.
        """
        (trial,) = trials
        if trial.task != self._spec.task:
            raise DataError(f"a trial of {trial.task!r} was given to a world of {self._spec.task!r}")
        if trial.start:
            raise DataError(
                "the trial begins with a palm elsewhere than at home; a real cell begins at home, since nobody has "
                "checked the way: take trials without `start`"
            )
        if undone := asked_of_worlds(trial.perturbation):
            raise DataError(
                f"the trial asks its world for {', '.join(undone)}, which a real cell does not do to itself: take "
                "trials without it, or the record would say what was not so"
            )
        self._stream.end()
        self._connect()
        if self._observer is not None:
            self._observer.prepare(trial, self.report.cause)
        try:
            self._stream.start(frozenset(self._observer.fields() if self._observer else ()) | {"setpoint"})
            self._refused = self._first = 0
            if self._home is not None:
                self._go_home(self._home)
            self._first = self._stream.tick
            self._look()
            if self._observer is not None:
                self._task.begin(replace(self._observer.scene(), memory=self._memory), [0])
        except Exception as error:
            self._fault(str(error))
            raise error if isinstance(error, SafetyError) else SafetyError(str(error)) from error
        self.state = State.READY
        return dict(self._seen)

    def advance(self, action: Array, worlds: WorldIds | None = None) -> Observation:
        """Filter `action` (1, actuators) [rad], send it, wait for the next tick and return what is seen then.

        The episode's time begins with its first action. While nothing new can be read the last observation is returned
        again, for Guard.age_stop at most.

        Raises:
          ActionError: another shape or type; nothing is sent.
          SafetyError: reset() has not been called.
        """
        action = np.asarray(action)
        if action.dtype.kind not in "fiu":
            raise ActionError(f"an action of type {action.dtype} was given, floating point numbers are expected")
        if action.shape != (1, len(self._spec.action.actuators)):
            raise ActionError(f"an action of shape {action.shape} was given to a world that takes {self._spec.action}")
        if self.state is State.FAULT:
            return dict(self._seen)
        if self.state in (State.OFF, State.CONNECTED):
            raise SafetyError(f"the cell is {self.state}: reset() comes first")
        cause = self._hear(action) or self._follow(action)
        if cause:
            self._fault(cause)
        return dict(self._seen)

    def outcome(self) -> Outcome:
        """Return what the task says now, or that nobody judges; `error` holds the cause of a fault."""
        if self._judged is None:
            if self._observer is None:
                no, none = np.zeros(1, bool), np.zeros(1, np.int64)
                self._judged = Outcome(no, no, none, none, np.zeros(1), none, no)
            else:
                self._judged = self._task.judge(replace(self._observer.scene(), memory=self._memory))
        self._judged.error = {0: self.report.cause} if self.report.cause else {}
        return self._judged

    def elapsed(self) -> Array:
        """Return (1,) time since the episode began [s]."""
        return np.array([(self._stream.tick - self._first) * self._stream.period])

    def snapshot(self, worlds: WorldIds) -> None:
        """Return None: a real cell has no state to save."""

    def measures(self) -> dict[str, Array]:
        """Return counts of this episode for the record."""
        return {"rejected": np.array([self.report.rejected]), "clamped": np.array([self.report.clamped])}

    def close(self) -> None:
        """Brake, stop and disconnect. Idempotent."""
        if self.state is not State.OFF:
            self._stream.end()
            self._driver.disconnect()
            self.state = State.OFF

    def _connect(self) -> None:
        """Open the link if there is none, or if the last one failed."""
        if self.state is State.OFF or self._stream.broken:
            with suppress(Exception):
                self._driver.disconnect()
            try:
                self._driver.connect()
            except Exception as error:
                raise SafetyError(f"{self._driver.name} does not connect: {error}") from error
            self._stream.broken = False
        if self.state is not State.FAULT:
            self.state = State.CONNECTED

    def _go_home(self, home: Array) -> None:
        """Drive to `home` (actuators,) [rad] at reduced speed."""
        stream = self._stream
        stream.filter.pace(self._guard.ramp_speed)
        self.state = State.RAMP
        while not (stream.filter.at_rest() and np.array_equal(stream.filter.setpoint[0], home)):
            cause = stream.run_period(None if stream.must_hold() else home[None])
            if cause:
                raise SafetyError(cause)

    def _hear(self, action: Array) -> str:
        """Account for the time the agent took and for what it said; return the cause of a STOP or ""."""
        stream, report = self._stream, self.report
        silence = stream.catch_up()
        if self.state is State.READY:
            self._first = stream.tick
        elif silence:
            report.late += 1
            report.missed += int(silence / stream.period + 1e-6)
            report.lateness = max(report.lateness, silence - stream.period)
            if silence > self._guard.action_timeout + self._guard.hold_max:
                return f"the agent was silent for {silence:.2f} s"
        self._refused = 0 if np.isfinite(action).all() else self._refused + 1
        return f"{self._refused} actions in a row were not finite" if self._refused >= self._guard.bad_in_row else ""

    def _follow(self, action: Array) -> str:
        """Move for one period; return the cause of a STOP or ""."""
        stream = self._stream
        ramping = (stream.tick - self._first) * stream.period < self._guard.ramp - 1e-9
        stream.filter.pace(self._guard.ramp_speed if ramping else 1.0)
        hold = stream.must_hold()
        self.state = State.HOLD if hold else State.RAMP if ramping else State.RUN
        cause = stream.run_period(None if hold else action)
        try:
            self._look()
        except Exception as error:  # what stands behind the observer fails: the robot can still be stopped
            return cause or f"no observation: {error}"
        return cause

    def _look(self) -> None:
        """Make the observation of the newest good reading."""
        found = dict(self._stream.reading.fields)
        if self._observer is not None:
            found |= self._observer.fields()
        found["setpoint"] = self._stream.sent[None]
        seen: Observation = {}
        for f in self._spec.observations.fields:
            value = found[f.name].astype(f.dtype)
            seen[f.name] = value.clip(f.low, f.high) if np.isfinite([f.low, f.high]).any() else value
        self._spec.observations.check(seen)
        self._seen, self._judged = seen, None

    def _fault(self, cause: str) -> None:
        """Latch `cause` unless there is one, come to rest, end the stream."""
        self.state = State.FAULT
        if not self.report.cause:
            self.report.cause, self.report.cause_time = cause, self._clock.now()
        self._stream.end()
