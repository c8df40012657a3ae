"""Small pictures of a hand and what it holds, for the page: drawn as it looks, not as it collides."""

import io
import struct
import zlib
from types import TracebackType
from typing import Self

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.sensors.aim import aim
from dexbench.sensors.cameras import make_camera

from .body import Hand, still_spec

WIDTH, HEIGHT = 320, 240
"""[pixels]"""
DISTANCE = 0.36
"""From the camera to what it looks at, for a hand of 0.2 m from wrist to tip [m]."""
FOV = 32.0
"""Vertical field of view [deg]."""
VIEWS = (
    (0.75, 0.1, 0.75),
    (0.95, 0.25, 0.2),
    (0.15, 0.35, 0.95),
    (-0.6, 0.3, 0.75),
    (0.6, 0.75, 0.35),
    (0.8, -0.2, -0.5),
)
"""Where the camera may stand, in the hand's frame: the first from which enough of the thing is seen."""
ENOUGH = 0.6
"""Of what the best view sees."""
_THINGS = ("sphere", "cylinder", "box", "marker")
_AWAY = np.array([0.0, 0.0, 50.0])


class Studio:
    """One model and one renderer for all pictures of a hand."""

    def __init__(self, embodiment: Embodiment, side: str, backend: str = "auto") -> None:
        """Start the renderer.

        Raises:
          MissingExtra: there is none; says what to install.
        """
        spec = still_spec(embodiment, side)
        self._light(spec)
        kinds = (
            mujoco.mjtGeom.mjGEOM_SPHERE,
            mujoco.mjtGeom.mjGEOM_CYLINDER,
            mujoco.mjtGeom.mjGEOM_BOX,
            mujoco.mjtGeom.mjGEOM_SPHERE,
        )
        for name, kind in zip(_THINGS, kinds, strict=True):
            body = spec.worldbody.add_body(name=name, mocap=True, pos=_AWAY)
            colour = [0.85, 0.2, 0.15, 1] if name == "marker" else [0.87, 0.5, 0.2, 1]
            body.add_geom(name=name, type=kind, size=[0.01] * 3, contype=0, conaffinity=0, group=2, rgba=colour)
        eye = spec.worldbody.add_body(name="eye", mocap=True)
        eye.add_camera(name="eye", fovy=FOV)
        self.model = spec.compile()
        self.hand = Hand(embodiment, side, self.model)
        self._batch = mujoco.batch.Batch(self.model, 1, 1)
        self._sizes = self._batch.expand("geom_size")
        self._rbound = self._batch.expand("geom_rbound")
        self._eye = make_camera(self.model, WIDTH, HEIGHT, backend, smooth=True, shadows=True)
        self._geoms = {name: int(self.model.geom(name).id) for name in _THINGS}
        mocap = {name: int(self.model.body(name).mocapid[0]) for name in (*_THINGS, "eye")}
        self._mocap = mocap
        self.hand.pose(self.hand.rest)
        tips = np.array([self.hand.data.site_xpos[s] for s in self.hand.tips.values()])
        self._length = float(np.linalg.norm(tips - self.hand.point(np.zeros(3)), axis=1).max())

    def portrait(
        self, angles: Array, kind: str, size: tuple[float, ...], pose: Array, view: tuple[float, ...] | None = None
    ) -> bytes:
        """Return a picture as JPEG, or as PNG where Pillow is not installed.

        Args:
          angles: (J,) joint angles of the hand [rad].
          kind: of the thing: "sphere", "cylinder", "box", "marker"; "" for none.
          size: its size as MuJoCo has it [m].
          pose: (7,) where it is, in the frame of the hand's root [m], wxyz.
          view: where to look from, in the hand's frame; by default the first of VIEWS that sees enough.
        """
        qpos, places, turns = (self._batch.bind(n) for n in ("qpos", "mocap_pos", "mocap_quat"))
        qpos[0, self.hand.places] = angles
        for name in _THINGS:
            places[0, self._mocap[name]] = pose[:3] if name == kind else _AWAY
            turns[0, self._mocap[name]] = pose[3:] if name == kind else (1, 0, 0, 0)
        if kind:
            geom = self._geoms[kind]
            full = np.array([*size, 0, 0][:3])
            self._sizes[0, geom] = full
            self._rbound[0, geom] = np.linalg.norm(full) + 0.01
        self.hand.data.qpos[self.hand.places] = angles
        mujoco.mj_kinematics(self.model, self.hand.data)
        target = self.hand.point(np.array([0.0, 0.35 * self._length, 0.02 if kind else -0.02]))
        if kind:
            target = (target + np.clip(pose[:3], target - 0.05, target + 0.05)) / 2
        best = view or (self._best(target, kind) if kind else VIEWS[0])
        self._aim(target, np.array(best))
        return encode(self._eye.rgb(self._batch, 0, "eye"))

    def _best(self, target: Array, kind: str) -> tuple[float, ...]:
        seen = []
        for view in VIEWS:
            self._aim(target, np.array(view))
            seen.append(int((self._eye.segmentation(self._batch, 0, "eye") == self._geoms[kind]).sum()))
        return next(v for v, n in zip(VIEWS, seen, strict=True) if n >= ENOUGH * max(seen))

    def _aim(self, target: Array, view: Array) -> None:
        back = self.hand.direction(view / np.linalg.norm(view))
        up = self.hand.direction(np.array([0, 1.0, 0]))
        place = target + back * DISTANCE * self._length / 0.14
        self._batch.bind("mocap_pos")[0, self._mocap["eye"]] = place
        self._batch.bind("mocap_quat")[0, self._mocap["eye"]] = aim(place, target, up)

    @staticmethod
    def _light(spec: mujoco.MjSpec) -> None:
        spec.stat.extent = 0.5
        spec.visual.map.znear = 0.02
        spec.visual.map.zfar = 200.0
        spec.visual.headlight.ambient = [0.42, 0.42, 0.44]
        spec.visual.headlight.diffuse = [0.35, 0.35, 0.35]
        spec.visual.headlight.specular = [0.05, 0.05, 0.05]
        spec.add_texture(
            name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
            rgb1=[0.93, 0.92, 0.89], rgb2=[0.93, 0.92, 0.89], width=16, height=96,
        )  # fmt: skip
        spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, dir=[-0.5, 0.6, -0.7], diffuse=[0.45, 0.44, 0.42],
            specular=[0.1, 0.1, 0.1], castshadow=False,
        )  # fmt: skip

    def close(self) -> None:
        """Let go of the renderer."""
        self._eye.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def encode(picture: Array) -> bytes:
    """Return a (height, width, 3) uint8 picture as JPEG, or as PNG where Pillow is not installed."""
    try:
        from PIL import Image
    except ImportError:
        return png(picture)
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(stream, "JPEG", quality=82)
    return stream.getvalue()


def png(picture: Array) -> bytes:
    """Return a (height, width, 3) uint8 picture as PNG."""
    height, width, _ = picture.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = picture.reshape(height, -1)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
        + chunk(b"IEND", b"")
    )


def media_type(content: bytes) -> str:
    """Return what kind of picture encode() made."""
    return "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
