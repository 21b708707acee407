"""The store beside what a user would otherwise write: ``python -m benchmarks.store [ROWS] [PAYLOADS]``.

Each line is measured in one process that does both, one after the other, from a file; seconds of the clock and of the
processor. Prints Markdown tables; it gates nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from pydantic import BaseModel

from alert_analytics import datasets
from alert_analytics.alerts import AlertEvent
from alert_analytics.history import AlertStore
from alert_analytics.sources import PayloadSource

_START = datetime(2024, 1, 1)

# Alerts as a table has them: 50,000 conditions of 500 rules, some acknowledged, one in fifty still open.
_ROWS = """
SELECT
    'acme' AS tenant_id, 'fp-' || (i % 50000) AS fingerprint, 'rule-' || (i % 500) AS rule,
    'service-' || (i % 60) AS service, 'team-' || (i % 9) AS team,
    ['info', 'low', 'medium', 'high', 'critical'][1 + i % 5] AS severity,
    'Disk usage of host ' || (i % 5000) || ' is above ' || (i % 100) || ' %' AS message,
    TIMESTAMP '2024-01-01' + to_seconds(i * 7) AS fired_at,
    CASE WHEN i % 3 = 0 THEN TIMESTAMP '2024-01-01' + to_seconds(i * 7 + 60 + i % 1000) END AS acknowledged_at,
    CASE WHEN i % 50 > 0 THEN TIMESTAMP '2024-01-01' + to_seconds(i * 7 + 600 + i % 10000) END AS resolved_at,
    'user-' || (i % 40) AS assignee, (i % 1000) / 10.0 AS value,
    MAP {'host': 'host-' || (i % 5000), 'region': 'eu-' || (i % 4)} AS labels
FROM range($n) AS t(i)
"""


class Clock:
    """Seconds of the clock and of the processor, this process and its threads."""

    wall = 0.0
    processor = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens inside."""
        before, used = time.perf_counter(), os.times()
        yield
        now = os.times()
        self.wall += time.perf_counter() - before
        self.processor += now.user + now.system - used.user - used.system


def timed(do: Callable[[], object]) -> Clock:
    clock = Clock()
    with clock.running():
        do()
    return clock


def rows(folder: Path, n_rows: int) -> list[str]:
    """Tables in Parquet and CSV into a store, beside DuckDB's own copy of the same file."""
    connection = duckdb.connect()
    connection.execute(f"COPY ({_ROWS.replace('$n', str(n_rows))}) TO '{folder / 'rows.parquet'}'")
    labels_as_text = f"SELECT * REPLACE (to_json(labels) AS labels) FROM '{folder / 'rows.parquet'}'"
    connection.execute(f"COPY ({labels_as_text}) TO '{folder / 'rows.csv'}'")
    connection.close()
    with AlertStore.open() as store:  # imports and compiled code
        store.ingest(datasets.sample().to_arrow().slice(0, 100))
    lines = []
    for kind in ("parquet", "csv"):
        path, copy = folder / f"rows.{kind}", folder / f"{kind}_copy.duckdb"

        def copied(path: Path = path, copy: Path = copy) -> None:
            with duckdb.connect() as fresh:
                fresh.execute(f"ATTACH '{copy}' AS copy (STORAGE_VERSION 'v1.4.0')")
                fresh.execute(f"CREATE TABLE copy.alerts AS SELECT * FROM '{path}'")
                fresh.execute("DETACH copy")

        def ingested(path: Path = path) -> None:
            with AlertStore.open(folder / f"{path.suffix[1:]}.duckdb", tenant="acme") as store:
                assert store.ingest(path).n_new == n_rows

        base, ours = timed(copied), timed(ingested)
        cells = [f"{n_rows:,}", kind, *(f"{s:.1f}" for s in (ours.wall, ours.processor, base.wall, base.processor))]
        cells += [f"{ours.wall / base.wall:.2f}", f"{ours.processor / base.processor:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _payload(i: int) -> str:
    fired = _START + timedelta(seconds=30 * i)
    alerts = []
    for k in range(1 + i % 3):
        resolved = (i + k) % 2 == 0
        alerts.append(
            {
                "status": "resolved" if resolved else "firing",
                "labels": {
                    "alertname": f"Rule{(i + k) % 300}", "severity": ("critical", "warning", "info")[i % 3],
                    "service": f"service-{i % 60}", "instance": f"host-{(i + k) % 4000}:9100", "team": f"team-{i % 9}",
                },
                "annotations": {"summary": f"Something is above {i % 100} %", "runbook_url": "https://runbooks/x"},
                "startsAt": (fired + timedelta(seconds=k)).isoformat() + "Z",
                "endsAt": (fired + timedelta(minutes=9)).isoformat() + "Z" if resolved else "0001-01-01T00:00:00Z",
                "generatorURL": "http://prometheus:9090/graph",
                "fingerprint": f"{(i * 2654435761 + k) % 2**32:016x}",
            }
        )  # fmt: skip
    envelope = {
        "version": "4", "groupKey": f"{{}}:{{alertname={i % 300}}}", "truncatedAlerts": 0, "status": "firing",
        "receiver": "store", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093", "alerts": alerts,
    }  # fmt: skip
    return json.dumps(envelope)


def payloads(folder: Path, n_payloads: int) -> list[str]:
    """Alertmanager payloads as JSON lines into a store, beside a loop of ``json.loads`` over the same file."""
    path = folder / "payloads.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for i in range(n_payloads):
            file.write(_payload(i) + "\n")
    with AlertStore.open() as store:
        store.ingest([_payload(0)], source="alertmanager")
    counted = {"alerts": 0}

    def looped() -> None:
        with path.open(encoding="utf-8") as file:
            for line in file:
                counted["alerts"] += len(json.loads(line)["alerts"])

    def ingested() -> None:
        with AlertStore.open(folder / "payloads.duckdb") as store:
            counted["n_read"] = store.ingest(path, source="alertmanager").n_read

    loop, ours = timed(looped), timed(ingested)
    told = counted["alerts"]
    return [
        f"| {n_payloads:,} | {told:,} | {ours.wall:.1f} | {ours.processor:.1f} | {told / ours.wall:,.0f} | "
        f"{told / ours.processor:,.0f} | {told / loop.processor:,.0f} |"
    ]


def increments(folder: Path, n_rows: int) -> list[str]:
    """Ten thousand events, mostly about alerts that are open, into a store that holds a table of `n_rows`."""
    connection = duckdb.connect()
    connection.execute(f"COPY ({_ROWS.replace('$n', str(n_rows))}) TO '{folder / 'rows.parquet'}'")
    connection.close()
    store = AlertStore.open(folder / "grown.duckdb", tenant="acme")
    with store:
        store.ingest(folder / "rows.parquet")
    lines = []
    with AlertStore.open(folder / "grown.duckdb", tenant="acme") as store:
        now = _START + timedelta(seconds=7 * n_rows)
        for day in range(3):
            events = [_Told.payload(now, day, i) for i in range(10_000)]
            clock = timed(lambda events=events: store.ingest(events, source=_Told()))
            lines.append(f"| {n_rows:,} | {day + 1} | {clock.wall:.2f} | {clock.processor:.2f} |")
    return lines


class _News(BaseModel):
    kind: str
    key: str
    at: datetime


class _Told(PayloadSource[_News]):
    """Events of the table's own conditions: on one day each fires, on the next it is resolved."""

    name = "table"
    model = _News

    @staticmethod
    def payload(now: datetime, day: int, i: int) -> str:
        """Say what happened to a condition on a day."""
        at = now + timedelta(days=1 + day, seconds=i)
        return json.dumps({"kind": "resolve" if day % 2 else "fire", "key": f"fp-{i}", "at": f"{at.isoformat()}Z"})

    def events(self, payload: _News) -> Iterator[AlertEvent]:
        """One event a payload."""
        yield AlertEvent(payload.kind, payload.key, payload.at)


MEASURES = {"rows": rows, "payloads": payloads, "increments": increments}
HEADS = {
    "rows": "| rows | file | ingest (s) | processor | CREATE TABLE AS (s) | processor | ratio | by processor |\n"
    "|---:|---|---:|---:|---:|---:|---:|---:|",
    "payloads": "| payloads | alerts told | ingest (s) | processor | alerts/s | a core | `json.loads` alone, a core |\n"
    "|---:|---:|---:|---:|---:|---:|---:|",
    "increments": "| alerts in the store | batch | 10,000 events (s) | processor (s) |\n|---:|---:|---:|---:|",
}


def main(arguments: list[str]) -> None:
    """Run each measurement in a process of its own."""
    if len(arguments) == 3 and arguments[0] == "--one":
        with tempfile.TemporaryDirectory() as folder:
            for line in MEASURES[arguments[1]](Path(folder), int(arguments[2])):
                print(line, flush=True)
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store", description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=5_000_000)
    parser.add_argument("payloads", type=int, nargs="?", default=200_000)
    given = parser.parse_args(arguments)
    sizes = {
        "rows": [given.rows], "payloads": [given.payloads], "increments": [given.rows // 5, given.rows, 2 * given.rows],
    }  # fmt: skip
    for name, numbers in sizes.items():
        print(f"\n{HEADS[name]}", flush=True)
        for number in numbers:
            subprocess.run([sys.executable, "-m", "benchmarks.store", "--one", name, str(number)], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
