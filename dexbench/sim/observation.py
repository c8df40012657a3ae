"""What the simulated world's agents and tasks see, read from whole arrays through addresses resolved once."""

from collections.abc import Sequence

import mujoco.batch
import numpy as np

from dexbench.core.errors import UnknownName
from dexbench.core.scene import Scene
from dexbench.core.schema import GROUPS, Array, Field, Observation, Schema
from dexbench.core.trial import Trial
from dexbench.objects.catalogue import load_object
from dexbench.sensors.cameras import KINDS
from dexbench.sensors.images import ImageRequest, Images
from dexbench.sim.cell import Cell

POINTS = 64
"""Surface points of the named object in group `points`."""


class Observer:
    """Reads observations and scenes of n worlds."""

    def __init__(
        self, cell: Cell, batch: mujoco.batch.Batch, groups: Sequence[str], images: ImageRequest | None = None
    ) -> None:
        for group in groups:
            if group not in GROUPS:
                raise UnknownName("observation group", group, GROUPS)
        self._cell = cell
        self.groups = frozenset(groups)
        self._batch = batch
        kinds = [k for k in KINDS if k in self.groups]
        bodies = cell.tables.bodies
        self._images = Images(cell.model, images or ImageRequest(), kinds, bodies) if kinds else None
        pictures = self._images.fields if self._images else ()
        self.schema = Schema((*(f for f in declare(cell) if f.group in self.groups), *pictures))
        self._qpos, self._qvel = batch.bind("qpos"), batch.bind("qvel")
        self._centres = batch.bind("xipos")
        qpos, dofs = (int(a[0, 0]) for a in (cell.tables.qpos, cell.tables.dofs))  # slots follow each other
        self._poses = self._qpos[:, qpos : qpos + 7 * cell.slots].reshape(-1, cell.slots, 7)
        self._velocities = self._qvel[:, dofs : dofs + 6 * cell.slots].reshape(-1, cell.slots, 6)
        self._points: dict[str, Array] = {}

    def scene(self, trials: list[Trial], memory: dict[str, Array]) -> Scene:
        """Return a scene over the batch's arrays; positions of objects are views and always current."""
        n, k, s = len(self._qpos), self._cell.slots, len(self._cell.embodiment.sides)
        return Scene(
            trials=trials,
            rows=np.arange(n),
            sides=self._cell.embodiment.sides,
            time=np.zeros(n),
            period=self._cell.period,
            target=np.zeros(n, np.int64),
            object_position=self._poses[:, :, :3],
            object_quaternion=self._poses[:, :, 3:],
            object_velocity=self._velocities,
            object_centre=np.zeros((n, k, 3)),
            palm_position=np.zeros((n, s, 3)),
            hand_contacts=np.zeros((n, s, k)),
            hand_force=np.zeros((n, s, k)),
            other_contacts=np.zeros((n, k)),
            memory=memory,
        )

    def refresh(self, sensors: Array, time: Array, scene: Scene) -> None:
        """Bring `scene` up to date from the window of sensor samples (n, W, nsensordata)."""
        cell = self._cell
        scene.time = time
        scene.object_centre = self._centres[:, cell.tables.bodies]
        newest = sensors[:, -1]
        scene.palm_position = newest[:, cell.palm_address[:, :3]]
        hands = sensors[:, :, cell.hand_address[:, :, 0]]  # (n, W, S, K)
        scene.hand_contacts = hands.max(axis=1)
        force = newest[:, cell.hand_address[:, :, 1:]]
        scene.hand_force = np.sqrt((force * force).sum(axis=3))
        scene.other_contacts = (sensors[:, :, cell.any_address] - hands.sum(axis=2)).max(axis=1)

    def read(self, sensors: Array, setpoint: Array, scene: Scene, ids: Array | None) -> Observation:
        """Return the observation of worlds `ids` (None: all); nothing in it aliases the simulation.

        Args:
          sensors: (n, W, nsensordata) window of samples, newest last.
          setpoint: (rows, A) what was sent to the actuators [rad].
          scene: up to date.
          ids: worlds, or None.
        """
        cell = self._cell
        rows: slice | Array = slice(None) if ids is None else ids
        qpos, newest = self._qpos[rows], sensors[rows, -1]
        seen: Observation = {
            "joint_position": qpos[:, cell.joint_qpos].astype(np.float32),
            "joint_velocity": self._qvel[rows][:, cell.joint_qvel].astype(np.float32),
            "setpoint": setpoint.astype(np.float32),
            "palm_pose": newest[:, cell.palm_address].astype(np.float32),
        }
        if "objects" in self.groups:
            seen["object_pose"] = self._poses[rows].astype(np.float32)
            target = np.zeros((len(qpos), cell.slots), np.float32)
            target[np.arange(len(qpos)), scene.target[rows]] = 1
            seen["target"] = target
        if "touch" in self.groups:
            seen["touch"], seen["touch_net"] = cell.touch.read(sensors if ids is None else sensors[ids])
        if "points" in self.groups:
            worlds = range(len(self._qpos)) if ids is None else ids
            seen["target_points"] = np.stack([self._target_points(scene, int(i)) for i in worlds])
        if self._images is not None:
            seen.update(self._images.read(self._batch, range(len(self._qpos)) if ids is None else ids))
        return seen

    def close(self) -> None:
        """Let go of the renderer, if pictures were read."""
        if self._images is not None:
            self._images.close()

    def _target_points(self, scene: Scene, world: int) -> Array:
        """Return (POINTS, 3) float32 surface points of the named object in the cell frame [m]."""
        trial = scene.trials[world]
        placed = trial.objects[trial.target]
        local = self._points.get(placed.instance)
        if local is None:
            points = load_object(placed.instance).points
            local = self._points[placed.instance] = points[:: len(points) // POINTS][:POINTS].astype(float)
        turn = np.empty(9)
        mujoco.mju_quat2Mat(turn, scene.object_quaternion[world, trial.target])
        at = scene.object_position[world, trial.target]
        return np.asarray((local * placed.scale) @ turn.reshape(3, 3).T + at, np.float32)


def declare(cell: Cell) -> tuple[Field, ...]:
    """Return every field that this cell can give, images apart."""
    robot = cell.embodiment
    joints = tuple(j.name for j in robot.joints)
    actuators = tuple(a.name for a in robot.actuators)
    slots = tuple(f"object_{k}" for k in range(cell.slots))
    return (
        Field("joint_position", (len(joints),), "rad", "", "state", labels=joints),
        Field("joint_velocity", (len(joints),), "rad/s", "", "state", labels=joints),
        Field("setpoint", (len(actuators),), "rad", "", "state", labels=actuators),
        Field("palm_pose", (len(robot.sides), 7), "m, wxyz", "cell", "state", labels=robot.sides),
        Field("object_pose", (cell.slots, 7), "m, wxyz", "cell", "objects", labels=slots),
        Field("target", (cell.slots,), "1", "", "objects", 0.0, 1.0, labels=slots),
        *cell.touch_fields,
        Field("target_points", (POINTS, 3), "m", "cell", "points"),
    )
