"""Pictures without any OpenGL library: mujoco_warp casts a ray for each pixel, on the processor."""

from collections.abc import Sequence

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.errors import DataError, MissingExtra
from dexbench.core.schema import Array

from .cameras import FAR, KINDS, SMOOTH, Views, camera_id, shrink
from .mirror import Mirror

_PLACES = ("geom_xpos", "geom_xmat", "cam_xpos", "cam_xmat", "light_xpos", "light_xdir")
"""All that the ray caster reads of a state."""
_GROUPS = (0, 1, 2)


class RayCamera(Views):
    """Colour, depth and segmentation in one pass; asking for one alone saves nothing.

    The first use on a machine compiles kernels, for some ten seconds; they are kept in Warp's cache.
    """

    def __init__(
        self, model: mujoco.MjModel, width: int, height: int, *, shadows: bool = False, smooth: bool = False
    ) -> None:
        """Load Warp and build the search trees of all meshes; see make_camera()."""
        try:
            import warp
        except ImportError as error:
            raise _missing() from error
        warp.config.log_level = max(warp.config.log_level, warp.LOG_WARNING)  # or it reports on stdout
        try:
            import mujoco_warp
        except ImportError as error:
            raise _missing() from error
        if width < 1 or height < 1:
            raise DataError(f"a picture of {width} x {height} pixels was asked for")
        self._times = SMOOTH if smooth else 1
        width, height = self._width, self._height = width * self._times, height * self._times
        self._mirror = Mirror(model)
        self._warp, self._caster = warp, mujoco_warp
        with warp.ScopedDevice("cpu"):
            self._model = mujoco_warp.put_model(model)
            self._data = mujoco_warp.make_data(model, nworld=1, nconmax=1, njmax=1)
            self._context = mujoco_warp.create_render_context(
                model,
                nworld=1,
                cam_res=(width, height),
                cam_active=[0],
                render_rgb=True,
                render_depth=True,
                render_seg=True,
                use_shadows=shadows,
                enabled_geom_groups=list(_GROUPS),
                use_precomputed_rays=False,  # any camera of the model may come
                render_skybox=True,
            )

    def look(
        self, batch: mujoco.batch.Batch, world: int, camera: str, kinds: Sequence[str] = KINDS
    ) -> dict[str, Array]:
        if self._context is None:
            raise DataError("this camera has been closed")
        context, mirror = self._context, self._mirror
        context.cam_id_map.numpy()[0] = camera_id(mirror.model, camera)
        for name in mirror.show(batch, world):
            if hasattr(self._model, name):
                _fill(getattr(self._model, name), getattr(mirror.model, name))
        for name in _PLACES:
            _fill(getattr(self._data, name), getattr(mirror.data, name))
        with self._warp.ScopedDevice("cpu"):
            self._caster.refit_bvh(self._model, self._data, context)
            self._caster.render(self._model, self._data, context)
        shape = (self._height, self._width)
        seen: dict[str, Array] = {}
        if "rgb" in kinds:
            packed = context.rgb_data.numpy()[0].reshape(shape)
            colours = np.stack([packed >> 16, packed >> 8, packed], axis=2).astype(np.uint8)
            seen["rgb"] = shrink(colours, self._times)
        if "depth" in kinds:
            depth = context.depth_data.numpy()[0].reshape(shape)[:: self._times, :: self._times]
            seen["depth"] = np.where(depth > 0, np.minimum(depth, FAR), FAR).astype(np.float32)
        if "segmentation" in kinds:
            seen["segmentation"] = (
                context.seg_data.numpy()[0, :, 0].reshape(shape)[:: self._times, :: self._times].astype(np.int32)
            )
        return seen

    def close(self) -> None:
        self._context = None


def _fill(target: object, values: Array) -> None:
    """Write into a Warp array on the processor, whose numpy() is a view."""
    view = target.numpy()  # type: ignore[attr-defined]
    view[...] = values.reshape(view.shape)


def _missing() -> MissingExtra:
    return MissingExtra("mujoco-warp", "pictures without OpenGL", "pip install 'dexbench[rays]'")
