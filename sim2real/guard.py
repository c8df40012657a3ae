"""What a real cell watches for, and what it has counted."""

from dataclasses import dataclass, fields
from math import isfinite

from dexbench.core.errors import SafetyError


@dataclass(frozen=True)
class Guard:
    """Thresholds. Every one is a positive, finite number: they can be moved, not taken away.

    None of this is a safety function in the sense of ISO 10218 or ISO 13849.
    """

    ramp: float = 2.0
    """Reduced speed for so long at the start of every episode [s]. It changes what is measured: say so in a result."""
    ramp_speed: float = 0.2
    """Share of the filter's speed limits while ramping: 10 % of the maker's where those are 50 %."""
    age: float = 0.1
    """Age of the newest good reading that leads to HOLD [s]."""
    age_stop: float = 0.5
    """Age that leads to STOP [s]."""
    action_timeout: float = 0.25
    """Silence of the agent after which the motion is braked [s]; two control periods if those are shorter."""
    hold_max: float = 1.0
    """Silence beyond that which leads to STOP [s]."""
    overrun_hold: float = 0.05
    """Delay of driver and world behind a tick that leads to HOLD [s]; so do five delays of a period in a row."""
    overrun_stop: float = 0.2
    """Delay that leads to STOP [s]."""
    bad_in_row: int = 3
    """Broken readings, or actions that are not finite, in a row that lead to STOP."""
    jump: float = 0.3
    """Change of a joint between two readings, beyond what twice the speed limits allow, that is not believed [rad]."""
    tracking: float = 0.1
    """Distance of an arm joint from everywhere it was told to be in the last 0.2 s that is too far [rad]."""
    tracking_time: float = 0.1
    """For so long [s]. Fingers may be held up by what they grasp: they are counted, not stopped."""
    start: float = 0.1
    """A start may lie so far outside the position limits [rad]; farther is taken for a wrong unit or zero."""

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if not isfinite(value) or value < 0 or (value == 0 and f.name != "ramp"):
                raise SafetyError(f"guard {f.name!r} is {value}: a positive, finite number is expected")
        if self.ramp_speed > 1 or self.age_stop < self.age or self.overrun_stop < self.overrun_hold:
            raise SafetyError("a guard stops before it holds, or ramps faster than it runs")


@dataclass
class Report:
    """Counts since the last reset."""

    periods: int = 0
    """Control periods in which a setpoint was written."""
    late: int = 0
    """Actions that came after their period was over."""
    missed: int = 0
    """Control periods that passed without an action; the device went on by what it had been given ahead."""
    lateness: float = 0.0
    """Longest time by which an action was late [s]."""
    overruns: int = 0
    """Periods at whose end driver and world were late by a period or more."""
    overrun: float = 0.0
    """Longest such delay [s]."""
    stale: int = 0
    """Reads that brought nothing new."""
    dropped: int = 0
    """Readings that were broken or not believed."""
    clock_steps: int = 0
    """Jumps of the device's clock."""
    held: int = 0
    """Periods spent in HOLD."""
    untracked: int = 0
    """Periods in which a finger was far from its setpoint: it may be contact."""
    rejected: int = 0
    """Actions that were not finite."""
    clamped: int = 0
    """Actions outside the position limits."""
    cause: str = ""
    """Why the motion was stopped: the first cause, latched."""
    cause_time: float = 0.0
    """When, on the clock of the world [s]."""
