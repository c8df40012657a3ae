"""Actions about joints: absolute targets, and steps from the last target."""

from typing import Any

import numpy as np

from dexbench.core.action_face import Slot
from dexbench.core.embodiment import Embodiment
from dexbench.core.safety import SafetyFilter
from dexbench.core.schema import Array

SLACK = 2
"""Control periods at full speed that a target may lead further than the safety filter's own lag."""


class JointTarget:
    """Absolute joint targets, what every world takes: nothing is converted."""

    kind = "joint_target"
    settings: tuple[tuple[str, Any], ...] = ()

    def __init__(self, embodiment: Embodiment, period: float) -> None:
        self.embodiment = embodiment
        limits = embodiment.limits
        rows = zip(embodiment.actuators, limits.lower, limits.upper, strict=True)
        self.slots = tuple(Slot(a.name, "rad", "", float(low), float(high)) for a, low, high in rows)

    def prepare(self) -> None:
        pass

    def decode(self, action: Array, last: Array, setpoint: Array) -> tuple[Array, Array]:
        return np.array(action, np.float64), np.ones(len(action), bool)

    def encode(self, target: Array, last: Array) -> Array:
        return np.array(target, np.float64)


class JointDelta:
    """Joint steps [rad a control period], added to the last target.

    They are added to the last target and not to the setpoint, which lags behind it by the safety filter's delay: steps
    from there would move the robot by a fraction of what they say. A step is cut to what the speed limit allows, and
    the target never leads the setpoint by more than it does at full speed, so nothing winds up while a robot stands
    still.
    """

    kind = "joint_delta"
    settings: tuple[tuple[str, Any], ...] = ()

    def __init__(self, embodiment: Embodiment, period: float) -> None:
        self.embodiment = embodiment
        limits = embodiment.limits
        self._lower, self._upper = limits.lower, limits.upper
        self._step = limits.velocity * period
        self._lead = limits.velocity * (SafetyFilter(limits, 1, period).lag + SLACK * period)
        rows = zip(embodiment.actuators, self._step, strict=True)
        self.slots = tuple(Slot(a.name, "rad", "", -float(step), float(step)) for a, step in rows)

    def prepare(self) -> None:
        pass

    def decode(self, action: Array, last: Array, setpoint: Array) -> tuple[Array, Array]:
        step = np.clip(action, -self._step, self._step)
        target = last + np.where(np.isfinite(action), step, np.nan)  # what is not finite is the filter's to refuse
        target = np.clip(target, setpoint - self._lead, setpoint + self._lead)
        return np.clip(target, self._lower, self._upper), np.ones(len(action), bool)

    def encode(self, target: Array, last: Array) -> Array:
        return np.asarray(target - last)
