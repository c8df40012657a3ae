"""An arm or a hand as data: joints, links, shapes, motors, couplings and touch pads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import atan2, cos, hypot, sin
from types import MappingProxyType

from dexbench.core.document import Node
from dexbench.core.errors import DataError
from dexbench.core.touch_model import TouchModel
from dexbench.core.triangles import Triangles

Vector = tuple[float, ...]


@dataclass(frozen=True)
class JointRow:
    """A joint and its child frame: parent · T(xyz, rpy), then a turn about `axis` (URDF's convention)."""

    name: str
    parent: str
    child: str
    xyz: Vector
    """[m]"""
    rpy: Vector
    """Fixed-axis roll, pitch, yaw [rad]."""
    axis: Vector | None
    """Unit vector in the child frame; None where the child is fixed to the parent."""
    lower: float = 0.0
    """[rad]"""
    upper: float = 0.0
    """[rad]"""
    velocity: float = 0.0
    """Maker's speed limit [rad/s]."""
    effort: float = 0.0
    """Maker's torque limit [N m]."""
    armature: float = 0.0
    """[kg m^2]"""
    damping: float = 0.0
    """[N m s/rad]"""
    friction: float = 0.0
    """Dry friction [N m]."""


@dataclass(frozen=True)
class LinkRow:
    """A rigid body. Its inertia is that of a solid box of the same mass about the centre: an estimate."""

    name: str
    mass: float
    """[kg]"""
    com: Vector
    """Centre of mass in the link frame [m]."""
    box: Vector
    """Edge lengths of the box along the link's axes [m]."""


@dataclass(frozen=True)
class FrameRow:
    """A named frame on a link, for example a fingertip; may carry the mass of a small fixed part."""

    name: str
    link: str
    xyz: Vector
    rpy: Vector
    mass: float
    """[kg], at the frame's origin."""


@dataclass(frozen=True)
class ShapeRow:
    """A shape on a link, for collision or for the eye."""

    link: str
    kind: str
    """"box", "capsule", "cylinder", "sphere", "ellipsoid", "loft" or "mesh"."""
    size: Vector
    """Half lengths and radii as MuJoCo orders them [m]; empty for a loft or a mesh."""
    xyz: Vector
    rpy: Vector
    material: str
    sections: tuple[Vector, ...] = ()
    """Of a loft, along z: [z, half x, half y, exponent, centre x, centre y] of a superellipse."""
    mesh: Triangles | None = None
    """Of a mesh; what touches it is its convex hull."""


@dataclass(frozen=True)
class MotorRow:
    """A position servo on the sum of the angles of its joints."""

    name: str
    role: str
    """What it moves, one of roles.ROLES: "index/flexion"; empty for an arm's."""
    joints: tuple[str, ...]
    lower: float
    """Commandable [rad]."""
    upper: float
    kp: float
    """[N m/rad]"""
    kv: float
    """[N m s/rad]"""
    force: float
    """Largest torque in simulation [N m]."""


@dataclass(frozen=True)
class CouplingRow:
    """The rule `smaller` <= `larger` between two joint angles, with a light spring that draws them together."""

    smaller: str
    larger: str
    stiffness: float
    """Of the difference [N m/rad]."""
    damping: float
    """[N m s/rad]"""
    armature: float
    """[kg m^2]"""


@dataclass(frozen=True)
class FollowerRow:
    """A joint without a motor that a linkage moves: angle = multiplier * angle of `master` + offset."""

    joint: str
    master: str
    multiplier: float
    offset: float
    """[rad]"""


@dataclass(frozen=True)
class FingerRow:
    """A finger in the words of dexbench.core.roles."""

    finger: str
    tip: str
    """Name of the frame at its tip."""
    links: Mapping[str, str]
    """Link by phalanx, from the palm to the tip."""


@dataclass(frozen=True)
class ParameterRow:
    """A factor on numbers that nobody published."""

    name: str
    scales: str
    """"length" (links as a whole), "coupling" (followers' multipliers) or "mass" (of links)."""
    of: tuple[str, ...]
    """Names of links, or of the joints that follow."""
    prior: float
    """Most plausible factor; 1 is what the file says."""
    lower: float
    """Of the range in which to randomise it."""
    upper: float


@dataclass(frozen=True)
class PadRow:
    """Where a finger presses: z points out of the skin, y distally, x across. Touch may be fitted there."""

    finger: str
    link: str
    xyz: Vector
    """Centre on the collision surface [m]."""
    rpy: Vector


@dataclass(frozen=True)
class Mechanism:
    """A whole arm or hand, in its maker's names."""

    name: str
    root: str
    joints: tuple[JointRow, ...]
    """Parents before children, fixed rows among them."""
    links: Mapping[str, LinkRow]
    frames: tuple[FrameRow, ...]
    collision: tuple[ShapeRow, ...]
    visual: tuple[ShapeRow, ...]
    materials: Mapping[str, Vector]
    """Colour (red, green, blue, alpha) by name."""
    excludes: tuple[tuple[str, str], ...]
    """Pairs of links that never collide."""
    motors: tuple[MotorRow, ...]
    couplings: tuple[CouplingRow, ...]
    followers: tuple[FollowerRow, ...]
    fingers: tuple[FingerRow, ...]
    """Of a hand, in the order of roles.FINGERS."""
    parameters: tuple[ParameterRow, ...]
    pads: tuple[PadRow, ...]
    touch: Mapping[str, TouchModel]
    """What can be fitted on the pads, by name."""
    fitted: str
    """What is fitted, one of `touch`; empty for nothing."""
    friction: Vector
    """Sliding [1], torsional [m], rolling [m]."""
    solref: Vector
    """Contact softness as MuJoCo has it: time constant [s], damping ratio."""
    solimp: Vector
    mount: tuple[Vector, Vector]
    """Of a hand: its root in the arm's flange frame, position [m] and roll, pitch, yaw [rad]."""
    rest: Mapping[str, float]
    """Of a hand: resting commands by motor [rad]; a motor that is not named rests as near to zero as it can."""
    mirror: int | None
    """The other side is this one's mirror image about x = 0 (0), y = 0 (1) or z = 0 (2) of every link; None: it is the
    same."""
    checks: Node
    """What the compiled model is compared with; read by dexbench.robots.check."""

    @property
    def moving(self) -> tuple[JointRow, ...]:
        """The joints that turn, in order."""
        return tuple(j for j in self.joints if j.axis is not None)

    @property
    def handed(self) -> bool:
        """Whether left and right differ."""
        return self.mirror is not None


def mirrored(mechanism: Mechanism) -> Mechanism:
    """Return the mirror image of a handed mechanism: same joint values, mirrored poses.

    With M the reflection, for example diag(-1, 1, 1): positions become M p; rotations M R M, which keeps the angle
    about the mirror's normal and turns the two others round; an axis is a pseudovector, so it becomes -M a. Frames and
    pads become M R M', M' being the reflection of that own axis which lies across the mirror (of a pad: x), so that y
    still points along the finger and z out of the skin.
    """
    if mechanism.mirror is None:
        return mechanism
    normal = mechanism.mirror
    flip = tuple(-1.0 if i == normal else 1.0 for i in range(3))

    def place(xyz: Vector) -> Vector:
        return tuple(f * x for f, x in zip(flip, xyz, strict=True))

    def turn(pseudovector: Vector) -> Vector:
        return tuple(-f * x for f, x in zip(flip, pseudovector, strict=True))

    def frame(row: FrameRow) -> FrameRow:
        across = max(range(3), key=lambda i: abs(_matrix(row.rpy)[normal][i]))
        return replace(row, xyz=place(row.xyz), rpy=_flipped(turn(row.rpy), normal, across))

    def pad(row: PadRow) -> PadRow:
        return replace(row, xyz=place(row.xyz), rpy=_flipped(turn(row.rpy), normal, 0))

    def joint(row: JointRow) -> JointRow:
        axis = None if row.axis is None else turn(row.axis)
        return replace(row, xyz=place(row.xyz), rpy=turn(row.rpy), axis=axis)

    def section(values: Vector) -> Vector:
        return (*values[:4], values[4] * (-1 if normal == 0 else 1), values[5] * (-1 if normal == 1 else 1))

    def shape(row: ShapeRow) -> ShapeRow:
        if row.sections and normal == 2:
            raise DataError(f"{mechanism.name}: a loft runs along z and cannot be mirrored about z = 0")
        mesh = None if row.mesh is None else row.mesh.scaled(*flip)
        return replace(
            row, xyz=place(row.xyz), rpy=turn(row.rpy), sections=tuple(map(section, row.sections)), mesh=mesh
        )

    links = {name: replace(link, com=place(link.com)) for name, link in mechanism.links.items()}
    return replace(
        mechanism,
        joints=tuple(map(joint, mechanism.joints)),
        links=MappingProxyType(links),
        frames=tuple(map(frame, mechanism.frames)),
        collision=tuple(map(shape, mechanism.collision)),
        visual=tuple(map(shape, mechanism.visual)),
        pads=tuple(map(pad, mechanism.pads)),
    )


def _flipped(rpy: Vector, first: int, second: int) -> Vector:
    """Return `rpy` with its own axes `first` and `second`, where they are two, turned round."""
    if first == second:
        return rpy
    r = [[-v if i in (first, second) else v for i, v in enumerate(row)] for row in _matrix(rpy)]
    return atan2(r[2][1], r[2][2]), atan2(-r[2][0], hypot(r[0][0], r[1][0])), atan2(r[1][0], r[0][0])


def _matrix(rpy: Vector) -> list[list[float]]:
    """Return Rz Ry Rx."""
    (a, b, c), (x, y, z) = map(cos, rpy), map(sin, rpy)
    return [
        [c * b, c * y * x - z * a, c * y * a + z * x],
        [z * b, z * y * x + c * a, z * y * a - c * x],
        [-y, b * x, b * a],
    ]
