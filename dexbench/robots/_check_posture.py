"""Postures that the checks put a model into: joint angles with linkages followed, and where frames are then."""

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.equipment import Side
from dexbench.core.mechanism import Mechanism

Vector = NDArray[np.float64]


def addresses(model: mujoco.MjModel, side: Side, names: Sequence[str]) -> NDArray[np.int64]:
    """Return where joints are in qpos."""
    return np.array([int(model.joint(f"{side.name}/{name}").qposadr[0]) for name in names], np.int64)


def mirror(side: Side, mechanism: Mechanism) -> Vector:
    """Return (3,) by which a place in a right hand's link frame is multiplied on this side."""
    signs = np.ones(3)
    if side.name == "left" and mechanism.mirror is not None:
        signs[mechanism.mirror] = -1
    return signs


def follow(mechanism: Mechanism, names: Sequence[str], q: Vector) -> None:
    """Set, in angles (..., joints) [rad], what linkages and order rules make of the others."""
    place = {name: i for i, name in enumerate(names)}
    for rule in mechanism.couplings:
        smaller, larger = place[rule.smaller], place[rule.larger]
        q[..., smaller] = np.minimum(q[..., smaller], q[..., larger])
    for row in mechanism.followers:
        q[..., place[row.joint]] = row.multiplier * q[..., place[row.master]] + row.offset


def resting(mechanism: Mechanism, angles: Mapping[str, float]) -> Vector:
    """Return angles of all moving joints [rad]: as given, others as near to zero as they can be."""
    rows = mechanism.moving
    q = np.array([angles.get(j.name, min(max(0.0, j.lower), j.upper)) for j in rows])
    follow(mechanism, [j.name for j in rows], q)
    return q


def pose(
    model: mujoco.MjModel, data: mujoco.MjData, side: Side, mechanism: Mechanism, names: Sequence[str], q: Vector
) -> None:
    """Put `mechanism` into angles `q` of the joints `names` [rad]; linkages that are not named follow."""
    data.qpos[addresses(model, side, names)] = q
    known = dict(zip(names, q, strict=True))
    for row in mechanism.followers:
        if row.joint not in known and row.master in known:
            data.qpos[addresses(model, side, [row.joint])] = row.multiplier * known[row.master] + row.offset
    mujoco.mj_kinematics(model, data)


def in_frame(data: mujoco.MjData, body: str, site: str) -> Vector:
    """Return a site's position in a body's frame (3,) [m]."""
    frame = data.body(body)
    return np.asarray(frame.xmat.reshape(3, 3).T @ (data.site(site).xpos - frame.xpos))
