"""Statistics of success: rates with intervals, attempts, times.

Rates are kept as (successes, trials) until they are printed. Each function says which direction is better
and what it returns for an empty input. Z is the 97.5 % point of the normal distribution.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z = 1.959963984540054

Interval = tuple[float, float]


@dataclass(frozen=True)
class Rate:
    """Successes out of trials. Higher is better where the trials are attempts at something wanted."""

    successes: int
    trials: int

    def __post_init__(self) -> None:
        """Refuse counts that cannot be."""
        if not 0 <= self.successes <= self.trials:
            raise ValueError(f"{self.successes} successes in {self.trials} trials")

    @property
    def value(self) -> float | None:
        """Successes over trials; None (undefined) without trials."""
        return self.successes / self.trials if self.trials else None

    @property
    def interval(self) -> Interval:
        """The 95 % Wilson interval; (0, 1) without trials."""
        return wilson(self.successes, self.trials)


def rate_of(flags: Sequence[bool]) -> Rate:
    """Return how many of `flags` are true; 0 of 0 for none."""
    return Rate(sum(map(bool, flags)), len(flags))


def wilson(successes: int, trials: int, z: float = Z) -> Interval:
    """Return the Wilson score interval of a rate, clipped to [0, 1]; (0, 1) without trials.

    centre (p + z^2/2n) / (1 + z^2/n), half-width z sqrt(p(1-p)/n + z^2/4n^2) / (1 + z^2/n).
    """
    if trials == 0:
        return 0.0, 1.0
    p = successes / trials
    shrink = 1 + z * z / trials
    centre = (p + z * z / (2 * trials)) / shrink
    half = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials)) / shrink
    # At the ends the bound is exact; rounding would leave it 1e-17 inside and the interval without its rate.
    lower = 0.0 if successes == 0 else max(0.0, centre - half)
    upper = 1.0 if successes == trials else min(1.0, centre + half)
    return lower, upper


def weighted(groups: Sequence[Rate]) -> Rate:
    """Return the pooled rate: sum of successes over sum of trials (higher is better); 0 of 0 for none.

    The mean of the groups' rates is another number: `mean_of_rates`.
    """
    return Rate(sum(g.successes for g in groups), sum(g.trials for g in groups))


def mean_of_rates(groups: Sequence[Rate]) -> float | None:
    """Return the unweighted mean of the groups that have trials (higher is better); None if no group has."""
    values = [g.value for g in groups if g.value is not None]
    return math.fsum(values) / len(values) if values else None


def ours_at_k(first_successes: Sequence[int | None], k: int) -> Rate:
    """Return the tests solved within k sequential attempts on one scene (higher is better); 0 of 0 for none.

    Not pass@k: later attempts start from whatever scene the earlier ones left.

    Args:
      first_successes: one entry a test: number of the attempt that succeeded, counted from 1, or None.
      k: attempts allowed, at least 1.
    """
    return Rate(sum(a is not None and a <= k for a in first_successes), len(first_successes))


def pass_at_k(samples: int, successes: int, k: int) -> float | None:
    """Return the unbiased chance that one of k independent samples succeeds (higher is better).

    1 - C(n - c, k) / C(n, k); None where fewer than k samples were taken, so also without samples.
    """
    if samples < k:
        return None
    return 1 - math.comb(samples - successes, k) / math.comb(samples, k)


def mean_time(times: Sequence[float | None]) -> float | None:
    """Return the mean time of the successes [s], conditional on success (lower is better); None for none.

    It rewards a policy that succeeds only where it is easy: print it beside the rate, or use
    `restricted_mean_time`.
    """
    done = [t for t in times if t is not None]
    return math.fsum(done) / len(done) if done else None


def restricted_mean_time(times: Sequence[float | None], horizons: Sequence[float]) -> float | None:
    """Return the mean time [s], a failure counting as its time limit (lower is better); None for none.

    Args:
      times: time of success [s] of each episode, None for a failure.
      horizons: time limit [s] of each episode.
    """
    if not times:
        return None
    spent = [h if t is None else min(t, h) for t, h in zip(times, horizons, strict=True)]
    return math.fsum(spent) / len(spent)


def cumulative_success(times: Sequence[float | None], at: Sequence[float]) -> list[float]:
    """Return the share of episodes solved by each time in `at` [s] (higher is better); zeros for none."""
    return [sum(t is not None and t <= limit for t in times) / max(len(times), 1) for limit in at]


def success_weighted_by_time(times: Sequence[float | None], references: Sequence[float | None]) -> float | None:
    """Return the mean of success x reference / max(time, reference) (1 is best, 0 worst); None for none.

    1 means: always solved, never slower than the reference (the scripted agent on the same trial).

    Args:
      times: time of success [s] of each episode, None for a failure.
      references: the reference's time [s]; None where it failed, and the episode then counts 0 unless solved,
        in which case it counts 1.
    """
    if not times:
        return None
    scores = [
        0.0 if t is None else 1.0 if ref is None else ref / max(t, ref)
        for t, ref in zip(times, references, strict=True)
    ]
    return math.fsum(scores) / len(scores)


def overlooked(total: int, drawn: int, level: float = 0.05) -> int:
    """Return the most bad rows among `total` that a sample without a bad row leaves possible (lower is better).

    It is the largest b for which C(total - b, drawn) / C(total, drawn), the chance that none of b is among `drawn`
    rows drawn without putting back, is at least `level`: the upper bound of discovery sampling.
    """
    chance, bad = 1.0, 0
    while bad < total - drawn:
        chance *= (total - drawn - bad) / (total - bad)
        if chance < level:
            break
        bad += 1
    return bad
