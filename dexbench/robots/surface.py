"""Where the collision surface of a link lies along a ray, in the link's own frame."""

import mujoco
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACH = 0.03
"""How far above a pad's centre the look for the surface below it begins [m]: more than a finger is thick."""


def ray_distance(model: mujoco.MjModel, geom: int, start: Floats, direction: Floats) -> float:
    """Return how far a ray goes before it meets a geom from outside [m]; infinite where it does not.

    Args:
      model: compiled.
      geom: of any shape; of a mesh, its triangles.
      start: (3,) in the frame of the geom's body [m].
      direction: (3,) unit vector in that frame.
    """
    rotation = np.empty(9)
    mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
    if int(model.geom_type[geom]) == int(mujoco.mjtGeom.mjGEOM_MESH):
        matrix = rotation.reshape(3, 3)
        return _mesh_distance(model, geom, matrix.T @ (start - model.geom_pos[geom]), matrix.T @ direction)
    found = mujoco.mju_rayGeom(
        model.geom_pos[geom], rotation, model.geom_size[geom], start, direction, int(model.geom_type[geom])
    )
    return float(found) if found >= 0 else np.inf


def height_above(model: mujoco.MjModel, geom: int, position: Floats, quaternion: Floats) -> float:
    """Return how far outside of a geom's surface a point lies along its own z [m]; infinite where nothing is below.

    Args:
      model: compiled.
      geom: the shape.
      position: (3,) in the frame of the geom's body [m].
      quaternion: (4,) wxyz; z points out of the surface.
    """
    up = np.empty(3)
    mujoco.mju_rotVecQuat(up, np.array([0.0, 0.0, 1.0]), quaternion)
    return ray_distance(model, geom, position + REACH * up, -up) - REACH


def _mesh_distance(model: mujoco.MjModel, geom: int, start: Floats, direction: Floats) -> float:
    """Return the least distance at which a ray meets a triangle that faces it (Cramer's rule for each)."""
    mesh = int(model.geom_dataid[geom])
    first, count = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
    corner, number = int(model.mesh_faceadr[mesh]), int(model.mesh_facenum[mesh])
    points = model.mesh_vert[first : first + count].astype(np.float64)
    a, b, c = (points[model.mesh_face[corner : corner + number, i]] for i in range(3))
    normal = np.cross(b - a, c - a)
    facing = normal @ direction
    offset = start - a
    along = np.cross(offset, direction)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = np.einsum("ij,ij->i", c - a, along) / -facing
        v = np.einsum("ij,ij->i", b - a, along) / facing
        t = -np.einsum("ij,ij->i", normal, offset) / facing
    hit = (facing < 0) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t >= 0)
    return float(t[hit].min()) if hit.any() else np.inf
