"""The parts of the check that pose the model: forward kinematics, workspace, reach."""

import mujoco
import numpy as np

from dexbench.core.document import Node
from dexbench.core.equipment import Side
from dexbench.core.mechanism import Mechanism
from dexbench.robots._check_posture import addresses, follow, in_frame, mirror, pose
from dexbench.robots.finding import Finding, at_most, confidence, near

SAMPLES = 6000
"""Joint vectors in the workspace check, as many as the published boxes are made of."""


def check_positions(model: mujoco.MjModel, side: Side, mechanism: Mechanism, where: str) -> list[Finding]:
    """Compare forward kinematics with the cases in the data, where it has any."""
    checks = mechanism.checks
    data = mujoco.MjData(model)
    findings = []
    if checks.has("fk"):
        case = _worst_tip if checks["fk"].has("tips") else _worst_frame
        error = max(case(model, data, side, mechanism, row) for row in checks["fk"]["cases"].items())
        limit = checks["fk"].number("tolerance")
        findings.append(at_most(f"{where}: forward kinematics, largest error", error, limit, confidence(checks, "fk")))
    if checks.has("workspace"):
        error = _workspace_error(model, data, side, mechanism)
        limit = checks["workspace"].number("tolerance")
        subject = f"{where}: fingertip workspace, largest difference [m]"
        findings.append(at_most(subject, error, limit, confidence(checks, "workspace")))
    if checks.has("reach"):
        frame = checks["fk"].text("frame")
        found = _reach(model, data, side, frame)
        expected = checks["reach"].number(f"{frame}_from_shoulder")
        findings.append(near(f"{where}: reach [m]", found, expected, 1e-3, confidence(checks, "reach")))
    return findings


def _worst_frame(model: mujoco.MjModel, data: mujoco.MjData, side: Side, mechanism: Mechanism, case: Node) -> float:
    """Return the largest error of a frame's position [m] and quaternion in the root's frame."""
    pose(model, data, side, mechanism, [j.name for j in mechanism.moving], np.array(case.vector("q")))
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
    pose(model, data, side, mechanism, fk.names("joint_order"), np.array(case.vector("q")))
    signs = mirror(side, mechanism)
    worst = 0.0
    for link in set(case.mapping()) - {"name", "q"}:
        for digit in case[link].mapping():
            tip = in_frame(data, f"{side.name}/{link}", f"{side.name}/{fk['tips'].text(digit)}")
            worst = max(worst, np.abs(tip - signs * case[link].vector(digit, 3)).max())
    return float(worst)


def _workspace_error(model: mujoco.MjModel, data: mujoco.MjData, side: Side, mechanism: Mechanism) -> float:
    """Return how far the boxes of the fingertips differ from the data's [m]."""
    workspace = mechanism.checks["workspace"]
    digits = workspace["tips"].mapping()
    tips = mechanism.checks["fk"]["tips"]
    sites = [model.site(f"{side.name}/{tips.text(digit)}").id for digit in digits]
    frame = model.body(f"{side.name}/{workspace.text('frame')}").id
    rows = mechanism.moving
    names = [j.name for j in rows]
    q = np.random.default_rng(0).uniform([j.lower for j in rows], [j.upper for j in rows], (SAMPLES, len(rows)))
    q[:, [names.index(name) for name in workspace.names("fixed")]] = 0
    follow(mechanism, names, q)
    address = addresses(model, side, names)
    found = np.empty((SAMPLES, len(sites), 3))
    for angles, sample in zip(q, found, strict=True):
        data.qpos[address] = angles
        mujoco.mj_kinematics(model, data)
        sample[:] = (data.site_xpos[sites] - data.xpos[frame]) @ data.xmat[frame].reshape(3, 3)
    found *= mirror(side, mechanism)
    boxes = np.array([[box.vector("lower", 3), box.vector("upper", 3)] for box in digits.values()])
    return float(np.abs(np.stack([found.min(axis=0), found.max(axis=0)], axis=1) - boxes).max())


def _reach(model: mujoco.MjModel, data: mujoco.MjData, side: Side, frame: str) -> float:
    """Return the largest distance of a frame from the second joint, over a search of the joints after it [m]."""
    rng = np.random.default_rng(0)
    names = [j.name for j in side.arm.moving]
    address = addresses(model, side, names)
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
