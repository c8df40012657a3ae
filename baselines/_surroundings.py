"""The scripted agent's picture of the cell: a model without motion, in which it looks for collisions."""

from collections.abc import Collection, Iterator
from itertools import combinations

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec
from dexbench.objects.articulated import load_articulated
from dexbench.objects.articulated_body import add_articulated
from dexbench.objects.pool import PoolTables, add_slots, fields_of
from dexbench.robots.build import robot_spec

TOUCH = -5e-4
"""Distance below which two bodies collide in a plan [m]."""
CLEAR = 0.015
"""Room that a plan would like to leave around objects that it has nothing to do with [m]."""
GONE = -0.5
"""Objects below this height are not there [m]."""


class Surroundings:
    """Table, robot and everything that stands there, in the shapes that it has."""

    def __init__(self, world: WorldSpec) -> None:
        """Build the model for the cell that `world` declares: it says which objects there can be."""
        self.robot: Embodiment = world.embodiment
        self.names = tuple(world.observations["object_pose"].labels)
        """Of the K objects: slots, then bodies of articulated objects."""
        self.slots = sum("/" not in n and n.startswith("object_") for n in self.names)
        self.pool = world.pool
        spec = robot_spec(self.robot)
        spec.worldbody.add_geom(name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.05])
        layout = add_slots(spec, self.pool, self.slots, picture_scales=())
        self.articulated = tuple(load_articulated(n) for n in self.names[self.slots :] if "/" not in n)
        """The articulated objects that stand here."""
        for item in self.articulated:
            add_articulated(spec, item)
        sides = enumerate(self.robot.sides, 1)
        hands = {f"{s}/{link}": i for i, s in sides for link in self.robot.parts[s].hand.links}
        known = {body.name for body in spec.bodies}
        for one, other in combinations([name for name in hands if name in known], 2):
            if hands[one] == hands[other]:
                spec.add_exclude(bodyname1=one, bodyname2=other)  # a hand that touches itself is no collision
        self.model = model = spec.compile()
        self.data = mujoco.MjData(model)
        self._tables = PoolTables(layout, model)
        self._fields = fields_of(model)
        self._joints = np.array([int(model.joint(j.name).qposadr[0]) for j in self.robot.joints])
        self.bodies = np.array([model.body(n).id for n in self.names])
        """(K,) ids of the objects' bodies."""
        self._jointed = [int(model.joint(f"{i.name}/{j.name}").qposadr[0]) for i in self.articulated for j in i.joints]
        owners = [model.body(b).name.partition("/")[0] for b in range(model.nbody)]
        self._owner = owners
        self._is_robot = np.array([owner in self.robot.sides for owner in owners])
        self._is_ours = self._is_robot[model.geom_bodyid]
        self._hands = np.array([hands.get(model.body(b).name, 0) for b in range(model.nbody)])
        self._margin = np.zeros(model.ngeom)
        for body in self.bodies:
            first = int(model.body_geomadr[body])
            self._margin[first : first + int(model.body_geomnum[body])] = CLEAR
        self._wanted = 0.0
        self.steps = 10
        """Of a sweep: between two of them an arm must not pass what is thin."""
        self._shown: list[str | None] | None = None
        self._usual: frozenset[tuple[int, int]] = frozenset()
        self._usual = frozenset(self._touching(self.robot.home))  # what touches at home is no collision

    def see(self, seen: Observation, near: Collection[int] = ()) -> None:
        """Put everything where an observation (one world's rows) has it.

        Args:
          seen: with `object_pose`, `object_kind` and, where anything has joints, `articulation`.
          near: objects that are to be handled: no room is kept around them.
        """
        model, data = self.model, self.data
        kinds = [int(k) for k in seen["object_kind"][: self.slots]]
        poses = np.asarray(seen["object_pose"], float)
        present = [k >= 0 and p[2] > GONE for k, p in zip(kinds, poses, strict=False)]
        shown = [self.pool[kind] if there else None for kind, there in zip(kinds, present, strict=False)]
        if shown != self._shown:
            for slot, name in enumerate(shown):
                self._tables.write(self._fields, 0, slot, name)
            model.geom_conaffinity[~self._is_ours] = 0  # what objects do among themselves is not looked at
            mujoco.mj_setConst(model, data)
            self._shown = shown
        model.geom_margin[:] = self._margin
        model.body_margin[self.bodies] = CLEAR  # what is looked at first: the largest of a body's geoms
        for k in near:
            first = int(model.body_geomadr[self.bodies[k]])
            model.geom_margin[first : first + int(model.body_geomnum[self.bodies[k]])] = 0.0
            model.body_margin[self.bodies[k]] = 0.0
        data.qpos[:] = model.qpos0
        for slot in range(self.slots):
            data.qpos[self._tables.qpos[slot]] = poses[slot] if present[slot] else self._tables.layout.parked(slot)
        for item in self.articulated:
            root = poses[self.names.index(item.name)]
            if item.base == "free":
                at = int(model.joint(item.name).qposadr[0])
                data.qpos[at : at + 7] = root
            else:
                mocap = int(model.body(item.name).mocapid[0])
                data.mocap_pos[mocap], data.mocap_quat[mocap] = root[:3], root[3:]
        if self._jointed:
            data.qpos[self._jointed] = seen["articulation"]

    def keep(self, room: bool) -> None:
        """Keep CLEAR of objects that are not handled, or only not run into them."""
        self._wanted = CLEAR if room else 0.0

    def collides(self, command: Array, ignore: Collection[int] = (), by: str = "") -> bool:
        """Return whether the robot touches table, objects or itself at `command` (A,).

        Args:
          command: actuator targets [rad].
          ignore: objects, as indices into `names`, that it may touch.
          by: the side that may touch them, for example because it holds them; empty: either.
        """
        free = {int(self.bodies[k]) for k in ignore}
        for pair in self._touching(command):
            held = free.intersection(pair) and (not by or by in (self._owner[pair[0]], self._owner[pair[1]]))
            if not held and pair not in self._usual:
                return True
        return False

    def sweep(self, start: Array, end: Array, ignore: Collection[int] = (), by: str = "") -> bool:
        """Return whether anything is met on the straight line of commands from `start` to `end`; see `collides`."""
        return any(self.collides(c, ignore, by) for c in _between(start, end, self.steps))

    def _touching(self, command: Array) -> list[tuple[int, int]]:
        """Return the pairs of bodies that touch at `command`, the robot's own among them, but for those of one hand."""
        model, data = self.model, self.data
        data.qpos[self._joints] = self.robot.joint_angles(command)
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        if not data.ncon:
            return []
        contact = data.contact
        room = np.where(self._margin[contact.geom].any(axis=1) & (contact.includemargin > 0), self._wanted, 0.0)
        bodies = np.sort(model.geom_bodyid[contact.geom[contact.dist < TOUCH + room]], axis=1)
        hands = self._hands[bodies]
        bad = self._is_robot[bodies].any(axis=1) & ~((hands[:, 0] == hands[:, 1]) & (hands[:, 0] > 0))
        return [(int(a), int(b)) for a, b in bodies[bad]]


def _between(start: Array, end: Array, steps: int) -> Iterator[Array]:
    for t in np.linspace(0, 1, steps + 1)[1:]:
        yield start + t * (end - start)
