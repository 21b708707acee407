"""How large a share is, and how sure that is where alerts come in clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_STEADY = 2.0  # clusters with the rarer answer below which a standard error says nothing


@dataclass(frozen=True, eq=False)
class Shares:
    """A share of each group, with what is known of it; NaN where it is not known.

    Attributes
    ----------
    share, standard_error, low, high : numpy.ndarray of float64, shape (G,)
        The share, its standard error by clusters, and the interval.
    n : numpy.ndarray of float64, shape (G,)
        Alerts that the share is of.
    n_clusters : numpy.ndarray of float64, shape (G,)
        The effective number of clusters behind it.
    """

    share: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    n: Floats
    n_clusters: Floats


def clustered_shares(
    hits: npt.ArrayLike, known: npt.ArrayLike, group: Ints, n_groups: int, level: float = 0.95
) -> Shares:
    """Give the share of each group from its clusters, each as one cell.

    Parameters
    ----------
    hits, known : array_like, shape (c,)
        Alerts of a group in a cluster for which it holds, and for which it is known whether it holds.
    group : numpy.ndarray of int64, shape (c,)
        The group of each cell, 0 to ``n_groups - 1``.
    n_groups : int
        G.
    level : float
        Coverage of the intervals, in (0, 1).

    Returns
    -------
    Shares
        By group; see :func:`share_interval`.

    Notes
    -----
    With y and m the hits and the known of a cell, p = sum y / sum m, and its variance is that of a ratio:
    ``g / (g - 1) sum (y - p m)**2 / (sum m)**2``, with the effective number of clusters
    ``g = (sum m)**2 / sum m**2``. Where every alert is a cluster of its own it is ``p (1 - p) / (n - 1)``. statsmodels'
    least squares on a constant with clustered errors is the oracle.

    Examples
    --------
    >>> import numpy as np
    >>> found = clustered_shares([3, 0, 1, 0], [4, 4, 4, 4], np.zeros(4, dtype=np.int64), 1)
    >>> round(float(found.share[0]), 2), round(float(found.low[0]), 2), round(float(found.high[0]), 2)
    (0.25, 0.0, 0.97)
    """
    share, error, n, clusters = _ratios(hits, known, group, n_groups)
    y, m = np.asarray(hits, dtype=np.float64), np.asarray(known, dtype=np.float64)
    rarer = np.minimum(*(_effective(each, group, n_groups) for each in (y, m - y)))
    return Shares(share, error, *share_interval(share, error, n, clusters, rarer, level), n, clusters)


def clustered_means(
    total: npt.ArrayLike, count: npt.ArrayLike, group: Ints, n_groups: int, level: float = 0.95
) -> Shares:
    """Give the mean of positive values of each group from its clusters, each as one cell.

    Parameters
    ----------
    total, count : array_like, shape (c,)
        Sum and number of a group's values in a cluster.
    group, n_groups, level
        As in :func:`clustered_shares`.

    Returns
    -------
    Shares
        With the mean in the place of the share. The interval is symmetric on the logarithmic scale, t with the
        effective number of clusters less one; NaN where the values are of one cluster or do not differ.
    """
    mean, error, n, clusters = _ratios(total, count, group, n_groups)
    known = (clusters > 1) & (mean > 0) & (error > 0)
    tail = 0.5 + level / 2
    reach = stats.t.ppf(tail, np.where(known, clusters - 1, 1.0)) * _ratio(error, mean)
    reach = np.exp(np.minimum(np.where(known, reach, np.nan), 300.0))  # beyond this it is 0 and no end
    return Shares(mean, error, mean / reach, mean * reach, n, clusters)


def share_interval(
    share: Floats, standard_error: Floats, n: Floats, n_clusters: Floats, n_rarer: Floats, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Put an interval around shares whose standard errors come from clusters.

    Parameters
    ----------
    share, standard_error, n, n_clusters : numpy.ndarray of float64, shape (G,)
        From :class:`Shares`.
    n_rarer : numpy.ndarray of float64, shape (G,)
        Effective number of clusters in which the rarer of hits and misses occurs.
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    low, high : numpy.ndarray of float64, shape (G,)
        NaN where the alerts are of one cluster.

    Notes
    -----
    Clopper and Pearson's limits for as many independent alerts as would have the same standard error,
    ``p (1 - p) / se**2`` (at most n), times ``(z / t)**2`` with ``g - 1`` degrees of freedom, as Korn and Graubard
    have it. A standard error that rests on r effective clusters with the rarer answer is too small where a storm
    happened not to have it: with weight ``min(1, 2 / r)``, on the logarithmic scale, the g clusters stand in for what
    it is worth (Korn and Graubard's own cover as little as .84 of shares of 5 % under storms). A share of exactly 0 or
    1 has no standard error: there only the g clusters count, each as one alert. Simulated in
    ``benchmarks/validity_performance.py``.

    References
    ----------
    E. Korn, B. Graubard (1998), Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data, Survey Methodology 24.
    """
    tail = (1 - level) / 2
    known = n_clusters > 1
    inside = known & (share > 0) & (share < 1)
    worth = np.minimum(_ratio(share * (1 - share), standard_error**2, n), n)
    weight = np.minimum(1.0, _ratio(np.full(n.shape, _STEADY), n_rarer, 1.0))
    floor = np.where(inside, worth, 1.0) ** (1 - weight) * np.where(inside, n_clusters, 1.0) ** weight
    worth = np.where(inside, np.minimum(worth, floor), n_clusters)
    reach = stats.t.ppf(1 - tail, np.where(known, n_clusters - 1, 1.0))
    worth = worth * (stats.norm.ppf(1 - tail) / reach) ** 2
    x = share * worth
    with np.errstate(invalid="ignore"):
        low = np.where(x > 0, stats.beta.ppf(tail, x, worth - x + 1), 0.0)
        high = np.where(x < worth, stats.beta.ppf(1 - tail, x + 1, worth - x), 1.0)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _ratios(
    over: npt.ArrayLike, under: npt.ArrayLike, group: Ints, n_groups: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """The ratio of sums in each group, its standard error, what it is of, and the effective number of clusters."""
    y, m = np.asarray(over, dtype=np.float64), np.asarray(under, dtype=np.float64)

    def summed(values: Floats) -> Floats:
        return np.bincount(group, weights=values, minlength=n_groups).astype(np.float64)

    n = summed(m)
    ratio, clusters = _ratio(summed(y), n), _ratio(n * n, summed(m * m))
    factor = _ratio(clusters, np.where(clusters > 1, clusters - 1, 0.0))
    rest = summed((y - ratio[group] * m) ** 2)
    return ratio, np.sqrt(_ratio(rest * factor, n * n)), n, np.nan_to_num(clusters)


def _effective(weight: Floats, group: Ints, n_groups: int) -> Floats:
    """The effective number of clusters by weight, 0 without any."""
    total, squares = (
        np.bincount(group, weights=each, minlength=n_groups).astype(np.float64) for each in (weight, weight * weight)
    )
    return _ratio(total * total, squares, 0.0)


def _ratio(over: Floats, under: Floats, otherwise: Floats | float = np.nan) -> Floats:
    """Divide where there is something to divide by."""
    found: Floats = np.array(np.broadcast_to(otherwise, over.shape), dtype=np.float64)
    return np.divide(over, under, out=found, where=under > 0)
