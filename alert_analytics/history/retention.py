"""Let go of what ended long ago: its alerts, their events, and the rows set aside then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from alert_analytics.engine.query import text_of
from alert_analytics.errors import QueryError
from alert_analytics.history import audit
from alert_analytics.history.base import STORE
from alert_analytics.history.erasure import DERIVED, EVENTS, QUARANTINE
from alert_analytics.history.folding import fold_events
from alert_analytics.history.refolding import refold
from alert_analytics.history.rewriting import FRESH, quoted, tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TEMPORARY = ("refolded", "tellings", "fates", "going", "kept", "taken")


@dataclass
class Retention:
    """One enforcement on one store: :meth:`fill` and :meth:`mend` are what :func:`rewrite` asks for.

    Attributes
    ----------
    until : datetime
        What ended before this goes; in UTC without a zone.
    n_alerts, n_events, n_quarantined : int
        How many go; known after :meth:`weigh`.
    """

    until: datetime
    n_alerts: int = 0
    n_events: int = 0
    n_quarantined: int = 0
    timelines: list[int] = field(default_factory=list)
    kept: pa.Table | None = None

    def weigh(self, cursor: DuckDBPyConnection) -> bool:
        """Count what is to go, without changing anything; False where there is nothing."""
        try:
            self._decide(cursor)
        finally:
            _drop(cursor)
        return bool(self.n_events or self.n_quarantined)

    def fill(self, cursor: DuckDBPyConnection) -> None:
        """Copy what stays."""
        try:
            self._decide(cursor)
            for table in tables(cursor):
                source, target = f"{STORE}.{quoted(table)}", f"{FRESH}.{quoted(table)}"
                if table == EVENTS:
                    cursor.execute(text_of(__package__, "retention_events"))
                elif table == QUARANTINE:
                    cursor.execute(f"INSERT INTO {target} FROM {source} WHERE ingested_at >= ?", [self.until])
                elif table in DERIVED:
                    cursor.execute(
                        f"INSERT INTO {target} FROM {source} WHERE timeline NOT IN (SELECT timeline FROM going)"
                    )
                else:
                    cursor.execute(f"INSERT INTO {target} FROM {source}")
        finally:
            _drop(cursor)

    def mend(self, connection: DuckDBPyConnection) -> None:
        """Fold what stayed, see that its alerts are what they were, and put it on record."""
        refold(connection, self.timelines)
        connection.register("handed_over", self.kept)
        connection.execute("CREATE OR REPLACE TEMP TABLE kept AS FROM handed_over")
        connection.unregister("handed_over")
        differing = self._differing(connection)
        if differing:
            connection.execute(text_of(__package__, "retention_whole"))
            refold(connection, differing)
            if self._differing(connection):
                raise QueryError("Retention would change alerts that are to stay; nothing was changed.")
        connection.execute("DROP TABLE kept; DROP TABLE differing")
        connection.execute(f"UPDATE {STORE}.meta SET generation = generation + 1")
        counts = {"n_alerts": self.n_alerts, "n_events": self.n_events, "n_quarantined": self.n_quarantined}
        audit.append(connection, "retain", {"until": self.until.isoformat(), **counts})

    def _decide(self, cursor: DuckDBPyConnection) -> None:
        """Make the tables ``going`` and ``kept``."""
        until = {"until": self.until}
        cursor.execute("CREATE OR REPLACE TEMP TABLE refolded AS SELECT * FROM store.folded LIMIT 0")
        cursor.execute(text_of(__package__, "tellings_table"))
        fold_events(cursor, cursor.sql(text_of(__package__, "folded_events")), "refolded", tellings="tellings")
        for step in ("retention_tellings", "retention_going", "retention_kept"):
            cursor.execute(text_of(__package__, step), until)
        self.n_events = _number(cursor, "SELECT count(*) FROM going")
        self.n_alerts = _number(cursor, f"SELECT count(*) FROM {STORE}.alerts WHERE resolved_at < $until", until)
        self.n_quarantined = _number(
            cursor, f"SELECT count(*) FROM {STORE}.{QUARANTINE} WHERE ingested_at < $until", until
        )
        self.timelines = [int(one) for (one,) in cursor.execute("SELECT DISTINCT timeline FROM going").fetchall()]
        self.kept = cursor.sql("FROM kept").to_arrow_table()

    def _differing(self, connection: DuckDBPyConnection) -> list[int]:
        query = text_of(__package__, "retention_differing")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE differing AS {query}")
        return [int(one) for (one,) in connection.execute("FROM differing").fetchall()]


def _number(cursor: DuckDBPyConnection, query: str, params: dict[str, datetime] | None = None) -> int:
    [(n,)] = cursor.execute(query, params or {}).fetchall()
    return int(n)


def _drop(cursor: DuckDBPyConnection) -> None:
    cursor.execute("; ".join(f"DROP TABLE IF EXISTS {name}" for name in _TEMPORARY))
