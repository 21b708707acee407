"""What each analysis says of histories that have next to nothing, or far too much: ``python -m benchmarks.edges [N]``.

Prints a Markdown table of answers and errors, a row per analysis and history; N is the number of distinct rules of the
largest one (a million). An answer that is another library's error stops it: everything here has to be either an answer
or an error that says what is wrong.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

import alert_analytics as aa
from alert_analytics.errors import AlertAnalyticsError

START = datetime(2025, 9, 1)
HOUR, NOTHING = timedelta(hours=1), timedelta(0)
RULE = aa.AlertRule(name="HighCpu", condition="cpu > 90", severity=aa.AlertSeverity.HIGH)
TIGHTER = aa.RuleChange(hold=timedelta(minutes=5))
PAGES = aa.EscalationPolicy((aa.EscalationLevel(("first",)), aa.EscalationLevel(("second",), delay=HOUR)))

Ask = Callable[[aa.AlertHistory], Any]


@dataclass(frozen=True)
class Question:
    """An analysis as it is usually asked, and asked with a window of zero where it has one."""

    name: str
    ask: Ask
    of_zero: Ask | None = None


def history(n: int, rule: Callable[[int], str] = lambda i: f"rule {i % 7}", **other: Any) -> aa.AlertHistory:
    """`n` alerts two hours apart, in turn open, resolved within minutes, acknowledged and resolved.

    Parameters
    ----------
    n : int
        Alerts.
    rule : callable, optional
        The rule of each.
    **other
        Columns in place of the usual ones.
    """
    i = np.arange(n)
    # A large history lasts no longer than a year.
    fired = np.datetime64(START, "us") + i * np.timedelta64(min(7_200_000_000, 31_536_000_000_000 // max(n, 1)), "us")
    lasting = fired + np.timedelta64(1, "us") * (1 + i * 977 % 10_000) * 1_000_000
    resolved, acknowledged = np.where(i % 5 > 0, lasting, np.datetime64("NaT", "us")), fired + np.timedelta64(30, "s")
    columns = {
        "fired_at": pa.array(fired, pa.timestamp("us")),
        "resolved_at": pa.array(resolved, pa.timestamp("us")),
        "acknowledged_at": pa.array(np.where(i % 2, acknowledged, np.datetime64("NaT", "us")), pa.timestamp("us")),
        "resolution": pa.array(["manual" if one % 3 else "automatic" for one in i], pa.string()),
        "rule": pa.array([rule(one) for one in i.tolist()], pa.string()),
        "service": pa.array([f"service {one % 3}" for one in i], pa.string()),
        "severity": pa.array(["high" if one % 4 else "low" for one in i], pa.string()),
        "team": pa.array([f"team {one % 2}" for one in i], pa.string()),
        "assignee": pa.array([f"person {one % 12}" for one in i], pa.string()),
    }
    never = pa.nulls(n, pa.timestamp("us"))
    given = {name: never if value is None else value for name, value in other.items()}
    return aa.AlertHistory.open(pa.table(columns | given))


def histories(n_rules: int) -> dict[str, Callable[[], aa.AlertHistory]]:
    """The histories, by name; made when asked for."""
    return {
        "empty": lambda: history(0),
        "one alert": lambda: history(1),
        "one series": lambda: history(200, rule=lambda _: "only"),
        "nothing resolved": lambda: history(200, resolved_at=None, resolution=pa.nulls(200, pa.string())),
        "nothing acknowledged": lambda: history(200, acknowledged_at=None),
        f"{n_rules:,} distinct rules": lambda: history(n_rules, rule=lambda i: f"rule {i}"),
    }


def samples(alerts: aa.AlertHistory) -> pl.DataFrame:
    """As many samples of a metric as there are alerts."""
    n = alerts.n_alerts
    every = {"t": [START + i * timedelta(minutes=1) for i in range(min(n, 1_000))]}
    entity = [f"host {i % 3}" for i in range(len(every["t"]))]
    frame = pl.DataFrame({**every, "entity": entity, "cpu": [float(i % 100) for i in range(len(entity))]})
    return frame.with_columns(pl.col("t").cast(pl.Datetime("us")), pl.col("entity").cast(pl.String))


def halves(alerts: aa.AlertHistory) -> Any:
    """The first and the second half of a history, compared by their volume."""
    cut = START + timedelta(days=8)
    return aa.compare(
        aa.TrendAnalysis.from_alerts(alerts.where(until=cut)), aa.TrendAnalysis.from_alerts(alerts.where(since=cut))
    )


def _trend(alerts: aa.AlertHistory, **given: Any) -> aa.TrendAnalysis:
    return aa.TrendAnalysis.from_alerts(alerts, **given)


def _times(alerts: aa.AlertHistory, **given: Any) -> aa.ResolutionAnalysis:
    return aa.ResolutionAnalysis.from_alerts(alerts, **given)


def _pairs(alerts: aa.AlertHistory, **given: Any) -> aa.CorrelationAnalysis:
    return aa.CorrelationAnalysis.from_alerts(alerts, **given)


QUESTIONS = (
    Question("trend by rule", lambda h: _trend(h, by="rule"), lambda h: _trend(h, bucket=NOTHING)),
    Question("seasonality", lambda h: _trend(h).seasonality()),
    Question("change points", lambda h: _trend(h).find_change_points()),
    Question("forecast", lambda h: _trend(h).forecast(7), lambda h: _trend(h).forecast(NOTHING)),
    Question("before and after", halves, lambda h: aa.compare(_trend(h.where(until=START)), _trend(h))),
    Question("correlation", _pairs, lambda h: _pairs(h, window=NOTHING)),
    Question("resolution by rule", lambda h: _times(h, by="rule"), lambda h: _times(h, horizon=NOTHING)),
    Question("acknowledgement", lambda h: _times(h, of="time_to_acknowledge")),
    Question("how alerts end", lambda h: _times(h).competing()),
    Question("targets", lambda h: _times(h).sla(HOUR), lambda h: _times(h).sla(NOTHING)),
    Question("what hastens it", lambda h: _times(h).cox("severity")),
    Question("between looks", lambda h: _times(h).between_looks(HOUR), lambda h: _times(h).between_looks(NOTHING)),
    Question(
        "performance by rule",
        lambda h: aa.PerformanceAnalysis.from_alerts(h, by="rule"),
        lambda h: aa.PerformanceAnalysis.from_alerts(h, refire_within=NOTHING),
    ),
    Question(
        "workload", aa.WorkloadAnalysis.from_alerts, lambda h: aa.WorkloadAnalysis.from_alerts(h, together=NOTHING)
    ),
    Question("incidents", aa.IncidentAnalysis.from_alerts),
    Question(
        "replay of a rule",
        lambda h: aa.RuleReplay.from_alerts(h, TIGHTER),
        lambda h: aa.RuleReplay.from_alerts(h, aa.RuleChange()),
    ),
    Question(
        "replay on metrics",
        lambda h: aa.MetricReplay.from_samples(samples(h), RULE),
        lambda h: aa.MetricReplay.from_samples(samples(h), RULE.model_copy(update={"evaluation_window": NOTHING})),
    ),
    Question("escalation", lambda h: aa.EscalationReplay.from_alerts(h, PAGES)),
    Question(
        "recommendations",
        aa.Recommendations.from_alerts,
        lambda h: aa.Recommendations.from_alerts(h, window=NOTHING),
    ),
    Question("report", lambda h: aa.AlertAnalytics().run(h)),
)


def told(ask: Ask, alerts: aa.AlertHistory) -> tuple[str, float]:
    """What an analysis says, or why it does not; and how long that took, in seconds."""
    began = time.perf_counter()
    try:
        said = str(ask(alerts).sentence)
    except AlertAnalyticsError as error:
        said = f"*{type(error).__name__}*: {error}"
    return said.replace("|", r"\|").replace("\n", " "), time.perf_counter() - began


def rows(n_rules: int) -> Iterator[str]:
    """A line of the Markdown table for each history and analysis, and for each window of zero."""
    yield "| history | analysis | says | s |"
    yield "|---|---|---|---:|"
    for name, make in histories(n_rules).items():
        alerts = make()
        for one in QUESTIONS:
            said, seconds = told(one.ask, alerts)
            yield f"| {name} | {one.name} | {said} | {seconds:.1f} |"
    alerts = history(200)
    for one in QUESTIONS:
        if one.of_zero is not None:
            said, seconds = told(one.of_zero, alerts)
            yield f"| a window of zero | {one.name} | {said} | {seconds:.1f} |"


if __name__ == "__main__":
    for line in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000):
        print(line, flush=True)
