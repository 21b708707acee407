"""Effective sizes, tolerance limits and the score map against double loops, binomial sums and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, rankdata
from statsmodels.stats.proportion import proportion_confint

from alert_analytics.calibration.cut import score_map
from alert_analytics.stats.effective_size import effective_size, integrated_autocorrelation_time
from alert_analytics.stats.tolerance import allowed_exceedances, binomial_bounds, needed_size

VALUES = st.lists(st.one_of(st.integers(-3, 3).map(float), st.floats(-100, 100)), min_size=1, max_size=40)
# A row of a panel: series, time, score; whole numbers make ties and series that are constant.
ROWS = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 12)), st.integers(-3, 3).map(float), min_size=1, max_size=40
)


def _products(values: list[float]) -> list[float]:
    """Sum the products of values k apart, for every k, about their mean."""
    mean = sum(values) / len(values)
    away = [value - mean for value in values]
    return [sum(away[t] * away[t + k] for t in range(len(away) - k)) for k in range(len(away))]


def _walk(products: list[float]) -> float:
    """Add up correlations until there are five times as many of them as they are worth."""
    if products[0] < 1e-9:
        return 1.0
    total, lag = 1.0, 0
    while lag < 5 * total:
        lag += 1
        total += 2 * products[lag] / products[0]
        assume(abs(lag - 5 * total) > 1e-9)  # else the last digit decides
    return max(1.0, total)


def _pooled(panel: dict[int, list[float]]) -> list[float]:
    each = [_products(values) for values in panel.values()]
    longest = max(map(len, each))
    return [sum(products[k] for products in each if k < len(products)) for k in range(longest)]


def _together(series: list[int], time: list[int], values: list[float]) -> tuple[float, list[float]]:
    """By how much the sum over the series varies beyond what independent ones would give, and its products."""
    mean = {code: np.mean([v for v, s in zip(values, series, strict=True) if s == code]) for code in set(series)}
    away = [v - mean[s] for v, s in zip(values, series, strict=True)]
    sums = [sum(a for a, t in zip(away, time, strict=True) if t == at) for at in sorted(set(time))]
    power = sum(a * a for a in away)
    return (sum(s * s for s in sums) / power if power > 1e-9 else 0.0), _products(sums)


def _slow_tau(rows: dict[tuple[int, int], float]) -> float:
    labels = sorted(rows)
    series, time, scores = [s for s, _ in labels], [t for _, t in labels], np.array([rows[label] for label in labels])
    views = [scores, rankdata(scores)] + [(scores > np.quantile(scores, q)) * 1.0 for q in (0.5, 0.9, 0.95, 0.98)]
    longest = 1.0
    for view in views:
        panel: dict[int, list[float]] = {}
        for code, value in zip(series, view, strict=True):
            panel.setdefault(code, []).append(float(value))
        longest = max(longest, _walk(_pooled(panel)))
        if len(panel) > 1:
            share, products = _together(series, time, view.tolist())
            longest = max(longest, share * _walk(products))
            if 2 * len(labels) < len(panel) * len(set(time)):  # series come and go
                mean = np.mean(view)
                sums = [sum(value - mean for value in values) ** 2 for values in panel.values()]
                power = sum((value - mean) ** 2 for value in view)
                longest = max(longest, sum(sums) / power if power > 1e-9 else 0.0)
    few = len(set(series)) > 1 and len(set(time)) < 50
    return max(longest, len(rows) / len(set(time))) if few else longest


@settings(deadline=None, max_examples=150)
@given(VALUES)
def test_autocorrelation_time_equals_the_double_loop(values: list[float]) -> None:
    spread = max(values) - min(values)
    assume(spread == 0 or spread > 1e-3)
    assert integrated_autocorrelation_time(values) == pytest.approx(_walk(_products(values)), rel=1e-7)


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 400), st.integers(0, 2**32 - 1))
def test_autocorrelation_time_equals_the_double_loop_on_long_memory(size: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=size).cumsum()
    assert integrated_autocorrelation_time(values) == pytest.approx(_walk(_products(values.tolist())), rel=1e-7)


@settings(deadline=None, max_examples=150)
@given(ROWS, st.randoms(use_true_random=False))
def test_effective_size_of_a_panel_equals_the_double_loop(rows: dict[tuple[int, int], float], chance: object) -> None:
    labels = list(rows)
    chance.shuffle(labels)  # type: ignore[attr-defined]
    found = effective_size([rows[label] for label in labels], [s for s, _ in labels], [t for _, t in labels])
    assert found.tau == pytest.approx(_slow_tau(rows), rel=1e-7)
    assert found.n_eff == pytest.approx(len(rows) / found.tau)


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 3_000), st.floats(0.001, 0.3), st.floats(0.01, 0.3))
def test_k_is_the_largest_that_a_binomial_allows(n: int, rate: float, delta: float) -> None:
    # The share beyond the k-th largest is at most the rate where at least k of n lie beyond the rate's own quantile.
    keeps = binom.sf(np.arange(n), n, rate)  # k = 1, ..., n
    assume(np.abs(keeps - (1 - delta)).min() > 1e-12)
    assert allowed_exceedances(n, rate, delta) == np.count_nonzero(keeps >= 1 - delta)


@settings(deadline=None, max_examples=200)
@given(st.floats(1, 3_000), st.floats(0.001, 0.3), st.floats(0.01, 0.3))
def test_k_of_a_size_that_is_not_whole_lies_between(n: float, rate: float, delta: float) -> None:
    k = [allowed_exceedances(size, rate, delta) for size in (int(n), n, int(n) + 1)]
    assert k == sorted(k)


@settings(deadline=None, max_examples=200)
@given(st.floats(0.001, 0.3), st.floats(0.01, 0.3))
def test_the_needed_size_is_the_least(rate: float, delta: float) -> None:
    n = needed_size(rate, delta)
    assume(abs((1 - rate) ** n - delta) > 1e-12)
    assert [allowed_exceedances(size, rate, delta) for size in (n - 1, n)] == [0, 1]


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 5_000), st.floats(0, 1), st.floats(0.001, 0.5))
def test_bounds_equal_statsmodels(n: int, share: float, error: float) -> None:
    count = round(share * n)
    low, high = proportion_confint(count, n, alpha=2 * error, method="beta")
    found = binomial_bounds(count, n, error)
    assert found.low == pytest.approx(low, rel=1e-9, abs=1e-12)
    assert found.high == pytest.approx(high, rel=1e-9)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.integers(-4, 4), min_size=40, max_size=80), st.integers(1, 4))
def test_the_score_map_equals_its_formula(sample: list[int], rank: int) -> None:
    n, alpha = len(sample), 0.1
    made = score_map(np.array(sample, dtype=np.float64), alpha, rank)
    raw = np.arange(-5.0, 5.5, 0.5)
    score, p_value, is_anomaly = made.apply(raw)
    barrier = sorted(sample, reverse=True)[rank - 1]
    for x, found_score, found_p, flagged in zip(raw, score, p_value, is_anomaly, strict=True):
        u = (1 + sum(value >= x for value in sample)) / (n + 1)
        knee = rank / (n + 1)
        p = alpha * u / knee if u <= knee else alpha + (1 - alpha) * (u - knee) / (1 - knee)
        larger = [value for value in sample if value > barrier]
        passes = x > barrier if not larger else x >= (barrier + min(larger)) / 2
        assert flagged == passes
        assert found_p == pytest.approx(p, rel=1e-6)
        assert found_score == pytest.approx(1 - p ** (np.log(0.15) / np.log(alpha)), abs=1e-6)
