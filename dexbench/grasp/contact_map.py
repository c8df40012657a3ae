"""RealDex's contact map (arXiv 2402.13853): 1 where the hand touches the object, towards 0 far from it."""

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.arrays import finite

STEEPNESS = 60.0
"""[1/m]"""


def contact_map(distances: Array) -> Array:
    """Return c = 2 - 2 / (1 + exp(-60 d)), (...), of unsigned distances [m] of object points from the hand."""
    found = finite("distances", distances)
    if (found < 0).any():
        raise DataError("a contact map is of unsigned distances: take their sizes")
    return np.asarray(2 - 2 / (1 + np.exp(-STEEPNESS * found)))


def expected_value(probabilities: Array) -> Array:
    """Return (...) the mean of a map that is predicted as probabilities (..., bins) of equal bins of 0..1."""
    chances = _chances(probabilities)
    return np.asarray((chances * _centres(chances)).sum(axis=-1))


def likeliest_value(probabilities: Array) -> Array:
    """Return (...) the centre of the most probable of the bins (..., bins)."""
    chances = _chances(probabilities)
    return np.asarray(_centres(chances)[chances.argmax(axis=-1)])


def _chances(probabilities: Array) -> Array:
    chances = finite("probabilities", probabilities, axes=1)
    if (chances < 0).any() or (np.abs(chances.sum(axis=-1) - 1) > 1e-4).any():
        raise DataError("probabilities must not be below zero and must sum to one")
    return chances


def _centres(chances: Array) -> Array:
    bins = chances.shape[-1]
    return np.asarray((np.arange(bins) + 0.5) / bins)
