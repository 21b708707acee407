"""The Kaplan-Meier curve, its intervals and quantiles, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from alert_analytics.stats.survival import (
    DurationError,
    SurvivalTable,
    kaplan_meier,
    log_log_band,
    quantile,
    quantile_interval,
)

# Five alerts: two resolved after a minute, one still open then, one resolved after five, one open after ten.
DURATIONS = [60.0, 600.0, 60.0, 300.0, 60.0]
RESOLVED = [True, False, True, True, False]


def _interval(table: SurvivalTable, q: float, critical: float = 1.96) -> tuple[float, float]:
    return quantile_interval(table, log_log_band(table.survival, table.variance, critical), q)


def test_curve_by_hand() -> None:
    table = kaplan_meier(DURATIONS, RESOLVED)
    assert table.time_s.tolist() == [60.0, 300.0, 600.0]
    assert table.n_at_risk.tolist() == [5, 2, 1]
    assert table.n_resolved.tolist() == [2, 1, 0]
    assert table.n_censored.tolist() == [1, 0, 1]
    np.testing.assert_allclose(table.survival, [3 / 5, 3 / 10, 3 / 10])
    np.testing.assert_allclose(table.variance, [2 / 15, 2 / 15 + 1 / 2, 2 / 15 + 1 / 2])


def test_zero_durations_are_resolved_at_once() -> None:
    table = kaplan_meier([0.0, 0.0, 10.0], [True, False, True])
    assert table.time_s.tolist() == [0.0, 10.0]
    np.testing.assert_allclose(table.survival, [2 / 3, 0.0])


def test_no_alerts_no_rows() -> None:
    table = kaplan_meier([], [])
    assert table.time_s.size == table.survival.size == table.variance.size == 0
    assert np.isnan(quantile(table, 0.5))


def test_all_open_never_reach_a_quantile() -> None:
    table = kaplan_meier([5.0, 7.0], [False, False])
    assert table.survival.tolist() == [1.0, 1.0]
    assert np.isnan(quantile(table, 0.5))
    assert np.isnan(_interval(table, 0.5)).all()


def test_quantile_is_the_first_time_at_or_below() -> None:
    table = kaplan_meier([10.0, 20.0, 30.0, 40.0], [True] * 4)
    assert quantile(table, 0.5) == 20.0
    assert quantile(table, 0.51) == 30.0
    assert quantile(table, 0.9) == 40.0


def test_quantile_forgives_rounding() -> None:
    # Ten equal steps multiply to .5 only up to rounding.
    table = kaplan_meier(np.arange(1.0, 11.0), np.ones(10, dtype=bool))
    assert [quantile(table, q / 10) for q in range(1, 10)] == list(range(1, 10))


def test_band_is_symmetric_in_log_log() -> None:
    low, high = log_log_band(np.array([0.5]), np.array([0.04]), 2.0)
    spread = 2.0 * 0.2 / np.log(2)
    assert np.log(-np.log(low[0])) - np.log(np.log(2)) == pytest.approx(spread)
    assert np.log(np.log(2)) - np.log(-np.log(high[0])) == pytest.approx(spread)


def test_band_at_its_ends() -> None:
    low, high = log_log_band(np.array([1.0, 0.5, 0.0]), np.array([0.0, 1e300, np.inf]), 1.96)
    np.testing.assert_array_equal(low, [1.0, 0.0, 0.0])
    np.testing.assert_array_equal(high, [1.0, 1.0, np.nan])


def test_quantile_interval_turns_the_band_on_its_side() -> None:
    table = kaplan_meier(np.arange(1.0, 101.0), np.ones(100, dtype=bool))
    low, high = log_log_band(table.survival, table.variance, 1.96)
    low_s, high_s = _interval(table, 0.5)
    assert low_s == table.time_s[np.argmax(low <= 0.5)]
    assert high_s == table.time_s[np.argmax(high <= 0.5)]
    assert low_s < 50.0 < high_s


def test_interval_without_an_upper_end() -> None:
    table = kaplan_meier([10.0, 20.0, 30.0], [True, True, True])
    low_s, high_s = _interval(table, 0.9)
    assert low_s == 10.0
    assert np.isnan(high_s)
    only = kaplan_meier([10.0, 10.0], [True, True])
    assert _interval(only, 0.5)[0] == 10.0


def test_an_unknown_variance_gives_no_interval() -> None:
    table = kaplan_meier([10.0, 20.0, 30.0], [True, True, True])
    low_s, high_s = _interval(table, 0.5, critical=float("nan"))
    assert np.isnan(low_s)
    assert np.isnan(high_s)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_impossible_durations_are_refused(bad: float) -> None:
    with pytest.raises(DurationError, match=r"1 of 3 durations.*in row 1"):
        kaplan_meier([1.0, bad, 2.0], [True, True, True])


def test_a_flag_for_each_duration() -> None:
    with pytest.raises(DurationError, match=r"shape \(2,\), flags \(1,\)"):
        kaplan_meier([1.0, 2.0], [True])


def test_shifting_the_unit_shifts_the_answer() -> None:
    seconds, minutes = kaplan_meier(DURATIONS, RESOLVED), kaplan_meier(np.array(DURATIONS) / 60, RESOLVED)
    np.testing.assert_array_equal(seconds.survival, minutes.survival)
    np.testing.assert_allclose(seconds.time_s, minutes.time_s * 60)
