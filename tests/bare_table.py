"""A table and nothing else, under the physics of the worlds, for tests that let things lie on it."""

import mujoco

from dexbench.sim.furniture import TABLE_FRICTION

STEPS = 250
"""A second of it."""


def table() -> mujoco.MjSpec:
    """Return a model of it."""
    spec = mujoco.MjSpec()
    spec.option.timestep = 0.004
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1, 1, 0.1], friction=TABLE_FRICTION, condim=4)
    return spec
