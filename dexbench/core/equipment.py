"""What a robot is equipped with: joints to measure, actuators to command, touch pads, arms with hands."""

from dataclasses import dataclass

from dexbench.core.mechanism import Mechanism, Vector


@dataclass(frozen=True)
class Joint:
    """A joint that can be measured."""

    name: str
    """With its side: "right/elbow_joint"."""
    side: str
    part: str
    """"arm" or "hand"."""
    lower: float
    """Maker's range [rad]."""
    upper: float
    velocity: float
    """Maker's speed limit [rad/s]."""
    effort: float
    """Maker's torque limit [N m]."""


@dataclass(frozen=True)
class Actuator:
    """Something that can be commanded: the angle of a joint, or the sum of two."""

    name: str
    side: str
    part: str
    joints: tuple[str, ...]
    """Names of the joints whose sum is commanded."""
    lower: float
    """Maker's range [rad]; what may be commanded is in the embodiment's `limits`."""
    upper: float
    unit: str = "rad"


@dataclass(frozen=True)
class Pad:
    """A touch pad: a lattice of taxels on a fingertip."""

    name: str
    """"right/index" """
    side: str
    finger: str
    """"thumb", "index", "middle", "ring" or "little"."""
    link: str
    """Body that carries it, with its side."""
    rows: int
    columns: int
    pitch: float
    """Distance of neighbouring taxels [m]."""
    position: Vector
    """Centre of the lattice in the link frame [m]."""
    quaternion: Vector
    """wxyz in the link frame: z out of the pad, y distal (along a column of taxels), x across."""
    range: float
    """Saturation of a taxel [N]."""
    rate: float
    """[Hz]"""
    noise: float
    """Standard deviation of a taxel [N]."""
    confidence: str
    """"exact", "derived" or "estimated"."""


@dataclass(frozen=True)
class Side:
    """One arm with its hand."""

    name: str
    arm: Mechanism
    hand: Mechanism
    """Mirrored already where this is the left side of a handed hand."""
    base_position: Vector
    """Of the arm's root in the cell frame [m]."""
    base_rpy: Vector
    mount_position: Vector
    """Of the hand's root in the arm's mounting frame [m]."""
    mount_rpy: Vector
    mount_frame: str
    """The arm's frame that carries the hand."""
