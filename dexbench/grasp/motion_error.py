"""How far a predicted grasp or motion is from the true one. Lower is better.

RealDex's MPJPE, AVE, verts.offset and min.dist (arXiv 2402.13853; Ghosh 2021 for AVE), which it prints in centimetres,
and the angle of DexGraspBench's success test.
"""

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.arrays import finite, same_shape


def rotation_error(first: Array, second: Array) -> Array:
    """Return the angle between orientations (..., 4) wxyz, (...) [rad] in 0..pi: 2 acos |w| of the rotation between.

    A quaternion and its negative are one orientation. DexGraspBench leaves the absolute value out, and reads 350
    degrees for 10 where a sign has flipped.
    """
    one, two = finite("first", first, (4,)), finite("second", second, (4,))
    for name, lengths in (("first", np.linalg.norm(one, axis=-1)), ("second", np.linalg.norm(two, axis=-1))):
        if (np.abs(lengths - 1) > 1e-3).any():
            raise DataError(f"{name}: quaternions must have length one")
    two = two * np.where((one * two).sum(axis=-1, keepdims=True) < 0, -1.0, 1.0)
    apart = np.linalg.norm(one - two, axis=-1)  # of the chord: exact for small angles, where acos is not
    return np.asarray(4 * np.arctan2(apart, np.linalg.norm(one + two, axis=-1)))


def joint_position_error(predicted: Array, truth: Array) -> Array:
    """Return MPJPE, (...) [m]: the mean over T frames and J joints of the distance between positions (..., T, J, 3).

    A robot's joints are the origins of its joints' frames.
    """
    one, two = finite("predicted", predicted, (3,), 2), finite("truth", truth, (3,), 2)
    same_shape(predicted=one, truth=two)
    return np.asarray(np.linalg.norm(one - two, axis=-1).mean(axis=(-2, -1)))


def variance_errors(predicted: Array, truth: Array, deviations: bool = False) -> Array:
    """Return AVE of each joint, (..., J) [m^2]; the AVE is its mean over joints and sequences.

    The length of the difference between the two unbiased (T - 1) variances along each axis over time, of positions
    (..., T, J, 3), T > 1. A constant offset is invisible.

    Args:
      predicted: positions [m].
      truth: positions [m].
      deviations: take standard deviations [m] instead of variances.
    """
    one, two = finite("predicted", predicted, (3,), 2), finite("truth", truth, (3,), 2)
    same_shape(predicted=one, truth=two)
    if one.shape[-3] < 2:
        raise DataError("a variance over time needs two frames or more")
    spread = [x.std(axis=-3, ddof=1) if deviations else x.var(axis=-3, ddof=1) for x in (one, two)]
    return np.asarray(np.linalg.norm(spread[0] - spread[1], axis=-1))


def vertex_offset(predicted: Array, truth: Array) -> Array:
    """Return verts.offset, (...) [m]: the mean distance of hand points (..., P, 3) in the final poses."""
    one, two = finite("predicted", predicted, (3,), 1), finite("truth", truth, (3,), 1)
    same_shape(predicted=one, truth=two)
    return np.asarray(np.linalg.norm(one - two, axis=-1).mean(axis=-1))


def smallest_distance(hand: Array, thing: Array, truth: Array | None = None) -> float:
    """Return min.dist [m]: the least distance of a hand point (P, 3) from an object point (S, 3).

    RealDex says that it measures a difference from the truth: where the true hand points are given, it is the size of
    the difference between the two hands' least distances.
    """
    found = _least(finite("hand", hand, (3,), 1), finite("thing", thing, (3,), 1))
    return found if truth is None else abs(found - _least(finite("truth", truth, (3,), 1), np.asarray(thing)))


def _least(hand: Array, thing: Array) -> float:
    if not len(hand) or not len(thing):
        raise DataError("a distance needs points on both sides")
    return float(min(np.linalg.norm(thing - point, axis=1).min() for point in hand))
