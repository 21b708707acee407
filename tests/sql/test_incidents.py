"""The counting behind incidents' times: who belongs to one, when it began, was acknowledged, and was over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from alert_analytics.history import AlertHistory

START = datetime(2026, 3, 1, 22)


def at(hours: float | None) -> datetime | None:
    return None if hours is None else START + timedelta(hours=hours)


# tenant, incident, severity, fired, acknowledged, resolved (hours)
ROWS = [
    ("a", "i1", "low", 0, None, 1),
    ("a", "i1", "high", 0.5, 0.75, 3),
    ("a", "i1", "low", 1, 1.5, 2),
    ("a", "i2", "high", 3, None, None),
    ("a", "i2", "high", 4, 5, 6),
    ("b", "i1", "low", 1, None, 2),
    ("a", None, "low", 2, None, 4),
    ("a", None, "low", 2.5, 3, None),
]


def asked(since: float | None = None, until: float | None = None) -> list[tuple[Any, ...]]:
    tenant, incident, severity, fired, acknowledged, resolved = zip(*ROWS, strict=True)
    frame = pl.DataFrame(
        {
            "alert_id": [f"alert {number}" for number in range(len(ROWS))],
            "fingerprint": [str(number) for number in range(len(ROWS))],
            "tenant_id": tenant,
            "incident": incident,
            "severity": severity,
            "fired_at": list(map(at, fired)),
            "acknowledged_at": list(map(at, acknowledged)),
            "resolved_at": list(map(at, resolved)),
        }
    )
    answer = AlertHistory.open(frame).ask(
        "incidents",
        keys={"series": ["severity"], "incident": ["incident"]},
        params={"since": at(since), "until": at(until)},
    )
    columns = ("tenant_id", "incident_id", "series", "group_code", "cluster_code", "n_alerts", "began_at")
    columns += ("acknowledged_at", "resolved_at")
    return [tuple(row[name] for name in columns) for row in answer.arrow().to_pylist()]


def test_a_row_per_incident() -> None:
    # i2 goes by the severity of its first alert; hour 3 lies in the next day; an alert without incident is one alone.
    assert asked() == [
        ("a", "i1", ["low"], 1, 0, 3, at(0), at(0.75), at(3)),
        ("b", "i1", ["low"], 1, 2, 1, at(1), None, at(2)),
        ("a", "alert 6", ["low"], 1, 1, 1, at(2), None, at(4)),
        ("a", "alert 7", ["low"], 1, 1, 1, at(2.5), at(3), None),
        ("a", "i2", ["high"], 0, 1, 2, at(3), at(5), None),
    ]


def test_an_incident_counts_where_it_began() -> None:
    assert [row[1] for row in asked(since=1, until=3)] == ["i1", "alert 6", "alert 7"]
    assert [row[0] for row in asked(since=1, until=2)] == ["b"]
