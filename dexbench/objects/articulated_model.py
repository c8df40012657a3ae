"""Objects with joints, and furniture: drawers, a jar with a lid that screws, tongs, a basket; arrays, no simulator.

An articulated object is a tree of links. Its frame is that of its root: standing at height 0 with the identity as its
orientation, it stands (or lies) on the table as it should. Positions in metres, angles in radians, quaternions wxyz.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .model import Array

BASES = ("fixed", "free")
"""Whether the root stands where the trial puts it, or lies there and can be carried away."""
JOINT_TYPES = ("slide", "hinge")
GRIP_KINDS = ("bar", "knob", "button", "trigger")
"""A bar is hooked or wrapped, a knob grasped from its end and turned, a button pressed, a trigger pulled."""


@dataclass(frozen=True)
class LinkPiece:
    """One shape on a link: a convex primitive that is seen and touched, or a turned surface that is only seen."""

    shape: str
    """One of model.SHAPES, or "turned"."""
    size: Array
    """(3,) half sizes as MuJoCo has them [m]; zeros for a turned surface."""
    position: Array
    """(3,) centre in the link frame [m]."""
    quaternion: Array
    """(4,) wxyz, piece to link."""
    rgba: Array
    """(4,) colour, 0 to 1."""
    friction: Array
    """(3,) sliding [-], torsional [m], rolling [m]."""
    felt: bool
    """Whether it collides and weighs."""
    seen: bool
    bevel: float
    """Rounding of the edges of a box or a cylinder in the picture [m]; 0: none."""
    profile: Array
    """(loops, 2) radius and height of a turned surface [m], from the bottom outwards and up; (0, 2) otherwise."""


@dataclass(frozen=True)
class LinkJoint:
    """One way in which a link moves against its parent."""

    name: str
    type: str
    """One of JOINT_TYPES."""
    axis: Array
    """(3,) unit vector in the link frame."""
    anchor: Array
    """(3,) a point on the axis of a hinge, in the link frame [m]."""
    range: tuple[float, float]
    """[m] or [rad]"""
    rest: float
    """Where it is unless a trial says otherwise [m] or [rad]."""
    damping: float
    """[N s/m] or [N m s/rad]"""
    armature: float
    """Inertia along the joint beside that of the link [kg] or [kg m^2]: steps of 4 ms are long for a spring and 4 g."""
    frictionloss: float
    """Dry friction [N] or [N m]."""
    stiffness: float
    """Of its spring [N/m] or [N m/rad]; 0: none."""
    spring: float
    """Position at which the spring is slack, often outside the range: a preload [m] or [rad]."""
    effort: float
    """The force [N] or torque [N m] along the joint that is stated to move it through its whole range."""


@dataclass(frozen=True)
class Link:
    """One rigid body of the tree."""

    name: str
    parent: str
    """Name of a link that comes before it; empty for the root."""
    position: Array
    """(3,) of its frame in the parent's with all joints at 0 [m]; zeros for the root."""
    quaternion: Array
    """(4,) wxyz, likewise."""
    mass: float
    """[kg]"""
    center_of_mass: Array
    """(3,) in the link frame [m]."""
    inertia: Array
    """(3, 3) about the centre of mass in the link frame [kg m^2]: of the pieces, filled evenly."""
    joints: tuple[LinkJoint, ...]
    """In the order of the file; a screw has a slide and a hinge."""
    pieces: tuple[LinkPiece, ...]


@dataclass(frozen=True)
class Coupling:
    """A gear between two joints: follower = multiplier * master + offset."""

    follower: str
    master: str
    multiplier: float
    offset: float


@dataclass(frozen=True)
class Region:
    """A box-shaped place on a link that a task can judge with, for example the inside of a drawer."""

    name: str
    link: str
    position: Array
    """(3,) centre in the link frame [m]."""
    quaternion: Array
    """(4,) wxyz, region to link."""
    half: Array
    """(3,) half sizes [m]."""

    def contains(self, points: Array, link_position: Array, link_quaternion: Array) -> NDArray[np.bool_]:
        """Return (...) whether points are inside.

        Args:
          points: (..., 3) in the world [m].
          link_position: (..., 3) of the region's link [m].
          link_quaternion: (..., 4) wxyz.
        """
        local = _back(link_quaternion, points - link_position) - self.position
        return np.asarray((np.abs(_back(self.quaternion, local)) <= self.half).all(axis=-1))


@dataclass(frozen=True)
class Grip:
    """A place for a hand.

    Its z axis points out to where the hand comes from. A bar runs along x, a knob is round about z; a button is pressed
    and a trigger pulled along -z.
    """

    name: str
    link: str
    kind: str
    """One of GRIP_KINDS."""
    position: Array
    """(3,) centre in the link frame [m]."""
    quaternion: Array
    """(4,) wxyz, grip to link."""
    radius: float
    """Of a bar or knob; half the width of a button or trigger [m]."""
    length: float
    """Along x, of a knob along z [m]."""
    clearance: float
    """Free room behind a bar for fingers, along -z from its surface [m]; 0 where there is none."""


@dataclass(frozen=True)
class ArticulatedModel:
    """One articulated object, or a piece of furniture without joints. Arrays are read-only."""

    name: str
    noun: str
    words: tuple[str, ...]
    """Names of its category, the usual one first."""
    base: str
    """One of BASES."""
    condim: int
    """Contact dimensions of its pieces."""
    links: tuple[Link, ...]
    """Root first, parents before children, depth first: the order of the bodies in a model."""
    couplings: tuple[Coupling, ...]
    regions: tuple[Region, ...]
    grips: tuple[Grip, ...]
    lower: Array
    """(3,) least corner of what can be touched, joints at rest, in the root's frame [m]."""
    upper: Array
    """(3,) greatest corner [m]."""

    @property
    def joints(self) -> tuple[LinkJoint, ...]:
        """All joints, link by link: the order of Setting.joints."""
        return tuple(joint for link in self.links for joint in link.joints)

    @property
    def bodies(self) -> tuple[str, ...]:
        """Names of its bodies in a model, root first: "cabinet", "cabinet/drawer_top"."""
        return (self.name, *(f"{self.name}/{link.name}" for link in self.links[1:]))

    @property
    def footprint_radius(self) -> float:
        """Distance of the farthest corner from the root's z axis, joints at rest [m]."""
        return float(np.hypot(*np.maximum(np.abs(self.lower[:2]), np.abs(self.upper[:2]))))

    def link(self, name: str) -> int:
        """Return the index of the link called `name`."""
        return _find(name, [link.name for link in self.links], self.name, "link")

    def joint(self, name: str) -> LinkJoint:
        """Return the joint called `name`."""
        return self.joints[_find(name, [joint.name for joint in self.joints], self.name, "joint")]

    def region(self, name: str) -> Region:
        """Return the region called `name`."""
        return self.regions[_find(name, [region.name for region in self.regions], self.name, "region")]

    def grip(self, name: str) -> Grip:
        """Return the grip called `name`."""
        return self.grips[_find(name, [grip.name for grip in self.grips], self.name, "grip")]

    def body(self, link: str) -> str:
        """Return the name in a model of the body of `link`."""
        return self.bodies[self.link(link)]


def _find(name: str, names: list[str], owner: str, what: str) -> int:
    if name not in names:
        raise KeyError(f"{owner} has no {what} {name!r}; it has {', '.join(names) or 'none'}")
    return names.index(name)


def _back(quaternion: Array, vectors: Array) -> Array:
    """Return `vectors` (..., 3) turned by the inverse of `quaternion` (..., 4)."""
    w, v = quaternion[..., :1], -quaternion[..., 1:]
    t = 2 * np.cross(v, vectors)
    turned: Array = vectors + w * t + np.cross(v, t)
    return turned
