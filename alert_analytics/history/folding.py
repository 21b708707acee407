"""Fold the events of a log to alerts: what a store does at ingest, and a history for what was known at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from alert_analytics.engine.kernels.folding import NEVER, Folded, fold
from alert_analytics.engine.query import text_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation
    from numpy.typing import NDArray

_PART = 1_000_000
"""About how many events are folded at a time, so that memory does not grow with the log."""


def fold_events(
    cursor: DuckDBPyConnection,
    events: DuckDBPyRelation,
    into: str,
    *,
    tellings: str | None = None,
    ends: DuckDBPyRelation | None = None,
) -> None:
    """Append the alerts that events tell of to a table.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        Where temporary tables live.
    events : DuckDBPyRelation
        Rows of ``alert_events``; of every timeline in it all events that count, or all from its first alert that is not
        settled on.
    into : str
        A table with the columns of ``store.folded``; a name of the caller's.
    tellings : str, optional
        A table as ``tellings_table.sql`` makes it: to which alert each event belongs, null where its beginning is not
        known.
    ends : DuckDBPyRelation, optional
        ``(timeline, ended_at)`` of timelines that are folded from their middle on: the latest end of the alerts before.

    Notes
    -----
    Timelines are independent, so a large log is folded in parts, each with whole timelines.
    """
    known = cursor.sql("SELECT 0::UBIGINT AS timeline, NULL::TIMESTAMP AS ended_at LIMIT 0") if ends is None else ends
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW ends AS {known.sql_query()}")
    [(n_events,)] = events.count("*").fetchall()
    n_parts = 1 + n_events // _PART
    for part in range(n_parts):
        chosen = events if n_parts == 1 else events.filter(f"timeline % {n_parts} = {part}")
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW events AS {chosen.sql_query()}")
        cursor.execute(text_of(__package__, "taken"))
        _fold_taken(cursor, into, tellings)
    cursor.execute("DROP TABLE IF EXISTS taken; DROP VIEW IF EXISTS events; DROP VIEW IF EXISTS ends")


def _fold_taken(cursor: DuckDBPyConnection, into: str, tellings: str | None) -> None:
    """Fold the table ``taken``."""
    columns = cursor.sql(text_of(__package__, "taken_columns")).fetchnumpy()
    folded = fold(*(np.asarray(columns[name]) for name in ("line", "code", "time", "taken_at", "claimed", "ended")))
    cursor.register("alert_of", pa.table({"place": columns["place"], "alert": folded.alert_of}))
    cursor.register("times", _times(folded))
    try:
        cursor.execute(f"INSERT INTO {into} BY NAME {text_of(__package__, 'fold')}")
        if tellings is not None:
            cursor.execute(f"INSERT INTO {tellings} {text_of(__package__, 'tellings')}")
    finally:
        cursor.unregister("alert_of")
        cursor.unregister("times")


def _times(folded: Folded) -> pa.Table:
    stamps = {"fired_at": folded.fired, "acknowledged_at": folded.acknowledged, "resolved_at": folded.resolved}
    return pa.table(
        {"alert": np.arange(folded.fired.size)}
        | {name: _stamps(us) for name, us in stamps.items()}
        | {"occurrences": folded.occurrences, "reopens": folded.reopens, "is_suppressed": folded.is_suppressed}
    )


def _stamps(microseconds: NDArray[np.int64]) -> pa.Array:
    return pa.array(microseconds, mask=microseconds == NEVER).cast(pa.timestamp("us"))
