"""A new SQLite registry, made in one piece: MLflow itself makes one in dozens of steps, which must not be shared."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from alert_analytics.registry.address import WAIT_S, database_of, table_names


def make_registry(uri: str) -> None:
    """Fill an empty SQLite file with the tables that MLflow expects; leave any other registry as it is.

    Parameters
    ----------
    uri : str
        As :func:`~alert_analytics.registry.address.resolved` gives it.

    Notes
    -----
    Two processes that migrate one file at once fail ("Online migration expected to match one row"), and whoever reads
    meanwhile meets half the tables. So MLflow works on a file of this process alone, and what it made is written in a
    single transaction, by whoever comes first: SQLite's own lock, which ends with its process, is the only one.
    """
    database = database_of(uri)
    if database is None:
        return
    with closing(sqlite3.connect(database, timeout=WAIT_S)) as there:
        if table_names(there):
            return
    with TemporaryDirectory(prefix="alert-analytics-", ignore_cleanup_errors=True) as folder:
        statements = _statements(Path(folder, "new.db"))
    with closing(sqlite3.connect(database, timeout=WAIT_S, isolation_level=None)) as there:
        there.execute("BEGIN IMMEDIATE")
        if not table_names(there):  # else somebody was quicker
            for statement in statements:
                there.execute(statement)
        there.execute("COMMIT")


def _statements(file: Path) -> list[str]:
    """What makes the tables, as SQL; the file is needed on the way."""
    from mlflow.db import upgrade

    upgrade.main([f"sqlite:///{file.as_posix()}"], standalone_mode=False)
    gc.collect()  # MLflow leaves its connection to the collector, and Windows deletes no file that is open
    with closing(sqlite3.connect(file)) as made:
        return [one for one in made.iterdump() if one not in {"BEGIN TRANSACTION;", "COMMIT;"}]
