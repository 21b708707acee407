"""Slopes and shares of weeks that were at risk in part."""

from __future__ import annotations

import numpy as np
import pytest

from alert_analytics.stats.exposure import share_at_risk, slopes_at_risk
from alert_analytics.stats.slope import weekly_slopes


def test_where_all_is_at_risk_it_is_the_plain_slope() -> None:
    rng = np.random.default_rng(0)
    load = np.exp(np.cumsum(rng.normal(0, 0.2, (40, 20)), axis=1))
    totals = np.vstack((rng.poisson(30 * load), np.full((1, 20), 5), np.arange(20)[None] * 3, np.zeros((1, 20))))
    plain, (fit, n_weeks) = weekly_slopes(totals), slopes_at_risk(totals, np.ones(totals.shape))
    assert n_weeks.tolist() == [20] * 43
    assert plain.autocorrelated[:40].any()
    for name in ("slope_per_day", "low", "high", "p_value", "autocorrelated", "lag1"):
        np.testing.assert_allclose(getattr(fit, name), getattr(plain, name), rtol=1e-9, atol=1e-12, err_msg=name)


def test_weighted_least_squares() -> None:
    rng = np.random.default_rng(1)
    share = rng.uniform(0.2, 1, (5, 15))
    totals = rng.poisson(50 * share)
    fit, _ = slopes_at_risk(totals, share)
    for i in range(5):
        expected = np.polyfit(np.arange(15), totals[i] / share[i], 1, w=np.sqrt(share[i]))[0]
        assert fit.slope_per_day[i] * 49 == pytest.approx(expected)


def test_a_rise_per_time_at_risk_is_found_exactly() -> None:
    share = np.array([[1, 0.5, 1, 0.1, 1, 0.25, 0, 1, 0.5, 1, 1]])
    totals = share * np.arange(20, 31)
    totals[0, 6] = 99  # cannot be, and does not count
    fit, n_weeks = slopes_at_risk(totals, share)
    assert n_weeks.tolist() == [9]
    assert fit.slope_per_day * 49 == pytest.approx(1.0)
    assert fit.high - fit.low == pytest.approx(0.0, abs=1e-9)


def test_too_few_weeks_carry_no_slope() -> None:
    share = np.ones((2, 10))
    share[0, :3] = 0.0
    fit, n_weeks = slopes_at_risk(np.full((2, 10), 7.0), share)
    assert n_weeks.tolist() == [7, 10]
    assert np.isnan(fit.slope_per_day).tolist() == [True, False]
    assert np.isnan(fit.p_value).tolist() == [True, False]
    assert fit.autocorrelated.tolist() == [False, False]
    none, n_weeks = slopes_at_risk(np.zeros((0, 3)), np.zeros((0, 3)))
    assert none.slope_per_day.size == n_weeks.size == 0
    short, n_weeks = slopes_at_risk(np.zeros((1, 0)), np.zeros((1, 0)))
    assert np.isnan(short.low).all()
    assert n_weeks.tolist() == [0]


def test_lag_across_a_gap_does_not_count() -> None:
    totals = np.array([[10.0, 20, 11, 21, 10, 20, 11, 21, 10, 20, 11, 21, 10, 20]])
    share = np.ones(totals.shape)
    share[0, 1::2] = 0.0  # the weeks left do not follow one another
    share = np.hstack((share, share))
    fit, n_weeks = slopes_at_risk(np.hstack((totals, totals)), share)
    assert n_weeks.tolist() == [14]
    assert fit.lag1.tolist() == [0.0]


def test_share_of_a_week() -> None:
    whole = np.ones((1, 2, 7))
    assert share_at_risk(np.full((1, 2, 7), 3), whole).tolist() == pytest.approx([1, 1])
    part = whole.copy()
    part[0, 1, :3] = 0.0
    assert share_at_risk(np.zeros((1, 2, 7)), part).tolist() == pytest.approx([1, 4 / 7])
    # A day that has a third of the usual alerts loses less.
    counts = np.tile([300, 300, 300, 300, 300, 300, 100], (1, 50, 1))
    risk = np.ones((1, 50, 7))
    risk[0, 0, 6], risk[0, 1, 0] = 0.0, 0.5
    found = share_at_risk(counts * risk, risk)
    assert found[:3] == pytest.approx([18 / 19, 1 - 1.5 / 19, 1], abs=1e-3)
    # Two cells, one with three times the alerts: without the busy one a quarter is left.
    cells = np.ones((2, 40, 7))
    cells[0, 0] = 0.0
    assert share_at_risk(cells * np.array([3.0, 1.0])[:, None, None], cells)[0] == pytest.approx(0.25)
