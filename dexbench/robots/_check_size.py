"""The parts of the check that measure a hand: how large it is, and whether its thumb meets the other fingers."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.document import Node
from dexbench.core.equipment import Side
from dexbench.core.mechanism import Mechanism
from dexbench.robots._check_posture import addresses, follow, mirror, resting
from dexbench.robots.finding import Finding, at_most, confidence, near

Vector = NDArray[np.float64]

TRIES = 120
"""Postures at each of the widths of the search for the nearest tips."""


def check_size(model: mujoco.MjModel, side: Side, mechanism: Mechanism, where: str) -> list[Finding]:
    """Compare the outline of the collision shapes with what the data says of it, in the frame of the root."""
    checks = mechanism.checks
    if not checks.has("size"):
        return []
    said = checks["size"]
    known = confidence(checks, "size")
    data = mujoco.MjData(model)
    names = [j.name for j in mechanism.moving]
    angles = {name: said["q"].number(name) for name in said["q"].mapping()} if said.has("q") else {}
    data.qpos[addresses(model, side, names)] = resting(mechanism, angles)
    mujoco.mj_kinematics(model, data)
    findings = []
    for row in said["items"].items():
        axis = "xyz".index(row.one_of("axis", ("x", "y", "z")))
        low, high = _outline(model, data, side, mechanism, axis)
        if mirror(side, mechanism)[axis] < 0:
            low, high = -high, -low
        subject = f"{where}: {row.text('what')} [m]"
        if row.has("highest"):
            findings.append(near(subject, high, row.number("highest"), row.number("tolerance"), known))
        else:
            findings.append(at_most(subject, high - low, row.number("extent_at_most"), known))
    return findings


def _outline(
    model: mujoco.MjModel, data: mujoco.MjData, side: Side, mechanism: Mechanism, axis: int
) -> tuple[float, float]:
    """Return the least and the greatest coordinate of any collision shape along an axis of the root [m]."""
    bodies = [model.body(f"{side.name}/{link}").id for link in mechanism.links]
    root = data.body(f"{side.name}/{mechanism.root}")
    along = root.xmat.reshape(3, 3)[:, axis]
    ends = []
    for geom in np.flatnonzero(np.isin(model.geom_bodyid, bodies) & (model.geom_contype != 0)):
        centre = float((data.geom_xpos[geom] - root.xpos) @ along)
        local = data.geom_xmat[geom].reshape(3, 3).T @ along
        ends.append((centre - _extent(model, int(geom), -local), centre + _extent(model, int(geom), local)))
    return min(low for low, _ in ends), max(high for _, high in ends)


def _extent(model: mujoco.MjModel, geom: int, direction: Vector) -> float:
    """Return how far a geom goes from its centre in a direction (3,) of its own frame [m]."""
    kind, size = mujoco.mjtGeom(int(model.geom_type[geom])), model.geom_size[geom]
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = int(model.geom_dataid[geom])
        first, count = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
        return float((model.mesh_vert[first : first + count] @ direction).max())
    if kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        return float(size[0] + size[1] * abs(direction[2]))
    if kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        return float(size[0] * np.hypot(direction[0], direction[1]) + size[1] * abs(direction[2]))
    if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        return float(size[0])
    if kind == mujoco.mjtGeom.mjGEOM_ELLIPSOID:
        return float(np.linalg.norm(size * direction))
    return float(size @ np.abs(direction))


def check_opposition(model: mujoco.MjModel, side: Side, mechanism: Mechanism, where: str) -> list[Finding]:
    """Search the ranges for postures in which the thumb's tip meets each other tip; bodies may overlap in them."""
    checks = mechanism.checks
    if not checks.has("opposition"):
        return []
    said = checks["opposition"]
    known = confidence(checks, "opposition")
    limit = said.number("within")
    return [
        at_most(
            f"{where}: {said.text('thumb')} to {tip} at the nearest [m]",
            _nearest(model, side, mechanism, said, tip),
            limit,
            known,
        )
        for tip in said.names("tips")
    ]


def _nearest(model: mujoco.MjModel, side: Side, mechanism: Mechanism, said: Node, tip: str) -> float:
    """Return the least distance found between two tips over the joints' ranges [m]."""
    data = mujoco.MjData(model)
    sites = [model.site(f"{side.name}/{name}").id for name in (said.text("thumb"), tip)]
    rows = mechanism.moving
    names = [j.name for j in rows]
    lower, upper = np.array([j.lower for j in rows]), np.array([j.upper for j in rows])
    address = addresses(model, side, names)
    rng = np.random.default_rng(0)
    best, at = np.inf, (lower + upper) / 2
    for width in np.repeat(np.geomspace(1, 0.01, 10), TRIES):
        trial = np.clip(at + width * rng.uniform(lower - upper, upper - lower), lower, upper)
        follow(mechanism, names, trial)
        data.qpos[address] = trial
        mujoco.mj_kinematics(model, data)
        distance = float(np.linalg.norm(data.site_xpos[sites[0]] - data.site_xpos[sites[1]]))
        if distance < best:
            best, at = distance, trial
    return best
