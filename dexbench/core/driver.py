"""The driver's contract: one robot with its own clock, behind which a bus, a network or a simulation may lie."""

from dataclasses import dataclass
from typing import Protocol

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array, Observation


@dataclass(frozen=True)
class Reading:
    """What a driver reports."""

    stamp: float
    """Device time of the newest sample [s]."""
    fields: Observation
    """Observation fields that this device supplies, each with a leading axis of 1."""


class Driver(Protocol):
    """One device. It speaks the embodiment's joint names and radians; order and units of the wire end inside it."""

    name: str

    def connect(self) -> None:
        """Open the link; raise SafetyError if the device is not ready to move."""

    def read(self) -> Reading:
        """Return the newest reading without waiting."""

    def write(self, setpoint: Array) -> Array:
        """Send joint setpoints (actuators,) [rad] and return what was really sent."""

    def hold(self) -> None:
        """Keep the present setpoint until the next write."""

    def stop(self) -> None:
        """Stop streaming by the device's own means. Idempotent, callable at any time."""

    def disconnect(self) -> None:
        """Close the link. Idempotent."""

    @property
    def embodiment(self) -> Embodiment:
        """The robot behind this driver."""
