"""Time as an object that is passed in, so that a test needs no waiting."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward."""

    def now(self) -> float:
        """Return the time [s]; its zero means nothing."""

    def sleep_until(self, instant: float) -> None:
        """Wait until `instant` [s] of now()'s scale; return at once if it has passed."""


class WallClock:
    """The monotonic clock of this machine."""

    def now(self) -> float:
        """Return the monotonic time [s]."""
        return time.monotonic()

    def sleep_until(self, instant: float) -> None:
        """Sleep; the last millisecond is waited out, since sleep() is coarse."""
        rest = instant - time.monotonic()
        if rest > 0.001:
            time.sleep(rest - 0.001)
        while time.monotonic() < instant:
            time.sleep(0)


class ManualClock:
    """A clock that moves only when it is told to, or slept on."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        """Return the time set so far [s]."""
        return self._now

    def sleep_until(self, instant: float) -> None:
        """Jump to `instant`."""
        self._now = max(self._now, instant)

    def pass_time(self, seconds: float) -> None:
        """Move forward."""
        self._now += seconds
