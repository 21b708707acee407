"""Take a person out of a store: names in the place of identifiers, everywhere, in a file that never held them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from alert_analytics.engine import run
from alert_analytics.engine.query import text_of
from alert_analytics.errors import PrivacyError
from alert_analytics.history import audit
from alert_analytics.history.base import STORE
from alert_analytics.history.refolding import refold
from alert_analytics.history.rewriting import FRESH, quoted, tables
from alert_analytics.history.subject import could_name, fingerprints_anew, names_anyone, rewritten_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    from alert_analytics.alerts.pseudonyms import Identifiers

EVENTS, QUARANTINE, AUDIT = "alert_events", "quarantine", "audit"
DERIVED = ("folded", "superseded")
"""What is folded from the events: copied where its timeline does not change, else folded anew."""

_TEMPORARY = ("before", "after", "changed", "staged", "named", "contents", "anew")


@dataclass
class Erasure:
    """One erasure of one store: :meth:`fill` and :meth:`mend` are what :func:`rewrite` asks for.

    Attributes
    ----------
    identifiers : Identifiers
        Whom.
    names : tuple of str
        What stands for each identifier.
    details : dict
        What the audit says besides the counts.
    changed : dict of str to int
        Rows that held an identifier, by table; known after :meth:`fill`.
    """

    identifiers: Identifiers
    names: tuple[str, ...]
    details: dict[str, object]
    changed: dict[str, int] = field(default_factory=dict)
    timelines: list[int] = field(default_factory=list)

    def fill(self, cursor: DuckDBPyConnection) -> None:
        """Copy every table, events first: what is folded follows them."""
        self.changed.clear()
        try:
            names = tables(cursor)
            for table in (EVENTS, *(one for one in names if one != EVENTS)):
                self._copy(cursor, table)
        finally:
            _drop(cursor)

    def mend(self, connection: DuckDBPyConnection) -> None:
        """Fold anew what has changed, make sure that the person is gone, and put it on record."""
        connection.execute(text_of(__package__, "erasure_set_aside_once"))
        refold(connection, self.timelines)
        connection.execute(f"UPDATE {STORE}.meta SET generation = generation + 1")
        counts = {table: n for table, n in sorted(self.changed.items()) if n}
        audit.append(connection, "erase", {**self.details, "pseudonyms": list(self.names), "rows": counts})
        table = next(self.where(connection), None)
        if table is not None:
            raise PrivacyError(
                f"The person is named in what the table {table} has to keep; nothing was changed.",
                hint="an identifier that is a word of the library's own records cannot be erased.",
            )

    def where(self, cursor: DuckDBPyConnection) -> Iterator[str]:
        """Name the tables in which the person is named."""
        for table in tables(cursor):
            if table == AUDIT:
                found = any(self.identifiers.found_in(one) for one in audit.values(cursor))
            else:
                found = names_anyone(cursor.sql(f"FROM {STORE}.{quoted(table)}"), self.identifiers)
            if found:
                yield table

    def _copy(self, cursor: DuckDBPyConnection, table: str) -> None:
        rows = cursor.sql(f"SELECT rowid AS number, * FROM {STORE}.{quoted(table)}")
        target = f"{FRESH}.{quoted(table)}"
        if table == AUDIT:  # what is on record stays as it is, or the chain breaks
            cursor.execute(f"INSERT INTO {target} FROM {STORE}.{quoted(table)}")
            return
        if table in DERIVED:
            query = f"SELECT * FROM {STORE}.{quoted(table)} ANTI JOIN changed USING (timeline)"
            cursor.execute(f"INSERT INTO {target} {query}")
            return
        named = could_name(rows, self.identifiers)
        untouched = rows.filter(~named)
        self.changed[table] = self._rename(cursor, rows.filter(named))
        if table == EVENTS:
            untouched = self._follow_labels(cursor, untouched)
        untouched = untouched.select(duckdb.StarExpression(exclude=["number"]))
        cursor.execute(f"INSERT INTO {target} {untouched.sql_query()}")
        if table == EVENTS:
            self._copy_events(cursor)
        elif table == QUARANTINE:
            cursor.execute(text_of(__package__, "erasure_quarantine"))
        else:
            cursor.execute(f"INSERT INTO {target} SELECT * EXCLUDE (number) FROM after")

    def _rename(self, cursor: DuckDBPyConnection, rows: DuckDBPyRelation) -> int:
        """Make the tables ``before`` and ``after`` of rows that could name the person; count those that did."""
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE before AS {rows.sql_query()}")
        cursor.execute("CREATE OR REPLACE TEMP TABLE after AS FROM before LIMIT 0")
        n_changed, reader = 0, cursor.cursor()
        # A second cursor sees no temporary table of the first: the rows are read where they are.
        for part, n in rewritten_rows(_on(reader, rows), self.identifiers, self.names):
            _insert(cursor, "after", part)
            n_changed += n
        return n_changed

    def _follow_labels(self, cursor: DuckDBPyConnection, unnamed: DuckDBPyRelation) -> DuckDBPyRelation:
        """Give ``after`` the fingerprints of the new labels, for whole timelines; the events that stay as they are."""
        events = cursor.sql(f"FROM {STORE}.{EVENTS}")
        made = dict(fingerprints_anew(events, self.identifiers, self.names))
        cursor.execute("CREATE OR REPLACE TEMP TABLE anew (timeline UBIGINT, fingerprint VARCHAR)")
        times, prints = pa.array(made, pa.uint64()), pa.array(made.values(), pa.string())
        _insert(cursor, "anew", pa.table({"timeline": times, "fingerprint": prints}))
        unnamed, anew = unnamed.set_alias("unnamed"), cursor.table("anew").set_alias("anew")
        same = "unnamed.timeline = anew.timeline"
        follows = unnamed.join(anew, same, how="semi")
        for table in ("before", "after"):
            cursor.execute(f"INSERT INTO {table} {follows.sql_query()}")
        cursor.execute(text_of(__package__, "erasure_anew"))
        return unnamed.join(anew, same, how="anti")

    def _copy_events(self, cursor: DuckDBPyConnection) -> None:
        """What was made of an event's text is made anew: its timeline, and a fingerprint that stood for its content."""
        bare = cursor.sql("SELECT * REPLACE (NULL::VARCHAR AS fingerprint), number AS line FROM before")
        _keep(cursor, "contents", run(cursor, "content", package=__package__, relations={"nameless": bare}).relation)
        _keep(cursor, "named", run(cursor, "erasure_named", package=__package__).relation)
        bare = cursor.sql("SELECT * REPLACE (NULL::VARCHAR AS fingerprint), number AS line FROM after")
        _keep(cursor, "contents", run(cursor, "content", package=__package__, relations={"nameless": bare}).relation)
        placed = run(cursor, "erasure_placed", package=__package__).relation
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW judged_rows AS {placed.sql_query()}")
        cursor.execute(text_of(__package__, "stage"))
        cursor.execute(text_of(__package__, "erasure_events"))
        cursor.execute(text_of(__package__, "erasure_touched"))
        self.timelines = [int(number) for (number,) in cursor.execute("FROM changed").fetchall()]


def refuse_named_backups(paths: Sequence[str], identifiers: Identifiers) -> None:
    """Refuse where the place of a backup names the person: the store has to remember it.

    Raises
    ------
    PrivacyError
        It does; nothing was changed.
    """
    n = sum(identifiers.found_in(path) for path in paths)
    if n:
        raise PrivacyError(
            f"The paths of {n} of the store's backups name the person, and it remembers them; nothing was changed.",
            hint="delete these backups and call store.forget_backups(), then back up to a path that names nobody.",
        )


def _on(cursor: DuckDBPyConnection, rows: DuckDBPyRelation) -> DuckDBPyRelation:
    return cursor.sql(rows.sql_query())


def _keep(cursor: DuckDBPyConnection, name: str, rows: DuckDBPyRelation) -> None:
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {rows.sql_query()}")


def _insert(cursor: DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    cursor.register("handed_over", rows)
    try:
        cursor.execute(f"INSERT INTO {table} FROM handed_over")
    finally:
        cursor.unregister("handed_over")


def _drop(cursor: DuckDBPyConnection) -> None:
    cursor.execute("DROP VIEW IF EXISTS judged_rows")
    cursor.execute("; ".join(f"DROP TABLE IF EXISTS {name}" for name in _TEMPORARY))
