"""What a robot is equipped with: joints to measure, actuators to command, touch pads, arms with hands."""

from dataclasses import dataclass

from dexbench.core.mechanism import Mechanism, Vector
from dexbench.core.touch_model import TouchModel


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
    role: str
    """What it moves, without the side, one of roles.ROLES: "index/flexion"; empty for an arm's."""
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
    position: Vector
    """Centre of the lattice in the link frame [m]."""
    quaternion: Vector
    """wxyz in the link frame: z out of the pad, y distal (along a column of taxels), x across."""
    model: TouchModel
    """What is fitted on it."""

    @property
    def rows(self) -> int:
        """Taxels along the finger."""
        return self.model.rows

    @property
    def columns(self) -> int:
        """Taxels across."""
        return self.model.columns

    @property
    def pitch(self) -> float:
        """Distance of neighbouring taxels [m]."""
        return self.model.pitch


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
