"""Cameras as data: devices with intrinsics and depth, and where a rig has them.

Frames are optical: x to the right of the picture, y down, z along the view. The centre of the upper left pixel is
(0, 0), as OpenCV has it.
"""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from dexbench.core.rotations import matrix_quaternion

Vector = tuple[float, ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole: the point (x, y, z) is seen at the pixel (fx x / z + cx, fy y / z + cy)."""

    width: int
    """[pixels]"""
    height: int
    """[pixels]"""
    fx: float
    """[pixels]"""
    fy: float
    cx: float
    cy: float

    def resized(self, width: int, height: int) -> "Intrinsics":
        """Return those of a picture of another size.

        The picture is scaled alike in both directions until it covers the new size, and what sticks out of it is cut
        off, as much on either side: pixels stay square, and a picture of another shape shows less, never more.
        """
        scale = max(width / self.width, height / self.height)
        return Intrinsics(
            width=width,
            height=height,
            fx=self.fx * scale,
            fy=self.fy * scale,
            cx=(self.cx + 0.5 - self.width / 2) * scale + width / 2 - 0.5,
            cy=(self.cy + 0.5 - self.height / 2) * scale + height / 2 - 0.5,
        )

    @property
    def matrix(self) -> Floats:
        """(3, 3) as OpenCV has it."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def slopes(self) -> tuple[Floats, Floats]:
        """Return x / z of each column (width,) and y / z of each row (height,)."""
        across, down = np.arange(self.width, dtype=np.float64), np.arange(self.height, dtype=np.float64)
        return np.asarray((across - self.cx) / self.fx), np.asarray((down - self.cy) / self.fy)


def pinhole(width: int, height: int, fov: Vector) -> Intrinsics:
    """Return the intrinsics with horizontal and vertical field of view `fov` [rad], the axis in the middle."""
    fx, fy = (0.5 * size / np.tan(angle / 2) for size, angle in zip((width, height), fov, strict=True))
    return Intrinsics(width, height, float(fx), float(fy), (width - 1) / 2, (height - 1) / 2)


@dataclass(frozen=True)
class DepthModel:
    """How a device measures depth, registered to its colour picture."""

    law: str
    """"none": exact. "stereo": the standard deviation is z^2 subpixel / (f baseline). "constant": it is `deviation`."""
    near: float = 0.0
    """Nothing nearer is measured [m]."""
    far: float = inf
    """Nothing farther is measured [m]."""
    stream: Intrinsics | None = None
    """The depth sensor's own picture: nothing outside it is measured; None: it sees all that the colour camera sees."""
    subpixel: float = 0.0
    """Error of a disparity [pixels]."""
    baseline: float = 0.0
    """Between the two imagers [m]."""
    deviation: float = 0.0
    """Standard deviation at any distance [m]."""

    def rms(self, depth: Floats, width: int, height: int) -> Floats:
        """Return the standard deviation [m] at distances `depth` [m] for a stream of `width` x `height` pixels.

        A stream smaller than the sensor has the shorter focal length of the smaller picture, and so more noise; a
        larger one has no less noise than the sensor.
        """
        if self.law == "stereo" and self.stream is not None:
            focal = min(self.stream.resized(width, height).fx, self.stream.fx)
            return np.asarray(depth**2 * self.subpixel / (focal * self.baseline))
        return np.full_like(depth, self.deviation)

    def measures(self, depth: Floats, seen: Intrinsics) -> NDArray[np.bool_]:
        """Return where the device has a reading, of `depth` (seen.height, seen.width) [m]."""
        within: NDArray[np.bool_] = (depth >= self.near) & (depth <= self.far)
        if self.stream is not None:
            for slopes, focal, size, axis in (
                (seen.slopes()[0], self.stream.fx, self.stream.width, 0),
                (seen.slopes()[1], self.stream.fy, self.stream.height, 1),
            ):
                inside = np.abs(slopes) <= size / 2 / focal
                within &= inside[None, :] if axis == 0 else inside[:, None]
        return within


@dataclass(frozen=True)
class CameraDevice:
    """A product: what it sees, and how it measures depth."""

    name: str
    colour: Intrinsics
    """Nominal, from the field of view, in its largest picture."""
    depth: DepthModel
    confidence: str


@dataclass(frozen=True)
class CameraRow:
    """A camera of a rig."""

    name: str
    device: CameraDevice
    body: str
    """The link that carries it, with its side; empty: it stands in the cell."""
    position: Vector
    """Of the optical frame in the link's or the cell's frame [m]."""
    quaternion: Vector
    """Of the optical frame there, wxyz."""
    intrinsics: Intrinsics
    """Of its stream."""
    confidence: str
    """Of where it stands."""

    def rms(self, depth: Floats) -> Floats:
        """Return the standard deviation of its depth [m] at distances `depth` [m]."""
        return self.device.depth.rms(depth, self.intrinsics.width, self.intrinsics.height)


def look_at(position: Vector, target: Vector, up: Vector = (0.0, 0.0, 1.0)) -> Vector:
    """Return the wxyz orientation of an optical frame at `position` that has `target` on its axis and `up` up."""
    forward = np.subtract(target, position)
    right = np.cross(forward, up)
    if not np.linalg.norm(right) > 1e-9 * np.linalg.norm(forward):
        raise ValueError("what is looked at must lie neither at the camera nor straight up or down from it")
    forward, right = forward / np.linalg.norm(forward), right / np.linalg.norm(right)
    turn = np.column_stack([right, np.cross(forward, right), forward])
    return tuple(matrix_quaternion(turn).tolist())
