"""What an observation holds: named fields with shape, unit, frame and bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core.errors import ContractError, UnknownName

Array = NDArray[Any]
Observation = dict[str, Array]
"""Arrays by field name, each (n, *field.shape): row i belongs to world i."""

GROUPS = ("state", "objects", "kinds", "touch", "points", "rgb", "depth", "segmentation", "calibration", "fingertips")
"""What a user may ask for. `state` is the robot's own, and so are `fingertips`, worked out from it; `objects` needs a
tracker outside of simulation, `kinds` a classifier: which object of the catalogue stands where; `calibration` is the
cameras' intrinsics and poses."""

PICTURES = ("rgb", "depth", "segmentation", "calibration")
"""Groups that cameras alone give; who plays recorded actions needs none of them."""


@dataclass(frozen=True)
class Field:
    """One entry of an observation."""

    name: str
    """Key in the observation."""
    shape: tuple[int, ...]
    """Shape for one world."""
    unit: str
    """SI unit, or "1" for pure numbers."""
    frame: str
    """Frame the numbers are expressed in, or "" where none applies."""
    group: str
    """One of GROUPS."""
    low: float = -np.inf
    """Lower bound, kept by clipping where the quantity can leave it."""
    high: float = np.inf
    """Upper bound."""
    dtype: str = "float32"
    labels: tuple[str, ...] = ()
    """What the entries of the first axis are, in order (joint names, pad names, ...)."""

    def describe(self) -> dict[str, Any]:
        """Return the declaration as plain data."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "unit": self.unit,
            "frame": self.frame,
            "group": self.group,
            "dtype": self.dtype,
            "labels": list(self.labels),
        }


@dataclass(frozen=True)
class Schema(Mapping[str, Field]):
    """Fields in a fixed order."""

    fields: tuple[Field, ...]
    _by_name: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {f.name: f for f in self.fields})

    def __getitem__(self, name: str) -> Field:
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownName("observation field", name, self._by_name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self.fields)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def check(self, observation: Mapping[str, Array]) -> None:
        """Raise ContractError unless `observation` holds exactly these fields with these shapes."""
        missing = [n for n in self if n not in observation]
        extra = [n for n in observation if n not in self]
        if missing or extra:
            raise ContractError(f"observation lacks {missing or 'nothing'} and has {extra or 'nothing'} too many")
        for f in self.fields:
            shape = observation[f.name].shape[1:]
            if shape != f.shape:
                raise ContractError(f"observation {f.name!r} has shape {shape}, declared {f.shape}")
