"""What an analysis says to arguments that make no sense."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

import alert_analytics as aa
from alert_analytics.errors import HistoryError, QueryError


@pytest.fixture(scope="module")
def history() -> aa.AlertHistory:
    return aa.datasets.sample()


@pytest.mark.parametrize("value", [300, 0.5, "5 min", None])
@pytest.mark.parametrize(
    "ask",
    [
        lambda h, v: aa.CorrelationAnalysis.from_alerts(h, window=v if v is not None else timedelta(0)),
        lambda h, v: aa.TrendAnalysis.from_alerts(h, bucket=v if v is not None else timedelta(0)),
        lambda h, v: aa.ResolutionAnalysis.from_alerts(h, horizon=v if v is not None else timedelta(0)),
        lambda h, v: aa.AlertAnalytics(time_range=v if v is not None else timedelta(0)),
    ],
)
def test_a_length_of_time_is_a_positive_timedelta(ask: Any, value: Any, history: aa.AlertHistory) -> None:
    with pytest.raises(HistoryError, match="length of time"):
        ask(history, value)


@pytest.mark.parametrize("by", [3, [3], object()])
def test_by_names_columns(by: Any, history: aa.AlertHistory) -> None:
    with pytest.raises(HistoryError, match="names no columns"):
        aa.TrendAnalysis.from_alerts(history, by=by)


@pytest.mark.parametrize("name", ["note", "median_s", "n_alerts", "time_s", "quantile_s"])
def test_a_label_called_like_a_column_of_the_answer_is_refused(name: str, history: aa.AlertHistory) -> None:
    with pytest.raises(HistoryError, match="columns of its own"):
        aa.ResolutionAnalysis.from_alerts(history, by=name)


def test_a_window_of_half_a_bucket_is_refused(history: aa.AlertHistory) -> None:
    with pytest.raises(HistoryError, match="whole number of buckets"):
        aa.TrendAnalysis.from_alerts(history, window_size=2.5)  # type: ignore[arg-type]


def test_one_metric_may_be_named_by_itself() -> None:
    assert aa.AlertAnalytics(metrics="frequency").metrics == ("frequency",)


def test_a_date_is_its_midnight(history: aa.AlertHistory) -> None:
    day = history.where(since=date(2025, 10, 1), until=date(2025, 10, 2))
    assert day.n_alerts == history.where(since="2025-10-01", until=datetime(2025, 10, 2)).n_alerts > 0


@pytest.mark.parametrize("when", [5, pd.NaT, 1.5])
def test_what_is_no_time_is_refused(when: Any, history: aa.AlertHistory) -> None:
    with pytest.raises(HistoryError, match="is not a time"):
        history.as_of(when)


@pytest.mark.parametrize("name", [None, "", 3])
def test_a_tenant_has_a_name(name: Any, history: aa.AlertHistory) -> None:
    with pytest.raises(HistoryError, match="expected a name"):
        history.tenant(name)


@pytest.mark.parametrize(
    "text",
    [
        "COPY (SELECT 1) TO 'leak.csv'",
        "ATTACH 'new.duckdb' AS z",
        "SET GLOBAL TimeZone = 'Asia/Tokyo'",
        "DETACH store",
        "PRAGMA disable_progress_bar",
        "DROP VIEW alerts",
    ],
)
def test_own_sql_only_asks(text: str) -> None:
    store = aa.AlertStore.open(":memory:")
    store.ingest(aa.datasets.sample_path() / "alerts.parquet")
    history = store.history()
    with pytest.raises(QueryError, match="is no question"):
        history.sql(text)
    assert history.sql("SELECT count(*) AS n FROM alerts")["n"][0] == history.n_alerts
    assert history.sql("DESCRIBE alerts").height > 20


def test_a_store_is_taken_for_its_history() -> None:
    store = aa.AlertStore.open(":memory:")
    store.ingest(aa.datasets.sample_path() / "alerts.parquet")
    assert aa.AlertHistory.open(store).n_alerts == aa.datasets.sample().n_alerts


def test_the_report_is_drawn_against_the_stretch_before(history: aa.AlertHistory) -> None:
    report = aa.AlertAnalytics(time_range=timedelta(days=28)).run(history)
    drawn = report.plot().to_dict()
    data = [one for one in drawn["datasets"].values() if "name" in one[0]] if "datasets" in drawn else []
    rows = data[0] if data else drawn["layer"][1]["data"]["values"]
    by_name = {row["name"]: row["value"] for row in rows}
    first = report.table.to_pylist()[0]
    assert by_name["alerts per day"] == pytest.approx(first["value"] / first["before"])


def test_no_finding_promises_more_than_its_alerts(history: aa.AlertHistory) -> None:
    found = aa.Recommendations.from_alerts(history)
    weeks = found.settings["weeks"]
    assert isinstance(weeks, float)
    for row in found.table.to_pylist():
        assert row["n_saved"] <= row["n_alerts"]
        assert row["saved_per_week"] == pytest.approx(row["n_saved"] / weeks)


def test_alerts_without_a_rule_are_no_rule() -> None:
    times = pd.date_range("2026-01-01", periods=200, freq="min")
    found = aa.Recommendations.from_alerts(pd.DataFrame({"fired_at": times}))
    assert len(found) == 0
    assert "No alert names a rule" in found.sentence
