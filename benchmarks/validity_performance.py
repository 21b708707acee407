"""Whether the intervals of performance and load hold: shares by clusters, time between firings, interruptions a week.

``python -m benchmarks.validity_performance`` prints two Markdown tables: coverage of the 95 % interval of a share where
alerts of an incident share their fate, beside the binomial interval that takes every alert for itself; and of the
mean time between firings and of interruptions a week.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import stats

from alert_analytics.analytics.performance_times import daily_interval
from alert_analytics.stats.share import clustered_means, clustered_shares

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SIZES = ("1", "5", "10", "1-400")
N_CLUSTERS = (60, 200)
SHARED = (0.1, 0.5, 0.9)
TRUTHS = (0.05, 0.3, 0.8)
PER_DAY = (1.0, 5.0, 20.0)
REPEATS = (0.0, 3.0)
DAYS = (28, 112)
_DAY = 86_400.0
_TOGETHER_S = 600.0
_WEEKDAY = np.array([1.0, 1.0, 1.0, 1.0, 0.95, 0.6, 0.55])


@dataclass(frozen=True)
class Share:
    """How often the intervals of a share held for one kind of history, and how wide they were."""

    size: str
    n_clusters: int
    shared: float
    truth: float
    n_histories: int
    plain: float
    robust: float
    width_plain: float
    width_robust: float


@dataclass(frozen=True)
class Rate:
    """How often an interval held where it was given."""

    days: int
    per_day: float
    repeats: float
    n_histories: int
    given: float
    gap: float
    per_week: float


def cluster_sizes(rng: np.random.Generator, n: int, size: str) -> Ints:
    """Draw alerts an incident: 1 to ``2 size - 1``, or mostly few and now and then a storm."""
    if size == "1-400":
        return np.minimum(1 + 2 * rng.pareto(1.5, n), 400).astype(np.int64)
    return rng.integers(1, 2 * int(size), n)


def share(rng: np.random.Generator, n: int, n_clusters: int, size: str, shared: float, truth: float) -> Share:
    """Count over `n` histories how often the intervals of a share contain it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n : int
        Histories.
    n_clusters, size
        Incidents, and alerts in each.
    shared : float
        Correlation of two alerts of an incident: its own probability is a beta variable.
    truth : float
        The share.

    Returns
    -------
    Share
        Coverage and mean width.
    """
    known = cluster_sizes(rng, n * n_clusters, size)
    scale = (1 - shared) / shared
    hits = rng.binomial(known, rng.beta(truth * scale, (1 - truth) * scale, known.size))
    history = np.repeat(np.arange(n), n_clusters)
    found = clustered_shares(hits, known, history, n)
    x, m = np.bincount(history, weights=hits), np.bincount(history, weights=known)
    with np.errstate(invalid="ignore"):
        low = np.where(x > 0, stats.beta.ppf(0.025, x, m - x + 1), 0.0)
        high = np.where(x < m, stats.beta.ppf(0.975, x + 1, m - x), 1.0)
    return Share(
        size,
        n_clusters,
        shared,
        truth,
        n,
        float(np.mean((low <= truth) & (truth <= high))),
        float(np.mean((found.low <= truth) & (truth <= found.high))),
        float(np.mean(high - low)),
        float(np.mean(found.high - found.low)),
    )


def firings(rng: np.random.Generator, n: int, days: int, per_day: float, repeats: float) -> tuple[Ints, Floats]:
    """Draw the firings of one responder's alerts: onsets with a weekday cycle and a load that varies, and repeats.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, days : int
        Histories, and their length.
    per_day : float
        Onsets a day.
    repeats : float
        Mean number of repeats of an onset, exponential gaps with a mean of five minutes.

    Returns
    -------
    history : numpy.ndarray of int64
        Of each firing.
    time_s : numpy.ndarray of float64
        Within the history; both in order.
    """
    cycle = (_WEEKDAY / _WEEKDAY.mean())[np.arange(days) % 7]
    load = np.exp(0.3 * rng.standard_normal((n, days)) - 0.045)
    onsets = rng.poisson(per_day * cycle * load)
    cell = np.repeat(np.arange(n * days), onsets.ravel())
    start = (cell % days + rng.random(cell.size)) * _DAY
    more = rng.geometric(1 / (1 + repeats), cell.size) - 1 if repeats else np.zeros(cell.size, dtype=np.int64)
    burst = np.repeat(np.arange(cell.size), more + 1)
    gaps = rng.exponential(300.0, burst.size)
    first = np.concatenate(([0], np.cumsum(more + 1)[:-1])) if cell.size else np.zeros(0, dtype=np.int64)
    gaps[first] = 0.0
    passed = np.cumsum(gaps)
    time = start[burst] + passed - passed[first][burst]
    history = cell[burst] // days
    kept = time < days * _DAY
    order = np.lexsort((time[kept], history[kept]))
    return history[kept][order], time[kept][order]


def rate(rng: np.random.Generator, n: int, days: int, per_day: float, repeats: float) -> Rate:
    """Count how often the intervals of the time between firings and of interruptions a week contain the truth.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, days, per_day, repeats
        As in :func:`firings`.

    Returns
    -------
    Rate
        The truths are the means over another, larger draw of histories of 56 weeks.
    """
    gap, weekly = _truth(rng, per_day, repeats)
    history, time = firings(rng, n, days, per_day, repeats)
    follows = np.append(False, history[1:] == history[:-1])
    day = (time // _DAY).astype(np.int64)
    cells, place = np.unique(history * days + day, return_inverse=True)
    total = np.bincount(place, weights=np.where(follows, np.append(0.0, np.diff(time)), 0.0), minlength=cells.size)
    found = clustered_means(total, np.bincount(place, weights=follows, minlength=cells.size), cells // days, n)
    known = ~np.isnan(found.low)
    starts = _interrupts(history, time)
    low, high = daily_interval(history[starts], day[starts], n, days, 0.95)
    given = ~np.isnan(low)
    holds = (low * 7 <= weekly) & (weekly <= high * 7)
    gap_holds = (found.low <= gap) & (gap <= found.high)
    return Rate(
        days,
        per_day,
        repeats,
        n,
        float(given.mean()),
        float(gap_holds[known].mean()),
        float(holds[given].mean()),
    )


def _interrupts(history: Ints, time: Floats) -> npt.NDArray[np.bool_]:
    soon = np.append(False, (history[1:] == history[:-1]) & (np.diff(time) <= _TOGETHER_S))
    return ~soon


def _truth(rng: np.random.Generator, per_day: float, repeats: float) -> tuple[float, float]:
    n, days = 400, 392
    history, time = firings(rng, n, days, per_day, repeats)
    follows = history[1:] == history[:-1]
    return float(np.diff(time)[follows].mean()), float(_interrupts(history, time).sum() / (n * days) * 7)


def shares(n: int, seed: int = 0, sizes: tuple[str, ...] = SIZES) -> list[Share]:
    """Measure each combination of incident size, incidents, correlation and share."""
    rng = np.random.default_rng(seed)
    return [share(rng, n, g, size, rho, p) for size, g, rho, p in product(sizes, N_CLUSTERS, SHARED, TRUTHS)]


def rates(n: int, seed: int = 0, per_day: tuple[float, ...] = PER_DAY) -> list[Rate]:
    """Measure each combination of length, onsets a day and repeats."""
    rng = np.random.default_rng(seed)
    return [rate(rng, n, days, mean, more) for days, mean, more in product(DAYS, per_day, REPEATS)]


def markdown(found: list[Share], told: list[Rate]) -> Iterator[str]:
    """Write the coverages as lines of two Markdown tables."""
    yield (
        "| alerts an incident | incidents | correlation | share | histories | plain | by clusters | width plain | "
        "width by clusters |"
    )
    yield "|---:" * 9 + "|"
    for s in found:
        widths = f"{s.width_plain:.3f} | {s.width_robust:.3f}"
        covers = f"{s.plain:.3f} | {s.robust:.3f}"
        yield f"| {s.size} | {s.n_clusters} | {s.shared} | {s.truth} | {s.n_histories} | {covers} | {widths} |"
    yield ""
    yield "| days | onsets a day | repeats | histories | interval given | time between firings | interruptions a week |"
    yield "|---:" * 7 + "|"
    for r in told:
        covers = f"{r.given:.3f} | {r.gap:.3f} | {r.per_week:.3f}"
        yield f"| {r.days} | {r.per_day:g} | {r.repeats:g} | {r.n_histories} | {covers} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(markdown(shares(4_000), rates(2_000))) + "\n")
