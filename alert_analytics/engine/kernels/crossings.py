"""What a table of survival says, found in one sweep instead of over a curve that is kept."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

_REACHED = 1e-12  # as alert_analytics.stats.survival.first_at_or_below
_STEEPEST = 700.0  # as alert_analytics.stats.survival.log_log_band


@njit(cache=True, nogil=True)
def quantile_crossings(
    time_s: npt.NDArray[np.float64],
    survival: npt.NDArray[np.float64],
    variance: npt.NDArray[np.float64],
    critical: npt.NDArray[np.float64],
    n_times: npt.NDArray[np.int64],
    share: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Find where a survival curve and the ends of its interval come down to some shares.

    Parameters
    ----------
    time_s, survival : numpy.ndarray of float64, shape (m,)
        The curve at its distinct times, ascending, in seconds.
    variance : numpy.ndarray of float64, shape (m,)
        Of log survival; NaN where there is no interval.
    critical : numpy.ndarray of float64, shape (k,)
        Of the interval; NaN where there is none.
    n_times : numpy.ndarray of int64, shape (k,)
        For how many of the times each holds.
    share : numpy.ndarray of float64, shape (q,)
        Still open, in (0, 1).

    Returns
    -------
    numpy.ndarray of float64, shape (q, 3)
        For each share the first time at which the curve, the lower and the upper end of its interval are at most that
        (and a hair); NaN where they never are.

    Notes
    -----
    The interval is that of :func:`~alert_analytics.stats.survival.log_log_band`, computed only where its lower end can
    be near a share. With u = -log S and d = critical * sd, this end, ``exp(-u exp(d / u))``, is at least
    ``S (1 - u (exp(d / u) - 1))``, which is above ``S (1 - 1.11 d)`` where d / u is at most 0.1; u is at least 1 - S.
    The oracle is the curve with its band (``tests/oracle/test_survival.py``).
    """
    found = np.full((share.size, 3), np.nan)
    next_level = share.max() + _REACHED
    holding, until = -1, 0
    for j in range(time_s.size):
        while j >= until:
            holding += 1
            until += n_times[holding]
        is_known = not (math.isnan(critical[holding]) or math.isnan(variance[j]))
        floor = survival[j]
        if is_known:
            reach = critical[holding] * math.sqrt(variance[j])
            floor = floor * (1.0 - 1.11 * reach) if reach <= 0.1 * (1.0 - floor) else 0.0
        if floor > next_level:
            continue
        next_level = -1.0
        for k in range(share.size):
            level = share[k] + _REACHED
            if math.isnan(found[k, 0]) and survival[j] <= level:
                found[k, 0] = time_s[j]
            if is_known:
                low, high = _band(survival[j], variance[j], critical[holding])
                if math.isnan(found[k, 1]) and low <= level:
                    found[k, 1] = time_s[j]
                if math.isnan(found[k, 2]) and high <= level:
                    found[k, 2] = time_s[j]
            if math.isnan(found[k].sum()):
                next_level = max(next_level, level)
        if next_level < 0.0:
            break
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
    sizes: npt.NDArray[np.float64],
    horizon_s: float,
) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the mean up to a horizon, what each cluster adds to it, and what each would contribute to its variance.

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
    horizon_s : float
        Seconds, up to which the curve is known.

    Returns
    -------
    mean_s : float
        The area under the curve.
    sums : numpy.ndarray of float64, shape (n_clusters,)
        The influences of :func:`~alert_analytics.stats.restricted_mean.restricted_mean_influence`, summed: the oracle.
        The rest of the area beyond a time is the mean less the area before it.
    independent, alike : numpy.ndarray of float64, shape (n_clusters,)
        A cluster's part of the variance were its alerts independent, and were they one: v and w of
        :func:`~alert_analytics.engine.kernels.satterthwaite.working_sums`, with the increments of
        :func:`~alert_analytics.stats.restricted_mean.restricted_mean_increments`.
    """
    n = duration_s.size
    mean = _area(duration_s, resolved, horizon_s)
    of = np.zeros((sizes.size, 4))  # one stretch of memory each: its sum, independent, alike, and alerts at risk
    of[:, 3] = sizes
    survival, before, area, shift, total = 1.0, 0.0, 0.0, 0.0, 0.0
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
        rest = max(mean - area, 0.0) if now < horizon_s else 0.0
        per_death = rest / left if left > 0 else 0.0
        shift += per_death * died / (n - i)
        total += rest * per_death * died / (float(n - i) * (n - i))
        for k in range(i, end):
            c = cluster[k]
            of[c, 0] += shift - (per_death if resolved[k] else 0.0)
            of[c, 1] += total
            of[c, 2] += (2.0 * of[c, 3] - 1.0) * total
            of[c, 3] -= 1.0
        i = end
    return mean, of[:, 0].copy(), of[:, 1].copy(), of[:, 2].copy()


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
