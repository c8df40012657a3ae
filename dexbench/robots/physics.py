"""The physics options every model of DexBench runs with, set on a spec and asserted on a compiled model."""

import mujoco

from dexbench.core.errors import DexBenchError

TIMESTEP = 0.004
"""[s]. With implicitfast, lifts succeed as often as at 2 ms (83 % against 78 % of 18), at half the cost."""

IMPRATIO = 10.0
"""Friction against normal impedance: at 1, held objects creep 10 mm in 2 s; 100 costs a third of the speed."""

# Left to itself, MuJoCo takes sparse matrices from 60 degrees of freedom on, as two hands have. Version 4.0.0's sparse
# Newton solver then stops far from the solution of some steps in which arms collide: fingers reach 1500 rad/s.
_JACOBIAN = int(mujoco.mjtJacobian.mjJAC_DENSE)
_INTEGRATOR = int(mujoco.mjtIntegrator.mjINT_IMPLICITFAST)
_CONE = int(mujoco.mjtCone.mjCONE_ELLIPTIC)


def set_physics(spec: mujoco.MjSpec) -> None:
    """Set the options on `spec`, which must be the outermost one: attached specs lose theirs."""
    spec.option.timestep = TIMESTEP
    spec.option.integrator = _INTEGRATOR
    spec.option.cone = _CONE
    spec.option.impratio = IMPRATIO
    spec.option.noslip_iterations = 0
    spec.option.jacobian = _JACOBIAN


def assert_physics(model: mujoco.MjModel) -> None:
    """Raise DexBenchError if `model` lost an option, as happens when the spec is attached to another."""
    wanted = {
        "timestep": TIMESTEP,
        "integrator": _INTEGRATOR,
        "cone": _CONE,
        "impratio": IMPRATIO,
        "noslip_iterations": 0,
        "jacobian": _JACOBIAN,
    }
    for name, value in wanted.items():
        found = getattr(model.opt, name)
        if float(found) != float(value):
            raise DexBenchError(
                f"the model's option {name} is {found}, {value} is expected: build on robot_spec(), or call "
                f"set_physics() on the outermost spec"
            )
