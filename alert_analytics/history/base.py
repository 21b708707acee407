"""Where a history's rows come from: a store's table, a file, a dataframe, or alerts made in Python."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from alert_analytics.alerts import Alert, alerts_table
from alert_analytics.engine import attach, connect
from alert_analytics.errors import HistoryError, SourceError, SourceNotFoundError
from alert_analytics.history.schema import canonical

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

STORE = "store"  # the name under which a store's file is attached


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

    def cursor(self) -> DuckDBPyConnection:
        """Open a cursor of one's own: temporary views on it are invisible to others."""
        return self.connection.cursor()

    def sound(self, cursor: DuckDBPyConnection) -> DuckDBPyRelation:
        """The rows that broke no rule."""
        if self.in_store:
            return cursor.table(f"{STORE}.alerts")
        kept = [name for name in cursor.view(self.rows).columns if name not in {"line", "original", "reason"}]
        return cursor.view(self.rows).filter("reason IS NULL").select(*map(duckdb.ColumnExpression, kept))

    def refused(self, cursor: DuckDBPyConnection) -> DuckDBPyRelation:
        """The rows set aside: tenant_id, source, line, reason and the original text."""
        if self.in_store:
            return cursor.table(f"{STORE}.quarantine").select("tenant_id", "source", "line", "reason", "original")
        columns = ("tenant_id", "source", "line", "reason", "original")
        return cursor.view(self.rows).filter("reason IS NOT NULL").select(*columns)

    def complete_until(self, cursor: DuckDBPyConnection, tenant: str | None) -> datetime | None:
        """The latest moment until which an ingest declared its input complete."""
        if not self.in_store:
            return None
        ingests = cursor.table(f"{STORE}.ingests")
        if tenant is not None:
            mine = duckdb.ColumnExpression("tenant_id") == duckdb.ConstantExpression(tenant)
            ingests = ingests.filter(mine | duckdb.ColumnExpression("tenant_id").isnull())
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
    if isinstance(data, (str, Path)) and _is_store(data):
        attach(connection, Path(data), name=STORE, read_only=True)
        return Base(connection, rows=f"{STORE}.alerts", origin=str(data), in_store=True)
    raw, origin = table_of(connection, data)
    try:
        answer = canonical(connection, raw, lasting=True)
    except HistoryError as error:
        raise HistoryError(f"{origin}: {error.message}", hint=error.hint) from error
    answer.relation.create_view("judged", replace=True)
    return Base(connection, rows="judged", origin=origin, has_identity="fingerprint" in raw.columns)


def table_of(connection: DuckDBPyConnection, data: Any) -> tuple[DuckDBPyRelation, str]:
    """Read `data` as a table on `connection`, as it is.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Where rows that are no Parquet are copied to, as the table ``raw``.
    data : str, Path, dataframe that speaks Arrow, or iterable of Alert
        What to read.

    Returns
    -------
    tuple of DuckDBPyRelation and str
        The rows, and what to call them in messages.

    Raises
    ------
    SourceError
        The path names nothing or no table.
    HistoryError
        It is of no kind that is known.
    """
    if isinstance(data, (str, Path)):
        return table_at(connection, str(data)), str(data)
    if hasattr(data, "__arrow_c_stream__"):
        return _copied(connection, pa.table(data)), f"{type(data).__name__}"
    if isinstance(data, Iterable):
        found = list(data)
        if all(isinstance(one, Alert) for one in found):
            return _copied(connection, alerts_table(found)), f"{len(found)} alerts"
    raise HistoryError(
        f"A {type(data).__name__} is no alert history.",
        hint="give a Parquet or CSV path, a pandas, polars or Arrow table, a store's path, or a list of Alert.",
    )


def table_at(connection: DuckDBPyConnection, path: str, **csv: Any) -> DuckDBPyRelation:
    """Read the Parquet or CSV file, or files, that a path or glob names.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Where CSV is copied to, as the table ``raw``; Parquet is scanned where it lies.
    path : str
        A path or glob; all CSV (also gzip or zstd) or all Parquet.
    **csv
        Options of DuckDB's CSV reader.

    Returns
    -------
    DuckDBPyRelation
        The rows in file order.

    Raises
    ------
    SourceNotFoundError
        The path names nothing.
    SourceError
        It cannot be read as a table.
    """
    paths = _paths(path)
    try:
        if _is_parquet(paths):
            return connection.read_parquet(paths, union_by_name=True)
        rows = connection.read_csv(paths, sample_size=-1, **csv)  # type: ignore[arg-type]  # the stub knows one path only
        connection.execute(f"CREATE OR REPLACE TABLE raw AS {rows.sql_query()}")
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise SourceError(
            f"{path}: cannot be read as a table ({str(error).splitlines()[0]}).",
            hint="`alert-analytics inspect FILE` shows what the file looks like.",
        ) from error
    return connection.table("raw")


def named(data: Any) -> str:
    """What to call an input in a message: its path, or what kind of thing it is."""
    return str(data) if isinstance(data, (str, Path)) else f"The {type(data).__name__}"


def _paths(path: str) -> list[str]:
    paths = [path] if Path(path).exists() else sorted(glob.glob(path))
    if not paths:
        raise SourceNotFoundError(f"{path}: no such file.", hint="give a path, or a glob in quotes, that names one.")
    return paths


def _is_parquet(paths: list[str]) -> bool:
    return {Path(one).suffix.lower() for one in paths} <= {".parquet", ".pq"}


LINE, ORIGINAL = "line_in_file", "row_in_file"
"""What :func:`numbered` calls a row's place and the whole row."""


def numbered(connection: DuckDBPyConnection, data: Any, **csv: Any) -> DuckDBPyRelation:
    """Read a table as a source does: its rows, each with its place in the input and the whole row as a struct.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Where rows that are no Parquet are copied to.
    data : str, Path, or dataframe that speaks Arrow
        What to read.
    **csv
        Options of DuckDB's CSV reader.

    Returns
    -------
    DuckDBPyRelation
        The table's columns, ``line_in_file`` (of a CSV with its header as line 1, else the row from 1) and
        ``row_in_file``.
    """
    if not isinstance(data, (str, Path)):
        table_of(connection, data)
        return connection.sql(f"SELECT *, rowid + 1 AS {LINE}, raw AS {ORIGINAL} FROM raw")
    rows = table_at(connection, str(data), **csv)
    if _is_parquet(_paths(str(data))):
        return rows.set_alias("given").select(f"*, row_number() OVER () AS {LINE}, given AS {ORIGINAL}")
    return connection.sql(f"SELECT *, rowid + 2 AS {LINE}, raw AS {ORIGINAL} FROM raw")


def _copied(connection: DuckDBPyConnection, rows: pa.Table) -> DuckDBPyRelation:
    connection.register("handed_over", rows)
    connection.execute("CREATE OR REPLACE TABLE raw AS SELECT * FROM handed_over")
    connection.unregister("handed_over")
    return connection.table("raw")


def _is_store(path: str | Path) -> bool:
    """Whether the file begins like a DuckDB database (its magic bytes stand at offset 8)."""
    if not Path(path).is_file():
        return False
    with Path(path).open("rb") as file:
        return file.read(12)[8:] == b"DUCK"
