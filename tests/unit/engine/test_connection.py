"""Connections: nothing from outside creeps in, and nothing inside gets out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from alert_analytics.engine import attach, connect, sandbox
from alert_analytics.errors import SourceError, StoreLockedError


def test_a_python_variable_is_no_table() -> None:
    variable = pa.table({"a": [1]})
    with pytest.raises(duckdb.CatalogException, match="variable does not exist"):
        connect().sql("SELECT * FROM variable")
    assert variable.num_rows == 1


def test_the_zone_is_utc_on_every_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    text = connect().cursor().execute("SELECT (TIMESTAMPTZ '2020-01-01 10:00+02')::VARCHAR").fetchall()
    assert text == [("2020-01-01 08:00:00+00",)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{folder}/*')",
        "ATTACH '{folder}/other.duckdb' AS other",
        "COPY alerts TO '{folder}/stolen.csv'",
        "EXPORT DATABASE '{folder}/stolen'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "SET GLOBAL threads = 1",
    ],
)
def test_a_sandbox_reaches_nothing(query: str, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    connection = sandbox(pa.table({"a": [1]}))
    with pytest.raises(duckdb.Error, match=r"(?i)disabled|locked|not allowed|cannot"):
        connection.execute(query.format(file=tmp_path / "secret.csv", folder=tmp_path)).fetchall()
    assert sorted(tmp_path.iterdir()) == before


def test_a_sandbox_holds_its_rows_and_nothing_else() -> None:
    connection = sandbox(pa.table({"a": [1, 2]}))
    assert connection.sql("SELECT sum(a) FROM alerts").fetchall() == [(3,)]
    assert connection.sql("SELECT table_name FROM duckdb_tables()").fetchall() == [("alerts",)]
    with pytest.raises(duckdb.CatalogException):
        connection.sql("SELECT * FROM given")


def test_a_new_file_is_made_with_a_quote_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "it's a lock.duckdb"
    connection = connect()
    attach(connection, path, name="store")
    connection.execute("CREATE TABLE store.t AS SELECT 1 AS a")
    connection.close()
    again = connect()
    attach(again, path, name="store", read_only=True)
    assert again.sql("SELECT a FROM store.t").fetchall() == [(1,)]
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        again.execute("INSERT INTO store.t VALUES (2)")
    again.close()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """A file that another process has open for writing."""
    path = tmp_path / "held.duckdb"
    code = f"import duckdb; c = duckdb.connect({str(path)!r}); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield path
        process.communicate(b"\n", timeout=20)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_that_another_process_holds(held: Path, read_only: bool) -> None:
    with pytest.raises(StoreLockedError, match=r"held\.duckdb: another process holds the store .*PID") as caught:
        attach(connect(), held, name="store", read_only=read_only)
    assert isinstance(caught.value, OSError)


def test_a_file_that_this_process_holds(tmp_path: Path) -> None:
    first = connect()
    attach(first, tmp_path / "a.duckdb", name="store")
    with pytest.raises(StoreLockedError, match="this process has the store open already"):
        attach(connect(), tmp_path / "a.duckdb", name="store")
    first.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello, this is no database\n" * 1000, encoding="utf-8")
    with pytest.raises(SourceError, match=r"notes\.txt: cannot be opened as a store"):
        attach(connect(), path, name="store")


def test_a_folder_that_is_missing_is_not_called_locked(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be opened as a store"):
        attach(connect(), tmp_path / "lock" / "already attached" / "a.duckdb", name="store")
