from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import linregress

import alert_analytics as aa
from alert_analytics import Alert, AlertAnalytics, AlertRule, AlertSeverity, TrendAnalysis
from alert_analytics.analytics.trend import _OWN_COLUMNS
from alert_analytics.errors import HistoryError, UnknownColumnError
from alert_analytics.history import AlertHistory

START = datetime(2024, 1, 10, 3)
WEEK, DAY, HOUR = timedelta(weeks=1), timedelta(days=1), timedelta(hours=1)


def history(fired: Sequence[datetime], **columns: Sequence[str | None]) -> AlertHistory:
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return AlertHistory.open(pa.table({"fired_at": pa.array(fired, pa.timestamp("us")), **texts}))


def rising(weeks: int = 10, per_week: int = 7) -> list[datetime]:
    """Each week so many more, spread evenly; the last alert ends the span."""
    ends = [START + (w + 1) * WEEK for w in range(weeks)]
    return [end - i * WEEK / (per_week * (w + 1)) for w, end in enumerate(ends) for i in range(per_week * (w + 1))] + [
        START
    ]


@pytest.fixture(scope="module")
def by_service() -> TrendAnalysis:
    return TrendAnalysis.from_alerts(aa.datasets.sample().tenant("acme"), by="service")


def test_the_slopes_planted_in_the_sample_lie_in_their_intervals(by_service: TrendAnalysis) -> None:
    planted = {
        one["service"]: one["slope_per_day"]
        for one in aa.datasets.sample_truth()["alerts"]["trends"]
        if one["tenant_id"] == "acme"
    }
    rows = by_service.table.to_pylist()
    assert {row["service"] for row in rows} == set(planted)
    for row in rows:
        assert row["slope_low"] <= planted[row["service"]] <= row["slope_high"], row["service"]
    directions = {row["service"]: row["direction"] for row in rows}
    assert directions.pop("checkout") == "increasing"
    assert directions.pop("search") == "decreasing"
    assert set(directions.values()) == {"none"}


def test_rows_come_with_the_clearest_movement_first_and_carry_their_q_values(by_service: TrendAnalysis) -> None:
    p_value = by_service.table["p_value"].to_pylist()
    assert p_value == sorted(p_value)
    m = len(p_value)
    adjusted = np.minimum.accumulate([p * m / (i + 1) for i, p in reversed(list(enumerate(p_value)))])[::-1]
    assert by_service.table["q_value"].to_pylist() == pytest.approx(np.minimum(adjusted, 1.0))


def test_the_sentence_says_how_many_move_and_which_most(by_service: TrendAnalysis) -> None:
    assert by_service.sentence.startswith(
        "Of 6 series by service, 1 rises and 1 falls beyond chance; the steepest, search, falls: -1."
    )
    quiet = TrendAnalysis.from_alerts(aa.datasets.sample().where({"service": ["database", "network"]}), by="service")
    assert quiet.sentence == "None of 2 series by service rises or falls beyond chance."
    assert TrendAnalysis.from_alerts(history(rising())).sentence.startswith(
        "Alert volume rises: +1 alert a day each week (95% interval +"
    )
    assert "neither rises nor falls beyond chance" in TrendAnalysis.from_alerts(aa.datasets.sample()).sentence


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    hours=st.lists(st.integers(0, 24 * 7 * 14), min_size=1, max_size=60),
    weeks=st.integers(8, 14),
    slack=st.integers(0, 24 * 7 - 1),
)
def test_the_slope_is_linregress_on_weeks_binned_by_hand(hours: list[int], weeks: int, slack: int) -> None:
    """Whole weeks only, counted back from ``until``: the first `slack` hours are of no whole week."""
    length = timedelta(hours=slack) + weeks * WEEK
    end = START + length
    fired = [START + timedelta(hours=h) for h in hours if timedelta(hours=h) < length]
    # One alert before and one afterwards, so that neither the first record nor the watermark cuts the span short.
    scoped = history([START - DAY, *fired, end + DAY]).where(since=START, until=end)
    [row] = TrendAnalysis.from_alerts(scoped).table.to_pylist() or [None]
    if not fired:
        assert row is None
        return
    totals = [sum(end - (k + 1) * WEEK <= t < end - k * WEEK for t in fired) for k in reversed(range(weeks))]
    assert row["n_weeks"] == weeks
    assert row["n_alerts"] == len(fired)
    assert row["alerts_per_day"] == pytest.approx(len(fired) / (length / DAY))
    assert row["slope_per_day"] == pytest.approx(linregress(range(weeks), totals).slope / 49, abs=1e-12)


def test_interval_and_p_value_are_those_of_the_regression_where_weeks_do_not_hang_together() -> None:
    totals = [3, 9, 4, 8, 5, 9, 6, 11, 6, 12]
    fired = [START + w * WEEK + i * WEEK / 20 for w, n in enumerate(totals) for i in range(n)]
    [row] = TrendAnalysis.from_alerts(
        history([*fired, START + 11 * WEEK]).where(since=START, until=START + 10 * WEEK)
    ).table.to_pylist()
    fit = linregress(range(10), totals)
    half = 2.306004135 * fit.stderr
    assert not row["autocorrelated"]
    assert row["p_value"] == row["q_value"] == pytest.approx(fit.pvalue)
    assert [row["slope_low"] * 49, row["slope_high"] * 49] == pytest.approx([fit.slope - half, fit.slope + half])


@pytest.mark.parametrize("at_midnight", [True, False])
def test_a_steady_daily_alert_has_no_slope_whatever_instant_ends_the_span(at_midnight: bool) -> None:
    fired = [START + i * DAY for i in range(85)]
    daily = history(fired)
    # The watermark is the last alert's own instant; or the span ends by until= just before one.
    scoped = daily if at_midnight else daily.where(since=START, until=START + 70 * DAY)
    [row] = TrendAnalysis.from_alerts(scoped).table.to_pylist()
    assert (row["n_weeks"], row["slope_per_day"], row["p_value"]) == (12 if at_midnight else 10, 0.0, 1.0)


def test_as_of_ends_the_weeks_and_later_alerts_change_nothing() -> None:
    fired = rising(12)
    now = START + 10 * WEEK + 2 * DAY
    then = TrendAnalysis.from_alerts(history(fired).as_of(now))
    later = TrendAnalysis.from_alerts(history([*fired, START + 13 * WEEK]).as_of(now))
    assert then.table.equals(later.table)
    assert then.table["n_weeks"].to_pylist() == [10]
    assert then.table["n_alerts"].to_pylist() == [sum(t < now for t in fired)]


@pytest.mark.parametrize("weeks", range(8))
def test_fewer_than_eight_weeks_carry_no_slope_but_counts(weeks: int) -> None:
    end = START + weeks * WEEK + 2 * DAY
    fired = [START + i * HOUR for i in range(int((end - START) / HOUR))]
    trend = TrendAnalysis.from_alerts(history([*fired, end + DAY]).where(until=end))
    [row] = trend.table.to_pylist()
    assert (row["direction"], row["n_weeks"], row["n_alerts"]) == ("too short", weeks, len(fired))
    assert row["alerts_per_day"] == pytest.approx(24)
    unknown = ["slope_per_day", "slope_low", "slope_high", "p_value", "q_value"]
    assert [row[name] for name in unknown] == [None] * 5
    plural = "week" if weeks == 1 else "weeks"
    assert trend.sentence == (
        f"{len(fired):,} alerts in {weeks} whole {plural}: too short for a slope, which needs 8 weeks."
    )
    assert sum(trend.series["n_alerts"].to_pylist()) == len(fired)


def test_an_empty_history_has_no_row_and_the_same_columns(by_service: TrendAnalysis) -> None:
    for empty in (history([]), aa.datasets.sample().where({"rule": ["nothing"]})):
        trend = TrendAnalysis.from_alerts(empty, by=["service"])
        assert len(trend) == 0
        assert trend.table.schema == by_service.table.schema
        assert trend.sentence == "There is no alert in this history, so nothing rises or falls."
        assert trend.series.num_rows == 0
        assert trend.series.schema == by_service.series.schema


@pytest.mark.parametrize("n", [1, 5])
def test_alerts_in_one_instant_have_no_rate(n: int) -> None:
    trend = TrendAnalysis.from_alerts(history([START] * n))
    [row] = trend.table.to_pylist()
    assert (row["n_alerts"], row["alerts_per_day"], row["direction"]) == (n, None, "too short")
    assert trend.series.to_pylist() == [
        {"bucket_start": START.replace(hour=3), "n_alerts": n, "rolling_mean": None, "is_whole": False}
    ]


def test_several_columns_a_label_and_a_missing_value_make_series_of_their_own() -> None:
    n = 400
    fired = [START + i * 10 * WEEK / n for i in range(n)]
    service = [("db", "web", None)[i % 3] for i in range(n)]
    labels = pa.array([[("host", f"h{i % 2}")] if i % 5 else [] for i in range(n)], pa.map_(pa.string(), pa.string()))
    table = pa.table({"fired_at": pa.array(fired, pa.timestamp("us")), "service": service, "labels": labels})
    trend = TrendAnalysis.from_alerts(table, by=["service", "host"])
    hand: dict[tuple[str | None, str | None], int] = {}
    for i in range(n):
        key = (service[i], f"h{i % 2}" if i % 5 else None)
        hand[key] = hand.get(key, 0) + 1
    found = {(row["service"], row["host"]): row["n_alerts"] for row in trend.table.to_pylist()}
    assert found == hand
    for i, row in enumerate(trend.table.to_pylist()):
        behind = trend.alerts(i)
        assert behind.n_alerts == row["n_alerts"]
        assert set(behind.to_arrow()["service"].to_pylist()) == {row["service"]}
    assert sum(trend.series["n_alerts"].to_pylist()) == n


def test_a_missing_value_is_named_in_the_sentence() -> None:
    fired = rising()
    trend = TrendAnalysis.from_alerts(history(fired, team=[None] * len(fired)), by="team")
    assert trend.sentence.startswith("Of 1 series by team, 1 rises and 0 fall beyond chance; the steepest, (none), ")
    assert trend.alerts(0).n_alerts == len(fired)


def test_without_by_all_alerts_stand_behind_the_row() -> None:
    trend = TrendAnalysis.from_alerts(history(rising()))
    assert trend.alerts(0).n_alerts == len(rising())
    with pytest.raises(IndexError, match="row 1 of a table of 1 row"):
        trend.alerts(1)


# -- the series -----------------------------------------------------------------------------------------------------


def test_the_series_is_filled_with_zeros_and_its_mean_is_polars_rolling_mean() -> None:
    rng = np.random.default_rng(3)
    fired = [START + timedelta(minutes=float(m)) for m in np.sort(rng.uniform(0, 60 * 24 * 9, 120))]
    service = rng.choice(["db", "web"], 120).tolist()
    trend = TrendAnalysis.from_alerts(history(fired, service=service), by="service", window_size=5, bucket=6 * HOUR)
    frame = pl.DataFrame(pl.from_arrow(trend.series))
    starts = frame["bucket_start"].unique().sort()
    assert starts.diff().drop_nulls().unique().to_list() == [6 * HOUR]
    assert starts[0] == START.replace(hour=0)
    for name in ("db", "web"):
        mine = frame.filter(pl.col("service") == name).sort("bucket_start")
        counts = [
            sum(s == name and start <= t < start + 6 * HOUR for t, s in zip(fired, service, strict=True))
            for start in starts
        ]
        assert mine["n_alerts"].to_list() == counts
        expected = pl.Series(counts, dtype=pl.Float64).rolling_mean(5)
        assert mine["rolling_mean"].to_list() == pytest.approx(expected.to_list(), nan_ok=True)
    whole = frame.filter(pl.col("service") == "db")["is_whole"].to_list()
    assert whole == [False, *[True] * (len(starts) - 2), False]


def test_a_window_longer_than_the_series_has_no_mean() -> None:
    trend = TrendAnalysis.from_alerts(history(rising(8)), window_size=10_000)
    assert trend.series["rolling_mean"].null_count == trend.series.num_rows > 0


@pytest.mark.parametrize(
    ("length", "bucket"),
    [(99 * HOUR, HOUR), (100 * DAY - HOUR, HOUR), (100 * DAY, DAY), (100 * WEEK - DAY, DAY), (100 * WEEK, WEEK)],
)
def test_the_bucket_is_the_coarsest_that_leaves_a_hundred(length: timedelta, bucket: timedelta) -> None:
    trend = TrendAnalysis.from_alerts(history([START, START + length]))
    assert trend.bucket == trend.settings["bucket"] == bucket


def test_weeks_of_the_series_begin_on_mondays_and_the_end_of_the_span_begins_no_bucket() -> None:
    monday = datetime(2024, 1, 8)
    fired = [monday + i * DAY for i in range(29)]
    scoped = history(fired).where(since=monday, until=monday + 4 * WEEK)
    series = TrendAnalysis.from_alerts(scoped, bucket=WEEK, window_size=2).series.to_pylist()
    assert [row["bucket_start"] for row in series] == [monday + i * WEEK for i in range(4)]
    assert [row["n_alerts"] for row in series] == [7] * 4
    assert [row["is_whole"] for row in series] == [True] * 4
    # Unless an alert fired in that very instant.
    closed = TrendAnalysis.from_alerts(history(fired), bucket=WEEK).series.to_pylist()
    assert [(row["n_alerts"], row["is_whole"]) for row in closed] == [(7, True)] * 4 + [(1, False)]


def test_a_span_without_an_alert_has_no_series() -> None:
    scoped = history(rising()).where({"rule": ["nothing"]}, since=START)
    assert TrendAnalysis.from_alerts(scoped).series.num_rows == 0


# -- properties -----------------------------------------------------------------------------------------------------


def test_row_order_does_not_matter() -> None:
    fired = rising()
    service = ["db" if i % 3 else "web" for i in range(len(fired))]
    order = np.random.default_rng(1).permutation(len(fired))
    one = TrendAnalysis.from_alerts(history(fired, service=service), by="service")
    other = TrendAnalysis.from_alerts(
        history([fired[i] for i in order], service=[service[i] for i in order]), by="service"
    )
    assert one.table.equals(other.table)
    assert one.series.equals(other.series)


def test_shifting_all_times_by_whole_weeks_shifts_the_times_and_nothing_else() -> None:
    fired = rising()
    one = TrendAnalysis.from_alerts(history(fired))
    other = TrendAnalysis.from_alerts(history([t + 30 * WEEK for t in fired]))
    assert one.table.equals(other.table)
    shifted = [t + 30 * WEEK for t in one.series["bucket_start"].to_pylist()]
    assert other.series["bucket_start"].to_pylist() == shifted
    assert one.series.drop_columns("bucket_start").equals(other.series.drop_columns("bucket_start"))


def test_settings_and_sql_say_what_was_counted() -> None:
    scoped = aa.datasets.sample().tenant("acme").where("severity >= 'high'")
    trend = TrendAnalysis.from_alerts(scoped, by=("service",), window_size=7)
    assert trend.settings["by"] == ["service"]
    assert (trend.settings["window_size"], trend.settings["level"], trend.settings["n_weeks"]) == (7, 0.95, 15)
    assert trend.settings["tenant"] == "acme"
    assert trend.settings["span_end"] == datetime(2025, 12, 22)
    assert "span_end = datetime" in trend.sql
    assert "weeks_back" in trend.sql
    assert "acme" in trend.sql


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"window_size": 0}, HistoryError, "window_size=0; expected a whole number of buckets"),
        ({"window_size": -3}, HistoryError, "window_size=-3"),
        ({"bucket": timedelta(0)}, HistoryError, "expected a positive length of time"),
        ({"bucket": -DAY}, HistoryError, "expected a positive length of time"),
        ({"by": "nothing"}, UnknownColumnError, "No column or label 'nothing'"),
        ({"by": ["rule", "nothing"]}, UnknownColumnError, "No column or label 'nothing'"),
    ],
)
def test_what_cannot_be_meant_is_said(wrong: dict[str, object], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        TrendAnalysis.from_alerts(history(rising()), **wrong)


@pytest.mark.parametrize("label", ["n_alerts", "direction", "bucket_start"])
def test_a_label_called_like_a_column_of_the_answer_is_refused(label: str) -> None:
    labels = pa.array([[(label, "x")]], pa.map_(pa.string(), pa.string()))
    table = pa.table({"fired_at": pa.array([START], pa.timestamp("us")), "labels": labels})
    with pytest.raises(HistoryError, match="columns of its own of that name"):
        TrendAnalysis.from_alerts(table, by=label)
    trend = TrendAnalysis.from_alerts(history(rising()))
    assert set(trend.table.column_names) | set(trend.series.column_names) == set(_OWN_COLUMNS)


def test_a_list_of_alerts_as_the_specification_writes_them_is_a_history() -> None:
    rule = AlertRule(
        name="High CPU Usage",
        condition="cpu_usage > 80",
        severity=AlertSeverity.CRITICAL,
        evaluation_window=timedelta(minutes=5),
    )
    alert = Alert(
        rule_id=rule.id,
        message="CPU usage exceeded threshold",
        severity=AlertSeverity.CRITICAL,
        metadata={"cpu_usage": 85.2, "instance": "web-01"},
    )
    older = [
        Alert(rule_id=rule.id, severity="low", fired_at=alert.fired_at - i * DAY, resolved_at=alert.fired_at)
        for i in range(1, 80)
    ]
    trend = TrendAnalysis.from_alerts([alert, *older], window_size=24)
    assert trend.table["n_alerts"].to_pylist() == [80]
    assert trend.table["slope_per_day"].to_pylist() == [0.0]
    report = AlertAnalytics(time_range=timedelta(days=7), metrics=["frequency", "duration", "resolution_time"]).run(
        [alert, *older]
    )
    values = dict(zip(report.table["name"].to_pylist(), report.table["value"].to_pylist(), strict=True))
    assert values["alerts_per_day"] == pytest.approx(1.0)
    assert TrendAnalysis.from_alerts([alert], window_size=24).table["direction"].to_pylist() == ["too short"]
