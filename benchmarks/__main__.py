"""The three analyses beside hand-written SQL, on simulated histories: ``python -m benchmarks [N ...]``.

Prints a Markdown table. Every measurement is a process of its own, so that its peak memory is its own, and starts from
the path of a Parquet file. It gates nothing, but fails where the two ways disagree on a number that both compute.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SIZES = (1_000_000, 10_000_000)
CAP_S = 180.0
_CLOSE = 1e-9


@dataclass(frozen=True)
class Comparison:
    """An analysis of the library beside a query that answers part of the same question."""

    name: str
    query: str
    keys: tuple[str, ...]
    what: str


COMPARISONS = (
    Comparison("trend", "trend", ("service",), "weekly `GROUP BY` and `regr_slope`"),
    Comparison("resolution", "resolved_only", ("severity",), "median of the resolved"),
    Comparison("resolution", "kaplan_meier", ("severity",), "Kaplan-Meier median by window functions"),
    Comparison("correlation", "pairs", ("leader", "follower"), "self-join on 300 s buckets, counts only"),
)


@dataclass(frozen=True)
class Measured:
    """What one process took; `answer` is None where it was stopped at the cap."""

    seconds: float
    peak_bytes: int
    answer: pa.Table | None


def measure(measurement: str, parquet: Path, cap_s: float | None = None) -> Measured:
    """Run :mod:`benchmarks.analyses` in a new process.

    Parameters
    ----------
    measurement : str
        As it takes it.
    parquet : Path
        The history.
    cap_s : float, optional
        When to stop it, in seconds.

    Returns
    -------
    Measured
        Seconds without start-up.

    Raises
    ------
    subprocess.CalledProcessError
        It failed; its own message is on stderr.
    """
    answer = parquet.parent / "answer.parquet"
    command = [sys.executable, "-m", "benchmarks.analyses", measurement, str(parquet), str(answer)]
    root = Path(__file__).resolve().parents[1]
    try:
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=cap_s, cwd=root)
    except subprocess.TimeoutExpired:
        return Measured(float("nan"), 0, None)
    told = json.loads(done.stdout.splitlines()[-1])
    return Measured(told["seconds"], told["peak_bytes"], pq.read_table(answer))


def agrees(library: pa.Table, by_hand: pa.Table, keys: Sequence[str]) -> bool:
    """Whether a query's answer is the library's: the same keys, and its other columns equal to 1e-9.

    Parameters
    ----------
    library, by_hand : pyarrow.Table
        The library's has the columns of the query's, and more.
    keys : sequence of str
        What identifies a row.

    Returns
    -------
    bool
        False also where one has a row more.
    """
    names, order = by_hand.column_names, [(key, "ascending") for key in keys]
    ours, theirs = library.select(names).sort_by(order), by_hand.sort_by(order)
    if ours.num_rows != theirs.num_rows:
        return False
    if any(ours[key].to_pylist() != theirs[key].to_pylist() for key in keys):
        return False
    values = [name for name in names if name not in keys]
    return all(np.allclose(ours[name], theirs[name], rtol=_CLOSE, atol=0) for name in values)


def rows(n_alerts: int, folder: Path) -> Iterator[tuple[str, bool]]:
    """Measure every comparison on one history.

    Parameters
    ----------
    n_alerts : int
        About how many.
    folder : Path
        Where the history is written.

    Yields
    ------
    str
        A line of the Markdown table.
    bool
        Whether the two ways agreed, as far as they were finished.
    """
    history = folder / "history.parquet"
    drawn = measure(f"simulate/{n_alerts}", history).answer
    assert drawn is not None
    size = f"{drawn['n_alerts'][0].as_py():,}"
    library = {name: measure(f"library/{name}", history) for name in dict.fromkeys(c.name for c in COMPARISONS)}
    for one in COMPARISONS:
        ours, theirs = library[one.name], measure(f"by_hand/{one.query}", history, CAP_S)
        assert ours.answer is not None
        start = f"| {size} | {one.name} | {ours.seconds:.2f} | {_gigabytes(ours)} | {one.what} | "
        if theirs.answer is None:
            yield start + f"> {CAP_S:.0f}, stopped | | > {CAP_S / ours.seconds:.1f} | |", True
            continue
        same = agrees(ours.answer, theirs.answer, one.keys)
        ratio = theirs.seconds / ours.seconds
        said = f"yes, {theirs.answer.num_rows:,} rows" if same else "NO"
        yield start + f"{theirs.seconds:.2f} | {_gigabytes(theirs)} | {ratio:.2f} | {said} |", same


def _gigabytes(measured: Measured) -> str:
    return f"{measured.peak_bytes / 1e9:.2f}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure against hand-written SQL.")
    parser.add_argument("n_alerts", nargs="*", type=int, default=SIZES, help="sizes of history (default: 1 and 10 M)")
    disagreed = False
    print("| alerts | analysis | library (s) | GB | by hand in DuckDB | by hand (s) | GB | by hand / library | equal |")
    print("|---:|---|---:|---:|---|---:|---:|---:|---|", flush=True)
    for n_alerts in parser.parse_args(arguments).n_alerts:
        with tempfile.TemporaryDirectory() as folder:
            for line, same in rows(n_alerts, Path(folder)):
                print(line, flush=True)
                disagreed |= not same
    with tempfile.TemporaryDirectory() as folder:
        empty = max(measure(f"warm/{one.name}", Path(folder) / "none").peak_bytes for one in COMPARISONS)
    print(f"\nGB is the peak of the process. {empty / 1e9:.2f} of the library's are Python, imports and compiled code.")
    return int(disagreed)


if __name__ == "__main__":
    sys.exit(main())
