"""Merge judged rows into a store: one transaction, every row counted once, order and batching irrelevant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from alert_analytics.engine.query import text_of
from alert_analytics.errors import QueryError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_STEPS = ("merge_quarantine", "merge_replaced", "merge_alerts", "merge_log")


def merge(
    cursor: DuckDBPyConnection,
    judged: DuckDBPyRelation,
    *,
    tenant: str | None,
    source: str,
    complete_until: datetime | None,
) -> dict[str, int]:
    """Merge rows that :func:`canonical` judged into the attached store.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        A cursor on which the store is attached.
    judged : DuckDBPyRelation
        Canonical columns with ``line``, ``original`` and ``reason``.
    tenant, source, complete_until
        What the log of ingests keeps, for each tenant in the batch; `tenant` is None for the operator.

    Returns
    -------
    dict of str to int
        ``n_read, n_new, n_updated, n_duplicate, n_quarantined``.

    Raises
    ------
    QueryError
        The database failed; the store is as it was before.

    Notes
    -----
    Of several observations of one alert the one observed last stays; between equally late ones the one whose content
    sorts last, so that the outcome is the same in any order.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    params: dict[str, object] = {"now": now, "tenant": tenant, "source": source, "complete_until": complete_until}
    try:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE staged AS {judged.sql_query()}")
        cursor.execute(text_of(__package__, "merge_incoming"))
        answer = cursor.sql(text_of(__package__, "merge_counts"))
        counts = {name: int(values[0]) for name, values in answer.to_arrow_table().to_pydict().items()}
        cursor.execute("BEGIN TRANSACTION")
        try:
            for step in _STEPS:
                text = text_of(__package__, step)
                cursor.execute(text, {name: value for name, value in params.items() if f"${name}" in text})
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
    except duckdb.Error as error:
        raise QueryError(f"ingest of {source}: {str(error).splitlines()[0]}") from error
    finally:
        cursor.execute("DROP TABLE IF EXISTS incoming; DROP TABLE IF EXISTS staged")
    return counts
