"""An arm or a hand as data: joints, links, shapes, motors, couplings and touch pads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from dexbench.core.document import Node

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
    """"box", "capsule", "cylinder", "sphere", "ellipsoid" or "loft"."""
    size: Vector
    """Half lengths and radii as MuJoCo orders them [m]; empty for a loft."""
    xyz: Vector
    rpy: Vector
    material: str
    sections: tuple[Vector, ...] = ()
    """Of a loft, along z: [z, half x, half y, exponent, centre x, centre y] of a superellipse."""


@dataclass(frozen=True)
class MotorRow:
    """A position servo on the sum of the angles of its joints."""

    name: str
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
class PadRow:
    """A touch pad: a flat lattice of taxels; z points out of the pad, y (rows) distally, x along columns."""

    finger: str
    link: str
    xyz: Vector
    """Centre on the collision surface [m]."""
    rpy: Vector
    rows: int
    columns: int
    pitch: float
    """Distance of neighbouring taxels [m]."""
    range: float
    """Force at which a taxel saturates [N]."""
    rate: float
    """[Hz]"""
    noise: float
    """Standard deviation of a taxel's reading [N]."""
    confidence: str


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
    pads: tuple[PadRow, ...]
    friction: Vector
    """Sliding [1], torsional [m], rolling [m]."""
    solref: Vector
    """Contact softness as MuJoCo has it: time constant [s], damping ratio."""
    solimp: Vector
    mount: tuple[Vector, Vector]
    """Of a hand: its root in the arm's flange frame, position [m] and roll, pitch, yaw [rad]."""
    rest: Mapping[str, float]
    """Of a hand: resting commands by motor [rad]; a motor that is not named rests as near to zero as it can."""
    handed: bool
    """Whether the other side is this one's mirror image about x = 0 of every link."""
    checks: Node
    """What the compiled model is compared with; read by dexbench.robots.check."""

    @property
    def moving(self) -> tuple[JointRow, ...]:
        """The joints that turn, in order."""
        return tuple(j for j in self.joints if j.axis is not None)


def mirrored(mechanism: Mechanism) -> Mechanism:
    """Return the mirror image about x = 0 of every link frame: same joint values, mirrored poses.

    With M = diag(-1, 1, 1): positions become M p; rotations M R M, that is (roll, -pitch, -yaw); an axis is a
    pseudovector, so it becomes -M a.
    """

    def place(xyz: Vector, rpy: Vector) -> tuple[Vector, Vector]:
        return (-xyz[0], xyz[1], xyz[2]), (rpy[0], -rpy[1], -rpy[2])

    def joint(row: JointRow) -> JointRow:
        xyz, rpy = place(row.xyz, row.rpy)
        axis = None if row.axis is None else (row.axis[0], -row.axis[1], -row.axis[2])
        return replace(row, xyz=xyz, rpy=rpy, axis=axis)

    def shape(row: ShapeRow) -> ShapeRow:
        xyz, rpy = place(row.xyz, row.rpy)
        return replace(row, xyz=xyz, rpy=rpy, sections=tuple((*s[:4], -s[4], s[5]) for s in row.sections))

    def frame(row: FrameRow) -> FrameRow:
        xyz, rpy = place(row.xyz, row.rpy)
        return replace(row, xyz=xyz, rpy=rpy)

    def pad(row: PadRow) -> PadRow:
        xyz, rpy = place(row.xyz, row.rpy)
        return replace(row, xyz=xyz, rpy=rpy)

    links = {n: replace(k, com=place(k.com, k.com)[0]) for n, k in mechanism.links.items()}
    return replace(
        mechanism,
        joints=tuple(map(joint, mechanism.joints)),
        links=MappingProxyType(links),
        frames=tuple(map(frame, mechanism.frames)),
        collision=tuple(map(shape, mechanism.collision)),
        visual=tuple(map(shape, mechanism.visual)),
        pads=tuple(map(pad, mechanism.pads)),
    )
