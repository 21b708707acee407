"""What alerts that come in clusters say about a number: its variance, and how many facts stand behind that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def effective_clusters(weight: Floats) -> float:
    """Give the number of equal clusters that would say as much as these unequal ones.

    Parameters
    ----------
    weight : numpy.ndarray of float64, shape (G,)
        Alerts in each cluster (or another measure of what hangs on it).

    Returns
    -------
    float
        Kish's ``(sum w)**2 / sum w**2``, from 1 to G; 0 without any weight. One storm among many small incidents makes
        it small: the interval rests on few independent facts however many clusters there are.

    References
    ----------
    L. Kish (1965), Survey Sampling; A. Carter, K. Schnepel, D. Steigerwald (2017), Asymptotic behavior of a t-test
    robust to cluster heterogeneity, Review of Economics and Statistics 99.
    """
    total = float(weight.sum())
    return total * (total / float(weight @ weight)) if total > 0 else 0.0


def critical_value(level: float, n_clusters: float | None = None) -> float:
    """Give the two-sided quantile for an interval: normal, or t where the variance came from clusters.

    Parameters
    ----------
    level : float
        Coverage, in (0, 1).
    n_clusters : float, optional
        Effective clusters behind the variance; ``n_clusters - 1`` degrees of freedom.

    Returns
    -------
    float
        1.96 for .95 and no clusters; NaN for a single cluster, from which nothing can be said.
    """
    if n_clusters is None:
        return float(stats.norm.ppf(0.5 + level / 2))
    # Hardly more than one cluster: a quantile without bound would only turn 0 variance into "not a number".
    return min(float(stats.t.ppf(0.5 + level / 2, n_clusters - 1)), 1e6) if n_clusters > 1 else float("nan")


def leverage(weight: Floats) -> Floats:
    """Give what each cluster's squared sum counts for in a sandwich variance.

    Parameters
    ----------
    weight : numpy.ndarray of float64, shape (G,)
        Alerts in each cluster (or another measure of what hangs on it); empty clusters are none.

    Returns
    -------
    numpy.ndarray of float64, shape (G,)
        ``(G - 1) / G / (1 - share)**2``, the jackknife's: what leaving the cluster out would change. ``G / (G - 1)``
        for equal clusters; a storm counts for more, since it pulls the estimate towards itself and so hides its own
        spread. NaN for a single cluster.

    References
    ----------
    R. M. Bell, D. F. McCaffrey (2002), Bias reduction in standard errors for linear regression with multi-stage
    samples, Survey Methodology 28.
    """
    filled = int(np.count_nonzero(weight > 0))
    if filled < 2:
        return np.full(weight.shape, np.nan)
    rest: Floats = 1 - weight / weight.sum()
    return np.asarray((filled - 1) / filled / rest**2, dtype=np.float64)


def clustered(influence: Floats, cluster: Ints, weight: Floats | None = None) -> tuple[float, float]:
    """Give the sandwich variance of an estimate from what each alert adds to it.

    Parameters
    ----------
    influence : numpy.ndarray of float64, shape (n,)
        Of each alert on the estimate; they add up to about 0.
    cluster : numpy.ndarray of int64, shape (n,)
        Codes from 0.
    weight : numpy.ndarray of float64, shape (n,), optional
        What each alert counts for in the effective number of clusters. Default: all the same.

    Returns
    -------
    variance : float
        The sum over clusters of their squared sums, each by its :func:`leverage`; NaN for a single cluster.
    n_clusters : float
        The effective number.
    """
    sizes = np.bincount(cluster, weights=weight).astype(np.float64)
    sums = np.bincount(cluster, weights=influence)
    return float(leverage(sizes) @ sums**2), effective_clusters(sizes)


def two_sided(ratio: Floats, df: Floats) -> Floats:
    """Give the p-value of estimates over their standard errors.

    Parameters
    ----------
    ratio : numpy.ndarray of float64, shape (p,)
        Of either sign.
    df : numpy.ndarray of float64, shape (p,)
        Degrees of freedom: effective clusters less one.

    Returns
    -------
    numpy.ndarray of float64, shape (p,)
        By the t distribution; NaN where nothing is known or df is not positive.
    """
    return np.asarray(2 * stats.t.sf(np.abs(ratio), np.where(df > 0, df, np.nan)), dtype=np.float64)
