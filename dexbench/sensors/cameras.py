"""Pictures of a world: colour, depth and segmentation, by OpenGL or, without it, by casting rays.

Importing this loads neither; making a camera does, in the process that makes it.
"""

import importlib.util
from collections.abc import Sequence
from typing import Any

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.appearance import DEFAULT, Appearance
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.schema import Array

from .calibration import fit
from .eye import FAR, KINDS, SMOOTH, Eye, camera_id, shrink
from .mirror import Mirror, Nudge, Sky
from .opengl import backends, make_context
from .rays import RayCamera

BACKENDS = ("auto", "gl", "rays")
SHADOW_MAP = 512
"""Width of the shadow map. MuJoCo's own choice, 4096, takes eight times as long without a GPU, and at the size of a
film looks the same; smooth pictures, which are looked at for longer, take four times the width."""


def make_camera(
    model: mujoco.MjModel,
    width: int,
    height: int,
    backend: str = "auto",
    *,
    shadows: bool = False,
    smooth: bool = False,
) -> Eye:
    """Return an eye for worlds of `model`.

    Args:
      model: as the batch was made with.
      width: of the pictures [pixels].
      height: of the pictures [pixels].
      backend: "gl", "rays", or "auto": OpenGL where there is a library, else rays where they are installed.
      shadows: whether the lamp casts shadows.
      smooth: whether edges are smoothed.

    Raises:
      UnknownName: no such backend.
      MissingExtra: what the backend needs is not installed; says what to install.
    """
    if backend not in BACKENDS:
        raise UnknownName("camera backend", backend, BACKENDS)
    rays = importlib.util.find_spec("mujoco_warp") is not None
    if backend == "rays" or (backend == "auto" and rays and not backends()):
        return RayCamera(model, width, height, shadows=shadows, smooth=smooth)
    return Camera(model, width, height, shadows=shadows, smooth=smooth)


class Camera(Eye):
    """Looks through OpenGL. Groups 0 to 2 of geoms are shown; collision shapes (3) and sites are not.

    Without a GPU, two arms in 320 x 240 pixels take 10 ms of a processor; smooth 23, with shadows 28, with both 54.
    """

    def __init__(
        self, model: mujoco.MjModel, width: int, height: int, *, shadows: bool = False, smooth: bool = False
    ) -> None:
        """Start OpenGL; see make_camera()."""
        if width < 1 or height < 1:
            raise DataError(f"a picture of {width} x {height} pixels was asked for")
        self._times = SMOOTH if smooth else 1
        width, height = width * self._times, height * self._times
        self._width, self._height = width, height
        self._shadows = shadows
        self._mirror = Mirror(model)
        fit(self._mirror.model, width, height)
        self._sky, self._painted = Sky(model), DEFAULT
        settings = self._mirror.model.vis
        settings.global_.offwidth, settings.global_.offheight = width, height
        settings.quality.offsamples = 0
        settings.quality.shadowsize = SHADOW_MAP * (4 if smooth else 1) if shadows else 0
        self._context: Any = make_context(width, height)
        self._context.make_current()
        self._renderer: Any = mujoco.MjrContext(self._mirror.model, int(mujoco.mjtFontScale.mjFONTSCALE_50))
        mujoco.mjr_setBuffer(int(mujoco.mjtFramebuffer.mjFB_OFFSCREEN), self._renderer)
        self._renderer.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._scene = mujoco.MjvScene(self._mirror.model, maxgeom=model.ngeom + 16)
        self._scene.flags[int(mujoco.mjtRndFlag.mjRND_REFLECTION)] = False
        self._shown = mujoco.MjvOption()
        self._shown.geomgroup[:] = [1, 1, 1, 0, 0, 0]
        self._shown.sitegroup[:] = 0
        self._view = mujoco.MjvCamera()
        self._view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._frame = mujoco.MjrRect(0, 0, width, height)

    def look(
        self,
        batch: mujoco.batch.Batch,
        world: int,
        camera: str,
        kinds: Sequence[str] = KINDS,
        appearance: Appearance = DEFAULT,
        nudge: Nudge | None = None,
    ) -> dict[str, Array]:
        if self._renderer is None:
            raise DataError("this camera has been closed")
        mirror = self._mirror
        self._view.fixedcamid = camera_id(mirror.model, camera)
        mirror.show(batch, world, appearance)
        mirror.nudge(self._view.fixedcamid, nudge)
        everything = int(mujoco.mjtCatBit.mjCAT_ALL)
        mujoco.mjv_updateScene(mirror.model, mirror.data, self._shown, None, self._view, everything, self._scene)
        self._context.make_current()
        self._paint(appearance)
        self._scene.flags[int(mujoco.mjtRndFlag.mjRND_SHADOW)] = self._shadows and "rgb" in kinds
        seen: dict[str, Array] = {}
        colour, depth = self._render(rgb="rgb" in kinds, depth="depth" in kinds)
        if colour is not None:
            seen["rgb"] = shrink(colour, self._times)
        if depth is not None:
            seen["depth"] = self._metres(depth)[:: self._times, :: self._times]
        if "segmentation" in kinds:
            seen["segmentation"] = self._geoms()[:: self._times, :: self._times]
        return seen

    def close(self) -> None:
        if self._renderer is not None:
            self._context.make_current()
            self._renderer.free()
            self._renderer = None
            self._context.free()

    def _paint(self, look: Appearance) -> None:
        """Give the sky the colours of `look`, unless it has them, and each material the textures that it has now."""
        textures = self._mirror.model.mat_texid.ravel()
        self._renderer.mat_texid[: textures.size] = textures  # kept from when the renderer was made
        sky = self._sky
        if sky.texture < 0 or (look.zenith, look.nadir) == (self._painted.zenith, self._painted.nadir):
            return
        self._painted = look
        self._mirror.model.tex_data[sky.place] = sky.painted(sky.texels, look).ravel()
        mujoco.mjr_uploadTexture(self._mirror.model, self._renderer, sky.texture)

    def _render(self, *, rgb: bool, depth: bool) -> tuple[Array | None, Array | None]:
        """Draw once and read what is asked for, top row first."""
        colours = np.empty((self._height, self._width, 3), np.uint8) if rgb else None
        depths = np.empty((self._height, self._width), np.float32) if depth else None
        if rgb or depth:
            mujoco.mjr_render(self._frame, self._scene, self._renderer)
            mujoco.mjr_readPixels(colours, depths, self._frame, self._renderer)
        return (None if colours is None else colours[::-1].copy()), (None if depths is None else depths[::-1])

    def _metres(self, depth: Array) -> Array:
        """Turn the depth buffer (1 at the near plane, 0 at the far one) into metres."""
        visual, extent = self._mirror.model.vis.map, self._mirror.model.stat.extent
        near, far = visual.znear * extent, visual.zfar * extent
        metres: Array = near * far / (near + depth.astype(np.float64) * (far - near))
        return np.minimum(metres, FAR).astype(np.float32)

    def _geoms(self) -> Array:
        """Draw every geom in a colour that is its number in the scene, and look the geoms up."""
        flags = [int(mujoco.mjtRndFlag.mjRND_SEGMENT), int(mujoco.mjtRndFlag.mjRND_IDCOLOR)]
        self._scene.flags[flags] = True
        colours, _ = self._render(rgb=True, depth=False)
        self._scene.flags[flags] = False
        assert colours is not None
        number = colours.astype(np.int32) @ np.array([1, 1 << 8, 1 << 16], np.int32)
        ids = np.full(self._scene.maxgeom + 1, -1, np.int32)
        geom = int(mujoco.mjtObj.mjOBJ_GEOM)
        for drawn in self._scene.geoms[: self._scene.ngeom]:
            if drawn.segid >= 0 and int(drawn.objtype) == geom:
                ids[drawn.segid + 1] = drawn.objid
        seen: Array = ids[number]
        return seen
