"""sim.disp, RealDex's drop test: how far an object moves in a still hand (arXiv 2402.13853, after obman_train).

Lower is better. The object has 1 kg, friction 3 and restitution 0.5; the hand does not move. It is reported as mean and
standard deviation in centimetres, and means little without the free fall of the same time.
"""

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.arrays import finite, same_shape

STEPS, STEP, GRAVITY = 35, 1 / 240, 9.8
"""Of the test: steps, their length [s], gravity [m/s^2]."""
FAILED = 0.10
"""GraspTTA's displacement where the simulation fails [m]."""


def free_fall(steps: int = STEPS, step: float = STEP, gravity: float = GRAVITY) -> float:
    """Return how far an untouched object falls [m], with semi-implicit Euler: g h^2 n (n + 1) / 2.

    A simulated test that gives another number for an object beside the hand is not this test.
    """
    if steps < 0 or step <= 0:
        raise DataError(f"needs steps >= 0 and a step above zero, not {steps} and {step}")
    return gravity * step**2 * steps * (steps + 1) / 2


def displacement(before: Array, after: Array) -> Array:
    """Return sim.disp, (...) [m]: how far the mean of the object's vertices (..., V, 3) moved.

    Where a position after the test is not finite the simulation failed: 10 cm.
    """
    start, end = finite("before", before, (3,), 1), np.asarray(after, np.float64)
    same_shape(before=start, after=end)
    failed = np.asarray(~np.isfinite(end).all(axis=(-2, -1)))
    moved = np.linalg.norm(np.where(failed[..., None, None], 0.0, end).mean(axis=-2) - start.mean(axis=-2), axis=-1)
    return np.where(failed, FAILED, moved)


def share_of_fall(moved: Array) -> Array:
    """Return displacements as a share of the free fall of the same time: 1 is an object that was not held at all."""
    return np.asarray(finite("moved", moved) / free_fall())
