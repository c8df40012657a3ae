"""Q1: the radius of the largest ball of wrenches, about zero, that the friction cones can resist.

It goes under one name in two conventions whose numbers cannot be compared: torque scale, friction, contact set and sign
differ. And it is not success: never rank by it alone.
"""

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.contacts import Contacts, cone_edges, wrenches

CAP_BENCH = 2.0
"""DexGraspBench's largest q, and what it reports for the worst."""


def q1(found: Contacts, friction: float = 1.0, scale: float = 10.0, edges: int = 8) -> Array:
    """Return Q1 as UniDexGrasp and DexGraspNet have it, (...) in 0..1. Higher is better.

    Wrenches (f ; scale p x f) of the cones' edges, not normalised, and the zero wrench; the least distance of a facet
    of their hull from zero, capped at 1; 0 where the hull is flat or there is no contact.

    Args:
      found: about the object's origin; one a link within 1 cm (`contacts.nearest_by_link`).
      friction: coefficient.
      scale: of torques [1/m].
      edges: of each cone.
    """
    return found.each(lambda p, n: min(1.0, _radius(p, n, friction, scale, edges)), 0.0)


def valid_q1(value: Array, penetration: Array, table_penetration: Array) -> Array:
    """Return Q1 where the depths allow it, else 0 (UniDexGrasp). Higher is better.

    Args:
      value: (...) from `q1`.
      penetration: (...) deepest of 2000 object points in the hand, below 5 mm [m].
      table_penetration: (...) depth of the hand below the table, below 1 cm [m].
    """
    return np.where((np.asarray(penetration) < 0.005) & (np.asarray(table_penetration) < 0.01), value, 0.0)


def q1_bench(found: Contacts, friction: float = 0.3, edges: int = 8) -> Array:
    """Return 2 - q as DexGraspBench reports it, (...) in 0..2. LOWER is better; 2 without a contact.

    Points are about the mean contact and divided by the mean distance from it; q is capped at 2.

    Args:
      found: one a fingertip within 5 mm (`contacts.averaged_by_link`).
      friction: coefficient, already halved: the bench has 0.6 and leaves room.
      edges: of each cone.
    """
    middle = found.centred(True)
    return middle.each(lambda p, n: CAP_BENCH - min(CAP_BENCH, _radius(p, n, friction, 1.0, edges)), CAP_BENCH)


def _radius(points: Array, normals: Array, friction: float, scale: float, edges: int) -> float:
    """Return the least distance of the hull's facets from zero; 0 where it is flat."""
    if scale <= 0:
        raise DataError(f"the scale of torques must be above zero, not {scale}")
    forces = cone_edges(normals, friction, edges)
    rows = wrenches(points[:, None], forces, scale).reshape(-1, 6)
    if np.linalg.matrix_rank(rows, tol=1e-9) < 6:
        return 0.0
    try:
        hull = ConvexHull(np.concatenate([rows, np.zeros((1, 6))]))
    except QhullError:  # flat but for rounding
        return 0.0
    return float(np.abs(hull.equations[:, -1]).min())
