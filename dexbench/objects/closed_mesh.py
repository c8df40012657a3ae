"""A stranger's triangles made a closed surface that faces outwards, or said to be none: holes, winding, too many."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model import Array, Integers

NEAR = 1e-6
"""Corners closer than this share of the mesh's size are one: files repeat a corner for each face that has it."""


@dataclass(frozen=True)
class Mesh:
    """Triangles, counter-clockwise seen from outside once they are closed and mended."""

    vertices: Array
    """(vertices, 3) in the file's unit, or [m] once scaled."""
    faces: Integers
    """(faces, 3)"""


@dataclass(frozen=True)
class Holes:
    """Where a mesh is open."""

    edges: int
    """Edges with a face on one side only."""
    rims: tuple[tuple[int, ...], ...]
    """Corners of each hole in order; a rim that crosses itself is not among them."""
    tangled: int
    """Rims that cross themselves."""


def merged(vertices: Array, faces: NDArray[Any]) -> Mesh:
    """Return the mesh with each corner once, without faces that have thereby become a line, and unused corners."""
    size = float(np.ptp(vertices, axis=0).max())
    cells = np.round((vertices - vertices.min(axis=0)) / max(size * NEAR, 1e-300)).astype(np.int64)
    _, first, corner = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    return _used(vertices[first], _whole(corner.reshape(-1)[faces]))


def _whole(faces: NDArray[Any]) -> NDArray[Any]:
    a, b, c = faces.T
    return np.asarray(faces[(a != b) & (b != c) & (c != a)])


def _used(vertices: Array, faces: NDArray[Any]) -> Mesh:
    used, faces = np.unique(faces, return_inverse=True)
    return Mesh(vertices[used], faces.reshape(-1, 3).astype(np.int32))


def _edges(faces: Integers) -> NDArray[np.int64]:
    """Return all (3 faces, 2) directed edges, those of a face at rows f, f + faces, f + 2 faces."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)


def _keys(edges: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return one number for each undirected edge."""
    return np.asarray(edges.min(axis=1) * count + edges.max(axis=1))


def holes(mesh: Mesh) -> Holes:
    """Return where `mesh` is open: the edges that an odd number of faces share, strung together to rims."""
    edges = _edges(mesh.faces)
    _, first, shared = np.unique(_keys(edges, len(mesh.vertices)), return_index=True, return_counts=True)
    rim = edges[first[shared % 2 == 1]]
    ways: dict[int, list[int]] = {}
    for a, b in rim.tolist():
        ways.setdefault(a, []).append(b)
        ways.setdefault(b, []).append(a)
    rims: list[tuple[int, ...]] = []
    seen: set[int] = set()
    tangled = 0
    for start in ways:
        if start in seen:
            continue
        group, todo = [start], [start]
        seen.add(start)
        while todo:  # along the rim, as far as it goes
            for near in ways[todo.pop()]:
                if near not in seen:
                    seen.add(near)
                    group.append(near)
                    todo.append(near)
        if any(len(ways[corner]) != 2 for corner in group):
            tangled += 1
            continue
        walk = [start, ways[start][0]]
        while len(walk) < len(group):
            here, there = ways[walk[-1]]
            walk.append(there if here == walk[-2] else here)
        rims.append(tuple(walk))
    return Holes(len(rim), tuple(rims), tangled)


def closed(mesh: Mesh, rims: tuple[tuple[int, ...], ...]) -> Mesh:
    """Return the mesh with a fan from the middle of each rim; winding is mended afterwards."""
    vertices, faces = [mesh.vertices], [mesh.faces]
    for k, rim in enumerate(rims):
        ring = np.array(rim)
        vertices.append(mesh.vertices[ring].mean(axis=0, keepdims=True))
        faces.append(
            np.stack([ring, np.roll(ring, -1), np.full(len(ring), len(mesh.vertices) + k)], axis=1).astype(np.int32)
        )
    return Mesh(np.concatenate(vertices), np.concatenate(faces))


def outwards(mesh: Mesh) -> tuple[Mesh, int]:
    """Return a closed mesh with all faces outwards, and how many had to be turned.

    A mesh that is consistent stays so, and is turned as a whole if it is inside out; of one that is not, each body is
    made consistent by itself and turned outwards.
    """
    edges = _edges(mesh.faces)
    count = len(mesh.vertices)
    there = np.sort(edges[:, 0] * count + edges[:, 1])
    back = np.sort(edges[:, 1] * count + edges[:, 0])
    turned = np.zeros(len(mesh.faces), bool) if np.array_equal(there, back) else _against(mesh, edges)
    faces = np.where(turned[:, None], mesh.faces[:, ::-1], mesh.faces)
    if volume(Mesh(mesh.vertices, faces)) < 0:
        turned = ~turned
        faces = faces[:, ::-1]
    return Mesh(mesh.vertices, np.ascontiguousarray(faces)), int(np.count_nonzero(turned))


def _against(mesh: Mesh, edges: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (faces,) which to turn so that neighbours agree and each connected body encloses a positive volume."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    count = len(mesh.faces)
    keys = _keys(edges, len(mesh.vertices))
    order = np.argsort(keys, kind="stable")
    pairs = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    one, two = order[pairs], order[pairs + 1]
    same = edges[one, 0] == edges[two, 0]  # neighbours that agree run along their edge in opposite directions
    weight = np.where(same, 2, 1)
    links = coo_array((weight, (one % count, two % count)), shape=(count, count)).tocsr()
    links = links.maximum(links.T)
    bodies, body = connected_components(links, directed=False)
    turned = np.zeros(count, bool)
    for k in range(bodies):
        start = int(np.argmax(body == k))
        walk, before = breadth_first_order(links, start, directed=False)
        for face in walk[1:]:
            turned[face] = turned[before[face]] ^ (links[before[face], face] == 2)
        mine = mesh.faces[body == k]
        flipped = turned[body == k]
        if volume(Mesh(mesh.vertices, np.where(flipped[:, None], mine[:, ::-1], mine))) < 0:
            turned[body == k] = ~flipped
    return turned


def volume(mesh: Mesh) -> float:
    """Return the volume inside a closed mesh; negative where its faces look inwards."""
    a, b, c = mesh.vertices[mesh.faces].transpose(1, 0, 2)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def thinned(mesh: Mesh, most: int) -> Mesh:
    """Return a closed mesh with at most about `most` faces: the corners in one cell of a grid become their mean.

    Faces that come to lie on each other back to back cancel, so that what was closed stays closed.
    """
    if len(mesh.faces) <= most:
        return mesh
    high = float(np.ptp(mesh.vertices, axis=0).max())
    low, best = high / 4096, mesh
    for _ in range(12):
        middle = (low + high) / 2
        trial = _clustered(mesh, middle)
        if len(trial.faces) > most:
            low = middle
            continue
        high = middle
        if len(trial.faces) >= 4:
            best = trial
    return best


def _clustered(mesh: Mesh, cell: float) -> Mesh:
    cells = np.floor((mesh.vertices - mesh.vertices.min(axis=0)) / cell).astype(np.int64)
    _, group = np.unique(cells, axis=0, return_inverse=True)
    group = group.reshape(-1)
    count = np.bincount(group)
    middle = np.stack([np.bincount(group, mesh.vertices[:, i]) / count for i in range(3)], axis=1)
    faces = _whole(group[mesh.faces])
    if not len(faces):
        return Mesh(middle, np.empty((0, 3), np.int32))
    # the same three corners: +1 for each face one way round, -1 for the other; one face is left for each that remains
    order = np.argsort(faces, axis=1)
    odd = (order[:, 0] + 1) % 3 != order[:, 1]
    corners, which = np.unique(np.sort(faces, axis=1), axis=0, return_inverse=True)
    net = np.bincount(which.reshape(-1), np.where(odd, -1, 1)).astype(int)
    kept = np.repeat(np.arange(len(corners)), np.abs(net))
    left = np.where((net[kept] < 0)[:, None], corners[kept][:, ::-1], corners[kept])
    return _used(middle, left) if len(left) else Mesh(middle, np.empty((0, 3), np.int32))
