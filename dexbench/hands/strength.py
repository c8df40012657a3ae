"""How hard a fingertip can press and how fast it can move, from the motors' limits through the Jacobian.

In a posture q(u) of commands u, a force F on the pad needs the motor efforts f = (dq/du)^T J^T F: shared motors, order
rules that lean on each other and linkages are in dq/du. Along the pad's normal the largest F is where the first motor
reaches its limit. A position servo gives at most kp times what is left of its range, so that is a limit too.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.schema import Array

from .body import Hand, still_spec

POSTURES = {"nearly straight": (0.2, 0.15), "half bent": (0.45, 0.4), "bent": (0.65, 0.6)}
"""Fractions of flexion and pip (thumb: flexion, mcp and ip) by name."""
CHECKED = "half bent"
"""The posture that is simulated too."""
TIME = 1.2
"""The servos press so long before the force is read, and 0.2 s more while it is averaged [s]."""
HEAVY = 1e4
"""Armature that keeps the rest of the hand where it is: a wrist would give way [kg m^2]."""


@dataclass(frozen=True)
class Press:
    """One finger in one posture."""

    finger: str
    posture: str
    force: float
    """Largest force along the pad's normal that motors and servos can hold [N]."""
    motor: str
    """Which reaches its limit first."""
    limit: str
    """"torque", or "range" where the servo cannot be told to pull further."""
    torque_only: float
    """The force if only the motors' torques limited it [N]."""
    simulated: float | None
    """Force on a fixed plate in simulation [N]; None: this posture was not simulated."""
    speed: float
    """Largest speed of the tip, over all directions [m/s]."""


def postures(hand: Hand, finger: str) -> dict[str, Array]:
    """Return commands (H,) by name; the thumb stands half way round the palm."""
    found = {}
    for name, (first, second) in POSTURES.items():
        if finger == "thumb":
            roles = {"thumb/rotation": 0.5, "thumb/flexion": first, "thumb/mcp": second, "thumb/ip": second}
        else:
            roles = {f"{finger}/flexion": first, f"{finger}/pip": second, f"{finger}/dip": second}
        found[name] = hand.command(roles)
    return found


def presses(hand: Hand) -> list[Press]:
    """Return every finger with a pad in every posture."""
    found = []
    for finger in (f for f in hand.fingers if f in hand.pads):
        for name, command in postures(hand, finger).items():
            force, motor, limit, torque_only = largest(hand, finger, command)
            simulated = pressed(hand, finger, command, force) if name == CHECKED else None
            found.append(Press(finger, name, force, motor, limit, torque_only, simulated, speed(hand, finger, command)))
    return found


def needed(hand: Hand, finger: str, command: Array) -> Array:
    """Return (H,) motor effort for each newton of pressing [N m/N]: positive drives the command up."""
    hand.pose(command)
    normal = hand.data.site_xmat[hand.pads[finger]].reshape(3, 3)[:, 2]
    return np.asarray(hand.jacobian(hand.pads[finger]).T @ normal)


def largest(hand: Hand, finger: str, command: Array) -> tuple[float, str, str, float]:
    """Return the largest pressing force [N], the motor that limits it, by what, and the force of the torques alone."""
    effort = needed(hand, finger, command)
    best, motor, limit, torque_only = np.inf, "", "torque", np.inf
    for i in hand.movers(finger):
        if abs(effort[i]) < 1e-6:
            continue
        row = hand.mechanism.motors[i]
        room = (hand.upper[i] - command[i]) if effort[i] > 0 else (command[i] - hand.lower[i])
        servo = row.kp * room
        torque_only = min(torque_only, row.force / abs(effort[i]))
        force = min(row.force, servo) / abs(effort[i])
        if force < best:
            best, motor, limit = force, row.name, "torque" if row.force <= servo else "range"
    return (float(best), motor, limit, float(torque_only)) if motor else (0.0, "", "torque", 0.0)


def pressed(hand: Hand, finger: str, command: Array, force: float) -> float:
    """Return the force on a fixed plate before the pad when servos are told to press with `force` [N]: simulated."""
    effort = needed(hand, finger, command)
    spec = still_spec(hand.embodiment, hand.side)
    pad = hand.pads[finger]
    turn = hand.data.site_xmat[pad].reshape(3, 3)
    plate = spec.worldbody.add_body(name="plate", pos=hand.data.site_xpos[pad] + turn[:, 2] * 0.003)
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, turn.ravel())
    plate.quat = quaternion
    friction = hand.mechanism.friction
    plate.add_geom(
        name="plate",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.02, 0.02, 0.003],
        condim=4,
        friction=friction,
        contype=2,
        conaffinity=2,
    )
    last = next(p.link for p in hand.mechanism.pads if p.finger == finger)
    for geom in spec.body(f"{hand.side}/{last}").geoms:
        if geom.contype:  # only the pad's link meets the plate
            geom.contype, geom.conaffinity = 3, 3
    model = spec.compile()
    movers = hand.movers(finger)
    still = np.ones(len(hand.dofs), bool)
    still[np.abs(hand.shares[movers]).sum(axis=0) > 0] = False
    model.dof_armature[hand.dofs[still]] = HEAVY
    data = mujoco.MjData(model)
    data.qpos[hand.places] = hand.offset + command @ hand.shares
    mujoco.mj_forward(model, data)
    geom = int(model.geom("plate").id)
    inside = min((float(c.dist) for c in data.contact if geom in c.geom), default=0.0)
    model.body_pos[int(model.body("plate").id)] += turn[:, 2] * max(0.0, -inside)  # a pad may lie in a bulging skin
    stiffness = np.array([m.kp for m in hand.mechanism.motors])
    target = command.copy()
    target[movers] = np.clip(command + force * effort / stiffness, hand.lower, hand.upper)[movers]
    motors = [int(model.actuator(a.name).id) for a in hand.actuators]
    read = np.zeros(6)
    felt = []
    steps = round(TIME / model.opt.timestep)
    for step in range(steps + round(0.2 / model.opt.timestep)):
        data.ctrl[motors] = command + min(1.0, 2 * step / steps) * (target - command)
        mujoco.mj_step(model, data)
        if step >= steps:
            total = np.zeros(3)
            for k, contact in enumerate(data.contact):
                if geom in contact.geom:
                    mujoco.mj_contactForce(model, data, k, read)
                    total += contact.frame.reshape(3, 3).T @ read[:3]
            felt.append(abs(float(total @ turn[:, 2])))
    return float(np.mean(felt))


def speed(hand: Hand, finger: str, command: Array) -> float:
    """Return the largest speed of the tip with every motor within its joints' speed limits [m/s]."""
    hand.pose(command)
    velocity = {j.name: j.velocity for j in hand.mechanism.moving}
    columns = []
    jacobian = hand.jacobian(hand.tips[finger])
    for i in hand.movers(finger):
        row = hand.mechanism.motors[i]
        columns.append(jacobian[:, i] * min(velocity[j] for j in row.joints) * len(row.joints))
    if not columns:
        return 0.0
    best = np.zeros((1, 3))
    for column in columns:  # the fastest is a corner of the box of speeds
        best = np.concatenate([best + column, best - column])
    return float(np.linalg.norm(best, axis=1).max())
