"""Alerts as one Arrow table in the canonical columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from alert_analytics.alerts.alert import Alert, json_text

_TIME = pa.timestamp("us")

ALERT_SCHEMA = pa.schema(
    [
        ("tenant_id", pa.string()),
        ("alert_id", pa.string()),
        ("source", pa.string()),
        ("origin", pa.string()),
        ("fingerprint", pa.string()),
        ("rule", pa.string()),
        ("service", pa.string()),
        ("team", pa.string()),
        ("severity", pa.string()),
        ("status", pa.string()),
        ("message", pa.string()),
        ("fired_at", _TIME),
        ("acknowledged_at", _TIME),
        ("resolved_at", _TIME),
        ("resolution", pa.string()),
        ("observed_at", _TIME),
        ("ingested_at", _TIME),
        ("occurrences", pa.int64()),
        ("escalations", pa.int64()),
        ("reassignments", pa.int64()),
        ("reopens", pa.int64()),
        ("notifications", pa.int64()),
        ("assignee", pa.string()),
        ("value", pa.float64()),
        ("labels", pa.map_(pa.string(), pa.string())),
        ("metadata", pa.string()),
    ]
)
"""The canonical columns: times are UTC without a zone in microseconds, metadata is JSON text."""


def alerts_table(alerts: Iterable[Alert]) -> pa.Table:
    """Lay alerts out as a table.

    Parameters
    ----------
    alerts : iterable of Alert
        In any order, also none.

    Returns
    -------
    pyarrow.Table
        A row per alert, in the order given, with the columns of :data:`ALERT_SCHEMA`.
    """
    columns: dict[str, list[Any]] = {name: [] for name in ALERT_SCHEMA.names}
    for alert in alerts:
        for name, values in columns.items():
            values.append(_cell(alert, name))
    return pa.table(columns, schema=ALERT_SCHEMA)


def _cell(alert: Alert, name: str) -> object:
    value: object = getattr(alert, name)
    if name == "metadata":
        return json_text(value)
    return list(alert.labels.items()) if name == "labels" else value
