"""The driver's contract: one cell's robot with its own clock, behind which a bus, a network or a simulation may lie."""

from dataclasses import dataclass
from typing import Protocol

from dexbench.core.embodiment import Embodiment
from dexbench.core.scene import Scene
from dexbench.core.schema import Array, Observation, Schema
from dexbench.core.trial import Trial


@dataclass(frozen=True)
class Reading:
    """What a driver reports."""

    stamp: float
    """Device time of the newest sample [s]; a device that has nothing new repeats it."""
    pose: Array
    """(actuators,) where what is commanded is [rad]."""
    fields: Observation
    """Observation fields that this device supplies, each with a leading axis of 1. Arrays are not used again."""


class Driver(Protocol):
    """One robot. It speaks the embodiment's names, order and radians; order and units of the wire end inside it."""

    name: str

    @property
    def embodiment(self) -> Embodiment:
        """The robot behind this driver."""

    @property
    def observations(self) -> Schema:
        """All fields of this cell in order. The world fills in `setpoint`, an observer may supply objects."""

    @property
    def period(self) -> float:
        """Control period for which it is set up [s]."""

    def connect(self) -> None:
        """Open the link; raise SafetyError if the device is not the configured one. Nothing moves."""

    def start(self) -> Array:
        """Get ready to take setpoints and return the pose (actuators,) [rad] from which they must begin.

        This is the last commanded pose if the device still holds it, otherwise the measured one. Raises SafetyError if
        the device is not ready to move.
        """

    def read(self) -> Reading:
        """Return the newest reading without waiting for a new one."""

    def write(self, setpoints: Array, tick: int) -> Array:
        """Take setpoints (rows, actuators) [rad] and return what is really sent of the first row, (actuators,).

        Row 0 belongs to control period `tick` (counted since start()), row i to period tick + i. Every write replaces
        what is left of the last one; the rows after the first are what the device does if no further write comes in
        time. They bring it to rest inside the limits, and the last one stays in force.
        """

    def stop(self) -> None:
        """Stop taking setpoints by the device's own means. Idempotent, callable at any time."""

    def disconnect(self) -> None:
        """Close the link. Idempotent."""


class Observer(Protocol):
    """Whoever sets the cell out and sees it from outside: a person, a tracker, the simulation behind a loopback."""

    def prepare(self, trial: Trial, cause: str) -> None:
        """Set `trial` out; returning means that the cell is clear and the robot may move.

        Args:
          trial: what to set out.
          cause: of the fault that returning will clear, or "". Raise SafetyError to leave it latched.
        """

    def fields(self) -> Observation:
        """Return the observation fields that the driver does not supply, each with a leading axis of 1."""

    def scene(self) -> Scene:
        """Return what the task judges: a scene of one world. Its `memory` is not used."""
