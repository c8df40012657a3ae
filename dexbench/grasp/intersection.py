"""How much of a hand is inside an object: RealDex's s.i.vol and p.dist (arXiv 2402.13853). Lower is better.

RealDex gives no formula. These are the usual forms (Hasson's obman_train, GraspTTA); RealDex prints centimetres.
"""

from collections.abc import Callable

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.arrays import finite
from dexbench.grasp.closed_mesh import ClosedMesh

PITCH = 0.005
"""Edge of the voxels [m]."""
Inside = Callable[[Array], Array]
"""From points (P, 3) [m] to (P,) bool: which are inside a body."""


def voxel_centres(lower: Array, upper: Array, pitch: float = PITCH) -> Array:
    """Return (P, 3) centres of the voxels that fill the box from `lower` to `upper` (3,) [m], from its corner on."""
    if pitch <= 0:
        raise DataError(f"voxels need an edge above zero, not {pitch}")
    low, high = finite("lower", lower, (3,)), finite("upper", upper, (3,))
    counts = np.maximum(np.ceil((high - low) / pitch - 1e-9), 0).astype(int)
    axes = [start + pitch * (np.arange(count) + 0.5) for start, count in zip(low, counts, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def shared_volume(one: Inside, other: Inside, lower: Array, upper: Array, pitch: float = PITCH) -> float:
    """Return s.i.vol [m^3]: voxels of the first body whose centre is inside the other, times a voxel's volume.

    "s.i." may stand for solid or for self: give hand and object, and hand and hand, as two numbers.

    Args:
      one: the body that is cut into voxels, the object.
      other: the hand.
      lower: (3,) of the box around the first body, where voxels begin [m].
      upper: (3,) [m].
      pitch: edge of a voxel [m].
    """
    centres = voxel_centres(lower, upper, pitch)
    centres = centres[np.asarray(one(centres), bool)]
    return float(np.count_nonzero(other(centres)) * pitch**3) if len(centres) else 0.0


def mesh_volume(one: ClosedMesh, other: ClosedMesh, pitch: float = PITCH) -> float:
    """Return s.i.vol [m^3] of two meshes, the first, the object, cut into voxels in its bounding box."""
    return shared_volume(one.inside, other.inside, one.vertices.min(axis=0), one.vertices.max(axis=0), pitch)


def penetration_distance(hand_vertices: Array, thing: ClosedMesh) -> float:
    """Return p.dist [m]: the LARGEST distance of a hand vertex (V, 3) inside the object from its surface; 0 if none.

    Of vertices, so it depends on how fine the hand's mesh is.
    """
    return float(np.max(thing.depth(hand_vertices), initial=0.0))
