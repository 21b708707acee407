"""One measurement in a process of its own: ``python -m benchmarks.analyses MEASUREMENT PARQUET ANSWER``.

MEASUREMENT is ``library/NAME``, an analysis as a user would call it; ``warm/NAME``, only what comes before it:
imports, and compilation on a tiny history; ``by_hand/NAME``, the SQL in ``benchmarks/by_hand/NAME.sql``; or
``simulate/N``, which writes PARQUET. Writes what was computed to ANSWER, and prints seconds and peak memory as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import alert_analytics as aa
from alert_analytics.simulation import HistorySpec, simulate_history

SEED = 20250901
_TINY = 20_000


def trend(path: Path) -> pa.Table:
    """Slopes with their intervals, by service."""
    return aa.TrendAnalysis.from_alerts(aa.AlertHistory.open(path), by="service").table


def resolution(path: Path) -> pa.Table:
    """Both medians, the 90 % quantile and the mean, with cluster-robust intervals, by severity."""
    return aa.ResolutionAnalysis.from_alerts(aa.AlertHistory.open(path), by="severity").table


def correlation(path: Path) -> pa.Table:
    """Counts of every ordered pair of rules, tested against their neighbourhood."""
    return aa.CorrelationAnalysis.from_alerts(aa.AlertHistory.open(path), window=timedelta(seconds=300)).table


LIBRARY: dict[str, Callable[[Path], pa.Table]] = {"trend": trend, "resolution": resolution, "correlation": correlation}


def by_hand(name: str, path: Path) -> pa.Table:
    """Run the SQL that a user would otherwise write, on the same file."""
    query = (Path(__file__).parent / "by_hand" / f"{name}.sql").read_text(encoding="utf-8")
    connection = duckdb.connect(":memory:")
    connection.read_parquet(str(path)).create_view("alerts")
    return connection.sql(query).to_arrow_table()


def simulate(n_alerts: int, path: Path) -> pa.Table:
    """Write a history of about `n_alerts`: 500 rules, 20 tenants, a year, cascades and bursts; return its size."""
    history = simulate_history(HistorySpec.large(n_alerts), seed=SEED)
    pq.write_table(history.alerts, path)
    return pa.table({"n_alerts": [history.alerts.num_rows]})


def warm(name: str) -> pa.Table:
    """Compile what an analysis needs, or load what was compiled before, by asking it about a tiny history."""
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder) / "tiny.parquet"
        simulate(_TINY, tiny)
        return LIBRARY[name](tiny)


def peak_bytes() -> int:
    """The most memory that this process has held, imports and compiled code included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(measurement: str, parquet: str, answer: str) -> None:
    kind, _, name = measurement.partition("/")
    path = Path(parquet)
    if kind == "library":
        warm(name)
    ways: dict[str, Callable[[], pa.Table]] = {
        "library": lambda: LIBRARY[name](path),
        "warm": partial(warm, name),
        "by_hand": partial(by_hand, name, path),
        "simulate": lambda: simulate(int(name), path),
    }
    began = time.perf_counter()
    table = ways[kind]()
    seconds = time.perf_counter() - began
    peak = peak_bytes()  # before the answer is written
    pq.write_table(table, answer)
    print(json.dumps({"seconds": seconds, "peak_bytes": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
