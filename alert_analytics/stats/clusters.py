"""What alerts that come in clusters say about a number: its variance, and how many facts stand behind that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_HARDLY_MORE_THAN_ONE = 1.05


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


def products_summed(independent: Floats, alike: Floats) -> Floats:
    """Sum what :func:`satterthwaite_clusters` takes over clusters.

    Parameters
    ----------
    independent, alike : numpy.ndarray of float64, shape (G,)
        v and w of each cluster.

    Returns
    -------
    numpy.ndarray of float64, shape (1, 5)
        Sums of v, w, v**2, v w and w**2.
    """
    v, w = independent, alike
    return np.array([[v.sum(), w.sum(), v @ v, v @ w, w @ w]])


def satterthwaite_clusters(sums: Floats, variance: Floats) -> Floats:
    """Give the number of equal clusters that would tell as much about a variance as those behind it do.

    How many alerts a cluster has says little of this late on a curve: most clusters were not followed so long, and
    bear on it only through a few. What counts is what each contributes to the variance.

    Parameters
    ----------
    sums : numpy.ndarray of float64, shape (k, 5)
        Over clusters, of v, w, v**2, v w and w**2: v is what a cluster contributes to the variance where its alerts
        are independent, w where they are as one
        (:func:`alert_analytics.engine.kernels.satterthwaite.working_sums`).
    variance : numpy.ndarray of float64, shape (k,)
        The cluster-robust one. Between the sum of v and that of w it tells how much the alerts of a cluster have in
        common: the share r with ``variance = (1 - r) sum v + r sum w``, cut off at 0 and 1.

    Returns
    -------
    numpy.ndarray of float64, shape (k,)
        The geometric mean of ``(sum u)**2 / sum u**2`` for ``u = v`` and for ``u = (1 - r) v + r w``; NaN where nothing
        has happened, or `variance` is not finite. As of Kish's number, one less are degrees of freedom.

    Notes
    -----
    Where clusters are about equally large, the two are near each other. Where storms are among them the first is too
    many and the second too few: with storms of up to 400 alerts the interval of the 90 % quantile covers .90 by the
    first, that of the median .98 at half again the width by the second (``benchmarks/validity_times.py``).

    References
    ----------
    F. E. Satterthwaite (1946), An approximate distribution of estimates of variance components, Biometrics Bulletin 2;
    R. M. Bell, D. F. McCaffrey (2002), Bias reduction in standard errors for linear regression with multi-stage
    samples, Survey Methodology 28, who take the working model to be that of independence.
    """
    v, w, vv, vw, ww = sums.T
    known = np.isfinite(variance) & (v > 0)
    # Clusters of single alerts: both models are one, whatever their difference in the last digit is.
    apart = known & (w > v * (1 + 1e-9))
    alike = np.divide(variance - v, w - v, out=np.zeros_like(v), where=apart).clip(0.0, 1.0)
    own = 1 - alike
    mixed = own * own * vv + 2 * own * alike * vw + alike * alike * ww
    found = np.divide(v * (own * v + alike * w), np.sqrt(vv * mixed), out=np.full(v.shape, np.nan), where=known)
    # One cluster alone may be all that contributes so far; there are others, so something can be said, if little.
    return np.asarray(np.maximum(found, _HARDLY_MORE_THAN_ONE), dtype=np.float64)


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
        return float(special.ndtri(0.5 + level / 2))
    return float(critical_values(level, np.array([n_clusters]))[0])


def critical_values(level: float, n_clusters: Floats) -> Floats:
    """Do as :func:`critical_value` does, for many numbers of clusters.

    Parameters
    ----------
    level : float
        Coverage, in (0, 1).
    n_clusters : numpy.ndarray of float64, shape (k,)
        Effective clusters; NaN for unknown.

    Returns
    -------
    numpy.ndarray of float64, shape (k,)
        At most a million; NaN for a single cluster, and where the number is unknown.
    """
    df = np.maximum(n_clusters, _HARDLY_MORE_THAN_ONE) - 1
    # A quantile without bound would only turn 0 variance into "not a number".
    found = np.minimum(special.stdtrit(df, 0.5 + level / 2), 1e6)
    return np.where(n_clusters > 1, found, np.nan)


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
