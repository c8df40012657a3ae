"""What perturbed worlds sense: noise, dead taxels, joints whose zero is off, latency. Physics knows nothing of it.

A reading depends on the trial's seed, on the control period and on the state, on nothing else: reading twice gives the
same. Only rows of perturbed worlds are touched.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import mujoco
import numpy as np

from dexbench.core.forward import Forward
from dexbench.core.perturbation import NOISE, TURN_PER_METRE, generator, zeros
from dexbench.core.rotations import matrix_quaternion
from dexbench.core.scene import Scene
from dexbench.core.schema import Array, Observation
from dexbench.core.trial import Trial
from dexbench.sensors.mirror import Nudge
from dexbench.sim.cell import Cell

KNOWN = ("setpoint", "target", "object_kind", "intrinsics")
"""Fields that do not come from sensors, by what stands before the camera's name: latency leaves them alone."""


@dataclass
class _Senses:
    """How one world senses in its running episode."""

    seed: int
    noise: float
    """Multiple of NOISE."""
    zero: Array | None
    """(J,) by how much each joint reads too high [rad]."""
    alive: Array | None
    """(pads, rows, columns, 1) float32: 0 for a dead taxel."""
    late: int
    """Control periods."""
    nudges: dict[str, Nudge]
    """By camera."""
    shift: Array = field(default_factory=lambda: np.zeros(0))
    """(K, 3) errors of the objects' positions in this reading [m]."""
    turn: Array = field(default_factory=lambda: np.zeros(0))
    """(K, 3, 3) errors of their rotations."""
    kept: dict[int, Observation] = field(default_factory=dict)
    """Control period to what was sensed then."""


class Imperfections:
    """Perturbs what worlds sense whose trials ask for it.

    Args:
      cell: of the worlds.
      cameras: names of those that are looked through.
    """

    def __init__(self, cell: Cell, cameras: Sequence[str] = ()) -> None:
        self._cell, self._cameras = cell, tuple(cameras)
        self._forward = Forward(cell.embodiment, [f"{side}/palm_site" for side in cell.embodiment.sides])
        self.worlds: dict[int, _Senses] = {}
        """Those that sense imperfectly; empty: nothing here need be called."""

    def begin(self, world: int, trial: Trial) -> None:
        """Start an episode."""
        self.worlds.pop(world, None)
        asked = trial.perturbation
        noise, late = asked.get("sensor_noise", 0.0), round(asked.get("latency", 0.0) / self._cell.period)
        error, dead = asked.get("calibration", 0.0), asked.get("dead_taxels", 0.0)
        moved = asked.get("camera", 0.0)
        if not (noise or late or error or dead or moved):
            return
        zero = zeros(trial.seed, len(self._cell.embodiment.joints), error) if error else None
        nudges = {name: _nudge(trial.seed, name, moved) for name in self._cameras} if moved else {}
        self.worlds[world] = _Senses(trial.seed, noise, zero, self._alive(trial.seed, dead), late, nudges)

    def nudges(self, world: int) -> dict[str, Nudge]:
        """Return how the cameras of a world are displaced, by name."""
        return self.worlds[world].nudges if world in self.worlds else {}

    def sense(self, seen: Observation, scene: Scene, ids: Array | None) -> None:
        """Perturb joints, palms, objects and touch in place: everything that fingertips and points are not worked from.

        Args:
          seen: rows of worlds `ids` (None: all).
          scene: up to date.
          ids: worlds, or None.
        """
        for row, world, senses in self._rows(ids):
            if senses.noise:
                self._add_noise(seen, row, senses, self._step(scene, world), scene.object_position.shape[1])
            if senses.zero is not None:
                seen["joint_position"][row] += senses.zero.astype(np.float32)
            if senses.noise or senses.zero is not None:
                self._place_palms(seen, row)
            if senses.alive is not None and "touch" in seen:
                seen["touch"][row] *= senses.alive
                seen["touch_net"][row] = seen["touch"][row, -1].sum(axis=(1, 2))

    def deliver(self, seen: Observation, scene: Scene, ids: Array | None) -> None:
        """Perturb surface points in place, then replace all that is sensed by what was sensed `latency` ago."""
        for row, world, senses in self._rows(ids):
            if senses.noise and "target_points" in seen and seen["target_points"][row].any():
                target = int(scene.target[world])
                at = scene.object_position[world, target]
                seen["target_points"][row] = (
                    (seen["target_points"][row] - at) @ senses.turn[target].T + at + senses.shift[target]
                )
            if senses.late:
                self._hold_back(seen, row, senses, self._step(scene, world))

    def _rows(self, ids: Array | None) -> Iterator[tuple[int, int, _Senses]]:
        """Yield row, world and senses of the worlds at hand that sense imperfectly."""
        if ids is None:
            for world, senses in self.worlds.items():
                yield world, world, senses
            return
        for row, world in enumerate(ids.tolist()):
            if world in self.worlds:
                yield row, world, self.worlds[world]

    def _step(self, scene: Scene, world: int) -> int:
        return round(float(scene.time[world]) / self._cell.period)

    def _alive(self, seed: int, share: float) -> Array | None:
        """Return which taxels live: those that are dead at a small share are dead at a larger one."""
        field = next((f for f in self._cell.touch_fields if f.name == "touch"), None)
        if not share or field is None:
            return None
        drawn = generator(seed, "dead_taxels").random(field.shape[1:4])
        return np.asarray(drawn >= share, np.float32)[..., None]

    def _add_noise(self, seen: Observation, row: int, senses: _Senses, step: int, objects: int) -> None:
        joints = seen["joint_position"].shape[1]
        rng = generator(senses.seed, "sensor_noise", step)
        angles, speeds = rng.standard_normal((2, joints))
        shift, turn = rng.standard_normal((2, objects, 3))
        seen["joint_position"][row] += np.float32(senses.noise * NOISE["joint_position"]) * angles.astype(np.float32)
        seen["joint_velocity"][row] += np.float32(senses.noise * NOISE["joint_velocity"]) * speeds.astype(np.float32)
        senses.shift = senses.noise * NOISE["object_position"] * shift
        turns = [_quaternion(v) for v in senses.noise * NOISE["object_rotation"] * turn]
        senses.turn = np.array([_matrix(q) for q in turns])
        if "object_pose" not in seen:
            return
        poses = seen["object_pose"][row]
        for k, error in enumerate(turns):
            if poses[k, 3:].any():  # what is hidden stays so
                poses[k, :3] += senses.shift[k].astype(np.float32)
                poses[k, 3:] = _product(error, poses[k, 3:].astype(float))

    def _place_palms(self, seen: Observation, row: int) -> None:
        """Work out the palms anew, as a robot does: from the joints as they read."""
        positions, turns = self._forward(seen["joint_position"][row][None])
        for side, palm in enumerate(seen["palm_pose"][row]):
            quaternion = matrix_quaternion(turns[0, side])
            palm[:3] = positions[0, side]
            palm[3:] = np.copysign(1.0, quaternion @ palm[3:].astype(float)) * quaternion

    def _hold_back(self, seen: Observation, row: int, senses: _Senses, step: int) -> None:
        sensed = [name for name in seen if name.partition("/")[0] not in KNOWN]
        senses.kept[step] = {name: np.copy(seen[name][row]) for name in sensed}
        old = max(0, step - senses.late)
        for name in sensed:
            seen[name][row] = senses.kept[old][name]
        for past in [s for s in senses.kept if s < old]:
            del senses.kept[past]


def _nudge(seed: int, camera: str, distance: float) -> Nudge:
    """Return how a camera is displaced by `distance` [m]: in the same direction at any distance."""
    shift, axis = generator(seed, "camera", zlib.crc32(camera.encode())).standard_normal((2, 3))
    shift *= distance / np.linalg.norm(shift)
    axis *= distance * TURN_PER_METRE / np.linalg.norm(axis)
    return Nudge(shift, axis)


def _quaternion(turn: Array) -> Array:
    """Return the wxyz quaternion (4,) of a rotation vector (3,) [rad]."""
    angle, found = float(np.linalg.norm(turn)), np.empty(4)
    mujoco.mju_axisAngle2Quat(found, turn / max(angle, 1e-12), angle)
    return found


def _matrix(quaternion: Array) -> Array:
    found = np.empty(9)
    mujoco.mju_quat2Mat(found, quaternion)
    return found.reshape(3, 3)


def _product(first: Array, second: Array) -> Array:
    found = np.empty(4)
    mujoco.mju_mulQuat(found, first, second)
    return found
