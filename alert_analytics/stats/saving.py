"""What a change would save in times to come, and how much of what matters it would silence: intervals for both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Floats = npt.NDArray[np.float64]

MIN_WEEKS = 8
"""Whole weeks from which on the scatter is taken between weeks; below, between days."""

MIN_DAYS = 3
"""Days below which nothing can be said of how events scatter."""


@dataclass(frozen=True)
class Bins:
    """Counts in bins of time of one length, summed up; what lies in no whole bin is left out of both sums.

    Attributes
    ----------
    total, squares : ndarray of float64, shape (m,)
        Sum of the counts, and of their squares.
    n : int
        Number of bins.
    """

    total: Floats
    squares: Floats
    n: int

    @classmethod
    def of(cls, counts: npt.ArrayLike) -> Bins:
        """Sum up counts of shape (m, n)."""
        each = np.asarray(counts, dtype=np.float64)
        return cls(each.sum(axis=1), (each**2).sum(axis=1), each.shape[1])


@dataclass(frozen=True)
class Scatter:
    """Events of one kind over a stretch of time, and how they scatter; one entry per item.

    Attributes
    ----------
    total : ndarray of float64, shape (m,)
        Events in all of the stretch.
    days, weeks : Bins
        How they fall into whole days, and into whole weeks.
    """

    total: Floats
    days: Bins
    weeks: Bins

    @property
    def bins(self) -> Bins:
        """Weeks, or days where there are fewer than 8 weeks."""
        return self.weeks if self.weeks.n >= MIN_WEEKS else self.days

    @property
    def dispersion(self) -> Floats:
        """Variance over mean of the counts of weeks (or days, where there are fewer than 8 weeks); at least 1."""
        bins = self.bins
        if bins.n < MIN_DAYS:
            return np.full(self.total.shape, np.nan)
        mean = bins.total / bins.n
        variance = (bins.squares - bins.total * mean) / (bins.n - 1)
        return np.maximum(1.0, np.divide(variance, mean, out=np.ones_like(mean), where=mean > 0))

    @property
    def degrees_of_freedom(self) -> int:
        """Of the dispersion."""
        return self.bins.n - 1


def prediction_interval(seen: Scatter, level: float = 0.95) -> tuple[Floats, Floats]:
    """Interval for the number of events in another stretch of the same length.

    It allows for what is not known of the mean *and* for the randomness of the time to come: it is wider by the square
    root of two than an interval for the mean. It supposes that the time to come is like the time seen.

    Parameters
    ----------
    seen : Scatter
        Events of the stretch seen.
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    low, high : ndarray of float64, shape (m,)
        Events; NaN where fewer than three days were seen.

    Notes
    -----
    With dispersion phi, the square root of a count plus 3/8 has a variance of about phi / 4 whatever its mean
    (Anscombe), so the roots of two counts differ by a variable of variance phi / 2, and the limits are
    ``(sqrt(N + 3/8) -+ t sqrt(phi / 2))**2 - 3/8``, at least 0, with the t quantile of the dispersion's degrees of
    freedom. Weeks carry the weekday cycle and what hangs together over days. How often it covers is in
    ``benchmarks/validity_recommendations.py``.

    References
    ----------
    F. J. Anscombe (1948), The transformation of Poisson, binomial and negative-binomial data, Biometrika 35.

    Examples
    --------
    >>> weeks = Bins.of([[12, 13, 10, 15, 14, 9, 11, 16]])
    >>> seen = Scatter(np.array([100.0]), Bins.of([[2] * 56]), weeks)
    >>> [round(float(limit[0])) for limit in prediction_interval(seen)]
    [69, 136]
    """
    phi = seen.dispersion
    quantile = stats.t.ppf(0.5 + level / 2, max(seen.degrees_of_freedom, 1))
    root, reach = np.sqrt(seen.total + 0.375), quantile * np.sqrt(phi / 2)
    low, high = np.maximum(root - reach, np.sqrt(0.375)) ** 2 - 0.375, (root + reach) ** 2 - 0.375
    return np.maximum(low, 0.0), high


def share_upper_bound(k: Floats, n: Floats, n_effective: Floats, level: float = 0.95) -> Floats:
    """One-sided upper bound for a share counted among events that come in clusters.

    Parameters
    ----------
    k, n : ndarray of float64, shape (m,)
        Hits among events.
    n_effective : ndarray of float64, shape (m,)
        As how many independent events these count, at most `n`.
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    ndarray of float64, shape (m,)
        In [0, 1]; 1 where nothing was seen.

    Notes
    -----
    Clopper and Pearson's bound for the same share of `n_effective` events. With k = 0 it is
    ``1 - (1 - level) ** (1 / n_effective)``.

    Examples
    --------
    >>> share_upper_bound(np.array([0.0]), np.array([300.0]), np.array([59.0])).round(3).tolist()
    [0.05]
    """
    share = np.divide(k, n, out=np.ones_like(k), where=n > 0)
    hits = share * n_effective
    known = (n > 0) & (share < 1)
    misses = np.where(known, n_effective - hits, 1.0)
    bound = special.betaincinv(np.where(known, hits, 0.0) + 1.0, misses, level)
    return np.where(known, bound, 1.0)


def share_p_value(k: Floats, n: Floats, n_effective: Floats, tolerable: float) -> Floats:
    """p-value of "the true share is `tolerable` or more" beside so few hits among clustered events.

    Parameters
    ----------
    k, n, n_effective : ndarray of float64, shape (m,)
        As in :func:`share_upper_bound`.
    tolerable : float
        In (0, 1).

    Returns
    -------
    ndarray of float64, shape (m,)
        ``P(X <= k)`` for a binomial X with `n_effective` trials, its distribution function continued between whole
        numbers; 1 where nothing was seen.

    Examples
    --------
    >>> share_p_value(np.array([0.0]), np.array([300.0]), np.array([20.0]), 0.15).round(4).tolist()
    [0.0388]
    """
    share = np.divide(k, n, out=np.ones_like(k), where=n > 0)
    hits = share * n_effective
    known = (n > 0) & (share < 1)
    misses = np.where(known, n_effective - hits, 1.0)
    p = special.betainc(misses, np.where(known, hits, 0.0) + 1.0, 1.0 - tolerable)
    return np.where(known, p, 1.0)
