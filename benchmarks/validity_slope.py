"""Whether the 95 % interval of the weekly slope holds on series that look like alert counts.

``python -m benchmarks.validity_slope`` prints a Markdown table by condition.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from alert_analytics.stats.slope import weekly_slopes

DAYS = (60, 90, 120, 180)
RHOS = (0.0, 0.3, 0.6)
SHAPES = ("plain", "zero-heavy", "storms")
WEEKDAYS = np.array([1.3, 1.25, 1.2, 1.2, 1.15, 0.5, 0.4])


@dataclass(frozen=True)
class Condition:
    """One way a series can look, and how the interval did on it."""

    days: int
    rho: float
    shape: str
    n_series: int
    coverage: float
    false_positives: float
    flagged: float


def daily_counts(
    rng: np.random.Generator, n_series: int, days: int, *, rho: float, shape: str, growth: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Draw daily alert counts with a weekday cycle, a linear trend and gamma-like AR(1) over-dispersion.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n_series, days : int
        Shape of the result.
    rho : float
        Correlation of the log-normal day factor with that of the day before.
    shape : {"plain", "zero-heavy", "storms"}
        ``zero-heavy`` has a mean of .3 to 2 alerts a day; ``storms`` multiplies 2 % of the days by 8.
    growth : float
        The mean at the end is ``1 + growth`` times that at the start.

    Returns
    -------
    counts : numpy.ndarray of int64, shape (n_series, days)
        Alerts a day.
    slope_per_day : numpy.ndarray of float64, shape (n_series,)
        The true change of the mean of alerts per day, per day.
    """
    low, high = (0.3, 2.0) if shape == "zero-heavy" else (5.0, 60.0)
    base = np.exp(rng.uniform(np.log(low), np.log(high), n_series))[:, None]
    sigma = 0.5
    factor = np.empty((n_series, days))
    factor[:, 0] = rng.normal(size=n_series)
    for day in range(1, days):
        factor[:, day] = rho * factor[:, day - 1] + np.sqrt(1 - rho**2) * rng.normal(size=n_series)
    load = np.exp(sigma * factor - sigma**2 / 2)
    if shape == "storms":
        # The expectation over storms is what the trend is the trend of: 1 + .02 * 7.
        load = load * np.where(rng.random((n_series, days)) < 0.02, 8.0, 1.0)
    start = rng.integers(0, 7, n_series)[:, None]
    cycle = WEEKDAYS[(start + np.arange(days)) % 7]
    ramp = 1 + growth * np.arange(days) / days
    mean_factor = 1 + 0.02 * 7 if shape == "storms" else 1.0
    counts = rng.poisson(base * cycle * ramp * load)
    return counts, base[:, 0] * WEEKDAYS.mean() * mean_factor * growth / days


def whole_weeks(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Sum the last whole weeks of daily counts.

    Parameters
    ----------
    counts : numpy.ndarray of int64, shape (s, days)
        Alerts a day.

    Returns
    -------
    numpy.ndarray of int64, shape (s, days // 7)
        Weekly totals.
    """
    weeks = counts.shape[1] // 7
    totals: npt.NDArray[np.int64] = counts[:, -7 * weeks :].reshape(len(counts), weeks, 7).sum(axis=2)
    return totals


def table(n_series: int, seed: int = 0, rhos: tuple[float, ...] = RHOS) -> list[Condition]:
    """Measure coverage under a trend and the false positive rate under none.

    Parameters
    ----------
    n_series : int
        Series in all, spread evenly over the conditions; as many again have no trend.
    seed : int
        Seed of the simulation.
    rhos : tuple of float
        Correlations of the day factor.

    Returns
    -------
    list of Condition
        One for each combination of length, correlation and shape.
    """
    rng = np.random.default_rng(seed)
    conditions = list(product(DAYS, rhos, SHAPES))
    each = -(-n_series // len(conditions))
    rows = []
    for days, rho, shape in conditions:
        counts, truth = daily_counts(rng, each, days, rho=rho, shape=shape, growth=0.5)
        fit = weekly_slopes(whole_weeks(counts))
        flat, _ = daily_counts(rng, each, days, rho=rho, shape=shape, growth=0.0)
        null = weekly_slopes(whole_weeks(flat))
        covered = float(np.mean((fit.low <= truth) & (truth <= fit.high)))
        false = float(np.mean(null.p_value <= 0.05))
        rows.append(Condition(days, rho, shape, each, covered, false, float(np.mean(null.autocorrelated))))
    return rows


def markdown(rows: list[Condition]) -> Iterator[str]:
    """Write the conditions as lines of a Markdown table, the average last.

    Parameters
    ----------
    rows : list of Condition
        From :func:`table`.

    Yields
    ------
    str
        One line.
    """
    yield "| days | rho | shape | series | coverage | false positives | flagged |"
    yield "|---:|---:|---|---:|---:|---:|---:|"
    for row in rows:
        yield (
            f"| {row.days} | {row.rho} | {row.shape} | {row.n_series} | {row.coverage:.3f} | "
            f"{row.false_positives:.3f} | {row.flagged:.3f} |"
        )
    mean = [float(np.mean([getattr(r, k) for r in rows])) for k in ("coverage", "false_positives", "flagged")]
    n = sum(row.n_series for row in rows)
    yield f"| all | | | {n} | {mean[0]:.3f} | {mean[1]:.3f} | {mean[2]:.3f} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(markdown(table(36_000))) + "\n")
