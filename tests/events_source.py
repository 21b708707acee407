"""A source of events made in Python, for tests of the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from alert_analytics.alerts import AlertEvent
from alert_analytics.history import AlertStore, Batch

_STAMP = pa.timestamp("us")
SCHEMA = pa.schema(
    {name: pa.string() for name in AlertEvent._fields}
    | dict.fromkeys(("happened_at", "observed_at", "fired_at", "acknowledged_at", "resolved_at"), _STAMP)
    | dict.fromkeys(("sequence", "occurrences", "escalations", "reassignments", "reopens", "notifications"), pa.int64())
    | {"value": pa.float64(), "labels": pa.map_(pa.string(), pa.string())}
)


@dataclass(frozen=True)
class Events:
    """Takes a list of :class:`AlertEvent`; a line is its place in the list."""

    name: str = "events"

    def read(self, connection: DuckDBPyConnection, data: Iterable[AlertEvent]) -> Batch:
        rows = [event._asdict() for event in data]
        table = pa.Table.from_pylist([{**row, "labels": _pairs(row["labels"])} for row in rows], schema=SCHEMA)
        table = table.append_column("line", pa.array(range(1, len(rows) + 1), pa.int64()))
        connection.register("events_given", table)
        connection.execute("CREATE OR REPLACE TEMP TABLE given_events AS FROM events_given")
        connection.unregister("events_given")
        return Batch(connection.table("given_events"), len(rows))


def _pairs(labels: Any) -> Any:
    return None if labels is None else list(labels.items())


@contextmanager
def told(*batches: Iterable[AlertEvent]) -> Iterator[AlertStore]:
    """A store that was told the batches, one after the other."""
    with AlertStore.open() as store:
        for batch in batches:
            report = store.ingest(batch, source=Events())
            counts = report.n_new + report.n_updated + report.n_duplicate + report.n_quarantined
            assert counts == report.n_read
        yield store


def alerts(store: AlertStore, **scope: Any) -> list[dict[str, Any]]:
    """Every alert, but for when it was stored."""
    history = store.history().as_of(scope["as_of"]) if "as_of" in scope else store.history()
    rows = [{**row, "labels": sorted(row["labels"])} for row in history.to_arrow().to_pylist()]
    known = [{name: value for name, value in row.items() if name != "ingested_at"} for row in rows]
    return sorted(known, key=lambda row: (row["fired_at"], repr(row)))
