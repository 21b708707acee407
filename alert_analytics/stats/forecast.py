"""Daily alert counts ahead, with an interval from how wrong the same forecast would have been so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from alert_analytics.stats.daily import Floats, Ints, weekday_factors

MIN_DAYS = 56
"""Shorter series get no forecast."""

WARM_UP = 21
"""Days before the first day from which a forecast is tried."""

HALF_LIVES = (14.0, 28.0, 56.0, 1e6)
"""Of the level, in days; the last takes all days alike."""

_MOST_MEMORY = 0.9
_SURE_TAIL = 1e-4


@dataclass(frozen=True)
class Ahead:
    """A series' days ahead.

    Attributes
    ----------
    expected : numpy.ndarray of float64, shape (h,)
        Alerts on each day ahead.
    low, high : numpy.ndarray of float64, shape (h,)
        Whole numbers, both included.
    half_life : float
        Days after which a day counts half for the level; infinite where all days count alike.
    """

    expected: Floats
    low: Floats
    high: Floats
    half_life: float


@dataclass(frozen=True)
class _Tried:
    """What one way to forecast said of the past: [origin, step] matrices, NaN beyond the last day."""

    half_life: float
    expected: Floats
    seen: Floats
    level: float
    memory: float
    last: float


def ahead(counts: npt.ArrayLike, weekday: npt.ArrayLike, weekday_ahead: npt.ArrayLike, level: float = 0.95) -> Ahead:
    """Forecast a series of daily counts.

    Parameters
    ----------
    counts : array_like, shape (d,)
        Alerts on consecutive days, at least :data:`MIN_DAYS`.
    weekday : array_like of int, shape (d,)
        0 for Monday to 6 for Sunday; a holiday counts as a Sunday.
    weekday_ahead : array_like of int, shape (h,)
        Of the days ahead; at most half as many as were seen.
    level : float
        Coverage of the interval of each day, in (0, 1).

    Returns
    -------
    Ahead
        A series without an alert is expected to have none.

    Notes
    -----
    Expected is weekday factor times level; the level is a mean of the levelled days that forgets with a half-life, the
    one of :data:`HALF_LIVES` with the smallest squared error over all days and steps tried; the last day's deviation
    lasts by the lag-1 correlation of the deviations to the power of the step.

    The interval is that of a negative binomial with this mean and the variance ``m + kappa_h m**2``; kappa_h is from
    the squared errors that the same rule, started on each earlier day, made at this step and its neighbours (half to
    twice it), made larger for as few independent errors as there are: the squared ratio of the t quantile to the
    normal one. Where 0 is inside, all of the tail lies above. A drift or an old change of level shows in these errors,
    and so in the interval. ``benchmarks/validity_trend.py`` measures the coverage.
    """
    n, day, next_day = (
        np.asarray(counts, dtype=np.float64),
        np.asarray(weekday, dtype=np.int64),
        np.asarray(weekday_ahead, dtype=np.int64),
    )
    factors = weekday_factors(n, day)
    steps = next_day.size
    tried = min((_tried(n, day, factors, steps, half) for half in HALF_LIVES), key=_squared_error)
    h = np.arange(1, steps + 1)
    expected = factors[next_day] * np.maximum(
        tried.level + tried.memory**h * (tried.last - tried.level), 0.05 * tried.level
    )
    kappa = _kappa(tried, level)
    low, high = _interval(expected, kappa, level)
    return Ahead(expected, low, high, float("inf") if tried.half_life > n.size * 100 else tried.half_life)


def _tried(n: Floats, day: Ints, factors: Floats, steps: int, half_life: float) -> _Tried:
    x = n / factors[day]
    keep = 0.5 ** (1 / half_life)
    weights, levels = 0.0, np.empty(x.size)
    total = 0.0
    for i, value in enumerate(x):
        total, weights = keep * total + value, keep * weights + 1
        levels[i] = total / weights
    # Of deviations from the level as it is known at the end; those from a level known then would be too large.
    off = x - levels
    rho = float(np.clip((off[1:] @ off[:-1]) / max(float(off @ off), 1e-300), 0.0, _MOST_MEMORY))
    origins = np.arange(WARM_UP - 1, x.size - 1)
    h = np.arange(1, steps + 1)
    target = origins[:, None] + h
    inside = target < x.size
    target = np.where(inside, target, 0)
    said = levels[origins][:, None] + rho**h * off[origins][:, None]
    expected = np.where(inside, factors[day[target]] * np.maximum(said, 0.05 * levels[origins][:, None]), np.nan)
    return _Tried(half_life, expected, np.where(inside, n[target], np.nan), levels[-1], rho, float(x[-1]))


def _squared_error(tried: _Tried) -> float:
    return float(np.nanmean((tried.seen - tried.expected) ** 2))


def _kappa(tried: _Tried, level: float) -> Floats:
    """The dispersion of each step, raised for how few errors it is from."""
    excess = np.nansum((tried.seen - tried.expected) ** 2 - tried.expected, axis=0)
    square = np.nansum(tried.expected**2, axis=0)
    days = np.isfinite(tried.seen).sum(axis=0)
    steps = np.arange(1, days.size + 1)
    near = (steps >= np.ceil(steps[:, None] / 2)) & (steps <= 2 * steps[:, None])
    pooled = near @ square
    kappa = np.divide(near @ excess, pooled, out=np.zeros(days.size), where=pooled > 0)
    # Errors of neighbouring days hang together: three are taken to say as much as one by itself.
    facts = np.maximum((near * days).max(axis=1) / 3, 4.0)
    tail = 0.5 + level / 2
    raised: Floats = np.maximum(kappa, 0.0) * (stats.t.ppf(tail, facts) / stats.norm.ppf(tail)) ** 2
    return raised


def _interval(expected: Floats, kappa: Floats, level: float) -> tuple[Floats, Floats]:
    """Quantiles of the negative binomial, of Poisson where nothing is over-dispersed."""
    tail = (1 - level) / 2

    def quantile(q: npt.ArrayLike) -> Floats:
        size = 1 / np.maximum(kappa, _SURE_TAIL)
        mean = np.maximum(expected, 1e-12)
        found: Floats = stats.nbinom.ppf(q, size, size / (size + mean))
        return found

    low = quantile(tail)
    return low, quantile(np.where(low > 0, 1 - tail, level))
