"""Shares by clusters: against statsmodels' clustered errors, by hand, and at their ends."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from alert_analytics.stats.clusters import effective_clusters
from alert_analytics.stats.share import clustered_means, clustered_shares


def test_the_standard_error_is_that_of_clustered_least_squares() -> None:
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(30), 6)
    hit = rng.random(180) < rng.beta(2, 3, 30)[cluster]
    fit = sm.OLS(hit.astype(float), np.ones(180)).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
    )
    found = clustered_shares(np.bincount(cluster, weights=hit), np.bincount(cluster), np.zeros(30, dtype=np.int64), 1)
    assert found.share[0] == pytest.approx(fit.params[0], abs=1e-12)
    # equal clusters: the effective number is their number
    assert found.standard_error[0] == pytest.approx(float(fit.bse[0]) * np.sqrt(30 / 29), rel=1e-9)
    assert found.n_clusters[0] == pytest.approx(30)


def test_alerts_that_are_each_a_cluster_are_binomial() -> None:
    hit = np.repeat([1.0, 0.0], [30, 70])
    found = clustered_shares(hit, np.ones(100), np.zeros(100, dtype=np.int64), 1)
    assert found.standard_error[0] == pytest.approx(np.sqrt(0.3 * 0.7 / 99))
    # as many independent alerts less the allowance for the t quantile
    worth = 99 * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 99)) ** 2
    assert found.low[0] == pytest.approx(stats.beta.ppf(0.025, 0.3 * worth, 0.7 * worth + 1))
    assert found.high[0] == pytest.approx(stats.beta.ppf(0.975, 0.3 * worth + 1, 0.7 * worth))


def test_groups_do_not_mix_and_unequal_clusters_say_less() -> None:
    known = np.array([50.0, 1, 1, 1, 10, 10, 10, 10])
    hits = np.array([50.0, 0, 0, 1, 5, 2, 1, 0])
    group = np.repeat([0, 1], 4).astype(np.int64)
    found = clustered_shares(hits, known, group, 2)
    assert found.share.tolist() == pytest.approx([51 / 53, 8 / 40])
    assert found.n_clusters.tolist() == pytest.approx([effective_clusters(known[:4]), 4])
    alone = clustered_shares(hits[4:], known[4:], np.zeros(4, dtype=np.int64), 1)
    assert (alone.low[0], alone.high[0]) == (found.low[1], found.high[1])


def test_a_share_of_none_or_all_counts_clusters() -> None:
    found = clustered_shares(np.array([0.0, 0, 7, 7]), np.full(4, 7.0), np.array([0, 0, 1, 1]), 2)
    assert found.share.tolist() == [0, 1]
    assert (found.low[0], found.high[1]) == (0, 1)
    assert found.high[0] == pytest.approx(1 - found.low[1])
    assert found.high[0] > 0.8  # two clusters say next to nothing


def test_one_cluster_and_nothing_known_have_no_interval() -> None:
    found = clustered_shares(np.array([2.0, 0]), np.array([4.0, 0]), np.array([0, 1]), 3)
    assert found.share[0] == 0.5
    assert np.isnan(found.share[1:]).all()
    assert np.isnan([*found.low, *found.high, *found.standard_error]).all()
    assert found.n_clusters.tolist() == [1, 0, 0]


def test_a_mean_by_clusters_is_symmetric_on_the_logarithmic_scale() -> None:
    found = clustered_means(np.array([10.0, 20, 60]), np.array([1.0, 2, 3]), np.zeros(3, dtype=np.int64), 1)
    assert found.share[0] == 15
    assert found.low[0] * found.high[0] == pytest.approx(225)
    g = 36 / 14
    error = np.sqrt(((10 - 15) ** 2 + (20 - 30) ** 2 + (60 - 45) ** 2) * g / (g - 1)) / 6
    assert found.standard_error[0] == pytest.approx(error)
    assert np.log(found.high[0] / 15) == pytest.approx(stats.t.ppf(0.975, g - 1) * error / 15)


def test_values_that_do_not_differ_have_no_interval() -> None:
    found = clustered_means(np.array([10.0, 10]), np.ones(2), np.zeros(2, dtype=np.int64), 1)
    assert found.share[0] == 10
    assert np.isnan([found.low[0], found.high[0]]).all()
