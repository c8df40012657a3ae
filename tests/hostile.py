"""Targets of policies that behave badly, limits to try them on, and the laws that setpoints must keep."""

import numpy as np

from dexbench.core.safety import Limits, SafetyFilter

PERIOD = 0.04
JOINTS = 6
TICKS = 300


def limits_of(rng: np.random.Generator, joints: int = JOINTS) -> Limits:
    """Draw limits from a slow arm's to a quick finger's, down to an average over one tick only."""
    return Limits(
        lower=rng.uniform(-3, -0.5, joints),
        upper=rng.uniform(0.5, 3, joints),
        velocity=rng.uniform(0.2, 4, joints),
        acceleration=10 ** rng.uniform(0.5, 3, joints),
        jerk=10 ** rng.uniform(1.5, 5, joints),
    )


def hostile_targets(kind: str, limits: Limits, rng: np.random.Generator) -> np.ndarray:
    """Return (TICKS, 1, joints) targets of a policy that behaves badly."""
    joints = len(limits.lower)
    span = limits.upper - limits.lower
    uniform = limits.lower + span * rng.random((TICKS, 1, joints))
    tick = np.arange(TICKS)[:, None, None]
    match kind:
        case "random":
            return uniform
        case "chattering":
            return np.where(tick % 2 == 0, limits.lower, limits.upper)
        case "square":
            return np.where(tick // int(rng.integers(2, 40)) % 2 == 0, limits.lower, limits.upper)
        case "outside":
            return uniform * 10
        case "resonant":  # reverses whenever the averages are full: the worst case of acceleration
            return np.where(rng.random((TICKS, 1, 1)) < 0.1, -1, 1).cumprod(axis=0) * span
        case "broken":
            broken = uniform.copy()
            broken[rng.random((TICKS, 1, joints)) < 0.05] = np.nan
            broken[rng.random((TICKS, 1, joints)) < 0.05] = np.inf
            return broken
    raise AssertionError(kind)


def assert_lawful(setpoints: np.ndarray, limits: Limits, period: float = PERIOD, tolerance: float = 1e-9) -> None:
    """Check setpoints (ticks, joints) that begin at rest against every bound."""
    room = 1 + tolerance
    assert np.isfinite(setpoints).all()
    assert (setpoints >= limits.lower - tolerance * np.abs(limits.lower)).all()
    assert (setpoints <= limits.upper + tolerance * np.abs(limits.upper)).all()
    rest = np.repeat(setpoints[:1], 3, axis=0)
    path = np.concatenate([rest, setpoints])
    for order, bound in enumerate((limits.velocity, limits.acceleration, limits.jerk), start=1):
        rate = np.abs(np.diff(path, n=order, axis=0)) / period**order
        assert (rate <= bound * room).all(), (order, (rate / bound).max())


def started(limits: Limits, rng: np.random.Generator, n: int = 1) -> SafetyFilter:
    made = SafetyFilter(limits, n, PERIOD)
    start = limits.lower + (limits.upper - limits.lower) * rng.random((n, len(limits.lower)))
    made.reset(start, np.arange(n))
    return made
