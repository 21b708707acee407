"""Merge judged rows into a store: one transaction, every row counted once, order and batching irrelevant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from alert_analytics.engine import failure, run
from alert_analytics.engine.query import text_of
from alert_analytics.history.folding import fold_events

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_READ = ("merge_repeated", "merge_fresh", "merge_added", "merge_touched", "merge_tails")
_COMPARED = ("merge_told", "merge_before")
_WRITTEN = (
    "merge_quarantine", "merge_events", "merge_superseded", "merge_replaced", "merge_folded", "merge_log",
)  # fmt: skip
_TEMPORARY = ("staged", "repeated", "fresh", "touched", "concerned", "refolded", "tellings", "told", "before")


@dataclass(frozen=True)
class Cursor:
    """How far a pull from a running system has come: kept in the store, moved with the ingest that it speaks of.

    Attributes
    ----------
    name : str
        What is pulled, such as a source and its address.
    value : str
        Where to go on; JSON text, for whoever pulls.
    """

    name: str
    value: str


def merge(
    cursor: DuckDBPyConnection,
    judged: DuckDBPyRelation,
    *,
    tenant: str | None,
    source: str,
    complete_until: datetime | None,
    moved: Cursor | None = None,
    replayed: Sequence[tuple[Sequence[int], int | None]] = (),
    whole: Callable[[], None] = lambda: None,
) -> tuple[dict[str, int], dict[str, int]]:
    """Merge rows that :func:`canonical` judged into the attached store.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        A cursor on which the store is attached.
    judged : DuckDBPyRelation
        Canonical columns and those of an event, with ``line``, ``original`` and ``reason``.
    tenant, source, complete_until
        What the log of ingests keeps, for each tenant in the batch; `tenant` is None for the operator.
    moved : Cursor, optional
        A cursor to move in the same transaction.
    replayed : sequence of (sequence of int, int or None)
        Of the texts that are read again, in order: their places in quarantine, which they leave (what is refused again
        comes back), and the line of the input that they came from.
    whole : callable
        Asked when everything is read and nothing is written: raises where the input changed meanwhile.

    Returns
    -------
    counts : dict of str to int
        ``n_read, n_new, n_updated, n_duplicate, n_quarantined, n_waiting``.
    reasons : dict of str to int
        Why rows of the batch were set aside, and how many: the commonest.

    Raises
    ------
    QueryError
        The database failed; the store is as it was before.

    Notes
    -----
    Most rows are the only word about their alert: they go to the log, and are their alert. What is told twice is
    compared with the log; the timelines in which something is no row, and the rows that others tell of too, are folded
    anew, a timeline from where the batch begins to speak of it. Of the store nothing is read but these.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    params: dict[str, object] = {"now": now, "tenant": tenant, "source": source, "complete_until": complete_until}
    try:
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW judged_rows AS {judged.sql_query()}")
        cursor.execute(text_of(__package__, "stage"))
        if cursor.execute("SELECT 1 FROM staged WHERE fingerprint IS NULL AND reason IS NULL LIMIT 1").fetchall():
            nameless = cursor.sql("FROM staged WHERE fingerprint IS NULL AND reason IS NULL")
            named = run(cursor, "content", package=__package__, relations={"nameless": nameless}).relation
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE named AS {named.sql_query()}")
            cursor.execute(text_of(__package__, "stage_nameless"))
        if cursor.execute("SELECT 1 FROM staged WHERE reason IS NOT NULL AND kind <> 'row' LIMIT 1").fetchall():
            cursor.execute(text_of(__package__, "stage_refused"))
        whole()
        cursor.execute("BEGIN TRANSACTION")
        try:
            # Whoever changes the generation first keeps a second writer of this process out.
            cursor.execute("UPDATE store.meta SET generation = generation + 1")
            if replayed:
                places, lines = [place for pair in replayed for place in pair[0]], [line for _, line in replayed]
                cursor.execute("DELETE FROM store.quarantine WHERE rowid IN (SELECT unnest(?))", [places])
                cursor.execute("UPDATE staged SET line = (?)[line]", [lines])
            cursor.execute("SET VARIABLE ingest_now = $now::TIMESTAMP", {"now": now})
            for step in _READ:
                _do(cursor, step, params)
            _fold_touched(cursor)
            for step in _COMPARED:
                _do(cursor, step, params)
            answer = cursor.sql(text_of(__package__, "merge_counts"))
            counts = {name: int(values[0]) for name, values in answer.to_arrow_table().to_pydict().items()}
            reasons = {
                str(reason): int(n) for reason, n in cursor.sql(text_of(__package__, "merge_reasons")).fetchall()
            }
            for step in _WRITTEN:
                _do(cursor, step, params)
            if moved is not None:
                _do(cursor, "merge_cursor", params | {"name": moved.name, "value": moved.value})
        except BaseException:
            with suppress(duckdb.Error):  # the database gave up by itself
                cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
    except duckdb.Error as error:
        raise failure(f"ingest of {source}, of which nothing was stored", error) from error
    finally:
        with suppress(duckdb.Error):  # what failed is said already; these go with the cursor
            cursor.execute("; ".join(f"DROP TABLE IF EXISTS {name}" for name in _TEMPORARY))
            cursor.execute("DROP VIEW IF EXISTS judged_rows; DROP VIEW IF EXISTS added")
    return counts, reasons


def _do(cursor: DuckDBPyConnection, step: str, params: dict[str, object]) -> None:
    text = text_of(__package__, step)
    cursor.execute(text, {name: value for name, value in params.items() if f"${name}" in text})


def _fold_touched(cursor: DuckDBPyConnection) -> None:
    """Fold what the batch touches to the table ``refolded``; what was not settled after all, from its beginning."""
    while True:
        cursor.execute(text_of(__package__, "merge_concerned"))
        cursor.execute("CREATE OR REPLACE TEMP TABLE refolded AS SELECT * FROM store.folded LIMIT 0")
        cursor.execute(text_of(__package__, "tellings_table"))
        ends = cursor.sql("SELECT timeline, ended_at FROM touched WHERE ended_at IS NOT NULL")
        fold_events(cursor, cursor.table("concerned"), "refolded", tellings="tellings", ends=ends)
        if not cursor.execute(text_of(__package__, "merge_lost")).fetchall():
            return
