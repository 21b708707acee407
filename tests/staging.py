"""What a source of payloads stages, as plain Python."""

from __future__ import annotations

from typing import Any, NamedTuple

from alert_analytics.engine import connect
from alert_analytics.history import Source


class Staged(NamedTuple):
    events: list[dict[str, Any]]  # in order of line, without what is null
    refused: list[tuple[int, str, str]]  # line, reason, original
    n_records: int


def staged(source: Source, data: Any) -> Staged:
    connection = connect()
    try:
        batch = source.read(connection, data)
        rows = batch.rows.order("line").to_arrow_table().to_pylist(maps_as_pydicts="strict")
    finally:
        connection.close()
    assert batch.n_records is not None
    events = [{name: value for name, value in row.items() if value is not None} for row in rows if not row["reason"]]
    refused = [(row["line"], row["reason"], row["original"]) for row in rows if row["reason"]]
    return Staged(events, refused, batch.n_records)
