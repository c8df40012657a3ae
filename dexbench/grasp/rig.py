"""A hand on a base that moves as it is told, beside one object: what every test of grasps is made in."""

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.embodiment import Embodiment, rpy_to_quaternion
from dexbench.core.schema import Array
from dexbench.grasp.posture import Posture
from dexbench.objects.pool import FIELDS, PoolTables, add_slots
from dexbench.robots.floating import hand_spec

CONTROLS = int(mujoco.mjtState.mjSTATE_CTRL | mujoco.mjtState.mjSTATE_MOCAP_POS | mujoco.mjtState.mjSTATE_MOCAP_QUAT)
"""What a row of controls holds: the motors' targets, then position and quaternion of the base."""


class Rig:
    """n worlds with one hand and one object each."""

    def __init__(
        self,
        embodiment: Embodiment,
        side: str,
        instance: str,
        n: int,
        threads: int = 1,
        table: bool = True,
        mass: float | None = None,
        friction: float | None = None,
    ) -> None:
        """Compile hand and object.

        Args:
          embodiment: has the hand.
          side: which hand.
          instance: name in the object catalogue.
          n: worlds.
          threads: physics threads.
          table: whether there is a table under the object, and gravity.
          mass: of the object; None: its own [kg].
          friction: of the object; None: its own.
        """
        spec = hand_spec(embodiment, side)
        if table:
            spec.worldbody.add_geom(
                name="table",
                type=mujoco.mjtGeom.mjGEOM_PLANE,
                size=[1, 1, 0.05],
                friction=[0.8, 0.02, 0.0001],
                condim=4,
            )
        else:
            spec.option.gravity = [0, 0, 0]
        layout = add_slots(spec, [instance], 1, picture_scales=(1.0,))
        self.model = model = spec.compile()
        self.batch = mujoco.batch.Batch(model, n, threads)
        self.tables = PoolTables(layout, model)
        fields = {name: self.batch.expand(name) for name in FIELDS}
        for world in range(n):
            self.tables.write(fields, world, 0, instance, mass, friction)
        self.batch.set_const()
        self.n = n
        self.posture = Posture(model, embodiment, side)
        self.actuators = np.array([model.actuator(a.name).id for a in self.posture.actuators])
        self.thing = int(self.tables.bodies[0])
        """Body of the object."""
        self.place = self.tables.qpos[0]
        """(7,) where its pose is in qpos."""
        self.root = int(model.joint("root").qposadr[0]) + np.arange(7)
        """(7,) where the pose of the hand's root is in qpos."""
        data = mujoco.MjData(model)
        mujoco.mj_kinematics(model, data)
        site, base = self.posture.palm, int(model.joint("root").bodyid[0])
        palm = data.site_xmat[site].reshape(3, 3).T
        self._base_turn = palm @ data.xmat[base].reshape(3, 3)
        self._base_at = palm @ (data.xpos[base] - data.site_xpos[site])
        mount = np.empty(9)
        mujoco.mju_quat2Mat(mount, np.array(rpy_to_quaternion(embodiment.parts[side].mount_rpy)))
        self.flange = self._base_turn @ mount.reshape(3, 3)[2]
        """(3,) the flange's z in the palm frame."""

    def base(self, position: Array, turn: Array) -> tuple[Array, Array]:
        """Return position and quaternion of the hand's root for a palm at `position` (3,), turned by `turn` (3, 3)."""
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, (turn @ self._base_turn).ravel())
        return position + turn @ self._base_at, quaternion

    def begin(self, ids: Array, pregrasp: Array, roots: Array, stand: Array) -> None:
        """Put worlds `ids` (C,) to the start: open hands (C, H), their roots (C, 7), objects (C, 7)."""
        self.batch.reset(ids, stage=int(mujoco.mjtStage.mjSTAGE_NONE))
        qpos = self.batch.bind("qpos")
        qpos[ids] = self.posture.qpos(pregrasp)
        qpos[np.ix_(ids, self.root)] = roots
        qpos[np.ix_(ids, self.place)] = stand

    def poses(self, ids: Array) -> Array:
        """Return the objects' poses (C, 7) in worlds `ids`."""
        return np.array(self.batch.bind("qpos")[np.ix_(ids, self.place)])


def turns(quaternions: Array) -> Array:
    """Return rotation matrices (C, 3, 3) of quaternions (C, 4) wxyz; by one library on every machine."""
    found = np.zeros((len(quaternions), 9))
    for row, quaternion in zip(found, np.asarray(quaternions, np.float64), strict=True):
        mujoco.mju_quat2Mat(row, quaternion)
    return found.reshape(-1, 3, 3)
