"""Shapes of a hand by the roles of its motors, so that a script need not know whose hand it is."""

from collections.abc import Mapping

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.robots.build import robot_spec

CUP = np.array([0.0, 0.02, 0.03])
"""A point in front of the palm, in its frame, to which fingers go when they close [m]."""


class HandShapes:
    """One side's hand: where its fingertips are, and which end of each motor's range closes it."""

    def __init__(self, embodiment: Embodiment, side: str) -> None:
        """Try both ends of every motor.

        Args:
          embodiment: the robot.
          side: "right" or "left".
        """
        self._robot, self.side = embodiment, side
        self._model = robot_spec(embodiment, shapes=False).compile()
        self._data = mujoco.MjData(self._model)
        self._joints = np.array([int(self._model.joint(j.name).qposadr[0]) for j in embodiment.joints])
        self._places = embodiment.actuator_index(side, "hand")
        limits = embodiment.limits
        self.opened, self.closed = limits.lower[self._places].copy(), limits.upper[self._places].copy()
        """(H,) ends of the motors' ranges [rad]."""
        middle = embodiment.home
        for k, place in enumerate(self._places):
            finger = embodiment.actuators[place].role.partition("/")[0]
            if finger not in self.fingers:
                continue
            ends = []
            for angle in (self.opened[k], self.closed[k]):
                command = middle.copy()
                command[place] = angle
                ends.append(float(np.linalg.norm(self.tips(command)[finger] - CUP)))
            if ends[1] > ends[0]:
                self.opened[k], self.closed[k] = self.closed[k], self.opened[k]

    @property
    def fingers(self) -> tuple[str, ...]:
        """Names of the fingers, thumb first."""
        return tuple(row.finger for row in self._robot.parts[self.side].hand.fingers)

    def tips(self, command: Array) -> dict[str, Array]:
        """Return (3,) where each fingertip's pad is in the palm frame at `command` (A,) [m]."""
        data, model = self._data, self._model
        data.qpos[self._joints] = self._robot.joint_angles(command)
        mujoco.mj_kinematics(model, data)
        palm = model.site(f"{self.side}/palm_site").id
        turn, at = data.site_xmat[palm].reshape(3, 3), data.site_xpos[palm]
        return {f: turn.T @ (data.site_xpos[model.site(f"{self.side}/{f}").id] - at) for f in self.fingers}

    def shape(self, roles: Mapping[str, float], base: Array) -> Array:
        """Return (H,) targets: `base` (H,) with some motors put to a share of their range.

        Args:
          roles: share from 0 (open) to 1 (closed) by role, for example "index/flexion"; "fingers/flexion" means that of
            every finger but the thumb. Roles that this hand does not have are left out.
          base: (H,) [rad].
        """
        shaped = base.copy()
        for k, place in enumerate(self._places):
            finger, _, motion = self._robot.actuators[place].role.partition("/")
            share = roles.get(f"{finger}/{motion}")
            if share is None and finger not in ("thumb", "wrist"):
                share = roles.get(f"fingers/{motion}")
            if share is not None:
                shaped[k] = self.opened[k] + share * (self.closed[k] - self.opened[k])
        return shaped
