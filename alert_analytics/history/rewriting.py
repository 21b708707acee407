"""Write a store anew: a fresh file beside the old one takes its place at once, with nothing of the old one in it.

Deleting rows of a database leaves their bytes in its file. So what is to be forgotten is never copied.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from alert_analytics.engine import attach, connect
from alert_analytics.engine.query import text_of
from alert_analytics.errors import QueryError, SourceError, StoreLockedError
from alert_analytics.history.base import STORE, Base

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FRESH = "fresh"
"""What the file being written is called while it is filled."""

MEMORY = ":memory:"
_SUFFIX = ".rewriting"
_PATIENCE_S = 10.0  # how long readers of this process are waited for
_PAUSE_S = 0.02

Step = Callable[["DuckDBPyConnection"], None]


def rewrite(base: Base, path: str, fill: Step, mend: Step) -> None:
    """Put a fresh database in the place of a store's.

    A crash at any moment leaves the old file or the new one; :func:`clear_left_over` removes what else it leaves.

    Parameters
    ----------
    base : Base
        The open store; nobody writes to it meanwhile. Its histories go on with the new file.
    path : str
        Its file, or ``":memory:"``.
    fill : callable
        Given a cursor of the store's connection on which the fresh database is attached too, with empty tables: copies
        what is to stay.
    mend : callable
        Given a connection on which the fresh database alone is attached, as ``store``, in a transaction: what is left
        to do.

    Raises
    ------
    QueryError
        The database failed or the disk is full; the store is as it was.
    StoreLockedError
        A reader of this process does not come to an end.
    """
    if path == MEMORY:
        _rewrite_in_memory(base, fill, mend)
        return
    target = Path(os.path.realpath(path))
    partial = left_over(target)
    clear_left_over(target)
    cursor = base.cursor()
    try:
        _filled(cursor, partial, fill)
        mended(partial, mend)
        shutil.copymode(target, partial)
        _empty_log(cursor, target)
        replace(partial, target)
    except (duckdb.Error, OSError) as error:
        if isinstance(error, StoreLockedError):
            raise
        raise QueryError(
            f"{path}: it could not be written anew ({str(error).splitlines()[0]}); it is as it was.",
            hint=f"the folder needs room for a second copy of the store ({target.stat().st_size:,} bytes).",
        ) from error
    finally:
        clear_left_over(target)
    _reopen(base.connection, target)


def left_over(path: str | Path) -> Path:
    """Where a store is written before it takes its place; what lies there after a crash is nobody's."""
    target = Path(os.path.realpath(path))
    return target.with_name(target.name + _SUFFIX)


def clear_left_over(path: str | Path) -> None:
    """Remove what a crash left of a file that was being written. Only whoever holds the store may."""
    partial = left_over(path)
    for one in (partial, partial.with_name(partial.name + ".wal")):
        one.unlink(missing_ok=True)


def replace(partial: Path, target: Path) -> None:
    """Put a file that is complete in the place of another, so that a power cut leaves one of both."""
    for place, flags in ((partial, os.O_RDWR), (partial.parent, os.O_RDONLY)):
        _synced(place, flags)
    os.replace(partial, target)
    _synced(target.parent, os.O_RDONLY)


def mended(path: Path, mend: Step) -> None:
    """Change a store's file in one transaction, by itself, and leave no log beside it."""
    connection = connect()
    try:
        attach(connection, path, name=STORE)
        _in_transaction(connection, mend)
        connection.execute(f"CHECKPOINT {STORE}")
    finally:
        connection.close()


def tables(cursor: DuckDBPyConnection) -> list[str]:
    """Name the tables of the attached store.

    Raises
    ------
    SourceError
        There are some outside its main schema: not ours, and not to be copied or lost.
    """
    query = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY ALL"
    found = cursor.execute(query, [STORE]).fetchall()
    strange = [f"{schema}.{name}" for schema, name in found if schema != "main"]
    if strange:
        raise SourceError(
            f"The store's file holds tables that are not the store's: {', '.join(strange[:4])}.",
            hint="move them to a database of their own; the file is about to be written anew.",
        )
    return [str(name) for _, name in found]


def quoted(name: str) -> str:
    """Write a name from the catalog as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def _filled(cursor: DuckDBPyConnection, partial: Path, fill: Step) -> None:
    attach(cursor, partial, name=FRESH)
    try:
        cursor.execute(f"COPY FROM DATABASE {STORE} TO {FRESH} (SCHEMA)")
        fill(cursor)
    finally:
        cursor.execute(f"DETACH {FRESH}")


def _in_transaction(connection: DuckDBPyConnection, step: Step) -> None:
    connection.execute("BEGIN TRANSACTION")
    try:
        step(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _empty_log(cursor: DuckDBPyConnection, target: Path) -> None:
    """Bring the old file's log into it: a log beside the new file would be taken for the new file's."""
    wal = target.with_name(target.name + ".wal")
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            cursor.execute(f"CHECKPOINT {STORE}")
            if not wal.exists():
                return
        except duckdb.TransactionException as error:
            if time.monotonic() > until:
                raise StoreLockedError(
                    f"{target}: somebody in this process is still reading; the store is as it was.",
                    hint="try again when running questions have ended.",
                ) from error
        if time.monotonic() > until:
            raise OSError(f"its log {wal} does not go")
        time.sleep(_PAUSE_S)


def _reopen(connection: DuckDBPyConnection, target: Path) -> None:
    """Let go of the old file, of which only the inode is left, and go on with the new one."""
    try:
        cursor = connection.cursor()
        cursor.execute(f"DETACH {STORE}")
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                attach(cursor, target, name=STORE)
                return
            except StoreLockedError as error:
                if time.monotonic() > until:
                    raise StoreLockedError(
                        f"{target}: it was written anew, but cannot be opened again ({error.message}).",
                        hint="open it again when running questions have ended, or the other process has.",
                    ) from error
                time.sleep(_PAUSE_S)
    except BaseException:
        connection.close()  # what is written to the old file would be lost
        raise


def _rewrite_in_memory(base: Base, fill: Step, mend: Step) -> None:
    cursor, beside = base.cursor(), connect()
    try:
        cursor.execute(f"ATTACH '{MEMORY}' AS {FRESH}")
        beside.execute(f"ATTACH '{MEMORY}' AS {STORE}")
        beside.execute(f"USE {STORE}; {text_of(__package__, 'store')}; USE memory")
        try:
            cursor.execute(f"COPY FROM DATABASE {STORE} TO {FRESH} (SCHEMA)")
            fill(cursor)
            _moved(cursor, FRESH, beside)
        finally:
            cursor.execute(f"DETACH {FRESH}")
        _in_transaction(beside, mend)
        _in_transaction(cursor, lambda own: _moved(beside, STORE, own))
    except duckdb.Error as error:
        raise QueryError(f"The store in memory could not be written anew: {str(error).splitlines()[0]}") from error
    finally:
        beside.close()


def _moved(giver: DuckDBPyConnection, name: str, taker: DuckDBPyConnection) -> None:
    """Put the rows of one database's tables in the place of the store's on another connection."""
    for table in tables(taker):
        rows = giver.table(f"{name}.{quoted(table)}").to_arrow_table()
        taker.register("handed_over", rows)
        try:
            taker.execute(f"DELETE FROM {STORE}.{quoted(table)}")
            taker.execute(f"INSERT INTO {STORE}.{quoted(table)} SELECT * FROM handed_over")
        finally:
            taker.unregister("handed_over")


def _synced(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
