"""What a table of survival says, found in one sweep instead of over a curve that is kept."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from alert_analytics.engine.kernels.survival import leverage

_REACHED = 1e-12  # as alert_analytics.stats.survival.first_at_or_below
_STEEPEST = 700.0  # as alert_analytics.stats.survival.log_log_band


@njit(cache=True, nogil=True)
def quantile_crossings(
    duration_s: npt.NDArray[np.float64],
    resolved: npt.NDArray[np.bool_],
    cluster: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.float64],
    share: npt.NDArray[np.float64],
    critical: float,
) -> npt.NDArray[np.float64]:
    """Find where a survival curve and the ends of its cluster-robust interval come down to some shares.

    Parameters
    ----------
    duration_s : numpy.ndarray of float64, shape (n,)
        Ascending, in seconds.
    resolved : numpy.ndarray of bool, shape (n,)
        In the same order.
    cluster : numpy.ndarray of int64, shape (n,)
        Codes from 0.
    sizes : numpy.ndarray of float64, shape (n_clusters,)
        Alerts in each cluster.
    share : numpy.ndarray of float64, shape (k,)
        Still open, in (0, 1).
    critical : float
        Of the intervals; NaN where there is none.

    Returns
    -------
    numpy.ndarray of float64, shape (k, 3)
        For each share the first time at which the curve, the lower and the upper end of its interval are at most that
        (and a hair); NaN where they never are.

    Notes
    -----
    The variance is that of :func:`~alert_analytics.engine.kernels.survival.clustered_variance`, the interval that of
    :func:`~alert_analytics.stats.survival.log_log_band`, computed only where its lower end can be near a share. With
    u = -log S and d = critical * sd, this end, ``exp(-u exp(d / u))``, is at least ``S (1 - u (exp(d / u) - 1))``,
    which is above ``S (1 - 1.11 d)`` where d / u is at most 0.1; u is at least 1 - S. The oracle
    is the curve with its band (``tests/oracle/test_survival.py``).
    """
    n, n_shares = duration_s.size, share.size
    found = np.full((n_shares, 3), np.nan)
    weight = leverage(sizes)
    of_cluster = np.zeros((sizes.size, 4))  # one stretch of memory each: v, y and the weight, and room
    of_cluster[:, 1], of_cluster[:, 2] = sizes, weight
    is_known, is_one = not math.isnan(critical), np.isnan(weight).any()
    yy = 0.0
    for c in range(sizes.size):
        yy += weight[c] * sizes[c] * sizes[c]
    vv, vy, shift, survival = 0.0, 0.0, 0.0, 1.0
    next_level = share.max() + _REACHED
    i = 0
    while i < n and next_level >= 0.0:
        end, died = i, 0
        while end < n and duration_s[end] == duration_s[i]:
            died += resolved[end]
            end += 1
        left = n - i - died
        survival *= left / (n - i)
        floor, variance = survival, math.inf
        if is_known and (left > 0 or died == 0):
            jump = 0.0
            if died > 0:
                jump = 1.0 / left
                shift += died / (float(n - i) * left)
            for k in range(i, end):
                c = cluster[k]
                step = (jump if resolved[k] else 0.0) - shift
                v, y, w = of_cluster[c, 0], of_cluster[c, 1], of_cluster[c, 2]
                vv += w * step * (2.0 * v + step)
                vy += w * (step * (y - 1.0) - v)
                yy -= w * (2.0 * y - 1.0)
                of_cluster[c, 0] = v + step
                of_cluster[c, 1] = y - 1.0
            variance = np.nan if is_one else max(vv + shift * (shift * yy - 2.0 * vy), 0.0)
            reach = critical * math.sqrt(variance)
            floor = survival * (1.0 - 1.11 * reach) if reach <= 0.1 * (1.0 - survival) else 0.0
        if floor <= next_level:
            next_level = -1.0
            for k in range(n_shares):
                level = share[k] + _REACHED
                if np.isnan(found[k, 0]) and survival <= level:
                    found[k, 0] = duration_s[i]
                if is_known:
                    low, high = _band(survival, variance, critical)
                    if np.isnan(found[k, 1]) and low <= level:
                        found[k, 1] = duration_s[i]
                    if np.isnan(found[k, 2]) and high <= level:
                        found[k, 2] = duration_s[i]
                if np.isnan(found[k, 0]) or (is_known and (np.isnan(found[k, 1]) or np.isnan(found[k, 2]))):
                    next_level = max(next_level, level)
        i = end
    return found


@njit(cache=True, nogil=True)
def open_at_end(duration_s: npt.NDArray[np.float64], resolved: npt.NDArray[np.bool_]) -> float:
    """Give what a survival curve is at its end.

    Parameters
    ----------
    duration_s : numpy.ndarray of float64, shape (n,)
        Ascending, in seconds.
    resolved : numpy.ndarray of bool, shape (n,)
        In the same order.

    Returns
    -------
    float
        1 of no alert.
    """
    n = duration_s.size
    survival = 1.0
    i = 0
    while i < n:
        end, died = i, 0
        while end < n and duration_s[end] == duration_s[i]:
            died += resolved[end]
            end += 1
        survival *= (n - i - died) / (n - i)
        i = end
    return survival


@njit(cache=True, nogil=True)
def _band(survival, variance, critical):  # type: ignore[no-untyped-def]
    """The interval at one point, as log_log_band has it."""
    if survival >= 1.0:
        return 1.0, 1.0
    if survival <= 0.0:
        return 0.0, np.nan
    if math.isnan(variance):
        return np.nan, np.nan
    log_survival = math.log(survival)
    ratio = min(critical * math.sqrt(variance) / -log_survival, _STEEPEST)
    return math.exp(log_survival * math.exp(ratio)), math.exp(log_survival * math.exp(-ratio))


@njit(cache=True, nogil=True)
def restricted_mean_sums(
    duration_s: npt.NDArray[np.float64],
    resolved: npt.NDArray[np.bool_],
    cluster: npt.NDArray[np.int64],
    n_clusters: int,
    horizon_s: float,
) -> tuple[float, npt.NDArray[np.float64]]:
    """Give the mean up to a horizon, and what each cluster adds to it.

    Parameters
    ----------
    duration_s : numpy.ndarray of float64, shape (n,)
        Ascending, in seconds.
    resolved : numpy.ndarray of bool, shape (n,)
        In the same order.
    cluster : numpy.ndarray of int64, shape (n,)
        Codes below `n_clusters`.
    n_clusters : int
        How many there are.
    horizon_s : float
        Seconds, up to which the curve is known.

    Returns
    -------
    mean_s : float
        The area under the curve.
    sums : numpy.ndarray of float64, shape (n_clusters,)
        The influences of :func:`~alert_analytics.stats.restricted_mean.restricted_mean_influence`, summed: the oracle.
        The rest of the area beyond a time is the mean less the area before it.
    """
    n = duration_s.size
    mean = _area(duration_s, resolved, horizon_s)
    sums = np.zeros(n_clusters)
    survival, before, area, shift = 1.0, 0.0, 0.0, 0.0
    i = 0
    while i < n:
        end, died = i, 0
        while end < n and duration_s[end] == duration_s[i]:
            died += resolved[end]
            end += 1
        left = n - i - died
        now = min(duration_s[i], horizon_s)
        area += survival * (now - before)
        before = now
        survival *= left / (n - i)
        per_death = max(mean - area, 0.0) / left if left > 0 and now < horizon_s else 0.0
        shift += per_death * died / (n - i)
        for k in range(i, end):
            sums[cluster[k]] += shift - (per_death if resolved[k] else 0.0)
        i = end
    return mean, sums


@njit(cache=True, nogil=True)
def _area(duration_s, resolved, horizon_s):  # type: ignore[no-untyped-def]
    n = duration_s.size
    survival, before, area = 1.0, 0.0, 0.0
    i = 0
    while i < n and before < horizon_s:
        end, died = i, 0
        while end < n and duration_s[end] == duration_s[i]:
            died += resolved[end]
            end += 1
        now = min(duration_s[i], horizon_s)
        area += survival * (now - before)
        before = now
        survival *= (n - i - died) / (n - i)
        i = end
    return area + survival * max(horizon_s - before, 0.0)
