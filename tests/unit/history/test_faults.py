"""Faults of files, disks and neighbours: a clear word, nothing half, and it works again afterwards."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from alert_analytics.errors import QueryError, SourceError, StoreLockedError
from alert_analytics.history import AlertHistory, AlertStore, Batch
from alert_analytics.history.files import Files
from alert_analytics.sources import Tabular
from tests.killed import content, rows

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest

ROWS = rows(range(20))
TEXT = "fingerprint,fired_at,message\n" + "".join(
    f'a{n},2026-03-01 10:00:{n % 60:02},"said ""{n}"""\n' for n in range(4000)
)
TABULAR = Tabular(columns={"fingerprint": "fingerprint", "fired_at": "fired_at", "message": "message"})


def refused(data: Any, match: str, *, source: Any = None) -> None:
    """An ingest fails, says so, and the store stays as it is and goes on."""
    with AlertStore.open() as store:
        store.ingest(ROWS)
        before = content(store)
        with pytest.raises(SourceError, match=match) as caught:
            store.ingest(data, source=source)
        assert caught.value.hint
        assert content(store) == before
        assert store.ingest(rows(range(20, 30))).n_new == 9


# -- inputs -------------------------------------------------------------------------------------------------------


def truncated(path: Path) -> Path:
    whole = gzip.compress(TEXT.encode())
    path.write_bytes(whole[: len(whole) // 2])
    return path


@pytest.mark.parametrize("source", [None, TABULAR])
@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv"])
def test_a_truncated_gzip(source: Any, name: str, tmp_path: Path) -> None:
    refused(truncated(tmp_path / name), rf"{name}: .*(gzip|cut short)", source=source)


@pytest.mark.parametrize("source", [None, TABULAR])
def test_a_table_that_ends_in_a_quoted_field(source: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TEXT[: TEXT.rindex('"said') + 8], encoding="utf-8")
    refused(path, r"a\.csv: cannot be read as a table", source=source)


@pytest.mark.parametrize("cut", [0.3, 0.99])
def test_a_parquet_file_without_its_end(cut: float, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.from_arrow(ROWS).write_parquet(path)  # type: ignore[union-attr]  # a table, so a frame
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
    refused(path, r"a\.parquet")


def test_no_file_to_read(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "a.csv").write_text(TEXT, encoding="utf-8")
    pl.from_arrow(ROWS).write_parquet(tmp_path / "a.parquet")  # type: ignore[union-attr]
    refused(tmp_path, "a folder; expected a file")
    refused(tmp_path / "empty.csv", "the file is empty")
    refused(tmp_path / "pipe.csv", "no regular file but a pipe or device")
    with pytest.raises(SourceError, match="no regular file but a pipe or device"):
        AlertHistory.open(tmp_path / "pipe.csv")
    refused(tmp_path / "none*.csv", "no such file")
    refused(tmp_path / "a.*", "names 1 Parquet files and 1 others; expected one kind")


class Meddled:
    """A source whose file is touched by somebody else while it is read."""

    name = "meddled"

    def __init__(self, meddle: Callable[[Path], object]) -> None:
        self.meddle = meddle

    def read(self, connection: duckdb.DuckDBPyConnection, data: str) -> Batch:
        batch = TABULAR.read(connection, data)
        self.meddle(Path(data))
        return batch


def appended(path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("b,2026-03-01 11:00:00,x\n")


def replaced(path: Path) -> None:
    path.with_name("new").write_bytes(path.read_bytes())
    path.with_name("new").replace(path)


@pytest.mark.parametrize("meddle", [appended, replaced, Path.unlink, lambda path: os.truncate(path, 1000)])
def test_a_file_that_changes_while_it_is_read(meddle: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TEXT, encoding="utf-8")
    refused(str(path), r"a\.csv: the file changed while it was read; nothing", source=Meddled(meddle))


def test_files_that_come_and_go_under_a_glob(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT, encoding="utf-8")
    seen = Files(tmp_path / "*.csv")
    seen.check()
    (tmp_path / "b.csv").write_text(TEXT, encoding="utf-8")
    with pytest.raises(SourceError, match=r"b\.csv: the file changed"):
        seen.check()


def test_an_open_file_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TEXT, encoding="utf-8")
    with path.open("rb") as file:
        seen = Files(file)
        seen.check()
        appended(path)
        with pytest.raises(SourceError, match=r"a\.csv: the file changed"):
            seen.check()


# -- neighbours ---------------------------------------------------------------------------------------------------


def test_two_threads_ingest_at_once() -> None:
    """Each reads its own input, whatever the other one is at; they write one after the other."""
    frames = [(rows(range(n, n + 10)), rows(range(n, n + 10), resolved=True, seen=1)) for n in range(0, 200, 10)]
    with AlertStore.open() as together, AlertStore.open() as alone:
        faults: list[BaseException] = []

        def ingest(mine: int) -> None:
            try:
                for pair in frames[mine::2]:
                    for one in pair:
                        together.ingest(one)
            except BaseException as fault:  # noqa: BLE001  # a thread's own would be lost
                faults.append(fault)

        threads = [threading.Thread(target=ingest, args=(mine,)) for mine in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        for pair in frames:
            for one in pair:
                alone.ingest(one)
        assert content(together).tables == content(alone).tables


def test_a_reader_beside_a_writer_sees_whole_ingests() -> None:
    """Each ingest adds ten alerts and ends ten: whoever asks meanwhile sees that, never half of it."""
    with AlertStore.open() as store:
        store.ingest(rows(range(1)))
        history, done, seen = store.history(), threading.Event(), list[tuple[int, int, int]]()
        faults: list[BaseException] = []

        def ask() -> None:
            try:
                while not done.is_set():
                    counts = "count(*), count(resolved_at), count(DISTINCT service)"
                    seen.extend(history.sql(f"SELECT {counts} FROM alerts").rows())
                    assert history.to_arrow().num_rows % 9 == 1
            except BaseException as fault:  # noqa: BLE001
                faults.append(fault)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for n in range(10, 130, 10):
            store.ingest(pa.concat_tables([rows(range(n, n + 10)), rows(range(n, n + 10), resolved=True, seen=1)]))
        done.set()
        for thread in threads:
            thread.join()
        assert faults == []
        assert {(n % 9, n - n_resolved) for n, n_resolved, _ in seen} == {(1, 1)}
        assert len({n for n, _, _ in seen}) > 2


def test_a_reader_and_a_writer_of_one_file_in_one_process(tmp_path: Path) -> None:
    """A second AlertStore or AlertHistory of the file is refused: the open store gives histories."""
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store:
        store.ingest(ROWS)
        for opener in (AlertStore.open, AlertHistory.open):
            with pytest.raises(
                StoreLockedError, match=r"a\.duckdb: this process has the store open already.* Hint: use"
            ):
                opener(path)
        assert AlertHistory.open(store).n_alerts == 18
    first, second = AlertHistory.open(path), AlertHistory.open(path)
    assert first.n_alerts == second.n_alerts == 18
    with pytest.raises(StoreLockedError, match="open already"):
        AlertStore.open(path)


# -- a damaged store ----------------------------------------------------------------------------------------------


def whole(path: Path) -> bytes:
    with AlertStore.open(path) as store:
        store.ingest(rows(range(30_000)))
    return path.read_bytes()


def test_a_damaged_store_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    written = whole(path)
    size = len(written)
    hint = "put a backup of it in its place"
    cuts = [written[:at] for at in (12, 5000, 12_288, 20_000, size // 2)]
    flips = [bytearray(written) for _ in range(5)]
    for flipped, at in zip(flips, (20, 4100, 8200, 12_300, size // 2), strict=True):
        flipped[at] ^= 0xFF
    n_said = 0
    for number, damaged in enumerate([*cuts, *map(bytes, flips)]):
        for opener in (AlertStore.open, AlertHistory.open):
            path = tmp_path / f"{number} {opener.__qualname__}.duckdb"
            path.write_bytes(damaged)
            try:
                history = AlertHistory.open(opener(path))
                assert history.to_arrow().num_rows == 27_000
            except (SourceError, QueryError) as fault:
                assert str(path) in str(fault)  # noqa: PT017  # what was not read may be damaged unnoticed
                assert hint in str(fault)  # noqa: PT017
                n_said += 1
    assert n_said >= 18


def test_a_store_of_a_later_version(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    whole(path)
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE meta SET schema_version = 99")
    for open_it in (AlertStore.open, AlertHistory.open):
        with pytest.raises(
            SourceError, match=r"a store of version 99; this library reads version .*upgrade alert-analytics"
        ):
            open_it(path)
