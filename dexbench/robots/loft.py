"""Smooth solids for the eye: superellipse sections along z, skinned into a closed triangle mesh."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SEGMENTS = 20
"""Corners of a section. Software rendering pays for every triangle; 20 look round at 1.5 m."""


def loft_mesh(sections: Sequence[Sequence[float]]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return vertices (n, 3) [m] and triangles (m, 3), counter-clockwise from outside.

    Args:
      sections: rising in z, each [z, half x, half y, exponent, centre x, centre y]; the outline of a section is
        |x / half x|^exponent + |y / half y|^exponent = 1, so 2 is an ellipse and 4 a rounded rectangle.
    """
    angle = np.linspace(0, 2 * np.pi, SEGMENTS, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    rings = []
    for z, half_x, half_y, exponent, centre_x, centre_y in sections:
        # Corners at even angles of the outline: the radius along each direction solves the equation above.
        radius = (np.abs(cos / half_x) ** exponent + np.abs(sin / half_y) ** exponent) ** (-1 / exponent)
        rings.append(np.column_stack([centre_x + radius * cos, centre_y + radius * sin, np.full(SEGMENTS, z)]))
    ends = [[s[4], s[5], s[0]] for s in (sections[0], sections[-1])]
    vertices = np.concatenate([*rings, ends])
    here = np.arange(SEGMENTS)
    following = np.roll(here, -1)
    faces = []
    for k in range(len(sections) - 1):
        low, high = k * SEGMENTS, (k + 1) * SEGMENTS
        faces.append(np.column_stack([low + here, low + following, high + following]))
        faces.append(np.column_stack([low + here, high + following, high + here]))
    bottom, top = len(vertices) - 2, len(vertices) - 1
    last = (len(sections) - 1) * SEGMENTS
    faces.append(np.column_stack([np.full(SEGMENTS, bottom), following, here]))
    faces.append(np.column_stack([np.full(SEGMENTS, top), last + here, last + following]))
    return vertices, np.concatenate(faces).astype(np.int32)
