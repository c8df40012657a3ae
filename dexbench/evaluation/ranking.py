"""Which agents are told apart: comparisons on shared episodes, and rank groups made from them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from .statistics import Interval, Rate, rate_of


def newcombe(first: Rate, second: Rate) -> Interval:
    """Return the 95 % interval of first - second for independent episodes; positive favours `first`.

    Newcombe's hybrid of the two Wilson intervals. (-1, 1) when either has no trials: nothing is known.
    """
    p, q = first.value, second.value
    if p is None or q is None:
        return -1.0, 1.0
    (lower_p, upper_p), (lower_q, upper_q) = first.interval, second.interval
    lower = p - q - math.hypot(p - lower_p, upper_q - q)
    upper = p - q + math.hypot(upper_p - p, q - lower_q)
    return max(-1.0, lower), min(1.0, upper)


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test; small speaks for a difference.

    Args:
      only_first: shared episodes in which only the first agent succeeded.
      only_second: shared episodes in which only the second agent succeeded.

    Returns:
      Twice the smaller tail of a fair coin's binomial, at most 1; 1 when no episode differs.
    """
    discordant = only_first + only_second
    tail: int = sum(math.comb(discordant, i) for i in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / (1 << discordant))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by Holm's step-down method, same order; [] for none."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[i]))
        corrected[i] = highest
    return corrected


@dataclass(frozen=True)
class Comparison:
    """What two agents' episodes say about which is better."""

    first: str
    second: str
    shared: int
    """Episodes that both ran, matched by trial."""
    only_first: int
    """Shared episodes in which only `first` succeeded."""
    only_second: int
    difference: float | None
    """Success of `first` minus `second`, over the episodes used; None where one side has none."""
    interval: Interval
    """95 % Newcombe interval of the difference, uncorrected for the number of pairs; ignores the pairing."""
    p_value: float | None
    """McNemar, exact; None where the episodes are not the same."""
    corrected: float | None
    """`p_value` after Holm's correction over all paired comparisons of one call to `compare`."""

    @property
    def differs(self) -> bool:
        """Whether the two are told apart: corrected p < 0.05 if paired, else the interval excludes 0."""
        if self.corrected is not None:
            return self.corrected < 0.05
        return self.interval[0] > 0 or self.interval[1] < 0


def _compare(first: str, second: str, results: Mapping[str, Mapping[str, bool]]) -> Comparison:
    one, two = results[first], results[second]
    shared = [e for e in one if e in two]
    only_first = sum(one[e] and not two[e] for e in shared)
    only_second = sum(two[e] and not one[e] for e in shared)
    if shared:
        rates = rate_of([one[e] for e in shared]), rate_of([two[e] for e in shared])
    else:
        rates = rate_of(list(one.values())), rate_of(list(two.values()))
    p, q = rates[0].value, rates[1].value
    return Comparison(
        first,
        second,
        len(shared),
        only_first,
        only_second,
        None if p is None or q is None else p - q,
        newcombe(*rates),
        mcnemar(only_first, only_second) if shared else None,
        None,
    )


def compare(results: Mapping[str, Mapping[str, bool]]) -> list[Comparison]:
    """Return every pair of agents compared, on the episodes they share; [] for fewer than two agents.

    Args:
      results: {agent: {episode key: succeeded}}. Equal keys mean the same trial.
    """
    names = list(results)
    pairs = [_compare(a, b, results) for i, a in enumerate(names) for b in names[i + 1 :]]
    tested = [i for i, c in enumerate(pairs) if c.p_value is not None]
    corrected = dict(zip(tested, holm([pairs[i].p_value or 0.0 for i in tested]), strict=True))
    return [replace(c, corrected=corrected[i]) if i in corrected else c for i, c in enumerate(pairs)]


def rank_groups(rates: Mapping[str, Rate], differs: Callable[[str, str], bool]) -> list[tuple[int, list[str]]]:
    """Return agents in rank groups: [(rank, agents)], best first; [] for no agents.

    The rule. Agents are sorted by pooled success, highest first (undefined rates last); agents with equal
    rates form one block and are never parted. The first block opens group 1, led by its first agent by name.
    Going down, a block joins the present group unless every agent of it differs from that group's *leader*;
    then it opens a new group. Members of a group share its rank, which is 1 + the number of agents in the
    groups above (as in sport: 1, 1, 3).

    "Not told apart" is not transitive: A~B and B~C do not give A~C. Comparing with the leader alone makes the
    outcome well defined: nobody in a group is told apart from its best (but for exact ties with someone who
    is not). Two members may differ from each other, and the last of one group need not differ from the first
    of the next: read the paired comparisons for that.
    """
    groups: list[tuple[int, list[str]]] = []
    ordered = sorted(rates, key=lambda a: (-_sortable(rates[a]), a))
    above = 0
    for _, tied in groupby(ordered, key=lambda a: _sortable(rates[a])):
        block = list(tied)
        if groups and not all(differs(groups[-1][1][0], agent) for agent in block):
            groups[-1][1].extend(block)
        else:
            groups.append((above + 1, block))
        above += len(block)
    return groups


def _sortable(rate: Rate) -> float:
    return -1.0 if rate.value is None else rate.value
