"""Closed triangle meshes as arrays: what is inside, how far the surface is, which face is nearest."""

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.arrays import finite

CHUNK = 4_000_000
"""Pairs of point and triangle worked on at once."""


class ClosedMesh:
    """A closed mesh whose triangles are counter-clockwise seen from outside."""

    def __init__(self, vertices: Array, faces: Array) -> None:
        """Check and keep.

        Args:
          vertices: (V, 3) [m].
          faces: (F, 3) integers.

        Raises:
          DataError: shapes or indices that do not fit, or an edge that has not two triangles, one each way.
        """
        self.vertices = finite("vertices", vertices, (3,), 1)
        self.faces = np.asarray(faces)
        if self.faces.ndim != 2 or self.faces.shape[1] != 3 or self.faces.dtype.kind not in "iu" or not len(self.faces):
            raise DataError(f"faces must be integers (F, 3), not {self.faces.dtype} of {self.faces.shape}")
        if self.faces.min() < 0 or self.faces.max() >= len(self.vertices):
            raise DataError(f"faces name vertices that are not there: there are {len(self.vertices)}")
        edges = np.concatenate([self.faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]).astype(np.int64)
        ways = np.sort(edges[:, 0] * len(self.vertices) + edges[:, 1])
        back = np.sort(edges[:, 1] * len(self.vertices) + edges[:, 0])
        if not np.array_equal(ways, back):
            open_ = int((~np.isin(ways, back)).sum())
            raise DataError(f"the mesh is not closed: {open_} edges have a triangle on one side only; fill its holes")
        self._corners = self.vertices[self.faces]

    def inside(self, points: Array) -> Array:
        """Return (P,) bool for points (P, 3): where the surface winds around them, by its solid angle."""
        points = finite("points", points, (3,), 1)
        found = np.empty(len(points), bool)
        for rows in self._chunks(len(points)):
            a, b, c = np.moveaxis(self._corners[None] - points[rows, None, None], 2, 0)
            la, lb, lc = (np.linalg.norm(v, axis=-1) for v in (a, b, c))
            volume = (a * np.cross(b, c)).sum(axis=-1)
            rest = la * lb * lc + (a * b).sum(-1) * lc + (b * c).sum(-1) * la + (c * a).sum(-1) * lb
            found[rows] = np.arctan2(volume, rest).sum(axis=1) > np.pi  # half of the full 4 pi, of half angles 2 pi
        return found

    def nearest(self, points: Array) -> tuple[Array, Array]:
        """Return distance (P,) [m] from the surface and index (P,) of the nearest triangle for points (P, 3)."""
        points = finite("points", points, (3,), 1)
        distance, face = np.empty(len(points)), np.empty(len(points), np.int64)
        for rows in self._chunks(len(points)):
            squares = _squares(points[rows, None], *np.moveaxis(self._corners, 1, 0))
            face[rows] = squares.argmin(axis=1)
            distance[rows] = np.sqrt(squares.min(axis=1))
        return distance, face

    def depth(self, points: Array) -> Array:
        """Return (P,) how deep points (P, 3) are inside [m], below zero outside."""
        distance, _ = self.nearest(points)
        return np.where(self.inside(points), distance, -distance)

    def _chunks(self, count: int) -> list[slice]:
        step = max(1, CHUNK // len(self.faces))
        return [slice(first, first + step) for first in range(0, count, step)]


def _squares(p: Array, a: Array, b: Array, c: Array) -> Array:
    """Return (P, F) squared distances of points (P, 1, 3) from triangles with corners (F, 3).

    A triangle's nearest point lies over its inside, or else on one of its edges.
    """
    normal = np.cross(b - a, c - a)
    size = np.maximum((normal**2).sum(axis=-1), 1e-30)
    best = np.full(np.broadcast_shapes(p.shape, a.shape)[:-1], np.inf)
    over = np.ones(best.shape, bool)
    for start, end in ((a, b), (b, c), (c, a)):
        edge, away = end - start, p - start
        share = (away * edge).sum(-1) / np.maximum((edge**2).sum(-1), 1e-30)
        best = np.minimum(best, ((away - np.clip(share, 0, 1)[..., None] * edge) ** 2).sum(-1))
        over &= (np.cross(edge, away) * normal).sum(-1) >= 0
    height = ((p - a) * normal).sum(-1) ** 2 / size
    return np.where(over & (size > 1e-30), np.minimum(best, height), best)
