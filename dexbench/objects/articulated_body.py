"""Put an articulated object into a MuJoCo model: its bodies one directly after another, root first."""

from itertools import combinations

import mujoco
import numpy as np

from ._surface import Surface, slab, turned
from .articulated_model import ArticulatedModel, Coupling, Link, LinkJoint, LinkPiece
from .body import COLLISION_GROUP, GEOM_TYPES, PRIORITY, SOLREF, VISUAL_GROUP

_JOINT_TYPES = {"slide": mujoco.mjtJoint.mjJNT_SLIDE, "hinge": mujoco.mjtJoint.mjJNT_HINGE}
STIFF_SOLREF, STIFF_SOLIMP = (0.008, 1.0), (0.99, 0.999, 0.0001, 0.5, 2.0)
"""Of stops and couplings. Softness is relative to mass, and a button weighs 4 g: with MuJoCo's defaults its spring
presses it 0.9 mm through its stop."""
FRICTION_SOLIMP = (0.9995, 0.9999, 0.001, 0.5, 2.0)
"""Of dry friction: with MuJoCo's default a plug creeps 30 mm in 2 s under half of what should hold it."""


def add_articulated(spec: mujoco.MjSpec, model: ArticulatedModel, name: str | None = None) -> mujoco.MjsBody:
    """Add an articulated object to the world.

    Bodies are `<name>` and `<name>/<link>` in the order of the links, joints `<name>/<joint>`, geoms
    `<name>/<link>/piece_<p>` and `<name>/<link>/picture_<p>`. A fixed root is a mocap body: data.mocap_pos says
    where it stands. A free one has a free joint called `<name>`. Bodies of one object do not touch one another.

    Args:
      spec: the model under construction.
      model: the object.
      name: of its root; the object's own name where not given.

    Returns:
      The root body.
    """
    name = name or model.name
    bodies: dict[str, mujoco.MjsBody] = {}
    for link in model.links:
        if link.parent:
            full = f"{name}/{link.name}"
            body = bodies[link.parent].add_body(name=full, pos=link.position, quat=link.quaternion)
        else:
            full = name
            body = spec.worldbody.add_body(name=name, mocap=model.base == "fixed")
            if model.base == "free":
                body.add_freejoint(name=name)
        for joint in link.joints:
            _add_joint(spec, body, joint, name)
        _add_pieces(spec, body, model, link, f"{name}/{link.name}")
        _weigh(body, link)
        bodies[link.name] = body
    for first, second in combinations([body.name for body in bodies.values()], 2):
        spec.add_exclude(name=f"{first}|{second}", bodyname1=first, bodyname2=second)
    for coupling in model.couplings:
        _couple(spec, coupling, name)
    return bodies[model.links[0].name]


def _add_joint(spec: mujoco.MjSpec, body: mujoco.MjsBody, joint: LinkJoint, name: str) -> None:
    # a spec says whether its angles are in degrees, which is its default
    unit = np.degrees(1.0) if joint.type == "hinge" and spec.compiler.degree else 1.0
    added = body.add_joint(
        name=f"{name}/{joint.name}",
        type=_JOINT_TYPES[joint.type],
        axis=joint.axis,
        pos=joint.anchor,
        range=np.multiply(joint.range, unit),
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        frictionloss=joint.frictionloss,
        armature=joint.armature,
        springref=joint.spring * unit,
        solref_limit=STIFF_SOLREF,
        solimp_limit=STIFF_SOLIMP,
        solref_friction=STIFF_SOLREF,
        solimp_friction=FRICTION_SOLIMP,
    )
    # polynomials in MuJoCo 4: the linear term
    added.stiffness[0] = joint.stiffness
    added.damping[0] = joint.damping


def _add_pieces(spec: mujoco.MjSpec, body: mujoco.MjsBody, model: ArticulatedModel, link: Link, prefix: str) -> None:
    for p, piece in enumerate(link.pieces):
        place = {"pos": piece.position, "quat": piece.quaternion, "density": 0.0, "rgba": piece.rgba}
        if piece.felt:
            body.add_geom(
                name=f"{prefix}/piece_{p}",
                type=GEOM_TYPES[piece.shape],
                size=piece.size,
                friction=piece.friction,
                condim=model.condim,
                solref=SOLREF,
                priority=PRIORITY,
                group=COLLISION_GROUP,
                **place,
            )
        if piece.seen:
            seen = body.add_geom(name=f"{prefix}/picture_{p}", contype=0, conaffinity=0, group=VISUAL_GROUP, **place)
            _show(spec, seen, piece, f"{prefix}/mesh_{p}")


def _show(spec: mujoco.MjSpec, geom: mujoco.MjsGeom, piece: LinkPiece, mesh: str) -> None:
    """Give a geom the shape of a piece, with rounded edges where it has them."""
    surface = _surface(piece)
    if surface is None:
        geom.type, geom.size = GEOM_TYPES[piece.shape], piece.size
        return
    added = spec.add_mesh(name=mesh)
    added.uservert = surface.vertices.ravel()
    added.userface = surface.faces.ravel()
    geom.type, geom.meshname = mujoco.mjtGeom.mjGEOM_MESH, mesh


def _surface(piece: LinkPiece) -> Surface | None:
    """Return the surface that shows a piece more kindly than its primitive, if there is one."""
    if piece.shape == "turned":
        return turned(piece.profile)
    if not piece.bevel:
        return None
    b = piece.bevel
    if piece.shape == "cylinder":
        r, h = float(piece.size[0]), float(piece.size[1])
        profile = [(0.3 * r, -h), (r - b, -h), (r - 0.3 * b, b * 0.3 - h), (r, b - h)]
        return turned([*profile, *((radius, -height) for radius, height in reversed(profile))])
    x, y, z = (float(v) for v in piece.size)
    edge = [(b, -z), (0.3 * b, 0.3 * b - z), (0.0, b - z)]
    return slab((x, y), b, [*edge, *((inset, -height) for inset, height in reversed(edge))])


def _weigh(body: mujoco.MjsBody, link: Link) -> None:
    body.explicitinertial = True
    body.mass = link.mass
    body.ipos = link.center_of_mass
    i = link.inertia
    body.fullinertia = np.array([i[0, 0], i[1, 1], i[2, 2], i[0, 1], i[0, 2], i[1, 2]])


def _couple(spec: mujoco.MjSpec, coupling: Coupling, name: str) -> None:
    equality = spec.add_equality(
        name=f"{name}/{coupling.follower}|{coupling.master}",
        type=mujoco.mjtEq.mjEQ_JOINT,
        objtype=mujoco.mjtObj.mjOBJ_JOINT,
        name1=f"{name}/{coupling.follower}",
        name2=f"{name}/{coupling.master}",
        solref=STIFF_SOLREF,
        solimp=STIFF_SOLIMP,
    )
    equality.data[:5] = [coupling.offset, coupling.multiplier, 0, 0, 0]
