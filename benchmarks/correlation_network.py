"""Correlation beside the measures usually computed, on alarms with a known causal graph.

``python -m benchmarks.correlation_network FOLDER`` where FOLDER holds ``alarm.csv``, ``topology.parquet`` and
``true_graph.parquet`` (network alarms of the NeurIPS 2023 causal discovery competition: 59 types, 45 devices, 7 days,
147 true edges). Prints one Markdown table: everything at its defaults, a window of 300 s, pairs within a device and
its neighbours (with the topology), within a device, and anywhere. The truth sets no cut at run
time, but it was looked at while the defaults were chosen (gamma of the EBIC among 0, .5 and 1; the least excess of a
pair among none to two standard errors; how the EBIC treats the background), so these figures are no held-out test.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import rankdata

import alert_analytics as aa

START = datetime(2023, 1, 1)
WINDOW = timedelta(seconds=300)

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def read_alarms(folder: Path) -> pl.DataFrame:
    """The alarms as alerts: the type is the rule, the device a label."""
    alarms = pl.read_csv(folder / "alarm.csv")
    return alarms.select(
        rule=pl.col("alarm_id").cast(pl.String),
        device=pl.col("device_id").cast(pl.String),
        fired_at=pl.lit(START) + pl.duration(seconds="start_timestamp"),
    )


def read_truth(folder: Path, n_types: int) -> Flags:
    """The true graph as a matrix: a row per cause, a column per effect."""
    edges = pl.read_parquet(folder / "true_graph.parquet")
    truth = np.zeros((n_types, n_types), dtype=np.bool_)
    truth[edges["i"].to_numpy(), edges["j"].to_numpy()] = True
    return truth


def auc(truth: Flags, score: Floats) -> float:
    """Area under the ROC curve, ties by half."""
    rank, n_true = rankdata(score), int(truth.sum())
    return float((rank[truth].sum() - n_true * (n_true + 1) / 2) / (n_true * (truth.size - n_true)))


def average_precision(truth: Flags, score: Floats) -> float:
    """Mean precision at each true one, in order of falling score; of ties the false come first."""
    ordered = truth[np.lexsort((truth, -score))]
    return float((np.cumsum(ordered) / np.arange(1, ordered.size + 1))[ordered].mean())


def matrix(table: pl.DataFrame, ends: tuple[str, str], value: str, n_types: int, absent: float = 0.0) -> Floats:
    """A column of a table of pairs as a matrix; `absent` where there is no row, or a null."""
    found = np.full((n_types, n_types), absent)
    i, j = (table[end].cast(pl.Int64).to_numpy() for end in ends)
    found[i, j] = table[value].fill_null(absent).to_numpy()
    return found


def measures(pairs: aa.CorrelationAnalysis, n_types: int) -> Iterator[tuple[str, Floats]]:
    """Each measure as a matrix, leader by follower; those without a direction are symmetric."""
    table = pl.DataFrame(pairs.table)
    directed = ("leader", "follower")
    yield "strength (Hawkes)", matrix(table, directed, "strength", n_types)
    follows = table.with_columns(p=pl.col("n_together") / pl.col("n_leader"))
    yield "P(j within 300 s after i)", matrix(follows, directed, "p", n_types)
    both = pl.DataFrame(pairs.symmetric())
    # Pairs that share no bucket have a Jaccard of 0, and a correlation just below it.
    for name, value, absent in (
        ("Pearson of counts in 300 s", "pearson", -0.01),
        ("Jaccard", "jaccard", 0.0),
        ("z of shared buckets", "z", -10.0),
    ):
        found = matrix(both, ("left", "right"), value, n_types, absent)
        yield name, np.maximum(found, found.T)


def graph_scores(pairs: aa.CorrelationAnalysis, truth: Flags) -> str:
    """Edges, precision, recall and F1 of the pruned graph, at its own cut."""
    edges = pl.DataFrame(pairs.graph())
    found = np.zeros(truth.shape, dtype=np.bool_)
    found[edges["leader"].cast(pl.Int64).to_numpy(), edges["follower"].cast(pl.Int64).to_numpy()] = True
    right, n_found, n_true = int((found & truth).sum()), int(found.sum()), int(truth.sum())
    precision, recall, f1 = right / max(n_found, 1), right / n_true, 2 * right / (n_found + n_true)
    return f"{n_found} edges, precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}"


def scores(folder: Path) -> Iterator[tuple[str, str, float, float, float, str]]:
    """Scope, measure, undirected AUC, directed AUC, directed average precision, and what the graph gives."""
    alarms = read_alarms(folder)
    n_types = alarms["rule"].cast(pl.Int64).max() + 1  # type: ignore[operator]
    truth = read_truth(folder, n_types)
    off, upper = ~np.eye(n_types, dtype=np.bool_), np.triu_indices(n_types, 1)
    topology = pl.read_parquet(folder / "topology.parquet")
    for scope, within, links in (
        ("device and neighbours", "device", topology),
        ("device", "device", None),
        ("anywhere", None, None),
    ):
        pairs = aa.CorrelationAnalysis.from_alerts(alarms, WINDOW, within=within, topology=links)
        for name, score in measures(pairs, n_types):
            yield (
                scope,
                name,
                auc((truth | truth.T)[upper], np.maximum(score, score.T)[upper]),
                auc(truth[off], score[off]),
                average_precision(truth[off], score[off]),
                graph_scores(pairs, truth) if name.startswith("strength") else "",
            )


def main(folder: Path) -> None:
    print("| scope | measure | undirected AUC | directed AUC | directed average precision | graph at its own cut |")
    print("|---|---|---|---|---|---|")
    for scope, name, undirected, directed, precision, graph in scores(folder):
        print(f"| {scope} | {name} | {undirected:.3f} | {directed:.3f} | {precision:.3f} | {graph} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.correlation_network FOLDER")
    main(Path(sys.argv[1]))
