"""Effective numbers, critical values and the sandwich, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from alert_analytics.stats.clusters import clustered, critical_value, effective_clusters, leverage


def test_equal_clusters_all_count() -> None:
    assert effective_clusters(np.full(7, 3.0)) == pytest.approx(7)


def test_one_storm_leaves_few() -> None:
    assert effective_clusters(np.array([100.0, *[1.0] * 10])) == pytest.approx(110**2 / 10_010)
    assert effective_clusters(np.zeros(3)) == 0.0


def test_critical_values_from_tables() -> None:
    assert critical_value(0.95) == pytest.approx(1.959964, abs=1e-6)
    assert critical_value(0.95, 11) == pytest.approx(2.228139, abs=1e-6)
    assert critical_value(0.9, 2) == pytest.approx(6.313752, abs=1e-6)


def test_one_cluster_says_nothing() -> None:
    assert np.isnan(critical_value(0.95, 1))
    assert critical_value(0.95, 1.0001) == 1e6
    assert np.isnan(clustered(np.array([1.0, -1.0]), np.array([0, 0]))[0])


def test_sandwich_sums_within_before_squaring() -> None:
    variance, effective = clustered(np.array([1.0, 2.0, -3.0, 0.0]), np.array([0, 0, 1, 1]))
    assert effective == pytest.approx(2)
    assert variance == pytest.approx((9 + 9) * 2)


def test_a_cluster_of_more_weight_counts_for_more() -> None:
    influence, cluster = np.array([1.0, -1.0]), np.array([0, 1])
    variance, effective = clustered(influence, cluster, weight=np.array([3.0, 1.0]))
    assert effective == pytest.approx(16 / 10)
    assert variance == pytest.approx((1 / 0.25**2 + 1 / 0.75**2) / 2)


def test_the_variance_of_a_mean_is_the_jackknife_s() -> None:
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(6), [1, 2, 3, 5, 8, 13])
    values = rng.normal(size=cluster.size) + cluster
    without = np.array([values[cluster != c].mean() for c in range(6)])
    found, _ = clustered((values - values.mean()) / values.size, cluster)
    assert found == pytest.approx(5 / 6 * ((without - values.mean()) ** 2).sum())


def test_an_empty_cluster_is_none() -> None:
    assert leverage(np.array([2.0, 0.0, 2.0]))[0] == pytest.approx(2)
    assert np.isnan(leverage(np.array([0.0, 5.0]))).all()
