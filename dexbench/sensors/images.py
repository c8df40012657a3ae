"""Pictures as observation fields: declared for nothing, taken only when they are read."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.appearance import DEFAULT, Appearance
from dexbench.core.camera import CameraRow, Intrinsics
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.rotations import matrix_quaternion
from dexbench.core.schema import Array, Field, Observation

from .calibration import intrinsics_of, points_of, pose_of
from .cameras import make_camera
from .depth import measured, subsample
from .eye import FAR, KINDS, Eye, camera_id
from .mirror import Mirror, Nudge

NOTHING, FURNITURE, ROBOT, FIRST_OBJECT = range(4)
"""Labels of segmentation: object k is FIRST_OBJECT + k."""
NOT_DRAWN = 5
"""Group of geoms that no picture shows."""
GROUPS = (*KINDS, "points", "calibration")
"""Groups of the observation that cameras can give."""


@dataclass(frozen=True)
class ImageRequest:
    """Which pictures an observation holds."""

    cameras: tuple[str, ...] = ("front",)
    """Names of cameras: the cell's front, side, top, or the rig's own."""
    width: int = 128
    """[pixels]"""
    height: int = 128
    """[pixels] A rig's camera shows less in a picture of another shape than its own, see core.camera.Intrinsics."""
    backend: str = "auto"
    """See cameras.make_camera."""
    noise: bool = True
    """Whether a rig's cameras measure depth as their devices do, with noise and range. The cell's own are exact."""
    cloud: int = 0
    """Points of each camera's cloud in group `points`; 0: no clouds."""
    within: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    """Lower and upper corner of the box that clouds are cut to, in the cell frame [m]."""


def image_request(given: Mapping[str, Any] | None) -> ImageRequest:
    """Return the request that plain data describes.

    Raises:
      UnknownName: no such field.
      DataError: cameras are not names.
    """
    values = dict(given or {})
    for name in values:
        if name not in (known := [f.name for f in fields(ImageRequest)]):
            raise UnknownName("field of images", name, known)
    cameras = values.get("cameras", ())
    if isinstance(cameras, str) or not all(isinstance(c, str) for c in cameras):
        raise DataError(f"images: cameras: names in a list or tuple are expected, not {cameras!r}")
    return ImageRequest(**{**values, "cameras": tuple(cameras)} if "cameras" in values else values)


@dataclass(frozen=True)
class Moment:
    """What pictures depend on besides where things are."""

    seed: int = 0
    """Of the trial."""
    step: int = 0
    """Control periods since the episode began."""
    appearance: Appearance = DEFAULT
    nudges: Mapping[str, Nudge] = field(default_factory=dict)
    """By camera: those that are not where their calibration says."""


class Images:
    """Reads the pictures of worlds. The renderer is made at the first read(), in the process that reads."""

    def __init__(
        self,
        model: mujoco.MjModel,
        request: ImageRequest,
        groups: Sequence[str],
        object_bodies: Sequence[int] | Array,
        rig: Sequence[CameraRow] = (),
        unseen: Sequence[int] = (),
    ) -> None:
        """Declare the fields; raise UnknownName for a camera that the cell does not have.

        Args:
          model: the cell's.
          request: cameras and size.
          groups: which of GROUPS.
          object_bodies: body ids of the object slots, for segmentation.
          rig: the embodiment's cameras; those of them that are asked for measure as their devices do.
          unseen: body ids of what no picture shows.
        """
        for group in groups:
            if group not in GROUPS:
                raise UnknownName("kind of picture", group, GROUPS)
        if request.cloud < 0 or request.width < 1 or request.height < 1:
            raise DataError(
                f"pictures of {request.width} x {request.height} pixels and clouds of {request.cloud} points were "
                f"asked for: a picture has pixels, a cloud has points or is not asked for (0)"
            )
        self._seen = {
            camera: intrinsics_of(model, camera_id(model, camera), request.width, request.height)
            for camera in request.cameras
        }
        self._model, self._request = without(model, unseen), request
        self._kinds = tuple(k for k in KINDS if k in groups)
        self._clouds = "points" in groups and request.cloud > 0
        self._calibration = "calibration" in groups
        drawn = {"depth"} if self._clouds else set()
        self._drawn = tuple(k for k in KINDS if k in drawn.union(self._kinds))
        self._devices = {row.name: row for row in rig if request.noise and row.name in request.cameras}
        self.fields = declare(request, groups)
        self._labels = label_geoms(model, object_bodies)
        self._eye: Eye | None = None
        self._mirror: Mirror | None = None

    def read(
        self, batch: mujoco.batch.Batch, worlds: Sequence[int] | Array, moments: Sequence[Moment] = ()
    ) -> Observation:
        """Return the pictures of `worlds`, rows in that order.

        Args:
          batch: the worlds.
          worlds: which.
          moments: for each of them; by default, the first of an episode with seed 0.
        """
        seen: Observation = {f.name: np.empty((len(worlds), *f.shape), f.dtype) for f in self.fields}
        for row, world in enumerate(worlds):
            moment = moments[row] if moments else Moment()
            if self._drawn:
                for camera in self._request.cameras:
                    for kind, picture in self._pictures(batch, int(world), camera, moment).items():
                        seen[f"{kind}/{camera}"][row] = picture
            if self._calibration:
                self._place(batch, int(world))
                for camera, intrinsics in self._seen.items():
                    seen[f"intrinsics/{camera}"][row] = intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy
                    position, turn = self._pose(camera)
                    seen[f"camera_pose/{camera}"][row] = (*position, *matrix_quaternion(turn))
        return seen

    def close(self) -> None:
        """Let go of the renderer; a later read() makes a new one."""
        if self._eye is not None:
            self._eye.close()
            self._eye = None

    def _pictures(self, batch: mujoco.batch.Batch, world: int, camera: str, moment: Moment) -> dict[str, Array]:
        request = self._request
        if self._eye is None:
            self._eye = make_camera(self._model, request.width, request.height, request.backend)
        nudge = moment.nudges.get(camera)
        taken = self._eye.look(batch, world, camera, self._drawn, moment.appearance, nudge)
        found = {kind: taken[kind] for kind in self._kinds}
        if "segmentation" in found:
            found["segmentation"] = self._labels[found["segmentation"]]
        if "depth" in taken and camera in self._devices:
            device, intrinsics = self._devices[camera], self._seen[camera]
            taken["depth"] = measured(taken["depth"], device, intrinsics, moment.seed, moment.step)
            if "depth" in found:
                found["depth"] = taken["depth"]
        if self._clouds:
            self._place(batch, world)
            found["cloud"] = self._cloud(taken["depth"], camera, self._seen[camera])
        return found

    def _cloud(self, depth: Array, camera: str, seen: Intrinsics) -> Array:
        """Return (cloud, 3) float32 points in the cell frame [m]."""
        position, turn = self._pose(camera)
        points = points_of(depth, seen, position, turn)
        valid = (depth > 0) & (depth < FAR)
        if self._request.within is not None:
            lower, upper = self._request.within
            valid &= ((points >= lower) & (points <= upper)).all(axis=-1)
        return subsample(points, valid, self._request.cloud, position)

    def _place(self, batch: mujoco.batch.Batch, world: int) -> None:
        if self._mirror is None:
            self._mirror = Mirror(self._model)
        self._mirror.show(batch, world)

    def _pose(self, camera: str) -> tuple[Array, Array]:
        assert self._mirror is not None
        return pose_of(self._mirror.data, camera_id(self._model, camera))


def declare(request: ImageRequest, groups: Sequence[str]) -> tuple[Field, ...]:
    """Return the fields of pictures and what belongs to them, camera by camera."""
    size = (request.height, request.width)
    fields = []
    for camera in request.cameras:
        at = f"camera {camera}"
        offered = (
            Field(f"rgb/{camera}", (*size, 3), "1", at, "rgb", 0, 255, dtype="uint8"),
            Field(f"depth/{camera}", size, "m", at, "depth", 0.0, FAR),
            Field(f"segmentation/{camera}", size, "label", at, "segmentation", 0, 255, dtype="uint8"),
            Field(f"cloud/{camera}", (request.cloud, 3), "m", "cell", "points"),
            Field(f"intrinsics/{camera}", (4,), "px", at, "calibration", labels=("fx", "fy", "cx", "cy")),
            Field(f"camera_pose/{camera}", (7,), "m, wxyz", "cell", "calibration"),
        )
        fields += [f for f in offered if f.group in groups and f.shape != (0, 3)]
    return tuple(fields)


def without(model: mujoco.MjModel, bodies: Sequence[int]) -> mujoco.MjModel:
    """Return the model with the geoms of `bodies` in a group that is not drawn; itself, if there are none."""
    if not len(bodies):
        return model
    shown = copy.copy(model)
    shown.geom_group[np.isin(model.geom_bodyid, bodies)] = NOT_DRAWN
    return shown


def label_geoms(model: mujoco.MjModel, object_bodies: Sequence[int] | Array) -> Array:
    """Return (ngeom + 1,) uint8: the label of each geom, and NOTHING at the end, where the id -1 finds it."""
    body = model.geom_bodyid
    labels = np.where(body == 0, FURNITURE, ROBOT)
    for k, object_body in enumerate(object_bodies):
        labels[body == object_body] = FIRST_OBJECT + k
    return np.append(labels, NOTHING).astype(np.uint8)
