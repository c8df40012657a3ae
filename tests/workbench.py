"""One articulated object on a plane, for tests."""

from dataclasses import replace

import mujoco

from dexbench.objects.articulated_body import add_articulated
from dexbench.objects.articulated_model import ArticulatedModel
from dexbench.objects.body import add_object
from dexbench.objects.catalogue import load_object
from dexbench.robots.physics import assert_physics, set_physics

STEP = 0.004


class Bench:
    """One articulated object on a plane, at the cell's options."""

    def __init__(
        self, model: ArticulatedModel, *, fixed: bool = False, other: str | None = None, led: str | None = None
    ) -> None:
        """Compile it.

        Args:
          model: the object.
          fixed: whether its root stands fast, in the air.
          other: an object of the catalogue that is there as well.
          led: name of the body that follows the mocap body "hand".
        """
        self.thing = replace(model, base="fixed") if fixed else model
        spec = mujoco.MjSpec()
        set_physics(spec)
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1], friction=[0.8, 0.02, 1e-4], condim=4
        )
        add_articulated(spec, self.thing)
        if other is not None:
            add_object(spec, load_object(other))
        if led is not None:
            spec.worldbody.add_body(name="hand", mocap=True)
            weld = spec.add_equality(
                type=mujoco.mjtEq.mjEQ_WELD, objtype=mujoco.mjtObj.mjOBJ_BODY, name1=led, name2="hand"
            )
            weld.solref, weld.data[:11] = [0.01, 1], [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
        self.model = spec.compile()
        assert_physics(self.model)
        self.data = mujoco.MjData(self.model)
        for joint in self.thing.joints:
            self.data.qpos[self.at(joint.name)] = joint.rest
        if self.thing.base == "fixed":
            self.data.mocap_pos[0, 2] = 0.2  # nothing drags on the table
        mujoco.mj_forward(self.model, self.data)

    def at(self, joint: str) -> int:
        return int(self.model.joint(f"{self.thing.name}/{joint}").qposadr[0])

    def dof(self, joint: str) -> int:
        return int(self.model.joint(f"{self.thing.name}/{joint}").dofadr[0])

    def push(self, joint: str, force: float, seconds: float) -> float:
        """Push a joint for a while, and return where it is then."""
        self.data.qfrc_applied[self.dof(joint)] = force
        mujoco.mj_step(self.model, self.data, round(seconds / STEP))
        self.data.qfrc_applied[:] = 0
        return float(self.data.qpos[self.at(joint)])
