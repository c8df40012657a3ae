"""Statistics: worked numbers, and laws that hold for all numbers."""

import itertools

import numpy as np
import pytest
from scipy import stats

from dexbench.evaluation.ranking import compare, holm, mcnemar, newcombe, rank_groups
from dexbench.evaluation.statistics import (
    Rate,
    cumulative_success,
    mean_of_rates,
    mean_time,
    ours_at_k,
    overlooked,
    pass_at_k,
    rate_of,
    restricted_mean_time,
    success_weighted_by_time,
    weighted,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "trials", "rate", "lower", "upper"),
    [
        (0, 10, 0.0, 0.0, 0.277533),
        (10, 10, 1.0, 0.722467, 1.0),
        (7, 10, 0.7, 0.396778, 0.892209),
        (1, 1, 1.0, 0.206549, 1.0),
        (86, 96, 0.895833, 0.818778, 0.942428),
        (40, 132, 0.303030, 0.231117, 0.386084),
        (121, 132, 0.916667, 0.856935, 0.952832),
        (1168, 1287, 0.907537, 0.890475, 0.922173),
        (1219, 1287, 0.947164, 0.933557, 0.958109),
        (1247, 1287, 0.968920, 0.957956, 0.977093),
    ],
)
def test_wilson_interval_has_the_worked_values(successes, trials, rate, lower, upper):
    measured = Rate(successes, trials)
    assert measured.value == pytest.approx(rate, abs=1e-6)
    assert measured.interval == pytest.approx((lower, upper), abs=1e-6)


@pytest.mark.parametrize(
    ("trials", "half"), [(24, 0.186), (50, 0.134), (100, 0.096), (200, 0.069), (400, 0.049), (1287, 0.027)]
)
def test_half_width_at_one_half(trials, half):
    # 1287 is odd: the nearest rate stands for one half.
    lower, upper = wilson(trials // 2, trials)
    assert (upper - lower) / 2 == pytest.approx(half, abs=5e-4)


def test_no_trials_is_undefined_and_says_nothing():
    assert Rate(0, 0).value is None
    assert wilson(0, 0) == (0.0, 1.0)
    assert newcombe(Rate(0, 0), Rate(3, 4)) == (-1.0, 1.0)
    assert rate_of([]) == Rate(0, 0)


def test_wilson_contains_the_rate_mirrors_and_shrinks():
    for trials in range(1, 60):
        for successes in range(trials + 1):
            lower, upper = wilson(successes, trials)
            assert 0 <= lower <= successes / trials <= upper <= 1
            assert wilson(trials - successes, trials) == pytest.approx((1 - upper, 1 - lower), abs=1e-12)
            wider = wilson(2 * successes, 2 * trials)
            assert wider[1] - wider[0] < upper - lower


def test_wilson_agrees_with_scipy():
    for successes, trials in [(0, 3), (1, 7), (199, 200), (35, 90)]:
        known = stats.binomtest(successes, trials).proportion_ci(method="wilson")
        assert wilson(successes, trials) == pytest.approx((known.low, known.high), abs=1e-12)


def test_wilson_lies_inside_the_conservative_interval():
    conservative = stats.binomtest(7, 10).proportion_ci(method="exact")
    assert (conservative.low, conservative.high) == pytest.approx((0.347547, 0.933260), abs=1e-6)
    lower, upper = wilson(7, 10)
    assert conservative.low < lower < upper < conservative.high


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="11 successes in 10"):
        Rate(11, 10)


def test_newcombe_has_the_worked_values():
    assert newcombe(Rate(8, 10), Rate(5, 10)) == pytest.approx((-0.106672, 0.599872), abs=1e-6)
    assert newcombe(Rate(121, 132), Rate(40, 132)) == pytest.approx((0.511335, 0.694131), abs=1e-6)


def test_newcombe_agrees_with_the_other_ways_to_compare_8_of_10_with_5_of_10():
    table = [[8, 5], [2, 5]]
    assert stats.fisher_exact(table).pvalue == pytest.approx(0.349845, abs=1e-6)
    assert stats.barnard_exact(table).pvalue == pytest.approx(0.220632, abs=1e-4)
    grid = np.linspace(0, 1, 20001)
    first, second = stats.beta(9, 3), stats.beta(6, 6)
    better = np.trapezoid(first.pdf(grid) * second.cdf(grid), grid)
    assert better == pytest.approx(0.908669, abs=1e-6)
    lower, upper = newcombe(Rate(8, 10), Rate(5, 10))
    assert lower < 0 < upper  # none of the four tells them apart at 95 %


def test_newcombe_contains_the_difference_and_swaps_sign():
    for a, b in itertools.product(range(11), range(16)):
        first, second = Rate(a, 10), Rate(b, 15)
        lower, upper = newcombe(first, second)
        assert lower <= a / 10 - b / 15 <= upper
        assert newcombe(second, first) == pytest.approx((-upper, -lower), abs=1e-12)


def test_mcnemar():
    assert mcnemar(6, 1) == pytest.approx(0.125)
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(3, 3) == 1.0
    for a, b in itertools.product(range(12), range(12)):
        assert mcnemar(a, b) == mcnemar(b, a) <= 1
        if a + b:
            assert mcnemar(a, b) == pytest.approx(stats.binomtest(a, a + b).pvalue, rel=1e-9)


def test_holm_steps_down_and_never_falls():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    rng = np.random.default_rng(3)
    for n in range(1, 12):
        p = rng.uniform(size=n).tolist()
        corrected = holm(p)
        assert all(c >= raw for c, raw in zip(corrected, p, strict=True))
        assert [corrected[i] for i in np.argsort(p)] == sorted(corrected)


def test_weighted_is_not_the_mean_of_rates():
    groups = [Rate(328, 360), Rate(559, 618), Rate(281, 309)]
    assert weighted(groups) == Rate(1168, 1287)
    assert weighted(groups).value == pytest.approx(0.907537, abs=1e-6)
    assert mean_of_rates(groups) == pytest.approx(0.908342, abs=1e-6)
    assert weighted([]) == Rate(0, 0)
    assert mean_of_rates([Rate(0, 0)]) is None


def test_ours_at_k():
    first = [1, 2, None, 1, 3, None, 2, 1]
    assert [ours_at_k(first, k).value for k in (1, 2, 3)] == [0.375, 0.625, 0.75]
    assert ours_at_k([], 1) == Rate(0, 0)


def test_ours_at_k_is_monotone_and_flat_where_nothing_succeeds_later():
    rng = np.random.default_rng(0)
    for _ in range(50):
        first = [None if a == 0 else int(a) for a in rng.integers(0, 5, size=20)]
        counts = [ours_at_k(first, k).successes for k in range(1, 6)]
        assert counts == sorted(counts)
    assert len({ours_at_k([1, None, 1, None], k) for k in (1, 2, 3, 9)}) == 1


def test_pass_at_k():
    assert [pass_at_k(10, 3, k) for k in (1, 2, 3)] == pytest.approx([0.3, 0.533333, 0.708333], abs=1e-6)
    assert pass_at_k(0, 0, 1) is None
    assert pass_at_k(10, 8, 3) == 1.0


def test_pass_at_k_is_the_share_of_draws_with_a_success():
    for successes, k in itertools.product(range(7), range(1, 7)):
        draws = list(itertools.combinations([True] * successes + [False] * (6 - successes), k))
        assert pass_at_k(6, successes, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_times_to_success():
    times = [3.0, 5.0, None, 8.0]
    assert mean_time(times) == pytest.approx(5.333333, abs=1e-6)
    assert restricted_mean_time(times, [10.0] * 4) == pytest.approx(6.5)
    assert cumulative_success(times, [0.0, 3.0, 7.9, 10.0]) == [0.0, 0.25, 0.5, 0.75]


def test_success_weighted_by_time():
    assert success_weighted_by_time([3, 5, None, 8], [2, 4, None, 4]) == pytest.approx(0.491667, abs=1e-6)
    assert success_weighted_by_time([1, 2], [3, None]) == 1.0
    assert success_weighted_by_time([], []) is None


def test_times_without_episodes_or_successes():
    assert mean_time([None, None]) is None
    assert restricted_mean_time([], []) is None
    assert restricted_mean_time([None], [12.0]) == 12.0
    assert cumulative_success([], [1.0]) == [0.0]


def _episodes(successes, trials, name="e"):
    return {f"{name}{i}": i < successes for i in range(trials)}


def test_comparison_on_shared_episodes_is_paired():
    first = {f"e{i}": i < 6 for i in range(20)}
    second = {f"e{i}": i == 19 for i in range(20)}
    (pair,) = compare({"a": first, "b": second})
    assert (pair.shared, pair.only_first, pair.only_second) == (20, 6, 1)
    assert pair.p_value == pytest.approx(0.125)
    assert not pair.differs
    # Unpaired the same counts would be told apart or not by the interval alone.
    assert pair.interval == pytest.approx(newcombe(Rate(6, 20), Rate(1, 20)))


def test_comparison_without_shared_episodes_falls_back_to_newcombe():
    (pair,) = compare({"a": _episodes(121, 132, "x"), "b": _episodes(40, 132, "y")})
    assert pair.shared == 0
    assert pair.p_value is None
    assert pair.differs
    assert pair.difference == pytest.approx(0.613636, abs=1e-6)


def test_correction_grows_with_the_number_of_agents():
    two = {"a": _episodes(9, 20), "b": _episodes(3, 20)}
    assert compare(two)[0].differs  # 6 against 0 discordant: p = 0.03125
    four = two | {"c": _episodes(9, 20), "d": _episodes(9, 20)}
    assert not compare(four)[0].differs
    assert compare({"a": _episodes(1, 2)}) == []


def _groups(rates, different):
    pairs = {frozenset(p) for p in different}
    return rank_groups(rates, lambda a, b: frozenset((a, b)) in pairs)


def test_ties_share_a_rank_and_the_next_rank_skips():
    rates = {"a": Rate(9, 10), "b": Rate(9, 10), "c": Rate(1, 10)}
    assert _groups(rates, ["ac", "bc"]) == [(1, ["a", "b"]), (3, ["c"])]


def test_non_transitive_differences_are_settled_by_the_leader():
    rates = {"a": Rate(9, 10), "b": Rate(7, 10), "c": Rate(5, 10), "d": Rate(3, 10)}
    # a~b, b~c, c~d, but a differs from c and d: c opens a group and d, like c, joins it.
    assert _groups(rates, ["ac", "ad", "bd"]) == [(1, ["a", "b"]), (3, ["c", "d"])]


def test_equal_rates_are_never_parted_whatever_their_names():
    for names in itertools.permutations("xyz"):
        rates = {"a": Rate(9, 10)} | {n: Rate(5, 10) for n in names}
        assert _groups(rates, ["ax"]) == [(1, ["a", "x", "y", "z"])]


def test_rank_groups_at_the_edges():
    assert rank_groups({}, lambda a, b: True) == []
    assert _groups({"a": Rate(0, 0), "b": Rate(0, 5)}, ["ab"]) == [(1, ["b"]), (2, ["a"])]


def test_rank_groups_keep_everybody_in_order():
    rng = np.random.default_rng(1)
    for _ in range(100):
        names = "abcdefg"
        rates = {n: Rate(int(rng.integers(0, 11)), 10) for n in names}
        different = [p for p in itertools.combinations(names, 2) if rng.uniform() < 0.5]
        groups = _groups(rates, different)
        flat = [n for _, members in groups for n in members]
        assert sorted(flat) == list(names)
        values = [rates[n].value for n in flat]
        assert values == sorted(values, reverse=True)
        rank = {n: r for r, members in groups for n in members}
        for a, b in itertools.combinations(names, 2):
            assert rank[a] == rank[b] or rates[a] != rates[b]
        assert [r for r, _ in groups] == [1 + sum(rank[n] < r for n in names) for r, _ in groups]


def test_no_more_bad_rows_can_be_overlooked_than_the_hypergeometric_law_allows():
    assert overlooked(3000, 3000) == 0
    assert overlooked(10, 1) == 9  # 10 bad rows of 10 cannot hide; 9 do with a chance of 1 in 10
    for total, drawn in itertools.product((20, 200, 3000), (2, 10, 19)):
        most = overlooked(total, drawn)
        assert stats.hypergeom(total, most, drawn).pmf(0) >= 0.05
        assert most == total - drawn or stats.hypergeom(total, most + 1, drawn).pmf(0) < 0.05
    assert overlooked(3000, 150) == 57  # about 3/n of them, less what was looked at
