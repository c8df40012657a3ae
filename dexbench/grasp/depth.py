"""Penetration and contact of a grasp from distances between surfaces, which are below zero where bodies overlap.

All in metres. Lower is better, but for the number of contacts. Sources: DexGraspNet's energies (arXiv 2210.02697);
DexGraspBench's and Dexonomy's metrics, at the grasp pose, of pairs that are closer than a margin.
"""

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.arrays import finite, same_shape

MARGIN = 0.01
"""DexGraspBench collects pairs of bodies that are closer than this [m]."""
TOUCH = 0.002
"""A body closer than this touches, to DexGraspBench and Dexonomy [m]."""
REJECTED = 0.001
"""DexGraspNet rejects a grasp with a sum of depths above this [m]."""
APART = 0.02
"""DexGraspNet wants keypoints of a hand to be this far from each other [m]."""


def distance_energy(signed: Array) -> Array:
    """Return DexGraspNet's E_dis, (...) [m]: the sum of |distance| of contact points (..., K) from the object."""
    return np.asarray(np.abs(finite("signed", signed, axes=1)).sum(axis=-1))


def penetration_energy(depths: Array, squared: bool = False) -> Array:
    """Return DexGraspNet's E_pen, (...) [m]: the SUM over object points (..., P) of depth in the hand.

    Many shallow points are rejected (above REJECTED) that a largest depth would let pass.

    Args:
      depths: below zero outside of the hand [m].
      squared: sum of squares [m^2], as UniDexGrasp's optimisation has it.
    """
    inside = np.maximum(finite("depths", depths, axes=1), 0)
    return np.asarray((inside**2 if squared else inside).sum(axis=-1))


def self_energy(keypoints: Array, apart: float = APART) -> Array:
    """Return DexGraspNet's E_spen, (...) [m], of a hand's keypoints (..., K, 3).

    The sum over ORDERED pairs of what their distance lacks of `apart`: each pair counts twice.
    """
    points = finite("keypoints", keypoints, (3,), 1)
    gaps = np.linalg.norm(points[..., :, None, :] - points[..., None, :, :], axis=-1)
    lacking = np.maximum(apart - gaps, 0) * ~np.eye(points.shape[-2], dtype=bool)
    return np.asarray(lacking.sum(axis=(-2, -1)))


def limit_energy(angles: Array, lower: Array, upper: Array) -> Array:
    """Return DexGraspNet's E_joints, (...) [rad]: how far joints (..., J) are beyond their limits (J,), summed."""
    angles = finite("angles", angles, axes=1)
    beyond = np.maximum(angles - upper, 0) + np.maximum(lower - angles, 0)
    return np.asarray(beyond.sum(axis=-1))


def deepest(distances: Array, present: Array | None = None) -> Array:
    """Return ho_pene or self_pene, (...) [m]: max(0, -min distance) over pairs (..., P); 0 without a pair.

    The same for hand and object, hand and hand, and one hand and the other, which counts as a hand with itself.

    Args:
      distances: of each pair [m].
      present: (..., P) bool, which pairs there are; None: all.
    """
    found = finite("distances", distances, axes=1)
    there = np.ones(found.shape, bool) if present is None else np.asarray(present, bool)
    same_shape(distances=found, present=there)
    return np.asarray(np.where(there, -found, 0.0).max(axis=-1, initial=0.0))


def finger_distances(distances: Array, finger: Array, fingers: int, margin: float = MARGIN) -> Array:
    """Return (fingers,) the least distance of each finger's bodies from the object [m]; `margin` if none is closer.

    Args:
      distances: (P,) of one grasp's pairs [m].
      finger: (P,) of which finger, below zero for the palm.
      fingers: how many the hand has.
      margin: pairs farther apart do not count [m].
    """
    distances, finger = finite("distances", distances), np.asarray(finger)
    same_shape(distances=distances, finger=finger)
    if (finger >= fingers).any():
        raise DataError(f"finger {int(finger.max())} of a hand with {fingers}: they are counted from 0")
    found = np.full(fingers, margin)
    np.minimum.at(found, finger[finger >= 0], distances[finger >= 0])
    return found


def contact_distance(fingers: Array) -> Array:
    """Return DexGraspBench's contact_dist, (...) [m]: the mean over fingers (..., F) of max(distance, 0)."""
    return np.asarray(np.maximum(finite("fingers", fingers, axes=1), 0).mean(axis=-1))


def contact_consistency(fingers: Array) -> Array:
    """Return DexGraspBench's contact_consis, (...) [m]: largest less smallest of the SIGNED distances (..., F)."""
    return np.asarray(np.ptp(finite("fingers", fingers, axes=1), axis=-1))


def clipped_consistency(fingers: Array) -> Array:
    """Return Dexonomy's CDC, (...) [m]: largest less smallest distance (..., F), penetration taken as zero.

    Dexonomy prints millimetres.
    """
    return np.asarray(np.ptp(np.maximum(finite("fingers", fingers, axes=1), 0), axis=-1))


def contact_number(bodies: Array) -> Array:
    """Return contact_num (Dexonomy's CLN), (...): bodies (..., B), the palm too, with |distance| < 2 mm. Higher.

    Args:
      bodies: least distance of each hand body from the object [m].
    """
    return np.asarray((np.abs(finite("bodies", bodies, axes=1)) < TOUCH).sum(axis=-1))
