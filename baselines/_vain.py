"""Plans that failed, remembered: as long as everything is where it was, they fail again, and planning is dear."""

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from dexbench.core.schema import Array

STILL = 1e-3
"""Difference of any number of a scene up to which it is the same [m, rad, share of a quaternion]: objects at rest
tremble by micrometres, and no plan hangs on less."""
MOST = 64
"""Failures remembered."""


@dataclass
class Vain:
    """Of one episode."""

    failed: list[tuple[Hashable, Array]] = field(default_factory=list)
    """What was asked, and the scene in which it was."""

    def has(self, asked: Hashable, scene: Array) -> bool:
        """Return whether this failed in such a scene (N,)."""
        return any(
            asked == other and scene.shape == where.shape and np.abs(scene - where).max() <= STILL
            for other, where in self.failed
        )

    def note(self, asked: Hashable, scene: Array) -> None:
        """Remember that this failed in a scene (N,)."""
        self.failed = [*self.failed[1 - MOST :], (asked, scene.copy())]
