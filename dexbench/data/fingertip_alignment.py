"""Puts one hand's fingers where another hand's were: retargeting by fingertip alignment, a whole episode at once.

What is aligned are pads, seen from the palm that held them, and the vectors from the thumb's pad to the others'. The
vectors count the more the shorter they are, so that fingers that meet go on meeting: after DexPilot (Handa et al.,
"DexPilot: vision based teleoperation of dexterous robotic hand-arm system", ICRA 2020, section IV), whose weight jumps
where the distance falls below 1 cm; ours grows without a jump, since a whole motion is solved for. GR-Dexter's
retargeting has the same two kinds of vectors and a regulariser (arXiv 2512.24210); its weights are not published, and
ours were set by us. The palm may give way: hands differ in how far their pads are from their palms, and objects do not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.spatial.transform import Rotation

from dexbench.core.schema import Array

from .hand_pads import HandPads

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """What counts how much. Errors of pads are in units of 1 cm."""

    free: float = 0.3
    """Of a pad that touches nothing; one in contact counts 1."""
    vector: float = 1.0
    """Of a vector from the thumb; up to this much again for one that is short."""
    near: float = 0.05
    """Distance at which a vector is half short [m]."""
    normal: float = 0.5
    """Of a pad's normal [per rad]."""
    palm_shift: float = 0.25
    """Of the palm's shift from where it was [per cm]."""
    palm_turn: float = 1.5
    """Of its turn [per rad]."""
    posture: float = 0.1
    """Of the fingers' distance from the posture that is meant by the motors' roles [per rad]."""
    smooth: float = 12.0
    """Of changes from frame to frame [per rad and frame, per 10 cm and frame]."""


@dataclass(frozen=True)
class Aligned:
    """T frames of a hand."""

    commands: Floats
    """(T, m) of the fingers' motors [rad]."""
    shift: Floats
    """(T, 3) of the palm from where the other hand's was, in that one's frame [m]."""
    turn: Floats
    """(T, 3, 3) of the palm in that frame."""
    error: Floats
    """(T, F) of the pads that both hands have [m]."""
    fingers: tuple[str, ...]
    """Their names."""


@dataclass(frozen=True)
class Wanted:
    """T frames of another hand, seen from its palm; F fingers."""

    fingers: tuple[str, ...]
    pads: Floats
    """(T, F, 3) [m]."""
    normals: Floats
    """(T, F, 3) out of the pads."""
    contact: Floats
    """(T, F) in [0, 1]: how surely a pad touches something."""


def align(
    hand: HandPads,
    wanted: Wanted,
    posture: Array,
    weights: Weights | None = None,
    steps: int = 30,
    palm: tuple[Floats, Floats] | None = None,
) -> Aligned:
    """Return the motion of `hand` that brings its pads where others were: Gauss-Newton over all frames together.

    Args:
      hand: that is to move.
      wanted: where to; fingers that `hand` lacks are left out.
      posture: (T, m) commands [rad] from which the search starts, and which it keeps near.
      weights: what counts how much.
      steps: most iterations.
      palm: shift (T, 3) and turn (T, 3, 3) where the arm holds the palm: fingers do what they can from there.
    """
    problem = _Problem(hand, wanted, posture, weights or Weights(), held=palm is not None)
    shift, turn = palm or (np.zeros((len(posture), 3)), np.tile(np.eye(3), (len(posture), 1, 1)))
    place = _Place(np.clip(posture, hand.lower, hand.upper), shift, turn)
    residual, cost = problem.residual(place)
    damping = 1e-3
    for _ in range(steps):
        slope = problem.slope(place)
        while damping < 1e4:
            tried = problem.moved(place, problem.step(place, slope, residual, damping))
            there, less = problem.residual(tried)
            if less < cost:
                break
            damping *= 10
        else:
            break
        gained, place, residual, cost = cost - less, tried, there, less
        damping = max(damping / 10, 1e-6)
        if gained < 1e-4 * cost:
            break
    return Aligned(*place.parts, problem.distance(place), problem.fingers)


@dataclass(frozen=True)
class _Place:
    commands: Floats
    shift: Floats
    turn: Floats

    @property
    def parts(self) -> tuple[Floats, Floats, Floats]:
        return self.commands, self.shift, self.turn


class _Problem:
    """Residuals (T, R) of each frame, and what ties a frame to the next.

    Unknown of each frame: the palm's shift [10 cm] and turn [rad], then the fingers' commands [rad].
    """

    def __init__(self, hand: HandPads, wanted: Wanted, posture: Floats, weights: Weights, held: bool) -> None:
        self.fingers = tuple(f for f in wanted.fingers if f in hand.fingers)
        theirs = [wanted.fingers.index(f) for f in self.fingers]
        self._hand, self._posture, self._weights, self._held = hand, posture, weights, held
        self._ours = [hand.fingers.index(f) for f in self.fingers]
        self._thumb = self.fingers.index("thumb")
        self._pads, self._normals = wanted.pads[:, theirs], wanted.normals[:, theirs]
        self._touch = weights.free + (1 - weights.free) * wanted.contact[:, theirs]
        away = np.linalg.norm(self._pads - self._pads[:, [self._thumb]], axis=2)
        self._vector = weights.vector * (1 + 1 / (1 + (away / weights.near) ** 4))
        self._vector[:, self._thumb] = 0.0

    def _seen(self, place: _Place) -> tuple[Floats, Floats]:
        """Return pads, but for the shift, and normals (T, F, 3), both in the other palm's frame."""
        points, outs = (v[:, self._ours].swapaxes(1, 2) for v in self._hand.at_commands(place.commands))
        return (place.turn @ points).swapaxes(1, 2), (place.turn @ outs).swapaxes(1, 2)

    def distance(self, place: _Place) -> Floats:
        """Return how far pads are from where they should be (T, F) [m]."""
        found: Floats = np.linalg.norm(self._seen(place)[0] + place.shift[:, None] - self._pads, axis=2)
        return found

    def residual(self, place: _Place) -> tuple[Floats, float]:
        """Return the residuals and the cost: half their square, and that of the changes from frame to frame."""
        w = self._weights
        points, outs = self._seen(place)
        off = 100 * (points + place.shift[:, None] - self._pads)
        count = len(off)
        found = np.concatenate(
            [
                (self._touch[..., None] * off).reshape(count, -1),
                (self._vector[..., None] * (off - off[:, [self._thumb]])).reshape(count, -1),
                (w.normal * self._touch[..., None] * (outs - self._normals)).reshape(count, -1),
                w.palm_shift * 100 * place.shift,
                w.palm_turn * rotation_vectors(place.turn),
                w.posture * (place.commands - self._posture),
            ],
            1,
        )
        changes = w.smooth * np.diff(self._state(place), axis=0)
        return found, float((found**2).sum() + (changes**2).sum()) / 2

    def slope(self, place: _Place) -> Floats:
        """Return the derivatives (T, R, 6 + m) of the residuals."""
        w = self._weights
        points, outs = self._seen(place)
        move, bend = (v[:, self._ours] for v in self._hand.slopes(place.commands))
        count, m = place.commands.shape
        turn = place.turn[:, None]
        off = np.concatenate(
            [np.broadcast_to(10 * np.eye(3), (*points.shape, 3)), -100 * crosses(points), 100 * turn @ move], 3
        )
        face = np.concatenate([np.zeros((*points.shape, 3)), -crosses(outs), turn @ bend], 3)
        own = np.zeros((count, 6 + m, 6 + m))
        scale = np.array([10 * w.palm_shift] * 3 + [w.palm_turn] * 3 + [w.posture] * m)
        own[:] = np.diag(scale)
        return np.concatenate(
            [
                (self._touch[..., None, None] * off).reshape(count, -1, 6 + m),
                (self._vector[..., None, None] * (off - off[:, [self._thumb]])).reshape(count, -1, 6 + m),
                (w.normal * self._touch[..., None, None] * face).reshape(count, -1, 6 + m),
                own,
            ],
            1,
        )

    def step(self, place: _Place, slope: Floats, residual: Floats, damping: float) -> Floats:
        """Return the change (T, 6 + m) that Gauss and Newton take: one banded system for all frames."""
        count, _, size = slope.shape
        tie = self._weights.smooth**2
        state = self._state(place)
        pull = np.zeros_like(state)
        change = np.diff(state, axis=0)
        pull[:-1] -= tie * change
        pull[1:] += tie * change
        gradient = np.einsum("tri,tr->ti", slope, residual) + pull
        block = slope.swapaxes(1, 2) @ slope
        ends = np.full(count, 2.0)
        ends[[0, -1]] = 1.0 if count > 1 else 0.0
        at = np.arange(size)
        block[:, at, at] += (tie * ends + damping)[:, None]
        link = np.full((count, size), -tie)
        # a command at its limit that is pushed outwards takes no part
        commands = place.commands
        stuck = np.zeros((count, size), bool)
        stuck[:, :6] = self._held
        stuck[:, 6:] = ((commands <= self._hand.lower) & (gradient[:, 6:] > 0)) | (
            (commands >= self._hand.upper) & (gradient[:, 6:] < 0)
        )
        block *= ~stuck[:, :, None] & ~stuck[:, None, :]
        block[:, at, at] += stuck
        link[:-1] *= ~stuck[:-1] & ~stuck[1:]
        gradient = gradient * ~stuck
        bands = np.zeros((size + 1, count * size))  # lower form: bands[k, j] is the entry k below the diagonal
        for k in range(size):
            column = np.zeros((count, size))
            column[:, : size - k] = np.diagonal(block, -k, 1, 2)
            bands[k] = column.reshape(-1)
        bands[size] = link.reshape(-1)
        bands[size, (count - 1) * size :] = 0.0
        found: Floats = solveh_banded(bands, -gradient.reshape(-1), lower=True).reshape(count, size)
        return found

    def moved(self, place: _Place, change: Floats) -> _Place:
        """Return the place after a change."""
        commands = np.clip(place.commands + change[:, 6:], self._hand.lower, self._hand.upper)
        return _Place(commands, place.shift + change[:, :3] / 10, rotations(change[:, 3:6]) @ place.turn)

    def _state(self, place: _Place) -> Floats:
        return np.concatenate([10 * place.shift, rotation_vectors(place.turn), place.commands - self._posture], 1)


def crosses(vectors: Floats) -> Floats:
    """Return matrices (..., 3, 3) whose product with u is the cross product of `vectors` (..., 3) and u."""
    found = np.zeros((*vectors.shape, 3))
    x, y, z = np.moveaxis(vectors, -1, 0)
    found[..., 0, 1], found[..., 0, 2], found[..., 1, 2] = -z, y, -x
    found[..., 1, 0], found[..., 2, 0], found[..., 2, 1] = z, -y, x
    return found


def rotations(vectors: Floats) -> Floats:
    """Return rotations (n, 3, 3) of rotation vectors (n, 3) [rad]."""
    return Rotation.from_rotvec(vectors).as_matrix()


def rotation_vectors(turns: Floats) -> Floats:
    """Return rotation vectors (n, 3) [rad] of rotations (n, 3, 3)."""
    return Rotation.from_matrix(turns).as_rotvec()
