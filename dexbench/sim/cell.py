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
from dexbench.objects.articulated import load_articulated
from dexbench.objects.articulated_body import add_articulated
from dexbench.objects.pool import PoolLayout, PoolTables, add_slots
from dexbench.robots.build import robot_spec
from dexbench.robots.physics import assert_physics
from dexbench.sensors.calibration import add_cameras
from dexbench.sensors.touch import TouchSensor
from dexbench.sensors.touch_reader import TouchReader
from dexbench.sim.furniture import furnish
from dexbench.sim.jointed import Jointed, add_velocity_sensors, find_jointed

SUBSTEPS = 10
"""Physics steps per control period: 25 Hz control and 250 Hz touch at the robot model's 4 ms."""


@dataclass(frozen=True)
class Secrets:
    """What a task keeps from agents."""

    target: bool = False
    """Which object the instruction names."""
    objects: tuple[int, ...] = ()
    """Slots whose pose is not told, and whose objects are in no picture."""


@dataclass(frozen=True)
class Senses:
    """What a task wants measured besides what all tasks have."""

    force: bool = False
    """The largest contact force on each object."""
    parts: bool = False
    """Contacts of the hands with each collision piece of the slots."""


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
    names: tuple[str, ...]
    """Of the K objects: slots, then the bodies of articulated objects."""
    jointed: Jointed | None
    """Where the articulated objects are; None: there are none."""
    contact_sensors: slice
    """(K, 1 + 4 S) in sensordata: of each object the count of all contacts, then count and net force of each hand's."""
    force_sensors: slice | None
    """(K, 3) in sensordata: the largest contact force on each object in its contact's frame, normal first; None: not
    measured."""
    piece_sensors: slice | None
    """(slots, P, S) in sensordata: contacts of each hand with each collision piece of a slot; None: not measured."""
    palm_sensors: slice
    """(S, 7) in sensordata: palm position and quaternion."""
    period: float
    """Control period [s]."""
    secrets: Secrets
    """What agents are not told."""


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
    secrets = Secrets(task.hidden_target, tuple(task.hidden_objects))
    senses = Senses(task.senses_force, getattr(task, "senses_parts", False))
    return _compiled(embodiment, tuple(task.pool()), task.slots, tuple(task.articulated), senses, secrets)


def cell_spec(
    embodiment: Embodiment,
    pool: Sequence[str],
    slots: int,
    articulated: Sequence[str] = (),
    senses: Senses = Senses(),
) -> tuple[mujoco.MjSpec, PoolLayout, TouchSensor | None]:
    """Return the cell before it is compiled, and what finds its objects and its touch, if any, in it afterwards."""
    spec = robot_spec(embodiment)
    furnish(spec)
    add_cameras(spec, embodiment.cameras)
    # one size of each picture: a scaled object shows it unscaled, and compiling takes a third of the time
    layout = add_slots(spec, pool, slots, picture_scales=(1.0,))
    for name in articulated:
        add_articulated(spec, load_articulated(name))
    _add_contact_sensors(spec, embodiment.sides, object_names(slots, articulated))
    add_velocity_sensors(spec, object_names(0, articulated))
    if senses.force:
        _add_force_sensors(spec, object_names(slots, articulated))
    if senses.parts:
        _add_piece_sensors(spec, embodiment.sides, layout)
    touch = TouchSensor(embodiment.pads) if embodiment.pads else None
    if touch is not None:
        touch.edit(spec)
    return spec, layout, touch


@lru_cache(maxsize=8)
def _compiled(
    embodiment: Embodiment,
    pool: tuple[str, ...],
    slots: int,
    articulated: tuple[str, ...],
    senses: Senses,
    secrets: Secrets,
) -> Cell:
    spec, layout, touch = cell_spec(embodiment, pool, slots, articulated, senses)
    model = spec.compile()
    assert_physics(model)
    return _addresses(model, embodiment, slots, articulated, senses, PoolTables(layout, model), touch, secrets)


def object_names(slots: int, articulated: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a scene's objects, which are those of bodies: slots, then bodies of articulated objects."""
    bodies = (body for name in articulated for body in load_articulated(name).bodies)
    return (*(f"object_{k}" for k in range(slots)), *bodies)


def _add_contact_sensors(spec: mujoco.MjSpec, sides: Sequence[str], names: Sequence[str]) -> None:
    """Add, for each object, counts of all contacts and count and net force of each hand's."""
    count = 1 << int(mujoco.mjtConDataField.mjCONDATA_FOUND)
    force = 1 << int(mujoco.mjtConDataField.mjCONDATA_FORCE)
    netforce = 3  # reduce mode, as in the XML reference of `contact`
    for name in names:
        spec.add_sensor(
            name=f"{name}/contacts", type=mujoco.mjtSensor.mjSENS_CONTACT, objtype=mujoco.mjtObj.mjOBJ_BODY,
            objname=name, intprm=[count, netforce, 1],
        )  # fmt: skip
        for side in sides:
            spec.add_sensor(
                name=f"{side}/{name}", type=mujoco.mjtSensor.mjSENS_CONTACT, objtype=mujoco.mjtObj.mjOBJ_XBODY,
                objname=f"{side}/palm", reftype=mujoco.mjtObj.mjOBJ_BODY, refname=name,
                intprm=[count | force, netforce, 1],
            )  # fmt: skip
    for side in sides:
        for what, kind in (("position", mujoco.mjtSensor.mjSENS_FRAMEPOS), ("quat", mujoco.mjtSensor.mjSENS_FRAMEQUAT)):
            spec.add_sensor(
                name=f"{side}/palm_{what}", type=kind, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=f"{side}/palm_site"
            )


def _add_force_sensors(spec: mujoco.MjSpec, names: Sequence[str]) -> None:
    """Add the largest contact force on each object."""
    force, largest = 1 << int(mujoco.mjtConDataField.mjCONDATA_FORCE), 2  # reduce mode "maxforce"
    for name in names:
        spec.add_sensor(
            name=f"{name}/force", type=mujoco.mjtSensor.mjSENS_CONTACT, objtype=mujoco.mjtObj.mjOBJ_BODY, objname=name,
            intprm=[force, largest, 1],
        )  # fmt: skip


def _add_piece_sensors(spec: mujoco.MjSpec, sides: Sequence[str], layout: PoolLayout) -> None:
    """Add counts of each hand's contacts with every collision piece of the slots."""
    count, netforce = 1 << int(mujoco.mjtConDataField.mjCONDATA_FOUND), 3
    for slot in range(layout.slots):
        for piece in range(layout.pieces):
            name = layout.piece(slot, piece)
            for side in sides:
                spec.add_sensor(
                    name=f"{side}/{name}", type=mujoco.mjtSensor.mjSENS_CONTACT, objtype=mujoco.mjtObj.mjOBJ_XBODY,
                    objname=f"{side}/palm", reftype=mujoco.mjtObj.mjOBJ_GEOM, refname=name,
                    intprm=[count, netforce, 1],
                )  # fmt: skip


def _addresses(
    model: mujoco.MjModel,
    embodiment: Embodiment,
    slots: int,
    articulated: tuple[str, ...],
    senses: Senses,
    tables: PoolTables,
    touch: TouchSensor | None,
    secrets: Secrets,
) -> Cell:
    joints = [model.joint(j.name) for j in embodiment.joints]
    qpos = np.array([int(j.qposadr[0]) for j in joints])
    home = model.qpos0.copy()
    home[qpos] = embodiment.joint_angles(embodiment.home)

    def sensors(first: str, count: int) -> slice:
        start = int(model.sensor(first).adr[0])
        return slice(start, start + count)

    sides, names = embodiment.sides, object_names(slots, articulated)
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
        names=names,
        jointed=find_jointed(model, articulated) if articulated else None,
        contact_sensors=sensors(f"{names[0]}/contacts", len(names) * (1 + 4 * len(sides))),
        force_sensors=sensors(f"{names[0]}/force", 3 * len(names)) if senses.force else None,
        piece_sensors=sensors(f"{sides[0]}/{tables.layout.piece(0, 0)}", slots * tables.layout.pieces * len(sides))
        if senses.parts
        else None,
        palm_sensors=sensors(f"{sides[0]}/palm_position", 7 * len(sides)),
        period=float(SUBSTEPS * model.opt.timestep),
        secrets=secrets,
    )


def _piece(addresses: Array) -> slice | Array:
    """Return `addresses` as a slice if each follows the one before."""
    if (np.diff(addresses) != 1).any():
        return addresses
    return slice(int(addresses[0]), int(addresses[-1]) + 1)
