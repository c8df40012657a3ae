"""What becomes of exact depth in a device, and points from depth."""

import zlib

import numpy as np

from dexbench.core.camera import CameraRow, Floats, Intrinsics
from dexbench.core.schema import Array

UNMEASURED = 0.0
"""Depth where a device has no reading [m]."""


def measured(depth: Array, camera: CameraRow, seen: Intrinsics, seed: int, step: int) -> Array:
    """Return depth (height, width) [m] as the camera's device measures it; UNMEASURED where it does not.

    Each pixel errs on its own. The errors depend on the trial's seed, the control step and the camera's name, and on
    nothing else: looking twice shows the same picture.

    Args:
      depth: exact [m].
      camera: whose device measures.
      seen: intrinsics of the picture.
      seed: of the trial.
      step: control periods since the episode began.
    """
    model = camera.device.depth
    if model.law == "none":
        return depth
    exact = depth.astype(np.float64)
    rng = np.random.default_rng((seed, step, zlib.crc32(camera.name.encode())))
    noisy = exact + camera.rms(exact) * rng.standard_normal(exact.shape)
    return np.where(model.measures(exact, seen), np.maximum(noisy, model.near), UNMEASURED).astype(np.float32)


def subsample(points: Floats, valid: Array, count: int, nothing: Floats) -> Array:
    """Return (count, 3) float32 of the `points` (height, width, 3) that are `valid`, evenly spread over the pixels.

    Where there are fewer than asked for, they are repeated; where there are none, all are `nothing` (3,).
    """
    chosen = points[valid]
    if not len(chosen):
        return np.tile(nothing, (count, 1)).astype(np.float32)
    places = (np.arange(count) * len(chosen)) // count
    return np.asarray(chosen[places], np.float32)
