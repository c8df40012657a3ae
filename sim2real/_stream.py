"""Setpoints on absolute ticks: filter, driver and clock, and what forbids or ends motion."""

from collections import deque
from contextlib import suppress

import numpy as np

from dexbench.core.clock import Clock
from dexbench.core.driver import Driver, Reading
from dexbench.core.errors import SafetyError
from dexbench.core.safety import SafetyFilter
from dexbench.core.schema import Array

from ._reception import Reception
from .guard import Guard, Report

TRACKED = 0.2
"""A joint is on its path if it is where it was told to be at some time in so long [s]."""
SLOW = 5
"""Overruns in a row that lead to HOLD."""
ATTEMPTS = 5
"""Control periods in which a device must begin to give fresh readings."""


class Stream:
    """The stream of setpoints to one driver and of readings from it.

    With every setpoint goes what follows it if no other comes (see Driver.write): on to the same target until the
    agent's time is out, then to rest. After a pause the filter here is brought to where the device must be by now.
    """

    def __init__(self, driver: Driver, clock: Clock, guard: Guard) -> None:
        self.driver, self.clock, self.guard = driver, clock, guard
        self.period = driver.period
        self.filter = SafetyFilter(driver.embodiment.limits, 1, driver.period)
        self.report = Report()
        self.tick = 0
        """The control period that is running, counted since start()."""
        self.live = False
        """Whether the driver takes setpoints."""
        self.broken = False
        """Whether the link failed and must be opened anew."""
        self.sent: Array = driver.embodiment.home
        """(actuators,) what was sent last [rad]."""
        timeout = min(2, int(guard.action_timeout / driver.period + 1e-6))
        self._patience = max(0, timeout - 1)  # periods without an action in which the last target stays in force
        self._follow = 0  # of which in the last plan
        self._arm = driver.embodiment.actuator_index(part="arm")
        self._told: deque[Array] = deque(maxlen=max(2, round(TRACKED / driver.period)))
        self._reception = Reception(driver.observations, driver.embodiment.limits.velocity, guard)
        self._origin = 0.0  # time of tick 0 [s]
        self._age = self._overrun = 0.0  # at the last tick [s]
        self._astray = self._slow = 0  # periods in a row
        self._held = 0.0  # time in HOLD without interruption [s]

    @property
    def reading(self) -> Reading:
        """The newest good reading."""
        assert self._reception.newest is not None
        return self._reception.newest

    def start(self, supplied: frozenset[str]) -> None:
        """Begin at rest where the driver says; raise SafetyError if it is not ready or its readings are not good.

        Args:
          supplied: observation fields that do not come from the driver.
        """
        self.report = Report()
        try:
            pose = np.array(self.driver.start(), float)
            self.live = True
            self._check_start(pose)
            self._reception.begin(supplied)
            self._await_readings()
        except Exception as error:
            self._freeze()
            raise SafetyError(f"{self.driver.name} is not ready: {error}") from error
        self.filter.reset(pose[None], [0])
        self.sent = pose
        self._told.clear()
        self._told.append(pose)
        self._follow = self._astray = self._slow = 0
        self._age = self._overrun = self._held = 0.0
        self._origin, self.tick = self.clock.now(), 0

    def catch_up(self) -> float:
        """Bring filter and tick to now. Return how long the device has had no new setpoint [s], 0 if it was in time."""
        behind = self.clock.now() - (self._origin + self.tick * self.period)
        missed = int(behind / self.period + 1e-6)
        if missed <= 0:
            return 0.0
        self._told.extend(self.filter.coast(min(missed, self._follow + self.filter.memory), self._follow)[:, 0])
        self._follow = max(0, self._follow - missed)
        self.tick += missed
        return behind

    def must_hold(self) -> bool:
        """Say whether something that may pass forbids following the agent now."""
        old = self._age > self.guard.age
        return old or self._overrun > self.guard.overrun_hold or self._slow >= SLOW

    def run_period(self, action: Array | None) -> str:
        """Send one setpoint towards `action` (1, actuators) [rad], or brake; read at the next tick.

        Returns:
          What must stop the motion, or "".
        """
        begun = self.clock.now()
        self._follow = 0 if action is None else self._patience
        row = self.filter.brake() if action is None else self.filter(action)
        self.report.held += action is None
        self.report.rejected, self.report.clamped = int(self.filter.rejected[0]), int(self.filter.clamped[0])
        try:
            due = self._write(row)
            reading = self.driver.read()
        except Exception as error:  # the link is gone: nothing more can be sent
            self._freeze()
            return f"{self.driver.name}: {error}"
        now = self.clock.now()
        self.report.periods += 1
        self._held = self._held + now - begun if action is None else 0.0
        self._told.append(self.sent)
        self._note_overrun(now - due)
        cause = self._reception.take(reading, now, self.report)
        self._age = self._reception.age(now)
        return cause or self._check_time() or self._check_path()

    def end(self) -> None:
        """Brake to a standstill inside the limits and end the stream by the driver's own means. Idempotent."""
        if self.live:
            self.catch_up()
            with suppress(Exception):  # a device whose link fails now comes to rest by what it has been given
                moving = not self.filter.at_rest()
                while moving:  # to the end: the last two rows are equal
                    moving = not self.filter.at_rest()
                    self._follow = 0
                    self._write(self.filter.brake())
        self._stop_driver()

    def _write(self, row: Array) -> float:
        """Send `row` and what follows it, wait for the next tick and return its time [s]."""
        ahead = self.filter.ahead(self._follow + self.filter.memory, self._follow)
        self.sent = self.driver.write(np.concatenate([row, ahead[:, 0]]), self.tick)
        self.tick += 1
        due = self._origin + self.tick * self.period
        self.clock.sleep_until(due)
        return due

    def _check_start(self, pose: Array) -> None:
        limits = self.filter.limits
        if pose.shape != limits.lower.shape or not np.isfinite(pose).all():
            raise SafetyError("it has no finite pose")
        outside = np.maximum(limits.lower - pose, pose - limits.upper)
        if outside.max() > self.guard.start:
            name = self.driver.embodiment.actuators[int(outside.argmax())].name
            raise SafetyError(f"{name} stands {outside.max():.2f} rad outside its limits; check units and zero")

    def _await_readings(self) -> None:
        """Return once two good readings have followed each other."""
        for _ in range(ATTEMPTS):
            before = self._reception.newest
            self._reception.take(self.driver.read(), self.clock.now(), self.report)
            if before is not None and self._reception.newest is not before:
                return
            self.clock.sleep_until(self.clock.now() + self.period)
        raise SafetyError(f"no fresh reading ({self._reception.complaint or 'its stamp stands still'})")

    def _note_overrun(self, seconds: float) -> None:
        late = seconds >= self.period
        self._overrun = seconds
        self._slow = self._slow + 1 if late else 0
        self.report.overruns += late
        self.report.overrun = max(self.report.overrun, seconds)

    def _check_time(self) -> str:
        if self._age > self.guard.age_stop:
            return f"no good reading for {self._age:.2f} s"
        if self._overrun > self.guard.overrun_stop:
            return f"driver and world were {self._overrun:.2f} s behind their tick"
        if self._held > self.guard.hold_max:
            return f"held for {self._held:.2f} s"
        return ""

    def _check_path(self) -> str:
        """Return what is wrong where an arm joint does not follow; count fingers that do not."""
        if self._age > 0:  # where it is now is not known
            return ""
        pose, told = self.reading.pose, np.array(self._told)
        off = np.maximum(told.min(axis=0) - pose, pose - told.max(axis=0))
        far = off > self.guard.tracking
        arm = bool(far[self._arm].any())
        self.report.untracked += bool(far.any()) and not arm
        self._astray = self._astray + 1 if arm else 0
        if self._astray * self.period < self.guard.tracking_time - 1e-9:
            return ""
        worst = int(self._arm[off[self._arm].argmax()])
        return f"{self.driver.embodiment.actuators[worst].name} does not follow: {off[worst]:.2f} rad off its path"

    def _freeze(self) -> None:
        """Send nothing more."""
        self.broken = True
        self._stop_driver()

    def _stop_driver(self) -> None:
        self.live = False
        with suppress(Exception):
            self.driver.stop()
