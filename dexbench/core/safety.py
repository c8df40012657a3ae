"""The safety filter between agent and motors: always in the path, in simulation as on hardware.

Every joint's setpoint goes through a rate limiter and two moving averages. The bounds then hold by construction, for
any sequence of targets and at any time:

- position: an average of values inside an interval is inside it;
- speed: the rate limiter bounds it by V, averaging does not raise it;
- acceleration: the first average, over N ticks, changes its speed by (v - v N ticks ago) / N a tick, at most
  2 V / (N dt) a second, so N = ceil(2 V / (A dt)) gives A;
- jerk: the second, over M ticks, likewise: with A' = 2 V / (N dt) <= A, M = ceil(2 A' / (J dt)) gives J.

They hold for finite differences of the setpoints, once a control period, up to rounding (1e-12 of a bound). Scaling
the rate limiter down at any time (`pace`) keeps them, and so does stopping (`brake`): the limiter then stands still,
and the setpoint comes to rest within N + M - 2 ticks.

Finite impulse response filters as trajectory generators: Biagiotti and Melchiorri, "FIR filters for online trajectory
planning with time- and frequency-domain specifications", Control Engineering Practice 20 (2012). The price is a fixed
lag of (N + M - 2) / 2 ticks (`lag`).

These limits are not a safety function in the sense of ISO 10218 or ISO 13849: the hardware's emergency stop, enabling
device and own limits stay in place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dexbench.core.errors import ActionError, SafetyError
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

        Raises:
          SafetyError: limits that are no limits: not finite, not positive, or upper below lower.
        """
        _check(limits)
        self.limits = limits
        self.period = period
        self.rejected = np.zeros(n, np.int64)
        """(n,) targets that were not finite."""
        self.clamped = np.zeros(n, np.int64)
        """(n,) targets outside the position limits."""
        self._weights = _weights(limits, period)
        joints = len(limits.lower)
        # Bounds as (n, joints): at n = 1 broadcasting would cost more than the arithmetic.
        self._lower, self._upper = (np.tile(bound, (n, 1)).astype(float) for bound in (limits.lower, limits.upper))
        self._step = np.tile(limits.velocity * period, (n, 1))
        self._back = -self._step
        self._target = np.zeros((n, joints))
        self._newest = np.zeros((n, joints))  # rate-limited targets
        self._moves = np.zeros((n, self._weights.shape[1], joints))  # their increments, newest first
        self._product = np.zeros_like(self._moves)

    @property
    def lag(self) -> NDArray[np.float64]:
        """(actuators,) delay of the setpoint behind a target that moves slower than the limits [s]."""
        return np.asarray(self._weights[0].sum(axis=0) * self.period)

    @property
    def memory(self) -> int:
        """Ticks after which a target is forgotten: a brake comes to rest within so many."""
        return int(self._weights.shape[1])

    @property
    def setpoint(self) -> NDArray[np.float64]:
        """(n, actuators) the setpoints given last [rad]."""
        return self._smooth(self._newest, self._moves)

    def reset(self, setpoint: Array, worlds: WorldIds) -> None:
        """Start `worlds` at rest at `setpoint` (len(worlds), actuators) [rad], or all at the same (actuators,).

        A start outside the position limits is allowed, so that no setpoint jumps: it moves inside like any motion.
        """
        self._target[worlds] = setpoint
        self._newest[worlds] = setpoint
        self._moves[worlds] = 0
        self.rejected[worlds] = 0
        self.clamped[worlds] = 0

    def pace(self, fraction: float) -> None:
        """Use only `fraction` of the speed limits, in (0, 1], from the next tick on."""
        if not 0 < fraction <= 1:
            raise SafetyError(f"a pace of {fraction} was asked for; it lies in (0, 1]")
        self._step[:] = self.limits.velocity * (self.period * fraction)
        self._back[:] = -self._step

    def __call__(self, target: Array, worlds: WorldIds | None = None) -> NDArray[np.float64]:
        """Return the next setpoints (len(worlds), actuators) [rad] on the way to `target` of the same shape.

        Args:
          target: joint positions [rad].
          worlds: sorted; default: all.

        Raises:
          ActionError: `target` has another shape.
        """
        rows, n = self._rows(worlds)
        if target.shape != (n, self._target.shape[1]):
            raise ActionError(f"an action of shape {target.shape} was given, {(n, self._target.shape[1])} is expected")
        wanted = np.fmax(target, self._lower[:n])  # NaN becomes the bound
        np.minimum(wanted, self._upper[:n], out=wanted)
        if wanted.tobytes() != target.tobytes():  # the quickest way to ask whether anything was changed
            self._judge(target, wanted, rows)
        if isinstance(rows, slice):
            self._target = wanted
        else:
            self._target[rows] = wanted
        return self._step_to(wanted, rows)

    def brake(self, worlds: WorldIds | None = None) -> NDArray[np.float64]:
        """Return the next setpoints (len(worlds), actuators) [rad] on the way to rest; forgets the target."""
        rows, _ = self._rows(worlds)
        self._target[rows] = self._newest[rows]
        return self._step_to(self._newest[rows], rows)

    def at_rest(self) -> bool:
        """Say whether no setpoint moves any more."""
        return not self._moves.any()

    def coast(self, rows: int, follow: int) -> NDArray[np.float64]:
        """Return (rows, n, actuators) the next setpoints without a new target.

        Args:
          rows: how many.
          follow: the first so many stay on the way to the last target, the others brake.
        """
        found = np.empty((rows, *self._target.shape))
        for i in range(rows):
            found[i] = self._step_to(self._target, slice(None)) if i < follow else self.brake()
        return found

    def ahead(self, rows: int, follow: int) -> NDArray[np.float64]:
        """Return what coast() would, and leave the filter as it is."""
        target, newest, moves = self._target.copy(), self._newest.copy(), self._moves.copy()
        found = self.coast(rows, follow)
        self._target[:], self._newest[:], self._moves[:] = target, newest, moves
        return found

    def _rows(self, worlds: WorldIds | None) -> tuple[Array | slice, int]:
        """Return the index of `worlds` and how many they are; all are a slice, which makes views."""
        if worlds is None or len(worlds) == len(self._target):
            return slice(None), len(self._target)
        return np.asarray(worlds), len(worlds)

    def _judge(self, target: Array, wanted: Array, rows: Array | slice) -> None:
        """Count targets that were clipped; put the last good target where one is not finite."""
        outside = np.logical_or.reduce(wanted != target, axis=1)
        finite = np.isfinite(target)
        if np.count_nonzero(finite) < finite.size:
            bad = ~finite.all(axis=1)
            self.rejected[rows] += bad
            outside &= ~bad
            wanted[bad] = self._target[rows][bad]
        self.clamped[rows] += outside

    def _step_to(self, wanted: Array, rows: Array | slice) -> NDArray[np.float64]:
        """Move one tick towards `wanted`; return the setpoints."""
        last, moves = self._newest[rows], self._moves[rows]  # views of all worlds, copies of some
        n, joints = last.shape
        move = wanted - last
        np.maximum(move, self._back[:n], out=move)
        np.minimum(move, self._step[:n], out=move)
        flat = moves.reshape(n, -1)
        flat[:, joints:] = flat[:, :-joints]
        flat[:, :joints] = move
        last += move
        if not isinstance(rows, slice):
            self._newest[rows], self._moves[rows] = last, moves
        return self._smooth(last, moves)

    def _smooth(self, newest: Array, moves: Array) -> NDArray[np.float64]:
        """Return the double average of the rate-limited targets, counted back from the newest.

        Written in increments it is exact at rest: a constant target is reached to the last bit.
        """
        product = np.multiply(moves, self._weights, out=self._product[: len(moves)])
        rest: NDArray[np.float64] = np.add.reduce(product, 1)
        return np.subtract(newest, rest, out=rest)


def _weights(limits: Limits, period: float) -> NDArray[np.float64]:
    """Return (1, length, joints): how much of each past increment, newest first, the setpoint has yet to make.

    It is the tail of the kernel of the two averages in a row.
    """
    first = np.maximum(np.ceil(2 * limits.velocity / (limits.acceleration * period) - 1e-9), 1).astype(int)
    reached = 2 * limits.velocity / (first * period)  # the acceleration that the first average leaves
    second = np.maximum(np.ceil(2 * reached / (limits.jerk * period) - 1e-9), 1).astype(int)
    weights = np.zeros((max(int((first + second).max()) - 2, 1), len(first)))
    for j, (a, b) in enumerate(zip(first, second, strict=True)):
        kernel = np.convolve(np.full(a, 1 / a), np.full(b, 1 / b))
        weights[: len(kernel) - 1, j] = np.cumsum(kernel[:0:-1])[::-1]
    return weights[None]


def _check(limits: Limits) -> None:
    rates = np.array([limits.velocity, limits.acceleration, limits.jerk])
    bounds = np.array([limits.lower, limits.upper])
    if not (np.isfinite(rates).all() and np.isfinite(bounds).all() and (rates > 0).all()):
        raise SafetyError("a limit is not a positive, finite number: every joint needs all of them")
    wrong = np.flatnonzero(bounds[0] > bounds[1])
    if len(wrong):
        raise SafetyError(f"joint {int(wrong[0])} has its lower limit {bounds[0][wrong[0]]} above its upper")
