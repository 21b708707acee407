"""Coverage and width of the intervals of times, beside a bootstrap of whole incidents.

The second table of ``python -m benchmarks.validity_resolution``; alone: ``python -m benchmarks.validity_times [N]``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy import stats

from alert_analytics.analytics.attainment import share_in_time
from alert_analytics.analytics.clocks import Clock
from alert_analytics.analytics.competing import Ending
from alert_analytics.analytics.durations import Group
from alert_analytics.stats.competing import aalen_johansen
from benchmarks.validity_resolution import HORIZON_S, MEDIAN_S, SIGMA, Sample, sample, true_restricted_mean

Floats = npt.NDArray[np.float64]

WHAT = ("median", "90 % quantile", "mean", "kept", "ended by itself")
TARGET_S = timedelta(hours=2).total_seconds()
AUTOMATIC = 0.4
N_BOOTSTRAPS = 200
LEVEL = 0.95


@dataclass(frozen=True)
class Held:
    """How often the intervals held for one kind of history, and how wide they are.

    ``covered`` and ``bootstrap`` are shares for each of :data:`WHAT`; ``width`` is the median ratio of the widths.
    """

    size: str
    n_clusters: int
    shared: float
    n_histories: int
    covered: list[float]
    n_bootstrapped: int
    bootstrap: list[float] = field(default_factory=list)
    width: list[float] = field(default_factory=list)


def truths() -> list[float]:
    """What :data:`WHAT` truly are."""
    z = stats.norm
    kept, by_day = (float(z.cdf(np.log(t / MEDIAN_S) / SIGMA)) for t in (TARGET_S, HORIZON_S))
    slow = MEDIAN_S * float(np.exp(SIGMA * z.ppf(0.9)))
    return [MEDIAN_S, slow, true_restricted_mean(), kept, AUTOMATIC * by_day]


def causes(rng: np.random.Generator, drawn: Sample, shared: float) -> npt.NDArray[np.int64]:
    """Whether each resolved alert ended by itself (1) or by hand (2), alike within an incident."""
    common = rng.normal(size=int(drawn.cluster.max()) + 1)[drawn.cluster] * sqrt(shared)
    latent = common + rng.normal(size=drawn.cluster.size) * sqrt(1 - shared)
    cause = np.where(latent < stats.norm.ppf(AUTOMATIC), 1, 2)
    return np.where(drawn.resolved, cause, 0)


def intervals(drawn: Sample, cause: npt.NDArray[np.int64]) -> list[tuple[float, float]]:
    """The library's intervals."""
    group = Group((), drawn.duration_s, drawn.resolved, drawn.cluster, LEVEL)
    ending = Ending(group, cause, aalen_johansen(drawn.duration_s, cause, 2))
    median, slow, mean = group.quantile(0.5), group.quantile(0.9), group.mean(HORIZON_S)
    _, low, high, _ = share_in_time(group, TARGET_S, Clock())
    timed = [(one.low_s, one.high_s) for one in (median, slow, mean)]
    return [*timed, (low, high), ending.interval(1, ending.found.at(HORIZON_S))]


def bootstrapped(rng: np.random.Generator, drawn: Sample, cause: npt.NDArray[np.int64]) -> list[tuple[float, float]]:
    """Percentile intervals from histories made of whole incidents, drawn with replacement."""
    n_clusters = int(drawn.cluster.max()) + 1
    counts = rng.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), N_BOOTSTRAPS)
    weight = counts[:, drawn.cluster].astype(np.float64)
    at_risk = np.cumsum(weight[:, ::-1], axis=1)[:, ::-1]
    step = np.divide(weight * drawn.resolved, at_risk, out=np.zeros_like(weight), where=at_risk > 0)
    survival = np.cumprod(1 - step, axis=1)
    before = np.c_[np.ones(N_BOOTSTRAPS), survival[:, :-1]]
    time = drawn.duration_s
    found = [_first(time, survival, 0.5), _first(time, survival, 0.1)]
    inside = int(np.searchsorted(time, HORIZON_S, side="right"))
    width = np.diff(np.r_[0.0, np.minimum(time, HORIZON_S), HORIZON_S])
    found.append(np.c_[before, survival[:, -1]] @ width)
    found.append(1 - survival[:, int(np.searchsorted(time, TARGET_S, side="right")) - 1])
    found.append((before * step * (cause == 1))[:, :inside].sum(axis=1))
    tail = (1 - LEVEL) / 2
    return [
        (float(low), float(high))
        for low, high in (np.quantile(one, [tail, 1 - tail], method="inverted_cdf") for one in found)
    ]


def _first(time: Floats, survival: Floats, share: float) -> Floats:
    reached = survival <= share + 1e-12
    return np.where(reached.any(axis=1), time[np.argmax(reached, axis=1)], np.inf)


def held(rng: np.random.Generator, n: int, n_bootstrapped: int, n_clusters: int, size: str, shared: float) -> Held:
    """Count how often each interval contains the truth, and compare the widths of some histories."""
    truth, hits, hits_boot = truths(), np.zeros(len(WHAT)), np.zeros(len(WHAT))
    ratios: list[list[float]] = []
    for i in range(n):
        drawn = sample(rng, n_clusters, size, shared)
        cause = causes(rng, drawn, shared)
        ours = intervals(drawn, cause)
        hits += [not (low > one or high < one) for (low, high), one in zip(ours, truth, strict=True)]
        if i < n_bootstrapped:
            theirs = bootstrapped(rng, drawn, cause)
            hits_boot += [low <= one <= high for (low, high), one in zip(theirs, truth, strict=True)]
            ratios.append(
                [
                    (a[1] - a[0]) / (b[1] - b[0]) if np.isfinite(b[1]) else np.inf
                    for a, b in zip(ours, theirs, strict=True)
                ]
            )
    # Where either has no upper end the widths do not compare.
    width = [_median(one[np.isfinite(one)]) for one in np.array(ratios).T] if ratios else []
    boot = (hits_boot / max(n_bootstrapped, 1)).tolist() if ratios else []
    return Held(size, n_clusters, shared, n, (hits / n).tolist(), n_bootstrapped, boot, width)


def _median(values: Floats) -> float:
    return float(np.median(values)) if values.size else float("nan")


def table(
    n: int,
    n_bootstrapped: int,
    seed: int = 0,
    sizes: tuple[str, ...] = ("1", "5", "10", "1-400"),
    clusters: tuple[int, ...] = (60, 200),
    shared: tuple[float, ...] = (0.5, 0.9),
) -> list[Held]:
    """Measure each combination of incident size, number of incidents, and share in common."""
    rng = np.random.default_rng(seed)
    return [held(rng, n, n_bootstrapped, g, size, part) for size, g, part in product(sizes, clusters, shared)]


def markdown(rows: list[Held]) -> Iterator[str]:
    """Write the rows as lines of a Markdown table: coverage / the bootstrap's / width over the bootstrap's."""
    yield f"| alerts an incident | incidents | shared | {' | '.join(WHAT)} |"
    yield "|---:" * (3 + len(WHAT)) + "|"
    for r in rows:
        parts = [f"{one:.3f}" for one in r.covered]
        if r.width:
            parts = [f"{p} / {b:.3f} / {w:.2f}" for p, b, w in zip(parts, r.bootstrap, r.width, strict=True)]
        yield f"| {r.size} | {r.n_clusters} | {r.shared} | {' | '.join(parts)} |"


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    sys.stdout.write("\n".join(markdown(table(wanted, wanted // 10))) + "\n")
