"""What a history stands on: a store's tables, or rows that were read from a file, a dataframe or Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from alert_analytics.engine import attach, connect, failure, run
from alert_analytics.engine.failures import hint_for
from alert_analytics.errors import AlertAnalyticsError, HistoryError, QueryError, SourceError
from alert_analytics.history.files import is_parquet, unreadable
from alert_analytics.history.folding import fold_events
from alert_analytics.history.reading import table_of, with_lines
from alert_analytics.history.schema import COLUMNS, EXTRA, canonical, identified, unjudged
from alert_analytics.history.scope import Scope, events_as_of, rows_as_of, tenant_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

STORE = "store"  # the name under which a store's file is attached
SOUND = "unjudged"  # the view of a table's rows as they are where none of them is refused
SCHEMA_VERSION = 2
_KEPT_FOLDS = 8
_NUMBERS = count()


@dataclass(frozen=True)
class Base:
    """A connection, and the relation on it that holds every canonical row.

    Attributes
    ----------
    connection : DuckDBPyConnection
        Owns the data; every question takes its own cursor.
    rows : str
        The relation of all rows; those whose ``reason`` is not null are the quarantine.
    origin : str
        What the rows were read from, for messages.
    in_store : bool
        Whether the rows are a store's tables, where quarantine and completeness have tables of their own.
    has_identity : bool
        Whether the rows came with a fingerprint, so that a row can repeat another's alert.
    """

    connection: DuckDBPyConnection
    rows: str
    origin: str
    in_store: bool = False
    has_identity: bool = True
    _folds: dict[tuple[str | None, datetime, int], str] = field(default_factory=dict)

    def cursor(self) -> DuckDBPyConnection:
        """Open a cursor of one's own: temporary views on it are invisible to others."""
        try:
            return self.connection.cursor()
        except duckdb.ConnectionException as error:
            raise HistoryError(
                f"{self.origin}: the store was closed.", hint="ask before close(), or open the store again."
            ) from error

    def version(self) -> int:
        """A number that grows with every change of the store; for what is not in one always 0."""
        if not self.in_store:
            return 0
        [(generation,)] = self.cursor().table(f"{STORE}.meta").max("generation").fetchall()
        return int(generation)

    def sound(self, cursor: DuckDBPyConnection) -> DuckDBPyRelation:
        """The rows that broke no rule."""
        if self.in_store:
            return cursor.view(f"{STORE}.alerts")
        rows = self._view(cursor, self.rows).filter("reason IS NULL") if self.has_refused else self._view(cursor, SOUND)
        kept = [name for name in rows.columns if name in COLUMNS or name.startswith(EXTRA)]
        return rows.select(*(duckdb.ColumnExpression(name).alias(name.removeprefix(EXTRA)) for name in kept))

    @cached_property
    def has_refused(self) -> bool:
        """Whether any row breaks a rule: found out once, so that not every question judges a sound file anew."""
        if self.sound_extent is not None:
            return False
        return bool(self._view(self.cursor(), self.rows).filter("reason IS NOT NULL").limit(1).fetchall())

    @cached_property
    def sound_extent(self) -> dict[str, Any] | None:
        """The extent of a table whose rows were all found sound at a glance; None where they have to be judged.

        It is what the rows' own extent would be: only ``observed_at`` is filled in later, by times that count anyway.
        """
        if self.in_store:
            return None
        try:
            told = run(self.cursor(), "screen", package=__package__).arrow().to_pylist()[0]
        except QueryError as error:  # the Parquet files behind it have gone or changed
            raise QueryError(f"{self.origin}: {error.message}", hint=error.hint) from error
        return told if told.pop("is_sound") else None

    def refused(self, cursor: DuckDBPyConnection) -> DuckDBPyRelation:
        """The rows set aside: tenant_id, source, line, reason and the original text."""
        if self.in_store:
            return cursor.table(f"{STORE}.quarantine").select("tenant_id", "source", "line", "reason", "original")
        columns = ("tenant_id", "source", "line", "reason", "original")
        return self._view(cursor, self.rows).filter("reason IS NOT NULL").select(*columns)

    def _view(self, cursor: DuckDBPyConnection, name: str) -> DuckDBPyRelation:
        try:
            return cursor.view(name)
        except duckdb.Error as error:  # the Parquet files behind it have gone or changed
            raise failure(self.origin, error) from error

    def sound_as_of(self, cursor: DuckDBPyConnection, scope: Scope, moment: datetime) -> DuckDBPyRelation:
        """The scope's tenant's alerts as they were known just before `moment`: folded from what was observed by then.

        A row of a table tells of events at the times that stand in it; where it is the only word about its alert,
        nothing has to be folded.
        """
        if not self.in_store:
            return rows_as_of(tenant_rows(self.sound(cursor), scope), moment)
        table = self._folded_as_of(scope, moment)
        rows = run(cursor, "plain_timelines", package=__package__).relation
        plain = rows_as_of(tenant_rows(rows, scope), moment)
        kept = [duckdb.ColumnExpression(name) for name in plain.columns if name != "timeline"]
        return plain.select(*kept).union(cursor.table(table).select(*kept))

    def _folded_as_of(self, scope: Scope, moment: datetime) -> str:
        """Name a table of the alerts that are no plain row, made once; a few of the latest are kept."""
        key = (scope.tenant, moment, self.version())
        if key not in self._folds:
            stale = [one for one in self._folds if one[2] != key[2]]
            for old in stale or list(self._folds)[: len(self._folds) + 1 - _KEPT_FOLDS]:
                self.cursor().execute(f"DROP TABLE {self._folds.pop(old)}")
            cursor, table = self.cursor(), f"folded_as_of_{next(_NUMBERS)}"
            cursor.execute(f"CREATE TABLE {table} AS SELECT * FROM {STORE}.folded LIMIT 0")
            events = run(cursor, "folded_events", package=__package__).relation
            fold_events(cursor, events_as_of(cursor, tenant_rows(events, scope), moment), table)
            self._folds[key] = table
        return self._folds[key]

    def last_observed(self, cursor: DuckDBPyConnection, tenant: str | None) -> datetime | None:
        """The latest moment that the tenant's ingests into a store observed; without a tenant, anyone's."""
        ingests = tenant_rows(cursor.table(f"{STORE}.ingests"), Scope(tenant=tenant))
        [(latest,)] = ingests.max("last_observed").fetchall()
        found: datetime | None = latest
        return found

    def complete_until(self, cursor: DuckDBPyConnection, tenant: str | None) -> datetime | None:
        """The latest moment until which an ingest declared the tenant's alerts complete; without a tenant, anyone's."""
        if not self.in_store:
            return None
        ingests = tenant_rows(cursor.table(f"{STORE}.ingests"), Scope(tenant=tenant))
        [(latest,)] = ingests.max("complete_until").fetchall()
        declared: datetime | None = latest
        return declared


def base_of(data: Any) -> Base:
    """Find out what `data` is and make it a base.

    Parameters
    ----------
    data : str, Path, dataframe that speaks Arrow, or iterable of Alert
        What :meth:`AlertHistory.open` was given.

    Returns
    -------
    Base
        Parquet is scanned where it lies; everything else is read once into memory.

    Raises
    ------
    HistoryError
        It is none of these, or has no ``fired_at``.
    """
    connection = connect()
    if isinstance(data, (str, Path)) and is_database(data):
        try:
            attach(connection, Path(data), name=STORE, read_only=True)
            check_store(connection, data)
        except AlertAnalyticsError:
            connection.close()  # whoever keeps the error must not keep the file
            raise
        except duckdb.Error as error:
            connection.close()
            said = str(error).splitlines()[0]
            raise SourceError(f"{data}: cannot be opened as a store ({said}).", hint=hint_for(said)) from error
        return Base(connection, rows=f"{STORE}.alerts", origin=str(data), in_store=True)
    raw, origin = table_of(connection, data, lasting=True)
    # Numbering a Parquet file's rows would read it whole for every question.
    rows = raw if is_parquet(data) else with_lines(connection, data)
    try:
        answer = canonical(connection, rows, lasting=True)
    except HistoryError as error:
        raise HistoryError(f"{origin}: {error.message}", hint=error.hint) from error
    identified(connection, answer.relation).create_view("judged", replace=True)
    identified(connection, unjudged(connection)).create_view(SOUND, replace=True)
    identity = {"fingerprint", "alert_id"} & {name.lower() for name in raw.columns}
    return Base(connection, rows="judged", origin=origin, has_identity=bool(identity))


def schema_version(connection: DuckDBPyConnection) -> int | None:
    """The version of the attached store's tables; None for a database without any."""
    query = "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND table_name = 'meta'"
    if connection.execute(query, [STORE]).fetchall() == [(0,)]:
        return None
    [(version,)] = connection.execute(f"SELECT max(schema_version) FROM {STORE}.meta").fetchall()
    found: int = version
    return found


def check_store(connection: DuckDBPyConnection, path: str | Path, *, for_writing: bool = False) -> None:
    """Refuse an attached database that is no store of ours.

    Parameters
    ----------
    connection : DuckDBPyConnection
        On which it is attached.
    path : str or Path
        For messages.
    for_writing : bool
        Whether it is to be written to: then it may be empty, or of an earlier version that is brought up to date.

    Raises
    ------
    SourceError
        It lacks a store's tables, or another version of the library made it.
    """
    query = (
        "SELECT table_name FROM duckdb_tables() WHERE database_name = $1 UNION ALL "
        "SELECT view_name FROM duckdb_views() WHERE database_name = $1 AND NOT internal ORDER BY ALL"
    )
    tables = [str(name) for (name,) in connection.execute(query, [STORE]).fetchall()]
    if for_writing and not tables:
        return
    if not {"alerts", "ingests", "meta", "quarantine"} <= set(tables):
        raise SourceError(
            f"{path}: a DuckDB database, but no alert store (tables: {', '.join(tables[:8]) or 'none'}).",
            hint="export the table as Parquet; in Python aa.AlertHistory.open(connection.table('...')) takes it.",
        )
    version = schema_version(connection)
    if version == SCHEMA_VERSION or (for_writing and version is not None and version < SCHEMA_VERSION):
        return
    older = version is not None and version < SCHEMA_VERSION
    raise SourceError(
        f"{path}: a store of version {version}; this library reads version {SCHEMA_VERSION}.",
        hint="`alert-analytics audit --store FILE` brings it up to date; in Python aa.AlertStore.open() does."
        if older
        else "upgrade alert-analytics.",
    )


def is_database(path: str | Path) -> bool:
    """Whether the path is a file that begins like a DuckDB database (its magic bytes stand at offset 8)."""
    if not Path(path).is_file():
        return False
    try:
        with Path(path).open("rb") as file:
            return file.read(12)[8:] == b"DUCK"
    except OSError as error:
        raise unreadable(path, error) from error
