"""The test that separates grasps: a hand on a moving base closes around a standing object, lifts and shakes it.

Physics is that of the cells (4 ms, implicitfast, elliptic cones); many tests run at once in one batch.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.grasp.rig import CONTROLS, Rig
from dexbench.objects.catalogue import load_object

APPROACH, CLOSE, SETTLE, LIFT, SHAKE = 0.3, 0.4, 0.3, 0.8, 0.6
"""Durations of the phases [s]."""
HEIGHT = 0.12
"""How far the base rises [m]."""
STANDOFF = 0.08
"""Length of the straight approach along the palm's normal [m]."""
WAY = (0.0, 0.015, 0.03, 0.045, 0.06, 0.075, 0.09)
"""Distances from the grasp at which the open hand must be free [m]."""
SLIP = 0.02
"""Largest movement of the object in the palm [m]."""
PUSHED = 0.01
"""Largest movement of the object before the hand closes [m]."""
ARM = (0.06, 0.15)
"""Radius and length of the cylinder that stands for the end of any arm, behind the hand's root [m]."""
LOOSE = 0.05
"""Largest movement of an object that hangs in the hand rather than being held [m]."""
LIGHT = 0.05
"""Mass of an object that another hand helps to carry [kg]."""
PULL = 6.0
"""Peak sideways acceleration of the base while it shakes [m/s^2]."""


@dataclass(frozen=True)
class Verdict:
    """What came of C tests."""

    held: Array
    """(C,) bool: it rose with the hand and stayed."""
    hung: Array
    """(C,) bool: it rose and stayed, but turned or gave way by up to LOOSE."""
    slip: Array
    """(C,) movement of the object in the palm between lifting and the end [m]."""
    turn: Array
    """(C,) its rotation there [rad]."""
    pushed: Array
    """(C,) how far it was moved before the hand closed [m]."""


class GraspTest:
    """Tests grasps of one hand on one object."""

    def __init__(
        self, embodiment: Embodiment, side: str, instance: str, n: int, threads: int = 1, carried: str = ""
    ) -> None:
        """Prepare n tests.

        Args:
          embodiment: has the hand.
          side: which hand.
          instance: name in the object catalogue.
          n: tests run at once.
          threads: physics threads.
          carried: a part at which this hand carries half of the object's weight, the other half being another
            hand's: the object itself is then light, and half its weight pulls at the part. Empty: the hand has it all.
        """
        self._load, self._held = np.zeros(6), np.zeros(3)
        mass = None
        if carried:
            self._held, self._load = shared_load(instance, carried)
            mass = LIGHT
        self.side, self.instance, self.n = side, instance, n
        self.rig = rig = Rig(embodiment, side, instance, n, threads, mass=mass)
        self.model, self.batch, self.posture, self.actuators = rig.model, rig.batch, rig.posture, rig.actuators

    def penetrates(self, position: Array, turn: Array, pregrasp: Array, wanted: int | None = None) -> Array:
        """Return (C,) bool: whether the open hand meets object or table on its straight way to the grasp.

        Or the arm behind it would meet the table. Once `wanted` are free, the others are not tried, and count as bad.
        """
        model, data = self.batch.get_model(0), mujoco.MjData(self.model)
        bad = np.ones(len(position), bool)
        for i in range(len(position)):
            if wanted is not None and np.count_nonzero(~bad) >= wanted:
                break
            at, quat = self.rig.base(position[i], turn[i])
            bad[i] = self._arm_low(at, turn[i] @ self.rig.flange)
            data.qpos[:] = self.posture.qpos(pregrasp[i])
            data.qpos[self.rig.place] = (0, 0, 0, 1, 0, 0, 0)
            for back in WAY:
                if bad[i]:
                    break
                data.qpos[self.rig.root] = (*(at - back * turn[i, :, 2]), *quat)
                mujoco.mj_fwdPosition(model, data)
                inner = [c for c in range(data.ncon) if self._robot(model, data.contact.geom[c])]
                bad[i] = bool((data.contact.dist[inner] < -0.001).any())
        return bad

    def _arm_low(self, at: Array, flange: Array) -> bool:
        """Whether the end of an arm, ARM, behind a hand's root would touch the table."""
        radius, length = ARM
        ends = at[2] - np.array([0.0, length]) * flange[2]
        return bool(ends.min() < radius * np.sqrt(max(0.0, 1.0 - flange[2] ** 2)))

    def _robot(self, model: mujoco.MjModel, pair: Array) -> bool:
        """Whether a contact is between the hand and anything else."""
        others = [model.geom_bodyid[g] in (0, self.rig.thing) for g in pair]
        return others[0] != others[1]

    def run(self, position: Array, turn: Array, pregrasp: Array, squeeze: Array, yaw: Array | None = None) -> Verdict:
        """Test C <= n grasps at once.

        Args:
          position: (C, 3) palm frame in the object frame [m].
          turn: (C, 3, 3) palm to object.
          pregrasp: (C, H) targets around the object [rad].
          squeeze: (C, H) targets that press [rad].
          yaw: (C,) by which each object stands turned away from where the hand expects it [rad].
        """
        count = len(position)
        ids = np.arange(count)
        batch, dt = self.batch, self.model.opt.timestep
        steps = [round(t / dt) for t in (APPROACH, CLOSE, SETTLE, LIFT, SHAKE)]
        times = np.cumsum([0, *steps])
        control = np.zeros((count, times[-1], mujoco.mj_stateSize(self.model, CONTROLS)))
        ctrl = np.zeros((count, self.model.nu))
        for i in range(count):
            at, quat = self.rig.base(position[i], turn[i])
            ctrl[i, self.actuators] = pregrasp[i]
            base = np.repeat(at[None], times[-1], axis=0)
            back = turn[i, :, 2] * STANDOFF
            base[: times[1]] -= np.linspace(1, 0, steps[0])[:, None] * back
            rise = np.clip((np.arange(times[-1]) - times[3]) / steps[3], 0, 1)
            base[:, 2] += HEIGHT * rise * rise * (3 - 2 * rise)
            wave = np.sin(np.linspace(0, 4 * np.pi, steps[4])) * PULL / (4 * np.pi / SHAKE) ** 2
            base[times[4] :, 0] += wave  # once along one diagonal of the table,
            base[times[4] :, 1] += wave * np.where(np.arange(steps[4]) < steps[4] / 2, 1, -1)  # once along the other
            nu = self.model.nu
            control[i, :, :nu] = ctrl[i]
            closing = np.clip((np.arange(times[-1]) - times[1]) / steps[1], 0, 1)[:, None]
            control[i][:, self.actuators] = pregrasp[i] + closing * (squeeze[i] - pregrasp[i])
            control[i, :, nu : nu + 3] = base
            control[i, :, nu + 3 : nu + 7] = quat
        nu = self.model.nu
        stand = np.tile([0, 0, 0, 1.0, 0, 0, 0], (count, 1))
        if yaw is not None:
            stand[:, 3], stand[:, 6] = np.cos(yaw / 2), np.sin(yaw / 2)
        self.rig.begin(ids, pregrasp, control[:, 0, nu : nu + 7], stand)
        batch.bind("xfrc_applied")[ids, self.rig.thing] = self._load
        qpos = batch.bind("qpos")
        poses, bases = [], []
        alive = ids
        for k in range(5):
            part = np.ascontiguousarray(control[alive, times[k] : times[k + 1]])
            if len(alive):
                batch.rollout(steps[k], part, CONTROLS, record=(), ids=alive)
            poses.append(self.rig.poses(ids))
            bases.append(qpos[np.ix_(ids, self.rig.root[:3])].copy())
            if k == 0:  # what has failed by now is not simulated further
                pushed = np.linalg.norm(poses[0][:, :2], axis=1)
                alive = ids[pushed < PUSHED]
            elif k == 3:
                alive = alive[(self._carried(poses[3]) - self._carried(poses[2]))[alive, 2] > HEIGHT / 2]
        before, after = self._carried(poses[2]), self._carried(poses[4])
        rise = after[:, 2] - before[:, 2]
        slip = np.linalg.norm(after - before - bases[4] + bases[2], axis=1)
        dot = np.abs((poses[4][:, 3:] * poses[2][:, 3:]).sum(axis=1))
        angle = 2 * np.arccos(np.clip(dot, 0, 1))
        allowed = SLIP
        if self._load.any():  # the other hand keeps it level, and fingers give way under the load
            angle, allowed = np.zeros_like(angle), 1.5 * SLIP
        held = (rise > HEIGHT - allowed) & (slip < allowed) & (angle < np.deg2rad(15)) & (pushed < PUSHED)
        hung = ~held & (rise > HEIGHT - LOOSE) & (slip < LOOSE) & (pushed < PUSHED)
        return Verdict(held, hung, slip, angle, pushed)

    def _carried(self, poses: Array) -> Array:
        """Return (C, 3) where the part is that the hand carries, for poses (C, 7) of the object."""
        return poses[:, :3] + _turned(self._held, poses[:, 3:])


def shared_load(instance: str, part: str) -> tuple[Array, Array]:
    """Return what a hand carries that shares an object with another: where (3,), and force and torque (6,) there.

    Half of the object's weight pulls at the part; torque about the centre of mass.
    """
    model = load_object(instance)
    held = model.points[model.point_part == model.part(part)].mean(axis=0)
    pull = np.array([0.0, 0.0, -9.81 * model.mass / 2])
    return held, np.concatenate([pull, np.cross(held - model.center_of_mass, pull)])


def _turned(point: Array, quaternions: Array) -> Array:
    """Return `point` (3,) turned by each of (C, 4) wxyz."""
    w, axis = quaternions[:, :1], quaternions[:, 1:]
    return np.asarray(point + 2 * np.cross(axis, np.cross(axis, point) + w * point))
