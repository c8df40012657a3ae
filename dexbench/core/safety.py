"""The safety filter between agent and motors: always in the path, in simulation as on hardware.

Every joint's setpoint goes through a rate limiter and two moving averages. The bounds then hold by construction, for
any sequence of targets and at any time:

- position: an average of values inside an interval is inside it;
- speed: the rate limiter bounds it by V, averaging does not raise it;
- acceleration: the first average, over N ticks, changes its speed by at most 2 V / (N dt) a second, so
  N = ceil(2 V / (A dt)) gives A;
- jerk: the second, over M ticks, likewise: M = ceil(2 A / (J dt)) gives J.

Finite impulse response filters as trajectory generators: Biagiotti and Melchiorri, "FIR filters for online trajectory
planning with time- and frequency-domain specifications", Control Engineering Practice 20 (2012). The price is a fixed
lag of (N + M - 2) / 2 ticks.

These limits are not a safety function in the sense of ISO 10218 or ISO 13849: the hardware's emergency stop, enabling
device and own limits stay in place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dexbench.core.errors import ActionError
from dexbench.core.scene import WorldIds
from dexbench.core.schema import Array


@dataclass(frozen=True)
class Limits:
    """Bounds of each commanded joint; all arrays are (actuators,)."""

    lower: Array
    """[rad]"""
    upper: Array
    """[rad]"""
    velocity: Array
    """[rad/s]"""
    acceleration: Array
    """[rad/s^2]"""
    jerk: Array
    """[rad/s^3]"""


class SafetyFilter:
    """Turns targets into setpoints that keep position, speed, acceleration and jerk within limits, for n worlds.

    A target that is not finite is rejected: the last good target stays in force, and `rejected` counts it.
    """

    def __init__(self, limits: Limits, n: int, period: float) -> None:
        """Make a filter.

        Args:
          limits: bounds of each joint.
          n: number of worlds.
          period: control period [s].
        """
        self.limits = limits
        self.period = period
        self.rejected = np.zeros(n, np.int64)
        """(n,) targets that were not finite."""
        self.clamped = np.zeros(n, np.int64)
        """(n,) targets outside the position limits."""
        self._kernel = _kernel(limits, period)
        joints = len(limits.lower)
        self._step = limits.velocity * period
        self._target = np.zeros((n, joints))
        self._history = np.zeros((n, len(self._kernel), joints))  # rate-limited targets, oldest first

    @property
    def setpoint(self) -> NDArray[np.float64]:
        """(n, actuators) the setpoints given last [rad]."""
        return np.asarray((self._history * self._kernel).sum(axis=1))

    def reset(self, setpoint: Array, worlds: WorldIds) -> None:
        """Start `worlds` at rest at `setpoint` (len(worlds), actuators) [rad], clipped to the limits."""
        at = np.clip(setpoint, self.limits.lower, self.limits.upper)
        self._target[worlds] = at
        self._history[worlds] = at[:, None]
        self.rejected[worlds] = 0
        self.clamped[worlds] = 0

    def __call__(self, target: Array, worlds: WorldIds | None = None) -> NDArray[np.float64]:
        """Return the next setpoints (len(worlds), actuators) [rad] on the way to `target` of the same shape."""
        rows: WorldIds | slice = slice(None) if worlds is None else np.asarray(worlds)
        history = self._history[rows]  # a view of all worlds, a copy of some
        if target.shape != (len(history), history.shape[2]):
            raise ActionError(
                f"an action of shape {target.shape} was given, {(len(history), history.shape[2])} is expected"
            )
        wanted = np.minimum(np.maximum(target, self.limits.lower), self.limits.upper)
        outside = wanted != target
        if outside.any():
            bad = ~np.isfinite(target).all(axis=1)
            self.rejected[rows] += bad
            self.clamped[rows] += outside.any(axis=1) & ~bad
            wanted[bad] = self._target[rows][bad]
        self._target[rows] = wanted
        last = history[:, -1]
        newest = last + np.minimum(np.maximum(wanted - last, -self._step), self._step)
        history[:, :-1] = history[:, 1:]
        history[:, -1] = newest
        if worlds is not None:
            self._history[rows] = history
        return np.asarray((history * self._kernel).sum(axis=1))


def _kernel(limits: Limits, period: float) -> NDArray[np.float64]:
    """Return (length, joints) weights, oldest first, of the two averages in a row; each column sums to one."""
    first = np.ceil(2 * limits.velocity / (limits.acceleration * period) - 1e-9).astype(int)
    second = np.ceil(2 * limits.acceleration / (limits.jerk * period) - 1e-9).astype(int)
    length = int((first + second).max()) - 1
    kernel = np.zeros((length, len(first)))
    for j, (a, b) in enumerate(zip(np.maximum(first, 1), np.maximum(second, 1), strict=True)):
        both = np.convolve(np.full(a, 1 / a), np.full(b, 1 / b))
        kernel[length - len(both) :, j] = both
    return kernel
