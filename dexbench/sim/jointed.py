"""Where articulated objects are in a compiled cell, and how a trial sets them up."""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.core.trial import Setting
from dexbench.objects.articulated import load_articulated


@dataclass(frozen=True)
class Jointed:
    """Addresses of the articulated objects of a cell."""

    names: tuple[str, ...]
    """Of the articulated objects, as the task has them."""
    bodies: slice
    """(B,) ids of all their bodies."""
    joints: tuple[str, ...]
    """(J,) names of all their joints."""
    counts: tuple[int, ...]
    """Joints of each."""
    qpos: Array
    """(J,) addresses of the joints in qpos."""
    dofs: Array
    """(J,) in qvel."""
    mocaps: tuple[int, ...]
    """Mocap id of each root that is fixed, -1 of one that is free."""
    roots: tuple[int, ...]
    """First address in qpos of each free root, -1 of one that is fixed."""
    velocity_sensors: slice
    """(B, 6) in sensordata: linear and angular velocity of each body in the cell frame."""

    def fit(self, settings: Sequence[Setting]) -> None:
        """Raise DataError unless a trial sets up these objects, with their joints."""
        given = [(s.name, len(s.joints)) for s in settings]
        wanted = list(zip(self.names, self.counts, strict=True))
        if given != wanted:
            raise DataError(f"a trial sets up {_list(given)}; the articulated objects of this cell are {_list(wanted)}")

    def place(self, settings: Sequence[Setting], qpos: Array, mocap_position: Array, mocap_quaternion: Array) -> None:
        """Write where the objects stand into one world's qpos (nq,), mocap_pos (m, 3) and mocap_quat (m, 4)."""
        done = 0
        for setting, mocap, root, count in zip(settings, self.mocaps, self.roots, self.counts, strict=True):
            if mocap >= 0:
                mocap_position[mocap], mocap_quaternion[mocap] = setting.position, setting.quaternion
            else:
                qpos[root : root + 7] = (*setting.position, *setting.quaternion)
            qpos[self.qpos[done : done + count]] = setting.joints
            done += count


def add_velocity_sensors(spec: mujoco.MjSpec, names: Sequence[str]) -> None:
    """Add the velocities of bodies that have no free joint to read them from."""
    for name in names:
        for kind in (mujoco.mjtSensor.mjSENS_FRAMELINVEL, mujoco.mjtSensor.mjSENS_FRAMEANGVEL):
            what = "linear" if kind == mujoco.mjtSensor.mjSENS_FRAMELINVEL else "turn"
            spec.add_sensor(name=f"{name}/{what}", type=kind, objtype=mujoco.mjtObj.mjOBJ_XBODY, objname=name)


def find_jointed(model: mujoco.MjModel, articulated: tuple[str, ...]) -> Jointed:
    """Return the addresses of `articulated` in a compiled cell."""
    models = [load_articulated(name) for name in articulated]
    bodies = [model.body(b).id for m in models for b in m.bodies]
    joints = tuple(f"{m.name}/{j.name}" for m in models for j in m.joints)
    free = [m.base == "free" for m in models]
    first = int(model.sensor(f"{models[0].bodies[0]}/linear").adr[0])
    return Jointed(
        names=articulated,
        bodies=slice(bodies[0], bodies[-1] + 1),
        joints=joints,
        counts=tuple(len(m.joints) for m in models),
        qpos=np.array([int(model.joint(j).qposadr[0]) for j in joints], np.int64),
        dofs=np.array([int(model.joint(j).dofadr[0]) for j in joints], np.int64),
        mocaps=tuple(-1 if f else int(model.body(m.name).mocapid[0]) for m, f in zip(models, free, strict=True)),
        roots=tuple(int(model.joint(m.name).qposadr[0]) if f else -1 for m, f in zip(models, free, strict=True)),
        velocity_sensors=slice(first, first + 6 * len(bodies)),
    )


def _list(objects: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} with {count} joints" for name, count in objects) or "none"
