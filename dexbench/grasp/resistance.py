"""What a grasp's contacts cannot balance: DexGraspBench's QP metrics, and TDG. Lower is better."""

import numpy as np
from scipy.optimize import nnls

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.contacts import Contacts, tangents, wrenches

LOAD = 0.1
"""Size of the six disturbing forces, where a contact's force is at most 1."""
LOADS = LOAD * np.repeat(np.eye(6)[:3], 2, axis=0) * np.tile([1.0, -1.0], 3)[:, None]
"""(6, 6): along +x, -x, +y, -y, +z, -z; no torque."""
NOTHING, FAILED = 2.0, 1.0
"""Given where there is no contact, and where no solution was found."""
STIFF = 1e4
"""Weight of the constraints' rows: they then hold to 1e-8 of the residual."""


def qp_residuals(points: Array, normals: Array, friction: float, torsion: float, loads: Array) -> Array:
    """Return (L,) the least ||sum of wrenches + load|| for each load (L, 6) on one grasp.

    Six coefficients >= 0 a contact: n +- friction t1, n +- friction t2, n with torsion +-. Those of one contact sum to
    at most 1, all of them to at least 1. Torques are about the mean contact, in metres.

    Args:
      points: (k, 3) [m], k > 0.
      normals: (k, 3) into the object.
      friction: coefficient along the surface.
      torsion: coefficient about the normal [m].
      loads: (L, 6) forces and torques.
    """
    if friction < 0 or torsion < 0:
        raise DataError(f"friction and torsion must not be below zero: {friction}, {torsion}")
    count = len(points)
    arms = (points - points.mean(axis=0))[:, None]
    first, second = tangents(normals)
    forces = normals[:, None] + friction * np.stack([first, -first, second, -second], axis=1)
    straight = np.repeat(wrenches(arms, normals[:, None]), 2, axis=1)
    straight[..., 3:] += torsion * normals[:, None] * np.array([1.0, -1.0])[:, None]
    columns = np.concatenate([wrenches(arms, forces), straight], axis=1).reshape(-1, 6).T
    # min ||A x + w|| under sums: each inequality is a row with a slack of its own, weighted so that it holds.
    width = 6 * count + count + 1
    system = np.zeros((6 + count + 1, width))
    system[:6, : 6 * count] = columns
    system[6:-1, : 6 * count] = STIFF * np.kron(np.eye(count), np.ones(6))
    system[6:-1, 6 * count : -1] = STIFF * np.eye(count)
    system[-1, : 6 * count], system[-1, -1] = STIFF, -STIFF
    found = np.empty(len(loads))
    for row, load in enumerate(loads):
        try:
            solved, _ = nnls(system, np.concatenate([-load, np.full(count + 1, STIFF)]), maxiter=60 * width)
        except RuntimeError:
            found[row] = FAILED
        else:
            found[row] = np.linalg.norm(columns @ solved[: 6 * count] + load)
    return found


def qp_metric(found: Contacts, friction: float = 0.3, torsion: float = 0.01) -> Array:
    """Return DexGraspBench's qp, (...): the mean residual under forces of 0.1 along +-x, +-y, +-z.

    Lower is better; 2 without a contact. Friction and torsion [m] are already halved.
    """
    return found.each(lambda p, n: float(qp_residuals(p, n, friction, torsion, LOADS).mean()), NOTHING)


def qp_closure(found: Contacts, friction: float = 0.3, torsion: float = 0.01) -> Array:
    """Return DexGraspBench's qp_dfc, (...): the residual without a load. Lower is better; 2 without a contact."""
    return found.each(lambda p, n: float(qp_residuals(p, n, friction, torsion, np.zeros((1, 6)))[0]), NOTHING)


def fibonacci_sphere(count: int) -> Array:
    """Return (count, 3) directions spread evenly over the sphere."""
    k = np.arange(count)
    z = 1 - (2 * k + 1) / count
    turn = k * np.pi * (3 - np.sqrt(5.0))
    around = np.sqrt(1 - z * z)
    return np.stack([around * np.cos(turn), around * np.sin(turn), z], axis=1)


def direction_metric(found: Contacts, friction: float = 0.3, directions: int = 1000) -> Array:
    """Return TDG as DexGraspBench has it, (...): the mean of 1 - cos(w, u). Lower is better; 2 without a contact.

    For each force direction u (no torque) every contact gives a force of its cone of height one, with c = u . n and
    s = |u - c n|: within the cone the point of its base along u, n + (u - c n) / c; outside of it but ahead, the
    base's edge nearest to u, n + friction t; behind (c < 0) the same edge times s / (s - 2 friction c), which fades to
    nothing opposite to n. w is the sum of the wrenches, with points about the mean contact and divided by the mean
    distance from it. The original draws its directions: compare to 1e-3.
    """
    if directions < 6 or friction < 0:
        raise DataError(f"needs 6 directions or more and friction >= 0, not {directions} and {friction}")
    sphere = fibonacci_sphere(directions)

    def one(points: Array, normals: Array) -> float:
        along = (sphere @ normals.T)[..., None]  # (D, k, 1)
        across = sphere[:, None] - along * normals
        length = np.linalg.norm(across, axis=-1, keepdims=True)
        edge = friction * across / np.maximum(length, 1e-12)
        within = length <= friction * along
        forces = normals + np.where(within, across / np.where(within, np.maximum(along, 1e-12), 1.0), edge)
        behind = length - 2 * friction * np.minimum(along, 0.0)
        forces *= np.divide(length, behind, out=np.zeros_like(length), where=behind > 1e-12) * (along < 0) + (
            along >= 0
        )
        total = wrenches(points[None], forces).sum(axis=1)
        size = np.linalg.norm(total, axis=1)
        cosine = np.divide((total[:, :3] * sphere).sum(axis=1), size, out=np.zeros_like(size), where=size > 1e-12)
        return float((1 - cosine).mean())

    return found.centred(True).each(one, NOTHING)
