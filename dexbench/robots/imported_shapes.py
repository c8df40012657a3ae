"""The geoms of a stranger's model as our shapes: what touches stays simple, what is seen becomes lean."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.triangles import Triangles, obj_text, triangles
from dexbench.robots.imported_tree import Floats, Tree, matrix_of, rpy_of, vector
from dexbench.robots.lean_mesh import area, convex_hull, hull_volume, lean
from dexbench.robots.model_source import Source

FACES = 7000
"""Triangles of a whole hand's drawn meshes: software rendering pays for each."""
DARKEST = 0.2
"""Of a colour's parts: pure black shows no shape."""

_MESH = int(mujoco.mjtGeom.mjGEOM_MESH)
_PRIMITIVES = {
    int(mujoco.mjtGeom.mjGEOM_SPHERE): ("sphere", 1),
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): ("capsule", 2),
    int(mujoco.mjtGeom.mjGEOM_CYLINDER): ("cylinder", 2),
    int(mujoco.mjtGeom.mjGEOM_ELLIPSOID): ("ellipsoid", 3),
    int(mujoco.mjtGeom.mjGEOM_BOX): ("box", 3),
}


@dataclass
class Shapes:
    """Rows as they are written, and the files beside them."""

    collision: list[dict[str, Any]] = field(default_factory=list)
    visual: list[dict[str, Any]] = field(default_factory=list)
    materials: dict[str, list[float]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_shapes(source: Source, tree: Tree, collision: str) -> Shapes:
    """Return the shapes of all bodies in the tree.

    Args:
      source: the model.
      tree: says which link each body melted into.
      collision: "fit" for a capsule or box around each mesh that touches, "hull" for its convex hull.
    """
    model, shapes = source.model, Shapes()
    geoms = [g for g in range(model.ngeom) if int(model.geom_bodyid[g]) in tree.places]
    touching = [g for g in geoms if model.geom_contype[g] or model.geom_conaffinity[g]]
    for geom in touching:
        row = _placed(model, tree, geom)
        kind = int(model.geom_type[geom])
        if kind in _PRIMITIVES:
            shapes.collision.append(row | _primitive(model, geom))
        elif kind == _MESH and collision == "hull":
            hull = convex_hull(_mesh(model, geom).vertices)
            shapes.collision.append(row | _file(shapes, model, geom, "hull", hull))
        elif kind == _MESH:
            shapes.collision.append(_fitted(tree, model, geom))
        else:
            shapes.notes.append(
                f"geom {model.geom(geom).name or geom} is left out: a plane or field is no part of a hand"
            )
    _draw(source, tree, shapes, [g for g in geoms if g not in touching], touching)
    return shapes


def _draw(source: Source, tree: Tree, shapes: Shapes, seen: Sequence[int], touching: Sequence[int]) -> None:
    """Add what is seen: geoms that touch nothing, and of links without such what touches."""
    model = source.model
    colours = {g: _colour(model, g) for g in (*seen, *touching)}
    seen = [g for g in seen if colours[g][3] > 0.05 and int(model.geom_type[g]) in (*_PRIMITIVES, _MESH)]
    drawn = {_link(model, tree, g) for g in seen}
    seen = [*seen, *(g for g in touching if _link(model, tree, g) not in drawn)]
    meshes = {g: _mesh(model, g) for g in seen if int(model.geom_type[g]) == _MESH}
    size = {g: area(m) ** 0.5 for g, m in meshes.items()}  # by area alone a forearm would take what fingers need
    for geom in seen:
        row = _placed(model, tree, geom)
        if geom in meshes:
            most = max(60, int(FACES * size[geom] / sum(size.values())))
            row |= _file(shapes, model, geom, "seen", lean(meshes[geom], most))
        elif int(model.geom_type[geom]) in _PRIMITIVES:
            row |= _primitive(model, geom)
        else:
            continue
        shapes.visual.append(row | {"material": _material(shapes, colours[geom])})


def _link(model: mujoco.MjModel, tree: Tree, geom: int) -> str:
    return tree.places[int(model.geom_bodyid[geom])].link


def _placed(model: mujoco.MjModel, tree: Tree, geom: int) -> dict[str, Any]:
    place = tree.places[int(model.geom_bodyid[geom])].then(model.geom_pos[geom], matrix_of(model.geom_quat[geom]))
    return {"link": place.link, "xyz": list(vector(place.xyz)), "rpy": list(rpy_of(place.matrix))}


def _primitive(model: mujoco.MjModel, geom: int) -> dict[str, Any]:
    kind, count = _PRIMITIVES[int(model.geom_type[geom])]
    return {"kind": kind, "size": list(vector(model.geom_size[geom, :count]))}


def _mesh(model: mujoco.MjModel, geom: int) -> Triangles:
    mesh = int(model.geom_dataid[geom])
    first, corner = int(model.mesh_vertadr[mesh]), int(model.mesh_faceadr[mesh])
    return triangles(
        model.mesh_vert[first : first + int(model.mesh_vertnum[mesh])],
        model.mesh_face[corner : corner + int(model.mesh_facenum[mesh])],
    )


def _file(shapes: Shapes, model: mujoco.MjModel, geom: int, use: str, mesh: Triangles) -> dict[str, Any]:
    """Put a mesh beside the hand, once however often it is used; return the part of the row that names it."""
    said = model.mesh(int(model.geom_dataid[geom])).name or "mesh"
    plain = re.sub(r"\W+", "_", said).strip("_") or "mesh"
    text = obj_text(mesh)
    name, count = f"{plain}_{use}.obj", 1
    while shapes.files.get(name, text) != text:
        count += 1
        name = f"{plain}_{use}{count}.obj"
    shapes.files[name] = text
    return {"kind": "mesh", "file": name, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _fitted(tree: Tree, model: mujoco.MjModel, geom: int) -> dict[str, Any]:
    """Return the box around a mesh along its axes of inertia, or a capsule where its volume is nearer to the hull's."""
    points = _mesh(model, geom).vertices
    lower, upper = points.min(axis=0), points.max(axis=0)
    centre, half = (lower + upper) / 2, (upper - lower) / 2
    half = np.maximum(half, 5e-4)
    order = np.argsort(half)[::-1]
    turn = np.eye(3)[:, [order[2], order[1], order[0]]]  # z along the longest edge
    turn[:, 0] *= np.linalg.det(turn)
    place = tree.places[int(model.geom_bodyid[geom])].then(model.geom_pos[geom], matrix_of(model.geom_quat[geom]))
    place = place.then(centre, turn)
    short, middle, long = (float(half[order[i]]) for i in (2, 1, 0))
    radius = (short + middle) / 2
    straight = long - radius
    found: dict[str, Any] = {"link": place.link, "xyz": list(vector(place.xyz)), "rpy": list(rpy_of(place.matrix))}
    box = 8 * short * middle * long
    capsule = np.pi * radius**2 * (2 * straight + 4 / 3 * radius) if straight > 0 else np.inf
    hull = hull_volume(points)
    if middle < 1.6 * short and straight > 0.1 * radius and abs(capsule - hull) < abs(box - hull):
        return found | {"kind": "capsule", "size": list(vector(np.array([radius, straight])))}
    return found | {"kind": "box", "size": list(vector(np.array([short, middle, long])))}


def _colour(model: mujoco.MjModel, geom: int) -> NDArray[np.float32]:
    material = int(model.geom_matid[geom])
    colour: NDArray[np.float32] = model.mat_rgba[material] if material >= 0 else model.geom_rgba[geom]
    return colour


def _material(shapes: Shapes, colour: Floats | NDArray[np.float32]) -> str:
    """Return the name of a colour, which is entered where it is new."""
    values = [round(max(DARKEST, float(c)), 3) for c in colour[:3]] + [1.0]
    for name, known in shapes.materials.items():
        if known == values:
            return name
    name = f"colour_{len(shapes.materials) + 1}"
    shapes.materials[name] = values
    return name
