"""Contacts of grasps as arrays: points, normals into the object, friction cones, wrenches.

All metrics of force closure begin here. Nothing is simulated. Any frame will do, as long as it is one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array


@dataclass(frozen=True)
class Contacts:
    """Up to K contacts of each of any number of grasps. Make one with `contacts`, which checks."""

    points: Array
    """(..., K, 3) [m]; zero where there is none."""
    normals: Array
    """(..., K, 3) unit, into the object; zero where there is none."""
    present: Array
    """(..., K) bool."""

    @property
    def count(self) -> Array:
        """Return how many contacts each grasp has, (...)."""
        return np.asarray(self.present.sum(axis=-1))

    def grasps(self) -> Iterator[tuple[Array, Array]]:
        """Yield points (k, 3) and normals (k, 3) of each grasp's contacts, k of them."""
        shape = (int(np.prod(self.present.shape[:-1])), self.present.shape[-1])
        for points, normals, there in zip(
            self.points.reshape(*shape, 3), self.normals.reshape(*shape, 3), self.present.reshape(shape), strict=True
        ):
            yield points[there], normals[there]

    def each(self, measure: Callable[[Array, Array], float], nothing: float) -> Array:
        """Return `measure(points, normals)` of every grasp, (...); `nothing` for one without a contact."""
        found = [measure(points, normals) if len(points) else nothing for points, normals in self.grasps()]
        return np.array(found).reshape(self.present.shape[:-1])

    def centred(self, rescaled: bool) -> "Contacts":
        """Return the contacts about their mean point; divided by the mean distance from it if `rescaled`.

        A single contact, or several in one point, have no such distance: their points are zero.
        """
        there = self.present[..., None]
        count = np.maximum(self.count, 1)[..., None, None]
        points = (self.points - (self.points * there).sum(axis=-2, keepdims=True) / count) * there
        if rescaled:
            size = np.linalg.norm(points, axis=-1, keepdims=True).sum(axis=-2, keepdims=True) / count
            points = np.divide(points, size, out=np.zeros_like(points), where=size > 1e-12)
        return Contacts(points, self.normals, self.present)


def contacts(points: Array, normals: Array, present: Array | None = None) -> Contacts:
    """Return checked contacts.

    Args:
      points: (..., K, 3) [m].
      normals: (..., K, 3) unit, into the object.
      present: (..., K) bool, which of the K there are, as grasps have different numbers of them; None: all.

    Raises:
      DataError: a shape that does not fit, a number that is not finite, a normal that is not of length one.
    """
    points, normals = np.asarray(points, np.float64), np.asarray(normals, np.float64)
    if points.ndim < 2 or points.shape[-1] != 3 or points.shape != normals.shape:
        raise DataError(
            f"contacts need points and normals of one shape (..., K, 3), not {points.shape}, {normals.shape}"
        )
    there = np.ones(points.shape[:-1], bool) if present is None else np.asarray(present)
    if there.dtype != bool or there.shape != points.shape[:-1]:
        raise DataError(f"present must be bool of shape {points.shape[:-1]}, not {there.dtype} of {there.shape}")
    if not (np.isfinite(points[there]).all() and np.isfinite(normals[there]).all()):
        raise DataError("a contact has a point or a normal that is not finite: mark it as not present")
    lengths = np.linalg.norm(normals[there], axis=-1)
    if (np.abs(lengths - 1) > 1e-3).any():
        worst = float(lengths[np.argmax(np.abs(lengths - 1))])
        raise DataError(f"normals must have length one, one has {worst:.4g}: divide them by their lengths")
    where = there[..., None]
    return Contacts(np.where(where, points, 0.0), np.where(where, normals, 0.0), there)


def tangents(normals: Array) -> tuple[Array, Array]:
    """Return two unit vectors across each normal, (..., 3) each; along the axes where the normal is along one.

    The choice is fixed, as polygons that stand for round cones give other numbers when they are turned.
    """
    least = np.eye(3)[np.argmin(np.abs(normals), axis=-1)]
    first = np.cross(least, normals)
    first = first / np.maximum(np.linalg.norm(first, axis=-1, keepdims=True), 1e-12)
    return first, np.cross(normals, first)


def cone_edges(normals: Array, friction: float, edges: int = 8) -> Array:
    """Return (..., edges, 3): n + friction (cos a t1 + sin a t2), whose part along the normal (..., 3) is one."""
    if friction < 0 or edges < 3:
        raise DataError(f"a cone needs friction >= 0 and 3 edges or more, not {friction} and {edges}")
    first, second = tangents(normals)
    angle = 2 * np.pi * np.arange(edges)[:, None] / edges
    around = np.cos(angle) * first[..., None, :] + np.sin(angle) * second[..., None, :]
    return np.asarray(normals[..., None, :] + friction * around)


def wrenches(points: Array, forces: Array, scale: float = 1.0) -> Array:
    """Return (..., 6): each force (..., 3), and `scale` [1/m] times its torque about the origin from (..., 3)."""
    return np.concatenate([forces, scale * np.cross(points, forces)], axis=-1)


def averaged_by_link(points: Array, normals: Array, link: Array, distance: Array, within: float = 0.005) -> Contacts:
    """Return one contact a link of one grasp: the mean of those closer than `within` (DexGraspBench's set).

    Args:
      points: (C, 3) all that were found [m].
      normals: (C, 3) into the object.
      link: (C,) integers.
      distance: (C,) between the surfaces, below zero where they overlap [m].
      within: largest size of the distance [m].
    """
    near = np.abs(np.asarray(distance)) < within
    links = [near & (np.asarray(link) == one) for one in np.unique(np.asarray(link)[near])]
    if not links:
        return contacts(np.zeros((0, 3)), np.zeros((0, 3)))
    means = np.stack([normals[rows].mean(axis=0) for rows in links])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    there = lengths[:, 0] > 1e-9  # normals of a thin wall's two sides may cancel out
    return contacts(
        np.stack([points[rows].mean(axis=0) for rows in links]), means / np.where(lengths > 1e-9, lengths, 1), there
    )


def nearest_by_link(
    links: Sequence[Array], object_points: Array, object_normals: Array, within: float = 0.01
) -> Contacts:
    """Return one contact a link of one grasp: its nearest point of the object (UniDexGrasp's set).

    Args:
      links: surface points (P, 3) of each link [m].
      object_points: (S, 3) of the object's surface [m].
      object_normals: (S, 3) outward.
      within: a link that is farther from the object has no contact [m].
    """
    found = []
    for link in links:
        squares = ((link[:, None] - object_points[None]) ** 2).sum(axis=-1)
        nearest = int(squares.min(axis=0).argmin())
        if squares[:, nearest].min() < within**2:
            found.append(nearest)
    return contacts(object_points[found].reshape(-1, 3), -object_normals[found].reshape(-1, 3))
