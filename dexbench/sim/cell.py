"""One cell as a compiled model: table, robot, object slots, sensors, and where each of them is in the arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import ContractError
from dexbench.core.schema import Array, Field
from dexbench.core.task import Task
from dexbench.objects.pool import PoolLayout, PoolTables, add_slots
from dexbench.robots.build import robot_spec
from dexbench.robots.physics import assert_physics
from dexbench.sensors.calibration import add_cameras
from dexbench.sensors.touch import TouchSensor
from dexbench.sensors.touch_reader import TouchReader
from dexbench.sim.furniture import furnish

SUBSTEPS = 10
"""Physics steps per control period: 25 Hz control and 250 Hz touch at the robot model's 4 ms."""


@dataclass(frozen=True)
class Cell:
    """A compiled cell and the addresses in it. Shared between worlds: nothing in it may be written to."""

    model: mujoco.MjModel
    embodiment: Embodiment
    slots: int
    tables: PoolTables
    touch: TouchReader | None
    """None where the hands carry no touch sensor."""
    touch_fields: tuple[Field, ...]
    joint_qpos: slice | Array
    """(J,) addresses of the embodiment's joints in qpos; a slice where they are in one piece, which copies nothing."""
    joint_qvel: slice | Array
    """(J,) in qvel."""
    actuators: slice | Array
    """(A,) addresses of the embodiment's actuators in ctrl."""
    home: Array
    """(nq,) joint positions at rest at the embodiment's home, objects at their slots' origin."""
    contact_sensors: slice
    """(K, 1 + 4 S) in sensordata: of each object the count of all contacts, then count and net force of each hand's."""
    palm_sensors: slice
    """(S, 7) in sensordata: palm position and quaternion."""
    period: float
    """Control period [s]."""


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


def cell_spec(
    embodiment: Embodiment, pool: Sequence[str], slots: int
) -> tuple[mujoco.MjSpec, PoolLayout, TouchSensor | None]:
    """Return the cell before it is compiled, and what finds its objects and its touch, if any, in it afterwards."""
    spec = robot_spec(embodiment)
    furnish(spec)
    add_cameras(spec, embodiment.cameras)
    # one size of each picture: a scaled object shows it unscaled, and compiling takes a third of the time
    layout = add_slots(spec, pool, slots, picture_scales=(1.0,))
    _add_contact_sensors(spec, embodiment.sides, slots)
    touch = TouchSensor(embodiment.pads) if embodiment.pads else None
    if touch is not None:
        touch.edit(spec)
    return spec, layout, touch


@lru_cache(maxsize=8)
def _compiled(embodiment: Embodiment, pool: tuple[str, ...], slots: int) -> Cell:
    spec, layout, touch = cell_spec(embodiment, pool, slots)
    model = spec.compile()
    assert_physics(model)
    return _addresses(model, embodiment, slots, PoolTables(layout, model), touch)


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
    model: mujoco.MjModel, embodiment: Embodiment, slots: int, tables: PoolTables, touch: TouchSensor | None
) -> Cell:
    joints = [model.joint(j.name) for j in embodiment.joints]
    qpos = np.array([int(j.qposadr[0]) for j in joints])
    home = model.qpos0.copy()
    home[qpos] = embodiment.joint_angles(embodiment.home)

    def sensors(first: str, count: int) -> slice:
        start = int(model.sensor(first).adr[0])
        return slice(start, start + count)

    sides = embodiment.sides
    return Cell(
        model=model,
        embodiment=embodiment,
        slots=slots,
        tables=tables,
        touch=None if touch is None else touch.bind(model),
        touch_fields=() if touch is None else touch.fields(SUBSTEPS),
        joint_qpos=_piece(qpos),
        joint_qvel=_piece(np.array([int(j.dofadr[0]) for j in joints])),
        actuators=_piece(np.array([model.actuator(a.name).id for a in embodiment.actuators])),
        home=home,
        contact_sensors=sensors("object_0/contacts", slots * (1 + 4 * len(sides))),
        palm_sensors=sensors(f"{sides[0]}/palm_position", 7 * len(sides)),
        period=float(SUBSTEPS * model.opt.timestep),
    )


def _piece(addresses: Array) -> slice | Array:
    """Return `addresses` as a slice if each follows the one before."""
    if (np.diff(addresses) != 1).any():
        return addresses
    return slice(int(addresses[0]), int(addresses[-1]) + 1)
