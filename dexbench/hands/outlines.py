"""Clouds of points as outlines, for plots."""

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from dexbench.core.schema import Array

PLANES = {"front": (0, 1), "side": (2, 1)}
"""What is seen from in front of the palm (x, y), and from the thumb's side (z, y)."""


def outlines(points: Array) -> dict[str, Array]:
    """Return the convex outline (K, 2) of a cloud (N, 3) in each plane; its two ends where it is a line."""
    found = {}
    for plane, axes in PLANES.items():
        flat = points[:, axes]
        try:
            found[plane] = flat[ConvexHull(flat).vertices]
        except QhullError:
            spread = flat - flat.mean(axis=0)
            along = spread @ np.linalg.svd(spread, full_matrices=False)[2][0]
            found[plane] = flat[[int(np.argmin(along)), int(np.argmax(along))]]
    return found
