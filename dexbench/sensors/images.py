"""Pictures as observation fields: declared for nothing, taken only when they are read."""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.errors import UnknownName
from dexbench.core.schema import Array, Field, Observation

from .cameras import FAR, KINDS, Eye, camera_id, make_camera

NOTHING, FURNITURE, ROBOT, FIRST_OBJECT = range(4)
"""Labels of segmentation: object k is FIRST_OBJECT + k."""


@dataclass(frozen=True)
class ImageRequest:
    """Which pictures an observation holds."""

    cameras: tuple[str, ...] = ("front",)
    """Names of cameras in the cell."""
    width: int = 128
    """[pixels]"""
    height: int = 128
    """[pixels]"""
    backend: str = "auto"
    """See cameras.make_camera."""


class Images:
    """Reads the pictures of worlds. The renderer is made at the first read(), in the process that reads."""

    def __init__(
        self, model: mujoco.MjModel, request: ImageRequest, kinds: Sequence[str], object_bodies: Sequence[int] | Array
    ) -> None:
        """Declare the fields; raise UnknownName for a camera that the cell does not have.

        Args:
          model: the cell's.
          request: cameras and size.
          kinds: which of KINDS.
          object_bodies: body ids of the object slots, for segmentation.
        """
        for kind in kinds:
            if kind not in KINDS:
                raise UnknownName("kind of picture", kind, KINDS)
        for camera in request.cameras:
            camera_id(model, camera)
        self._model, self._request = model, request
        self._kinds = tuple(k for k in KINDS if k in kinds)
        self.fields = declare(request, self._kinds)
        self._labels = label_geoms(model, object_bodies)
        self._eye: Eye | None = None

    def read(self, batch: mujoco.batch.Batch, worlds: Sequence[int] | Array) -> Observation:
        """Return the pictures of `worlds`, rows in that order."""
        request = self._request
        if self._eye is None:
            self._eye = make_camera(self._model, request.width, request.height, request.backend)
        seen: Observation = {f.name: np.empty((len(worlds), *f.shape), f.dtype) for f in self.fields}
        for row, world in enumerate(worlds):
            for camera in request.cameras:
                for kind, picture in self._eye.look(batch, int(world), camera, self._kinds).items():
                    seen[f"{kind}/{camera}"][row] = self._labels[picture] if kind == "segmentation" else picture
        return seen

    def close(self) -> None:
        """Let go of the renderer; a later read() makes a new one."""
        if self._eye is not None:
            self._eye.close()
            self._eye = None


def declare(request: ImageRequest, kinds: Sequence[str]) -> tuple[Field, ...]:
    """Return the fields of pictures of `kinds`, camera by camera."""
    size = (request.height, request.width)
    made = {
        "rgb": lambda name, at: Field(name, (*size, 3), "1", at, "rgb", 0, 255, dtype="uint8"),
        "depth": lambda name, at: Field(name, size, "m", at, "depth", 0.0, FAR),
        "segmentation": lambda name, at: Field(name, size, "label", at, "segmentation", 0, 255, dtype="uint8"),
    }
    return tuple(made[kind](f"{kind}/{camera}", f"camera {camera}") for camera in request.cameras for kind in kinds)


def label_geoms(model: mujoco.MjModel, object_bodies: Sequence[int] | Array) -> Array:
    """Return (ngeom + 1,) uint8: the label of each geom, and NOTHING at the end, where the id -1 finds it."""
    body = model.geom_bodyid
    labels = np.where(body == 0, FURNITURE, ROBOT)
    for k, object_body in enumerate(object_bodies):
        labels[body == object_body] = FIRST_OBJECT + k
    return np.append(labels, NOTHING).astype(np.uint8)
