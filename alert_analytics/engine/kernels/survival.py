"""The cluster-robust variance of a survival curve at every one of its times, in one pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit


@njit(cache=True, nogil=True)
def leverage(sizes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give what a cluster's squared sum counts for: ``(G - 1) / G / (1 - n_c / n)**2``.

    Parameters
    ----------
    sizes : numpy.ndarray of float64, shape (n_clusters,)
        Alerts in each cluster; empty ones are no clusters.

    Returns
    -------
    numpy.ndarray of float64, shape (n_clusters,)
        NaN throughout where there are fewer than two clusters.
    """
    total, filled = 0.0, 0
    for size in sizes:
        total += size
        filled += size > 0.0
    weight = np.full(sizes.size, np.nan)
    if filled > 1:
        for c in range(sizes.size):
            rest = 1.0 - sizes[c] / total
            weight[c] = (filled - 1.0) / filled / (rest * rest)
    return weight


@njit(cache=True, nogil=True)
def clustered_variance(
    cluster: npt.NDArray[np.int64],
    resolved: npt.NDArray[np.bool_],
    n_at_risk: npt.NDArray[np.int64],
    n_resolved: npt.NDArray[np.int64],
    n_clusters: int,
) -> npt.NDArray[np.float64]:
    """Sum squared cluster influences on log survival, at each distinct time.

    Parameters
    ----------
    cluster : numpy.ndarray of int64, shape (n,)
        Code of the cluster of each alert, 0 to ``n_clusters - 1``, in ascending order of duration.
    resolved : numpy.ndarray of bool, shape (n,)
        In the same order.
    n_at_risk, n_resolved : numpy.ndarray of int64, shape (m,)
        Of the survival table over these alerts.
    n_clusters : int
        G; codes without an alert do no harm. Alerts of only one cluster give NaN throughout.

    Returns
    -------
    numpy.ndarray of float64, shape (m,)
        Variance of log S(t); infinite from where S(t) is 0.

    Notes
    -----
    The influence of alert i on log S at t is, up to its sign, ``1(resolved, x_i <= t) / (Y - d)`` at x_i less the sum
    over times ``t_j <= min(t, x_i)`` of ``a_j = d_j / (Y_j (Y_j - d_j))``. This is the infinitesimal jackknife of the
    product-limit form, and where every alert is a cluster of its own its squares add up to Greenwood's variance
    exactly; the form ``d / Y**2`` of the cumulative hazard would not. A cluster's sum is divided by one less its share
    of all alerts, as leaving it out would, and upon the whole comes the factor (G - 1) / G: for clusters of one size
    together G / (G - 1). Without that a storm among many small incidents hides its own spread by pulling the curve
    towards itself (``benchmarks/validity_resolution.py``).

    A cluster of which y alerts are at risk shifts by ``- a_j y`` at each time. These shifts are not applied: with
    ``A = sum a_j`` a cluster's influence is ``v - A y``, where v changes only when one of its alerts leaves, so the
    sum of squares is ``sum v**2 - 2 A sum v y + A**2 sum y**2`` and each alert costs a constant amount of work. The
    oracle is a double loop over alerts and times.

    References
    ----------
    Z. Ying, L. J. Wei (1994), The Kaplan-Meier estimate for dependent failure time observations, J. Multivariate
    Analysis 50; R. L. Williams (1995), Product-limit survival functions with correlated survival times, Lifetime
    Data Analysis 1; R. M. Bell, D. F. McCaffrey (2002), Bias reduction in standard errors for linear regression with
    multi-stage samples, Survey Methodology 28 (the division by one less the share, the jackknife's).
    """
    n, m = cluster.size, n_at_risk.size
    variance = np.full(m, np.nan)
    at_risk = np.zeros(n_clusters)
    value = np.zeros(n_clusters)
    for i in range(n):
        at_risk[cluster[i]] += 1.0
    weight = leverage(at_risk)
    if np.isnan(weight).any():
        return variance
    yy = 0.0
    for c in range(n_clusters):
        yy += weight[c] * at_risk[c] * at_risk[c]
    vv, vy, shift = 0.0, 0.0, 0.0
    i = 0
    for j in range(m):
        left = n_at_risk[j] - n_resolved[j]
        if left == 0 and n_resolved[j] > 0:
            variance[j:] = np.inf
            break
        jump = 0.0
        if n_resolved[j] > 0:
            jump = 1.0 / left
            shift += n_resolved[j] / (float(n_at_risk[j]) * left)
        end = n - n_at_risk[j + 1] if j + 1 < m else n
        while i < end:
            c = cluster[i]
            step = (jump if resolved[i] else 0.0) - shift
            v, y = value[c], at_risk[c]
            vv += weight[c] * step * (2.0 * v + step)
            vy += weight[c] * (step * (y - 1.0) - v)
            yy -= weight[c] * (2.0 * y - 1.0)
            value[c] = v + step
            at_risk[c] = y - 1.0
            i += 1
        variance[j] = max(vv + shift * (shift * yy - 2.0 * vy), 0.0)
    return variance
