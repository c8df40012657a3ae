"""The shape of one part of an object: points all over it, its oriented box, and whether it is round."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from dexbench.core.schema import Array
from dexbench.objects.catalogue import load_object

POINTS = 1500
"""Points on a part."""
ALIKE = 1.02
"""How much smaller the box along principal axes must be than the one along the object's own axes to be taken."""
ROUND = 0.8
"""Least share of a part's side that faces away from its axis for it to count as round about that axis."""
OVAL = 0.08
"""Largest difference of its two level sizes, as a share of the larger."""


@dataclass(frozen=True)
class PartShape:
    """A part in the object frame."""

    points: Array
    """(P, 3) spread over its surface [m]."""
    normals: Array
    """(P, 3) unit, out of it."""
    centre: Array
    """(3,) middle of its oriented box [m]."""
    axes: Array
    """(3, 3) rows: unit axes of that box, the longest first."""
    extent: Array
    """(3,) lengths of the box along them [m]."""
    upright: bool
    """Whether it is round about the vertical."""

    def width(self, centre: Array, line: Array, coming: Array, band: float) -> tuple[float, float] | None:
        """Return the least and the largest coordinate along `line` of what lies within `band` of it at `centre`.

        Args:
          centre: (3,) [m].
          line: (3,) unit.
          coming: (3,) unit, across the line.
          band: half width, across the line [m].
        """
        away = self.points - centre
        near = (np.abs(away @ coming) < band) & (np.abs(away @ np.cross(line, coming)) < band)
        if np.count_nonzero(near) < 3:
            return None
        along = away[near] @ line
        return float(along.min()), float(along.max())


@cache
def part_shape(instance: str, part: str) -> PartShape:
    """Return the shape of a named part of a catalogue object.

    Raises:
      UnknownName: no such object.
      ValueError: it has no such part, or the part has no surface.
    """
    model = load_object(instance)
    return shape_of(model.vertices, model.faces[model.face_part == model.part(part)])


def shape_of(vertices: Array, faces: Array) -> PartShape:
    """Return the shape of the triangles `faces` (F, 3) of `vertices` (V, 3)."""
    corners = vertices[faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(cross, axis=1)
    if not len(faces) or area.sum() <= 0:
        raise ValueError("a part needs triangles with an area")
    rng = np.random.default_rng(0)  # always the same points on the same part
    chosen = np.searchsorted(np.cumsum(area) / area.sum(), rng.uniform(0, 1, POINTS)).clip(max=len(faces) - 1)
    u, v = rng.uniform(0, 1, (2, POINTS, 1))
    fold = u + v > 1
    u, v = np.where(fold, 1 - u, u), np.where(fold, 1 - v, v)
    a, b, c = np.moveaxis(corners[chosen], 1, 0)
    points = a + u * (b - a) + v * (c - a)
    normals = cross[chosen] / area[chosen, None]
    axes = _axes(points)
    low, high = (points @ axes.T).min(axis=0), (points @ axes.T).max(axis=0)
    side = np.abs(normals[:, 2]) < 0.6
    middle = (low + high) / 2 @ axes
    out = points[side, :2] - middle[:2]
    facing = np.abs((normals[side, :2] * out).sum(axis=1)) / np.maximum(
        np.linalg.norm(normals[side, :2], axis=1) * np.linalg.norm(out, axis=1), 1e-9
    )
    across = np.ptp(points[:, :2], axis=0)
    alike = float(np.ptp(across)) < OVAL * float(across.max())
    upright = alike and bool(side.any()) and float((facing > 0.95).mean()) >= ROUND
    return PartShape(points, normals, middle, axes, high - low, upright)


def _axes(points: Array) -> Array:
    """Return rows: axes of the smaller of two boxes, along the frame's axes or along the principal ones."""
    _, principal = np.linalg.eigh(np.cov(points.T))
    largest = np.abs(principal).argmax(axis=0)
    principal = (principal * np.sign(principal[largest, np.arange(3)])).T  # a sign that no library chooses
    sizes = [np.ptp(points @ axes.T, axis=0) for axes in (np.eye(3), principal)]
    best = int(sizes[0].prod() > ALIKE * sizes[1].prod())
    order = np.argsort(-sizes[best], kind="stable")
    return np.asarray((np.eye(3), principal)[best][order])
