"""Closed triangle surfaces from stacked loops: turned bodies, rounded plates and bent rods."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .model import Array, Integers


@dataclass(frozen=True)
class Surface:
    """A triangle mesh with a part label for each face."""

    vertices: Array
    """(vertices, 3) [m]"""
    faces: Integers
    """(faces, 3) counter-clockwise seen from outside."""
    part: Integers
    """(faces,)"""
    hidden: NDArray[np.bool_]
    """(faces,) true where another body covers the face, as at the end of a handle."""


def join(surfaces: list[Surface]) -> Surface:
    """Put several surfaces into one; they may overlap where one body is rooted in another."""
    offsets = np.cumsum([0] + [len(s.vertices) for s in surfaces[:-1]])
    return Surface(
        np.concatenate([s.vertices for s in surfaces]),
        np.concatenate([s.faces + offset for s, offset in zip(surfaces, offsets, strict=True)]).astype(np.int32),
        np.concatenate([s.part for s in surfaces]),
        np.concatenate([s.hidden for s in surfaces]),
    )


def loft(loops: Array, part: ArrayLike = 0, tips: Array | None = None, hidden_ends: bool = False) -> Surface:
    """Skin a stack of loops and close both ends with fans.

    Args:
      loops: (loops, points, 3); seen against the direction of the stack, the points run counter-clockwise.
      part: part of all faces, or (loops + 1,) for the first cap, each band, and the last cap.
      tips: (2, 3) centres of the fans; the middle of the first and last loop where not given.
      hidden_ends: whether the caps are covered by another body.
    """
    count, points = loops.shape[:2]
    labels = np.broadcast_to(np.asarray(part, np.int32), (count + 1,))
    ends = np.stack([loops[0].mean(axis=0), loops[-1].mean(axis=0)]) if tips is None else tips
    j = np.arange(points)
    k = (j + 1) % points
    first = np.stack([np.full(points, count * points), k, j], axis=1)
    top = (count - 1) * points
    last = np.stack([np.full(points, count * points + 1), top + j, top + k], axis=1)
    low = np.arange(count - 1)[:, None] * points
    a, b, c, d = low + j, low + k, low + points + k, low + points + j
    bands = np.stack([np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)], axis=2).reshape(-1, 3)
    faces = np.concatenate([first, bands, last]).astype(np.int32)
    sizes = [points] + [2 * points] * (count - 1) + [points]
    hidden = np.zeros(len(faces), bool)
    if hidden_ends:
        hidden[:points] = hidden[-points:] = True
    vertices = np.concatenate([loops.reshape(-1, 3), ends])
    return Surface(vertices, faces, np.repeat(labels, sizes).astype(np.int32), hidden)


def turned(profile: ArrayLike, part: ArrayLike = 0, sides: int = 32, tips: Array | None = None) -> Surface:
    """Turn a profile about z.

    Args:
      profile: (loops, 2) of radius and height [m], from the bottom outwards and up; may come down again inside.
      part: as in `loft`.
      sides: corners of each loop.
      tips: as in `loft`.
    """
    radius, height = np.asarray(profile, float).T
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    loops = np.concatenate(
        [radius[:, None, None] * ring, np.broadcast_to(height[:, None, None], (len(radius), sides, 1))], axis=2
    )
    return loft(loops, part, tips)


def slab(
    half: tuple[float, float], corner: float, profile: ArrayLike, part: ArrayLike = 0, per_corner: int = 5
) -> Surface:
    """Stack rounded rectangles.

    Args:
      half: half sizes along x and y [m].
      corner: radius of the vertical edges [m].
      profile: (loops, 2) of inset from the outline and height [m]; an inset is smaller than `corner`, or the
        loop keeps a sharp corner.
      part: as in `loft`.
      per_corner: points at each corner.
    """
    angle = np.linspace(0.0, np.pi / 2, per_corner)
    turn = np.concatenate([angle + k * np.pi / 2 for k in range(4)])
    signs = np.repeat([[1, 1], [-1, 1], [-1, -1], [1, -1]], per_corner, axis=0)
    loops = []
    for inset, height in np.asarray(profile, float):
        radius = max(corner - inset, 2e-4)
        middle = signs * (np.asarray(half) - inset - radius)
        outline = middle + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        loops.append(np.column_stack([outline, np.full(len(outline), height)]))
    return loft(np.stack(loops), part)


def rod(path: ArrayLike, radius: float, part: int, sides: int = 10, normal: ArrayLike = (0.0, 1.0, 0.0)) -> Surface:
    """Sweep a circle along a flat path; both ends are rooted in other bodies.

    Args:
      path: (points, 3) [m].
      radius: of the rod [m].
      part: part of its faces.
      sides: corners of each loop.
      normal: (3,) normal of the plane in which the path lies.
    """
    points = np.asarray(path, float)
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    first = np.broadcast_to(np.asarray(normal, float), points.shape)
    second = np.cross(tangent, first)
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)[None, :, None]
    loops = points[:, None] + radius * (np.cos(angle) * first[:, None] + np.sin(angle) * second[:, None])
    return loft(loops, part, hidden_ends=True)


def arc(center: tuple[float, float], radius: float, start: float, stop: float, count: int) -> list[tuple[float, float]]:
    """Return points on an arc, angles in degrees, both ends included."""
    angle = np.radians(np.linspace(start, stop, count))
    return [(center[0] + radius * float(np.cos(a)), center[1] + radius * float(np.sin(a))) for a in angle]
