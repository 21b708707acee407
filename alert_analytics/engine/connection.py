"""DuckDB connections as the library wants them: quiet, local, and locked down where a stranger's SQL runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from alert_analytics.engine.failures import hint_for
from alert_analytics.engine.spilling import beside, private
from alert_analytics.errors import SourceError, StoreLockedError
from alert_analytics.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

# Other tools (and DuckDB releases back to 1.4) must be able to read the file.
STORAGE_VERSION = "v1.4.0"

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # A Python variable that happens to be called like a table must never answer for it.
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def connect(store: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open a fresh in-memory database.

    Parameters
    ----------
    store : Path, optional
        The file of the store that is to be attached for writing: it spills beside it.

    Returns
    -------
    duckdb.DuckDBPyConnection
        No extension is ever downloaded, Python variables are not visible as tables, its zone is UTC, and its
        configuration is locked. It takes as much memory as ``ALERT_MEMORY_LIMIT`` allows, and spills the rest where
        only this user can read it.

    Raises
    ------
    SettingsError
        ``ALERT_MEMORY_LIMIT`` is no size.
    """
    connection = _opened(private() if store is None else str(beside(store)))
    _lock(connection)
    return connection


def attach(connection: duckdb.DuckDBPyConnection, path: Path, *, name: str, read_only: bool = False) -> None:
    """Attach a store's file under `name`; unless `read_only`, create it where it is absent.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        An in-memory connection from :func:`connect`.
    path : Path
        The file.
    name : str
        The database's name in SQL; a constant of the caller.
    read_only : bool
        Several processes may read at once; nothing is created.

    Raises
    ------
    StoreLockedError
        Another process writes to the file, or this one has it open.
    SourceError
        The file is no DuckDB database, or its folder is missing or not writable.
    """
    # ATTACH takes no bound parameters: the path is a quoted literal, the name a constant of ours.
    mode = "READ_ONLY" if read_only else f"STORAGE_VERSION '{STORAGE_VERSION}'"
    literal = str(path).replace("'", "''")
    try:
        connection.execute(f"ATTACH '{literal}' AS {name} ({mode})")
    except duckdb.Error as error:
        # DuckDB shows no class of its own for either kind of conflict.
        said = str(error).splitlines()[0]
        if said.startswith("Resource In Use Error"):
            raise StoreLockedError(
                f"{path}: this process has the store open already.",
                hint="use the AlertStore or AlertHistory that is open, or close() the store first.",
            ) from error
        if said.startswith("IO Error: Could not set lock"):
            raise StoreLockedError(
                f"{path}: another process holds the store ({said}).",
                hint="wait for it to finish or close it there; one process at a time may write to a store.",
            ) from error
        # Of a file that is not there the database says what is true of a history, not of a store to be made.
        known = hint_for(said) if Path(path).exists() or "Permission denied" in said else None
        raise SourceError(
            f"{path}: cannot be opened as a store ({said}).",
            hint=known
            or "give the path of a file made by AlertStore.open(), or of a new file in a folder that exists.",
        ) from error


def sandbox(rows: pa.Table) -> duckdb.DuckDBPyConnection:
    """Open a database that holds `rows` as the table ``alerts`` and nothing else.

    Parameters
    ----------
    rows : pyarrow.Table
        What the connection may see.

    Returns
    -------
    duckdb.DuckDBPyConnection
        External access is off and the configuration is locked, so no SQL on it reaches a file, another
        database, or a setting. What does not fit into memory fails instead of being spilled to a file.
    """
    connection = _opened("")
    connection.register("given", rows)
    connection.execute("CREATE TABLE alerts AS SELECT * FROM given")
    connection.unregister("given")
    connection.execute("SET allow_persistent_secrets = false")
    connection.execute("SET enable_external_access = false")
    _lock(connection)
    return connection


def _opened(spilling: str) -> duckdb.DuckDBPyConnection:
    limit = Settings.load().memory_limit
    config = _CONFIG | {"temp_directory": spilling} | ({} if limit is None else {"memory_limit": limit})
    connection = duckdb.connect(":memory:", config=config)
    # Text without an offset is UTC wherever it is read, whatever the machine's own zone.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    # A query can change settings too (FROM enable_logging(...), FROM enable_profiling(...)), and by them write files.
    connection.execute("SET lock_configuration = true")
