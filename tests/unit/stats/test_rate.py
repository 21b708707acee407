from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alert_analytics.stats.rate import rate_interval


def test_days_less_scattered_than_poisson_get_its_limits_with_an_estimated_dispersion() -> None:
    low, high = rate_interval([7.0] * 7)
    k = (stats.t.ppf(0.975, 6) / stats.norm.ppf(0.975)) ** 2
    assert low == pytest.approx(k * stats.chi2.ppf(0.025, 2 * 49 / k) / 14)
    assert high == pytest.approx(k * stats.chi2.ppf(0.975, 2 * 49 / k + 2) / 14)


def test_many_days_of_poisson_counts_get_garwood_s_limits() -> None:
    counts = np.tile([3, 5], 5_000)
    low, high = rate_interval(counts)
    total = counts.sum()
    assert low == pytest.approx(stats.chi2.ppf(0.025, 2 * total) / 2 / counts.size, rel=1e-4)
    assert high == pytest.approx(stats.chi2.ppf(0.975, 2 * total + 2) / 2 / counts.size, rel=1e-4)


def test_bursts_of_seven_make_it_as_wide_as_a_seventh_of_the_events() -> None:
    onsets = np.array([3, 5, 4, 2, 6, 4, 4, 3, 5, 8])
    burst_low, burst_high = rate_interval(7 * onsets)
    phi = (7 * onsets).var(ddof=1) / (7 * onsets).mean()
    k = phi * (stats.t.ppf(0.975, 9) / stats.norm.ppf(0.975)) ** 2
    assert phi > 1
    assert burst_low == pytest.approx(k * stats.chi2.ppf(0.025, 2 * 7 * 44 / k) / 20)
    assert burst_high == pytest.approx(k * stats.chi2.ppf(0.975, 2 * 7 * 44 / k + 2) / 20)


def test_a_narrower_level_gives_a_narrower_interval_around_the_mean() -> None:
    counts = [3, 5, 4, 2, 6, 4, 4]
    outer, inner = rate_interval(counts, 0.95), rate_interval(counts, 0.5)
    assert outer[0] < inner[0] < np.mean(counts) < inner[1] < outer[1]


def test_fewer_than_four_busy_days_say_nothing_and_rows_do_not_touch_each_other() -> None:
    quiet, busy, none = [0, 0, 0, 0, 9, 9, 9], [0, 0, 0, 1, 9, 9, 9], [0] * 7
    low, high = rate_interval([quiet, busy, none])
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False, True]
    assert low[1] == rate_interval(busy)[0]
    assert high[1] == rate_interval(busy)[1]
