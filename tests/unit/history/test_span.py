"""The span is the history's: what its conditions leave is counted over the same time as the whole."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from alert_analytics import AlertAnalytics, CorrelationAnalysis, Recommendations, ResolutionAnalysis, TrendAnalysis
from alert_analytics.history import AlertHistory
from alert_analytics.history.history import Span

DAY = datetime(2026, 3, 1)


def at(days: float) -> datetime:
    return DAY + timedelta(days=days)


SIMPLE = AlertHistory.open(
    pl.DataFrame(
        {
            "tenant_id": ["x", "x", "y", "x"],
            "service": ["a", "b", "b", "b"],
            "fired_at": [at(1), at(3), at(0), at(5)],
            "resolved_at": [at(2), None, None, None],
        }
    )
)


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        (SIMPLE, Span(at(0), at(5))),
        (SIMPLE.tenant("x"), Span(at(1), at(5))),
        (SIMPLE.tenant("x").where({"service": "b"}), Span(at(1), at(5))),
        (SIMPLE.tenant("x").where("service = 'nothing'"), Span(at(1), at(5))),
        (SIMPLE.tenant("x").where(since=at(-100)), Span(at(1), at(5))),
        (SIMPLE.tenant("x").where({"service": "b"}, since=at(2)), Span(at(2), at(5))),
        (SIMPLE.tenant("x").where(until=at(4)), Span(at(1), at(4))),
        (SIMPLE.tenant("x").where(until=at(-4)), Span(at(1), at(1))),
        (SIMPLE.where(since=at(9)), Span(at(9), at(9))),
        (SIMPLE.tenant("x").as_of(at(3)), Span(at(1), at(3))),
        (SIMPLE.tenant("x").where({"service": "b"}).as_of(at(2)), Span(at(1), at(2))),
        (SIMPLE.tenant("x").as_of(at(1)), None),
        (SIMPLE.tenant("nobody"), None),
    ],
)
def test_where_a_span_begins_and_ends(narrowed: AlertHistory, expected: Span | None) -> None:
    assert narrowed.span == expected
    assert narrowed.settings["span_start"] == (expected and expected.start)


def steady(n_weeks: int = 30) -> AlertHistory:
    """A service that fires throughout, and one whose first alert comes late."""
    rng = np.random.default_rng(7)
    hours = [rng.uniform(0, n_weeks * 168, 900), rng.uniform(n_weeks * 100, n_weeks * 168, 200)]
    return AlertHistory.open(
        pl.DataFrame(
            {
                "fired_at": [DAY + timedelta(hours=float(hour)) for part in hours for hour in part],
                "service": ["early"] * 900 + ["late"] * 200,
                "rule": "r",
            }
        )
    )


def test_the_alerts_behind_a_row_have_the_rows_trend() -> None:
    trend = TrendAnalysis.from_alerts(steady(), by="service")
    rows = trend.table.to_pylist()
    assert {row["service"]: row["direction"] for row in rows}["late"] == "increasing"
    for i, row in enumerate(rows):
        [alone] = TrendAnalysis.from_alerts(trend.alerts(i)).table.to_pylist()
        same = ("n_alerts", "n_weeks", "alerts_per_day", "slope_per_day", "slope_low", "slope_high", "p_value")
        assert {name: alone[name] for name in same} == pytest.approx({name: row[name] for name in same})


def test_a_beginning_before_the_first_record_makes_no_trend() -> None:
    history = steady().where({"service": "early"})
    [row] = TrendAnalysis.from_alerts(history).table.to_pylist()
    [longer] = TrendAnalysis.from_alerts(history.where(since=DAY - timedelta(days=365))).table.to_pylist()
    assert longer == row
    assert row["direction"] == "none"


@pytest.mark.parametrize(
    "nothing",
    [
        steady().where({"service": "nothing"}),
        steady().where("service = 'nothing'", since=at(20), until=at(90)),
        steady().where(until=at(-1)),
        steady().where(since=at(9999)),
        steady().as_of(at(-1)),
    ],
)
def test_a_selection_without_alerts_is_answered_in_words(nothing: AlertHistory) -> None:
    assert nothing.n_alerts == 0
    assert "no alert" in TrendAnalysis.from_alerts(nothing).sentence
    assert TrendAnalysis.from_alerts(nothing).series.num_rows >= 0
    assert "no alert" in ResolutionAnalysis.from_alerts(nothing).sentence.lower()
    assert CorrelationAnalysis.from_alerts(nothing).sentence
    assert AlertAnalytics(timedelta(days=30)).run(nothing).sentence
    assert repr(Recommendations.from_alerts(nothing))
    assert nothing.describe().suspicious == ()
