"""Plans of the scripted agent: a grasp from the library, reached without touching anything, as commands over time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.grasp.library import Grasps
from dexbench.objects.model import ObjectModel
from dexbench.objects.pool import FIELDS, PoolTables, add_slots
from dexbench.robots.build import robot_spec
from dexbench.robots.kinematics import Reach

from ._arm import arm_of, nearest, postures_of
from ._symmetry import rotation, spins

STANDOFF = 0.09
"""Straight approach along the palm's normal [m]."""
RISE = 0.16
"""How far the palm is lifted [m]: the task asks for 0.10, and fingers give way."""
SPEED = 0.8
"""Share of the speed limits that plans use."""
OBSTACLE = (0.045, 0.08)
"""Radius and half height of the cylinder that stands for an object whose shape is not known [m]."""
BRUSHED = 0.028
"""Its radius where there is no other way: an object may be brushed against, not run over [m]."""
TOUCH = -5e-4
"""Distance below which two bodies collide in a plan [m]."""
TURN = 3.4
"""Largest way of any joint from home [rad]: beyond it, another branch of the arm's solutions begins."""
ELBOW = 0.07
"""Least height of the end of the arm, 2 cm behind the hand [m]."""
TRIES = 90
"""Grasps tried in a plan."""


@dataclass(frozen=True)
class Reached:
    """How one side gets to a grasp: angles of arm and wrist (C,) [rad] and hand commands (H,) [rad]."""

    side: str
    standoff: Array
    approach: tuple[Array, ...]
    lift: tuple[Array, ...]
    pregrasp: Array
    squeeze: Array
    row: int
    """Which grasp of the library it is."""


class Planner:
    """Plans for one embodiment. It knows the target's shape; other objects are cylinders to it."""

    def __init__(self, embodiment: Embodiment, pool: Sequence[str], slots: int) -> None:
        """Prepare a model for collision checks.

        Args:
          embodiment: the robot.
          pool: objects that may be the target.
          slots: objects at most.
        """
        self.robot = embodiment
        self.reach = {side: Reach(embodiment, side) for side in embodiment.sides}
        spec = robot_spec(embodiment)
        spec.worldbody.add_geom(name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.05])
        for k in range(slots - 1):
            body = spec.worldbody.add_body(name=f"obstacle_{k}", mocap=True)
            body.add_geom(type=mujoco.mjtGeom.mjGEOM_CYLINDER, size=[*OBSTACLE, 0])
        layout = add_slots(spec, pool, 1, picture_scales=(1.0,))
        self._model = model = spec.compile()
        self._data = mujoco.MjData(model)
        self._tables = PoolTables(layout, model)
        self._fields = {name: getattr(model, name)[None] for name in FIELDS}
        self._joints = np.array([int(model.joint(j.name).qposadr[0]) for j in embodiment.joints])
        self._target = int(self._tables.bodies[0])
        self._obstacles = [model.body(f"obstacle_{k}").mocapid[0] for k in range(slots - 1)]
        self._robot = np.array([model.body(b).name.partition("/")[0] in embodiment.sides for b in range(model.nbody)])
        hands = {f"{s}/{link}": i for i, s in enumerate(embodiment.sides, 1) for link in embodiment.parts[s].hand.links}
        self._hands = np.array([hands.get(model.body(b).name, 0) for b in range(model.nbody)])
        self._obstacle_geoms = [int(model.body(f"obstacle_{k}").geomadr[0]) for k in range(slots - 1)]
        self._chain = {
            s: np.array([[a.name for a in embodiment.actuators].index(j) for j in r.joints])
            for s, r in self.reach.items()
        }
        wrists = np.concatenate(list(self._chain.values()))
        self.fingers = np.setdiff1d(embodiment.actuator_index(part="hand"), wrists)
        """Places of the fingers' actuators in a command: all of the hands but the wrists."""
        self._hand = {s: embodiment.actuator_index(s, "hand") for s in embodiment.sides}
        self._arm = {s: arm_of(model, embodiment, s) for s in embodiment.sides}
        self._postures = {s: postures_of(r, len(embodiment.parts[s].arm.moving)) for s, r in self.reach.items()}
        self._usual: frozenset[tuple[int, int]] = frozenset()
        self._usual = frozenset(self._touching(embodiment.home))  # what touches at home is no collision

    def set_scene(self, instance: str, pose: Array, others: Array) -> None:
        """Put the target at `pose` (7,) and cylinders at the positions of `others` (K-1, 3)."""
        self._tables.write(self._fields, 0, 0, instance)
        self._model.geom_size[self._obstacle_geoms, 0] = OBSTACLE[0]  # bounds follow in setConst: those of the larger
        mujoco.mj_setConst(self._model, self._data)
        self._data.qpos[:] = self._model.qpos0
        self._data.qpos[self._tables.qpos[0]] = pose
        for k, mocap in enumerate(self._obstacles):
            at = others[k] if k < len(others) else np.array([5.0 + k, 0.0, 0.0])
            self._data.mocap_pos[mocap] = np.add(at, (0, 0, OBSTACLE[1] + 0.001))

    def collides(self, command: Array, ignore_target: bool = False) -> bool:
        """Return whether the robot touches table, objects or itself at `command` (A,)."""
        pairs = self._touching(command)
        return any(not (ignore_target and self._target in p) and p not in self._usual for p in pairs)

    def _touching(self, command: Array) -> list[tuple[int, int]]:
        """Return the pairs of bodies that touch at `command`, the robot's own among them, but for those of one hand."""
        model, data = self._model, self._data
        data.qpos[self._joints] = self.robot.joint_angles(command)
        mujoco.mj_fwdPosition(model, data)
        if not data.ncon:
            return []
        bodies = np.sort(model.geom_bodyid[data.contact.geom[data.contact.dist < TOUCH]], axis=1)
        hands = self._hands[bodies]
        bad = self._robot[bodies].any(axis=1) & ~((hands[:, 0] == hands[:, 1]) & (hands[:, 0] > 0))
        return [(int(a), int(b)) for a, b in bodies[bad]]

    def command(self, base: Array, side: str, chain: Array, hand: Array) -> Array:
        """Return `base` (A,) with one side's chain angles and hand shape put in."""
        full = base.copy()
        full[self._hand[side]] = hand
        full[self._chain[side]] = chain  # the wrist belongs to both: the chain's has the last word
        return full

    def grasp(
        self,
        side: str,
        model: ObjectModel,
        pose: Array,
        grasps: Grasps,
        base: Array,
        tried: frozenset[int] = frozenset(),
    ) -> Reached | None:
        """Return the first grasp of the library, in its order, that this side reaches; None if there is none.

        Args:
          side: which hand.
          model: the object.
          pose: (7,) of the object in the cell frame.
          grasps: for this side already.
          base: (A,) command from which the hand comes.
          tried: rows that are not to be used again.
        """
        options = list(self._placed(side, model, pose, grasps, tried))
        standoffs: dict[int, list[Array]] = {}
        for radius, brush in ((OBSTACLE[0], False), (BRUSHED, False), (BRUSHED, True)):
            self._model.geom_size[self._obstacle_geoms, 0] = radius
            for k, (row, position, turn) in enumerate(options):
                if k not in standoffs:
                    standoffs[k] = self._standoffs(side, position, turn)
                for first in standoffs[k]:
                    found = self._follow(side, position, turn, first, grasps, row, base, brush)
                    if found is not None:
                        return found
        return None

    def sweep(self, start: Array, end: Array, steps: int = 10) -> Iterator[Array]:
        """Yield commands on the straight line from `start` to `end`, the first left out."""
        for t in np.linspace(0, 1, steps + 1)[1:]:
            yield start + t * (end - start)

    def _placed(
        self, side: str, model: ObjectModel, pose: Array, grasps: Grasps, tried: frozenset[int]
    ) -> Iterator[tuple[int, Array, Array]]:
        """Yield (row, palm position, palm rotation) in the cell frame, those worth an inverse kinematics first."""
        stand = rotation(pose[3:])
        shoulder, far, behind = self._arm[side]
        ahead = pose[:2] - shoulder[:2]
        ahead /= np.linalg.norm(ahead)
        options = []
        for row in range(len(grasps)):
            if row in tried:
                continue
            own = rotation(grasps.quaternion[row])
            for spin in spins(model):
                rot = stand @ spin
                turn = rot @ own
                position = pose[:3] + rot @ grasps.position[row]
                elbow = position + turn @ behind
                if elbow[2] < ELBOW or np.linalg.norm(elbow - shoulder) > far:
                    continue
                along = float(turn[:2, 1] @ ahead)  # fingers pointing away from the base are easy to reach
                options.append((row - 4.0 * along, row, position, turn))
        options.sort(key=lambda o: o[0])
        for _, row, position, turn in options[:TRIES]:
            yield row, position, turn

    def _standoffs(self, side: str, position: Array, turn: Array) -> list[Array]:
        """Return chain angles (C,) that bring the palm to the standoff of a grasp, from several starts."""
        away, quaternion = position - STANDOFF * turn[:, 2], _quaternion(turn)
        reach = self.reach[side]
        solved = [
            reach.solve(away, quaternion, seed, steps=40)
            for seed in (reach.home, *nearest(self._postures[side], away, quaternion))
        ]
        return [s.q for s in solved if s.found and np.abs(s.q - reach.home).max() <= TURN]

    def _follow(
        self, side: str, position: Array, turn: Array, first: Array, grasps: Grasps, row: int, base: Array, brush: bool
    ) -> Reached | None:
        """Return the way over the standoff at chain angles `first` to the grasp and up, or None if something is met.

        The search for grasps has tried the straight approach: with `brush`, fingers may touch the object on it.
        """
        open_hand, quaternion = grasps.pregrasp[row], _quaternion(turn)
        standing = self.command(base, side, first, open_hand)
        if self.collides(standing):
            return None
        approach = self._line(side, position - STANDOFF * turn[:, 2], position, quaternion, first, 4)
        if approach is None or any(
            self.collides(self.command(base, side, q, open_hand), ignore_target=brush) for q in approach[::-1]
        ):
            return None
        if any(self.collides(c) for c in self.sweep(base, standing)):
            return None
        lift = self._line(side, position, np.add(position, (0, 0, RISE)), quaternion, approach[-1], 6)
        if lift is None:
            return None
        if self.collides(self.command(base, side, lift[-1], grasps.squeeze[row]), ignore_target=True):
            return None
        return Reached(side, first, approach, lift, open_hand, grasps.squeeze[row], row)

    def _line(
        self, side: str, start: Array, end: Array, quaternion: Array, seed: Array, steps: int
    ) -> tuple[Array, ...] | None:
        """Return chain angles along a straight line of the palm, or None where it leaves the reach or jumps."""
        found = []
        for t in np.linspace(0, 1, steps + 1)[1:]:
            solution = self.reach[side].solve(start + t * (end - start), quaternion, seed, steps=30)
            if not solution.found or np.abs(solution.q - seed).max() > 0.5:
                return None
            seed = solution.q
            found.append(seed)
        return tuple(found)


def _quaternion(turn: Array) -> Array:
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(turn).ravel())
    return quaternion


def timed(limits_velocity: Array, period: float, points: Sequence[Array], least: float = 0.0) -> list[Array]:
    """Return one command per control tick through `points`, starting after the first, at rest at both ends.

    Args:
      limits_velocity: (A,) [rad/s].
      period: control period [s].
      points: (A,) commands.
      least: shortest duration [s].
    """
    times = [0.0]
    for a, b in zip(points, points[1:], strict=False):
        times.append(times[-1] + max(float((np.abs(b - a) / (SPEED * limits_velocity)).max()), 1e-3))
    # 1.5: the smooth start and stop below go faster than the mean in the middle
    total = max(times[-1] * 1.5, least)
    ticks = max(1, int(np.ceil(total / period)))
    s = np.arange(1, ticks + 1) / ticks
    progress = s * s * (3 - 2 * s) * times[-1]
    stacked = np.stack(points)
    k = np.clip(np.searchsorted(times, progress, side="right") - 1, 0, len(points) - 2)
    share = (progress - np.array(times)[k]) / np.diff(times)[k]
    return list(stacked[k] + share[:, None] * (stacked[k + 1] - stacked[k]))
