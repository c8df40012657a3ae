"""Where the slots of a pool are in a model, by name."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PARKED_DEPTH, _PARKED_PITCH = -4.0, 0.6


@dataclass(frozen=True)
class PoolLayout:
    """Where the slots are in a model, by name."""

    prefix: str
    names: tuple[str, ...]
    """Objects of the pool."""
    slots: int
    pieces: int
    """Collision geoms of each slot."""
    picture_scales: tuple[float, ...]

    def body(self, slot: int) -> str:
        """Return the name of a slot's body, which is also that of its free joint."""
        return f"{self.prefix}_{slot}"

    def piece(self, slot: int, piece: int) -> str:
        """Return the name of a collision geom."""
        return f"{self.body(slot)}/piece_{piece}"

    def visual(self, slot: int) -> str:
        """Return the name of the geom that is seen."""
        return f"{self.body(slot)}/visual"

    def mesh(self, name: str, scale: int) -> str:
        """Return the name of the mesh of object `name` in the picture scale of that index."""
        return f"{self.prefix}_pool/{name}/{scale}"

    def hull(self, name: str, piece: int) -> str:
        """Return the name of the mesh of a convex piece of object `name`."""
        return f"{self.prefix}_pool/{name}/hull_{piece}"

    def parked(self, slot: int) -> NDArray[np.float64]:
        """Return where an empty slot waits: position and quaternion (7,), below the floor, apart from the others."""
        return np.array([_PARKED_PITCH * slot, 0.0, _PARKED_DEPTH, 1.0, 0.0, 0.0, 0.0])
