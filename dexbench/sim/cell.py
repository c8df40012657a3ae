"""One cell as a compiled model: table, robot, object slots, sensors, and where each of them is in the arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import ContractError
from dexbench.core.schema import Array
from dexbench.core.task import Task
from dexbench.objects.pool import PoolTables, add_slots
from dexbench.robots.build import robot_spec
from dexbench.sensors.touch import TouchSensor

SUBSTEPS = 10
"""Physics steps per control period: 25 Hz control and 250 Hz touch at the robot model's 4 ms."""


@dataclass(frozen=True)
class Cell:
    """A compiled cell and the addresses in it. Shared between worlds: nothing in it may be written to."""

    model: mujoco.MjModel
    embodiment: Embodiment
    slots: int
    tables: PoolTables
    touch: TouchSensor
    joint_qpos: Array
    """(J,) addresses of the embodiment's joints in qpos."""
    joint_qvel: Array
    """(J,) in qvel."""
    actuators: Array
    """(A,) addresses of the embodiment's actuators in ctrl."""
    home: Array
    """(nq,) joint positions at rest at the embodiment's home, objects at their slots' origin."""
    palm_address: Array
    """(S, 7) addresses in sensordata of palm position and quaternion."""
    hand_address: Array
    """(S, K, 4) of contact count and net force of a hand on an object."""
    any_address: Array
    """(K,) of the count of all contacts of an object."""

    @property
    def period(self) -> float:
        """Control period [s]."""
        return float(SUBSTEPS * self.model.opt.timestep)


def build_cell(task: Task, embodiment: Embodiment) -> Cell:
    """Return the cell for `task` and `embodiment`, compiled once per process for each pool of objects.

    Raises:
      ContractError: the embodiment has too few hands for the task.
    """
    if len(embodiment.sides) < task.hands:
        raise ContractError(
            f"task {task.name!r} needs {task.hands} hands, embodiment {embodiment.name!r} has {len(embodiment.sides)}; "
            f"take a bimanual embodiment"
        )
    return _compiled(embodiment, tuple(task.pool()), task.slots)


@lru_cache(maxsize=8)
def _compiled(embodiment: Embodiment, pool: tuple[str, ...], slots: int) -> Cell:
    spec = robot_spec(embodiment)
    _furnish(spec)
    # one size of each picture: a scaled object shows it unscaled, and compiling takes a third of the time
    layout = add_slots(spec, pool, slots, picture_scales=(1.0,))
    _add_contact_sensors(spec, embodiment.sides, slots)
    touch = TouchSensor()
    touch.edit(spec, embodiment.pads)
    model = spec.compile()
    touch.bind(model)
    return _addresses(model, embodiment, slots, PoolTables(layout, model), touch)


def _furnish(spec: mujoco.MjSpec) -> None:
    """Add table, light and cameras. The table collides as a plane: cheap, and nothing falls off unseen."""
    spec.visual.headlight.ambient = [0.35, 0.35, 0.35]
    spec.visual.headlight.diffuse = [0.35, 0.35, 0.35]
    spec.visual.map.znear = 0.01
    world = spec.worldbody
    world.add_geom(
        name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1.2, 1.2, 0.05], rgba=[0, 0, 0, 0], group=3,
        friction=[0.8, 0.02, 0.0001], condim=4,
    )  # fmt: skip
    world.add_geom(
        name="table_top", type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.65, 0.85, 0.02], pos=[0.35, 0, -0.021],
        rgba=[0.80, 0.74, 0.66, 1], contype=0, conaffinity=0, group=2,
    )  # fmt: skip
    world.add_geom(
        name="floor", type=mujoco.mjtGeom.mjGEOM_BOX, size=[3, 3, 0.01], pos=[0.35, 0, -0.76],
        rgba=[0.42, 0.45, 0.48, 1], contype=0, conaffinity=0, group=2,
    )  # fmt: skip
    world.add_light(name="lamp", pos=[0.2, -0.8, 1.8], dir=[0.15, 0.45, -1], diffuse=[0.6, 0.6, 0.58], castshadow=True)
    for name, pos, at in (
        ("front", [1.75, -0.55, 0.75], [0.45, 0.0, 0.22]),
        ("side", [0.75, -1.25, 0.55], [0.6, 0.0, 0.15]),
        ("top", [0.62, -0.001, 1.5], [0.62, 0.0, 0.0]),
    ):
        world.add_camera(name=name, pos=pos, quat=look_at(np.array(pos), np.array(at)), fovy=42)


def look_at(position: Array, target: Array) -> Array:
    """Return the wxyz orientation of a camera at `position` that looks at `target` with z up (MuJoCo: along -z)."""
    back = (position - target) / np.linalg.norm(position - target)
    right = np.cross([0.0, 0.0, 1.0], back)
    right /= np.linalg.norm(right)
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, np.column_stack([right, np.cross(back, right), back]).ravel())
    return quaternion


def _add_contact_sensors(spec: mujoco.MjSpec, sides: Sequence[str], slots: int) -> None:
    """Add, for each slot, counts of all contacts and count and net force of each hand's."""
    count = 1 << int(mujoco.mjtConDataField.mjCONDATA_FOUND)
    force = 1 << int(mujoco.mjtConDataField.mjCONDATA_FORCE)
    netforce = 3  # reduce mode, as in the XML reference of `contact`
    for k in range(slots):
        spec.add_sensor(
            name=f"object_{k}/contacts", type=mujoco.mjtSensor.mjSENS_CONTACT, objtype=mujoco.mjtObj.mjOBJ_BODY,
            objname=f"object_{k}", intprm=[count, netforce, 1],
        )  # fmt: skip
        for side in sides:
            spec.add_sensor(
                name=f"{side}/object_{k}", type=mujoco.mjtSensor.mjSENS_CONTACT, objtype=mujoco.mjtObj.mjOBJ_XBODY,
                objname=f"{side}/palm", reftype=mujoco.mjtObj.mjOBJ_BODY, refname=f"object_{k}",
                intprm=[count | force, netforce, 1],
            )  # fmt: skip
    for side in sides:
        for what, kind in (("position", mujoco.mjtSensor.mjSENS_FRAMEPOS), ("quat", mujoco.mjtSensor.mjSENS_FRAMEQUAT)):
            spec.add_sensor(
                name=f"{side}/palm_{what}", type=kind, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=f"{side}/palm_site"
            )


def _addresses(
    model: mujoco.MjModel, embodiment: Embodiment, slots: int, tables: PoolTables, touch: TouchSensor
) -> Cell:
    joints = [model.joint(j.name) for j in embodiment.joints]
    qpos = np.array([int(j.qposadr[0]) for j in joints])
    home = model.qpos0.copy()
    place = dict(zip((j.name for j in embodiment.joints), qpos, strict=True))
    for actuator, value in zip(embodiment.actuators, embodiment.home, strict=True):
        for joint in actuator.joints:  # a tendon over two joints: both take their share
            home[place[joint]] = value / len(actuator.joints)

    def sensor(name: str) -> Array:
        entry = model.sensor(name)
        return int(entry.adr[0]) + np.arange(int(entry.dim[0]))

    sides = embodiment.sides
    return Cell(
        model=model,
        embodiment=embodiment,
        slots=slots,
        tables=tables,
        touch=touch,
        joint_qpos=qpos,
        joint_qvel=np.array([int(j.dofadr[0]) for j in joints]),
        actuators=np.array([model.actuator(a.name).id for a in embodiment.actuators]),
        home=home,
        palm_address=np.array([np.concatenate([sensor(f"{s}/palm_position"), sensor(f"{s}/palm_quat")]) for s in sides]),
        hand_address=np.array([[sensor(f"{s}/object_{k}") for k in range(slots)] for s in sides]),
        any_address=np.array([sensor(f"object_{k}/contacts")[0] for k in range(slots)]),
    )
