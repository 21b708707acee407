"""A full disk, rights that are missing, a log that a crash left, and what is spilled: each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from alert_analytics.engine import spilling
from alert_analytics.history import AlertHistory, AlertStore
from tests.killed import content, rows

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest

_HEAD = """
import os, resource, signal, sys
from pathlib import Path
from alert_analytics.errors import AlertAnalyticsError
from alert_analytics.history import AlertHistory, AlertStore
from tests.killed import content, rows

path = Path(sys.argv[1])

def room(n_bytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))

def tried(what):
    try:
        return what()
    except AlertAnalyticsError as error:
        print(type(error).__name__, error)

def as_nobody():
    if os.geteuid() == 0:
        os.seteuid(65534)
"""


def said(code: str, path: Path, **environment: str) -> str:
    """What a process prints that runs `code` on a store's file; it must end well, or be killed by itself."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _HEAD + code, str(path)],
        capture_output=True,
        text=True,
        cwd=root,
        env=os.environ | environment,
        timeout=120,
    )
    assert done.returncode in {0, -9}, done.stderr
    return done.stdout


@pytest.mark.parametrize("extra", [0, 300_000])
def test_a_full_disk(extra: int, tmp_path: Path) -> None:
    """A large ingest fails while it writes, small ones when the log is full; each is there whole, or not at all."""
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store:
        store.ingest(rows(range(20_000)))
    answer = said(
        f"""
room(path.stat().st_size + {extra})
large = rows(range(20_000, 220_000))
with AlertStore.open(path) as store:
    before = content(store)
    assert tried(lambda: store.ingest(large)) is None
    assert content(store) == before
    for n in range(300_000, 302_000, 1000):
        while True:
            before = content(store)
            if tried(lambda: store.ingest(rows(range(n, n + 1000)))) is not None:
                break
            assert content(store) == before
            room(resource.RLIM_INFINITY)
    room(resource.RLIM_INFINITY)
    print("then", store.ingest(large).n_new)
""",
        path,
    )
    assert answer.startswith("QueryError ingest of table, of which nothing was stored: IO Error: Could not write file")
    assert str(path) in answer
    assert "Hint: the disk is full: make room on it and do the same again.\n" in answer
    assert answer.endswith("then 180000\n")
    with AlertStore.open(path) as store, AlertStore.open() as undisturbed:
        parts = range(20_000), range(20_000, 220_000), range(300_000, 301_000), range(301_000, 302_000)
        for numbers in parts:
            undisturbed.ingest(rows(numbers))
        assert content(store).tables == content(undisturbed).tables


def test_a_disk_too_full_for_what_is_spilled(tmp_path: Path) -> None:
    answer = said(
        """
with AlertStore.open(path) as store:
    data = rows(range(300_000))
    room(2_000_000)
    assert tried(lambda: store.ingest(data)) is None
    room(resource.RLIM_INFINITY)
    print("then", store.ingest(data).n_new)
""",
        tmp_path / "a.duckdb",
        ALERT_MEMORY_LIMIT="80MB",
    )
    assert "Hint: the disk is full" in answer
    assert answer.endswith("then 270000\n")
    assert [one.name for one in tmp_path.iterdir()] == ["a.duckdb"]


def test_an_input_larger_than_the_memory_and_a_killed_process(tmp_path: Path) -> None:
    """What does not fit is spilled beside the store; what a killed process left there goes when the store is opened."""
    path = tmp_path / "a.duckdb"
    said(
        """
store = AlertStore.open(path)
store._connection.execute("CREATE TEMP TABLE t AS SELECT range a, md5(range::VARCHAR) b FROM range(4_000_000)")
os.kill(os.getpid(), signal.SIGKILL)
""",
        path,
        ALERT_MEMORY_LIMIT="80MB",
    )
    left = spilling.beside(path)
    assert sum(one.stat().st_size for one in left.iterdir()) > 10_000_000
    AlertStore.open(path).close()
    assert not left.exists()


def test_nothing_but_spilled_files_is_cleared(tmp_path: Path) -> None:
    folder = spilling.beside(tmp_path / "a.duckdb")
    folder.mkdir()
    for name in ("mine.txt", "duckdb_temp_1_0_storage_DEFAULT-0.tmp"):
        (folder / name).touch()
    AlertStore.open(tmp_path / "a.duckdb").close()
    assert [one.name for one in folder.iterdir()] == ["mine.txt"]


def test_a_process_has_a_private_folder_and_a_dead_ones_goes(tmp_path: Path) -> None:
    code = """
from alert_analytics.engine import spilling
print(spilling.private())
if path.name == "dies":
    os.kill(os.getpid(), signal.SIGKILL)
print([one.name for one in path.parent.iterdir()] == [Path(spilling.private()).name])
print(oct(os.stat(spilling.private()).st_mode)[-3:], spilling._clear_dead(path.parent))
"""
    code = code.replace("print(spilling.private())", "print(spilling.private(), flush=True)")
    dead = Path(said(code, tmp_path / "dies", TMPDIR=str(tmp_path)).strip())
    assert dead.is_dir()
    alive, alone, rest = said(code, tmp_path / "lives", TMPDIR=str(tmp_path)).splitlines()
    assert (alone, rest) == ("True", "700 None")
    assert alive != str(dead)
    assert list(tmp_path.iterdir()) == []


def test_rights_that_are_missing() -> None:
    with tempfile.TemporaryDirectory() as folder:  # which another user can enter
        rights_are_missing(Path(folder) / "a.duckdb")
        Path(folder).chmod(0o755)


def rights_are_missing(path: Path) -> None:
    with AlertStore.open(path) as store:
        store.ingest(rows(range(20)))
    (path.parent / "secret.csv").write_text("fired_at\n2026-03-01\n", encoding="utf-8")
    (path.parent / "secret.csv").chmod(0)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    answer = said(
        """
AlertHistory.open(path).n_alerts
as_nobody()
print("reads", AlertHistory.open(path).n_alerts)
tried(lambda: AlertStore.open(path))
tried(lambda: AlertStore.open(path.with_name("new.duckdb")))
tried(lambda: AlertHistory.open(path.with_name("secret.csv")))
tried(lambda: AlertStore.open(path.with_name("secret.csv")))
tried(lambda: AlertStore.open().ingest(path.with_name("secret.csv")))
""",
        path,
    )
    lines = answer.splitlines()
    assert lines[0] == "reads 18"
    assert [line.partition(" ")[0] for line in lines[1:]] == ["SourceError"] * 5
    assert "a.duckdb: cannot be opened as a store" in lines[1]
    assert all("Hint: give this user the right to" in line for line in lines[1:]), answer


def test_a_log_that_a_crash_left_is_read_by_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    said(
        """
store = AlertStore.open(path)
store.ingest(rows(range(20)))
os.kill(os.getpid(), signal.SIGKILL)
""",
        path,
    )
    assert path.with_name("a.duckdb.wal").stat().st_size
    assert AlertHistory.open(path).n_alerts == 18
    log = path.with_name("a.duckdb.wal")
    log.write_bytes(log.read_bytes()[:-100])  # the log itself cut short: what is not whole in it does not count
    with AlertStore.open(path) as store:
        assert store.history().n_alerts in {0, 18}
        store.ingest(rows(range(20)))
        with AlertStore.open() as undisturbed:
            undisturbed.ingest(rows(range(20)))
            assert content(store).tables == content(undisturbed).tables
