"""The peak memory of an ingest, by the number of rows: ``python -m benchmarks.memory [N ...]``.

Every ingest is a process of its own under ALERT_MEMORY_LIMIT=1GB, into a new store on the disk. What the database takes
is bounded by the limit; Python, imports and what Arrow hands over come on top.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

SIZES = [500_000, 1_000_000, 2_000_000, 4_000_000]
LIMIT = "1GB"
# As wide as an export: two hundred bytes a row, a service out of 50, an end for nine of ten.
_ROWS = """
SELECT
    'F' || md5(range::VARCHAR) AS fingerprint,
    'rule ' || range % 500 AS rule,
    'service ' || range % 50 AS service,
    ['low', 'medium', 'high'][1 + range % 3] AS severity,
    'something is wrong with ' || md5((range * 7)::VARCHAR) AS message,
    TIMESTAMP '2024-01-01' + to_seconds(range * 7) AS fired_at,
    CASE WHEN range % 10 > 0 THEN fired_at + to_seconds(range % 7200) END AS resolved_at
FROM range($n)
"""


def write(path: Path, n_rows: int) -> None:
    """Write a table of alerts, as Parquet or CSV by the path's ending."""
    duckdb.connect().execute(f"COPY ({_ROWS.replace('$n', str(n_rows))}) TO '{path}'")


def ingest(path: str, store: str) -> None:
    """Ingest a file, and print how long it took and the peak of the process."""
    from alert_analytics.history import AlertStore

    start = time.perf_counter()
    with AlertStore.open(store) as opened:
        report = opened.ingest(path)
    seconds = time.perf_counter() - start
    print(report.n_new, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description="Peak memory of an ingest.")
    parser.add_argument("n_rows", nargs="*", type=int, default=SIZES, help="rows (default: 0.5, 1, 2 and 4 million)")
    print(
        f"| rows | format | file (MB) | ingest (s) | peak (GB), limit {LIMIT} |\n|---:|---|---:|---:|---:|", flush=True
    )
    for n_rows in parser.parse_args().n_rows:
        for ending in ("parquet", "csv"):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"alerts.{ending}"
                write(path, n_rows)
                command = [
                    sys.executable,
                    "-c",
                    "import sys; from benchmarks.memory import ingest; ingest(*sys.argv[1:])",
                ]
                done = subprocess.run(
                    [*command, str(path), str(Path(folder) / "store.duckdb")],
                    env=os.environ | {"ALERT_MEMORY_LIMIT": LIMIT}, capture_output=True, text=True,
                )  # fmt: skip
                size = path.stat().st_size / 1e6
            if done.returncode:
                print(f"| {n_rows:,} | {ending} | {size:.0f} | {done.stderr.splitlines()[-1]} | |", flush=True)
                continue
            n_new, seconds, peak = done.stdout.split()
            assert int(n_new) == n_rows
            print(
                f"| {n_rows:,} | {ending} | {size:.0f} | {float(seconds):.1f} | {float(peak) / 1e9:.2f} |", flush=True
            )


if __name__ == "__main__":
    main()
