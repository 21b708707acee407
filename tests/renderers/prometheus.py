"""The story as Prometheus would have answered seven range queries, one a day, each from where the last one ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from alert_analytics.sources import Prometheus
from tests.renderers.story import END, MINUTE, START, TrueAlert

CANNOT_SAY = {
    "message": "annotations are not stored",
    "occurrences": "an alert that fires again while it is open goes on in its series",
    "acknowledged_at": "Prometheus knows no acknowledgement",
    "status": "so an open alert that somebody took is firing here, not acknowledged",
    "assignee": "nor who took it",
}
DAYS = [START + timedelta(days=day) for day in range(8)]


def source() -> Prometheus:
    return Prometheus(step=MINUTE)


def render(alerts: Iterable[TrueAlert], bounds: Sequence[datetime] = DAYS) -> list[dict[str, Any]]:
    kept = list(alerts)
    return [response(kept, start, end) for start, end in pairwise(bounds)]


def response(alerts: Sequence[TrueAlert], start: datetime, end: datetime) -> dict[str, Any]:
    """The answer for ``ALERTS or vector(1)`` from `start` to `end`, both included, in steps of a minute."""
    grid = [start + minute * MINUTE for minute in range((end - start) // MINUTE + 1)]
    result: list[dict[str, Any]] = [{"metric": {}, "values": [[_seconds(at), "1"] for at in grid]}]
    series: dict[str, list[TrueAlert]] = {}
    for alert in alerts:
        series.setdefault(alert.condition.message, []).append(alert)
    for group in series.values():
        told = [at for at in grid if any(one.fired_at <= at < (one.resolved_at or END + MINUTE) for one in group)]
        if told:
            metric = {"__name__": "ALERTS", "alertstate": "firing", **group[0].condition.labels}
            result.append({"metric": metric, "values": [[_seconds(at), "1"] for at in told]})
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def _seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
