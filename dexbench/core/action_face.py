"""What the numbers of an action may mean besides joint targets, and how a loop turns them into joint targets.

A face is pure: a row of one world is converted from that row alone. What must be remembered between two steps, the
last target, is kept by the loop, in a `Conversion`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from dexbench.core.agent import ActionSpec
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import ActionError
from dexbench.core.schema import Array, Observation

SETPOINT = "setpoint"
"""The observation field that a conversion reads."""


@dataclass(frozen=True)
class Slot:
    """One number of an action row."""

    name: str
    """With its side: "right/FFJ3", "right/palm/x"."""
    unit: str
    frame: str
    """Frame the number is expressed in, or "" where none applies."""
    lower: float
    upper: float


class ActionFace(Protocol):
    """One meaning of an action row. Arrays have a row for each world; no row looks at another."""

    kind: str
    """Its name."""
    embodiment: Embodiment
    slots: tuple[Slot, ...]
    """What the numbers are, in order."""
    settings: tuple[tuple[str, Any], ...]
    """Choices that differ from the defaults."""

    def prepare(self) -> None:
        """Load what decode() needs, so that no control period is spent on it. A declaration needs nothing of it."""

    def decode(self, action: Array, last: Array, setpoint: Array) -> tuple[Array, Array]:
        """Return joint targets, and whether each row could be met.

        Args:
          action: (k, slots).
          last: (k, actuators) targets of the step before, inside the position limits [rad].
          setpoint: (k, actuators) what was last sent to the motors [rad]; it lags behind `last`.

        Returns:
          (k, actuators) joint targets [rad], not finite where the action is not, and (k,) bool: false where the nearest
          that the robot can do was taken instead.
        """

    def encode(self, target: Array, last: Array) -> Array:
        """Return the action (k, slots) that asks for joint targets (k, actuators) [rad] after `last`, likewise."""


def declaration(face: ActionFace, rate_hz: float) -> ActionSpec:
    """Return what an agent declares that acts through `face` at `rate_hz`."""
    units = dict.fromkeys(s.unit for s in face.slots)
    frames = dict.fromkeys(s.frame for s in face.slots if s.frame)
    names = tuple(s.name for s in face.slots)
    return ActionSpec(names, rate_hz, face.kind, ", ".join(units), ", ".join(frames), face.settings)


class Conversion:
    """Turns the actions of n worlds into joint targets, each world with its own memory."""

    def __init__(self, face: ActionFace, n: int) -> None:
        self.face = face
        face.prepare()
        limits = face.embodiment.limits
        self._lower, self._upper = limits.lower, limits.upper
        self._last = np.zeros((n, len(limits.lower)))
        self.unmet = np.zeros(n, np.int64)
        """(n,) actions of the episode that the robot could not do, so that the nearest was done."""

    def reset(self, observation: Observation, worlds: Sequence[int] | Array) -> None:
        """Begin episodes in `worlds`, seen in `observation` (rows as in `worlds`)."""
        ids = np.asarray(worlds)
        self._last[ids] = np.clip(observation[SETPOINT], self._lower, self._upper)
        self.unmet[ids] = 0

    def __call__(self, action: Array, observation: Observation, worlds: Sequence[int] | Array) -> Array:
        """Return joint targets (len(worlds), actuators) [rad] for `action` (len(worlds), slots).

        Raises:
          ActionError: another shape or type.
        """
        ids = np.asarray(worlds)
        action, shape = np.asarray(action), (len(ids), len(self.face.slots))
        if action.shape != shape or action.dtype.kind not in "fiu":
            raise ActionError(
                f"an action of shape {action.shape} and type {action.dtype} was given to face {self.face.kind!r}; "
                f"{shape} and floating point numbers are expected"
            )
        action = action.astype(np.float64)
        last: Array = self._last[ids]
        target, met = self.face.decode(action, last, observation[SETPOINT].astype(np.float64))
        finite = np.asarray(np.isfinite(target).all(axis=1))
        self._last[ids] = np.where(finite[:, None], np.clip(target, self._lower, self._upper), last)
        self.unmet[ids] += finite & ~met
        return target
