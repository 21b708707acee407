"""Is it getting better or worse: the slope of weekly totals, with an interval that holds for alert counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MIN_WEEKS = 8
"""Fewer whole weeks carry no slope."""

FLAG_ABOVE = 0.3
"""A bias-corrected lag-1 correlation of the weekly residuals above this flags the series and widens its interval."""

MAX_LAG1 = 0.9
"""Where the corrected correlation is cut off, so that a short series cannot widen its interval without bound."""

_DAYS = 7


@dataclass(frozen=True)
class WeeklySlopes:
    """The slopes of `s` series, one entry a series.

    Attributes
    ----------
    slope_per_day : numpy.ndarray of float64, shape (s,)
        Change of (alerts per day), per day; NaN where there are too few weeks.
    low, high : numpy.ndarray of float64, shape (s,)
        The interval for the slope, same unit.
    p_value : numpy.ndarray of float64, shape (s,)
        Two-sided, of no change; from the same (widened) standard error as the interval.
    autocorrelated : numpy.ndarray of bool, shape (s,)
        The interval was widened because the weekly residuals hang together.
    lag1 : numpy.ndarray of float64, shape (s,)
        Bias-corrected lag-1 correlation of the residuals of the weekly totals.
    n_weeks : int
        Whole weeks used.
    """

    slope_per_day: Floats
    low: Floats
    high: Floats
    p_value: Floats
    autocorrelated: Bools
    lag1: Floats
    n_weeks: int


def weekly_slopes(totals: npt.ArrayLike, level: float = 0.95) -> WeeklySlopes:
    """Fit a straight line to each series of weekly totals.

    Hand in totals of *whole* weeks only: a partial week at either end is a trend of its own, and days carry the
    weekday cycle into the residuals.

    Parameters
    ----------
    totals : array_like, shape (s, w)
        Alerts in each of `w` consecutive whole weeks, for each of `s` series. Not missing: no alert is 0.
    level : float
        Coverage of the interval, in (0, 1).

    Returns
    -------
    WeeklySlopes
        All NaN, and nothing flagged, where ``w`` is below :data:`MIN_WEEKS`.

    Notes
    -----
    Ordinary least squares, t quantile with ``w - 2`` degrees of freedom. The lag-1 correlation r of the residuals of a
    line is too small on average, by about ``(2 + 4 r) / w``; solved for r this is ``(w r + 2) / (w - 4)``.
    Where the corrected r exceeds :data:`FLAG_ABOVE` the standard error grows by ``sqrt((1 + r) / (1 - r))``. A series
    that is a straight line exactly has an interval of no width, and p = 1 if that line is flat, else 0.
    ``benchmarks/validity_slope.py`` measures coverage and false positives; the oracle of the fit is
    ``scipy.stats.linregress``.

    References
    ----------
    M. G. Kendall (1954), Note on bias in the estimation of autocorrelation, Biometrika 41; K. Tanaka (1984), An
    asymptotic expansion associated with the maximum likelihood estimators in ARMA models, JRSS B 46 (with a trend).

    Examples
    --------
    >>> fit = weekly_slopes([[70, 77, 84, 91, 98, 105, 112, 119]])
    >>> fit.slope_per_day.round(6).tolist()     # one more alert a day each week
    [0.142857]
    """
    counts = np.asarray(totals, dtype=np.float64)
    s, w = counts.shape
    if w < MIN_WEEKS:
        unknown = np.full(s, np.nan)
        return WeeklySlopes(unknown, unknown, unknown, unknown, np.zeros(s, dtype=bool), unknown, w)
    week = np.arange(w) - (w - 1) / 2
    spread = float(week @ week)
    slope = counts @ week / spread
    residual = counts - counts.mean(axis=1, keepdims=True) - slope[:, None] * week
    squares = np.einsum("sw,sw->s", residual, residual)
    # Below this, what is left of the residuals is the rounding of the fit itself.
    exact = squares <= w * (1e-12 * np.abs(counts).max(axis=1)) ** 2
    slope = np.where(exact & (np.ptp(counts, axis=1) == 0), 0.0, slope)
    lag1 = _lag1(residual, squares, exact)
    error = np.sqrt(np.where(exact, 0.0, squares) / (w - 2) / spread)
    return inferred(slope, error, lag1, np.full(s, w), level, w)


def inferred(
    slope: Floats, error: Floats, lag1: Floats, n_weeks: npt.NDArray[np.int64], level: float, n_span: int
) -> WeeklySlopes:
    """Say of slopes of weekly totals and their standard errors what :func:`weekly_slopes` says.

    Parameters
    ----------
    slope, error : numpy.ndarray of float64, shape (s,)
        A week, per week; the error before it is widened.
    lag1 : numpy.ndarray of float64, shape (s,)
        The residuals' corrected lag-1 correlation.
    n_weeks : numpy.ndarray of int64, shape (s,)
        Weeks that each was fitted to.
    level : float
        Coverage of the interval.
    n_span : int
        Whole weeks of the span.
    """
    flagged = lag1 > FLAG_ABOVE
    error = np.where(flagged, error * np.sqrt((1 + lag1) / (1 - lag1)), error)
    statistic = np.divide(np.abs(slope), error, out=np.where(slope == 0, 0.0, np.inf), where=error > 0)
    half = stats.t.ppf(0.5 + level / 2, n_weeks - 2) * error
    # Totals a week, a week later: seven days each.
    unit = 1.0 / _DAYS**2
    return WeeklySlopes(
        slope_per_day=slope * unit,
        low=(slope - half) * unit,
        high=(slope + half) * unit,
        p_value=np.minimum(2 * stats.t.sf(statistic, n_weeks - 2), 1.0),
        autocorrelated=flagged,
        lag1=lag1,
        n_weeks=n_span,
    )


def _lag1(residual: Floats, squares: Floats, exact: Bools) -> Floats:
    """Bias-corrected lag-1 correlation of the residuals of a line; 0 where there are none."""
    w = residual.shape[1]
    products = np.einsum("sw,sw->s", residual[:, 1:], residual[:, :-1])
    raw = np.divide(products, squares, out=np.zeros_like(products), where=~exact)
    corrected = np.where(exact, 0.0, (w * raw + 2) / (w - 4))
    return np.clip(corrected, -MAX_LAG1, MAX_LAG1)
