"""Closed surfaces along paths and about any axis, and rows of blocks."""

import numpy as np
from numpy.typing import ArrayLike

from ._surface import Surface, arc, loft, turned
from .model import Array


def moved(surface: Surface, by: ArrayLike = (0, 0, 0), axes: ArrayLike | None = None) -> Surface:
    """Return a surface turned and then moved.

    Args:
      surface: what is moved.
      by: (3,) [m].
      axes: (3, 3), a rotation whose columns are where x, y and z go.
    """
    turn = np.eye(3) if axes is None else np.asarray(axes, float)
    return Surface(surface.vertices @ turn.T + np.asarray(by, float), surface.faces, surface.part, surface.hidden)


def axes_towards(axis: ArrayLike) -> Array:
    """Return a rotation (3, 3) whose third column is a unit vector along `axis`."""
    z = np.asarray(axis, float) / np.linalg.norm(axis)
    x = np.cross((0.0, 1.0, 0.0) if abs(z[1]) < 0.9 else (1.0, 0.0, 0.0), z)
    x /= np.linalg.norm(x)
    return np.column_stack([x, np.cross(z, x), z])


def spun(
    profile: ArrayLike, start: ArrayLike, axis: ArrayLike, part: ArrayLike = 0, sides: int = 16, hidden: bool = False
) -> Surface:
    """Turn a profile of (radius, way along the axis) about a line from `start` along `axis`; `hidden` as in `loft`."""
    surface = turned(profile, part, sides)
    if hidden:
        surface.hidden[:sides] = surface.hidden[-sides:] = True
    return moved(surface, start, axes_towards(axis))


def sweep(
    path: ArrayLike,
    sections: ArrayLike,
    part: ArrayLike = 0,
    sides: int = 14,
    normal: ArrayLike = (0.0, 0.0, 1.0),
    hidden_ends: bool = False,
) -> Surface:
    """Sweep an ellipse of changing size along a path.

    Args:
      path: (points, 3) [m], nearly flat.
      sections: (points,) radii, or (points, 2) half sizes along the normal and across it [m].
      part: as in `loft`.
      sides: corners of each loop.
      normal: (3,) of the plane in which the path lies.
      hidden_ends: as in `loft`.
    """
    points = np.asarray(path, float)
    size = np.asarray(sections, float)
    size = np.column_stack([size, size]) if size.ndim == 1 else size
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    first = np.asarray(normal, float) - (tangent @ np.asarray(normal, float))[:, None] * tangent
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(tangent, first)
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)[None, :, None]
    around = size[:, None, :1] * np.cos(angle) * first[:, None] + size[:, None, 1:] * np.sin(angle) * second[:, None]
    return loft(points[:, None] + around, part, hidden_ends=hidden_ends)


def brick(low: ArrayLike, high: ArrayLike, part: int = 0) -> Surface:
    """A block between two corners [m], with sharp edges."""
    a, b = np.asarray(low, float), np.asarray(high, float)
    square = np.array([[1, 1], [0, 1], [0, 0], [1, 0]])
    outline = a[:2] + square * (b[:2] - a[:2])
    loops = np.stack([np.column_stack([outline, np.full(4, z)]) for z in (a[2], b[2])])
    return loft(loops, part)


def dome(radius: float, low: float, high: float, count: int = 7) -> list[tuple[float, float]]:
    """Return the profile of a cap that rises from (radius, low) to (nearly 0, high): a quarter of an ellipse."""
    return [(max(x, 2e-4), low + (high - low) * y) for x, y in arc((0, 0), 1.0, 0, 89, count) for x in (x * radius,)]


def welded(corners: ArrayLike, part: int = 0) -> Surface:
    """Make a surface of triangles (faces, 3, 3) [m], which share corners that are equal to 0.1 um."""
    triangles = np.asarray(corners, float)
    keys = np.round(triangles.reshape(-1, 3) * 1e7).astype(np.int64)
    _, first, index = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    faces = index.reshape(-1, 3).astype(np.int32)
    return Surface(
        triangles.reshape(-1, 3)[first], faces, np.full(len(faces), part, np.int32), np.zeros(len(faces), bool)
    )


def hoop(section: ArrayLike, part: int = 0, sides: int = 40) -> Surface:
    """Turn a closed outline (points, 2) of (radius, height), counter-clockwise, about z: a body with a hole."""
    outline = np.asarray(section, float)
    count = len(outline)
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    radius = outline[None, :, :1] * ring[:, None]
    vertices = np.concatenate([radius, np.broadcast_to(outline[None, :, 1:], (sides, count, 1))], axis=2)
    i, j = np.meshgrid(np.arange(sides), np.arange(count), indexing="ij")
    a, b = i * count + j, i * count + (j + 1) % count
    c, d = (i + 1) % sides * count + (j + 1) % count, (i + 1) % sides * count + j
    faces = np.concatenate([np.stack([a, d, c], -1).reshape(-1, 3), np.stack([a, c, b], -1).reshape(-1, 3)])
    return Surface(
        vertices.reshape(-1, 3), faces.astype(np.int32), np.full(len(faces), part, np.int32), np.zeros(len(faces), bool)
    )
