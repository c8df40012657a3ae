"""Build the stored geometry of every object from its family's file: `python -m dexbench.objects.generate [--check]`.

Runs offline; what it writes is part of the repository, so that nothing is generated at run time.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core.assets import asset_path
from dexbench.core.rotations import quaternion_matrix

from ._mass import mass_properties
from ._recipes import RECIPES
from ._surface import Surface
from .bundle import pack, unpack
from .family import Family, Instance, family_names, load_family
from .model import SHAPES, Array, Piece

POINTS = 256
"""Surface points stored for each object."""

Stored = dict[str, NDArray[Any]]


def sample(surface: Surface, count: int, seed: int) -> tuple[Array, Array, NDArray[np.int32]]:
    """Draw points spread by area over what can be seen of a surface.

    Returns:
      Points (count, 3) [m], outward normals (count, 3), parts (count,).
    """
    rng = np.random.default_rng(seed)
    corners = surface.vertices[surface.faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.where(surface.hidden, 0.0, np.linalg.norm(cross, axis=1))
    # stratified along the cumulated area: even cover, and every part of 1/256 of the surface is met
    at = (np.arange(count) + rng.random(count)) / count
    total = np.cumsum(area) / area.sum()
    face = np.minimum(np.searchsorted(total, at), len(area) - 1)
    u, v = rng.random((2, count))
    flip = u + v > 1
    u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
    a, b, c = corners[face].transpose(1, 0, 2)
    points = a + u[:, None] * (b - a) + v[:, None] * (c - a)
    normals = cross[face] / np.linalg.norm(cross[face], axis=1, keepdims=True)
    return points, normals, surface.part[face]


def lowest(piece: Piece, down: Array) -> float:
    """Return how far a piece reaches along the unit vector `down` (object frame) [m]."""
    axes = quaternion_matrix(piece.quaternion)
    along = axes.T @ down
    size = piece.size
    if piece.vertices is not None:
        return float(piece.position @ down) + float((piece.vertices @ along).max())
    reach = {
        "sphere": size[0],
        "capsule": size[0] + size[1] * abs(along[2]),
        "cylinder": size[0] * float(np.hypot(along[0], along[1])) + size[1] * abs(along[2]),
        "box": float(size @ np.abs(along)),
    }[piece.shape]
    return float(piece.position @ down) + float(reach)


def build(family: Family, instance: Instance) -> Stored:
    """Return the arrays stored for one instance."""
    recipe = RECIPES[family.name](instance.parameters)
    seed = list(family.members).index(instance.name)
    return stored(recipe.surface, recipe.pieces, instance.mass, family.rest.values(), seed)


def stored(
    surface: Surface, pieces: Sequence[Piece], mass: float, rest: Iterable[Sequence[float]], seed: int = 0
) -> Stored:
    """Return the arrays stored for an object of this surface, pieces, mass [kg] and rest orientations (wxyz)."""
    points, normals, point_part = sample(surface, POINTS, seed)
    center, inertia, quaternion = mass_properties(surface.vertices, surface.faces, mass)
    heights = [
        max(lowest(piece, quaternion_matrix(turn).T @ np.array([0.0, 0.0, -1.0])) for piece in pieces) for turn in rest
    ]
    hulls = [piece.vertices for piece in pieces if piece.vertices is not None]
    convex = (
        {"piece_vertices": np.concatenate(hulls), "piece_corners": np.array([len(h) for h in hulls])} if hulls else {}
    )
    return {
        **convex,
        "vertices": surface.vertices.astype(np.float32),
        "faces": surface.faces.astype(np.int32),
        "face_part": surface.part.astype(np.int8),
        "piece_shape": np.array([SHAPES.index(piece.shape) for piece in pieces], np.int8),
        "piece_size": np.stack([piece.size for piece in pieces]),
        "piece_position": np.stack([piece.position for piece in pieces]),
        "piece_quaternion": np.stack([piece.quaternion for piece in pieces]),
        "piece_part": np.array([piece.part for piece in pieces], np.int8),
        "points": points.astype(np.float32),
        "point_normals": normals.astype(np.float32),
        "point_part": point_part.astype(np.int8),
        "center_of_mass": center,
        "inertia": inertia,
        "inertia_quaternion": quaternion,
        "rest_height": np.array(heights),
    }


def differences(built: Mapping[str, NDArray[Any]], stored: Mapping[str, NDArray[Any]]) -> list[str]:
    """Return the names of the arrays that differ by more than rounding."""
    return [
        key
        for key in sorted(set(built) | set(stored))
        if key not in built
        or key not in stored
        or built[key].shape != stored[key].shape
        or not np.allclose(built[key], stored[key], rtol=1e-5, atol=1e-8)
    ]


def read(family: Family) -> dict[str, Stored]:
    """Return the stored arrays of the members of a family by name; a member that is not stored is left out."""
    folder = asset_path("objects")
    found: dict[str, Stored] = {}
    together = folder / f"{family.name}.npz"
    packed: Stored = {}
    if together.is_file():
        with np.load(together, allow_pickle=False) as file:
            packed = {key: file[key] for key in file.files}
    for name in family.members:
        alone = folder / f"{name}.npz"
        if alone.is_file():
            with np.load(alone, allow_pickle=False) as file:
                found[name] = {key: file[key] for key in file.files}
        elif packed and (arrays := unpack(packed, name)):
            found[name] = arrays
    return found


def write(family: Family, built: Mapping[str, Stored]) -> None:
    """Store members: those that have a file of their own in it, all others in that of the family.

    A file that differs by rounding only is left as it is.
    """
    folder, before = asset_path("objects"), read(family)
    changed = {name for name, arrays in built.items() if differences(arrays, before.get(name, {}))}
    together = {}
    for name, arrays in built.items():
        if (folder / f"{name}.npz").is_file():
            if name not in changed:
                continue
            np.savez_compressed(folder / f"{name}.npz", allow_pickle=False, **dict[str, Any](arrays))
        else:
            together[name] = arrays
    if changed & set(together):
        np.savez_compressed(folder / f"{family.name}.npz", allow_pickle=False, **dict[str, Any](pack(together)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all objects, or with --check compare them with what is stored."""
    parser = argparse.ArgumentParser(prog="python -m dexbench.objects.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the stored arrays and write nothing")
    parser.add_argument("family", nargs="*", help="families to build (default: all)")
    options = parser.parse_args(arguments)
    wrong = 0
    for name in options.family or family_names():
        family = load_family(name)
        built = {member.name: build(family, member) for member in family.members.values()}
        if not options.check:
            write(family, built)
            continue
        stored = read(family)
        for member, arrays in built.items():
            if differing := differences(arrays, stored.get(member, {})):
                wrong += 1
                print(f"{member}: {', '.join(differing)} differ from objects/{name}.yaml; run without --check")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
