"""Where something upright and round may stand, told by fingertips that came down on it or missed it."""

import numpy as np

from dexbench.core.schema import Array

WITHIN, BEYOND = 0.024, 0.040
"""Distances from the middle up to which a fingertip surely meets the top, and from which on it does not [m]: the cans'
radii are 28 to 36 mm, and a tip is wide."""
SURE, STRAY = 0.97, 0.02
"""Chances that a tip within is felt, and that one beyond is."""
CELL = 0.01
"""Size of the cells in which places are told apart [m]."""


class Belief:
    """Weights of the cells of a rectangle about the origin of a frame on the table."""

    def __init__(self, half: Array) -> None:
        """Know nothing: `half` (2,) are half the sizes of the rectangle in which the middle of the thing is [m]."""
        axes = [np.linspace(-h, h, max(2, round(2 * h / CELL) + 1)) for h in half]
        self.cells: Array = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
        """(M, 2) where the middle may be [m]."""
        self.weight: Array = np.full(len(self.cells), 1.0 / len(self.cells))
        """(M,) their chances."""

    @property
    def mean(self) -> Array:
        """(2,) where it is expected [m]."""
        return np.asarray(self.weight @ self.cells)

    @property
    def spread(self) -> float:
        """Root of the mean square distance from there [m]."""
        return float(np.sqrt(self.weight @ ((self.cells - self.mean) ** 2).sum(axis=1)))

    def hits(self, tips: Array) -> Array:
        """Return (..., M): for each cell, the chance that one of `tips` (..., F, 2) meets what stands there."""
        away = np.linalg.norm(tips[..., None, :] - self.cells, axis=-1)
        over = np.clip((BEYOND - away.min(axis=-2)) / (BEYOND - WITHIN), 0.0, 1.0)
        return np.asarray(STRAY + (SURE - STRAY) * over)

    def update(self, tips: Array, felt: Array, low: Array) -> None:
        """Take in what fingertips met.

        Args:
          tips: (F, 2) where they were.
          felt: (F,) bool, which of them met something. If any did, the others say nothing: it may have held them up.
          low: (F,) bool, which of them were low enough to meet it.
        """
        if not felt.any() and not low.any():
            return
        chance = np.prod(self.hits(tips[felt][:, None]), axis=0) if felt.any() else 1.0 - self.hits(tips[low])
        self.weight = self.weight * chance
        self.weight /= self.weight.sum()

    def doubt(self, at: Array, share: float = 0.5, reach: float = 0.06) -> None:
        """Believe that it moved from `at` (2,) by about `reach` [m]; `share` is left for everywhere else."""
        near = np.exp(-0.5 * ((self.cells - at) ** 2).sum(axis=1) / reach**2)
        self.weight = (1 - share) * near / near.sum() + share / len(self.cells)

    def news(self, tips: Array) -> Array:
        """Return (...) how much is learned on average when `tips` (..., F, 2) come down: the entropy of hit or miss."""
        p = np.clip(self.hits(tips) @ self.weight, 1e-9, 1 - 1e-9)
        return np.asarray(-p * np.log(p) - (1 - p) * np.log(1 - p))
