"""Whether an object stays as it is put on a table: simulated, since hulls are not quite the mesh."""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from .body import GEOM_TYPES, PRIORITY, SOLREF, add_hull
from .generate import Stored
from .model import Piece

SECONDS = 2.0
"""How long it is watched."""
TILT, SHIFT = np.deg2rad(3.0), 0.005
"""What counts as still [rad, m]: contacts give a little, and a hull's feet are not quite level."""


@dataclass(frozen=True)
class Moved:
    """What became of an object that was put down."""

    tilt: float
    """[rad]"""
    shift: float
    """Of its centre of mass [m]."""

    @property
    def still(self) -> bool:
        """Whether it stayed."""
        return self.tilt < TILT and self.shift < SHIFT


def settle(
    pieces: Sequence[Piece], arrays: Stored, mass: float, friction: tuple[float, float, float], condim: int
) -> Moved:
    """Put convex pieces with the mass properties in `arrays` on a plane, upright, and return how they moved."""
    spec = mujoco.MjSpec()
    spec.option.timestep = 0.004
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1])
    body = spec.worldbody.add_body(name="object")
    body.add_freejoint()
    for index, piece in enumerate(pieces):
        add_hull(spec, piece, str(index))
        body.add_geom(
            type=GEOM_TYPES[piece.shape],
            meshname=str(index),
            pos=piece.position,
            friction=friction,
            condim=condim,
            solref=SOLREF,
            priority=PRIORITY,
        )
    body.explicitinertial = True
    body.mass, body.ipos = mass, arrays["center_of_mass"]
    body.inertia, body.iquat = arrays["inertia"], arrays["inertia_quaternion"]
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    start = data.xipos[1].copy()
    for _ in range(round(SECONDS / model.opt.timestep)):
        mujoco.mj_step(model, data)
    mujoco.mj_kinematics(model, data)
    upright = float(np.clip(data.xmat[1, 8], -1, 1))
    return Moved(float(np.arccos(upright)), float(np.linalg.norm(data.xipos[1] - start)))
