"""A private model and state that show one world of a batch at a time."""

import copy

import mujoco
import mujoco.batch

_SEEN = ("geom_", "body_", "cam_", "light_", "mat_")
"""Model fields that a picture or the places of things can depend on begin so."""


class Mirror:
    """Follows the worlds of a batch: model fields that differ between worlds, and where everything is.

    Only what a picture needs is brought up to date. `Batch.get_model` into a model that it filled before is refused
    once bodies weigh nothing in one world and something in another, so the fields are copied by name.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self.model: mujoco.MjModel = copy.copy(model)
        """The world's model, as far as it is seen."""
        self.data = mujoco.MjData(self.model)
        """The world's state, with the places of bodies, geoms, cameras and lights."""
        self._names = tuple(n for n in mujoco.batch.MODEL_FIELDS if n.startswith(_SEEN))

    def show(self, batch: mujoco.batch.Batch, world: int) -> tuple[str, ...]:
        """Become `world` of `batch`; return which model fields this world has to itself."""
        varied = []
        for name in self._names:
            values = batch.expanded(name)
            if values is not None:
                getattr(self.model, name)[...] = values[world]
                varied.append(name)
        batch.get_data(world, self.data)
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)
        return tuple(varied)
