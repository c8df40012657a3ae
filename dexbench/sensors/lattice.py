"""A lattice of taxels: how the force on a pad is shared out over them."""

from collections.abc import Sequence

import numpy as np

from dexbench.core.schema import Array

STEPS = 32
"""Positions told apart per pitch: shares are looked up, not computed (0.1 mm at a pitch of 3 mm). Even, so that
taxel centres and the middles between them fall on a position, not on the border between two."""


class Lattice:
    """The taxels of a pad, rows by columns, and the shares they take of a force.

    Along each direction a force at x [pitches from the middle of the pad] gives the taxel at x_i the share

        w_i(x) = exp(-(x - x_i)^2 / 2 spread^2) / sum_j exp(-(x - x_j)^2 / 2 spread^2)

    so the shares sum to one wherever the force is; beyond the outermost taxels they stay what they are there. The share
    of a taxel of the lattice is the product of its row's and its column's. Where places of the lattice have no taxel,
    the others take the force: their shares are divided by their sum.

    Args:
      rows: number of taxels along the pad.
      columns: number across it.
      rim: how far beyond the outermost taxels forces can be [pitches].
      spread: standard deviation of the patch a force leaves [taxel pitches]. It is a model, no physics. Below 0.5 a
        force in the middle of a taxel lights that taxel alone; above 0.9 the centre of pressure of a force on an
        outermost taxel would be read more than half a pitch away from it, and above 0.75 beside absent ones.
      absent: (row, column) of the places without a taxel.
    """

    def __init__(
        self, rows: int, columns: int, rim: float, spread: float = 0.8, absent: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.rows, self.columns, self.absent = rows, columns, tuple(absent)
        beyond = int(np.ceil(rim * STEPS)) + 1
        along, across = (_shares(count, beyond, spread) for count in (rows, columns))
        self.along, self.across = along, across
        """(positions, taxels): the shares, STEPS positions to a pitch."""
        self.middle = (beyond + (rows - 1) * STEPS // 2, beyond + (columns - 1) * STEPS // 2)
        """The positions that are the middle of the pad, along and across it."""

    def largest(self) -> float:
        """Return a bound of the share that a taxel can take of a force."""
        missing = sum((np.outer(self.along[:, i], self.across[:, j]) for i, j in self.absent), np.zeros(()))
        return float(self.along.max() * self.across.max() / (1 - missing).min())


def _shares(count: int, beyond: int, spread: float) -> Array:
    """Return (positions, count) shares, with `beyond` more positions at either end."""
    centres = np.arange(count) - (count - 1) / 2
    half = (count - 1) * STEPS // 2
    x = np.clip(np.arange(-half - beyond, half + beyond + 1), -half, half) / STEPS
    bell = np.exp(-0.5 * np.square((x[:, None] - centres) / spread))
    return np.asarray(bell / bell.sum(axis=1, keepdims=True))
