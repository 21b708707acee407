"""The analyses beside what a user would write by hand, on simulated histories: ``python -m benchmarks [N ...]``.

Prints Markdown tables. Every measurement is a process of its own, so that its peak memory is its own, and starts from
the path of a Parquet file. It gates nothing, but fails where two ways disagree on a number that both compute.
``python -m benchmarks --alone N`` asks the library alone, on N alerts that need not fit into memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SIZES = (1_000_000, 10_000_000)
ANALYSES = ("trend", "resolution", "correlation")
CAP_S = 180.0
_CLOSE = 1e-9
_OUT_OF_MEMORY = 3  # as benchmarks.analyses, which is not imported: it would count as this process's memory
_KERNEL = "the kernel alone"


@dataclass(frozen=True)
class Question:
    """What is asked of the library, and the other ways to answer part of it.

    Attributes
    ----------
    name : str
        Of the library's way, as :mod:`benchmarks.analyses` takes it.
    keys : tuple of str
        What identifies a row of every answer.
    rivals : dict of str to str
        Measurements, and what each computes.
    """

    name: str
    keys: tuple[str, ...]
    rivals: dict[str, str]


_BUCKETS = {"by_hand/pairs": "DuckDB: self-join on 300 s buckets, counts only"}
_OTHER_JOINS = {"polars/pairs": "polars: the same join", "pandas/pairs": "pandas: the same join"}
QUESTIONS = (
    Question(
        "trend",
        ("service",),
        {
            "by_hand/trend": "DuckDB: weekly `GROUP BY` and `regr_slope`",
            "polars/trend": "polars: weekly counts",
            "pandas/trend": "pandas: weekly counts",
        },
    ),
    Question(
        "resolution",
        ("severity",),
        {
            "by_hand/resolved_only": "DuckDB: median of the resolved by `GROUP BY`",
            "polars/resolved_only": "polars: the same",
            "pandas/resolved_only": "pandas: the same",
            "by_hand/kaplan_meier": "DuckDB: Kaplan-Meier median by window functions",
        },
    ),
    Question("pairs", ("leader", "follower"), _BUCKETS | _OTHER_JOINS),
    Question("tested", ("leader", "follower"), _BUCKETS),
    Question("correlation", ("leader", "follower"), _BUCKETS),
)
CALLED = {"pairs": "pair counts", "tested": "tested pairs"}


@dataclass(frozen=True)
class Measured:
    """What one process took; `answer` is None where it was not finished, and `lacking` says why."""

    seconds: float
    processor_s: float
    peak_bytes: int
    answer: pa.Table | None
    stages: dict[str, float] = field(default_factory=dict)
    lacking: str = ""


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
        return Measured(cap_s or 0.0, cap_s or 0.0, 0, None, lacking=f"stopped after {cap_s:.0f} s")
    except subprocess.CalledProcessError as error:
        # Frames run under a limit: Python says so, a library in Rust or C++ aborts.
        if error.returncode != _OUT_OF_MEMORY and not (error.returncode < 0 and measurement.startswith("p")):
            raise
        return Measured(0.0, 0.0, 0, None, lacking="more than 14 GB")
    told = json.loads(done.stdout.splitlines()[-1])
    return Measured(
        told["seconds"], told["processor_s"], told["peak_bytes"], pq.read_table(answer), stages=told["stages"]
    )


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


@dataclass
class Run:
    """The measurements of one history, each made once."""

    history: Path
    n_alerts: int
    found: dict[str, Measured] = field(default_factory=dict)

    def of(self, measurement: str) -> Measured:
        """What a measurement took."""
        if measurement not in self.found:
            ours = measurement.startswith(("library/", "again/"))
            self.found[measurement] = measure(measurement, self.history, None if ours else CAP_S)
        return self.found[measurement]


def rows(run: Run, question: Question) -> Iterator[tuple[str, bool]]:
    """Ask one question every way.

    Parameters
    ----------
    run : Run
        The history.
    question : Question
        What to ask.

    Yields
    ------
    str
        A line of the Markdown table.
    bool
        Whether the way agreed with the library's, as far as it was finished.
    """
    start = f"| {run.n_alerts:,} | {CALLED.get(question.name, question.name)} |"
    first, again = run.of(f"library/{question.name}"), run.of(f"again/{question.name}")
    assert first.answer is not None
    assert again.answer is not None
    same = first.answer.equals(again.answer)
    yield f"{start} **library, first question on the file** | {_measures(first)} | 1 | {_share(again, first)} | |", True
    yield f"{start} **library, again** | {_measures(again)} | {_share(first, again)} | 1 | {_said(same)} |", same
    kernel = again.stages.get(_KERNEL)
    if kernel is not None:
        alone = Measured(kernel, float("nan"), 0, None)
        yield f"{start} {_KERNEL} | {kernel:.2f} | | | {_share(first, alone)} | {_share(again, alone)} | |", True
    for measurement, what in question.rivals.items():
        theirs = run.of(measurement)
        if theirs.answer is None:
            yield f"{start} {what} | {theirs.lacking} | | | | | |", True
            continue
        same = agrees(first.answer, theirs.answer, question.keys)
        shares = f"{_share(theirs, first)} | {_share(theirs, again)}"
        said = f"{_said(same)}, {theirs.answer.num_rows:,} rows"
        yield f"{start} {what} | {_measures(theirs)} | {shares} | {said} |", same


def growth(runs: Sequence[Run]) -> Iterator[str]:
    """By how much time and memory grow from the smallest history to the largest."""
    small, large = runs[0], runs[-1]
    yield f"\nFrom {small.n_alerts:,} to {large.n_alerts:,} alerts ({large.n_alerts / small.n_alerts:.1f} times):\n"
    yield "| question | first (s) | times | processor | again (s) | times | processor | GB |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for question in QUESTIONS:
        cells, peak = [], 0
        for way in ("library", "again"):
            before, after = (run.of(f"{way}/{question.name}") for run in (small, large))
            peak = max(peak, after.peak_bytes)
            by_processor = after.processor_s / before.processor_s
            cells += [f"{before.seconds:.2f} to {after.seconds:.2f}", _share(after, before), f"{by_processor:.1f}"]
        yield f"| {CALLED.get(question.name, question.name)} | {' | '.join(cells)} | {peak / 1e9:.2f} |"


def stages(run: Run) -> Iterator[str]:
    """Where the library's time goes: queries by the name of their file, kernels where they are timed, and the rest."""
    yield f"\nWhere the library's seconds go, {run.n_alerts:,} alerts, first question:\n"
    yield "| question | stages | rest |"
    yield "|---|---|---:|"
    for question in QUESTIONS:
        first = run.of(f"library/{question.name}")
        listed = ", ".join(f"{name} {seconds:.2f}" for name, seconds in first.stages.items())
        rest = max(first.seconds - sum(first.stages.values()), 0.0)
        yield f"| {CALLED.get(question.name, question.name)} | {listed} | {rest:.2f} |"


def alone(n_alerts: int, folder: Path) -> Iterator[str]:
    """Ask the library alone, of a history that need not fit into memory."""
    history = folder / "history.parquet"
    drawn = measure(f"repeat/{n_alerts}", history).answer
    assert drawn is not None
    yield f"| alerts | file (GB) | analysis | {_HEADS} |"
    yield "|---:|---:|---|---:|---:|---:|"
    size = f"{drawn['n_alerts'][0].as_py():,} | {history.stat().st_size / 1e9:.2f}"
    for name in ANALYSES:
        yield f"| {size} | {name} | {_measures(measure(f'library/{name}', history))} |"


_HEADS = "seconds | processor | GB"


def _measures(measured: Measured) -> str:
    return f"{measured.seconds:.2f} | {measured.processor_s:.2f} | {measured.peak_bytes / 1e9:.2f}"


def _share(one: Measured, other: Measured) -> str:
    ratio = one.seconds / other.seconds
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _said(same: bool) -> str:
    return "yes" if same else "NO"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure against what is done by hand.")
    parser.add_argument("n_alerts", nargs="*", type=int, default=SIZES, help="sizes of history (default: 1 and 10 M)")
    parser.add_argument("--alone", type=int, metavar="N", help="the library's three analyses alone, on N alerts")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if options.alone is not None:
            for line in alone(options.alone, Path(folder)):
                print(line, flush=True)
            return 0
        print(f"| alerts | question | way | {_HEADS} | times the first | times again | equal |")
        print("|---:|---|---|---:|---:|---:|---:|---:|---|", flush=True)
        runs, disagreed = [], False
        for n_alerts in sorted(options.n_alerts):
            history = Path(folder) / "history.parquet"
            drawn = measure(f"simulate/{n_alerts}", history).answer
            assert drawn is not None
            runs.append(Run(history, drawn["n_alerts"][0].as_py()))
            for question in QUESTIONS:
                for line, same in rows(runs[-1], question):
                    print(line, flush=True)
                    disagreed |= not same
        for line in [*growth(runs), *stages(runs[-1])]:
            print(line)
        empty = max(measure(f"warm/{name}", Path(folder) / "none").peak_bytes for name in ANALYSES)
    print(f"\nGB is the peak of the process. {empty / 1e9:.2f} of the library's are Python, imports and compiled code.")
    return int(disagreed)


if __name__ == "__main__":
    sys.exit(main())
