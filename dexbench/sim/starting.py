"""Where a robot stands when an episode begins: at home, or with its palms where the trial has them."""

from collections.abc import Sequence

import mujoco
import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.core.trial import Trial
from dexbench.robots.kinematics import Reach
from dexbench.sim.cell import Cell

DRAWN, NEAR = 24, 1.2
"""Postures from which inverse kinematics begins besides home: so many, drawn so near to it [rad]; always the same."""


class Starting:
    """Joint targets at the start of trials; those of each pose are worked out once."""

    def __init__(self, cell: Cell) -> None:
        self._cell, self._robot = cell, cell.embodiment
        self._reach: dict[str, Reach] = {}
        self._found: dict[tuple[str, tuple[float, ...]], Array] = {}
        self._order = [a.name for a in cell.embodiment.actuators]

    def command(self, trial: Trial) -> Array:
        """Return (A,) the actuators' targets [rad] with which `trial` begins.

        Raises:
          DataError: the trial begins with a palm where this robot's cannot be.
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
        found = [s.q for s in (reach.solve(pose[:3], pose[3:], seed) for seed in seeds) if s.found]
        usual = self._contacts(self._robot.home)
        found = [q for q in found if self._contacts(self._with(side, q)) <= usual]
        if not found:
            raise DataError(
                f"a trial begins with the {side} palm at {_list(np.round(pose, 3).tolist())} (m, wxyz), where "
                f"{self._robot.name} cannot bring it without running into itself or the table; take another robot, or "
                f"a suite that was drawn for this one"
            )
        return min(found, key=lambda q: float(np.abs(q - reach.home).max()))

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
