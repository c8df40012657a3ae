"""Pictures without any OpenGL library: mujoco_warp casts a ray for each pixel, on the processor."""

import copy
from collections.abc import Sequence

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.appearance import DEFAULT, Appearance
from dexbench.core.errors import DataError, MissingExtra
from dexbench.core.schema import Array

from .calibration import fit
from .eye import FAR, KINDS, SMOOTH, Eye, camera_id, shrink
from .mirror import Mirror, Nudge, Sky

_PLACES = ("geom_xpos", "geom_xmat", "cam_xpos", "cam_xmat", "light_xpos", "light_xdir")
"""All that the ray caster reads of a state."""
_GROUPS = (0, 1, 2)
HEAD = "head"
"""A light that a model may have for this: the ray caster bakes MuJoCo's own light beside the camera into its kernels,
so that light is switched off and this one, which can change, is put in its place."""


class RayCamera(Eye):
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
        self._sky = Sky(model)
        model = copy.copy(model)
        fit(model, width, height)
        self._head = mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_LIGHT), HEAD)
        if self._head >= 0:
            model.vis.headlight.active = 0
            model.light_active[self._head] = 1
        self._warp, self._caster = warp, mujoco_warp
        model.opt.jacobian = mujoco.mjtJacobian.mjJAC_AUTO  # it refuses dense matrices for two hands; nothing is solved
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
        self,
        batch: mujoco.batch.Batch,
        world: int,
        camera: str,
        kinds: Sequence[str] = KINDS,
        appearance: Appearance = DEFAULT,
        nudge: Nudge | None = None,
    ) -> dict[str, Array]:
        if self._context is None:
            raise DataError("this camera has been closed")
        context, mirror = self._context, self._mirror
        context.cam_id_map.numpy()[0] = number = camera_id(mirror.model, camera)
        changed = mirror.show(batch, world, appearance)
        mirror.nudge(number, nudge)
        for name in (*changed, *self._shine(number)):
            if hasattr(self._model, name):
                _fill(getattr(self._model, name), getattr(mirror.model, name))
        for name in _PLACES:
            _fill(getattr(self._data, name), getattr(mirror.data, name))
        with self._warp.ScopedDevice("cpu"):
            self._caster.refit_bvh(self._model, self._data, context)
            self._caster.render(self._model, self._data, context)
        shape = (self._height, self._width)
        seen: dict[str, Array] = {}
        seen_ids = context.seg_data.numpy()[0, :, 0].reshape(shape)
        if "rgb" in kinds:
            packed = context.rgb_data.numpy()[0].reshape(shape)
            colours = np.stack([packed >> 16, packed >> 8, packed], axis=2).astype(np.uint8)
            if appearance.zenith is not None:
                colours[seen_ids < 0] = self._sky.painted(colours[seen_ids < 0], appearance)
            seen["rgb"] = shrink(colours, self._times)
        if "depth" in kinds:
            depth = context.depth_data.numpy()[0].reshape(shape)[:: self._times, :: self._times]
            seen["depth"] = np.where(depth > 0, np.minimum(depth, FAR), FAR).astype(np.float32)
        if "segmentation" in kinds:
            seen["segmentation"] = seen_ids[:: self._times, :: self._times].astype(np.int32)
        return seen

    def close(self) -> None:
        self._context = None

    def _shine(self, camera: int) -> tuple[str, ...]:
        """Put the light beside the camera where the camera is; return the model fields that say so."""
        model, data, head = self._mirror.model, self._mirror.data, self._head
        if head < 0:
            return ()
        settings = model.vis.headlight
        model.light_ambient[head], model.light_diffuse[head] = settings.ambient, settings.diffuse
        model.light_specular[head] = settings.specular
        data.light_xpos[head] = data.cam_xpos[camera]
        data.light_xdir[head] = -data.cam_xmat[camera].reshape(3, 3)[:, 2]
        return "light_ambient", "light_diffuse", "light_specular"


def _fill(target: object, values: Array) -> None:
    """Write into a Warp array on the processor, whose numpy() is a view."""
    view = target.numpy()  # type: ignore[attr-defined]
    view[...] = values.reshape(view.shape)


def _missing() -> MissingExtra:
    return MissingExtra("mujoco-warp", "pictures without OpenGL", "pip install 'dexbench[rays]'")
