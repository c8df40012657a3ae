"""Fewer triangles for a surface, and the convex hull of points."""

import numpy as np

from dexbench.core.triangles import Triangles, triangles
from dexbench.robots.imported_tree import Floats

CORNERS = 120
"""Most vertices of a hull: what touches it costs time for each."""


def area(mesh: Triangles) -> float:
    """Return the surface of a mesh [m^2]."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def lean(mesh: Triangles, most: int) -> Triangles:
    """Return the mesh with at most `most` triangles: the vertices in one cell of a grid become one."""
    if len(mesh.faces) <= most:
        return mesh
    high = float(np.ptp(mesh.vertices, axis=0).max())
    low = high / 4096
    best = _clustered(mesh, high)
    for _ in range(14):
        middle = (low + high) / 2
        trial = _clustered(mesh, middle)
        if len(trial.faces) <= most:
            high = middle
            if len(trial.faces) >= 4:
                best = trial
        else:
            low = middle
    return best if len(best.faces) >= 4 else convex_hull(mesh.vertices)


def _clustered(mesh: Triangles, cell: float) -> Triangles:
    cells = np.floor((mesh.vertices - mesh.vertices.min(axis=0)) / cell).astype(np.int64)
    many = cells.max(axis=0) + 1
    _, group = np.unique((cells[:, 0] * many[1] + cells[:, 1]) * many[2] + cells[:, 2], return_inverse=True)
    count = np.bincount(group)
    middle = np.stack([np.bincount(group, mesh.vertices[:, i]) / count for i in range(3)], axis=1)
    faces = group[mesh.faces]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    faces = faces[whole]
    if len(faces):
        first = np.unique(np.sort(faces, axis=1), axis=0, return_index=True)[1]
        faces = faces[np.sort(first)]
    used, faces = np.unique(faces, return_inverse=True)
    return triangles(middle[used.astype(np.int64)], faces.reshape(-1, 3).astype(np.int32))


def convex_hull(points: Floats) -> Triangles:
    """Return the convex hull of points (n, 3), triangles outwards; of many corners those that stick out."""
    from scipy.spatial import ConvexHull  # takes a while to load, and most hands need no hull

    hull = ConvexHull(points)
    if len(hull.vertices) > CORNERS:
        step = np.arange(CORNERS) + 0.5  # directions spread evenly over a sphere, along a spiral
        polar, turn = np.arccos(1 - 2 * step / CORNERS), np.pi * (1 + 5**0.5) * step
        out = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1)
        points = points[np.unique(np.argmax(points @ out.T, axis=0))]
        hull = ConvexHull(points)
    used, faces = np.unique(hull.simplices, return_inverse=True)
    faces = faces.reshape(-1, 3).astype(np.int32)
    corners = points[used]
    a, b, c = (corners[faces[:, i]] for i in range(3))
    inwards = np.einsum("ij,ij->i", np.cross(b - a, c - a), hull.equations[:, :3]) < 0
    faces[inwards] = faces[inwards][:, ::-1]
    return triangles(corners, faces)


def hull_volume(points: Floats) -> float:
    """Return the volume of the convex hull of points (n, 3) [m^3]."""
    from scipy.spatial import ConvexHull

    return float(ConvexHull(points).volume)
