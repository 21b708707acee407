"""Every argument of every analysis, given what it is not: an answer, or an error of the library's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from math import inf, nan
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics.analytics.prometheus_rule import prometheus_rule
from alert_analytics.errors import AlertAnalyticsError, HistoryError, NoSuchRowError

START, HOUR, MINUTE = datetime(2025, 1, 6), timedelta(hours=1), timedelta(minutes=1)
ODD = (
    *(None, "", "x", [], {}, [None], {None: 5}, 0, -1, 10**30, 3.5, nan, inf, True, object(), np.ones(2)),
    *(datetime(2025, 2, 1), datetime(2025, 2, 1, tzinfo=UTC), date(9999, 12, 31)),
    *(datetime(1, 1, 1, tzinfo=timezone(HOUR)), "2025-02-30", timedelta.max, timedelta(microseconds=1)),
)

FROM_ALERTS: dict[Any, str] = {
    aa.TrendAnalysis: "window_size by bucket",
    aa.CorrelationAnalysis: "window of within topology",
    aa.ResolutionAnalysis: "by horizon cluster level of observed_from",
    aa.IncidentAnalysis: "policy by horizon cluster level",
    aa.PerformanceAnalysis: "by of short refire_within check_every flap_high flap_low horizon cluster level",
    aa.WorkloadAnalysis: "by responder timezone holidays business sleep together suppress_below level",
    aa.Recommendations: "of window group_by max_missed",
}
ANALYSES: list[tuple[str, Callable[[aa.AlertHistory, Any], Any]]] = [
    (f"{kind.__name__}.{name}", lambda history, odd, kind=kind, name=name: kind.from_alerts(history, **{name: odd}))
    for kind, names in FROM_ALERTS.items()
    for name in names.split()
]


@cache
def trend(h: aa.AlertHistory) -> aa.TrendAnalysis:
    return aa.TrendAnalysis.from_alerts(h)


@cache
def times(h: aa.AlertHistory) -> aa.ResolutionAnalysis:
    return aa.ResolutionAnalysis.from_alerts(h)


@cache
def pairs(h: aa.AlertHistory) -> aa.CorrelationAnalysis:
    return aa.CorrelationAnalysis.from_alerts(h, window=24 * HOUR)


@cache
def load(h: aa.AlertHistory) -> aa.WorkloadAnalysis:
    return aa.WorkloadAnalysis.from_alerts(h, suppress_below=1)


QUESTIONS: list[tuple[str, Callable[[aa.AlertHistory], Any], Callable[[Any, Any], Any]]] = [
    ("seasonality.timezone", trend, lambda a, odd: a.seasonality(odd)),
    ("seasonality.holidays", trend, lambda a, odd: a.seasonality(holidays=odd)),
    ("find_change_points.timezone", trend, lambda a, odd: a.find_change_points(odd)),
    ("find_change_points.holidays", trend, lambda a, odd: a.find_change_points(holidays=odd)),
    ("forecast.horizon", trend, lambda a, odd: a.forecast(odd)),
    ("forecast.timezone", trend, lambda a, odd: a.forecast(2, odd)),
    ("forecast.holidays", trend, lambda a, odd: a.forecast(2, holidays=odd)),
    ("lags", pairs, lambda a, odd: a.lags(odd)),
    ("alerts", pairs, lambda a, odd: a.alerts(odd)),
    ("CorrelationAnalysis.plot", pairs, lambda a, odd: a.plot(odd)),
    ("quantile", times, lambda a, odd: a.quantile(odd)),
    ("competing", lambda h: times(h).competing(), lambda a, odd: a.alerts(odd)),
    ("cox.covariates", times, lambda a, odd: a.cox(odd)),
    ("cox.numbers", times, lambda a, odd: a.cox("rule", numbers=odd)),
    ("cox.reference", times, lambda a, odd: a.cox("rule", reference=odd)),
    ("cox.reference of a covariate", times, lambda a, odd: a.cox("rule", reference={"rule": odd})),
    ("sla.targets", times, lambda a, odd: a.sla(odd)),
    ("sla.targets of a level", times, lambda a, odd: a.sla({"high": odd})),
    ("sla.column", times, lambda a, odd: a.sla({"high": HOUR}, odd)),
    ("between_looks.looked", times, lambda a, odd: a.between_looks(odd)),
    ("between_looks.q", times, lambda a, odd: a.between_looks(HOUR, odd)),
    ("by_hour", load, lambda a, odd: a.by_hour()),
    ("open_over_time", load, lambda a, odd: a.open_over_time(odd)),
    ("WorkloadAnalysis.plot", load, lambda a, odd: a.plot(odd)),
    ("AlertAnalytics.time_range", lambda h: h, lambda h, odd: aa.AlertAnalytics(odd, "frequency").run(h)),
    ("AlertAnalytics.metrics", lambda h: h, lambda h, odd: aa.AlertAnalytics(metrics=odd).run(h)),
    ("where.wanted", lambda h: h, lambda h, odd: h.where(odd).n_alerts),
    ("where.since", lambda h: h, lambda h, odd: h.where(since=odd).n_alerts),
    ("incidents", lambda h: h, lambda h, odd: h.incidents(odd)),
    ("compare", trend, lambda a, odd: aa.compare(a, odd)),
]


@pytest.fixture(scope="module")
def history() -> aa.AlertHistory:
    fired = [START + 20 * HOUR * i for i in range(60)]
    ended = [None if i % 5 == 0 else t + HOUR * (1 + i % 7) for i, t in enumerate(fired)]
    told = {"rule": ["a", "b", "c"], "service": ["x", "y"], "severity": ["high", "low"], "team": ["t", "u"]}
    columns = {name: pa.array([values[i % len(values)] for i in range(60)]) for name, values in told.items()}
    moments = {"fired_at": pa.array(fired, pa.timestamp("us")), "resolved_at": pa.array(ended, pa.timestamp("us"))}
    people = pa.array([f"p{i % 12}" for i in range(60)])
    return aa.AlertHistory.open(pa.table({**moments, **columns, "assignee": people}))


def refused(ask: Callable[[Any], Any]) -> int:
    """How many odd arguments are refused; the others have to be answered, in words too."""
    n = 0
    for odd in ODD:
        try:
            assert repr(ask(odd))
        except AlertAnalyticsError:
            n += 1
    return n


@pytest.mark.parametrize(("name", "ask"), ANALYSES, ids=[name for name, _ in ANALYSES])
def test_an_odd_argument_of_an_analysis_is_refused_or_answered(
    name: str, ask: Callable[[aa.AlertHistory, Any], Any], history: aa.AlertHistory
) -> None:
    assert refused(lambda odd: ask(history, odd)) >= 10


@pytest.mark.parametrize(("name", "first", "ask"), QUESTIONS, ids=[name for name, *_ in QUESTIONS])
def test_an_odd_argument_of_a_further_question_is_refused_or_answered(
    name: str, first: Callable[[aa.AlertHistory], Any], ask: Callable[[Any, Any], Any], history: aa.AlertHistory
) -> None:
    asked = first(history)
    assert refused(lambda odd: ask(asked, odd)) >= (0 if name == "by_hour" else 10)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda h: aa.WorkloadAnalysis.from_alerts(h, timezone=None), "timezone=None is no time zone"),
        (lambda h: aa.WorkloadAnalysis.from_alerts(h, responder=None), "responder=None; expected the name of a column"),
        (lambda h: aa.WorkloadAnalysis.from_alerts(h, holidays=5), "holidays=5; expected a list of dates"),
        (lambda h: aa.WorkloadAnalysis.from_alerts(h, suppress_below=True), "suppress_below=True; expected a whole"),
        (lambda h: aa.PerformanceAnalysis.from_alerts(h, of=["rule"]), r"of=\['rule'\]; expected the name of a column"),
        (lambda h: aa.ResolutionAnalysis.from_alerts(h, level="x"), "level='x'; expected a share between 0 and 1"),
        (lambda h: aa.ResolutionAnalysis.from_alerts(h, observed_from="2025-13-45"), "'2025-13-45' is not a time"),
        (lambda h: aa.TrendAnalysis.from_alerts(h, by=["rule", "rule"]), "names a column twice"),
        (lambda h: aa.TrendAnalysis.from_alerts(h, bucket=timedelta(microseconds=9)), "expected at most 1,000,000"),
        (lambda h: aa.PerformanceAnalysis.from_alerts(h, short=timedelta.max), "at most 36,525 days"),
        (lambda h: trend(h).seasonality(holidays=date(2025, 1, 1)), "expected a list of dates"),
        (lambda h: times(h).sla({3: HOUR}), "targets has 3; expected values of severity"),
    ],
)
def test_what_is_refused_is_named_with_what_was_expected(ask: Any, said: str, history: aa.AlertHistory) -> None:
    with pytest.raises(HistoryError, match=said):
        ask(history)


def test_a_date_as_text_says_since_when_anybody_looked(history: aa.AlertHistory) -> None:
    cut = START + 20 * timedelta(days=1)
    asked = [aa.ResolutionAnalysis.from_alerts(history, observed_from=one) for one in (str(cut), cut, "resolved_at")]
    rows = [one.table.to_pylist()[0]["n_alerts"] for one in asked]
    assert rows[0] == rows[1] < 60
    assert asked[0].settings["observed_from"] == cut
    assert asked[2].settings["observed_from"] == "resolved_at"


def test_numbers_of_another_library_are_numbers(history: aa.AlertHistory) -> None:
    level = np.float32(0.5)
    assert aa.ResolutionAnalysis.from_alerts(history, level=level).level == 0.5  # type: ignore[arg-type]
    assert len(aa.TrendAnalysis.from_alerts(history, window_size=np.int64(3)).table) == 1  # type: ignore[arg-type]
    assert pairs(history).lags(np.int64(0)).history.n_alerts == 40  # type: ignore[arg-type]


def test_a_target_that_no_alert_has_is_told_beside_those_without_one(history: aa.AlertHistory) -> None:
    said = times(history).sla({"High": HOUR}).sentence
    assert said == "There is no alert with a target in this history. No alert has severity 'High', and 'high', " + (
        "'low' have no target."
    )
    assert (
        "No alert has severity 'Low', and 'low' has no target."
        in times(history).sla({"high": HOUR, "Low": HOUR}).sentence
    )
    assert "No alert has" not in times(history).sla({"high": HOUR}).sentence


def test_a_target_may_be_for_alerts_without_a_value() -> None:
    fired = pa.array([START + i * HOUR for i in range(9)], pa.timestamp("us"))
    ended = pa.array([START + (i + 1) * HOUR for i in range(9)], pa.timestamp("us"))
    shift = pa.array(["night", None, None] * 3)
    asked = aa.AlertHistory.open(pa.table({"fired_at": fired, "resolved_at": ended, "shift": shift}))
    assert times(asked).sla({None: 2 * HOUR}, "shift").table["n_alerts"].to_pylist() == [6]


@pytest.mark.parametrize("row", [5, -5, 1.0, None, True, "0"])
def test_no_such_row_is_an_error_of_the_library_and_of_python(row: Any, history: aa.AlertHistory) -> None:
    with pytest.raises(NoSuchRowError, match="row") as caught:
        trend(history).alerts(row)
    assert isinstance(caught.value, IndexError)


@pytest.mark.parametrize("name", ["expr", "hold", "labels"])
def test_an_odd_part_of_a_prometheus_rule_is_refused_or_written(name: str) -> None:
    def ask(odd: Any) -> str:
        given: dict[str, Any] = {"expr": "up == 0", "hold": MINUTE, "labels": {}} | {name: odd}
        return prometheus_rule("r", given.pop("expr"), aa.RuleChange(hold=MINUTE), why="w", **given)

    assert refused(ask) >= 10
