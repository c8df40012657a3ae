"""Columns and brackets that hold arms, as geoms of the world."""

from collections.abc import Sequence

import mujoco

from dexbench.core.embodiment import rpy_to_quaternion
from dexbench.core.stand import StandRow
from dexbench.robots.visual import VISUAL_GROUP

_COLLISION_GROUP = 3
_GEOMS = {"box": mujoco.mjtGeom.mjGEOM_BOX, "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER}


def add_stand(spec: mujoco.MjSpec, rows: Sequence[StandRow]) -> None:
    """Add each shape to the world twice: "stand_0" to be touched, "stand_0/seen" to be seen."""
    for i, row in enumerate(rows):
        for name, group, touched in ((f"stand_{i}", _COLLISION_GROUP, 1), (f"stand_{i}/seen", VISUAL_GROUP, 0)):
            spec.worldbody.add_geom(
                name=name,
                type=_GEOMS[row.kind],
                size=[*row.size, 0.0][:3],
                pos=row.xyz,
                quat=rpy_to_quaternion(row.rpy),
                group=group,
                contype=touched,
                conaffinity=touched,
                condim=4,
                friction=[0.8, 0.02, 0.0001],
                mass=0,
                rgba=row.colour,
            )
