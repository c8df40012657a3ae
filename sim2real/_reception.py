"""Decides which readings are believed, and how old the newest one is. Ages are taken on our own monotonic clock."""

import numpy as np

from dexbench.core.driver import Reading
from dexbench.core.schema import Array, Schema

from .guard import Guard, Report

CLOCK_STEP = 1.0
"""A stamp that goes back by less is an old packet; any larger jump is a step of the device's clock [s]."""


class Reception:
    """The newest good reading."""

    def __init__(self, schema: Schema, speed: Array, guard: Guard) -> None:
        """Make it; begin() comes first.

        Args:
          schema: the declared observation.
          speed: (actuators,) speed limits [rad/s].
          guard: thresholds.
        """
        self._schema = schema
        self._fields = list(schema.fields)
        self._speed = speed
        self._guard = guard
        self._since = 0.0
        self._bad = 0
        self.newest: Reading | None = None
        self.complaint = ""
        """What was wrong with the last reading that was not believed."""

    def begin(self, supplied: frozenset[str]) -> None:
        """Forget all readings; fields in `supplied` come from elsewhere and are not asked for."""
        self._fields = [f for f in self._schema.fields if f.name not in supplied]
        self.newest, self._bad, self.complaint = None, 0, ""

    def take(self, reading: Reading, now: float, report: Report) -> str:
        """Believe `reading` or not; return the cause of a STOP, or "".

        Args:
          reading: what the driver returned.
          now: time [s].
          report: counts are added to it.
        """
        last = self.newest
        if last is not None:
            step = reading.stamp - last.stamp
            if step == 0 or -CLOCK_STEP < step < 0:
                report.stale += 1
                return ""
            report.clock_steps += abs(step) >= CLOCK_STEP
        fault = self._fault(reading, now)
        if fault:
            report.dropped += 1
            self._bad += 1
            self.complaint = fault
            return fault if self._bad >= self._guard.bad_in_row else ""
        self.newest, self._since, self._bad = reading, now, 0
        return ""

    def age(self, now: float) -> float:
        """Return the age of the newest good reading [s]."""
        return now - self._since if self.newest is not None else np.inf

    def _fault(self, reading: Reading, now: float) -> str:
        if reading.pose.shape != self._speed.shape or not np.isfinite(reading.pose).all():
            return "a reading without a finite pose"
        for f in self._fields:
            value = reading.fields.get(f.name)
            if value is None:
                return f"a reading without {f.name!r}"
            if value.shape != (1, *f.shape):
                return f"a reading whose {f.name!r} has shape {value.shape}"
            if not np.isfinite(value).all():
                return f"a reading whose {f.name!r} is not finite"
        if self.newest is not None:
            allowed = self._guard.jump + 2 * self._speed * (now - self._since)
            jumped = np.abs(reading.pose - self.newest.pose) > allowed
            if jumped.any():
                return f"a jump of joint {int(np.argmax(jumped))} that it cannot make"
        return ""
