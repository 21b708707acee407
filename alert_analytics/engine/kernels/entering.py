"""The cluster-robust variance of a survival curve where alerts come under observation late (left truncation)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from alert_analytics.engine.kernels.survival import leverage


@njit(cache=True, nogil=True)
def entered_variance(
    cluster: npt.NDArray[np.int64],
    resolved: npt.NDArray[np.bool_],
    entering: npt.NDArray[np.int64],
    entry_slot: npt.NDArray[np.int64],
    n_at_risk: npt.NDArray[np.int64],
    n_resolved: npt.NDArray[np.int64],
    n_censored: npt.NDArray[np.int64],
    n_clusters: int,
) -> npt.NDArray[np.float64]:
    """Sum squared cluster influences on log survival, at each distinct time, with delayed entry.

    Parameters
    ----------
    cluster : numpy.ndarray of int64, shape (n,)
        Code of the cluster of each alert, 0 to ``n_clusters - 1``, in ascending order of duration.
    resolved : numpy.ndarray of bool, shape (n,)
        In the same order.
    entering : numpy.ndarray of int64, shape (n,)
        The alerts in the order in which they come under observation.
    entry_slot : numpy.ndarray of int64, shape (n,)
        For each of `entering`, the first of the distinct times at which it is at risk.
    n_at_risk, n_resolved, n_censored : numpy.ndarray of int64, shape (m,)
        Of the survival table over these alerts.
    n_clusters : int
        G; alerts of only one cluster give NaN throughout.

    Returns
    -------
    numpy.ndarray of float64, shape (m,)
        Variance of log S(t); infinite from where S(t) is 0.

    Notes
    -----
    As :func:`alert_analytics.engine.kernels.survival.clustered_variance`, where the sum of ``a_j`` runs over the times
    at which the alert was under observation. A cluster's influence is ``v - A y``; an alert that enters at risk
    when the sum is A adds A to v and 1 to y, so that the influence is as it was. The oracle is a double loop.
    """
    n, m = cluster.size, n_at_risk.size
    variance = np.full(m, np.nan)
    sizes = np.zeros(n_clusters)
    for i in range(n):
        sizes[cluster[i]] += 1.0
    weight = leverage(sizes)
    if np.isnan(weight).any():
        return variance
    at_risk, value = np.zeros(n_clusters), np.zeros(n_clusters)
    vv, vy, yy, shift = 0.0, 0.0, 0.0, 0.0
    i, k = 0, 0
    for j in range(m):
        while k < n and entry_slot[k] <= j:
            c = cluster[entering[k]]
            v, y = value[c], at_risk[c]
            vv += weight[c] * shift * (2.0 * v + shift)
            vy += weight[c] * (v + shift * (y + 1.0))
            yy += weight[c] * (2.0 * y + 1.0)
            value[c] = v + shift
            at_risk[c] = y + 1.0
            k += 1
        left = n_at_risk[j] - n_resolved[j]
        if left == 0 and n_resolved[j] > 0:
            variance[j:] = np.inf
            break
        jump = 0.0
        if n_resolved[j] > 0:
            jump = 1.0 / left
            shift += n_resolved[j] / (float(n_at_risk[j]) * left)
        for _ in range(n_resolved[j] + n_censored[j]):
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
