"""Tolerance limits and bounds: known numbers, and what happens at the edges."""

from __future__ import annotations

import pytest
from scipy.stats import beta, binom

from alert_analytics.stats.tolerance import Bounds, allowed_exceedances, binomial_bounds, needed_size


@pytest.mark.parametrize(("rate", "needed"), [(0.05, 59), (0.01, 299), (0.005, 598), (0.001, 2_995)])
def test_the_least_size_of_the_design(rate: float, needed: int) -> None:
    assert needed_size(rate, 0.05) == needed
    assert allowed_exceedances(needed, rate, 0.05) == 1
    assert allowed_exceedances(needed - 1, rate, 0.05) == 0


def test_a_size_need_not_be_whole() -> None:
    assert allowed_exceedances(298.0, 0.01, 0.05) == 0
    assert allowed_exceedances(298.1, 0.01, 0.05) == 1  # (1 - .01)^n = .05 at 298.07
    assert allowed_exceedances(473.9, 0.01, 0.05) == 2  # the design's table in between: 473 for two


def test_k_of_a_thousand_breaks_in_less_than_delta() -> None:
    k = allowed_exceedances(1_000, 0.01, 0.05)
    assert k == 5
    assert beta.sf(0.01, k, 1_001 - k) == pytest.approx(0.0287, abs=5e-5)
    assert beta.sf(0.01, k + 1, 1_000 - k) > 0.05


@pytest.mark.parametrize("n", [0, 0.5, 1, 1.5, 2])
def test_next_to_nothing_allows_nothing(n: float) -> None:
    assert allowed_exceedances(n, 0.01, 0.05) == 0


@pytest.mark.parametrize("delta", [0.4, 0.5, 0.9])
@pytest.mark.parametrize("n", [10, 99, 1_000])
def test_never_more_than_its_share_however_careless(n: int, delta: float) -> None:
    # The p-value at the cut is about k / n: above the rate it would be smaller than the share it stands for.
    assert allowed_exceedances(n, 0.01, delta) <= n * 0.01


@pytest.mark.parametrize("delta", [0.3, 0.5, 0.9])
def test_what_is_needed_is_enough_however_careless(delta: float) -> None:
    for rate in (0.5, 0.1, 0.01):
        assert allowed_exceedances(needed_size(rate, delta), rate, delta) >= 1


def test_it_takes_no_time_for_many() -> None:
    k = allowed_exceedances(10_000_000, 0.01, 0.05)
    assert binom.sf(k - 1, 10_000_000, 0.01) >= 0.95 > binom.sf(k, 10_000_000, 0.01)


def test_bounds_at_the_ends() -> None:
    assert binomial_bounds(0, 0, 0.05) == Bounds(0.0, 1.0)
    assert binomial_bounds(0, 20, 0.05).low == 0.0
    assert binomial_bounds(0, 20, 0.05).high == pytest.approx(1 - 0.05 ** (1 / 20))
    assert binomial_bounds(20, 20, 0.05).high == 1.0
    assert binomial_bounds(20, 20, 0.05).low == pytest.approx(0.05 ** (1 / 20))


def test_bounds_of_counts_that_are_not_whole_lie_between() -> None:
    few, between, more = (binomial_bounds(count, 120.5, 0.05) for count in (3, 3.4, 4))
    assert few.low < between.low < more.low
    assert few.high < between.high < more.high


def test_fewer_effective_trials_prove_less() -> None:
    full, half = binomial_bounds(10, 1_000, 0.05), binomial_bounds(5, 500, 0.05)
    assert half.low < full.low < 0.01 < full.high < half.high


def test_none_above_the_cut_certifies_from_the_least_size_on() -> None:
    for rate in (0.05, 0.01, 0.005):
        n = needed_size(rate, 0.05)
        assert binomial_bounds(0, n, 0.05).high <= rate < binomial_bounds(0, n - 1, 0.05).high
