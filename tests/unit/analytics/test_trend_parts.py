"""Seasonality, change points and forecast of a trend."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics import TrendAnalysis
from alert_analytics.analytics import trend_changes
from alert_analytics.analytics.result import Result
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory

START = datetime(2025, 1, 6)  # a Monday
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def ended(counts: list[int]) -> AlertHistory:
    """So many alerts on each day, from 08:00 to 20:00; one at the very start and one far later make all days whole."""
    fired = [START + i * DAY + 8 * HOUR + j * 12 * HOUR / n for i, n in enumerate(counts) for j in range(n)]
    fired += [START, START + 500 * DAY]
    return AlertHistory.open(pa.table({"fired_at": pa.array(fired, pa.timestamp("us"))})).where(
        until=START + len(counts) * DAY
    )


def stepped(before: int = 10, after: int = 25, days: int = 120, at: int = 70) -> list[int]:
    rng = np.random.default_rng(8)
    level = np.where(np.arange(days) < at, before, after) * np.where(np.arange(days) % 7 < 5, 1.2, 0.5)
    return rng.poisson(level).tolist()


# -- change points ----------------------------------------------------------------------------------------------------


def test_a_step_is_found_with_its_date_and_its_levels() -> None:
    counts = stepped()
    changes = TrendAnalysis.from_alerts(ended(counts)).change_points
    [row] = changes.table.to_pylist()
    truth = (START + 70 * DAY).date()
    assert row["changed_low"] <= truth <= row["changed_high"]
    assert row["changed_high"] - row["changed_low"] <= 14 * DAY
    day = (row["changed_on"] - START.date()).days
    counts[0] += 1  # the first alert of all
    assert row["before_per_day"] == pytest.approx(np.mean(counts[:day]))
    assert row["after_per_day"] == pytest.approx(np.mean(counts[day:]))
    assert row["ratio"] == pytest.approx(row["after_per_day"] / row["before_per_day"])
    assert row["p_value"] <= row["q_value"] < 0.05
    assert row["note"] is None
    assert changes.sentence.startswith(f"The level of alerts rose from {row['before_per_day']:.3g} to ")
    assert changes.alerts(0).n_alerts == sum(counts[day:])
    assert changes.daily()["level_per_day"].to_pylist()[day - 1 : day + 1] == pytest.approx(
        [row["before_per_day"], row["after_per_day"]]
    )


def test_two_steps_are_two_rows_and_alerts_end_at_the_next() -> None:
    counts = [*stepped(10, 30, 180, 90), *stepped(22, 22, 91, 0)]
    changes = TrendAnalysis.from_alerts(ended(counts)).change_points
    rows = changes.table.to_pylist()
    assert len(rows) == 2
    assert changes.sentence.endswith("The clearest of 2 changes.")
    days = [(row["changed_on"] - START.date()).days for row in rows]
    assert changes.alerts(0).n_alerts == sum(counts[days[0] : days[1]])
    assert rows[1]["before_per_day"] == rows[0]["after_per_day"]


def test_a_steady_rise_says_that_a_line_says_as_much() -> None:
    rng = np.random.default_rng(3)
    counts = rng.poisson(np.linspace(5, 40, 150)).tolist()
    rows = TrendAnalysis.from_alerts(ended(counts)).change_points.table.to_pylist()
    assert rows
    assert all("a straight line says as much" in row["note"] for row in rows)


def test_of_several_series_only_those_that_change_have_rows() -> None:
    flat, up = np.random.default_rng(2).poisson(9, 120).tolist(), stepped()
    fired, service = [], []
    for name, counts in (("flat", flat), ("up", up)):
        mine = [START + i * DAY + 8 * HOUR + j * 12 * HOUR / n for i, n in enumerate(counts) for j in range(n)]
        fired += mine
        service += [name] * len(mine)
    fired, service = [*fired, START, START + 400 * DAY], [*service, "flat", "flat"]
    mine = AlertHistory.open(pa.table({"fired_at": pa.array(fired, pa.timestamp("us")), "service": service}))
    trend = TrendAnalysis.from_alerts(mine.where(until=START + 120 * DAY), by="service")
    changes = trend.change_points
    assert set(changes.table["service"].to_pylist()) == {"up"}
    assert changes.sentence.startswith(
        "Of 2 series by service, 1 changed its level beyond chance; the clearest, up, rose"
    )
    assert set(changes.daily()["service"].to_pylist()) == {"up"}
    assert trend.forecast(2).table["service"].to_pylist() == ["up", "up", "flat", "flat"]
    both = trend.seasonality()
    assert both.table["service"].to_pylist() == ["up", "flat"]
    assert both.alerts(1).n_alerts == sum(flat) + 1
    assert both.sentence.startswith("Of 2 series by service, the busiest, up, has a")


def test_of_too_many_series_the_busiest_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trend_changes, "MOST_SERIES", 2)
    trend = TrendAnalysis.from_alerts(aa.datasets.sample().tenant("acme"), by=["service", "severity"])
    changes = trend.change_points
    assert (changes.settings["n_series"], changes.settings["n_left_out"]) == (2, len(trend) - 2)
    top = trend.to_polars().sort("n_alerts", descending=True).head(2)
    assert [tuple(key) for key in changes.counted.keys] == list(top.select("service", "severity").iter_rows())


def test_maintenance_windows_are_said_not_to_be_taken_into_account() -> None:
    windows = pa.table(
        {"valid_from": [START + 30 * DAY], "valid_to": [START + 31 * DAY]},
    )
    mine = ended(stepped()).outside_maintenance(windows)
    trend = TrendAnalysis.from_alerts(mine)
    for result in (trend.change_points, trend.forecast(3), trend.seasonality()):
        assert "maintenance windows are left out" in result.table["note"].to_pylist()[0]


# -- forecast ---------------------------------------------------------------------------------------------------------


def test_a_forecast_follows_the_week_and_its_interval_holds_what_came() -> None:
    rng = np.random.default_rng(6)
    level = np.where(np.arange(114) % 7 < 5, 20, 5)
    counts = rng.poisson(level).tolist()
    forecast = TrendAnalysis.from_alerts(ended(counts[:100])).forecast(timedelta(days=13, hours=1))
    rows = forecast.table.to_pylist()
    assert [row["day"] for row in rows] == [(START + i * DAY).date() for i in range(100, 114)]
    assert [row["expected"] for row in rows] == pytest.approx(level[100:].tolist(), rel=0.25)
    inside = [row["low"] <= n <= row["high"] for row, n in zip(rows, counts[100:], strict=True)]
    assert sum(inside) >= 13
    assert all(row["low"] == int(row["low"]) and row["low"] <= row["expected"] <= row["high"] for row in rows)
    assert forecast.sentence.startswith("Over the next 14 days ")
    assert forecast.recent()["n_alerts"].to_pylist() == counts[44:100]
    assert forecast.alerts(3).n_alerts == sum(counts[:100]) + 1


def test_a_holiday_ahead_is_forecast_as_a_sunday() -> None:
    counts = [20 if i % 7 < 5 else 5 for i in range(98)]
    trend = TrendAnalysis.from_alerts(ended(counts))
    holiday = (START + 98 * DAY).date()
    plain, with_holiday = (trend.forecast(7, holidays=days).table["expected"].to_pylist() for days in ([], [holiday]))
    assert plain[0] == pytest.approx(20, rel=0.1)
    assert with_holiday[0] == pytest.approx(plain[6], rel=0.1)
    assert with_holiday[1:] == pytest.approx(plain[1:])


def test_a_forecast_is_refused_where_it_would_be_a_guess() -> None:
    short = TrendAnalysis.from_alerts(ended([5] * 55)).forecast(2)
    assert (
        short.table.select(["expected", "low", "high"]).to_pylist()
        == [{"expected": None, "low": None, "high": None}] * 2
    )
    assert short.table["note"].to_pylist()[0] == "too short: 55 whole days, a forecast needs 56"
    assert short.sentence == "55 whole days: too short for a forecast, which needs 56 days."
    far = TrendAnalysis.from_alerts(ended([5] * 60)).forecast(32).table.to_pylist()
    assert [row["expected"] is None for row in far] == [False] * 30 + [True] * 2
    assert far[30]["note"] == "more than half as far ahead as was seen (60 days)"


@pytest.mark.parametrize("horizon", [0, -1, timedelta(0), "a week", True, 10_000, float("nan")])
def test_a_horizon_that_cannot_be_meant_is_refused(horizon: object) -> None:
    with pytest.raises(HistoryError, match=r"horizon=.*expected 1 to 3650 days"):
        TrendAnalysis.from_alerts(ended([5] * 60)).forecast(horizon)  # type: ignore[arg-type]


# -- seasonality ------------------------------------------------------------------------------------------------------


def test_a_planted_cycle_is_found_and_none_in_noise() -> None:
    rng = np.random.default_rng(1)
    hours = np.arange(24 * 70)
    busy = rng.poisson(np.where((hours % 24 >= 9) & (hours % 24 < 17) & (hours // 24 % 7 < 5), 6.0, 0.7))
    noise = rng.poisson(2.0, hours.size)
    for counts, found in ((busy, True), (noise, False)):
        fired = [START + int(h) * HOUR + j * HOUR / n for h, n in enumerate(counts) for j in range(n)]
        mine = AlertHistory.open(pa.table({"fired_at": pa.array([*fired, START + 99 * DAY], pa.timestamp("us"))}))
        result = TrendAnalysis.from_alerts(mine.where(until=START + 70 * DAY)).seasonality()
        [row] = result.table.to_pylist()
        assert (row["daily_q_value"] < 0.05, row["weekly_q_value"] < 0.05) == (found, found)
        if found:
            assert row["daily_strength"] > 0.5
            assert row["busiest"].split()[0] not in {"Saturday", "Sunday"}
            assert "Alert volume has a daily cycle of strength 0." in result.sentence
            assert " and a weekly cycle of strength 0." in result.sentence
            profile = np.array(result.profile["alerts_per_hour"].to_pylist()).reshape(7, 24)
            np.testing.assert_allclose(profile, busy.reshape(10, 7, 24).mean(axis=0))
            assert row["busiest_per_hour"] == profile.max()
        else:
            assert result.sentence == "Alert volume has no daily or weekly cycle beyond chance (UTC)."


def test_holidays_are_sundays_in_the_profile_and_leave_the_parts_adding_up() -> None:
    holiday = (START + 22 * DAY).date()  # a Tuesday
    counts = [0 if START.date() + i * DAY == holiday else (20 if i % 7 < 5 else 4) for i in range(70)]
    trend = TrendAnalysis.from_alerts(ended(counts))
    plain, told = trend.seasonality(), trend.seasonality(holidays=[holiday, date(1999, 1, 1)])
    tuesday = [
        sum(row["alerts_per_hour"] for row in one.profile.to_pylist() if row["weekday"] == 1) for one in (plain, told)
    ]
    assert tuesday == pytest.approx([18, 20])
    assert [row["n_days"] for row in told.profile.to_pylist() if row["hour"] == 0] == [10, 9, 10, 10, 10, 10, 11]
    parts = told.components
    total = sum(parts[name].to_numpy() for name in ("trend", "daily", "weekly", "remainder"))
    np.testing.assert_allclose(total, parts["n_alerts"].to_numpy(), atol=1e-9)
    assert told.table["weekly_strength"][0].as_py() > plain.table["weekly_strength"][0].as_py()
    every = trend.seasonality(holidays=[(START + i * DAY).date() for i in range(70)])
    assert every.profile["alerts_per_hour"].null_count == 6 * 24


def test_few_alerts_are_decomposed_by_day() -> None:
    rng = np.random.default_rng(0)
    result = TrendAnalysis.from_alerts(ended(rng.poisson(np.where(np.arange(70) % 7 < 5, 4, 1)).tolist())).seasonality()
    [row] = result.table.to_pylist()
    assert (row["bucket"], row["daily_strength"]) == ("day", None)
    assert row["note"] == "under 6 alerts a day: days are decomposed, not hours"
    assert row["daily_p_value"] < 0.05  # all alerts come between 8 and 20
    assert result.components["daily"].null_count == 70
    assert "a daily cycle and a weekly cycle of strength" in result.sentence


# -- what cannot be known ---------------------------------------------------------------------------------------------


def parts_of(mine: AlertHistory, by: str | None = None) -> list[Result]:
    trend = TrendAnalysis.from_alerts(mine, by=by)
    return [trend.seasonality("Europe/Berlin"), trend.change_points, trend.forecast(3)]


@pytest.mark.parametrize("by", [None, "service"])
def test_an_empty_history_has_no_rows_and_says_so(by: str | None) -> None:
    for empty in (aa.datasets.sample().where({"rule": ["nothing"]}), AlertHistory.open([])):
        for result in parts_of(empty, by):
            assert len(result) == 0
            assert result.sentence.startswith("There is no alert in this history")
    full = parts_of(aa.datasets.sample(), by)
    for one, other in zip(full, parts_of(aa.datasets.sample().where({"rule": ["nothing"]}), by), strict=True):
        assert one.table.schema == other.table.schema


@pytest.mark.parametrize("n", [1, 40])
def test_alerts_in_one_instant_are_too_short_for_everything(n: int) -> None:
    mine = AlertHistory.open(pa.table({"fired_at": pa.array([START] * n, pa.timestamp("us"))}))
    for result in parts_of(mine):
        assert "0 whole days: too short" in result.sentence
    assert parts_of(mine)[0].components.num_rows == 0
    assert parts_of(mine)[0].table["note"].to_pylist() == ["too short: 0 whole days, cycles need 21"]


def test_a_series_that_never_varies_changes_nothing_and_is_expected_to_go_on() -> None:
    trend = TrendAnalysis.from_alerts(ended([12] * 84))
    assert len(trend.find_change_points(holidays=[START.date()])) == 0
    assert trend.find_change_points().sentence == "The level of alerts did not change beyond chance."
    assert trend.forecast(2).table["expected"].to_pylist() == pytest.approx([12, 12], rel=0.05)


def test_a_span_in_which_nothing_fired_is_forecast_to_have_nothing() -> None:
    quiet = aa.datasets.sample().where({"rule": ["nothing"]})
    assert len(TrendAnalysis.from_alerts(quiet).forecast(3)) == 0


@pytest.mark.parametrize("wrong", [{"timezone": "Nowhere/Land"}, {"timezone": "Europe"}, {"holidays": ["2025-12-25"]}])
def test_a_zone_or_a_holiday_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(HistoryError, match=r"no time zone that is known here|expected dates"):
        TrendAnalysis.from_alerts(ended([5] * 60)).seasonality(**wrong)  # type: ignore[arg-type]


def test_a_change_cannot_be_earlier_than_now_because_of_what_comes_later() -> None:
    counts = stepped()
    now = START + 110 * DAY
    whole = ended([*counts, *([200] * 30)])
    then, alone = (
        TrendAnalysis.from_alerts(one).change_points for one in (whole.where(until=now), ended(counts[:110]))
    )
    assert then.table.equals(alone.table)


def test_what_could_have_been_seen_is_said_where_nothing_was() -> None:
    trend = TrendAnalysis.from_alerts(aa.datasets.sample())
    [row] = trend.table.to_pylist()
    assert row["detectable_slope_per_day"] > (row["slope_high"] - row["slope_low"]) / 2
    said = f"a change of less than {row['detectable_slope_per_day'] * 7:.2g} a day each week would most likely not have"
    assert said in trend.sentence
    short = TrendAnalysis.from_alerts(ended([5] * 30)).table
    assert short["detectable_slope_per_day"].to_pylist() == [None]


def test_counts_that_never_vary_change_where_they_step_and_not_on_one_odd_day() -> None:
    odd = [13, *[12] * 83]
    assert len(TrendAnalysis.from_alerts(ended(odd)).change_points) == 0
    [row] = TrendAnalysis.from_alerts(ended([*odd[:40], *[15] * 44])).change_points.table.to_pylist()
    assert row["changed_on"] == (START + 40 * DAY).date()
