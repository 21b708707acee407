"""Delayed entry against lifelines, double loops and derivatives; Turnbull's estimate against its own optimum."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.engine.kernels.entering import entered_variance
from alert_analytics.stats.log_rank import log_rank
from alert_analytics.stats.restricted_mean import restricted_mean
from alert_analytics.stats.survival import kaplan_meier
from alert_analytics.stats.truncation import entered_mean_influence, entry_slots, kaplan_meier_entered
from alert_analytics.stats.turnbull import turnbull

with warnings.catch_warnings():
    # lifelines warns about its own use of pandas and numpy while it is imported.
    warnings.simplefilter("ignore")
    from lifelines import KaplanMeierFitter
    from lifelines.exceptions import StatError

# Whole numbers: ties between ends, entries, and both.
ALERTS = st.lists(
    st.tuples(st.integers(1, 12), st.booleans(), st.integers(0, 4), st.integers(0, 11)), min_size=1, max_size=40
)
Alerts = list[tuple[int, bool, int, int]]


def columns(alerts: Alerts) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    ordered = sorted((d, flag, code, min(entry, d - 1)) for d, flag, code, entry in alerts)
    duration, resolved, cluster, entry = (np.array(column) for column in zip(*ordered, strict=True))
    return duration.astype(np.float64), resolved, cluster, entry.astype(np.float64)


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Alerts of which the late ones are known only where they were still there, in clusters."""
    rng = np.random.default_rng(seed)
    duration, entry = np.round(rng.exponential(10, n), 1) + 0.1, np.round(rng.exponential(3, n), 1)
    entry = np.where(rng.random(n) < 0.5, 0.0, entry)
    kept = entry < duration
    order = np.argsort(duration[kept], kind="stable")
    return (
        duration[kept][order],
        (rng.random(n) < 0.7)[kept][order],
        rng.integers(0, 9, n)[kept][order],
        entry[kept][order],
    )


@settings(deadline=None, max_examples=40)
@given(ALERTS)
def test_curve_equals_lifelines(alerts: Alerts) -> None:
    duration, resolved, _, entry = columns(alerts)
    table = kaplan_meier_entered(duration, resolved, entry)
    at_risk = [int(np.sum((duration >= t) & (entry < t))) for t in table.time_s]
    assert table.n_at_risk.tolist() == at_risk
    if np.any(table.survival <= 0):
        return  # after an early end lifelines' curve has another convention
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            twin = KaplanMeierFitter().fit(duration, resolved, entry=entry)
        except StatError:
            return  # it refuses risk sets that are empty for a while
    np.testing.assert_allclose(table.survival, twin.survival_function_at_times(table.time_s), rtol=0, atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(ALERTS)
def test_without_late_entries_it_is_kaplan_and_meier_s(alerts: Alerts) -> None:
    duration, resolved, _, _ = columns(alerts)
    plain, entered = kaplan_meier(duration, resolved), kaplan_meier_entered(duration, resolved, np.zeros(duration.size))
    for name in ("time_s", "n_at_risk", "n_resolved", "n_censored", "survival", "variance"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(entered, name))


@settings(deadline=None, max_examples=60)
@given(ALERTS)
def test_kernel_equals_the_double_loop(alerts: Alerts) -> None:
    duration, resolved, cluster, entry = columns(alerts)
    table = kaplan_meier_entered(duration, resolved, entry)
    entering = np.argsort(entry, kind="stable")
    slots = entry_slots(table.time_s, entry[entering])
    counts = (table.n_at_risk, table.n_resolved, table.n_censored)
    found = entered_variance(cluster, resolved, entering, slots, *counts, 5)
    if np.unique(cluster).size == 1:
        assert np.isnan(found).all()
        return
    n_clusters = np.unique(cluster).size
    for j, time_s in enumerate(table.time_s):
        if np.any((table.n_at_risk == table.n_resolved)[: j + 1]):
            assert np.isinf(found[j])
            continue
        total = 0.0
        for code in np.unique(cluster):
            influence = 0.0
            for i in np.flatnonzero(cluster == code):
                for t in np.unique(duration[duration <= min(duration[i], time_s)]):
                    if t > entry[i]:
                        y = np.sum((duration >= t) & (entry < t))
                        d = np.sum((duration == t) & resolved)
                        influence += float(resolved[i] and t == duration[i]) / (y - d) - d / (y * (y - d))
            total += (influence / (1 - np.mean(cluster == code))) ** 2
        assert found[j] == pytest.approx(total * (n_clusters - 1) / n_clusters, rel=1e-9, abs=1e-14)


def test_influence_on_the_mean_is_its_derivative() -> None:
    duration, resolved, _, entry = drawn(60, 3)
    table = kaplan_meier_entered(duration, resolved, entry)
    influence = entered_mean_influence(table, 11.0, resolved, entry)

    def mean(weight: np.ndarray) -> float:
        area, level, before = 0.0, 1.0, 0.0
        for t in np.unique(duration[duration < 11.0]):
            area += level * (t - before)
            level *= 1 - weight[(duration == t) & resolved].sum() / weight[(duration >= t) & (entry < t)].sum()
            before = t
        return area + level * (11.0 - before)

    ones = np.ones(duration.size)
    assert restricted_mean(table, 11.0) == pytest.approx(mean(ones))
    for i in range(duration.size):
        step = np.where(np.arange(duration.size) == i, 1e-5, 0.0)
        assert influence[i] == pytest.approx((mean(ones + step) - mean(ones - step)) / 2e-5, abs=1e-6)


def test_clustered_log_rank_equals_the_double_loop() -> None:
    duration, resolved, cluster, entry = drawn(80, 5)
    group = np.arange(duration.size) % 2
    sums = np.zeros(9)
    for i, x in enumerate(duration):
        for t in np.unique(duration[(duration <= x) & (duration > entry[i])]):
            at_risk = (duration >= t) & (entry < t)
            died = resolved & (duration == t)
            sums[cluster[i]] += (group[i] - group[at_risk].mean()) * (
                float(resolved[i] and t == x) - died.sum() / at_risk.sum()
            )
    found = log_rank(duration, resolved, group, cluster=cluster, entry_s=entry)
    weight = np.bincount(cluster, weights=(group - group.mean()) ** 2)
    effective = weight.sum() ** 2 / (weight @ weight)
    assert found.observed_minus_expected[1] == pytest.approx(sums.sum(), abs=1e-9)
    assert found.chi2 == pytest.approx(sums.sum() ** 2 / (sums @ sums * effective / (effective - 1)), rel=1e-9)
    assert found.chi2 != pytest.approx(log_rank(duration, resolved, group, cluster=cluster).chi2, rel=1e-3)


@pytest.mark.slow
def test_delayed_entry_undoes_what_a_late_monitor_does() -> None:
    rng = np.random.default_rng(1)
    duration, age = rng.exponential(10, 40_000), rng.uniform(0, 30, 40_000)
    seen = duration > age  # a monitor finds what is still open, whatever its age
    kept = np.sort(duration[seen])
    entry = age[seen][np.argsort(duration[seen], kind="stable")]
    table = kaplan_meier_entered(kept, np.ones(kept.size, dtype=bool), entry)
    at = int(np.searchsorted(table.time_s, 10.0))
    early = int(np.searchsorted(table.time_s, 1.0))
    assert table.survival[at] / table.survival[early] == pytest.approx(np.exp(-0.9), abs=0.02)
    assert np.mean(kept > 10) > 0.6


# -- Turnbull -------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), st.booleans()), min_size=2, max_size=30))
def test_turnbull_is_at_its_optimum(alerts: list[tuple[int, int, bool]]) -> None:
    low = np.array([a for a, _, _ in alerts], dtype=np.float64)
    high = np.array([a + w if ended else np.inf for a, w, ended in alerts])
    found = turnbull(low, high)
    assert found.mass.sum() == pytest.approx(1)
    assert found.is_settled
    # The certificate, counted alert by alert: no interval wants more mass, and those with mass want just this much.
    inside = (found.low_s >= low[:, None]) & (found.high_s <= high[:, None])
    slope = (inside / (inside @ found.mass)[:, None]).mean(axis=0)
    assert slope.max() <= 1 + 2e-4
    assert float(found.mass @ slope) == pytest.approx(1)


@settings(deadline=None, max_examples=30)
@given(ALERTS)
def test_turnbull_of_known_ends_is_kaplan_and_meier_s(alerts: Alerts) -> None:
    duration, resolved, _, _ = columns(alerts)
    if not resolved.any():
        return
    found = turnbull(duration, np.where(resolved, duration, np.inf))
    table = kaplan_meier(duration, resolved)
    for time, survival in zip(table.time_s, table.survival, strict=True):
        assert found.mass[found.high_s > time].sum() == pytest.approx(survival, abs=2e-3)


def test_a_coarse_grid_still_tells_the_median() -> None:
    rng = np.random.default_rng(2)
    ends = rng.exponential(100, 3000)
    low = np.floor(ends / 7 + rng.random(3000)) * 7 - rng.random(3000)
    low = np.clip(np.minimum(low, ends), 0, None)
    found = turnbull(low, low + np.maximum(ends - low, 7.0))
    assert found.is_settled
    lower, upper = found.quantile(0.5)
    assert lower < 100 * np.log(2) + 4
    assert upper > 100 * np.log(2) - 4
    assert found.mass.size <= 300
