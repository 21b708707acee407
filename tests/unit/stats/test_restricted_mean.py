"""The area under the curve, what each alert adds to it, and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from alert_analytics.stats.restricted_mean import (
    restricted_mean,
    restricted_mean_influence,
    restricted_mean_interval,
    restricted_mean_variance,
)
from alert_analytics.stats.survival import kaplan_meier


def test_without_censoring_it_is_the_mean_of_the_cut_off_durations() -> None:
    durations = np.array([10.0, 20.0, 30.0, 100.0])
    table = kaplan_meier(durations, np.ones(4, dtype=bool))
    for horizon in (5.0, 10.0, 25.0, 60.0, 100.0, 500.0):
        cut = np.minimum(durations, horizon)
        assert restricted_mean(table, horizon) == pytest.approx(cut.mean())
        assert restricted_mean_variance(table, horizon) == pytest.approx(cut.var() / 4, abs=1e-12)


def test_beyond_what_was_seen_it_is_unknown() -> None:
    table = kaplan_meier([10.0, 20.0], [True, False])
    assert restricted_mean(table, 20.0) == pytest.approx(15.0)
    assert np.isnan(restricted_mean(table, 20.1))
    assert np.isnan(restricted_mean_variance(table, 20.1))
    assert np.isnan(restricted_mean(kaplan_meier([], []), 1.0))


def test_influence_without_censoring_is_the_distance_from_the_mean() -> None:
    durations = np.array([10.0, 20.0, 20.0, 90.0])
    resolved = np.ones(4, dtype=bool)
    influence = restricted_mean_influence(kaplan_meier(durations, resolved), 50.0, resolved)
    cut = np.minimum(durations, 50.0)
    np.testing.assert_allclose(influence, (cut - cut.mean()) / 4, atol=1e-12)


def test_squared_influences_add_up_to_greenwood() -> None:
    rng = np.random.default_rng(2)
    durations = np.sort(np.round(rng.exponential(30, 60)))
    resolved = rng.random(60) < 0.7
    table = kaplan_meier(durations, resolved)
    order = np.argsort(durations, kind="stable")
    influence = restricted_mean_influence(table, 25.0, resolved[order])
    assert influence.sum() == pytest.approx(0, abs=1e-9)
    assert influence @ influence == pytest.approx(restricted_mean_variance(table, 25.0))


def test_interval_stays_between_zero_and_the_horizon() -> None:
    low, high = restricted_mean_interval(50.0, 100.0, 100.0, 2.0)
    assert 0 < low < 50 < high < 100
    assert low + high == pytest.approx(100)
    narrow_low, narrow_high = restricted_mean_interval(50.0, 1e-4, 100.0, 2.0)
    assert narrow_high - narrow_low == pytest.approx(2 * 2.0 * 0.01, rel=1e-3)
    low, high = restricted_mean_interval(99.0, 1e9, 100.0, 2.0)
    assert low == pytest.approx(0, abs=1e-9)
    assert high == pytest.approx(100)


@pytest.mark.parametrize("variance", [0.0, np.nan])
def test_no_spread_no_interval(variance: float) -> None:
    assert np.isnan(restricted_mean_interval(50.0, variance, 100.0, 2.0)).all()
