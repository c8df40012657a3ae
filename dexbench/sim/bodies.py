"""Where the objects of n simulated cells are: slots as views of the simulation, articulated objects beside them."""

import mujoco.batch
import numpy as np

from dexbench.core.schema import Array
from dexbench.core.trial import Trial
from dexbench.sim.cell import Cell


class Bodies:
    """Poses, velocities and centres of all objects of n cells.

    Without articulated objects everything is a view of the simulation's own arrays: nothing is copied. With them,
    slots and bodies lie in different arrays, and refresh() gathers them.
    """

    def __init__(self, cell: Cell, batch: mujoco.batch.Batch, sensors: Array) -> None:
        """Find everything.

        Args:
          cell: the model.
          batch: n worlds of it.
          sensors: (n, W, nsensordata) window of samples, newest last.
        """
        self._cell = cell
        n, slots = len(sensors), cell.slots
        qpos, qvel = batch.bind("qpos"), batch.bind("qvel")
        first = int(cell.tables.bodies[0])  # slots follow each other, and articulated objects follow them
        self._qpos = qpos
        self.centres = batch.bind("xipos")[:, first : first + len(cell.names)]
        """(n, K, 3) centres of mass [m]."""
        poses, dofs = (int(a[0, 0]) for a in (cell.tables.qpos, cell.tables.dofs))
        self._slots = qpos[:, poses : poses + 7 * slots].reshape(n, slots, 7)
        self._slot_velocities = qvel[:, dofs : dofs + 6 * slots].reshape(n, slots, 6)
        self.poses = self._slots
        """(n, K, 7) positions [m] and orientations wxyz."""
        self.velocities = self._slot_velocities
        """(n, K, 6) see Scene.object_velocity."""
        self.joint_names: tuple[str, ...] = ()
        self.joint_position = self.joint_velocity = np.zeros((n, 0))
        """(n, J) of articulated objects."""
        jointed = cell.jointed
        if jointed is None:
            return
        self.poses, self.velocities = np.zeros((n, len(cell.names), 7)), np.zeros((n, len(cell.names), 6))
        self.joint_names = jointed.joints
        self.joint_position, self.joint_velocity = (np.zeros((n, len(jointed.joints))) for _ in range(2))
        self._qvel = qvel
        self._xpos, self._xquat = batch.bind("xpos")[:, jointed.bodies], batch.bind("xquat")[:, jointed.bodies]
        self._felt = sensors[:, -1, jointed.velocity_sensors].reshape(n, -1, 6)
        self._mocap = (batch.bind("mocap_pos"), batch.bind("mocap_quat")) if max(jointed.mocaps) >= 0 else None

    def refresh(self) -> None:
        """Bring everything up to date."""
        jointed, slots = self._cell.jointed, self._cell.slots
        if jointed is None:
            return
        self.poses[:, :slots] = self._slots
        self.poses[:, slots:, :3] = self._xpos
        self.poses[:, slots:, 3:] = self._xquat
        self.velocities[:, :slots] = self._slot_velocities
        self.velocities[:, slots:] = self._felt
        self.joint_position[:] = self._qpos[:, jointed.qpos]
        self.joint_velocity[:] = self._qvel[:, jointed.dofs]

    def place(self, world: int, trial: Trial) -> None:
        """Put the objects of `trial` where they start in one world; empty slots are parked."""
        poses = self._slots[world]
        for slot in range(len(poses)):
            placed = trial.objects[slot] if slot < len(trial.objects) else None
            if placed is not None and placed.instance:
                poses[slot] = (*placed.position, *placed.quaternion)
            else:
                poses[slot] = self._cell.tables.layout.parked(slot)
        jointed = self._cell.jointed
        if jointed is not None:
            mocap = (np.zeros((0, 3)), np.zeros((0, 4))) if self._mocap is None else self._mocap
            fixed = [m[world] if self._mocap is not None else m for m in mocap]
            jointed.place(trial.articulated, self._qpos[world], fixed[0], fixed[1])
