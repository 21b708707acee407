"""Seasonality beside statsmodels called directly; counts in local time beside a clock that is read for every alert."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from statsmodels.tsa.seasonal import MSTL

import alert_analytics as aa
from alert_analytics.analytics.local_time import DAY, HOUR, Calendar, local_counts, whole_days
from alert_analytics.history import AlertHistory
from alert_analytics.stats.seasonality import decomposed, strength

RNG = np.random.default_rng(4)


def hourly(days: int) -> np.ndarray:
    t = np.arange(days * 24)
    rate = 3 + 2 * np.sin(2 * np.pi * t / 24) + 1.5 * (t // 24 % 7 < 5)
    return RNG.poisson(np.maximum(rate, 0.1)).astype(float)


def at(fired: list[datetime]) -> AlertHistory:
    return AlertHistory.open(pa.table({"fired_at": pa.array(fired, pa.timestamp("us"))}))


def test_the_parts_are_those_of_mstl() -> None:
    series = hourly(28)
    ours = decomposed(series, (24, 168))
    theirs = MSTL(series, periods=(24, 168), stl_kwargs={"trend_jump": 12, "low_pass_jump": 12}).fit()
    np.testing.assert_allclose(np.column_stack(ours.seasonal), theirs.seasonal, atol=1e-9)
    np.testing.assert_allclose(ours.trend, theirs.trend, atol=1e-9)
    np.testing.assert_allclose(ours.trend + sum(ours.seasonal) + ours.remainder, series, atol=1e-9)
    for i, cycle in enumerate(ours.seasonal):
        other = theirs.seasonal[:, i]
        assert strength(cycle, ours.remainder) == pytest.approx(1 - np.var(theirs.resid) / np.var(other + theirs.resid))


def test_days_are_decomposed_as_mstl_does_without_a_jump() -> None:
    series = hourly(60).reshape(-1, 24).sum(axis=1)
    theirs = MSTL(series, periods=(7,)).fit()
    np.testing.assert_allclose(decomposed(series, (7,)).seasonal[0], theirs.seasonal, atol=1e-9)


@pytest.mark.slow
def test_a_coarser_grid_changes_the_parts_by_little() -> None:
    series = hourly(35)
    fine = MSTL(series, periods=(24, 168)).fit()
    for cycle, theirs in zip(decomposed(series, (24, 168)).seasonal, fine.seasonal.T, strict=True):
        assert np.abs(cycle - theirs).mean() < 0.01 * np.std(series)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
def test_local_hours_are_those_of_a_clock_that_is_read_for_every_alert(zone: str) -> None:
    start = datetime(2025, 3, 1, 5, 10)
    fired = [start + timedelta(minutes=float(m)) for m in np.sort(RNG.uniform(0, 60 * 24 * 250, 4_000))]
    history, calendar = at([start, *fired]), Calendar.of(zone)
    counted = local_counts(history, [], calendar, HOUR)
    slow: dict[tuple[date, int], int] = {}
    for moment in [start, *fired]:
        wall = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        slow[wall.date(), wall.hour] = slow.get((wall.date(), wall.hour), 0) + 1
    first, n_days = whole_days(history.span, calendar)
    assert (counted.first, counted.n_days) == (first, n_days)
    expected = [slow.get((first + i * DAY, hour), 0) for i in range(n_days) for hour in range(24)]
    assert counted.counts[0].tolist() == expected
    daily = local_counts(history, [], calendar, DAY).counts[0]
    assert daily.tolist() == counted.counts[0].reshape(-1, 24).sum(axis=1).tolist()


def test_an_hour_that_comes_twice_counts_half_and_one_that_does_not_come_is_like_its_neighbours() -> None:
    """One alert at the half of each hour in UTC: each hour on the wall has a rate of one, also when clocks change."""
    start = datetime(2025, 3, 20)
    history = at([start + timedelta(hours=i, minutes=30) for i in range(24 * 230)])
    counted = local_counts(history, [], Calendar.of("Europe/Berlin"), HOUR)
    spring, autumn = ((date(2025, *day) - counted.first).days for day in ((3, 30), (10, 26)))
    hours = counted.counts.reshape(-1, 24)
    assert (hours[spring, 2], hours[autumn, 2]) == (0, 2)
    assert (hours.sum(axis=1)[[spring, autumn]]).tolist() == [23, 25]
    assert np.unique(counted.per_hour()).tolist() == [1.0]


def test_the_seasonality_of_a_history_is_mstl_on_its_local_hours() -> None:
    trend = aa.TrendAnalysis.from_alerts(aa.datasets.sample().tenant("acme"))
    found = trend.seasonality(timezone="Europe/Berlin")
    series = found.counted.per_hour()[0].ravel()
    theirs = MSTL(series, periods=(24, 168), stl_kwargs={"trend_jump": 12, "low_pass_jump": 12}).fit()
    parts = found.components
    for name, other in (("trend", theirs.trend), ("daily", theirs.seasonal[:, 0]), ("weekly", theirs.seasonal[:, 1])):
        np.testing.assert_allclose(parts[name].to_numpy(), other, atol=1e-9)
    total = sum(parts[name].to_numpy() for name in ("trend", "daily", "weekly", "remainder"))
    np.testing.assert_allclose(total, parts["n_alerts"].to_numpy(), atol=1e-9)
