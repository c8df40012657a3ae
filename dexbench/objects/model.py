"""What an object is: named parts, collision pieces, mass and surface, as plain arrays without any simulator.

Object frame: origin at the centre of the base, z up when the object stands. Positions in metres, quaternions wxyz.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int32]

PART_CLASSES = ("body", "lid-like", "disk-like", "L-shaped", "shaft-like")
"""The four part classes of DexVLG, and "body" for what is held as a whole."""

SHAPES = ("sphere", "capsule", "cylinder", "box", "convex")
"""Collision primitives, with MuJoCo's sizes and axes (z is the axis of capsule and cylinder), and convex hulls."""


@dataclass(frozen=True)
class Part:
    """A named region of an object."""

    name: str
    """For example "handle"; unique within the object."""
    part_class: str
    """One of PART_CLASSES."""


@dataclass(frozen=True)
class Piece:
    """One convex collision shape."""

    shape: str
    """One of SHAPES."""
    size: Array
    """(3,) half sizes as MuJoCo has them: radius; radius, half length; half x, y, z (of a hull, its box's) [m]. Unused
    entries are 0."""
    position: Array
    """(3,) centre in the object frame [m]."""
    quaternion: Array
    """(4,) wxyz, piece to object."""
    part: int
    """Index into ObjectModel.parts."""
    vertices: Array | None = None
    """(corners, 3) of a convex hull in the piece's frame, about its box's middle [m]; None for primitives."""


@dataclass(frozen=True)
class RestPose:
    """One way to lie still on a table."""

    name: str
    """For example "upright"."""
    quaternion: Array
    """(4,) wxyz, object to world; any rotation about the vertical may be put in front of it."""
    height: float
    """Height of the object's origin above the table [m]."""


@dataclass(frozen=True)
class ObjectModel:
    """One instance of a family, for example the mug `mug_03`. Arrays are read-only."""

    name: str
    family: str
    split: str
    """"seen" (free to train on) or "unseen" (for evaluation only)."""
    phrase: str
    """How an instruction calls it, for example "red mug"; unique in the catalogue."""
    words: tuple[str, ...]
    """Names of its category, the usual one first."""
    rgba: Array
    """(4,) colour, 0 to 1."""
    mass: float
    """[kg]"""
    center_of_mass: Array
    """(3,) in the object frame [m]."""
    inertia: Array
    """(3,) principal moments about the centre of mass [kg m^2]."""
    inertia_quaternion: Array
    """(4,) wxyz, principal axes to object frame."""
    friction: Array
    """(3,) sliding [-], torsional [m], rolling [m]."""
    condim: int
    """Contact dimensions: 4 (with torsion), 6 where rolling friction is needed."""
    parts: tuple[Part, ...]
    pieces: tuple[Piece, ...]
    vertices: Array
    """(vertices, 3) of the closed visual mesh [m]."""
    faces: Integers
    """(faces, 3) counter-clockwise seen from outside."""
    face_part: Integers
    """(faces,) part of each face."""
    points: Array
    """(256, 3) spread evenly over the surface [m]; a fixed draw."""
    point_normals: Array
    """(256, 3) outward."""
    point_part: Integers
    """(256,) part of each point."""
    rest: tuple[RestPose, ...]
    """Stable poses on a table; the first is upright."""
    footprint_radius: float
    """Largest distance of the surface from the z axis [m]."""
    height: float
    """Height when standing [m]."""
    color: str = ""
    """Its colour word."""
    kinds: tuple[str, ...] = ()
    """Wider categories than `words`, for example "fruit" (assets/language/kinds.yaml)."""

    def part(self, name: str) -> int:
        """Return the index of the part called `name`."""
        names = [part.name for part in self.parts]
        if name not in names:
            raise KeyError(f"{self.name} has no part {name!r}; it has {', '.join(names)}")
        return names.index(name)
