"""One measurement in a process of its own: ``python -m benchmarks.analyses MEASUREMENT PARQUET ANSWER``.

MEASUREMENT is ``library/NAME``, an analysis as a user would call it on a file; ``again/NAME``, the same as a further
question to an open history; ``warm/NAME``, only what comes before it: imports, and compilation on a tiny history;
``by_hand/NAME``, the SQL in ``benchmarks/by_hand/NAME.sql``; ``pandas/NAME`` or ``polars/NAME``, the same as frames;
``simulate/N``, which writes PARQUET; or ``repeat/N``, the same for more than fit into memory. Writes what was computed
to ANSWER, and prints seconds (by the clock, and of the processor), peak memory and the seconds of stages as JSON; exits
with :data:`OUT_OF_MEMORY` where frames would take more than :data:`FRAMES_BYTES`.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import alert_analytics as aa
from alert_analytics.analytics.correlation_counts import Codes, Firings, Ints, compared_pairs
from alert_analytics.analytics.correlation_firings import asked
from alert_analytics.engine import Answer
from alert_analytics.engine.kernels.pairs import pair_counts
from alert_analytics.simulation import HistorySpec, simulate_history
from benchmarks.by_hand.frames import FRAMES

SEED = 20250901
_TINY = 20_000
FRAMES_BYTES = 14_000_000_000
OUT_OF_MEMORY = 3
_WINDOW = timedelta(seconds=300)
_EPOCH = datetime(1970, 1, 1)


def trend(history: aa.AlertHistory) -> pa.Table:
    """Slopes with their intervals, by service."""
    return aa.TrendAnalysis.from_alerts(history, by="service").table


def resolution(history: aa.AlertHistory) -> pa.Table:
    """Both medians, the 90 % quantile and the mean, with cluster-robust intervals, by severity."""
    return aa.ResolutionAnalysis.from_alerts(history, by="severity").table


def correlation(history: aa.AlertHistory) -> pa.Table:
    """Counts of every ordered pair of rules, tested against their neighbourhood."""
    return aa.CorrelationAnalysis.from_alerts(history, window=_WINDOW).table


def pairs(history: aa.AlertHistory) -> pa.Table:
    """Counts of every ordered pair alone."""
    firings, names = _firings(history)
    with _stage(KERNEL):
        found = pair_counts(
            firings.scope, firings.item, firings.time_us, n_items=firings.n_items, window_us=firings.window_us
        )
    return _pairs_table(names, found.leader, found.follower, found.n_together)


def tested(history: aa.AlertHistory) -> pa.Table:
    """Counts of every ordered pair, tested; no other measure of strength."""
    firings, names = _firings(history)
    ends = [(end - _EPOCH) // timedelta(microseconds=1) for end in (history.span.start, history.span.end)]
    with _stage("counts, controls and tests"):
        found = compared_pairs(firings, (ends[0], ends[1]))
    seen = found.n_together > 0
    return _pairs_table(names, found.leader[seen], found.follower[seen], found.n_together[seen])


def _firings(history: aa.AlertHistory) -> tuple[Firings, pa.Array]:
    given = asked(history, "rule", ("tenant_id",), _WINDOW)
    return given.firings, given.items["item"].combine_chunks()


def _pairs_table(names: pa.Array, leader: Codes, follower: Codes, n_together: Ints) -> pa.Table:
    ends = {"leader": names.take(pa.array(leader)), "follower": names.take(pa.array(follower))}
    return pa.table(ends | {"n_together": n_together})


@contextmanager
def _stage(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    STAGES[what] = STAGES.get(what, 0.0) + time.perf_counter() - began


LIBRARY: dict[str, Callable[[aa.AlertHistory], pa.Table]] = {
    "trend": trend,
    "resolution": resolution,
    "correlation": correlation,
    "pairs": pairs,
    "tested": tested,
}
KERNEL = "the kernel alone"
STAGES: dict[str, float] = {}


def watch_queries() -> None:
    """Keep the seconds of every query that an analysis fetches among the stages, by the name of its file."""

    def watched(fetch: Callable[[Answer], Any]) -> Callable[[Answer], Any]:
        def timed(answer: Answer) -> Any:
            with _stage(answer._where):
                return fetch(answer)

        return timed

    for how in ("arrow", "numpy"):
        setattr(Answer, how, watched(getattr(Answer, how)))


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
        return LIBRARY[name](aa.AlertHistory.open(tiny))


def repeat(n_alerts: int, path: Path) -> pa.Table:
    """Write about `n_alerts` as copies of a history of ten million, one after the other: as dense, and longer."""
    source = path.with_name("once.parquet")
    once = simulate(10_000_000, source)["n_alerts"][0].as_py()
    connection = duckdb.connect(":memory:", config={"memory_limit": "4GB", "temp_directory": str(path.parent)})
    connection.read_parquet(str(source)).create_view("once")
    text = (Path(__file__).parent / "by_hand" / "repeated.sql").read_text(encoding="utf-8")
    connection.sql(text, params={"n_copies": round(n_alerts / once)}).write_parquet(str(path))
    source.unlink()
    return pa.table({"n_alerts": [pq.ParquetFile(path).metadata.num_rows]})


def peak_bytes() -> int:
    """The most memory that this process has held, imports and compiled code included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(measurement: str, parquet: str, answer: str) -> None:
    kind, _, name = measurement.partition("/")
    path = Path(parquet)
    history = None
    if kind in {"library", "again"}:
        warm(name)
    if kind == "again":
        history = aa.AlertHistory.open(path)
        print(history)  # judged and measured
    if kind in {"pandas", "polars"}:
        resource.setrlimit(resource.RLIMIT_AS, (FRAMES_BYTES, FRAMES_BYTES))
    STAGES.clear()
    watch_queries()
    ways: dict[str, Callable[[], pa.Table]] = {
        "library": lambda: LIBRARY[name](aa.AlertHistory.open(path)),
        "again": lambda: LIBRARY[name](history or aa.AlertHistory.open(path)),
        "pandas": lambda: FRAMES[measurement](path),
        "polars": lambda: FRAMES[measurement](path),
        "repeat": lambda: repeat(int(name), path),
        "warm": partial(warm, name),
        "by_hand": partial(by_hand, name, path),
        "simulate": lambda: simulate(int(name), path),
    }
    began, began_processor = time.perf_counter(), time.process_time()
    try:
        table = ways[kind]()
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    told: dict[str, Any] = {
        "seconds": time.perf_counter() - began,
        "processor_s": time.process_time() - began_processor,
        "peak_bytes": peak_bytes(),  # before the answer is written
        "stages": STAGES,
    }
    pq.write_table(table, answer)
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
