"""The parts of the check that move the model: forward kinematics, workspace, reach, couplings."""

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.document import Node
from dexbench.core.embodiment import Embodiment, Side
from dexbench.core.mechanism import Mechanism
from dexbench.robots.finding import Finding, at_most, near

Vector = NDArray[np.float64]

SAMPLES = 6000
"""Joint vectors in the workspace check, as many as the published boxes are made of."""

LOAD = 1.0
"""Torque against each of two coupled joints in the check [N m]: half of what a finger's motor has."""

SLACK = 0.01
"""By how much a coupling J1 <= J2 may be passed [rad]."""


def check_positions(model: mujoco.MjModel, side: Side, mechanism: Mechanism, where: str) -> list[Finding]:
    """Compare forward kinematics with the cases in the data, where it has any."""
    checks = mechanism.checks
    data = mujoco.MjData(model)
    findings = []
    if checks.has("fk"):
        case = _worst_tip if checks["fk"].has("tips") else _worst_frame
        error = max(case(model, data, side, mechanism, row) for row in checks["fk"]["cases"].items())
        findings.append(at_most(f"{where}: forward kinematics, largest error", error, checks["fk"].number("tolerance")))
    if checks.has("workspace"):
        error = _workspace_error(model, data, side, mechanism)
        tolerance = checks["workspace"].number("tolerance")
        findings.append(at_most(f"{where}: fingertip workspace, largest difference [m]", error, tolerance))
    if checks.has("reach"):
        frame = checks["fk"].text("frame")
        findings.append(
            near(
                f"{where}: reach [m]",
                _reach(model, data, side, frame),
                checks["reach"].number(f"{frame}_from_shoulder"),
                1e-3,
            )
        )
    return findings


def _worst_frame(model: mujoco.MjModel, data: mujoco.MjData, side: Side, mechanism: Mechanism, case: Node) -> float:
    """Return the largest error of a frame's position [m] and quaternion in the root's frame."""
    _pose(model, data, side, [j.name for j in mechanism.moving], case.vector("q"))
    site = data.site(f"{side.name}/{mechanism.checks['fk'].text('frame')}")
    root = data.body(f"{side.name}/{mechanism.root}")
    to_root = root.xmat.reshape(3, 3).T
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, (to_root @ site.xmat.reshape(3, 3)).ravel())
    expected = np.array(case.vector("quaternion", 4))
    turned = min(np.abs(quaternion - expected).max(), np.abs(quaternion + expected).max())
    return float(max(np.abs(to_root @ (site.xpos - root.xpos) - case.vector("position", 3)).max(), turned))


def _worst_tip(model: mujoco.MjModel, data: mujoco.MjData, side: Side, mechanism: Mechanism, case: Node) -> float:
    """Return the largest error of a fingertip in the frames the case names [m]; mirrored for a left hand."""
    fk = mechanism.checks["fk"]
    _pose(model, data, side, fk.names("joint_order"), case.vector("q"))
    mirror = np.array([-1.0 if side.name == "left" and mechanism.handed else 1.0, 1, 1])
    worst = 0.0
    for link in set(case.mapping()) - {"name", "q"}:
        for digit in case[link].mapping():
            tip = _in_frame(data, f"{side.name}/{link}", f"{side.name}/{fk['tips'].text(digit)}")
            worst = max(worst, np.abs(tip - mirror * case[link].vector(digit, 3)).max())
    return float(worst)


def _workspace_error(model: mujoco.MjModel, data: mujoco.MjData, side: Side, mechanism: Mechanism) -> float:
    """Return how far the boxes of the fingertips differ from the data's [m]."""
    workspace = mechanism.checks["workspace"]
    digits = workspace["tips"].mapping()
    tips = mechanism.checks["fk"]["tips"]
    sites = [model.site(f"{side.name}/{tips.text(digit)}").id for digit in digits]
    frame = model.body(f"{side.name}/{workspace.text('frame')}").id
    rows = mechanism.moving
    place = {j.name: i for i, j in enumerate(rows)}
    q = np.random.default_rng(0).uniform([j.lower for j in rows], [j.upper for j in rows], (SAMPLES, len(rows)))
    q[:, [place[name] for name in workspace.names("fixed")]] = 0
    for coupling in mechanism.couplings:
        smaller, larger = place[coupling.smaller], place[coupling.larger]
        q[:, smaller] = np.minimum(q[:, smaller], q[:, larger])
    address = _addresses(model, side, [j.name for j in rows])
    found = np.empty((SAMPLES, len(sites), 3))
    for angles, sample in zip(q, found, strict=True):
        data.qpos[address] = angles
        mujoco.mj_kinematics(model, data)
        sample[:] = (data.site_xpos[sites] - data.xpos[frame]) @ data.xmat[frame].reshape(3, 3)
    if side.name == "left" and mechanism.handed:
        found[..., 0] *= -1
    boxes = np.array([[box.vector("lower", 3), box.vector("upper", 3)] for box in digits.values()])
    return float(np.abs(np.stack([found.min(axis=0), found.max(axis=0)], axis=1) - boxes).max())


def _reach(model: mujoco.MjModel, data: mujoco.MjData, side: Side, frame: str) -> float:
    """Return the largest distance of a frame from the second joint, over a search of the joints after it [m]."""
    rng = np.random.default_rng(0)
    names = [j.name for j in side.arm.moving]
    address = _addresses(model, side, names)
    shoulder, site = model.joint(f"{side.name}/{names[1]}").id, model.site(f"{side.name}/{frame}").id
    best, at = 0.0, np.zeros(len(names))
    for width in np.repeat(np.geomspace(np.pi, 1e-3, 15), 150):
        trial = at + rng.uniform(-width, width, len(names))
        data.qpos[address] = trial
        mujoco.mj_kinematics(model, data)
        distance = float(np.linalg.norm(data.site_xpos[site] - data.xanchor[shoulder]))
        if distance > best:
            best, at = distance, trial
    return best


def check_couplings(embodiment: Embodiment, model: mujoco.MjModel, side: Side) -> list[Finding]:
    """Drive every shared motor through its range and back, then twist; return how far J1 <= J2 was passed at most."""
    if not side.hand.couplings:
        return []
    data = mujoco.MjData(model)
    for joint, angle in zip(embodiment.joints, embodiment.joint_angles(embodiment.home), strict=True):
        data.joint(joint.name).qpos = angle
    for actuator, value in zip(embodiment.actuators, embodiment.home, strict=True):
        data.actuator(actuator.name).ctrl = value
    shared = [m for m in side.hand.motors if len(m.joints) > 1]
    motors = [model.actuator(f"{side.name}/{m.name}").id for m in shared]
    lower, upper = np.array([m.lower for m in shared]), np.array([m.upper for m in shared])
    smaller = _addresses(model, side, [c.smaller for c in side.hand.couplings])
    larger = _addresses(model, side, [c.larger for c in side.hand.couplings])
    difference = []
    for phase in np.concatenate([np.linspace(0, 1, 250), np.ones(60), np.linspace(1, 0, 250), np.zeros(60)]):
        data.ctrl[motors] = lower + phase * (upper - lower)
        mujoco.mj_step(model, data)
        difference.append(data.qpos[smaller] - data.qpos[larger])
    least = np.min(difference)
    twist = np.zeros(model.nv)
    for names, sign in (([c.smaller for c in side.hand.couplings], 1), ([c.larger for c in side.hand.couplings], -1)):
        twist[[int(model.joint(f"{side.name}/{name}").dofadr[0]) for name in names]] = sign * LOAD
    for phase in np.concatenate([np.linspace(0, 1, 100), np.ones(50)]):
        data.ctrl[motors] = lower + phase * (upper - lower) / 2
        data.qfrc_applied = phase * twist
        mujoco.mj_step(model, data)
        difference.append(data.qpos[smaller] - data.qpos[larger])
    worst = np.max(difference)
    where = f"{side.name}/{side.hand.name}"
    return [
        at_most(f"{where}: a coupled joint passes its neighbour by [rad]", worst, SLACK),
        at_most(f"{where}: a coupled joint lags its neighbour in free motion by [rad]", -least, 0.1),
    ]


def _addresses(model: mujoco.MjModel, side: Side, names: Sequence[str]) -> NDArray[np.int64]:
    return np.array([int(model.joint(f"{side.name}/{name}").qposadr[0]) for name in names])


def _pose(model: mujoco.MjModel, data: mujoco.MjData, side: Side, names: Sequence[str], q: Sequence[float]) -> None:
    data.qpos[_addresses(model, side, names)] = q
    mujoco.mj_kinematics(model, data)


def _in_frame(data: mujoco.MjData, body: str, site: str) -> Vector:
    """Return a site's position in a body's frame (3,) [m]."""
    frame = data.body(body)
    return np.asarray(frame.xmat.reshape(3, 3).T @ (data.site(site).xpos - frame.xpos))
