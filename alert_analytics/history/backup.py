"""Copies of a store that the store knows of, so that what is erased from it is erased from them too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from alert_analytics.alerts.compliance import AuditCheck, Copies
from alert_analytics.engine import attach, connect
from alert_analytics.errors import AlertAnalyticsError, QueryError, SourceError, SourceNotFoundError, StoreLockedError
from alert_analytics.history import audit
from alert_analytics.history.base import STORE, Base, check_store, is_database
from alert_analytics.history.rewriting import FRESH, MEMORY, clear_left_over, left_over, mended, replace, tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def known(cursor: DuckDBPyConnection) -> list[str]:
    """Paths of the backups that the attached store remembers."""
    return [str(path) for (path,) in cursor.execute(f"SELECT path FROM {STORE}.backups ORDER BY path").fetchall()]


def back_up(base: Base, path: str, to: str | Path) -> Path:
    """Copy a store as it is at one moment. The path is remembered before anything is written to it.

    Raises
    ------
    SourceError
        Something lies there that is no backup of this store, it is the store itself, or its folder cannot be written
        to.
    SourceNotFoundError
        There is no such folder.
    QueryError
        It could not be written.
    """
    target = Path(os.path.realpath(to))
    cursor = base.cursor()
    if path != MEMORY and target == Path(os.path.realpath(path)):
        raise SourceError(f"{to}: the store itself.", hint="give the backup a path of its own.")
    if os.path.lexists(to) and str(target) not in known(cursor):
        raise SourceError(
            f"{to}: it exists and is no backup of this store; it is left as it is.",
            hint="give the path of a new file, or of an earlier backup of this store.",
        )
    if not target.parent.is_dir():
        raise SourceNotFoundError(
            f"{to}: there is no such folder, so nothing was written.", hint="make the folder first."
        )
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise SourceError(
            f"{to}: the folder cannot be written to, so nothing was.", hint="give this user the right to write there."
        )
    try:
        _remember(cursor, target)
        clear_left_over(target)
        attach(cursor, left_over(target), name=FRESH)
        try:
            tables(cursor)
            cursor.execute(f"COPY FROM DATABASE {STORE} TO {FRESH}")
        finally:
            cursor.execute(f"DETACH {FRESH}")
        replace(left_over(target), target)
    except (duckdb.Error, OSError) as error:
        if isinstance(error, AlertAnalyticsError):
            raise
        raise QueryError(f"{to}: the backup could not be written ({str(error).splitlines()[0]}).") from error
    finally:
        clear_left_over(target)
    return target


def restore(backup: str | Path, to: str | Path, *, overwrite: bool) -> None:
    """Make a store of a backup, which stays as it is.

    Raises
    ------
    SourceNotFoundError
        There is no such backup.
    SourceError
        It is no store, or its audit chain is broken; or something lies at `to` and is not to be overwritten.
    StoreLockedError
        Somebody has the store at `to` open.
    """
    if not Path(backup).is_file():
        raise SourceNotFoundError(f"{backup}: no such file.", hint="give the path of a backup.")
    if not is_database(backup):
        raise SourceError(f"{backup}: no DuckDB database, so no backup of a store.", hint="give another backup's path.")
    target = Path(os.path.realpath(to))
    if target == Path(os.path.realpath(backup)):
        raise SourceError(f"{to}: the backup itself.", hint="restore it to a path of its own.")
    with _taken(target, overwrite=overwrite) as replaced:
        try:
            clear_left_over(target)
            _copied(backup, left_over(target))
            mended(left_over(target), lambda connection: _restored(connection, target, replaced))
            replace(left_over(target), target)
        except (duckdb.Error, OSError) as error:
            if isinstance(error, AlertAnalyticsError):
                raise
            raise QueryError(f"{to}: it could not be restored ({str(error).splitlines()[0]}).") from error
        finally:
            clear_left_over(target)


def in_backups(paths: list[str], change: Callable[[Base, str], bool]) -> Copies:
    """Do to each backup that is there what is done to its store.

    Parameters
    ----------
    paths : list of str
        Where they were made.
    change : callable
        Given an open backup and its path: whether it was written anew.

    Raises
    ------
    SourceError, StoreLockedError
        A backup is there and cannot be opened.
    """
    there = [path for path in paths if Path(path).is_file()]
    changed = []
    for path in there:
        connection = connect()
        try:
            attach(connection, Path(path), name=STORE)
            check_store(connection, path)
            clear_left_over(path)
            if change(Base(connection, rows=f"{STORE}.alerts", origin=path, in_store=True), path):
                changed.append(path)
        except SourceError as error:
            raise SourceError(
                f"{path}: this backup of the store cannot be read ({error.message}), so nobody can be taken out of it.",
                hint="delete it, or put a sound copy in its place; what was not yet changed is as it was.",
            ) from error
        finally:
            connection.close()
    return Copies(tuple(changed), tuple(path for path in paths if path not in there))


def forget(cursor: DuckDBPyConnection) -> tuple[str, ...]:
    """Stop remembering the backups that are no longer there; their paths."""
    gone = tuple(path for path in known(cursor) if not os.path.lexists(path))
    cursor.execute("BEGIN TRANSACTION")
    try:
        for path in gone:
            cursor.execute(f"DELETE FROM {STORE}.backups WHERE path = ?", [path])
        audit.append(cursor, "forget", {"n_backups": len(gone)})
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")
    return gone


def _remember(cursor: DuckDBPyConnection, target: Path) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    cursor.execute("BEGIN TRANSACTION")
    try:
        cursor.execute(f"DELETE FROM {STORE}.backups WHERE path = ?", [str(target)])
        cursor.execute(f"INSERT INTO {STORE}.backups VALUES (?, ?)", [str(target), now])
        audit.append(cursor, "backup", {})  # a path could name a person, and a record stays for ever
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")


def _copied(backup: str | Path, partial: Path) -> None:
    """Copy a backup's tables; a log beside it, left by a crash, counts."""
    connection = connect()
    try:
        attach(connection, Path(backup), name=STORE, read_only=True)
        check_store(connection, backup)
        found = audit.check(connection)
        if not found.is_sound:
            raise SourceError(
                f"{backup}: {found.sentence} Somebody changed it.", hint="restore another backup, or ask who did."
            )
        attach(connection, partial, name=FRESH)
        connection.execute(f"COPY FROM DATABASE {STORE} TO {FRESH}")
        connection.execute(f"DETACH {FRESH}")
    finally:
        connection.close()


def _restored(connection: DuckDBPyConnection, target: Path, replaced: _Replaced | None) -> None:
    connection.execute(f"UPDATE {STORE}.meta SET generation = generation + 1")
    details: dict[str, object] = {}
    if replaced is not None:
        there = set(known(connection))
        for path, made_at in replaced.backups:
            if path not in there:
                connection.execute(f"INSERT INTO {STORE}.backups VALUES (?, ?)", [path, made_at])
        details = {"replaced_head": replaced.chain.head, "n_replaced": replaced.chain.n_records}
    connection.execute(f"DELETE FROM {STORE}.backups WHERE path = ?", [str(target)])  # it is the store now
    audit.append(connection, "restore", details)


class _Replaced(NamedTuple):
    """What outlives a store that another takes the place of: where its backups are, and what its audit came to."""

    backups: list[tuple[str, datetime]]
    chain: AuditCheck

    @classmethod
    def of(cls, connection: DuckDBPyConnection) -> _Replaced | None:
        """Of the attached store; None of a database that is none, or that cannot be read."""
        try:
            backups = connection.execute(f"SELECT path, made_at FROM {STORE}.backups ORDER BY path").fetchall()
            return cls([(str(path), made_at) for path, made_at in backups], audit.check(connection))
        except duckdb.Error:
            return None


@contextmanager
def _taken(target: Path, *, overwrite: bool) -> Iterator[_Replaced | None]:
    """Hold what lies at a path while something else takes its place, so that nobody has it open; what outlives it."""
    if not os.path.lexists(target):
        yield None
        return
    if not overwrite:
        raise SourceError(
            f"{target}: it exists and is left as it is.", hint="restore to another path, or say overwrite=True."
        )
    if not is_database(target):
        raise SourceError(
            f"{target}: no DuckDB database, so it is not overwritten.", hint="restore to another path, or delete it."
        )
    connection, replaced = connect(), None
    try:
        try:
            attach(connection, target, name=STORE)
            replaced = _Replaced.of(connection)
            connection.execute(f"CHECKPOINT {STORE}")  # a log left beside it would be taken for the new file's
        except StoreLockedError:
            raise
        except (SourceError, duckdb.Error):  # a broken store is what backups are for
            target.with_name(target.name + ".wal").unlink(missing_ok=True)
        yield replaced
    finally:
        connection.close()
