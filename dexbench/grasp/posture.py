"""From a hand's commands to its pads: where they are and how they move, followers and shared motors included."""

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.equipment import Actuator
from dexbench.core.errors import DataError
from dexbench.core.roles import FINGERS
from dexbench.core.schema import Array


class Posture:
    """The hand of one side in a compiled model that has it, with or without an arm.

    Joint positions are affine in the commands: qpos = offset + command @ shares. A motor over two joints shares its
    angle out, a follower turns with its master.
    """

    def __init__(self, model: mujoco.MjModel, embodiment: Embodiment, side: str) -> None:
        """Find the hand's elements.

        Args:
          model: has the hand's joints, its palm frame and its pads, named with their side.
          embodiment: has the hand.
          side: "right" or "left".

        Raises:
          DataError: the hand has no pad on the thumb, or none on any finger.
        """
        self.model = model
        index = embodiment.actuator_index(side, "hand")
        self.actuators: tuple[Actuator, ...] = tuple(embodiment.actuators[i] for i in index)
        """In the order of actions; H of them."""
        self.lower, self.upper = embodiment.limits.lower[index], embodiment.limits.upper[index]
        """(H,) commandable [rad]."""
        self.fingers = tuple(
            f for f in FINGERS if mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_SITE), f"{side}/{f}") >= 0
        )
        """Those that have a pad, the thumb first; F of them."""
        if self.fingers[:1] != ("thumb",) or len(self.fingers) < 2:
            name, there = embodiment.parts[side].hand.name, ", ".join(self.fingers) or "no finger"
            raise DataError(f"grasps need pads on the thumb and on a finger; hand {name!r} has them on {there}")
        self.pads = [int(model.site(f"{side}/{f}").id) for f in self.fingers]
        self.palm = int(model.site(f"{side}/palm_site").id)
        joints = embodiment.joint_index(side, "hand")
        rows = np.zeros((len(index) + 1, len(embodiment.actuators)))
        rows[np.arange(len(index)), index] = 1.0
        angles = embodiment.joint_angles(rows)[:, joints]
        places = [int(model.joint(embodiment.joints[j].name).qposadr[0]) for j in joints]
        self._joints = np.array([int(model.joint(embodiment.joints[j].name).dofadr[0]) for j in joints])
        self._slopes = angles[:-1] - angles[-1]  # (H, J)
        self.offset = model.qpos0.copy()
        """(nq,) joint positions at command zero; those of everything else as the model has them."""
        self.offset[places] = angles[-1]
        self.shares = np.zeros((len(index), model.nq))
        """(H, nq) what each command contributes."""
        self.shares[:, places] = self._slopes

    @property
    def rest(self) -> Array:
        """(H,) commands as near to zero as the limits allow [rad]."""
        return np.asarray(np.clip(0.0, self.lower, self.upper))

    def qpos(self, command: Array) -> Array:
        """Return joint positions (..., nq) for commands (..., H)."""
        return np.asarray(self.offset + command @ self.shares)

    def pose(self, data: mujoco.MjData, command: Array) -> tuple[Array, Array]:
        """Return the pads' places (F, 3) [m] and normals (F, 3) in the palm frame at a command (H,)."""
        data.qpos[:] = self.qpos(command)
        mujoco.mj_kinematics(self.model, data)
        turn = data.site_xmat[self.palm].reshape(3, 3)
        normals = data.site_xmat[self.pads].reshape(-1, 3, 3)[:, :, 2]
        return (data.site_xpos[self.pads] - data.site_xpos[self.palm]) @ turn, normals @ turn

    def jacobians(self, data: mujoco.MjData, command: Array) -> Array:
        """Return (F, 3, H): how each pad moves with each command, in the palm frame [m/rad]."""
        self.pose(data, command)
        mujoco.mj_comPos(self.model, data)
        turn = data.site_xmat[self.palm].reshape(3, 3)
        shift, spin, whole = np.zeros((3, 3, self.model.nv))
        mujoco.mj_jacSite(self.model, data, shift, spin, self.palm)
        found = np.empty((len(self.pads), 3, len(self.actuators)))
        for row, pad in zip(found, self.pads, strict=True):
            mujoco.mj_jacSite(self.model, data, whole, None, pad)
            lever = data.site_xpos[pad] - data.site_xpos[self.palm]
            own = whole - shift - np.cross(spin, lever, axisa=0, axisc=0)  # a wrist moves palm and pads alike
            row[:] = turn.T @ own[:, self._joints] @ self._slopes.T
        return found
