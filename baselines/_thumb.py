"""Angles of the thumb's motors that bring its pad somewhere, while the other fingers stay as they are."""

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.robots.build import robot_spec

DRAWS, STEPS = 300, 12
"""Postures drawn at random, and rounds of refining the best one."""
ROUND = 16
"""Postures drawn in a round."""
FACING = 0.012
"""What a pad that faces away by a radian or so weighs, against its distance [m]."""


class Thumb:
    """One side's thumb."""

    def __init__(self, embodiment: Embodiment, side: str) -> None:
        """Prepare.

        Args:
          embodiment: the robot.
          side: "right" or "left".
        """
        self._robot = embodiment
        self._model = robot_spec(embodiment, shapes=False).compile()
        self._data = mujoco.MjData(self._model)
        self._joints = np.array([int(self._model.joint(j.name).qposadr[0]) for j in embodiment.joints])
        self._palm, self._pad = (self._model.site(f"{side}/{name}").id for name in ("palm_site", "thumb"))
        actuators, own = embodiment.actuators, embodiment.actuator_index(side, "hand")
        self.places = np.array([k for k in own if actuators[k].role.startswith("thumb/")])
        """Of its motors in a command."""
        self._lower, self._upper = embodiment.limits.lower[self.places], embodiment.limits.upper[self.places]

    def pad(self, command: Array) -> tuple[Array, Array]:
        """Return (3,) where the pad is and (3,) its outward normal at `command` (A,), in the palm frame [m]."""
        data = self._data
        data.qpos[self._joints] = self._robot.joint_angles(command)
        mujoco.mj_kinematics(self._model, data)
        turn = data.site_xmat[self._palm].reshape(3, 3).T
        normal = data.site_xmat[self._pad].reshape(3, 3)[:, 2]
        return turn @ (data.site_xpos[self._pad] - data.site_xpos[self._palm]), turn @ normal

    def to(
        self, command: Array, point: Array, normal: Array, near: Array | None = None, facing: float = FACING
    ) -> tuple[Array, float]:
        """Return `command` (A,) with the thumb's pad at `point` (3,), facing `normal` (3,), and by how much it fails.

        Args:
          command: of the whole robot [rad].
          point: in the palm frame [m].
          normal: unit vector, likewise.
          near: (A,) command from which the search starts instead of from anywhere.
          facing: what it weighs which way the pad faces [m].
        """
        rng = np.random.default_rng(0)
        best = (command if near is None else near)[self.places]
        least, width = self._miss(command, best, point, normal, facing), 0.3
        if near is None:
            for angles in rng.uniform(self._lower, self._upper, (DRAWS, len(self.places))):
                if (miss := self._miss(command, angles, point, normal, facing)) < least:
                    least, best = miss, angles
        for _ in range(STEPS):
            around = best + rng.normal(0, width, (ROUND, len(self.places)))
            misses = [self._miss(command, a, point, normal, facing) for a in np.clip(around, self._lower, self._upper)]
            if min(misses) < least:
                least, best = min(misses), np.clip(around[int(np.argmin(misses))], self._lower, self._upper)
            width *= 0.7
        found = command.copy()
        found[self.places] = best
        return found, least

    def _miss(self, command: Array, angles: Array, point: Array, normal: Array, weight: float) -> float:
        full = command.copy()
        full[self.places] = angles
        at, facing = self.pad(full)
        return float(np.linalg.norm(at - point) + weight * (1 - facing @ normal))
