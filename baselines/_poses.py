"""Poses as seven numbers: position [m] and orientation wxyz."""

import mujoco
import numpy as np

from dexbench.core.schema import Array


def compose(first: Array, second: Array) -> Array:
    """Return (7,) the pose `second`, given in the frame `first`, in the frame in which `first` is given."""
    found = np.empty(7)
    a, b = np.asarray(first, float), np.asarray(second, float)
    mujoco.mju_mulPose(found[:3], found[3:], a[:3], a[3:], b[:3], b[3:])
    return found


def inverse(pose: Array) -> Array:
    """Return (7,) the pose of the outer frame in the frame `pose`."""
    found, own = np.empty(7), np.asarray(pose, float)
    mujoco.mju_negPose(found[:3], found[3:], own[:3], own[3:])
    return found


def turned(quaternion: Array, angle: float) -> Array:
    """Return (4,) an orientation turned by `angle` about the vertical [rad]."""
    found = np.empty(4)
    spin = np.array([np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)])
    mujoco.mju_mulQuat(found, spin, np.asarray(quaternion, float))
    return found


def upright(quaternion: Array) -> Array:
    """Return the nearest orientation (4,) that stands upright, with the same heading."""
    heading = quaternion * np.array([1.0, 0.0, 0.0, 1.0])
    return np.asarray(heading / np.linalg.norm(heading))


def quaternion_of(turn: Array) -> Array:
    """Return (4,) wxyz of a rotation (3, 3)."""
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(turn).ravel())
    return quaternion


def between(start: Array, end: Array, share: float) -> Array:
    """Return the orientation (4,) that lies the given share of the shorter way from `start` to `end`."""
    back, difference, vector, step, found = np.empty(4), np.empty(4), np.empty(3), np.empty(4), np.empty(4)
    mujoco.mju_negQuat(back, np.asarray(start, float))
    mujoco.mju_mulQuat(difference, back, np.asarray(end, float))
    mujoco.mju_quat2Vel(vector, difference, 1.0)
    angle = float(np.linalg.norm(vector))
    if angle < 1e-9:
        return np.asarray(start, float)
    mujoco.mju_axisAngle2Quat(step, vector / angle, share * angle)
    mujoco.mju_mulQuat(found, np.asarray(start, float), step)
    return found
