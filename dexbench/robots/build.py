"""From an embodiment's data to a MuJoCo spec: bodies, joints, shapes, motors, couplings, sites."""

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment, Side, rpy_to_quaternion
from dexbench.core.mechanism import CouplingRow, FollowerRow, JointRow, LinkRow, Mechanism, MotorRow, Vector
from dexbench.robots.physics import assert_physics, set_physics
from dexbench.robots.stand import add_stand
from dexbench.robots.visual import add_visuals

COLLISION_GROUP = 3

# Stops as stiff as the time step allows (twice 4 ms). MuJoCo's own softness lets a blocked finger's other joints bend
# 0.25 rad past their stops under 2 N m.
_BARE = (0.004, 0.004)
"""Half edges of a pad without touch, for the eye [m]."""
_STOP_SOLREF = (0.008, 1.0)
_STOP_SOLIMP = (0.99, 0.999, 0.001, 0.5, 2.0)

_GEOMS = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    "mesh": mujoco.mjtGeom.mjGEOM_MESH,
}


def robot_spec(embodiment: Embodiment, *, shapes: bool = True) -> mujoco.MjSpec:
    """Return a spec with the embodiment's arms and hands at their places in the cell frame, and physics options.

    Every element's name begins with its side ("right/FFJ4"). Add tables and objects to it; it is meant to be the
    outermost spec.

    Args:
      embodiment: what to build.
      shapes: whether to add geoms; kinematics alone is faster without.
    """
    spec = mujoco.MjSpec()
    spec.modelname = embodiment.name
    spec.compiler.degree = False
    set_physics(spec)
    if shapes:
        add_stand(spec, embodiment.stand)
    for name in embodiment.sides:
        side = embodiment.parts[name]
        base = spec.worldbody.add_frame(pos=side.base_position, quat=rpy_to_quaternion(side.base_rpy))
        arm = add_mechanism(spec, base, side.arm, name, shapes)
        mount = next(f for f in side.arm.frames if f.name == side.mount_frame)
        flange = arm[mount.link].add_frame(pos=mount.xyz, quat=rpy_to_quaternion(mount.rpy))
        bracket = arm[mount.link].add_frame(pos=side.mount_position, quat=rpy_to_quaternion(side.mount_rpy))
        bracket.set_frame(flange)
        hand = add_mechanism(spec, bracket, side.hand, name, shapes)
        add_pads(hand, side.hand, name)
        if shapes:
            _exclude_mount(spec, side)
            # The first link only turns on the base; its shape reaches into what the base stands on.
            spec.add_exclude(bodyname1="world", bodyname2=f"{name}/{side.arm.moving[0].child}")
    return spec


def robot_model(embodiment: Embodiment) -> mujoco.MjModel:
    """Return the compiled robot alone, its options asserted."""
    model = robot_spec(embodiment).compile()
    assert_physics(model)
    return model


def add_mechanism(
    spec: mujoco.MjSpec, base: mujoco.MjsFrame, mechanism: Mechanism, side: str, shapes: bool
) -> dict[str, mujoco.MjsBody]:
    """Add an arm or a hand on frame `base`; return its bodies by link name."""
    root = base.parent.add_body(name=f"{side}/{mechanism.root}", gravcomp=1)
    root.set_frame(base)
    bodies = {mechanism.root: root}
    for row in mechanism.joints:
        bodies[row.child] = _add_link(bodies[row.parent], row, side)
    for name, body in bodies.items():
        _set_inertia(body, mechanism, mechanism.links[name])
    for frame in mechanism.frames:
        bodies[frame.link].add_site(
            name=f"{side}/{frame.name}", pos=frame.xyz, quat=rpy_to_quaternion(frame.rpy), size=[0.004] * 3, group=4
        )
    for coupling in mechanism.couplings:
        _add_coupling(spec, side, coupling)
    for follower in mechanism.followers:
        _add_follower(spec, side, follower)
    for motor in mechanism.motors:
        _add_motor(spec, side, motor)
    if shapes:
        _add_shapes(spec, bodies, mechanism, side)
    return bodies


def _add_link(parent: mujoco.MjsBody, row: JointRow, side: str) -> mujoco.MjsBody:
    body = parent.add_body(name=f"{side}/{row.child}", pos=row.xyz, quat=rpy_to_quaternion(row.rpy), gravcomp=1)
    if row.axis is not None:
        body.add_joint(
            name=f"{side}/{row.name}",
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=row.axis,
            limited=mujoco.mjtLimited.mjLIMITED_TRUE,
            range=[row.lower, row.upper],
            armature=row.armature,
            damping=row.damping,
            frictionloss=row.friction,
            solref_limit=_STOP_SOLREF,
            solimp_limit=_STOP_SOLIMP,
        )
    return body


def _set_inertia(body: mujoco.MjsBody, mechanism: Mechanism, link: LinkRow) -> None:
    """Give `body` its exact mass and centre, with fixed tips added, and the inertia of a solid box."""
    tips = [f for f in mechanism.frames if f.link == link.name and f.mass]
    masses = np.array([link.mass, *(f.mass for f in tips)])
    places = np.array([link.com, *(f.xyz for f in tips)])
    mass = masses.sum()
    body.explicitinertial = True
    body.mass = mass
    if mass == 0:
        return
    centre = masses @ places / mass
    box = np.square(link.box)
    offsets = np.square(places - centre)
    body.ipos = centre
    body.inertia = link.mass / 12 * (box.sum() - box) + masses @ (offsets.sum(axis=1, keepdims=True) - offsets)


def _add_coupling(spec: mujoco.MjSpec, side: str, row: CouplingRow) -> None:
    """Keep `smaller` <= `larger` as the limit of a tendon over their difference; its spring draws it to zero."""
    tendon = spec.add_tendon(
        name=f"{side}/{row.smaller}-{row.larger}",
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        range=[-np.pi, 0],  # only the upper end is ever met
        solref_limit=_STOP_SOLREF,
        solimp_limit=_STOP_SOLIMP,
        springlength=[0, 0],
        armature=row.armature,
    )
    tendon.stiffness[0] = row.stiffness
    tendon.damping[0] = row.damping
    tendon.wrap_joint(f"{side}/{row.smaller}", 1)
    tendon.wrap_joint(f"{side}/{row.larger}", -1)


def _add_follower(spec: mujoco.MjSpec, side: str, row: FollowerRow) -> None:
    """Hold `joint` to its master by an equality, which pushes back on the master as a linkage does."""
    equality = spec.add_equality(
        name=f"{side}/{row.joint}",
        type=mujoco.mjtEq.mjEQ_JOINT,
        objtype=mujoco.mjtObj.mjOBJ_JOINT,
        name1=f"{side}/{row.joint}",
        name2=f"{side}/{row.master}",
        solref=_STOP_SOLREF,
        solimp=_STOP_SOLIMP,
    )
    equality.data[:5] = [row.offset, row.multiplier, 0, 0, 0]


def _add_motor(spec: mujoco.MjSpec, side: str, motor: MotorRow) -> None:
    name = f"{side}/{motor.name}"
    kind, target = mujoco.mjtTrn.mjTRN_JOINT, f"{side}/{motor.joints[0]}"
    if len(motor.joints) > 1:
        kind, target = mujoco.mjtTrn.mjTRN_TENDON, name
        tendon = spec.add_tendon(name=name)
        for joint in motor.joints:
            tendon.wrap_joint(f"{side}/{joint}", 1)
    actuator = spec.add_actuator(name=name, trntype=kind, target=target)
    actuator.set_to_position(kp=motor.kp, kv=motor.kv)
    actuator.ctrllimited = mujoco.mjtLimited.mjLIMITED_TRUE
    actuator.ctrlrange = [motor.lower, motor.upper]
    actuator.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
    actuator.forcerange = [-motor.force, motor.force]


def _add_shapes(spec: mujoco.MjSpec, bodies: dict[str, mujoco.MjsBody], mechanism: Mechanism, side: str) -> None:
    for i, shape in enumerate(mechanism.collision):
        mesh = f"{side}/{mechanism.name}/{shape.link}/{i}" if shape.mesh else ""
        if shape.mesh:
            spec.add_mesh(
                name=mesh,
                uservert=shape.mesh.vertices.ravel(),
                userface=shape.mesh.faces.ravel(),
                inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX,
            )
        bodies[shape.link].add_geom(
            type=_GEOMS[shape.kind],
            size=_size(shape.size),
            meshname=mesh,
            pos=shape.xyz,
            quat=rpy_to_quaternion(shape.rpy),
            group=COLLISION_GROUP,
            contype=1,
            conaffinity=1,
            condim=4,  # 3 lets objects turn in a pinch; 6 costs more and gives nothing
            friction=mechanism.friction,
            solref=mechanism.solref,
            solimp=mechanism.solimp,
            mass=0,
            rgba=[0.2, 0.7, 0.3, 0.5],
        )
    for first, second in mechanism.excludes:
        spec.add_exclude(bodyname1=f"{side}/{first}", bodyname2=f"{side}/{second}")
    add_visuals(spec, bodies, mechanism, side)


def _size(size: Vector) -> list[float]:
    return [*size, 0.0, 0.0][:3]


def add_pads(bodies: dict[str, mujoco.MjsBody], hand: Mechanism, side: str) -> None:
    """Add one site a pad, named "right/index": z out of the pad, y along the finger; as large as the touch on it."""
    fitted = hand.touch.get(hand.fitted)
    half = (fitted.columns * fitted.pitch / 2, fitted.rows * fitted.pitch / 2) if fitted else _BARE
    for pad in hand.pads:
        bodies[pad.link].add_site(
            name=f"{side}/{pad.finger}",
            pos=pad.xyz,
            quat=rpy_to_quaternion(pad.rpy),
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[*half, 0.0005],
            group=4,
        )


def _exclude_mount(spec: mujoco.MjSpec, side: Side) -> None:
    """Let the hand's root ignore the last links of the arm, which it overlaps."""
    chain = {j.child: j.parent for j in side.arm.joints}
    link = next(f.link for f in side.arm.frames if f.name == side.mount_frame)
    for _ in range(3):
        spec.add_exclude(bodyname1=f"{side.name}/{link}", bodyname2=f"{side.name}/{side.hand.root}")
        link = chain[link]
