"""Checks of the arrays that the metrics of grasps are given."""

from typing import Any

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array


def finite(name: str, values: Any, last: tuple[int, ...] = (), axes: int = 0) -> Array:
    """Return `values` as an array of float64.

    Args:
      name: how an error calls them.
      values: numbers.
      last: what the shape must end with.
      axes: fewest axes in front of those.

    Raises:
      DataError: another shape, no numbers, or one that is not finite.
    """
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must be numbers: {error}") from error
    if array.ndim < axes + len(last) or array.shape[array.ndim - len(last) :] != last:
        shape = ", ".join(["..."] + ["n"] * axes + [str(size) for size in last])
        raise DataError(f"{name} must have shape ({shape}), not {array.shape}")
    if not np.isfinite(array).all():
        raise DataError(f"{name}: {int((~np.isfinite(array)).sum())} of {array.size} numbers are not finite")
    return array


def same_shape(**arrays: Array) -> None:
    """Raise DataError unless all arrays have one shape."""
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        raise DataError("must have one shape: " + ", ".join(f"{name} {shape}" for name, shape in shapes.items()))
