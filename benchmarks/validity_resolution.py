"""Whether the 95 % interval of the median time to resolve holds when alerts resolve together.

``python -m benchmarks.validity_resolution`` prints a Markdown table: coverage by size of incident, with Greenwood's
variance beside the cluster-robust one; and how often the log-rank test finds a difference that is not there. A second
table is of the 90 % quantile, the share kept within a target and the share that ended by one of two causes, as the
library gives them, and of how wide all intervals are beside those of a bootstrap of whole incidents.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.durations import Group
from alert_analytics.stats.clusters import critical_value
from alert_analytics.stats.log_rank import log_rank
from alert_analytics.stats.restricted_mean import (
    restricted_mean,
    restricted_mean_interval,
    restricted_mean_variance,
)
from alert_analytics.stats.survival import kaplan_meier_sorted, log_log_band, quantile_interval

SIZES = ("1", "5", "10", "1-400")
N_CLUSTERS = (60, 120, 200)
SHARED = (0.5, 0.9)
MEDIAN_S = 4 * 3600.0
SIGMA = 1.5
OBSERVED_S = 3 * 86_400.0
HORIZON_S = 86_400.0


@dataclass(frozen=True)
class Sample:
    """Alerts of one simulated history, in ascending order of duration."""

    duration_s: npt.NDArray[np.float64]
    resolved: npt.NDArray[np.bool_]
    cluster: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coverage:
    """How often the intervals held for one kind of history."""

    size: str
    n_clusters: int
    shared: float
    open_share: float
    n_histories: int
    median_plain: float
    median_robust: float
    mean_plain: float
    mean_robust: float
    test_plain: float
    test_robust: float


def sample(rng: np.random.Generator, n_clusters: int, size: str, shared: float) -> Sample:
    """Draw incidents of alerts that share a log-normal time to resolve, cut off at a watermark.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n_clusters : int
        Incidents.
    size : str
        Alerts an incident, on average (each has 1 to ``2 size - 1`` of them), or ``1-400``: mostly few, now and then a
        storm.
    shared : float
        Share of the variance of log durations that the alerts of an incident have in common.

    Returns
    -------
    Sample
        About 30 % are open.
    """
    if size == "1-400":
        sizes = np.minimum(1 + 2 * rng.pareto(1.5, n_clusters), 400).astype(np.int64)
    else:
        sizes = rng.integers(1, 2 * int(size), n_clusters)
    cluster = np.repeat(np.arange(n_clusters), sizes)
    own = rng.normal(size=cluster.size) * np.sqrt(1 - shared)
    effect = rng.normal(size=n_clusters)[cluster] * np.sqrt(shared)
    duration = MEDIAN_S * np.exp(SIGMA * (effect + own))
    # Incidents fire more often towards the watermark; their alerts within ten minutes of each other.
    age = OBSERVED_S * rng.random(n_clusters)[cluster] ** 2 + 600 * rng.random(cluster.size)
    observed = np.round(np.minimum(duration, age))
    order = np.argsort(observed, kind="stable")
    return Sample(observed[order], (duration <= age)[order], cluster[order])


def coverage(rng: np.random.Generator, n: int, n_clusters: int, size: str, shared: float) -> Coverage:
    """Count over `n` histories how often each interval contains the truth and each test errs.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n : int
        Histories.
    n_clusters, size, shared
        As in :func:`sample`.

    Returns
    -------
    Coverage
        Shares.
    """
    true_mean = true_restricted_mean()
    hits, still_open = np.zeros(6), 0.0
    for _ in range(n):
        drawn = sample(rng, n_clusters, size, shared)
        still_open += 1 - drawn.resolved.mean()
        table = kaplan_meier_sorted(drawn.duration_s, drawn.resolved)
        group = Group((), drawn.duration_s, drawn.resolved, drawn.cluster, 0.95)
        plain_z = critical_value(0.95)
        mean = restricted_mean(table, HORIZON_S)
        plain_variance = restricted_mean_variance(table, HORIZON_S)
        median, robust_mean = group.quantile(0.5), group.mean(HORIZON_S)
        # A quarter of the incidents against the others: nothing to be found.
        data = (drawn.duration_s, drawn.resolved, (drawn.cluster % 4 == 0).astype(np.int64))
        hits += [
            _holds(quantile_interval(table, log_log_band(table.survival, table.variance, plain_z), 0.5), MEDIAN_S),
            _holds((median.low_s, median.high_s), MEDIAN_S),
            _holds(restricted_mean_interval(mean, plain_variance, HORIZON_S, plain_z), true_mean),
            _holds((robust_mean.low_s, robust_mean.high_s), true_mean),
            log_rank(*data).p_value <= 0.05,
            log_rank(*data, cluster=drawn.cluster).p_value <= 0.05,
        ]
    return Coverage(size, n_clusters, shared, float(still_open / n), n, *(hits / n).tolist())


def _holds(interval: tuple[float, float], truth: float) -> bool:
    low, high = interval
    # An end that was never reached is no end.
    return not (low > truth or high < truth)


def true_restricted_mean() -> float:
    """The mean up to the horizon that the simulation has."""
    points = np.exp(SIGMA * np.random.default_rng(0).normal(size=2_000_000)) * MEDIAN_S
    return float(np.minimum(points, HORIZON_S).mean())


def table(
    n: int, seed: int = 0, sizes: tuple[str, ...] = SIZES, clusters: tuple[int, ...] = N_CLUSTERS
) -> list[Coverage]:
    """Measure each combination of incident size, number of incidents, and share in common.

    Parameters
    ----------
    n : int
        Histories for each combination.
    seed : int
        Seed of the simulation.
    sizes : tuple of str
        Alerts an incident, as in :func:`sample`.
    clusters : tuple of int
        Incidents.

    Returns
    -------
    list of Coverage
        One for each combination.
    """
    rng = np.random.default_rng(seed)
    return [coverage(rng, n, g, size, shared) for size, g, shared in product(sizes, clusters, SHARED)]


def markdown(rows: list[Coverage]) -> Iterator[str]:
    """Write the coverages as lines of a Markdown table.

    Parameters
    ----------
    rows : list of Coverage
        From :func:`table`.

    Yields
    ------
    str
        One line.
    """
    yield (
        "| alerts an incident | incidents | shared | open | histories | median plain | median robust | mean plain | "
        "mean robust | log-rank errs plain | log-rank errs robust |"
    )
    yield "|---:" * 11 + "|"
    for r in rows:
        shares = (r.median_plain, r.median_robust, r.mean_plain, r.mean_robust, r.test_plain, r.test_robust)
        numbers = " | ".join(f"{share:.3f}" for share in shares)
        yield f"| {r.size} | {r.n_clusters} | {r.shared} | {r.open_share:.2f} | {r.n_histories} | {numbers} |"


if __name__ == "__main__":
    # It simulates by this module.
    from benchmarks import validity_times

    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    sys.stdout.write("\n".join(markdown(table(wanted))) + "\n\n")
    sys.stdout.write("\n".join(validity_times.markdown(validity_times.table(wanted, wanted // 10))) + "\n")
