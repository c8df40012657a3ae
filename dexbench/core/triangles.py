"""A triangle mesh as data, and the small part of the OBJ format in which it lies beside a hand's file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core.capped import read_capped
from dexbench.core.errors import DataError

LARGEST = 8_000_000
"""Largest mesh file read [bytes]: about 100 000 triangles, and a whole hand needs a few thousand."""


@dataclass(frozen=True, eq=False)
class Triangles:
    """A surface of triangles, counter-clockwise from outside."""

    vertices: NDArray[np.float64]
    """(n, 3) [m]; read-only."""
    faces: NDArray[np.int32]
    """(m, 3) indices of vertices; read-only."""

    def scaled(self, x: float, y: float, z: float) -> "Triangles":
        """Return the mesh stretched along its axes; a factor of -1 mirrors it."""
        faces = self.faces if x * y * z > 0 else self.faces[:, ::-1]  # a mirror turns surfaces inside out
        return triangles(self.vertices * (x, y, z), faces)


def triangles(vertices: NDArray[Any], faces: NDArray[Any]) -> Triangles:
    """Return a mesh of copies of the arrays."""
    mesh = Triangles(np.array(vertices, np.float64), np.array(faces, np.int32))
    mesh.vertices.setflags(write=False)
    mesh.faces.setflags(write=False)
    return mesh


def read_obj(path: Path, sha256: str) -> Triangles:
    """Return the mesh in the OBJ file at `path`: its lines `v x y z` and `f a b c`, nothing else of the format.

    Args:
      path: the file.
      sha256: what its bytes must hash to, so that whoever holds this hash has said which mesh is meant.

    Raises:
      DataError: the file is missing, too large, another one than was meant, or no such mesh.
    """
    content = read_capped(path, LARGEST, "mesh", "give it fewer triangles")
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(f"mesh {path.name!r} is not the file that was meant: its sha256 is {found}")
    vertices: list[list[float]] = []
    faces: list[list[int]] = []
    for number, line in enumerate(content.decode("ascii", "replace").splitlines(), 1):
        words = line.split()
        try:
            if len(words) == 4 and words[0] == "v":
                vertices.append([float(w) for w in words[1:]])
            elif len(words) == 4 and words[0] == "f":
                faces.append([int(w) - 1 for w in words[1:]])
            elif words and not words[0].startswith("#"):
                raise ValueError
        except ValueError:
            raise DataError(f"{path.name}:{number}: `v x y z` or `f a b c` is expected, not {line[:40]!r}") from None
    corners, sides = np.array(vertices, np.float64), np.array(faces, np.int64)
    if len(corners) < 4 or len(sides) < 4:
        raise DataError(f"mesh {path.name!r} has {len(corners)} vertices and {len(sides)} triangles: that is no body")
    if not np.isfinite(corners).all() or sides.min() < 0 or sides.max() >= len(corners):
        raise DataError(
            f"mesh {path.name!r} has a vertex that is no number, or a triangle of vertices it does not have"
        )
    return triangles(corners, sides)


def obj_text(mesh: Triangles) -> str:
    """Return the mesh as read_obj reads it, numbers to seven digits."""
    lines = [f"v {x:.7g} {y:.7g} {z:.7g}" for x, y, z in mesh.vertices.tolist()]
    lines += [f"f {a} {b} {c}" for a, b, c in (mesh.faces + 1).tolist()]
    return "\n".join(lines) + "\n"
