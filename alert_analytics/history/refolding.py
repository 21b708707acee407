"""Fold the alerts of some timelines anew, from the events that the log holds now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa

from alert_analytics.engine.query import text_of
from alert_analytics.history.folding import fold_events

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def refold(cursor: DuckDBPyConnection, timelines: Iterable[int]) -> None:
    """Fold the alerts of timelines anew; events in them that have become the same are one.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        In a transaction on the attached store.
    timelines : iterable of int
        Numbers of timelines, as in ``alert_events``; a timeline that has no event any more has no alert.
    """
    cursor.register("given_timelines", pa.table({"timeline": pa.array(sorted(set(timelines)), type=pa.uint64())}))
    try:
        cursor.execute("CREATE OR REPLACE TEMP TABLE to_fold AS FROM given_timelines")
    finally:
        cursor.unregister("given_timelines")
    try:
        cursor.execute(text_of(__package__, "refold_once"))
        cursor.execute(text_of(__package__, "refold"))
        fold_events(cursor, cursor.sql(text_of(__package__, "refold_events")), "store.folded")
    finally:
        cursor.execute("DROP TABLE IF EXISTS touched; DROP TABLE IF EXISTS to_fold; DROP TABLE IF EXISTS taken")
