"""The counting behind alert windows: series and where they begin, and what happened in each bucket, row by row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from alert_analytics.alerts import AlertSeverity
from alert_analytics.history import AlertHistory

START = datetime(2025, 3, 3)
EPOCH = datetime(1970, 1, 1)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
PARAMS: dict[str, object] = {
    "start_us": (START - EPOCH) // TICK,
    "end_us": (START + 3 * HOUR - EPOCH) // TICK,
    "every_us": HOUR // TICK,
    "never_us": -1,
    "stale_us": 3 * HOUR // (2 * TICK),
    "severities": [str(severity) for severity in AlertSeverity],
}

# service, rule, severity, fired, resolved: after the start of the grid, which ends after three hours
ROWS: list[tuple[str | None, str, str | None, timedelta, timedelta | None]] = [
    ("db", "cpu", "high", -TICK, HOUR),
    ("db", "cpu", "critical", timedelta(0), HOUR - TICK),
    ("db", "disk", "info", HOUR - TICK, 3 * HOUR - TICK),
    ("db", "cpu", None, HOUR, 3 * HOUR),
    ("web", "cpu", "high", 2 * HOUR, 2 * HOUR),
    ("web", "cpu", "low", 2 * HOUR + TICK, None),
    (None, "cpu", None, HOUR, None),
    (None, "cpu", "critical", 3 * HOUR, None),
    ("late", "cpu", "critical", 3 * HOUR, None),
]


def history(rows: list[tuple[str | None, str, str | None, timedelta, timedelta | None]]) -> AlertHistory:
    service, rule, severity, fired, resolved = zip(*rows, strict=True)
    times = pa.timestamp("us")
    return AlertHistory.open(
        pa.table(
            {
                "service": pa.array(service, pa.string()),
                "rule": pa.array(rule, pa.string()),
                "severity": pa.array(severity, pa.string()),
                "fired_at": pa.array([START + one for one in fired], times),
                "resolved_at": pa.array([None if one is None else START + one for one in resolved], times),
            }
        )
    )


def asked(query: str, by: list[str], alerts: AlertHistory | None = None) -> list[list[Any]]:
    scope = history(ROWS) if alerts is None else alerts
    answer = scope.ask(query, package="alert_analytics.windows", keys={"series": by}, params=PARAMS)
    return [list(row.values()) for row in answer.arrow().to_pylist()]


def test_a_series_begins_with_its_first_alert_and_an_older_one_with_the_grid() -> None:
    assert asked("alert_series", ["service"]) == [[["db"], 0], [["web"], 2], [[None], 1]]


def test_a_bucket_holds_its_first_instant_and_not_its_last() -> None:
    found = [row[:-1] for row in asked("alert_windows", ["service"])]
    nan = pytest.approx(float("nan"), nan_ok=True)
    # series, bucket, alerts, rules, high, critical, mean severity, resolved, left the load: after 90 min unresolved
    assert found == [
        [0, -1, 1, 1, 1, 0, 3.0, 0, 0],
        [0, 0, 2, 2, 0, 1, 2.0, 1, 1],
        [0, 1, 1, 1, 0, 0, nan, 1, 1],
        [0, 2, 0, 0, 0, 0, nan, 1, 2],
        [1, 2, 2, 1, 1, 0, 2.0, 1, 1],
        [2, 1, 1, 1, 0, 0, nan, 0, 0],
        [2, 2, 0, 0, 0, 0, nan, 0, 1],
    ]


def test_the_last_firing_of_each_bucket_is_known_to_the_microsecond() -> None:
    last = [timedelta(microseconds=row[-1]) for row in asked("alert_windows", ["service"])]
    began = START - EPOCH
    assert last == [
        *(began - TICK, began + HOUR - TICK, began + HOUR, -TICK),
        *(began + 2 * HOUR + TICK, began + HOUR, -TICK),
    ]


def test_without_a_key_all_alerts_are_one_series() -> None:
    assert asked("alert_series", []) == [[[], 0]]
    assert [row[:3] for row in asked("alert_windows", [])] == [[0, -1, 1], [0, 0, 2], [0, 1, 2], [0, 2, 2]]


@pytest.mark.parametrize("by", [[], ["service"]])
def test_no_alert_makes_no_row(by: list[str]) -> None:
    empty = history(ROWS).where(since=START + 4 * HOUR)
    assert asked("alert_series", by, empty) == asked("alert_windows", by, empty) == []
