"""Actions about palms: where each palm should be, and joint targets of its hand."""

from typing import Any

import numpy as np

from dexbench.core.action_face import Slot
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import UnknownName
from dexbench.core.schema import Array
from dexbench.robots.palm import Palms, pose_slots
from dexbench.robots.rotation import ROTATIONS


class PalmPose:
    """Per side: pose of `palm_site` in the cell frame, then the hand's joint targets.

    Inverse kinematics from the last target on gives the arm's. A wrist belongs to the hand: the arm makes up for it.
    """

    kind = "palm_pose"

    def __init__(self, embodiment: Embodiment, period: float, rotation: str = "vector") -> None:
        """Make the face.

        Args:
          embodiment: the robot.
          period: control period [s].
          rotation: how rotations are written, one of rotation.ROTATIONS.

        Raises:
          UnknownName: there is no such way to write a rotation.
        """
        if rotation not in ROTATIONS:
            raise UnknownName("way to write a rotation", str(rotation), ROTATIONS)
        self.embodiment = embodiment
        self.settings: tuple[tuple[str, Any], ...] = () if rotation == "vector" else (("rotation", rotation),)
        self._rotation = ROTATIONS[rotation]
        self._palms = Palms(embodiment)
        limits = embodiment.limits
        self._lower, self._upper = limits.lower, limits.upper
        slots: list[Slot] = []
        self._pose: dict[str, slice] = {}
        self._hand: dict[str, slice] = {}
        for side in embodiment.sides:
            pose = pose_slots(embodiment, side, self._rotation)
            hand = embodiment.actuator_index(side, "hand")
            self._pose[side] = slice(len(slots), len(slots) + len(pose))
            slots += pose
            self._hand[side] = slice(len(slots), len(slots) + len(hand))
            slots += [
                Slot(embodiment.actuators[i].name, "rad", "", float(limits.lower[i]), float(limits.upper[i]))
                for i in hand
            ]
        self.slots = tuple(slots)

    def prepare(self) -> None:
        self._palms.prepare(self.embodiment.sides)

    def decode(self, action: Array, last: Array, setpoint: Array) -> tuple[Array, Array]:
        robot = self.embodiment
        target = np.array(last, np.float64)
        for side in robot.sides:
            target[:, robot.actuator_index(side, "hand")] = action[:, self._hand[side]]
        met = np.ones(len(action), bool)
        for i, row in enumerate(np.asarray(action, np.float64)):
            start = np.where(np.isfinite(target[i]), np.clip(target[i], self._lower, self._upper), last[i])
            for side in robot.sides:
                pose = row[self._pose[side]]
                arm, found = self._palms.solve(side, pose, self._rotation, start)
                target[i, robot.actuator_index(side, "arm")] = arm
                met[i] &= found
        return target, met

    def encode(self, target: Array, last: Array) -> Array:
        robot = self.embodiment
        positions, turns = self._palms.where(target)
        action = np.empty((len(target), len(self.slots)))
        for k, side in enumerate(robot.sides):
            pose = self._pose[side]
            action[:, self._hand[side]] = target[:, robot.actuator_index(side, "hand")]
            action[:, pose.start : pose.start + 3] = positions[:, k]
            for i in range(len(target)):
                action[i, pose.start + 3 : pose.stop] = self._rotation.write(turns[i, k])
        return action
