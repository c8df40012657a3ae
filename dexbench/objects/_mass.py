"""Mass, centre and inertia of a closed surface filled evenly."""

from itertools import permutations

import numpy as np

from .model import Array, Integers


def mass_properties(vertices: Array, faces: Integers, mass: float) -> tuple[Array, Array, Array]:
    """Return the mass properties of the solid inside a closed mesh.

    The solid is cut into tetrahedra from the origin to each face; hollow walls come out by themselves.

    Args:
      vertices: (vertices, 3) [m].
      faces: (faces, 3), counter-clockwise seen from outside.
      mass: of the whole [kg].

    Returns:
      Centre of mass (3,) [m], principal moments about it (3,) [kg m^2], and their axes as a quaternion (4,) wxyz.
      Moments that are given along the axes of the frame anyway keep its orientation.
    """
    a, b, c = vertices[faces].transpose(1, 0, 2)
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
    total = volume.sum()
    center = (volume[:, None] * (a + b + c)).sum(axis=0) / (4 * total)
    corners = np.stack([a, b, c]) - center
    # the fourth corner of each tetrahedron is the old origin
    corners = np.concatenate([corners, np.broadcast_to(-center, (1, len(faces), 3))])
    s = corners.sum(axis=0)
    second = np.einsum("f,kfi,kfj->ij", volume, corners, corners) + np.einsum("f,fi,fj->ij", volume, s, s)
    second *= mass / (20 * total)
    inertia = np.trace(second) * np.eye(3) - second
    off = inertia - np.diag(np.diag(inertia))
    if np.abs(off).max() < 1e-3 * np.diag(inertia).min():
        return center, np.diag(inertia).copy(), np.array([1.0, 0.0, 0.0, 0.0])
    moments, axes = np.linalg.eigh(inertia)
    # order and signs nearest to the frame, so that the quaternion is small and does not depend on the solver
    order = max(permutations(range(3)), key=lambda p: float(np.abs(np.diag(axes[:, p])).sum()))
    moments, axes = moments[list(order)], axes[:, order]
    axes = axes * np.where(np.diag(axes) < 0, -1.0, 1.0)
    if np.linalg.det(axes) < 0:
        axes[:, np.argmin(np.diag(axes))] *= -1
    w = 0.5 * np.sqrt(1 + np.trace(axes))
    x, y, z = axes[2, 1] - axes[1, 2], axes[0, 2] - axes[2, 0], axes[1, 0] - axes[0, 1]
    return center, moments, np.array([w, x / (4 * w), y / (4 * w), z / (4 * w)])
