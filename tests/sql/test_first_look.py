"""The counting behind the first look: repeats and alerts that nobody was needed for, row by row."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa

from alert_analytics.history import AlertHistory

START = datetime(2025, 3, 1)

# tenant, rule, service, fired, acknowledged, resolved (minutes), resolution
ROWS: list[tuple[str, str | None, str | None, float, float | None, float | None, str | None]] = [
    ("a", "cpu", "db", 0, None, 4, "automatic"),  # unattended
    ("a", "cpu", "db", 5, None, 20, "automatic"),  # repeats: the window is closed; lasts as long as the limit
    ("a", "cpu", "db", 10.1, 11, 12, "automatic"),  # too late for a repeat; somebody came
    ("a", "cpu", "web", 1, None, 3, "manual"),  # another service
    ("b", "cpu", "db", 2, None, None, None),  # another tenant, still open
    ("a", "disk", None, 0, None, 1, None),  # ended, nobody knows how
    ("a", "disk", None, 0, None, 14.9, "automatic"),  # at the same instant: a repeat
    ("a", None, "db", 0, None, 1, "automatic"),  # no item
]


def test_repeats_and_unattended_alerts_are_counted_by_item() -> None:
    tenant, rule, service, fired, acknowledged, resolved, resolution = zip(*ROWS, strict=True)

    def times(minutes: tuple[float | None, ...]) -> pa.Array:
        return pa.array([None if m is None else START + timedelta(minutes=m) for m in minutes], pa.timestamp("us"))

    history = AlertHistory.open(
        pa.table(
            {
                "tenant_id": pa.array(tenant, pa.string()),
                "team": pa.array(rule, pa.string()),
                "service": pa.array(service, pa.string()),
                "fired_at": times(fired),
                "acknowledged_at": times(acknowledged),
                "resolved_at": times(resolved),
                "resolution": pa.array(resolution, pa.string()),
            }
        )
    )
    params = {"window_us": 300_000_000, "short_s": 900.0}
    assert history.ask("first_look", keys={"item": ["team"]}, params=params).arrow().to_pylist() == [
        {"item": "cpu", "n_alerts": 5, "n_repeats": 1, "n_unattended": 1},
        {"item": "disk", "n_alerts": 2, "n_repeats": 1, "n_unattended": 1},
    ]
