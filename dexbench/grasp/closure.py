"""Differentiable force closure: how far unit forces along the normals are from balance. Lower is better.

Sources: DexGraspNet (arXiv 2210.02697), DexVLG (arXiv 2507.02747) and DexGraspBench, whose three forms differ.
"""

import numpy as np
from scipy.optimize import lsq_linear

from dexbench.core.schema import Array
from dexbench.grasp.contacts import Contacts, wrenches

NOTHING = 2.0
"""What DexGraspBench gives a grasp without a contact."""


def force_closure_energy(found: Contacts) -> Array:
    """Return DexGraspNet's E_fc = ||sum (n ; p x n)||^2, (...); torques about the origin, in metres. Lower is better.

    It has no friction and no weights, so that three fingers against a thumb look worse than one. NaN without a contact.
    """
    total = wrenches(found.points, found.normals).sum(axis=-2)
    return np.where(found.count > 0, (total**2).sum(axis=-1), np.nan)


def weighted_closure(found: Contacts) -> Array:
    """Return LP-DFC of DexVLG, (...): min over f of ||sum f (n ; p x n)||, f >= 0, max f = 1. Lower is better.

    "max f = 1" is not convex: with each contact's force in turn at 1 and the others in [0, 1] it is a bounded
    least-squares problem, and the best of them is the answer. NaN without a contact.
    """
    return found.each(_weighted, np.nan)


def _weighted(points: Array, normals: Array) -> float:
    columns = wrenches(points, normals).T
    best = np.inf
    for one in range(columns.shape[1]):
        others = np.delete(columns, one, axis=1)
        residual = columns[:, one]
        if others.shape[1]:
            solved = lsq_linear(others, -residual, bounds=(0.0, 1.0), method="bvls", tol=1e-14)
            residual = residual + others @ solved.x
        best = min(best, float(np.linalg.norm(residual)))
    return best


def closure_metric(found: Contacts) -> Array:
    """Return DexGraspBench's DFC, (...): ||sum (n ; r x n)||, not squared. Lower is better; 2 without a contact.

    r is about the mean contact and divided by the mean distance from it: a pure number.
    """
    middle = found.centred(True)
    total = wrenches(middle.points, middle.normals).sum(axis=-2)
    return np.where(found.count > 0, np.linalg.norm(total, axis=-1), NOTHING)
