"""The force test of one grasp: close, settle, then pull in six directions, each from the same settled state.

The object is free and weighs nothing but has its inertia; each pull is its weight under gravity for 0.6 s. Strict: it
moves less than 20 mm and turns less than 15 degrees in all six. Loose: it moves less than 50 mm.
"""

from dataclasses import dataclass

import mujoco
import numpy as np
from scipy.optimize import nnls

from dexbench.core.schema import Array

from .fitting import Fit
from .grip import MASS, Grip

CLOSE, SETTLE, PULL = 0.4, 0.3, 0.6
"""Durations [s]."""
STRICT, LOOSE = 0.02, 0.05
"""Largest movement [m]."""
TURN = np.deg2rad(15)
"""Largest rotation of a strict pass [rad]."""
MOVED = 0.05
"""Largest movement while the hand closes [m]."""
DIRECTIONS = ("+x", "-x", "+y", "-y", "+z", "-z")
NEAR = 0.002
"""A place touches if it is within this distance [m]."""
DEEP = 0.003
"""Largest depth of a link in the object [m]."""
BEND = 0.02
"""By how much joint stops and couplings may give way [rad]."""
ALONG = 0.8
"""Least cosine between the thumb and the object's axis where the type wants it there."""
_COSINE = 0.3
"""Least cosine between the face that is to touch and the direction to the object, at the end."""


@dataclass(frozen=True)
class Held:
    """What came of one grasp."""

    pose: Array
    """(7,) of the object after closing."""
    angles: Array
    """(nq,) all joint positions then."""
    gaps: tuple[float, ...]
    """Of each place then [m]."""
    absent: tuple[str, ...]
    """Places that do not touch, or with another face than the type asks for."""
    depth: float
    """Of the deepest link in the object then [m]."""
    excess: float
    """By how much a joint is past its range, or a coupling broken [rad]."""
    moved: float
    """How far the object moved while the hand closed [m]."""
    slips: tuple[float, ...]
    """Movement under each pull [m]; only as many as were made."""
    turns: tuple[float, ...]
    """Rotation under each pull [rad]."""

    @property
    def contacts(self) -> bool:
        """Whether all places touch and no link is too deep."""
        return not self.absent and self.depth <= DEEP

    @property
    def strict(self) -> bool:
        """Whether it was held within 20 mm and 15 degrees in all directions."""
        return self.loose and max(self.slips) < STRICT and max(self.turns) < TURN

    @property
    def loose(self) -> bool:
        """Whether it was held within 50 mm in all directions."""
        return len(self.slips) == len(DIRECTIONS) and max(self.slips) < LOOSE and self.moved < MOVED

    @property
    def limits(self) -> bool:
        """Whether ranges and couplings were kept."""
        return self.excess <= BEND

    @property
    def passed(self) -> bool:
        """Whether the type counts as done."""
        return self.contacts and self.strict and self.limits

    @property
    def rank(self) -> tuple[float, ...]:
        """Better attempts have larger ones."""
        return (
            self.passed,
            self.contacts and self.loose,
            -len(self.absent) + 2.0 * self.loose - 10.0 * (self.moved >= MOVED),
            self.strict,
            -max((*self.slips, self.moved)),
        )


def squeeze(grip: Grip, fit: Fit, total: float, each: float) -> Array:
    """Return (H,) targets that press.

    Args:
      grip: hand and object.
      fit: the posture.
      total: sum of forces on the places that balance as well as friction allows [N].
      each: with which every place presses besides, so that none hangs loose [N].
    """
    hand, model, data = grip.hand, grip.model, grip.data
    grip.set(fit.pose, fit.command)
    mujoco.mj_comPos(model, data)
    gaps = [grip.gap(place) for place in grip.places]
    centre = data.geom_xpos[grip.geom]
    friction = 0.7 * float(model.geom_friction[grip.geom, 0])
    columns, forces, owners = [], [], []
    for k, gap in enumerate(gaps):
        side = np.cross(gap.into, [1.0, 0, 0] if abs(gap.into[0]) < 0.9 else [0, 1.0, 0])
        side = side / np.linalg.norm(side)
        for angle in np.arange(4) * np.pi / 2:
            edge = gap.into + friction * (np.cos(angle) * side + np.sin(angle) * np.cross(gap.into, side))
            columns.append(np.concatenate([edge, np.cross(gap.at - centre, edge) / 0.03, [0.3]]))
            forces.append(edge)
            owners.append(k)
    shares, _ = nnls(np.array(columns).T, np.array([0, 0, 0, 0, 0, 0, 0.3]))
    shares = shares / max(shares.sum(), 1e-9) * total
    pressing = np.array([g.into * each for g in gaps])
    for share, force, owner in zip(shares, forces, owners, strict=True):
        pressing[owner] += share * force
    torque = np.zeros(len(fit.command))
    whole = np.zeros((3, model.nv))
    for gap, force in zip(gaps, pressing, strict=True):
        mujoco.mj_jac(model, data, whole, None, gap.at, hand.bodies[gap.link])
        torque += hand.shares @ (whole[:, hand.dofs].T @ force)
    stiffness = np.array([m.kp for m in hand.mechanism.motors])
    strongest = np.array([m.force for m in hand.mechanism.motors])
    wanted = np.clip(torque, -strongest, strongest) / stiffness
    wanted[[role.startswith("wrist") for role in hand.roles]] = 0  # it only carries the hand
    return np.asarray(np.clip(fit.command + wanted, hand.lower, hand.upper))


def hold(grip: Grip, fit: Fit, target: Array) -> Held:
    """Return what comes of closing a fitted hand to `target`; one that hardly touches is not pulled."""
    model, hand = grip.model, grip.hand
    data = mujoco.MjData(model)
    data.qpos[:] = grip.data.qpos
    data.qpos[grip.root : grip.root + 7] = fit.pose
    data.qpos[hand.places] = hand.offset + fit.command @ hand.shares
    motors = np.array([int(model.actuator(a.name).id) for a in hand.actuators])
    steps = round(CLOSE / model.opt.timestep)
    for k in range(steps):
        data.ctrl[motors] = fit.command + (k + 1) / steps * (target - fit.command)
        mujoco.mj_step(model, data)
    for _ in range(round(SETTLE / model.opt.timestep)):
        mujoco.mj_step(model, data)
    pose = data.qpos[grip.root : grip.root + 7].copy()
    moved = float(np.linalg.norm(pose[:3] - fit.pose[:3]))
    grip.data.qpos[:] = data.qpos
    mujoco.mj_kinematics(model, grip.data)
    gaps = [grip.gap(place) for place in grip.places]
    absent = tuple(
        str(p.wanted) for p, g in zip(grip.places, gaps, strict=True) if g.distance > NEAR or g.facing < _COSINE
    )
    if grip.kind.along and grip.along() < ALONG:
        absent = (*absent, "the thumb along the object")
    depth = grip.deepest()[0]
    slips, turns = [], []
    if moved < MOVED and len(absent) <= max(1, len(gaps) // 4):
        kept = np.empty(mujoco.mj_stateSize(model, int(mujoco.mjtState.mjSTATE_INTEGRATION)))
        mujoco.mj_getState(model, data, kept, int(mujoco.mjtState.mjSTATE_INTEGRATION))
        for k in range(len(DIRECTIONS)):
            mujoco.mj_setState(model, data, kept, int(mujoco.mjtState.mjSTATE_INTEGRATION))
            slip, turn = _pull(grip, data, k, pose)
            slips.append(slip)
            turns.append(turn)
            if slip > LOOSE:
                break
    return Held(
        pose,
        grip.data.qpos.copy(),
        tuple(g.distance for g in gaps),
        absent,
        depth,
        _excess(grip),
        moved,
        tuple(slips),
        tuple(turns),
    )


def _pull(grip: Grip, data: mujoco.MjData, k: int, pose: Array) -> tuple[float, float]:
    body = int(grip.model.geom_bodyid[grip.geom])
    force = np.zeros(3)
    force[k // 2] = MASS * 9.81 * (1 - 2 * (k % 2))
    data.xfrc_applied[body, :3] = force
    for step in range(round(PULL / grip.model.opt.timestep)):
        mujoco.mj_step(grip.model, data)
        if step % 25 == 0 and np.linalg.norm(data.qpos[grip.root : grip.root + 3] - pose[:3]) > LOOSE:
            break
    data.xfrc_applied[body] = 0
    now = data.qpos[grip.root : grip.root + 7]
    turned = 2 * np.arccos(min(1.0, abs(float(now[3:] @ pose[3:]))))
    return float(np.linalg.norm(now[:3] - pose[:3])), float(turned)


def _excess(grip: Grip) -> float:
    """Return how far joints are past their ranges, or couplings broken [rad]."""
    hand, model = grip.hand, grip.model
    q = grip.data.qpos[hand.places]
    names = [hand.embodiment.joints[j].name for j in hand.embodiment.joint_index(hand.side, "hand")]
    ranges = np.array([model.joint(n).range for n in names])
    excess = float(max((ranges[:, 0] - q).max(), (q - ranges[:, 1]).max(), 0.0))
    at = {n.partition("/")[2]: float(v) for n, v in zip(names, q, strict=True)}
    for rule in hand.mechanism.couplings:
        excess = max(excess, at[rule.smaller] - at[rule.larger])
    for row in hand.mechanism.followers:
        excess = max(excess, abs(at[row.joint] - row.multiplier * at[row.master] - row.offset))
    return excess
