"""Cameras in a model: a rig's own are added, and intrinsics and poses read back in optical frames."""

from collections.abc import Sequence

import mujoco
import numpy as np

from dexbench.core.camera import CameraRow, Floats, Intrinsics
from dexbench.core.rotations import matrix_quaternion, quaternion_matrix
from dexbench.core.schema import Array

_PITCH = 3e-6
"""Edge of a pixel on the sensor [m]: MuJoCo asks for lengths; the picture depends on their ratios only."""
_FLIP = np.diag([1.0, -1.0, -1.0])
"""Between the optical frame and MuJoCo's, which looks along -z with y up."""


def add_cameras(spec: mujoco.MjSpec, cameras: Sequence[CameraRow]) -> None:
    """Add a rig's cameras to a model under construction that has its links."""
    for row in cameras:
        body = spec.body(row.body) if row.body else spec.worldbody
        seen = row.intrinsics
        turn = quaternion_matrix(row.quaternion) @ _FLIP
        added = body.add_camera(name=row.name, pos=row.position, quat=matrix_quaternion(turn))
        added.resolution = [seen.width, seen.height]
        added.sensor_size = [seen.width * _PITCH, seen.height * _PITCH]
        added.focal_length = [seen.fx * _PITCH, seen.fy * _PITCH]
        # of the middle of the picture from the axis, to the left and upwards
        added.principal_length = [
            (seen.width / 2 - seen.cx - 0.5) * _PITCH,
            (seen.height / 2 - seen.cy - 0.5) * _PITCH,
        ]


def fit(model: mujoco.MjModel, width: int, height: int) -> None:
    """Cut the sensors of a private model's cameras to the shape of a picture, as Intrinsics.resized() does.

    Without it MuJoCo's OpenGL stretches the picture. Cameras with a mere field of view have no sensor: theirs is the
    vertical one at any shape.
    """
    for size in model.cam_sensorsize:
        if size[1] > 0:
            shape = width / height
            size[:] = (size[0], size[0] / shape) if shape > size[0] / size[1] else (size[1] * shape, size[1])


def intrinsics_of(model: mujoco.MjModel, camera: int, width: int, height: int) -> Intrinsics:
    """Return the intrinsics of a camera's picture of `width` x `height` pixels; `model` is as it was compiled."""
    sensor = model.cam_sensorsize[camera].astype(float)
    if sensor[1] == 0:
        focal = 0.5 * height / np.tan(np.radians(model.cam_fovy[camera]) / 2)
        return Intrinsics(width, height, float(focal), float(focal), (width - 1) / 2, (height - 1) / 2)
    full = model.cam_resolution[camera]
    fx, fy, left, up = model.cam_intrinsic[camera].astype(float) / (sensor / full).repeat(2)[[0, 2, 0, 2]]
    own = Intrinsics(
        width=int(full[0]),
        height=int(full[1]),
        fx=float(fx),
        fy=float(fy),
        cx=float(full[0] / 2 - 0.5 - left),
        cy=float(full[1] / 2 - 0.5 - up),
    )
    return own.resized(width, height)


def pose_of(data: mujoco.MjData, camera: int) -> tuple[Floats, Floats]:
    """Return position (3,) and rotation (3, 3) of a camera's optical frame in the cell."""
    return data.cam_xpos[camera].copy(), data.cam_xmat[camera].reshape(3, 3) @ _FLIP


def points_of(depth: Array, seen: Intrinsics, position: Floats, turn: Floats) -> Floats:
    """Return (height, width, 3) points in the cell frame [m] for depth (height, width) along the axis [m]."""
    across, down = seen.slopes()
    rays = np.empty((*depth.shape, 3))
    rays[..., 0], rays[..., 1], rays[..., 2] = across[None, :], down[:, None], 1.0
    return np.asarray((rays * depth[..., None]) @ turn.T + position)
