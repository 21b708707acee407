"""Read a file, a dataframe or alerts made in Python as one table, as it is."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from alert_analytics.alerts import Alert, alerts_table
from alert_analytics.errors import HistoryError, SourceError
from alert_analytics.history.files import is_parquet, named, table_paths
from alert_analytics.history.schema import COLUMNS, LINE, ORIGINAL, TIMES, kind_of
from alert_analytics.tables import counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


def table_of(
    connection: DuckDBPyConnection, data: Any, *, mapped: bool = False, lasting: bool = False
) -> tuple[DuckDBPyRelation, str]:
    """Read `data` as a table on `connection`, as it is.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Where rows that are no Parquet are copied to, as the table ``raw``.
    data : str, Path, dataframe that speaks Arrow, or iterable of Alert
        What to read.
    mapped : bool
        Whether a mapping names the columns, so that none has to be found by our name.
    lasting : bool
        Whether other cursors of the database are to see the copy.

    Returns
    -------
    tuple of DuckDBPyRelation and str
        The rows, and what to call them in messages.

    Raises
    ------
    SourceError
        The path names nothing or no table.
    HistoryError
        It is of no kind that is known, or two of its columns could be the same one of ours.
    """
    if isinstance(data, (str, Path)):
        rows = table_at(connection, str(data), lasting=lasting, **_as_written(connection, str(data)))
        return rows, str(data)
    if hasattr(data, "__arrow_c_stream__"):
        return _copied(connection, pa.table(data), mapped=mapped, lasting=lasting), f"{type(data).__name__}"
    if hasattr(data, "read"):
        return _file_table(connection, data, mapped=mapped, lasting=lasting), named(data)
    if isinstance(data, Iterable) and not isinstance(data, (Mapping, bytes)):
        found = list(data)
        if all(isinstance(one, Alert) for one in found):
            return _copied(connection, alerts_table(found), lasting=lasting), counted(len(found), "alert")
        if all(isinstance(one, Mapping) for one in found):
            return _copied(connection, _text_table(found), mapped=mapped, lasting=lasting), counted(
                len(found), "record"
            )
    raise HistoryError(
        f"A {type(data).__name__} is no alert history.",
        hint="give a Parquet or CSV path, a pandas, polars or Arrow table, a store's path, or a list of Alert.",
    )


def table_at(
    connection: DuckDBPyConnection, path: str, *, mapped: bool = False, lasting: bool = False, **csv: Any
) -> DuckDBPyRelation:
    """Read the Parquet or CSV file, or files, that a path or glob names.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Where CSV is copied to, as the table ``raw``; Parquet is scanned where it lies.
    path : str
        A path or glob; all CSV (also gzip or zstd) or all Parquet.
    mapped : bool
        Whether a mapping names the columns, so that none has to be found by our name.
    lasting : bool
        Whether other cursors of the database are to see the copy.
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
    paths = table_paths(path)
    try:
        if is_parquet(path):
            rows = connection.read_parquet(paths, union_by_name=True)
            return _called_right(rows, lambda: pq.read_schema(paths[0]).names, path)
        rows = connection.read_csv(paths, sample_size=-1, **csv)  # type: ignore[arg-type]  # the stub knows one path only
        rows = _called_right(rows, lambda: _header(connection, paths[0], csv), path, mapped=mapped)
        connection.execute(f"CREATE OR REPLACE {_kind(lasting)} raw AS {rows.sql_query()}")
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise SourceError(
            f"{path}: cannot be read as a table ({str(error).splitlines()[0]}).",
            hint="`alert-analytics inspect FILE` shows what the file looks like.",
        ) from error
    return connection.table("raw")


def _as_written(connection: DuckDBPyConnection, path: str) -> dict[str, Any]:
    """Options that keep a CSV file's canonical columns as they are written.

    Left to itself the reader makes the fingerprint 007 a 7, and guesses whether 03/04 is in March or in April.
    """
    if is_parquet(path):
        return {}
    try:
        sniffed = connection.read_csv(table_paths(path))  # type: ignore[arg-type]  # the stub knows one path only
    except (duckdb.Error, UnicodeDecodeError):
        return {}  # said by whoever reads it in earnest
    kinds = zip(sniffed.columns, map(str, sniffed.types), strict=True)
    kept = {
        name: "VARCHAR"
        for name, kind in kinds
        if COLUMNS.get(_without_number(name).lower()) == "VARCHAR"
        or COLUMNS.get(name.lower()) == "VARCHAR"
        or (name.lower() in TIMES and kind_of(kind) == "time")
    }
    return {"dtype": kept} if kept else {}


def numbered(connection: DuckDBPyConnection, data: Any, *, mapped: bool = True, **csv: Any) -> DuckDBPyRelation:
    """Read a table as a source does: its rows, each with its place in the input and the whole row as a struct.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Where rows that are no Parquet are copied to.
    data : str, Path, or dataframe that speaks Arrow
        What to read.
    mapped : bool
        Whether a mapping names the columns, so that none has to be found by our name.
    **csv
        Options of DuckDB's CSV reader; without any, canonical columns are kept as they are written.

    Returns
    -------
    DuckDBPyRelation
        The table's columns, its place (:data:`LINE`; of a CSV with its header as line 1, else the row from 1) and the
        row as a struct (:data:`ORIGINAL`).
    """
    if isinstance(data, (str, Path)) and csv:
        rows = table_at(connection, str(data), mapped=mapped, **csv)
    elif hasattr(data, "read"):
        rows = _file_table(connection, data, mapped=mapped, **csv)
    else:
        rows = table_of(connection, data, mapped=mapped)[0]
    if is_parquet(data):
        return rows.set_alias(ORIGINAL).select(f"*, row_number() OVER () AS {LINE}, {ORIGINAL}")
    return with_lines(connection, data)


def rows_of(connection: DuckDBPyConnection, data: Any) -> DuckDBPyRelation:
    """Read a table in the canonical columns, each row with its place and itself; a CSV file's values stay text.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Where rows that are no Parquet are copied to.
    data : str, Path, file object, dataframe that speaks Arrow, or iterable of Alert or of mappings
        What to read.

    Returns
    -------
    DuckDBPyRelation
        As :func:`numbered` gives it.
    """
    is_csv = isinstance(data, (str, Path)) and not is_parquet(data)
    return numbered(connection, data, mapped=False, **({"all_varchar": True, "header": True} if is_csv else {}))


def with_lines(connection: DuckDBPyConnection, data: Any) -> DuckDBPyRelation:
    """The table ``raw`` that `data` was copied to, numbered as :func:`numbered` does."""
    first = 2 if isinstance(data, (str, Path)) or hasattr(data, "read") else 1
    # Called like nothing in the table, the alias names the whole row.
    return connection.sql(f"SELECT *, rowid + {first} AS {LINE}, {ORIGINAL} FROM raw AS {ORIGINAL}")


def _kind(lasting: bool) -> str:
    """What ``raw`` is: two ingests at once must not take each other's, so an ingest's is its cursor's own."""
    return "TABLE" if lasting else "TEMP TABLE"


def _copied(
    connection: DuckDBPyConnection, rows: pa.Table, *, mapped: bool = False, lasting: bool = False
) -> DuckDBPyRelation:
    connection.register("handed_over", rows)
    try:
        given = _called_right(connection.table("handed_over"), lambda: rows.column_names, "The table", mapped=mapped)
        connection.execute(f"CREATE OR REPLACE {_kind(lasting)} raw AS {given.sql_query()}")
    except duckdb.Error as error:  # a map with a name twice, say
        raise SourceError(f"The table cannot be read ({str(error).splitlines()[0]}).") from error
    finally:
        connection.unregister("handed_over")
    return connection.table("raw")


def _text_table(records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Records with the keys of any of them as columns of text, as a CSV file has them; what holds others is JSON."""
    names = dict.fromkeys(str(key) for record in records for key in record)

    def text(value: object) -> str | None:
        if value is None or isinstance(value, str):
            return value
        return json.dumps(value, default=str) if isinstance(value, (bool, Mapping, list, tuple)) else str(value)

    return pa.table({name: pa.array([text(record.get(name)) for record in records], pa.string()) for name in names})


def _file_table(
    connection: DuckDBPyConnection, file: Any, *, mapped: bool, lasting: bool = False, **csv: Any
) -> DuckDBPyRelation:
    """Read a file that is open: Parquet or CSV (also gzip), by its first bytes."""
    content = file.read()
    content = content.encode() if isinstance(content, str) else content
    if content[:4] == b"PAR1":
        return _copied(connection, pq.read_table(pa.BufferReader(content)), mapped=mapped, lasting=lasting)
    with tempfile.TemporaryDirectory(prefix="alert-analytics-") as folder:
        path = Path(folder, "table.csv.gz" if content[:2] == b"\x1f\x8b" else "table.csv")
        path.write_bytes(content)
        options = csv or _as_written(connection, str(path))
        return table_at(connection, str(path), mapped=mapped, lasting=lasting, **options)


def _called_right(
    rows: DuckDBPyRelation, written: Callable[[], Sequence[str]], what: str, *, mapped: bool = False
) -> DuckDBPyRelation:
    """Undo what the database does to names that differ in case alone, where one of them is exactly ours.

    To the database ``Service`` and ``service`` are one name, so it calls the later one ``service_1``. `written` gives
    the names as they are in the input; it is asked only where a name looks like that. Who maps columns (`mapped`) names
    them as the database does.

    Raises
    ------
    HistoryError
        Several names are ours in another case and none is exactly ours.
    """
    lower = {name.lower() for name in rows.columns}
    if mapped or not any(
        (stem := _without_number(name).lower()) != name.lower() and stem in lower for name in rows.columns
    ):
        return rows
    names, renamed = list(written()), list(rows.columns)
    for ours in COLUMNS:
        alike = [i for i, name in enumerate(names) if name.lower() == ours]
        exact = next((i for i in alike if names[i] == ours), None)
        if len(alike) > 1 and exact is None:
            raise HistoryError(
                f"{what}: columns {', '.join(repr(names[i]) for i in alike)} could each be {ours}.",
                hint=f"rename the one that is meant to {ours!r}.",
            )
        if exact is not None and exact != alike[0]:
            first = alike[0]
            renamed[first], renamed[exact] = names[first] + renamed[exact][len(ours) :], ours
    columns = zip(rows.columns, renamed, strict=True)
    return rows.select(*(duckdb.ColumnExpression(theirs).alias(name) for theirs, name in columns))


def _without_number(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def _header(connection: DuckDBPyConnection, path: str, csv: Mapping[str, Any]) -> list[str]:
    """The names in a CSV file's first line, as they are written."""
    options = {key: value for key, value in csv.items() if key == "delimiter"}
    first = connection.read_csv(path, header=False, all_varchar=True, **options).limit(1).fetchall()
    return [str(name) for name in first[0]] if first else []
