"""Backups: whole or not at all, of one moment, and never over something that is not ours."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path

import duckdb
import polars as pl
import pytest

from alert_analytics.errors import HistoryError, QueryError, SourceError, SourceNotFoundError, StoreLockedError
from alert_analytics.history import AlertHistory, AlertStore
from alert_analytics.history import backup as backup_module
from tests.unit.history.test_retention import at

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest


def rows(n: int, start: int = 0) -> pl.DataFrame:
    return pl.DataFrame({"fingerprint": [f"f{start + i}" for i in range(n)], "fired_at": [at(1)] * n})


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.suffix != ".wal")


@pytest.mark.parametrize("place", ["file", ":memory:"])
def test_a_backup_is_a_store(place: str, tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb" if place == "file" else place) as store:
        store.ingest(rows(5))
        copy = store.backup(tmp_path / "b.duckdb")
        assert copy == tmp_path / "b.duckdb"
        assert store.backups() == [str(copy)]
        there = store.history().to_arrow()
        assert AlertHistory.open(copy).to_arrow().equals(there)
        store.ingest(rows(5, start=5))
        assert AlertHistory.open(copy).n_alerts == 5
        store.backup(copy)  # its own: replaced
        assert AlertHistory.open(copy).n_alerts == 10
        assert store.backups() == [str(copy)]
    assert not copy.with_name("b.duckdb.wal").exists()
    assert names(tmp_path) == (["a.duckdb"] if place == "file" else []) + ["b.duckdb"]


def test_what_lies_there_is_left(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with AlertStore.open(tmp_path / "a.duckdb") as store, AlertStore.open(tmp_path / "other.duckdb") as other:
        other.ingest(rows(2))
        for taken in ("notes.txt", "other.duckdb", "dangling"):
            with pytest.raises(SourceError, match=f"{taken}: it exists and is no backup of this store"):
                store.backup(tmp_path / taken)
        with pytest.raises(SourceError, match="the store itself"):
            store.backup(tmp_path / "." / "a.duckdb")
        with pytest.raises(SourceNotFoundError, match="there is no such folder, so nothing was written"):
            store.backup(tmp_path / "no folder" / "b.duckdb")
        assert store.audit().num_rows == 0
        assert backup_module.known(store._base.cursor()) == []
        assert other.history().n_alerts == 2
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_backup_that_fails_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with AlertStore.open(tmp_path / "a.duckdb") as store:
        store.ingest(rows(3))
        copy = store.backup(tmp_path / "b.duckdb")
        store.ingest(rows(3, start=3))
        with monkeypatch.context() as patched:
            patched.setattr(backup_module, "replace", full)
            with pytest.raises(QueryError, match=r"b\.duckdb: the backup could not be written .*No space left"):
                store.backup(copy)
        assert AlertHistory.open(copy).n_alerts == 3
        assert names(tmp_path) == ["a.duckdb", "b.duckdb"]


def test_others_read_meanwhile_and_it_is_of_one_moment(tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        store.ingest(rows(100))
        history, seen, stop = store.history(), set[int](), threading.Event()

        def read() -> None:
            while not stop.is_set():
                seen.add(history.n_alerts)

        def write() -> None:
            for i in range(1, 4):
                store.ingest(rows(100, start=100 * i))

        workers = [threading.Thread(target=one) for one in (read, write)]
        for worker in workers:
            worker.start()
        copies = [store.backup(tmp_path / f"b{i}.duckdb") for i in range(3)]
        workers[1].join()
        stop.set()
        workers[0].join()
        assert seen <= {100, 200, 300, 400}
        for copy in copies:
            assert AlertHistory.open(copy).n_alerts in {100, 200, 300, 400}


# -- restoring ----------------------------------------------------------------------------------------------------


def test_a_backup_is_restored_and_stays(tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        store.ingest(rows(5))
        copy = store.backup(tmp_path / "b.duckdb")
        there = store.history().to_arrow()
    untouched = copy.read_bytes()
    AlertStore.restore(copy, tmp_path / "c.duckdb")
    with AlertStore.open(tmp_path / "c.duckdb") as store:
        assert store.history().to_arrow().equals(there)
        assert store.audit()["action"].to_pylist() == ["backup", "restore"]
        assert store.verify_audit().is_sound
        assert store.backups() == [str(copy)]
    assert copy.read_bytes() == untouched
    assert names(tmp_path) == ["a.duckdb", "b.duckdb", "c.duckdb"]


def test_a_store_is_overwritten_only_when_told(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store:
        store.ingest(rows(5))
        copy = store.backup(tmp_path / "b.duckdb")
        store.ingest(rows(5, start=5))
        with pytest.raises(StoreLockedError, match="this process has the store open already"):
            AlertStore.restore(copy, path, overwrite=True)
    with pytest.raises(SourceError, match=r"a\.duckdb: it exists and is left as it is"):
        AlertStore.restore(copy, path)
    assert AlertHistory.open(path).n_alerts == 10
    AlertStore.restore(copy, path, overwrite=True)
    assert AlertHistory.open(path).n_alerts == 5
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])  # what backups are for
    path.with_name("a.duckdb.wal").write_bytes(b"left over")
    AlertStore.restore(copy, path, overwrite=True)
    with AlertStore.open(path) as store:
        assert store.history().n_alerts == 5
    assert names(tmp_path) == ["a.duckdb", "b.duckdb"]


def test_backups_of_the_store_that_was_replaced_are_known(tmp_path: Path) -> None:
    """Else an erasure would leave a person in those made after the one that was restored."""
    path, person = tmp_path / "a.duckdb", "ann.quill"
    with AlertStore.open(path) as store:
        first = store.backup(tmp_path / "b1.duckdb")
        store.ingest(rows(1).with_columns(assignee=pl.lit(person)))
        second = store.backup(tmp_path / "b2.duckdb")
        replaced = store.verify_audit()
    AlertStore.restore(first, path, overwrite=True)
    with AlertStore.open(path) as store:
        assert store.backups() == [str(first), str(second)]
        assert json.loads(store.audit()["details"].to_pylist()[-1]) == {
            "replaced_head": replaced.head,
            "n_replaced": 2,
        }
        assert store.verify_audit().is_sound
        store.erase(person)
    assert person not in AlertHistory.open(second).to_arrow()["assignee"].to_pylist()
    AlertStore.restore(first, second, overwrite=True)  # a store is no backup of itself
    with AlertStore.open(second) as store:
        assert store.backups() == [str(first)]


def test_a_log_that_a_crash_left_is_not_taken_for_the_restored_stores(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store:
        store.ingest(rows(5))
        copy = store.backup(tmp_path / "b.duckdb")
        store.ingest(rows(5, start=5))
        shutil.copy(path, tmp_path / "crashed.duckdb")
        shutil.copy(tmp_path / "a.duckdb.wal", tmp_path / "crashed.duckdb.wal")
    AlertStore.restore(copy, tmp_path / "crashed.duckdb", overwrite=True)
    assert not (tmp_path / "crashed.duckdb.wal").exists()
    assert AlertHistory.open(tmp_path / "crashed.duckdb").n_alerts == 5


def test_what_is_no_sound_backup_is_not_restored(tmp_path: Path) -> None:
    target = tmp_path / "c.duckdb"
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        store.ingest(rows(5))
        copy = store.backup(tmp_path / "b.duckdb")
    with pytest.raises(SourceNotFoundError, match=r"none\.duckdb: no such file"):
        AlertStore.restore(tmp_path / "none.duckdb", target)
    with pytest.raises(SourceError, match="the backup itself"):
        AlertStore.restore(copy, copy, overwrite=True)
    (tmp_path / "text").write_text("fired_at", encoding="utf-8")
    with pytest.raises(SourceError, match="text: no DuckDB database"):
        AlertStore.restore(tmp_path / "text", target)
    with pytest.raises(SourceError, match="text: no DuckDB database, so it is not overwritten"):
        AlertStore.restore(copy, tmp_path / "text", overwrite=True)
    with duckdb.connect(str(tmp_path / "theirs.duckdb")) as theirs:
        theirs.execute("CREATE TABLE t (a INTEGER)")
    with pytest.raises(SourceError, match="but no alert store"):
        AlertStore.restore(tmp_path / "theirs.duckdb", target)
    with duckdb.connect(str(copy)) as other:
        other.execute("UPDATE audit SET action = 'nothing'")
    with pytest.raises(SourceError, match=r"The audit chain is broken at record 1 of 1\. Somebody changed it"):
        AlertStore.restore(copy, target)
    with duckdb.connect(str(copy)) as other:
        other.execute("UPDATE meta SET schema_version = 99")
    with pytest.raises(SourceError, match="a store of version 99"):
        AlertStore.restore(copy, target)
    assert not target.exists()
    assert "c.duckdb.rewriting" not in os.listdir(tmp_path)


def test_a_left_over_of_a_crash_is_cleared_when_the_store_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    AlertStore.open(path).close()
    for name in ("a.duckdb.rewriting", "a.duckdb.rewriting.wal"):
        (tmp_path / name).write_bytes(b"half")
    AlertHistory.open(path)  # reading only, it cannot know whether another process writes it
    assert len(names(tmp_path)) == 2
    AlertStore.open(path).close()
    assert names(tmp_path) == ["a.duckdb"]


def test_a_tenant_makes_no_backup(tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb", tenant="x") as store:
        for act in (lambda: store.backup(tmp_path / "b.duckdb"), store.backups, store.forget_backups):
            with pytest.raises(HistoryError, match="open the store without a tenant"):
                act()
