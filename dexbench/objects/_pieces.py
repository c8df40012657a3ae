"""What recipes are made of: pieces for the touch, and the profile of a foot.

A recipe takes the parameters of one instance [m] and labels faces and pieces with the indices of the parts in the
order of the family's file. Pieces may stick out of the surface by at most 3 mm, which a test keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._surface import Surface
from .model import Array, Piece

Parameters = Mapping[str, float]

BEVEL = 0.002
"""Rounding of edges in the picture [m]."""


@dataclass(frozen=True)
class Recipe:
    """What a family makes of one set of parameters."""

    surface: Surface
    pieces: list[Piece]


def piece(
    shape: str, size: ArrayLike, position: ArrayLike, part: int = 0, quaternion: ArrayLike = (1, 0, 0, 0)
) -> Piece:
    """A primitive with MuJoCo's sizes; missing sizes are 0."""
    full = np.zeros(3)
    full[: np.size(size)] = size
    return Piece(shape, full, np.asarray(position, float), np.asarray(quaternion, float), part)


def upright(radius: float, low: float, high: float, part: int = 0) -> Piece:
    """A cylinder about the z axis between two heights."""
    return piece("cylinder", (radius, (high - low) / 2), (0, 0, (low + high) / 2), part)


def towards(axis: ArrayLike) -> Array:
    """Return the shortest turn (4,) wxyz from z to a unit vector, which is not -z."""
    x, y, z = np.asarray(axis, float)
    quaternion = np.array([1 + z, -y, x, 0.0])
    return np.asarray(quaternion / np.linalg.norm(quaternion))


def _along(shape: str, start: ArrayLike, stop: ArrayLike, radius: float, part: int) -> Piece:
    a, b = np.asarray(start, float), np.asarray(stop, float)
    length = float(np.linalg.norm(b - a))
    return piece(shape, (radius, length / 2), (a + b) / 2, part, towards((b - a) / length))


def capsule(start: ArrayLike, stop: ArrayLike, radius: float, part: int = 0) -> Piece:
    """A capsule between two points; it does not run along -z."""
    return _along("capsule", start, stop, radius, part)


def cylinder(start: ArrayLike, stop: ArrayLike, radius: float, part: int = 0) -> Piece:
    """A cylinder between two points; it does not run along -z."""
    return _along("cylinder", start, stop, radius, part)


def inscribed(profile: Array, way: float) -> float:
    """Return the radius [m] of the sphere about (0, `way`) that fits into a profile (points, 2)."""
    dense = np.concatenate([np.linspace(a, b, 8) for a, b in zip(profile[:-1], profile[1:], strict=True)])
    return float(np.hypot(dense[:, 0], dense[:, 1] - way).min())


def stand(radius: float) -> list[tuple[float, float]]:
    """The profile of a rounded base, from the middle out and up to the wall."""
    return [
        (0.4 * radius, 0),
        (radius - 2 * BEVEL, 0),
        (radius - 0.6 * BEVEL, 0.6 * BEVEL),
        (radius, 2 * BEVEL),
    ]


def staves(foot: float, top: float, low: float, high: float, wall: float, count: int, part: int) -> list[Piece]:
    """Return flat boards that stand in for a round wall.

    Args:
      foot: outer radius at the lower edge [m].
      top: outer radius at the upper edge, at least `foot` [m].
      low: height of the lower edge [m].
      high: height of the upper edge [m].
      wall: thickness [m].
      count: how many.
      part: of all of them.
    """
    rise = high - low
    tilt = float(np.arctan2(top - foot, rise))
    half_angle = np.pi / count
    mean = 0.5 * (foot + top) - wall / np.cos(tilt) / 2
    distance = mean * 0.5 * (1 + np.cos(half_angle))
    width = (mean + 0.2 * (top - foot)) * np.tan(half_angle)
    length = (rise - wall * np.sin(tilt)) / np.cos(tilt)
    boards = []
    c, s = np.cos(tilt / 2), np.sin(tilt / 2)
    for angle in 2 * half_angle * np.arange(count):
        w, z = np.cos(angle / 2), np.sin(angle / 2)
        position = (distance * np.cos(angle), distance * np.sin(angle), (low + high) / 2)
        boards.append(piece("box", (wall / 2, width, length / 2), position, part, (w * c, -z * s, w * s, z * c)))
    return boards
