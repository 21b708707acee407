"""A process that ingests and can be killed at any moment, and what the store holds, as one value to compare.

``python -m tests.killed`` is the zygote: it has imported everything and holds no connection, so a child of it starts at
once and owns all that it opens. A line on its input says which batches a child ingests into which file, and how long
after the beginning of which of them it is killed with SIGKILL; a line on its output says what became of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from alert_analytics.alerts import AlertEvent
from alert_analytics.engine.kernels.folding import fold
from alert_analytics.history import AlertStore
from tests.events_source import Events

DAY = datetime(2026, 3, 1)
TABLES = ("alert_events", "folded", "superseded", "quarantine", "cursors")
_LOGS = ("ingests", "meta")
_N_LARGE = 130_000  # more than a row group, so that the database writes to the file before it commits


def at(minutes: float) -> datetime:
    return DAY + timedelta(minutes=minutes)


def rows(numbers: range, *, resolved: bool = False, seen: float = 0) -> pa.Table:
    """A table of alerts; every tenth breaks a rule."""
    end = [at(n + 30) if resolved else None for n in numbers]
    return pa.table(
        {
            "fingerprint": [f"row {n}" for n in numbers],
            "service": [f"service {n % 7}" for n in numbers],
            "severity": ["odd" if n % 10 == 9 else "low" for n in numbers],
            "fired_at": [at(n) for n in numbers],
            "resolved_at": pa.array(end, pa.timestamp("us")),
            "observed_at": [at(n + 30 + seen) for n in numbers],
        }
    )


def events(kind: str, numbers: range, after: float, **told: Any) -> list[AlertEvent]:
    return [AlertEvent(kind, f"row {n}", at(n + after), observed_at=at(n + after + 1), **told) for n in numbers]


def batches() -> list[tuple[Any, str | Events]]:
    """Rows and events that tell of the same alerts, and some of them again."""
    first, told = rows(range(60)), Events(name="table")
    fired = [*events("fire", range(40, 90), 0), *events("acknowledge", range(40, 80), 3)]
    ended = [*events("resolve", range(0, 80, 2), 50), *events("reopen", range(0, 40, 4), 55)]
    odd = [*events("fire", range(0, 80, 5), 60, severity="odd"), *events("escalate", range(90, 99), 1)]
    later = rows(range(30, 100), resolved=True, seen=1)
    return [(first, "table"), (fired, told), (later, "table"), ([*ended, *odd], told), (first, "table")]


def large(folder: Path) -> Path:
    """A file of rows that is too large for the write-ahead log alone."""
    path = folder / "large.parquet"
    if not path.exists():
        numbers = pa.array(range(_N_LARGE))
        stamps = pa.array(range(0, _N_LARGE * 60_000_000, 60_000_000)).cast(pa.timestamp("us"))
        text = numbers.cast(pa.string())
        pq.write_table(pa.table({"fingerprint": text, "message": text, "fired_at": stamps}), path)
    return path


def work(path: Path, *, is_large: bool) -> list[tuple[Any, str | Events]]:
    """Everything that is ingested into a file."""
    return [*batches()[:2], (large(path.parent), "table"), batches()[0]] if is_large else batches()


def ingest(store: AlertStore, batch: tuple[Any, str | Events]) -> None:
    data, source = batch
    store.ingest(data, source=None if isinstance(source, str) else source)


@dataclass(frozen=True)
class Content:
    """What a store holds: of each table the number of rows and a sum over them, but for when they came."""

    tables: tuple[tuple[str, int, int], ...]
    logs: tuple[tuple[str, int, int], ...]


def content(store: AlertStore) -> Content:
    connection = store._connection.cursor()

    def summed(name: str) -> tuple[str, int, int]:
        given = connection.table(f"store.{name}")
        kept = ", ".join(column for column in given.columns if column != "ingested_at")
        found = connection.sql(
            f"SELECT count(*), coalesce(sum(hash(one)::HUGEINT), 0) FROM (SELECT {kept} FROM store.{name}) AS one"
        )
        [(n_rows, total)] = found.fetchall()
        return name, int(n_rows), int(total)

    return Content(tuple(summed(name) for name in TABLES), tuple(summed(name) for name in _LOGS))


@dataclass(frozen=True)
class Order:
    """Ingest batches `first` to `last` into `path`, and be killed `seconds` after `batch` began; None: live on."""

    path: str
    first: int
    last: int
    is_large: bool = False
    batch: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class Fate:
    """What became of a child: killed inside or outside of an ingest, finished, or failed; ingests begun and ended."""

    how: str
    began: int
    ended: int
    lasted: list[float]


def _child(order: Order, said: int) -> None:
    """Say when each ingest begins and ends. Closing writes the log to the file, so that is killed as well."""
    with AlertStore.open(order.path) as store:
        for batch in work(Path(order.path), is_large=order.is_large)[order.first : order.last + 1]:
            os.write(said, b"<")
            ingest(store, batch)
            os.write(said, b">")


def _killed(order: Order) -> Fate:
    reading, said = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            _child(order, said)
            status = 0
        finally:
            os._exit(status)
    os.close(said)
    marks, times = b"", []
    while (one := os.read(reading, 1)) != b"":  # until the child is gone
        marks += one
        times.append(time.monotonic())
        if order.seconds is not None and marks == b"<>" * (order.batch - order.first) + b"<":
            time.sleep(order.seconds)
            os.kill(child, signal.SIGKILL)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        how = "killed inside" if marks.endswith(b"<") else "killed outside"
    else:
        how = "finished" if status == 0 else "failed"
    lasted = [end - start for start, end in zip(times[::2], times[1::2], strict=False)]
    return Fate(how, order.first + marks.count(b"<"), order.first + marks.count(b">"), lasted)


def _zygote() -> None:
    none = np.zeros(1, dtype=np.int64)
    fold(none, none.astype(np.int8), none, none, none)  # compiled here, once for all children
    for line in sys.stdin:
        print(json.dumps(asdict(_killed(Order(**json.loads(line))))), flush=True)


class Zygote:
    """The zygote, from the outside."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, order: Order) -> Fate:
        """Let a child carry out an order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        return Fate(**json.loads(self._process.stdout.readline()))


@contextmanager
def zygote() -> Iterator[Zygote]:
    """Start a zygote, and let it end."""
    command = [sys.executable, "-m", "tests.killed"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Zygote(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


if __name__ == "__main__":
    _zygote()
