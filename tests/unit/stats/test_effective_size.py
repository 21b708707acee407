"""What dependent scores are worth: known limits, panels, and the series at its edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import rankdata

from alert_analytics.stats.effective_size import EffectiveSize, effective_size, integrated_autocorrelation_time


def _autoregressive(rng: np.random.Generator, n: int, rho: float) -> np.ndarray:
    noise = rng.normal(size=n)
    noise[1:] *= np.sqrt(1 - rho**2)
    return lfilter([1.0], [1.0, -rho], noise)


def _one_series(scores: np.ndarray) -> EffectiveSize:
    return effective_size(scores, np.zeros(scores.size), np.arange(scores.size))


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.5, 0.8, 0.9])
def test_autoregression_has_its_limit(rho: float) -> None:
    series = _autoregressive(np.random.default_rng(1), 200_000, rho)
    assert integrated_autocorrelation_time(series) == pytest.approx((1 + rho) / (1 - rho), rel=0.05)


@pytest.mark.parametrize("length", [2, 5, 10, 24])
def test_sums_of_consecutive_values_are_worth_one_in_as_many(length: int) -> None:
    noise = np.random.default_rng(2).normal(size=200_000)
    series = np.convolve(noise, np.ones(length), mode="valid")
    assert integrated_autocorrelation_time(series) == pytest.approx(length, rel=0.05)


def test_values_that_alternate_are_worth_no_more_than_independent_ones() -> None:
    assert integrated_autocorrelation_time(_autoregressive(np.random.default_rng(3), 5_000, -0.7)) == 1.0


def test_a_straight_line_is_worth_next_to_nothing() -> None:
    assert integrated_autocorrelation_time(np.arange(1_000.0)) > 100.0
    assert _one_series(np.arange(1_000.0)).n_eff < 10.0


@pytest.mark.parametrize("value", [0.0, 0.1, 0.7, 1e9 / 3])
def test_constant_scores_depend_on_nothing(value: float) -> None:
    # The mean of equal values is not always that value: what is left of them would look like a perfect memory.
    for n in range(2, 60):
        assert integrated_autocorrelation_time(np.full(n, value)) == 1.0
        assert _one_series(np.full(n, value)) == EffectiveSize(n, float(n), 1.0, "scores")


def test_constant_series_at_different_levels_share_nothing() -> None:
    for n in range(50, 80):
        scores, series = np.repeat([0.1, 0.7, 1e9 / 3], n), np.repeat([0, 1, 2], n)
        assert effective_size(scores, series, np.tile(np.arange(n), 3)).tau == 1.0


def test_none_and_one() -> None:
    assert integrated_autocorrelation_time([]) == 1.0
    assert integrated_autocorrelation_time([3.0]) == 1.0
    assert effective_size([], [], []) == EffectiveSize(0, 0.0, 1.0, "scores")
    assert effective_size([3.0], [7], [9]) == EffectiveSize(1, 1.0, 1.0, "scores")
    assert effective_size([3.0, 1.0], [1, 2], [9, 9]).n_eff == 1.0


def test_rows_in_any_order() -> None:
    rng = np.random.default_rng(4)
    scores, series, time = rng.normal(size=600).cumsum(), np.repeat([5, 2, 9], 200), np.tile(np.arange(200), 3)
    order = rng.permutation(600)
    assert effective_size(scores, series, time) == effective_size(scores[order], series[order], time[order])


def test_names_and_clocks_do_not_matter() -> None:
    rng = np.random.default_rng(5)
    scores, series, time = rng.normal(size=400).cumsum(), np.repeat([0, 1], 200), np.tile(np.arange(200), 2)
    assert effective_size(scores, series, time) == effective_size(scores, 70 + 3 * series, 10**15 + 900_000_000 * time)


@pytest.mark.parametrize(("scale", "shift"), [(4.0, 0.0), (1.0, 1e6), (1e-3, -7.0)])
def test_units_of_the_scores_do_not_matter(scale: float, shift: float) -> None:
    scores = _autoregressive(np.random.default_rng(6), 2_000, 0.6)
    assert _one_series(scale * scores + shift).tau == pytest.approx(_one_series(scores).tau, rel=1e-6)


def test_independent_series_are_worth_their_sum() -> None:
    rng = np.random.default_rng(7)
    scores = np.concatenate([_autoregressive(rng, 2_500, 0.6) for _ in range(20)])
    size = effective_size(scores, np.repeat(np.arange(20), 2_500), np.tile(np.arange(2_500), 20))
    assert size.tau == pytest.approx(4.0, rel=0.15)


def test_series_that_move_together_are_worth_one() -> None:
    one = _autoregressive(np.random.default_rng(8), 2_500, 0.6)
    size = effective_size(np.tile(one, 20), np.repeat(np.arange(20), 2_500), np.tile(np.arange(2_500), 20))
    assert size.n_eff == pytest.approx(_one_series(one).n_eff, rel=1e-9)


def test_the_same_series_at_other_times_are_taken_for_many() -> None:
    # Nothing in the data says that they are one: the clock decides what is shared.
    one = _autoregressive(np.random.default_rng(8), 2_500, 0.6)
    series = np.repeat(np.arange(20), 2_500)
    size = effective_size(np.tile(one, 20), series, np.arange(50_000))
    assert size.n_eff == pytest.approx(20 * _one_series(one).n_eff, rel=0.1)


def test_series_that_cancel_each_other_are_no_worse_than_one() -> None:
    one = _autoregressive(np.random.default_rng(9), 2_000, 0.6)
    scores = np.concatenate([one, -one])
    size = effective_size(scores, np.repeat([0, 1], 2_000), np.tile(np.arange(2_000), 2))
    assert size.n_eff >= _one_series(one).n_eff * 0.9


def test_series_at_different_levels_are_not_taken_for_memory() -> None:
    rng = np.random.default_rng(10)
    series = np.repeat(np.arange(10), 500)
    scores = rng.normal(size=5_000) + 50.0 * series
    assert effective_size(scores, series, np.tile(np.arange(500), 10)).tau < 1.6
    # One after the other they are a sample of levels: ten values, whatever each of them lasts.
    assert effective_size(scores, series, np.arange(5_000)).n_eff < 11.0


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_series_that_come_and_go_count_by_what_they_share_within(share: float) -> None:
    rng = np.random.default_rng(12)
    level = np.sqrt(share) * rng.normal(size=(100, 1))
    scores = (level + np.sqrt(1 - share) * rng.normal(size=(100, 50))).ravel()
    start = rng.integers(0, 200, size=(100, 1))
    size = effective_size(scores, np.repeat(np.arange(100), 50), (start + np.arange(50)).ravel())
    # 50 values of correlation .5 are worth about two.
    assert 130 < size.n_eff < 300 if share else size.n_eff > 3_000


def test_clusters_of_exceedances_count_where_the_scores_themselves_have_no_memory() -> None:
    rng = np.random.default_rng(11)
    wild = np.repeat(rng.random(100) < 0.1, 50)
    scores = rng.normal(size=5_000) * np.where(wild, 4.0, 1.0)
    size = _one_series(scores)
    assert integrated_autocorrelation_time(scores) < 2.0
    assert size.tau > 8.0
    assert size.of in {"above the 95% quantile", "above the 98% quantile"}


def test_one_monster_does_not_hide_the_memory() -> None:
    scores = _autoregressive(np.random.default_rng(12), 5_000, 0.8)
    scores[1_000] = 1e6
    assert integrated_autocorrelation_time(scores) < 1.1
    assert _one_series(scores).tau > 7.0


def test_it_says_what_was_found_where() -> None:
    scores = _autoregressive(np.random.default_rng(13), 5_000, 0.9)
    size = _one_series(scores)
    assert size.n == 5_000
    assert size.n_eff == size.n / size.tau
    assert size.of == "ranks"
    assert size.tau == pytest.approx(integrated_autocorrelation_time(rankdata(scores)))
    assert size.tau > integrated_autocorrelation_time(scores)


def test_series_seen_at_few_times_are_worth_no_more_than_the_times() -> None:
    random = np.random.default_rng(0)
    for times, limit in ((1, 1), (3, 3), (49, 49)):
        size = effective_size(
            random.normal(size=500 * times), np.repeat(np.arange(500), times), np.tile(range(times), 500)
        )
        assert size.n_eff <= limit
        assert (size.of == "few moments") == (size.n_eff == pytest.approx(limit))
    many = effective_size(random.normal(size=500 * 50), np.repeat(np.arange(500), 50), np.tile(range(50), 500))
    assert many.n_eff > 1_000
    alone = effective_size(random.normal(size=40), np.zeros(40), np.arange(40))
    assert alone.of != "few moments"
