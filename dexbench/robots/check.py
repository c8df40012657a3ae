"""Compares a compiled robot with its data: counts, ranges, masses, motors, pads, kinematics, size, couplings."""

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment, Side, rpy_to_quaternion
from dexbench.core.mechanism import Mechanism
from dexbench.robots._check_couplings import check_couplings
from dexbench.robots._check_motion import check_positions
from dexbench.robots._check_size import check_opposition, check_size
from dexbench.robots.build import robot_model
from dexbench.robots.finding import Finding, at_most, confidence, near
from dexbench.robots.surface import height_above

_EXACT = 1e-9
"""Numbers that are copied must arrive unchanged."""


def check_robot(embodiment: Embodiment, model: mujoco.MjModel | None = None) -> list[Finding]:
    """Return every comparison made, the good ones too.

    Args:
      embodiment: the data.
      model: the model to compare; the embodiment's own robot by default. It may hold more than the robot.
    """
    model = robot_model(embodiment) if model is None else model
    findings = _check_limits(embodiment) + _check_pads(embodiment, model) + [_check_home(embodiment, model)]
    for side in embodiment.parts.values():
        for mechanism in (side.arm, side.hand):
            where = f"{side.name}/{mechanism.name}"
            findings += _check_counts(model, side, mechanism, where)
            findings += _check_joints(model, side, mechanism, where)
            findings += _check_masses(model, side, mechanism, where)
            findings += _check_motors(model, side, mechanism, where)
            findings += check_positions(model, side, mechanism, where)
            findings += check_size(model, side, mechanism, where)
            findings += check_opposition(model, side, mechanism, where)
            findings += _check_law(embodiment, side, mechanism, where)
        findings += check_couplings(embodiment, model, side)
    return findings


def _check_counts(model: mujoco.MjModel, side: Side, mechanism: Mechanism, where: str) -> list[Finding]:
    """Count what the compiled model has on this mechanism's links; the data says how many there must be."""
    bodies = {model.body(f"{side.name}/{link}").id for link in mechanism.links}
    joints = {int(j) for j in range(model.njnt) if int(model.jnt_bodyid[j]) in bodies}
    driven = 0
    for target, kind in zip(model.actuator_trnid[:, 0], model.actuator_trntype, strict=True):
        if int(kind) == int(mujoco.mjtTrn.mjTRN_TENDON):
            target = model.wrap_objid[model.tendon_adr[target]]
        driven += int(target) in joints
    return [
        near(f"{where}: joints", len(joints), mechanism.checks.count("joints"), 0),
        near(f"{where}: actuators", driven, mechanism.checks.count("actuators"), 0),
    ]


def _check_joints(model: mujoco.MjModel, side: Side, mechanism: Mechanism, where: str) -> list[Finding]:
    worst, excess = 0.0, 0.0
    for row in mechanism.moving:
        joint = model.joint(f"{side.name}/{row.name}")
        lower, upper = joint.range
        worst = max(
            worst, abs(lower - row.lower), abs(upper - row.upper), np.abs(joint.axis - np.array(row.axis)).max()
        )
        excess = max(excess, row.lower - lower, upper - row.upper)
    return [
        at_most(f"{where}: largest difference of a joint's range or axis", worst, _EXACT),
        at_most(f"{where}: a joint range is wider than the maker's by [rad]", excess, _EXACT),
    ]


def _check_masses(model: mujoco.MjModel, side: Side, mechanism: Mechanism, where: str) -> list[Finding]:
    bodies = {link: model.body(f"{side.name}/{link}") for link in mechanism.links}
    expected = {link: row.mass for link, row in mechanism.links.items()}
    for frame in mechanism.frames:
        expected[frame.link] += frame.mass
    worst = max(abs(float(body.mass[0]) - expected[link]) for link, body in bodies.items())
    total = sum(float(body.mass[0]) for body in bodies.values())
    said = mechanism.checks["mass"]
    floating = [link for link, body in bodies.items() if model.body_gravcomp[body.id] != 1]
    return [
        at_most(f"{where}: largest difference of a link's mass [kg]", worst, _EXACT),
        near(
            f"{where}: total mass [kg]",
            total,
            said.number("total"),
            said.number("tolerance") * said.number("total"),
            confidence(mechanism.checks, "mass"),
        ),
        near(f"{where}: links without gravity compensation", len(floating), 0, 0),
    ]


def _check_motors(model: mujoco.MjModel, side: Side, mechanism: Mechanism, where: str) -> list[Finding]:
    worst = 0.0
    for row in mechanism.motors:
        motor = model.actuator(f"{side.name}/{row.name}")
        found = (*motor.ctrlrange, motor.gainprm[0], -motor.biasprm[1], -motor.biasprm[2], *motor.forcerange)
        expected = (row.lower, row.upper, row.kp, row.kp, row.kv, -row.force, row.force)
        worst = max(worst, np.abs(np.subtract(found, expected)).max())
    return [at_most(f"{where}: largest difference of a motor's range, gains or force", worst, _EXACT)]


def _check_limits(embodiment: Embodiment) -> list[Finding]:
    limits = embodiment.limits
    lower = np.array([a.lower for a in embodiment.actuators])
    upper = np.array([a.upper for a in embodiment.actuators])
    speed = embodiment.transmission @ np.array([j.velocity for j in embodiment.joints])
    outside = max((lower - limits.lower).max(), (limits.upper - upper).max())
    return [
        at_most(f"{embodiment.name}: safety limits lie outside the maker's by [rad]", outside, 0),
        at_most(f"{embodiment.name}: safety speeds exceed the maker's by [rad/s]", (limits.velocity - speed).max(), 0),
    ]


def _check_law(embodiment: Embodiment, side: Side, mechanism: Mechanism, where: str) -> list[Finding]:
    """Compare what the safety filter allows an arm with what its maker does, where speed depends on position."""
    if not mechanism.checks.has("motion"):
        return []
    said = mechanism.checks["motion"]
    known = confidence(mechanism.checks, "motion")
    names = [a.name for a in embodiment.actuators]
    at = [names.index(f"{side.name}/{m.name}") for m in mechanism.motors]
    limits = embodiment.limits
    findings = [
        at_most(f"{where}: largest {what} that is allowed", float(np.max(found[at])), said.number(what), known)
        for what, found in (("acceleration", limits.acceleration), ("jerk", limits.jerk))
    ]
    if said.has("speed_law"):
        law = said["speed_law"]
        top, c, k, upper, lower = (np.array(law.vector(key, len(at))) for key in ("vmax", "c", "k", "upper", "lower"))
        # it falls towards the ends, so the ends of what may be commanded decide
        rising = np.minimum(top, np.sqrt(k * np.maximum(0, upper - limits.upper[at])) - c)
        falling = np.minimum(top, np.sqrt(k * np.maximum(0, limits.lower[at] - lower)) - c)
        excess = float((limits.velocity[at] - np.minimum(rising, falling)).max())
        findings.append(
            at_most(f"{where}: safety speeds exceed the position-dependent law by [rad/s]", excess, 0, known)
        )
    return findings


def _check_pads(embodiment: Embodiment, model: mujoco.MjModel) -> list[Finding]:
    """Compare each pad's site with its row, and its height with the collision surface below it."""
    worst, height = 0.0, 0.0
    for side in embodiment.parts.values():
        for row in side.hand.pads:
            site = model.site(f"{side.name}/{row.finger}")
            quaternion = np.array(rpy_to_quaternion(row.rpy))
            turned = min(np.abs(site.quat - quaternion).max(), np.abs(site.quat + quaternion).max())
            worst = max(worst, np.abs(site.pos - row.xyz).max(), turned)
            height = max(height, abs(_height(model, int(site.id))))
    return [
        at_most(f"{embodiment.name}: largest difference of a pad's pose", worst, 1e-6),
        at_most(f"{embodiment.name}: a pad's centre is off the collision surface by [m]", height, 5e-4),
    ]


def _height(model: mujoco.MjModel, site: int) -> float:
    """Return how far outside of its link's collision capsule a site's centre lies, of another shape along its z [m]."""
    body = int(model.site_bodyid[site])
    capsule = int(mujoco.mjtGeom.mjGEOM_CAPSULE)
    best = np.inf
    for geom in range(model.ngeom):
        if int(model.geom_bodyid[geom]) != body or not model.geom_contype[geom]:
            continue
        if int(model.geom_type[geom]) == capsule:
            axis = np.empty(3)
            mujoco.mju_rotVecQuat(axis, np.array([0.0, 0.0, 1.0]), model.geom_quat[geom])
            radius, half = model.geom_size[geom, :2]
            offset = model.site_pos[site] - model.geom_pos[geom]
            offset -= axis * np.clip(offset @ axis, -half, half)
            best = min(best, float(np.linalg.norm(offset) - radius), key=abs)
        else:
            best = min(best, height_above(model, geom, model.site_pos[site], model.site_quat[site]), key=abs)
    return best


def _check_home(embodiment: Embodiment, model: mujoco.MjModel) -> Finding:
    """Count contacts between robot links at home."""
    data = mujoco.MjData(model)
    for joint, angle in zip(embodiment.joints, embodiment.joint_angles(embodiment.home), strict=True):
        data.joint(joint.name).qpos = angle
    mujoco.mj_fwdPosition(model, data)
    ours = {
        model.body(f"{s.name}/{link}").id
        for s in embodiment.parts.values()
        for m in (s.arm, s.hand)
        for link in m.links
    }
    touching = sum(all(int(model.geom_bodyid[g]) in ours for g in contact.geom) for contact in data.contact)
    return near(f"{embodiment.name}: contacts of the robot with itself at home", touching, 0, 0)
