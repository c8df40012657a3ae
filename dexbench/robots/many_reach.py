"""Inverse kinematics of one arm for many poses at once: whole arrays, a tenth of the time of one after the other."""

import numpy as np

from dexbench.core.schema import Array
from dexbench.robots.kinematics import LEVER, Reach

CLOSE = (1e-4, 1e-3)
"""Errors below which a pose counts as reached [m, rad], as for one pose."""
ENOUGH = (1e-6, 1e-5)
"""Errors at which no further step is made [m, rad]."""


class ManyReach:
    """The steps of `Reach.solve`, taken for N poses together."""

    def __init__(self, reach: Reach) -> None:
        """Prepare for the chain of `reach`."""
        self.reach = reach
        self._anchors, self._axes, self._site, self._turn = reach.screws()
        c, x = len(self._axes), self._axes
        self._cross = np.zeros((c, 3, 3))
        self._cross[:, 0, 1], self._cross[:, 0, 2], self._cross[:, 1, 2] = -x[:, 2], x[:, 1], -x[:, 0]
        self._cross[:, 1, 0], self._cross[:, 2, 0], self._cross[:, 2, 1] = x[:, 2], -x[:, 1], x[:, 0]
        self._square = self._cross @ self._cross

    def solve(self, positions: Array, turns: Array, seeds: Array, steps: int = 40) -> tuple[Array, Array]:
        """Return the chain angles at which each solve ended (N, C) [rad] and whether the pose is reached there (N,).

        Args:
          positions: (N, 3) of the frame in the cell frame [m].
          turns: (N, 3, 3) its rotation.
          seeds: (N, C) chain angles to start from [rad].
          steps: most iterations.
        """
        reach = self.reach
        q = np.clip(seeds, reach.lower, reach.upper)
        best, least, found = q.copy(), np.full(len(q), np.inf), np.zeros(len(q), bool)
        rows = np.arange(len(q))
        for step in range(steps + 1):
            jacobian, at, turn = self._forward(q)
            error = np.concatenate([positions[rows] - at, _vector(turns[rows] @ turn.transpose(0, 2, 1))], axis=1)
            away, twist = np.linalg.norm(error[:, :3], axis=1), np.linalg.norm(error[:, 3:], axis=1)
            cost = away + LEVER * twist
            better = cost < least[rows]
            chosen = rows[better]
            best[chosen], least[chosen] = q[better], cost[better]
            found[chosen] = (away[better] < CLOSE[0]) & (twist[better] < CLOSE[1])
            stay = (away >= ENOUGH[0]) | (twist >= ENOUGH[1])
            if step == steps or not stay.any():
                break
            if not stay.all():
                rows, q, jacobian, error = rows[stay], q[stay], jacobian[stay], error[stay]
            q = self._stepped(q, jacobian, error)
        return best, found

    def _stepped(self, q: Array, jacobian: Array, error: Array) -> Array:
        """Return (N, C) the angles one damped step further."""
        reach = self.reach
        scaled = jacobian * reach.weight
        scaled[:, 3:] *= LEVER
        error = error * np.array([1, 1, 1, LEVER, LEVER, LEVER])
        push = np.einsum("nij,ni->nj", scaled, error)
        stuck = ((q <= reach.lower) & (push < 0)) | ((q >= reach.upper) & (push > 0))
        scaled *= ~stuck[:, None]
        damping = 1e-6 + 0.01 * (error * error).sum(axis=1)
        square = scaled @ scaled.transpose(0, 2, 1) + damping[:, None, None] * np.eye(6)
        dq = reach.weight * np.einsum("nij,ni->nj", scaled, np.linalg.solve(square, error[:, :, None])[:, :, 0])
        dq *= np.minimum(1.0, 0.4 / np.abs(dq).max(axis=1).clip(1e-9))[:, None]
        return np.asarray(np.clip(q + dq, reach.lower, reach.upper))

    def _forward(self, q: Array) -> tuple[Array, Array, Array]:
        """Return Jacobians (N, 6, C), positions (N, 3) and rotations (N, 3, 3) of the frame: products of screws."""
        n, c = q.shape
        sine, cosine = np.sin(q)[..., None, None], (1 - np.cos(q))[..., None, None]
        own = np.eye(3) + sine * self._cross + cosine * self._square  # (N, C, 3, 3)
        shift = self._anchors - np.einsum("ncij,cj->nci", own, self._anchors)
        turn, at = np.broadcast_to(np.eye(3), (n, 3, 3)), np.zeros((n, 3))
        axes, anchors = np.empty((n, c, 3)), np.empty((n, c, 3))
        for k in range(c):
            axes[:, k] = turn @ self._axes[k]
            anchors[:, k] = turn @ self._anchors[k] + at
            at = (turn @ shift[:, k, :, None])[:, :, 0] + at
            turn = turn @ own[:, k]
        at = turn @ self._site + at
        lever = _cross(axes, at[:, None] - anchors)
        return np.concatenate([lever, axes], axis=2).transpose(0, 2, 1), at, turn @ self._turn


def _cross(a: Array, b: Array) -> Array:
    """Return cross products (..., 3): what numpy's own does in a third of the time."""
    found = np.empty(a.shape)
    for k, i, j in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        found[..., k] = a[..., i] * b[..., j] - a[..., j] * b[..., i]
    return found


def _vector(turns: Array) -> Array:
    """Return (N, 3) rotation vectors [rad] of rotations (N, 3, 3)."""
    twist = (turns - turns.transpose(0, 2, 1))[:, [2, 0, 1], [1, 2, 0]] / 2
    sine = np.linalg.norm(twist, axis=1)
    cosine = (turns[:, 0, 0] + turns[:, 1, 1] + turns[:, 2, 2] - 1) / 2
    angle = np.arctan2(sine, cosine)
    vector = twist * np.where(sine > 1e-9, angle / sine.clip(1e-9), 1.0)[:, None]
    half = (sine <= 1e-6) & (cosine < 0)  # half a turn: its axis is a column of R + 1
    if half.any():
        columns = turns[half] + np.eye(3)
        sizes = np.linalg.norm(columns, axis=1)
        widest = sizes.argmax(axis=1)
        picked = np.arange(len(widest))
        vector[half] = np.pi * columns[picked, :, widest] / sizes[picked, widest][:, None]
    return np.asarray(vector)
