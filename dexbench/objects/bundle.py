"""All objects of a family in one file: what they share is stored once, the rest end to end."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

NAMES, KEYS, SPANS = "names", "keys", "spans"
"""Names of the objects (n,), of their arrays (k,), and the rows that an object has of each array (k, n, 2)."""


def pack(objects: Mapping[str, Arrays]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a bundle.

    Args:
      objects: by name, the arrays of each object; all have the same names, and their first axis is free.
    """
    keys = list(next(iter(objects.values())))
    packed: dict[str, NDArray[Any]] = {NAMES: np.array(list(objects)), KEYS: np.array(keys)}
    spans = np.zeros((len(keys), len(objects), 2), np.int32)
    for k, key in enumerate(keys):
        arrays = [arrays[key] for arrays in objects.values()]
        if all(np.array_equal(arrays[0], other) for other in arrays[1:]):
            packed[key], spans[k, :, 1] = arrays[0], len(arrays[0])
            continue
        packed[key] = np.concatenate(arrays)
        stops = np.cumsum([len(array) for array in arrays])
        spans[k, :, 0], spans[k, :, 1] = [0, *stops[:-1]], stops
    return packed | {SPANS: spans}


def unpack(packed: Arrays, name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of one object of a bundle; none where the bundle does not hold it."""
    found = np.flatnonzero(packed[NAMES] == name)
    if not len(found):
        return {}
    spans = packed[SPANS][:, found[0]]
    return {str(key): packed[str(key)][start:stop] for key, (start, stop) in zip(packed[KEYS], spans, strict=True)}
