"""Ways to write a rotation in an action row: a rotation vector, two columns, or roll, pitch and yaw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dexbench.core.forward import rotation_of
from dexbench.core.rotations import matrix_quaternion

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rotation:
    """One way. A rotation is a matrix whose columns are the frame's axes."""

    names: tuple[str, ...]
    unit: str
    bound: float
    """Of the size of each number."""
    write: Callable[[Floats], Floats]
    """From a matrix (3, 3)."""
    read: Callable[[Floats], Floats]
    """To a matrix; not finite where the numbers stand for none."""


def _to_vector(matrix: Floats) -> Floats:
    q = matrix_quaternion(matrix)
    sine = np.sqrt(q[1:] @ q[1:])
    return np.asarray(q[1:] * (2.0 if sine < 1e-12 else 2 * np.arctan2(sine, q[0]) / sine))


def _from_vector(vector: Floats) -> Floats:
    angle = np.sqrt(vector @ vector)
    x, y, z = vector
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    small = angle < 1e-6
    first = 1.0 - angle * angle / 6 if small else np.sin(angle) / angle
    second = 0.5 - angle * angle / 24 if small else (1 - np.cos(angle)) / (angle * angle)
    return np.asarray(np.eye(3) + first * cross + second * cross @ cross)


def _to_columns(matrix: Floats) -> Floats:
    return np.array([*matrix[:, 0], *matrix[:, 1]])


def _from_columns(columns: Floats) -> Floats:
    """Make two columns orthonormal, the first one first; the third follows."""
    first, second = columns[:3], columns[3:]
    with np.errstate(invalid="ignore", divide="ignore"):
        x = first / np.sqrt(first @ first)
        rest = second - (x @ second) * x
        length = np.sqrt(rest @ rest)
        y = rest / length if length > 1e-9 * np.sqrt(second @ second) else np.full(3, np.nan)
    return np.stack([x, y, np.cross(x, y)], axis=1)


def _to_rpy(matrix: Floats) -> Floats:
    pitch = np.arctan2(-matrix[2, 0], np.hypot(matrix[0, 0], matrix[1, 0]))
    if np.hypot(matrix[0, 0], matrix[1, 0]) < 1e-12:  # looking straight up or down: all of the turn is yaw
        return np.array([0.0, pitch, np.arctan2(-matrix[0, 1], matrix[1, 1])])
    return np.array([np.arctan2(matrix[2, 1], matrix[2, 2]), pitch, np.arctan2(matrix[1, 0], matrix[0, 0])])


ROTATIONS: Mapping[str, Rotation] = MappingProxyType(
    {
        "vector": Rotation(("rx", "ry", "rz"), "rad", np.pi, _to_vector, _from_vector),
        "columns": Rotation(("xx", "xy", "xz", "yx", "yy", "yz"), "1", 1.0, _to_columns, _from_columns),
        "rpy": Rotation(
            ("roll", "pitch", "yaw"),
            "rad",
            np.pi,
            _to_rpy,
            lambda v: rotation_of((float(v[0]), float(v[1]), float(v[2]))),
        ),
    }
)
"""By name: rotation vector (axis times angle); the first two columns, x then y (the six numbers that learners like,
since near rotations have near numbers); fixed-axis roll, pitch, yaw (R = Rz Ry Rx)."""
