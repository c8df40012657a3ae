"""Put one object into a MuJoCo model for good; the pool (pool.py) is the way to change objects without compiling."""

from collections.abc import Iterable, Mapping

import mujoco

from .model import ObjectModel, Piece

GEOM_TYPES = {
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "convex": mujoco.mjtGeom.mjGEOM_MESH,
}
SOLREF = (0.01, 1.0)
"""Time constant [s] and damping ratio of contacts; 4 ms to 20 ms held grasps alike (reference, not tuned)."""
PRIORITY = 1
"""Above that of hands and table (0), so that an object's friction, condim and softness hold in all its contacts; of two
geoms of equal priority MuJoCo takes the larger friction, and a slippery object would be none."""
VISUAL_GROUP, COLLISION_GROUP = 2, 3
"""Geom groups: what is seen, what collides."""


def add_mesh(spec: mujoco.MjSpec, model: ObjectModel, name: str, scale: float = 1.0) -> None:
    """Add the visual mesh of an object to the assets under `name`."""
    mesh = spec.add_mesh(name=name, scale=[scale] * 3)
    mesh.uservert = model.vertices.ravel()
    mesh.userface = model.faces.ravel()


def add_hull(spec: mujoco.MjSpec, piece: Piece, name: str, scale: float = 1.0) -> None:
    """Add the convex hull of a piece to the assets under `name`; MuJoCo finds its triangles."""
    assert piece.vertices is not None
    mesh = spec.add_mesh(name=name, scale=[scale] * 3, inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX)
    mesh.uservert = piece.vertices.ravel()


def add_hulls(spec: mujoco.MjSpec, pieces: Mapping[str, Piece]) -> list[str]:
    """Add the convex hulls of pieces to the assets under their names; return the names, the smallest first."""
    measured = mujoco.MjSpec()
    for name, piece in pieces.items():
        add_hull(spec, piece, name)
        add_hull(measured, piece, name)
        measured.worldbody.add_geom(name=name, type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name)
    if not pieces:
        return []
    model = measured.compile()
    return sorted(pieces, key=lambda name: float(model.geom(name).rbound[0]))


def add_picture(body: mujoco.MjsBody, model: ObjectModel, mesh: str, name: str) -> mujoco.MjsGeom:
    """Add a geom that shows a mesh and collides with nothing."""
    return body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=mesh,
        contype=0,
        conaffinity=0,
        group=VISUAL_GROUP,
        density=0.0,
        rgba=model.rgba,
    )


def add_pieces(
    spec: mujoco.MjSpec, body: mujoco.MjsBody, model: ObjectModel, names: Iterable[str], scale: float = 1.0
) -> None:
    """Add the collision geoms of an object, with their hulls as meshes `<name>/hull`, and its mass to a body."""
    for name, piece in zip(names, model.pieces, strict=False):
        hull = {}
        if piece.vertices is not None:
            add_hull(spec, piece, f"{name}/hull", scale)
            hull = {"meshname": f"{name}/hull"}
        body.add_geom(
            name=name,
            **hull,
            type=GEOM_TYPES[piece.shape],
            size=piece.size * scale,
            pos=piece.position * scale,
            quat=piece.quaternion,
            friction=model.friction,
            condim=model.condim,
            solref=SOLREF,
            priority=PRIORITY,
            group=COLLISION_GROUP,
            density=0.0,
            rgba=model.rgba,
        )
    body.explicitinertial = True
    body.mass = model.mass
    body.ipos = model.center_of_mass * scale
    body.inertia = model.inertia * scale**2
    body.iquat = model.inertia_quaternion


def add_object(
    spec: mujoco.MjSpec, model: ObjectModel, name: str | None = None, scale: float = 1.0, free: bool = True
) -> mujoco.MjsBody:
    """Add an object as a body of the world.

    Args:
      spec: the model under construction.
      model: the object.
      name: of the body, its joint and its mesh; the object's own name where not given.
      scale: uniform scale of its sizes; the mass stays.
      free: whether it has a free joint.

    Returns:
      The body; its geoms are `<name>/piece_<p>` and `<name>/visual`.
    """
    name = name or model.name
    body = spec.worldbody.add_body(name=name)
    if free:
        body.add_freejoint(name=name)
    add_mesh(spec, model, f"{name}/mesh", scale)
    add_pieces(spec, body, model, [f"{name}/piece_{p}" for p in range(len(model.pieces))], scale)
    add_picture(body, model, f"{name}/mesh", f"{name}/visual")
    return body
