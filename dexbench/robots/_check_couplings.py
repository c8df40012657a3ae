"""The part of the check that runs the model: coupled joints, driven through their whole range and loaded."""

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.embodiment import Embodiment
from dexbench.core.equipment import Side
from dexbench.robots._check_posture import addresses
from dexbench.robots.finding import Finding, at_most, confidence

Vector = NDArray[np.float64]

LOAD = 1.0
"""Torque against each of two joints in the check of an order rule [N m]: half of what a finger's motor has."""
SLACK = 0.01
"""By how much a coupling J1 <= J2 may be passed [rad]."""
LAG = 0.1
"""By how much J1 may stay behind J2 in free motion [rad]."""
SHARE = 0.5
"""Of its motor's torque, that a joint on a linkage is loaded with, one way and then the other."""
END = 0.05
"""How near to the ends of its range a joint on a linkage must come when nothing is in its way [rad]."""
RAMP = 250
"""Steps from one end of a range to the other: a second."""


def check_couplings(embodiment: Embodiment, model: mujoco.MjModel, side: Side) -> list[Finding]:
    """Return how well order rules and linkages of a hand hold in motion and under load."""
    findings = []
    if side.hand.couplings:
        findings += _check_order(embodiment, model, side)
    if side.hand.followers:
        findings += _check_linkages(embodiment, model, side)
    return findings


def _check_order(embodiment: Embodiment, model: mujoco.MjModel, side: Side) -> list[Finding]:
    """Drive every shared motor through its range and back, then twist; return how far J1 <= J2 was passed at most."""
    data = _at_home(embodiment, model)
    shared = [m for m in side.hand.motors if len(m.joints) > 1]
    motors = [model.actuator(f"{side.name}/{m.name}").id for m in shared]
    lower, upper = np.array([m.lower for m in shared]), np.array([m.upper for m in shared])
    smaller = addresses(model, side, [c.smaller for c in side.hand.couplings])
    larger = addresses(model, side, [c.larger for c in side.hand.couplings])
    difference = []
    for phase in np.concatenate([np.linspace(0, 1, RAMP), np.ones(60), np.linspace(1, 0, RAMP), np.zeros(60)]):
        data.ctrl[motors] = lower + phase * (upper - lower)
        mujoco.mj_step(model, data)
        difference.append(data.qpos[smaller] - data.qpos[larger])
    least = np.min(difference)
    twist = _torques(model, side, [c.smaller for c in side.hand.couplings], np.array(LOAD))
    twist -= _torques(model, side, [c.larger for c in side.hand.couplings], np.array(LOAD))
    for phase in np.concatenate([np.linspace(0, 1, 100), np.ones(50)]):
        data.ctrl[motors] = lower + phase * (upper - lower) / 2
        data.qfrc_applied = phase * twist
        mujoco.mj_step(model, data)
        difference.append(data.qpos[smaller] - data.qpos[larger])
    where = f"{side.name}/{side.hand.name}"
    return [
        at_most(f"{where}: a coupled joint passes its neighbour by [rad]", float(np.max(difference)), SLACK),
        at_most(f"{where}: a coupled joint lags its neighbour in free motion by [rad]", -float(least), LAG),
    ]


def _check_linkages(embodiment: Embodiment, model: mujoco.MjModel, side: Side) -> list[Finding]:
    """Drive every linkage through its range and back: free, then with a torque against it, then with one along it."""
    hand = side.hand
    checks = hand.checks
    tolerance = checks["couplings"].number("tolerance") if checks.has("couplings") else 2 * SLACK
    known = confidence(checks, "couplings")
    rows, joints = hand.followers, {j.name: j for j in hand.joints}
    driver = {joint: m for m in hand.motors for joint in m.joints}
    motors = [driver[r.master] for r in rows]
    torque = SHARE * np.array([m.force for m in motors])
    ids = [model.actuator(f"{side.name}/{m.name}").id for m in motors]
    lower, upper = np.array([m.lower for m in motors]), np.array([m.upper for m in motors])
    master = addresses(model, side, [r.master for r in rows])
    follower = addresses(model, side, [r.joint for r in rows])
    slope, offset = np.array([r.multiplier for r in rows]), np.array([r.offset for r in rows])
    ends = slope[:, None] * [[joints[r.master].lower, joints[r.master].upper] for r in rows] + offset[:, None]
    missed, worst = 0.0, [0.0, 0.0]
    contacts = model.opt.disableflags
    model.opt.disableflags = contacts | int(mujoco.mjtDisableBit.mjDSBL_CONTACT)  # a fist is not what is asked
    for direction in (0, -1, 1):
        data = _at_home(embodiment, model)
        data.qfrc_applied = _torques(model, side, [r.joint for r in rows], direction * torque)
        path = []
        for command in _sweep(data.ctrl[ids].copy(), lower, upper):
            data.ctrl[ids] = command
            mujoco.mj_step(model, data)
            path.append(data.qpos[follower].copy())
            error = np.abs(data.qpos[follower] - slope * data.qpos[master] - offset).max()
            worst[direction != 0] = max(worst[direction != 0], float(error))
        if direction == 0:
            missed = float(np.abs([np.min(path, axis=0) - ends.min(1), np.max(path, axis=0) - ends.max(1)]).max())
    model.opt.disableflags = contacts
    where = f"{side.name}/{hand.name}"
    return [
        at_most(f"{where}: a linkage is off its line in free motion by [rad]", worst[0], tolerance, known),
        at_most(f"{where}: a linkage is off its line under load by [rad]", worst[1], tolerance, known),
        at_most(f"{where}: a linkage misses the end of its range by [rad]", missed, END, known),
    ]


def _sweep(start: Vector, lower: Vector, upper: Vector) -> Vector:
    """Return commands (steps, motors) from a posture to one end of the ranges, to the other and back, with rests."""
    legs = [(start, lower), (lower, lower), (lower, upper), (upper, upper), (upper, lower), (lower, lower)]
    return np.concatenate([a + np.linspace(0, 1, RAMP)[:, None] * (b - a) for a, b in legs])


def _at_home(embodiment: Embodiment, model: mujoco.MjModel) -> mujoco.MjData:
    data = mujoco.MjData(model)
    for joint, angle in zip(embodiment.joints, embodiment.joint_angles(embodiment.home), strict=True):
        data.joint(joint.name).qpos = angle
    for actuator, value in zip(embodiment.actuators, embodiment.home, strict=True):
        data.actuator(actuator.name).ctrl = value
    return data


def _torques(model: mujoco.MjModel, side: Side, names: Sequence[str], values: Vector) -> Vector:
    """Return (nv,) with torques at some joints [N m]."""
    applied = np.zeros(model.nv)
    applied[[int(model.joint(f"{side.name}/{name}").dofadr[0]) for name in names]] = values
    return applied
