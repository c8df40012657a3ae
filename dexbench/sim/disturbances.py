"""What stands between setpoints and motors in perturbed worlds: softer servos, a delay, joints whose zero is off.

Everything happens behind the safety filter and inside the world: the recorded actions of an episode give the same
states again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco.batch
import numpy as np

from dexbench.core.perturbation import zeros
from dexbench.core.schema import Array
from dexbench.core.trial import Trial
from dexbench.sim.cell import SUBSTEPS, Cell

_STIFFNESS = ("actuator_gainprm", "actuator_biasprm")


@dataclass
class _Line:
    """What is on its way to the motors of one world."""

    shift: Array
    """(A,) by how much the motors read too high [rad]."""
    last: Array
    """(A,) what was sent last, as the motors understand it [rad]."""
    queue: Array
    """(steps, A) what has not arrived yet, the oldest first [rad]."""


class Disturbances:
    """Disturbs the motors of those worlds whose trials ask for it; the others are not touched.

    Args:
      cell: of the worlds.
      batch: the worlds.
    """

    def __init__(self, cell: Cell, batch: mujoco.batch.Batch) -> None:
        self._cell, self._batch = cell, batch
        self._ramp = ((np.arange(SUBSTEPS) + 1.0) / SUBSTEPS)[:, None]
        self._gains: dict[int, float] = {}
        """World to the factor on its stiffness, where that is not 1."""
        self.lines: dict[int, _Line] = {}
        """Of the worlds whose motors do not get what is sent; empty: control() need not be called."""

    def begin(self, worlds: Sequence[int], trials: Sequence[Trial]) -> None:
        """Start episodes in `worlds`, whose states are those of unperturbed ones; forward() comes after this."""
        for world, trial in zip(worlds, trials, strict=True):
            asked = trial.perturbation
            self.lines.pop(world, None)
            if asked or world in self._gains:
                self._soften(world, asked.get("actuator_gain", 1.0))
            delay, error = asked.get("actuator_delay", 0.0), asked.get("calibration", 0.0)
            if delay or error:
                self._connect(world, trial.seed, delay, error)

    def control(self, worlds: Sequence[int], setpoint: Array, control: Array) -> None:
        """Write what the motors of disturbed worlds get during the coming control period.

        Args:
          worlds: rows of the other two.
          setpoint: (len(worlds), A) what is sent now [rad].
          control: (len(worlds), SUBSTEPS, nu) what undisturbed motors would get; changed in place.
        """
        actuators, limits = self._cell.actuators, self._cell.embodiment.limits
        for row, world in enumerate(worlds):
            line = self.lines.get(int(world))
            if line is None:
                continue
            goal = np.clip(setpoint[row] - line.shift, limits.lower, limits.upper)
            queue = np.concatenate((line.queue, line.last + self._ramp * (goal - line.last)))
            control[row][:, actuators] = queue[:SUBSTEPS]
            line.last, line.queue = goal, queue[SUBSTEPS:]

    def _soften(self, world: int, gain: float) -> None:
        """Multiply the stiffness of a world's servos; the fields are expanded when that is first asked for."""
        if gain == self._gains.get(world, 1.0):
            return
        force, bias = (self._batch.expand(name) for name in _STIFFNESS)
        model, own = self._cell.model, self._cell.actuators
        force[world], bias[world] = model.actuator_gainprm, model.actuator_biasprm
        force[world, own, 0] *= gain
        bias[world, own, 1] *= gain
        self._gains[world] = gain
        if gain == 1.0:
            del self._gains[world]

    def _connect(self, world: int, seed: int, delay: float, error: float) -> None:
        """Put a line between what is sent and the motors; a robot whose zero is off rests where it reads its start."""
        robot, actuators = self._cell.embodiment, self._cell.actuators
        shift = robot.command(zeros(seed, len(robot.joints), error))
        rest = np.array(self._batch.bind("ctrl")[world, actuators])
        if error:
            rest = np.clip(rest - shift, robot.limits.lower, robot.limits.upper)
            self._batch.bind("qpos")[world, self._cell.joint_qpos] = robot.joint_angles(rest)
            self._batch.bind("ctrl")[world, actuators] = rest
        steps = round(delay / float(self._cell.model.opt.timestep))
        self.lines[world] = _Line(shift, rest, np.tile(rest, (steps, 1)))
