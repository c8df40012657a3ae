"""A mesh file of one's own (OBJ, STL, PLY, GLB) read as data: no pictures, no second file, of bounded size."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dexbench.core.capped import read_capped
from dexbench.core.errors import DataError, MissingExtra

from .closed_mesh import Mesh, merged

FORMATS = ("obj", "stl", "ply", "glb")
LARGEST = 64_000_000
"""Files larger than this are refused [bytes]."""
MOST_FACES = 500_000
"""Meshes with more triangles are refused: a scan of a hand-sized object does not need them."""
THIN = "give it fewer triangles (Blender: the modifier Decimate)"


@dataclass(frozen=True)
class MeshFile:
    """What a file held."""

    name: str
    sha256: str
    mesh: Mesh
    """Corners merged; in the file's unit and axes."""


def read_mesh(path: Path) -> MeshFile:
    """Return the triangles in a file.

    Raises:
      DataError: it is missing, too large, of another format or no mesh.
      MissingExtra: trimesh is not installed.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise DataError(f"mesh {path.name!r}: {suffix or 'no suffix'!r} is none of {', '.join(FORMATS)}: convert it")
    content = read_capped(path, LARGEST, "mesh", THIN)
    try:
        import trimesh  # optional
    except ImportError as error:
        raise MissingExtra("trimesh", "meshes of your own", "pip install 'dexbench[objects]'") from error
    try:
        # no resolver: a file that names another one gets nothing; no processing: corners are merged here
        loaded = trimesh.load(io.BytesIO(content), file_type=suffix, process=False, skip_materials=True)
        if isinstance(loaded, trimesh.Scene):
            loaded = loaded.to_mesh()
        if not isinstance(loaded, trimesh.Trimesh):
            raise DataError(f"mesh {path.name!r} holds no triangles (but {type(loaded).__name__})")
        vertices, faces = np.array(loaded.vertices, np.float64), np.array(loaded.faces, np.int64)
    except DataError:
        raise
    except Exception as error:  # readers of foreign formats fail in their own ways
        raise DataError(f"mesh {path.name!r} is no valid {suffix.upper()}: {type(error).__name__} {error}") from error
    if not len(faces) or not len(vertices):
        raise DataError(f"mesh {path.name!r} holds no triangles")
    if len(faces) > MOST_FACES:
        raise DataError(f"mesh {path.name!r} has {len(faces)} triangles, more than {MOST_FACES}: {THIN}")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise DataError(f"mesh {path.name!r}: a face names corner {faces.max()}, there are {len(vertices)}")
    if not np.isfinite(vertices).all():
        raise DataError(f"mesh {path.name!r}: {np.count_nonzero(~np.isfinite(vertices))} coordinates are no numbers")
    mesh = merged(vertices, faces)
    if len(mesh.faces) < 4:
        raise DataError(f"mesh {path.name!r}: {len(mesh.faces)} triangles enclose nothing")
    return MeshFile(path.name, hashlib.sha256(content).hexdigest(), mesh)
