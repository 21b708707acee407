"""Maintenance windows: what fires inside does not count, and rates are per time at risk."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

import alert_analytics as aa
from alert_analytics.errors import HistoryError, UnknownColumnError
from alert_analytics.history import AlertHistory

DAY = datetime(2026, 3, 2)
N_DAYS = 84


def on(day: float) -> datetime:
    return DAY + timedelta(days=day)


def history() -> AlertHistory:
    """Two services, each with two alerts a day at the same hours for twelve weeks."""
    fired = [on(day + part) for day in range(N_DAYS) for part in (0.25, 0.75)]
    rows = [{"service": name, "fired_at": time, "observed_at": time} for name in ("db", "web") for time in fired]
    rows += [{"service": "db", "fired_at": DAY, "observed_at": on(N_DAYS)}]
    return AlertHistory.open(pl.DataFrame(rows).with_row_index("fingerprint"))


def trend(history: AlertHistory, **arguments: Any) -> list[dict[str, Any]]:
    return sorted(aa.TrendAnalysis.from_alerts(history, **arguments).table.to_pylist(), key=str)


def test_what_fires_inside_does_not_count_and_the_time_is_not_at_risk() -> None:
    windows = [{"valid_from": on(10), "valid_to": on(12)}, {"valid_from": on(11), "valid_to": on(13)}]
    left = history().outside_maintenance(windows)
    assert left.n_alerts == history().n_alerts - 2 * 2 * 3
    assert left.where(since=on(10), until=on(13)).n_alerts == 0
    span = left.span
    assert span is not None
    assert span.not_at_risk == timedelta(days=3)
    assert (span.days, span.days_at_risk) == (N_DAYS, N_DAYS - 3)
    assert left.settings["not_at_risk_s"] == 3 * 86_400
    assert left.settings["context"] == [{"outside_maintenance": "The list", "on": {}}]
    whole = history()
    assert whole.span is not None
    assert whole.span.not_at_risk == timedelta(0)
    assert whole.at_risk is None
    assert "not_at_risk_s" not in whole.settings


def test_rates_are_per_time_at_risk() -> None:
    late = [{"service": "db", "valid_from": on(50), "valid_to": on(76)}]
    left = history().outside_maintenance(late, on="service")
    db, web = trend(left, by="service")
    assert (db["n_alerts"], web["n_alerts"]) == (1 + 2 * (N_DAYS - 26), 2 * N_DAYS)
    assert db["alerts_per_day"] == pytest.approx(2 + 1 / (N_DAYS - 26))
    assert web["alerts_per_day"] == 2
    # Two weeks of the twelve have less than a day at risk, and the rest show no fall.
    assert (db["n_weeks"], web["n_weeks"]) == (9, 12)
    assert db["direction"] == web["direction"] == "none"
    (whole,) = trend(left)
    assert whole["n_weeks"] == 12
    assert whole["alerts_per_day"] == pytest.approx(4 + 1 / (N_DAYS - 26))
    assert abs(whole["slope_per_day"]) < 0.001
    # As if all the time had been at risk the same alerts fall.
    as_left = AlertHistory.open(left.to_arrow().drop_columns(["metadata"]))
    assert min(row["slope_per_day"] for row in trend(as_left, by="service")) < -0.01
    assert (
        trend(history().outside_maintenance([{"valid_from": on(3), "valid_to": on(60)}]))[0]["direction"] == "too short"
    )


def test_windows_that_do_not_touch_the_span_change_nothing() -> None:
    never = history().outside_maintenance([{"valid_from": on(-9), "valid_to": on(-1)}])
    for by in (None, "service"):
        for mine, plain in zip(trend(never, by=by), trend(history(), by=by), strict=True):
            assert mine == {name: pytest.approx(value) if name != by else value for name, value in plain.items()}
    weekly = aa.AlertAnalytics(timedelta(days=28), ["frequency"])
    mine, plain = (weekly.run(one).table.to_pylist()[0] for one in (never, history()))
    assert [mine[name] for name in ("value", "low", "high")] == [plain[name] for name in ("value", "low", "high")]
    assert mine["note"] == "per day at risk"


def test_the_last_days_are_per_day_at_risk_too() -> None:
    windows = [{"valid_from": on(N_DAYS - 10), "valid_to": on(N_DAYS - 5)}]
    report = aa.AlertAnalytics(timedelta(days=28), ["frequency"]).run(history().outside_maintenance(windows))
    row = report.table.to_pylist()[0]
    assert row["value"] == row["before"] == 4
    assert row["low"] < 4 < row["high"]
    short = aa.AlertAnalytics(timedelta(days=10), ["frequency"]).run(history().outside_maintenance(windows))
    row = short.table.to_pylist()[0]
    assert (row["value"], row["low"]) == (4, None)
    assert (
        row["note"] == "per day at risk; no interval: it needs 7 days, there are 5 days at risk for half or more of it"
    )


def test_windows_of_a_service_and_of_all_and_of_a_tenant() -> None:
    windows = [
        {"service": "db", "valid_from": on(1), "valid_to": on(2)},
        {"service": None, "valid_from": on(2), "valid_to": on(3)},
    ]
    left = history().outside_maintenance(windows, on="service")
    assert left.where({"service": "db"}, since=on(1), until=on(3)).n_alerts == 0
    assert left.where({"service": "web"}, since=on(1), until=on(3)).n_alerts == 2
    assert left.at_risk is not None
    assert left.span is not None
    assert left.span.not_at_risk == timedelta(days=1)
    tenants = AlertHistory.open(pl.DataFrame({"tenant_id": ["x", "y"], "fired_at": [on(1), on(1)]}))
    theirs = [{"tenant_id": "y", "valid_from": on(1), "valid_to": on(2)}]
    assert tenants.outside_maintenance(theirs).to_polars()["tenant_id"].to_list() == ["x"]
    assert tenants.tenant("x").outside_maintenance(theirs).n_alerts == 1
    assert tenants.outside_maintenance(theirs).tenant("y").n_alerts == 0


def test_it_commutes_and_calls_add_up() -> None:
    first, second = ([{"valid_from": on(day), "valid_to": on(day + 1)}] for day in (1, 3))
    both = history().outside_maintenance(first).as_of(on(20)).outside_maintenance(second).where({"service": "db"})
    other = history().where({"service": "db"}).outside_maintenance(second).outside_maintenance(first).as_of(on(20))
    assert both.to_arrow().equals(other.to_arrow())
    assert both.n_alerts == history().as_of(on(20)).where({"service": "db"}).n_alerts - 4
    assert both.span is not None
    assert both.span == other.span
    assert both.span.not_at_risk == timedelta(days=2)


@pytest.mark.parametrize(
    ("rows", "on_", "said"),
    [
        ([{"service": "db", "valid_from": DAY}], "service", "no columns that say from when until when"),
        ([{"valid_from": DAY, "valid_to": None}], None, "valid_to is missing in 1 of 1 window"),
        ([{"valid_from": None, "valid_to": DAY}], None, "valid_from is missing in 1 of 1 row"),
        ([{"valid_from": on(1), "valid_to": DAY}], None, "valid_to precedes valid_from"),
        ([{"valid_from": DAY, "valid_to": on(1)}], "service", "no column 'service'"),
        (
            [{"service": "db", "rule": None, "valid_from": DAY, "valid_to": on(1)}],
            ["service", "rule"],
            "some rows have only some of service, rule",
        ),
        ([{"value": 1.5, "valid_from": DAY, "valid_to": on(1)}], "value", "value holds fractions"),
    ],
)
def test_what_cannot_be(rows: list[dict[str, Any]], on_: Any, said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        history().outside_maintenance(rows, on=on_)


def test_a_label_that_is_not_there() -> None:
    with pytest.raises(UnknownColumnError, match="nothing"):
        history().outside_maintenance([{"x": "a", "valid_from": DAY, "valid_to": on(1)}], on={"nothing": "x"})
