"""What every camera of a world gives, however it draws: kinds of picture, their range, and each of them alone."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.appearance import DEFAULT, Appearance
from dexbench.core.errors import UnknownName
from dexbench.core.schema import Array

from .mirror import Nudge

KINDS = ("rgb", "depth", "segmentation")
FAR = 10.0
"""Depth is reported up to here; where nothing is seen, this is the depth [m]."""
SMOOTH = 2
"""Smooth pictures are drawn so many times as wide and high, and averaged: without a GPU that costs what four samples a
pixel cost, and smooths shading and shadows too."""


def camera_id(model: mujoco.MjModel, camera: str) -> int:
    """Return the id of a camera; raise UnknownName with the cameras there are."""
    found = mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_CAMERA), camera)
    if found < 0:
        raise UnknownName("camera", camera, (model.camera(i).name for i in range(model.ncam)))
    return int(found)


def shrink(picture: Array, times: int) -> Array:
    """Average blocks of `times` x `times` pixels of a (height, width, 3) uint8 picture."""
    if times == 1:
        return picture
    height, width = picture.shape[0] // times, picture.shape[1] // times
    total = picture.reshape(height, times, width, times, 3).sum((1, 3), dtype=np.uint16)
    mean: Array = (total // times**2).astype(np.uint8)
    return mean


class Eye(ABC):
    """What looks at the worlds of a batch, however it draws."""

    @abstractmethod
    def look(
        self,
        batch: mujoco.batch.Batch,
        world: int,
        camera: str,
        kinds: Sequence[str] = KINDS,
        appearance: Appearance = DEFAULT,
        nudge: Nudge | None = None,
    ) -> dict[str, Array]:
        """Return the pictures of `kinds` (see the methods below) that `camera`, nudged or not, takes of `world`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the renderer; idempotent."""

    def rgb(self, batch: mujoco.batch.Batch, world: int, camera: str, appearance: Appearance = DEFAULT) -> Array:
        """Return (height, width, 3) uint8."""
        return self.look(batch, world, camera, ("rgb",), appearance)["rgb"]

    def depth(self, batch: mujoco.batch.Batch, world: int, camera: str) -> Array:
        """Return (height, width) float32: distance along the optical axis, at most FAR [m]."""
        return self.look(batch, world, camera, ("depth",))["depth"]

    def segmentation(self, batch: mujoco.batch.Batch, world: int, camera: str) -> Array:
        """Return (height, width) int32: ids of the geoms seen, -1 where there is nothing."""
        return self.look(batch, world, camera, ("segmentation",))["segmentation"]
