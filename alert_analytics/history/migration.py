"""Make a store's tables, and bring those that an earlier version made up to date: whole, or not at all."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb

from alert_analytics.engine import failure
from alert_analytics.engine.query import text_of
from alert_analytics.history.base import STORE, schema_version

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOVED = {1: ("alerts", "quarantine", "ingests", "meta")}
"""By version, the tables that make room for those of the next one; they get the version's number behind their name."""


def prepare(connection: DuckDBPyConnection, path: str) -> None:
    """Make the tables of the attached store where they are absent; migrate a store of an earlier version.

    Parameters
    ----------
    connection : DuckDBPyConnection
        On which the store is attached for writing; its version is one that :func:`check_store` admits.
    path : str
        For messages.

    Raises
    ------
    QueryError
        The database refused; the store is as it was.
    """
    version = schema_version(connection)
    # The views must not name the database: another tool opens the file under a name of its own.
    connection.execute(f"USE {STORE}; BEGIN TRANSACTION")
    try:
        for table in _MOVED.get(version or 0, ()):
            connection.execute(f"ALTER TABLE {table} RENAME TO {table}_{version}")
        connection.execute(text_of(__package__, "store"))
        if version in _MOVED:
            connection.execute(f"DROP TABLE meta_{version}; {text_of(__package__, f'migrate_{version}')}")
        connection.execute("COMMIT")
    except duckdb.Error as error:
        with suppress(duckdb.Error):  # the database gave up by itself
            connection.execute("ROLLBACK")
        raise failure(f"{path}: cannot be made a store of this version; it is as it was", error) from error
    finally:
        with suppress(duckdb.Error):
            connection.execute("USE memory")
