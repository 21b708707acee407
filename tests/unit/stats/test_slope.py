"""The weekly slope: its fit against scipy, its units, and the series at its edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alert_analytics.stats.slope import MIN_WEEKS, weekly_slopes


def test_equals_linregress_where_nothing_is_autocorrelated() -> None:
    rng = np.random.default_rng(3)
    totals = rng.poisson(200, size=(40, 15))
    fit = weekly_slopes(totals)
    calm = np.flatnonzero(~fit.autocorrelated)
    assert calm.size > 20
    for row in calm:
        # Alerts a day in each week against the day in the week's middle.
        twin = stats.linregress(7 * np.arange(15), totals[row] / 7)
        half = stats.t.ppf(0.975, 13) * twin.stderr
        expected = [twin.slope, twin.slope - half, twin.slope + half, twin.pvalue]
        found = [fit.slope_per_day[row], fit.low[row], fit.high[row], fit.p_value[row]]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_autocorrelated_residuals_widen_the_interval() -> None:
    # Five weeks up, five down, five up: the residuals of the line hang together.
    totals = np.repeat([[100.0, 60.0, 100.0]], 5, axis=1) + np.tile([1.0, -1.0, 0.0], 5)
    fit = weekly_slopes(totals)
    plain = stats.linregress(7 * np.arange(15), totals[0] / 7)
    half = stats.t.ppf(0.975, 13) * plain.stderr
    r = fit.lag1[0]
    assert fit.autocorrelated[0]
    assert r > 0.5
    assert fit.high[0] - fit.slope_per_day[0] == pytest.approx(half * np.sqrt((1 + r) / (1 - r)))


def test_lag1_is_unbiased_on_independent_residuals() -> None:
    rng = np.random.default_rng(5)
    for weeks in (8, 15, 26):
        assert weekly_slopes(rng.normal(size=(20_000, weeks))).lag1.mean() == pytest.approx(0, abs=0.015)


@pytest.mark.parametrize("value", [0.0, 7.0, 1e9 / 3])
def test_constant_series_has_no_slope_and_no_doubt(value: float) -> None:
    fit = weekly_slopes(np.full((2, 10), value))
    assert fit.slope_per_day.tolist() == fit.low.tolist() == fit.high.tolist() == [0.0, 0.0]
    assert fit.p_value.tolist() == [1.0, 1.0]
    assert not fit.autocorrelated.any()


def test_straight_line_is_certain() -> None:
    fit = weekly_slopes([np.arange(8) * 49.0])
    assert fit.slope_per_day[0] == pytest.approx(1.0)
    assert fit.high[0] - fit.low[0] == 0.0
    assert fit.p_value[0] == 0.0


def test_too_short_has_no_slope() -> None:
    fit = weekly_slopes(np.ones((3, MIN_WEEKS - 1)))
    assert np.isnan(fit.slope_per_day).all()
    assert np.isnan(fit.p_value).all()
    assert fit.n_weeks == 7
    assert fit.low.shape == (3,)


def test_series_do_not_touch_each_other() -> None:
    totals = np.random.default_rng(1).poisson(30, size=(5, 12))
    together, alone = weekly_slopes(totals), weekly_slopes(totals[2:3])
    assert together.low[2] == pytest.approx(alone.low[0], rel=1e-12)
    assert together.p_value[2] == pytest.approx(alone.p_value[0], rel=1e-12)


def test_level_sets_the_width() -> None:
    totals = np.random.default_rng(1).poisson(30, size=(1, 12))
    narrow, wide = weekly_slopes(totals, level=0.5), weekly_slopes(totals, level=0.99)
    assert wide.low[0] < narrow.low[0] < narrow.high[0] < wide.high[0]
