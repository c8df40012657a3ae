"""Where a robot stands when an episode begins: at home, or with its palms where the trial has them."""

from collections.abc import Sequence

import mujoco
import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.core.trial import Trial
from dexbench.robots.kinematics import LEVER, Reach
from dexbench.sim.cell import Cell

DRAWN, NEAR = 24, 1.2
"""Postures from which inverse kinematics begins besides home: so many, drawn so near to it [rad]; always the same."""
OFF = 0.6
"""How far from a trial's pose a palm may begin on a robot that cannot take it [m]: trials know no robot."""


class Starting:
    """Joint targets at the start of trials; those of each pose are worked out once."""

    def __init__(self, cell: Cell) -> None:
        self._cell, self._robot = cell, cell.embodiment
        self._reach: dict[str, Reach] = {}
        self._found: dict[tuple[str, tuple[float, ...]], Array] = {}
        self._order = [a.name for a in cell.embodiment.actuators]

    def command(self, trial: Trial) -> Array:
        """Return (A,) the actuators' targets [rad] with which `trial` begins: as near to its poses as this robot gets.

        Raises:
          DataError: the trial begins with a palm that this robot does not have, or farther than OFF from where it can.
        """
        command = np.array(self._robot.home, float)
        for side, pose in trial.start.items():
            if side not in self._robot.sides:
                raise DataError(
                    f"a trial begins with the {side} palm; {self._robot.name} has {_list(self._robot.sides)}"
                )
            key = (side, tuple(pose))
            if key not in self._found:
                self._found[key] = self._solve(side, np.asarray(pose, float))
            command[[self._order.index(j) for j in self._reach[side].joints]] = self._found[key]
        return command

    def _solve(self, side: str, pose: Array) -> Array:
        reach = self._reach.setdefault(side, Reach(self._robot, side))
        rng = np.random.default_rng(0)
        seeds = [reach.home, *(reach.home + rng.uniform(-NEAR, NEAR, (DRAWN, len(reach.home))))]
        solved = [reach.solve(pose[:3], pose[3:], seed) for seed in seeds]
        solved.append(reach.solve(pose[:3], pose[3:], reach.home, steps=0))  # home itself: never in the way of anything
        usual = self._contacts(self._robot.home)
        clear = [s for s in solved if s.position_error <= OFF]
        clear = [s for s in clear if self._contacts(self._with(side, s.q)) <= usual]
        if not clear:
            raise DataError(
                f"a trial begins with the {side} palm at {_list(np.round(pose, 3).tolist())} (m, wxyz), where "
                f"{self._robot.name} cannot bring it without running into itself or the table; take another robot, or "
                f"a suite that was drawn for this one"
            )
        found = [s for s in clear if s.found]
        if found:
            return min((s.q for s in found), key=lambda q: float(np.abs(q - reach.home).max()))
        return min(clear, key=lambda s: s.position_error + LEVER * s.rotation_error).q

    def _with(self, side: str, chain: Array) -> Array:
        command = np.array(self._robot.home, float)
        command[[self._order.index(j) for j in self._reach[side].joints]] = chain
        return command

    def _contacts(self, command: Array) -> set[tuple[int, int]]:
        """Return the pairs of geoms that meet with the robot at `command` and no object anywhere."""
        data = mujoco.MjData(self._cell.model)
        data.qpos[:] = self._cell.home
        data.qpos[self._cell.joint_qpos] = self._robot.joint_angles(command)
        mujoco.mj_fwdPosition(self._cell.model, data)
        return {(int(a), int(b)) for a, b in data.contact.geom}


def _list(values: Sequence[object]) -> str:
    return ", ".join(str(v) for v in values)
