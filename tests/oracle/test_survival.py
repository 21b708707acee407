"""Survival statistics against lifelines, a double loop, and a numerical derivative."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.engine.kernels.crossings import open_at_end, quantile_crossings, restricted_mean_sums
from alert_analytics.engine.kernels.survival import clustered_variance
from alert_analytics.stats.clusters import leverage
from alert_analytics.stats.log_rank import log_rank
from alert_analytics.stats.restricted_mean import (
    restricted_mean,
    restricted_mean_increments,
    restricted_mean_influence,
)
from alert_analytics.stats.survival import SurvivalTable, kaplan_meier, log_log_band, quantile, quantile_interval

with warnings.catch_warnings():
    # lifelines warns about its own use of pandas and numpy while it is imported.
    warnings.simplefilter("ignore")
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test

# Whole numbers up to 12: ties between resolved, between censored, and between both.
ALERTS = st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.integers(0, 4)), min_size=1, max_size=40)
Alerts = list[tuple[int, bool, int]]


def _columns(alerts: Alerts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ordered = sorted(alerts, key=lambda alert: alert[0])
    duration, resolved, code = (np.array(column) for column in zip(*ordered, strict=True))
    return duration.astype(np.float64), resolved, code


def _naive_variance(duration: np.ndarray, resolved: np.ndarray, cluster: np.ndarray, time_s: float) -> float:
    """Square the cluster sums of influences on log S(time), alert by alert and time by time."""
    sums: dict[int, float] = {}
    for x, flag, code in zip(duration, resolved, cluster, strict=True):
        influence = 0.0
        for t in np.unique(duration[duration <= min(x, time_s)]):
            at_risk, died = np.sum(duration >= t), np.sum((duration == t) & resolved)
            if at_risk == died:
                return np.inf
            influence -= died / (at_risk * (at_risk - died))
            if flag and x == t:
                influence += 1 / (at_risk - died)
        sums[code] = sums.get(code, 0.0) + influence
    n_clusters = len(sums)
    shares = {code: np.mean(cluster == code) for code in sums}
    squares = sum((value / (1 - shares[code])) ** 2 for code, value in sums.items())
    return squares * (n_clusters - 1) / n_clusters


def _passed_the_end(table: SurvivalTable) -> np.ndarray:
    return np.maximum.accumulate(table.n_at_risk == table.n_resolved)


@settings(deadline=None, max_examples=60)
@given(ALERTS)
def test_kernel_equals_the_double_loop(alerts: Alerts) -> None:
    duration, resolved, cluster = _columns(alerts)
    table = kaplan_meier(duration, resolved)
    found = clustered_variance(cluster, resolved, table.n_at_risk, table.n_resolved, 5)
    if np.unique(cluster).size == 1:
        assert np.isnan(found).all()
        return
    ended = _passed_the_end(table)
    assert np.isinf(found[ended]).all()
    twin = [_naive_variance(duration, resolved, cluster, t) for t in table.time_s[~ended]]
    np.testing.assert_allclose(found[~ended], twin, rtol=1e-9, atol=1e-14)


@settings(deadline=None, max_examples=40)
@given(ALERTS)
def test_kernel_on_single_alerts_is_greenwood(alerts: Alerts) -> None:
    duration, resolved, _ = _columns(alerts)
    table, n = kaplan_meier(duration, resolved), len(alerts)
    found = clustered_variance(np.arange(n), resolved, table.n_at_risk, table.n_resolved, n)
    if n > 1:
        np.testing.assert_allclose(found * (n - 1) / n, table.variance, rtol=1e-9, atol=1e-14)


def test_kernel_does_not_lose_digits_over_many_alerts() -> None:
    rng = np.random.default_rng(6)
    n, n_clusters = 4_000, 40
    cluster = rng.integers(0, n_clusters, n)
    duration = np.sort(np.round(rng.exponential(2e4, n)))
    resolved = rng.random(n) < 0.7
    table = kaplan_meier(duration, resolved)
    found = clustered_variance(cluster, resolved, table.n_at_risk, table.n_resolved, n_clusters)
    left = (table.n_at_risk - table.n_resolved).astype(float)
    shift = np.cumsum(table.n_resolved / table.n_at_risk / np.maximum(left, 1))
    slot = np.searchsorted(table.time_s, duration)
    weight = leverage(np.bincount(cluster).astype(float))
    for j in np.flatnonzero(left > 0)[[50, 1000, 2000, 3000, -2]]:
        gone = np.where(resolved & (slot <= j), 1 / np.maximum(left[slot], 1), 0.0)
        sums = np.bincount(cluster, weights=gone - shift[np.minimum(slot, j)])
        assert found[j] == pytest.approx(weight @ sums**2, rel=1e-9)


def _crossings(
    duration: np.ndarray, resolved: np.ndarray, cluster: np.ndarray, shares: list[float], critical: list[float]
) -> tuple[np.ndarray, list[list[float]]]:
    """The kernel's, and the slow way: the whole curve, the whole band, and the first time at which each is low enough.

    Each of the critical values holds for as many of the times, the last one for the rest.
    """
    table, n_clusters = kaplan_meier(duration, resolved), int(cluster.max()) + 1
    variance = clustered_variance(cluster, resolved, table.n_at_risk, table.n_resolved, n_clusters)
    each = np.array([part.size for part in np.array_split(table.time_s, len(critical))])
    given = (table.time_s, table.survival, variance, np.array(critical), each, np.array(shares))
    band = log_log_band(table.survival, variance, np.repeat(critical, each))
    slow = [[quantile(table, 1 - share), *quantile_interval(table, band, 1 - share)] for share in shares]
    return quantile_crossings(*given), slow


CRITICAL = st.lists(st.sampled_from([0.1, 2.0, 1e6, np.nan]), min_size=1, max_size=3)


@settings(deadline=None, max_examples=100)
@given(ALERTS, st.lists(st.floats(0.02, 0.98), min_size=1, max_size=3), CRITICAL)
def test_crossings_are_those_of_the_curve_and_its_band(
    alerts: Alerts, shares: list[float], critical: list[float]
) -> None:
    duration, resolved, cluster = _columns(alerts)
    if cluster.max() == 0 or np.isnan(critical).any():
        # Without an interval its ends at 1 and 0 are not known either: an answer has none or both.
        critical = [np.nan]
    found, slow = _crossings(duration, resolved, cluster, shares, critical)
    np.testing.assert_array_equal(found[:, 0], np.array(slow)[:, 0])
    if not np.isnan(critical).any() and np.unique(cluster).size > 1:
        np.testing.assert_array_equal(found, slow)
    else:
        assert np.isnan(found[:, 1:]).all()
    assert open_at_end(duration, resolved) == kaplan_meier(duration, resolved).survival[-1]


@pytest.mark.parametrize("seed", range(3))
def test_crossings_of_many_alerts_pass_over_most_of_the_curve(seed: int) -> None:
    # So many that the ends of the band lie near the curve, where the kernel does not compute them.
    rng = np.random.default_rng(seed)
    n = 6_000
    duration, resolved = np.sort(np.round(rng.exponential(2e4, n))), rng.random(n) < 0.8
    found, slow = _crossings(duration, resolved, rng.integers(0, 900, n), [0.9, 0.5, 0.1, 0.02], [1.97, 2.1])
    np.testing.assert_array_equal(found, slow)


@settings(deadline=None, max_examples=80)
@given(ALERTS, st.floats(0.25, 1.0))
def test_sums_of_the_mean_are_those_of_its_influences(alerts: Alerts, part: float) -> None:
    duration, resolved, cluster = _columns(alerts)
    table, horizon_s = kaplan_meier(duration, resolved), part * float(duration[-1]) + 0.5 * (part < 1)
    horizon_s = min(horizon_s, float(duration[-1]))
    sizes = np.bincount(cluster, minlength=5).astype(np.float64)
    mean, sums, independent, alike = restricted_mean_sums(duration, resolved, cluster, sizes, horizon_s)
    assert mean == pytest.approx(restricted_mean(table, horizon_s), rel=1e-9)
    influence = restricted_mean_influence(table, horizon_s, resolved)
    np.testing.assert_allclose(sums, np.bincount(cluster, weights=influence, minlength=5), rtol=1e-9, atol=1e-12)
    increment = restricted_mean_increments(table, horizon_s)
    at_risk = np.array([[np.sum((cluster == c) & (duration >= t)) for t in table.time_s] for c in range(5)])
    np.testing.assert_allclose(independent, at_risk @ increment, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(alike, at_risk**2 @ increment, rtol=1e-9, atol=1e-9)


def test_the_mean_of_what_all_ended_goes_on_to_the_horizon() -> None:
    duration, resolved, cluster = np.array([1.0, 3.0]), np.array([True, True]), np.array([0, 1])
    mean, sums, _, _ = restricted_mean_sums(duration, resolved, cluster, np.ones(2), 10.0)
    assert (mean, sums.tolist()) == (2.0, [-0.5, 0.5])


@settings(deadline=None, max_examples=40)
@given(ALERTS)
def test_curve_equals_lifelines(alerts: Alerts) -> None:
    duration, resolved, _ = _columns(alerts)
    table = kaplan_meier(duration, resolved)
    with warnings.catch_warnings():
        # Its interval divides by log 1 before the first resolution.
        warnings.simplefilter("ignore")
        twin = KaplanMeierFitter().fit(duration, resolved)
    events = twin.event_table.loc[table.time_s]
    np.testing.assert_array_equal(table.n_at_risk, events["at_risk"])
    np.testing.assert_array_equal(table.n_resolved, events["observed"])
    np.testing.assert_array_equal(table.n_censored, events["censored"])
    np.testing.assert_allclose(table.survival, twin.survival_function_at_times(table.time_s), rtol=0, atol=1e-9)
    inside = (table.survival > 0) & (table.survival < 1)
    band = twin.confidence_interval_.loc[table.time_s[inside]].to_numpy()
    low, high = log_log_band(table.survival, table.variance, 1.959963984540054)
    np.testing.assert_allclose(np.c_[low, high][inside], band, rtol=0, atol=1e-9)
    if np.any(np.abs(table.survival - 0.5) < 1e-9):
        return  # lifelines takes exp(sum(log)) and may end a hair above one half
    median = quantile(table, 0.5)
    assert twin.median_survival_time_ == (median if np.isfinite(median) else np.inf)


@settings(deadline=None, max_examples=40)
@given(ALERTS)
def test_log_rank_equals_lifelines(alerts: Alerts) -> None:
    duration, resolved, group = _columns(alerts)
    present, code = np.unique(group, return_inverse=True)
    if present.size < 2:
        return
    found = log_rank(duration, resolved, code)
    if found.df < present.size - 1:
        return  # singular: lifelines has no answer
    with warnings.catch_warnings():
        # It calls pandas in ways that pandas deprecates.
        warnings.simplefilter("ignore")
        twin = multivariate_logrank_test(duration, code, resolved)
    assert found.chi2 == pytest.approx(twin.test_statistic, rel=1e-9, abs=1e-9)
    assert found.p_value == pytest.approx(twin.p_value, rel=1e-7, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(ALERTS, st.lists(st.integers(0, 5), min_size=40, max_size=40))
def test_clustered_log_rank_equals_the_double_loop(alerts: Alerts, clusters: list[int]) -> None:
    duration, resolved, code = _columns(alerts)
    group, cluster = code % 2, np.array(clusters[: len(alerts)])
    if np.unique(group).size < 2:
        return
    sums = np.zeros(6)
    for i, x in enumerate(duration):
        for t in np.unique(duration[duration <= x]):
            at_risk = duration >= t
            distance = group[i] - group[at_risk].mean()
            sums[cluster[i]] += distance * (
                float(resolved[i] and t == x) - resolved[duration == t].sum() / at_risk.sum()
            )
    weight = np.bincount(cluster, weights=(group - group.mean()) ** 2)
    effective = weight.sum() ** 2 / (weight @ weight)
    found = log_rank(duration, resolved, group, cluster=cluster)
    assert found.observed_minus_expected[1] == pytest.approx(sums.sum(), abs=1e-9)
    if found.df == 1:
        variance = (sums @ sums) * effective / (effective - 1)
        assert found.chi2 == pytest.approx(sums.sum() ** 2 / variance, rel=1e-9, abs=1e-9)


def _weighted_mean(duration: np.ndarray, resolved: np.ndarray, weight: np.ndarray, horizon: float) -> float:
    """Integrate the product-limit curve of weighted alerts, time by time."""
    area, level, before = 0.0, 1.0, 0.0
    for t in np.unique(duration[duration < horizon]):
        area += level * (t - before)
        level *= 1 - weight[(duration == t) & resolved].sum() / weight[duration >= t].sum()
        before = t
    return area + level * (horizon - before)


def test_influence_on_the_mean_is_its_derivative() -> None:
    rng = np.random.default_rng(8)
    duration = np.sort(rng.integers(0, 15, 40)).astype(np.float64)
    resolved = rng.random(40) < 0.7
    table = kaplan_meier(duration, resolved)
    influence = restricted_mean_influence(table, 11.0, resolved)
    ones = np.ones(40)
    assert restricted_mean(table, 11.0) == pytest.approx(_weighted_mean(duration, resolved, ones, 11.0))
    for i in range(40):
        step = np.where(np.arange(40) == i, 1e-5, 0.0)
        up = _weighted_mean(duration, resolved, ones + step, 11.0)
        down = _weighted_mean(duration, resolved, ones - step, 11.0)
        assert influence[i] == pytest.approx((up - down) / 2e-5, abs=1e-6)
