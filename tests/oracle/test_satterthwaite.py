"""What clusters contribute to a variance, against a loop over clusters and times."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.analytics.durations import Group
from alert_analytics.engine.kernels.satterthwaite import checkpoints, working_sums
from alert_analytics.stats.clusters import critical_value, critical_values, effective_clusters, satterthwaite_clusters
from alert_analytics.stats.restricted_mean import restricted_mean_increments, restricted_mean_variance

ALERTS = st.lists(
    st.tuples(st.integers(1, 12), st.booleans(), st.integers(0, 4), st.integers(0, 11)), min_size=1, max_size=40
)
Alerts = list[tuple[int, bool, int, int]]


def _group(alerts: Alerts, *, late: bool) -> Group:
    ordered = sorted(alerts, key=lambda alert: alert[0])
    duration, resolved, code, entry = (np.array(column) for column in zip(*ordered, strict=True))
    entered = np.minimum(entry, duration - 1).astype(np.float64) if late else None
    return Group((), duration.astype(np.float64), resolved, code, 0.95, entered)


def _at_risk(group: Group, cluster: int, time_s: float) -> int:
    entry = np.zeros(group.duration_s.size) if group.entry_s is None else group.entry_s
    begun = (entry < time_s) | (entry == 0)
    return int(np.sum((group.local_cluster == cluster) & begun & (group.duration_s >= time_s)))


def _naive_sums(group: Group, increment: np.ndarray, row: int) -> list[float]:
    v, w = [], []
    for cluster in range(group.cluster_sizes.size):
        y = [_at_risk(group, cluster, time_s) for time_s in group.table.time_s[: row + 1]]
        v.append(sum(one * h for one, h in zip(y, increment, strict=False)))
        w.append(sum(one**2 * h for one, h in zip(y, increment, strict=False)))
    pairs = list(zip(v, w, strict=True))
    return [sum(v), sum(w), sum(a * a for a in v), sum(a * b for a, b in pairs), sum(b * b for b in w)]


@settings(deadline=None, max_examples=60)
@given(ALERTS, st.booleans(), st.integers(0, 2**32 - 1))
def test_sums_equal_the_loop(alerts: Alerts, late: bool, seed: int) -> None:
    group = _group(alerts, late=late)
    table = group.table
    leaving = table.n_resolved + table.n_censored
    increment = np.random.default_rng(seed).random(table.time_s.size)
    rows = np.arange(table.time_s.size)
    found = working_sums(group.local_cluster, *group.entering, leaving, increment, rows, group.cluster_sizes.size)
    twin = [_naive_sums(group, increment, row) for row in rows]
    np.testing.assert_allclose(found, twin, rtol=1e-9, atol=1e-12)
    # Asked for some times alone it answers as for all.
    some = rows[::3]
    few = working_sums(group.local_cluster, *group.entering, leaving, increment, some, group.cluster_sizes.size)
    np.testing.assert_allclose(few, found[::3], rtol=1e-12)


@settings(deadline=None, max_examples=60)
@given(ALERTS)
def test_the_first_sum_is_greenwoods_variance(alerts: Alerts) -> None:
    group = _group(alerts, late=False)
    horizon_s = float(group.duration_s[-1])
    last = np.array([group.table.time_s.size - 1])
    leaving = group.table.n_resolved + group.table.n_censored
    increment = restricted_mean_increments(group.table, horizon_s)
    found = working_sums(group.local_cluster, *group.entering, leaving, increment, last, group.cluster_sizes.size)
    # Where all resolved at one time Greenwood's last term is infinite, times a rest of nothing.
    if group.table.survival[-1] > 0:
        assert found[0, 0] == pytest.approx(restricted_mean_variance(group.table, horizon_s), rel=1e-9, abs=1e-12)


def test_each_time_is_a_checkpoint_while_few_are_at_risk() -> None:
    at_risk = np.arange(200, 0, -1)
    rows = checkpoints(at_risk, np.ones(200, dtype=np.int64))
    assert rows[-20:].tolist() == list(range(180, 200))
    assert rows.size < 100
    # Between two of them a twentieth of those at risk have gone, at most.
    assert all(b - a <= at_risk[b] / 20 + 1 for a, b in pairwise(rows))


def test_those_who_come_late_count_as_movement() -> None:
    # A hundred at risk throughout: one goes, one comes. Resolutions alone would never be a twentieth of a change.
    rows = checkpoints(np.full(50, 100), np.ones(50, dtype=np.int64))
    assert rows.size > 15


def test_equal_clusters_followed_equally_long_count_as_themselves() -> None:
    # Ten clusters of two, each alert at risk at one time, h = 1.
    v, w = np.full(10, 2.0), np.full(10, 4.0)
    sums = np.array([[v.sum(), w.sum(), (v**2).sum(), (v * w).sum(), (w**2).sum()]])
    for variance in (20.0, 30.0, 40.0, 99.0):
        assert satterthwaite_clusters(sums, np.array([variance]))[0] == pytest.approx(10)


def test_a_storm_counts_by_how_much_its_alerts_have_in_common() -> None:
    size = np.r_[np.ones(90), 30.0]
    v, w = size, size**2
    sums = np.array([[v.sum(), w.sum(), (v**2).sum(), (v * w).sum(), (w**2).sum()]])
    independent, dependent = (satterthwaite_clusters(sums, np.array([x]))[0] for x in (v.sum(), w.sum()))
    kish = effective_clusters(size)
    alike = effective_clusters(size**2)
    assert independent == pytest.approx(kish)
    assert dependent == pytest.approx(np.sqrt(kish * alike))
    assert alike < 1.3 < dependent < independent


def test_nothing_has_happened_nothing_is_known() -> None:
    sums = np.array([[0.0] * 5, [1.0, 1.0, 0.5, 0.5, 0.5]])
    assert np.isnan(satterthwaite_clusters(sums, np.array([0.0, np.inf]))).all()


def test_late_on_the_curve_fewer_clusters_speak() -> None:
    # Sixty alerts on their own, followed for 1 to 60 s; each second one of them ends.
    group = Group((), np.arange(1.0, 61), np.arange(60) % 2 == 0, np.arange(60), 0.95)
    n = np.repeat(*group.n_effective_at)
    assert group.n_effective == pytest.approx(60)
    assert n[1] > 50
    assert n[57] < 15
    assert n[10] > n[30] > n[45] > n[57]


def test_critical_values_are_critical_value_each() -> None:
    n = np.array([1.5, 2.0, 30.0, 1e6])
    assert critical_values(0.9, n).tolist() == [critical_value(0.9, one) for one in n]
    assert critical_values(0.9, np.array([1 + 1e-9]))[0] == 1e6
    assert np.isnan(critical_values(0.9, np.array([1.0, np.nan]))).all()
