"""What the simulated world's agents and tasks see, read from whole arrays through addresses resolved once."""

from collections.abc import Sequence
from functools import cached_property

import mujoco.batch
import numpy as np

from dexbench.core.appearance import appearance
from dexbench.core.errors import UnknownName
from dexbench.core.fingertips import Fingertips
from dexbench.core.fitting import check_touch
from dexbench.core.scene import Scene
from dexbench.core.schema import GROUPS, Array, Field, Observation, Schema
from dexbench.core.trial import Trial
from dexbench.objects.catalogue import load_object
from dexbench.sensors.images import GROUPS as IMAGE_GROUPS
from dexbench.sensors.images import ImageRequest, Images, Moment
from dexbench.sensors.touch_reader import Touch
from dexbench.sensors.touch_stream import TouchStream, stream_of
from dexbench.sim.bodies import Bodies
from dexbench.sim.cell import Cell
from dexbench.sim.imperfection import Imperfections

POINTS = 64
"""Surface points of the named object in group `points`."""


class LiveScene(Scene):
    """The scene of simulated worlds: its arrays are kept up to date in place."""

    contact_force: Array
    """(n, K, S, 3) net force of a hand on an object, the last sample [N]."""

    @cached_property
    def hand_force(self) -> Array:  # type: ignore[override]
        """(n, S, K): worked out when it is asked for, which no rule of success does."""
        squares = self.contact_force * self.contact_force
        return np.asarray(np.sqrt(squares.sum(axis=3)).transpose(0, 2, 1))


class Observer:
    """Reads observations and scenes of n worlds.

    It runs once per control period, when the physics has swept the caches: a call of numpy then takes five times as
    long as in a loop of its own. Hence views of fixed buffers, few calls, and none that gathers through indices.
    """

    def __init__(
        self,
        cell: Cell,
        batch: mujoco.batch.Batch,
        sensors: Array,
        groups: Sequence[str],
        images: ImageRequest | None = None,
    ) -> None:
        """Find everything.

        Args:
          cell: the model.
          batch: n worlds of it.
          sensors: (n, W, nsensordata) buffer that will hold the window of samples, newest last.
          groups: observation groups.
          images: cameras and size of pictures.
        """
        for group in groups:
            if group not in GROUPS:
                raise UnknownName("observation group", group, GROUPS)
        if "touch" in groups:
            check_touch(cell.embodiment)
        self._cell = cell
        self.groups = frozenset(groups)
        self._fingertips = Fingertips(cell.embodiment) if "fingertips" in groups else None
        self._batch = batch
        bodies = cell.tables.bodies
        pictures = Images(
            cell.model, images or ImageRequest(), [g for g in IMAGE_GROUPS if g in self.groups], bodies,
            cell.embodiment.cameras, [int(bodies[k]) for k in cell.secrets.objects],
        )  # fmt: skip
        self._images = pictures if pictures.fields else None
        self._imperfections = Imperfections(cell, (images or ImageRequest()).cameras)
        self.schema = Schema((*(f for f in declare(cell) if f.group in self.groups), *pictures.fields))
        n, k, sides = len(sensors), len(cell.names), len(cell.embodiment.sides)
        qpos, qvel = batch.bind("qpos"), batch.bind("qvel")
        self._qpos, self._qvel = qpos, qvel
        self._sensors = sensors
        self._bodies = Bodies(cell, batch, sensors)
        self.touch: TouchStream | None = None
        """The state of touch sensors that have one, if touch is observed."""
        if "touch" in self.groups and cell.touch is not None:
            self.touch = stream_of(cell.touch, n, cell.period / sensors.shape[1], sensors.shape[1])
        self._palms = sensors[:, -1, cell.palm_sensors].reshape(n, sides, 7)
        contacts = sensors[:, :, cell.contact_sensors].reshape(n, -1, k, 1 + 4 * sides)
        self._all, self._by_hand = contacts[..., 0], contacts[..., 1::4]
        self._force = contacts[:, -1, :, 1:].reshape(n, k, sides, 4)[..., 1:]
        self._other = np.zeros(self._all.shape)
        self._most_other, self._most_by_hand = np.zeros((n, k)), np.zeros((n, k, sides))
        self._most_force = np.zeros((n, k if cell.force_sensors else 0))
        layout = cell.tables.layout
        self._pieces = np.zeros((n, layout.slots, layout.pieces) if cell.piece_sensors else (n, 0, 0))
        self._target = np.zeros((n, k), np.float32)
        self._kinds = np.full((n, k), -1.0, np.float32)
        self._pool = {name: index for index, name in enumerate(cell.tables.layout.names)}
        self._points: dict[str, Array] = {}

    def scene(self, trials: list[Trial], memory: dict[str, Array]) -> Scene:
        """Return the scene over the batch's arrays and this observer's, which refresh() brings up to date."""
        n = len(self._sensors)
        scene = LiveScene(
            trials=trials,
            rows=np.arange(n),
            sides=self._cell.embodiment.sides,
            time=np.zeros(n),
            period=self._cell.period,
            target=np.zeros(n, np.int64),
            object_position=self._bodies.poses[:, :, :3],
            object_quaternion=self._bodies.poses[:, :, 3:],
            object_velocity=self._bodies.velocities,
            object_centre=self._bodies.centres,
            palm_position=self._palms[:, :, :3],
            hand_contacts=self._most_by_hand.transpose(0, 2, 1),
            hand_force=np.zeros((n, len(self._cell.embodiment.sides), len(self._cell.names))),
            other_contacts=self._most_other,
            memory=memory,
            names=self._cell.names,
            joint_names=self._bodies.joint_names,
            joint_position=self._bodies.joint_position,
            joint_velocity=self._bodies.joint_velocity,
            peak_force=self._most_force,
            piece_contacts=self._pieces,
        )
        scene.contact_force = self._force
        return scene

    def refresh(self, scene: Scene) -> None:
        """Bring `scene` up to date with the window of samples."""
        scene.__dict__.pop("hand_force", None)
        self._bodies.refresh()
        np.maximum.reduce(self._by_hand, axis=1, out=self._most_by_hand)
        other = np.subtract(self._all, self._by_hand[..., 0], out=self._other)
        for side in range(1, self._by_hand.shape[3]):
            other -= self._by_hand[..., side]
        np.maximum.reduce(other, axis=1, out=self._most_other)
        if self._cell.force_sensors is not None:
            forces = self._sensors[:, :, self._cell.force_sensors]
            np.maximum.reduce(forces[..., ::3], axis=1, out=self._most_force)

        if self._cell.piece_sensors is not None:
            last = self._sensors[:, -1, self._cell.piece_sensors]
            np.sum(last.reshape(*self._pieces.shape, -1), axis=3, out=self._pieces)

    def place(self, world: int, trial: Trial) -> None:
        """Put the objects of `trial` where they start, and note which one its instruction names."""
        self._bodies.place(world, trial)
        self._imperfections.begin(world, trial)
        target, kinds = self._target[world], self._kinds[world]
        target[:], kinds[:] = 0, -1
        if not self._cell.secrets.target:
            target[trial.target] = 1
        for slot, placed in enumerate(trial.objects):
            if placed.instance and slot not in self._cell.secrets.objects:
                kinds[slot] = self._pool[placed.instance]

    def read(self, setpoint: Array, scene: Scene, ids: Array | None) -> Observation:
        """Return the observation of worlds `ids` (None: all); nothing in it aliases the simulation.

        Args:
          setpoint: (rows, A) what was sent to the actuators [rad].
          scene: up to date.
          ids: worlds, or None.
        """
        cell = self._cell
        rows: slice | Array = slice(None) if ids is None else ids
        seen: Observation = {
            "joint_position": self._qpos[rows][:, cell.joint_qpos].astype(np.float32),
            "joint_velocity": self._qvel[rows][:, cell.joint_qvel].astype(np.float32),
            "setpoint": setpoint.astype(np.float32),
            "palm_pose": self._palms[rows].astype(np.float32),
        }
        if "objects" in self.groups:
            seen["object_pose"] = poses = self._bodies.poses[rows].astype(np.float32)
            if cell.secrets.objects:
                poses[:, cell.secrets.objects] = 0.0
            seen["target"] = self._target[rows].copy()
            if cell.jointed is not None and cell.jointed.joints:
                seen["articulation"] = self._bodies.joint_position[rows].astype(np.float32)
        if "kinds" in self.groups:
            seen["object_kind"] = self._kinds[rows].copy()
        if "touch" in self.groups:
            seen["touch"], seen["touch_net"] = self._felt(ids)
        if self._imperfections.worlds:
            self._imperfections.sense(seen, scene, ids)
        if self._fingertips is not None:
            seen.update(self._fingertips.read(seen["joint_position"]))
        if "points" in self.groups:
            worlds = range(len(self._sensors)) if ids is None else ids
            seen["target_points"] = np.stack([self._target_points(scene, int(i)) for i in worlds])
        if self._images is not None:
            worlds = range(len(self._sensors)) if ids is None else ids
            seen.update(self._images.read(self._batch, worlds, [self._moment(scene, int(i)) for i in worlds]))
        if self._imperfections.worlds:
            self._imperfections.deliver(seen, scene, ids)
        return seen

    def _felt(self, ids: Array | None) -> Touch:
        """Return what the pads of worlds `ids` (None: all) read."""
        if self.touch is not None:
            return self.touch.read(ids)
        reader = self._cell.touch
        assert reader is not None, "groups were checked"
        return reader.read(self._sensors if ids is None else self._sensors[ids])

    def _moment(self, scene: Scene, world: int) -> Moment:
        trial = scene.trials[world]
        step, nudges = round(scene.time[world] / self._cell.period), self._imperfections.nudges(world)
        return Moment(trial.seed, step, appearance(trial.appearance), nudges)

    def close(self) -> None:
        """Let go of the renderer, if pictures were read."""
        if self._images is not None:
            self._images.close()

    def _target_points(self, scene: Scene, world: int) -> Array:
        """Return (POINTS, 3) float32 surface points of the named object in the cell frame [m]; zeros if hidden."""
        trial, secrets = scene.trials[world], self._cell.secrets
        placed = trial.named
        if placed is None or secrets.target or trial.target in secrets.objects:
            return np.zeros((POINTS, 3), np.float32)
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
    names, jointed = cell.names, cell.jointed
    joints_of = jointed.joints if jointed is not None else ()
    articulation = [Field("articulation", (len(joints_of),), "rad or m", "", "objects", labels=joints_of)]
    return (
        Field("joint_position", (len(joints),), "rad", "", "state", labels=joints),
        Field("joint_velocity", (len(joints),), "rad/s", "", "state", labels=joints),
        Field("setpoint", (len(actuators),), "rad", "", "state", labels=actuators),
        Field("palm_pose", (len(robot.sides), 7), "m, wxyz", "cell", "state", labels=robot.sides),
        Field("object_pose", (len(names), 7), "m, wxyz", "cell", "objects", labels=names),
        Field("target", (len(names),), "1", "", "objects", 0.0, 1.0, labels=names),
        *(articulation if joints_of else ()),
        Field("object_kind", (len(names),), "1", "", "kinds", -1.0, float(len(cell.tables.layout.names)), labels=names),
        *cell.touch_fields,
        Field("target_points", (POINTS, 3), "m", "cell", "points"),
        *Fingertips(robot).fields,
    )
