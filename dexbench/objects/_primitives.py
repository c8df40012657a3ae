"""Volume, inertia and extent of convex primitives."""

import numpy as np

from dexbench.core.rotations import quaternion_matrix

from .model import Array


def volume(shape: str, size: Array) -> float:
    """Return the volume of a primitive with MuJoCo's sizes [m^3]."""
    a, b, c = (float(v) for v in size)
    return {
        "sphere": 4 / 3 * np.pi * a**3,
        "cylinder": 2 * np.pi * a**2 * b,
        "capsule": 2 * np.pi * a**2 * b + 4 / 3 * np.pi * a**3,
        "box": 8 * a * b * c,
    }[shape]


def moments(shape: str, size: Array) -> Array:
    """Return (3,) the principal moments of a primitive of mass 1 about its centre [m^2]."""
    a, b, c = (float(v) for v in size)
    if shape == "box":
        return np.array([b * b + c * c, a * a + c * c, a * a + b * b]) / 3
    if shape == "sphere":
        return np.full(3, 0.4 * a * a)
    if shape == "cylinder":
        across = a * a / 4 + b * b / 3
        return np.array([across, across, a * a / 2])
    ends = 4 / 3 * np.pi * a**3 / volume("capsule", size)
    rod, balls = (1 - ends), ends
    # the two half balls: the moment about their own middle, moved by 3/8 a to the cut, and by half the length
    across = rod * (a * a / 4 + b * b / 3) + balls * (0.4 * a * a + b * b + 0.75 * a * b)
    along = rod * a * a / 2 + balls * 0.4 * a * a
    return np.array([across, across, along])


def reach(shape: str, size: Array, turn: Array) -> Array:
    """Return (3,) half the extent along the axes [m] of a primitive turned by the matrix `turn` (3, 3)."""
    a, b, _ = (float(v) for v in size)
    if shape == "box":
        return np.asarray(np.abs(turn) @ size)
    if shape == "sphere":
        return np.full(3, a)
    along = np.abs(turn[:, 2])
    if shape == "capsule":
        return np.asarray(b * along + a)
    return np.asarray(b * along + a * np.sqrt(np.maximum(0.0, 1 - along**2)))


def together(pieces: list[tuple[str, Array, Array, Array]], mass: float) -> tuple[Array, Array]:
    """Return centre (3,) [m] and inertia (3, 3) about it [kg m^2] of pieces of one density that weigh `mass` [kg].

    Args:
      pieces: shape, size, position and quaternion of each; where they overlap, the overlap counts twice.
      mass: of all together [kg].
    """
    volumes = np.array([volume(shape, size) for shape, size, _, _ in pieces])
    shares = mass * volumes / volumes.sum()
    places = np.stack([position for _, _, position, _ in pieces])
    center = shares @ places / mass
    inertia = np.zeros((3, 3))
    for share, (shape, size, position, quaternion) in zip(shares, pieces, strict=True):
        turn = quaternion_matrix(tuple(quaternion))
        arm = position - center
        inertia += share * turn @ np.diag(moments(shape, size)) @ turn.T
        inertia += share * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    return center, inertia
