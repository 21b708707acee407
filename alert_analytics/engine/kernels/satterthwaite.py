"""What each cluster would contribute to the variance of a survival curve, by a working model of its dependence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

_FRACTION = 20
"""The sums are taken anew whenever a twentieth of the alerts at risk have come or gone."""


@njit(cache=True, nogil=True)
def checkpoints(n_at_risk: npt.NDArray[np.int64], n_leaving: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Choose the times at which :func:`working_sums` are worth taking.

    Parameters
    ----------
    n_at_risk : numpy.ndarray of int64, shape (m,)
        Alerts at risk at each distinct time, ascending in time.
    n_leaving : numpy.ndarray of int64, shape (m,)
        Alerts resolved or censored at it.

    Returns
    -------
    numpy.ndarray of int64, shape (k,)
        Rows, ascending; the last one is the last time. Every time where fewer than twenty are at risk; some
        ``20 ln n`` in all where none enters late.
    """
    m = n_at_risk.size
    rows, k, moved = np.empty(m, dtype=np.int64), 0, 0
    for j in range(m):
        staying = n_at_risk[j] - n_leaving[j]
        entering = n_at_risk[j + 1] - staying if j + 1 < m else 0
        moved += n_leaving[j]
        if moved * _FRACTION >= n_at_risk[j] or j + 1 == m:
            rows[k] = j
            k += 1
            moved = 0
        moved += entering
    return rows[:k]


@njit(cache=True, nogil=True)
def working_sums(
    cluster: npt.NDArray[np.int64],
    entering: npt.NDArray[np.int64],
    entry_slot: npt.NDArray[np.int64],
    n_leaving: npt.NDArray[np.int64],
    increment: npt.NDArray[np.float64],
    rows: npt.NDArray[np.int64],
    n_clusters: int,
) -> npt.NDArray[np.float64]:
    """Sum over clusters what each would contribute were its alerts independent, and were they one.

    Parameters
    ----------
    cluster : numpy.ndarray of int64, shape (n,)
        Code of the cluster of each alert, 0 to ``n_clusters - 1``, in ascending order of duration.
    entering : numpy.ndarray of int64, shape (n,) or (0,)
        The alerts in the order in which they come under observation; empty where all are at risk from the first time.
    entry_slot : numpy.ndarray of int64, as long
        For each of `entering`, the first of the distinct times at which it is at risk.
    n_leaving : numpy.ndarray of int64, shape (m,)
        Alerts resolved or censored at each distinct time.
    increment : numpy.ndarray of float64, shape (m,)
        What one alert at risk at each time contributes to the variance: for log S ``d / (Y**2 (Y - d))``.
    rows : numpy.ndarray of int64, shape (k,)
        Times at which to sum, ascending.
    n_clusters : int
        G.

    Returns
    -------
    numpy.ndarray of float64, shape (k, 5)
        With ``v = sum of y h`` and ``w = sum of y**2 h`` of a cluster, over the times so far, of which y alerts are at
        risk: the sums over clusters of v, w, v**2, v w and w**2. The first is Greenwood's variance.

    Notes
    -----
    With ``H = sum of h`` a cluster's v is ``p + y H`` and its w is ``q + y**2 H``, where p and q change only when one
    of its alerts enters or leaves. Clusters of which none is at risk any more, nor is to come, are summed once: what is
    gone over at each row shrinks with the alerts at risk. The oracle is a loop over clusters and times.
    """
    n = cluster.size
    to_come = np.zeros(n_clusters)
    of = np.zeros((n_clusters, 3))  # one stretch of memory each: p, q and y
    for i in range(n):
        to_come[cluster[i]] += 1.0
    active = np.flatnonzero(to_come)
    if entering.size == 0:
        of[:, 2] = to_come
        to_come[:] = 0.0
    n_active = active.size
    ended = np.zeros(5)
    found = np.empty((rows.size, 5))
    total = 0.0
    i, k, row = 0, 0, 0
    for j in range(n_leaving.size):
        while k < entering.size and entry_slot[k] <= j:
            c = cluster[entering[k]]
            of[c, 0] -= total
            of[c, 1] -= (2.0 * of[c, 2] + 1.0) * total
            of[c, 2] += 1.0
            to_come[c] -= 1.0
            k += 1
        total += increment[j]
        for _ in range(n_leaving[j]):
            c = cluster[i]
            of[c, 0] += total
            of[c, 1] += (2.0 * of[c, 2] - 1.0) * total
            of[c, 2] -= 1.0
            i += 1
        if row < rows.size and rows[row] == j:
            sums, kept = np.zeros(5), 0
            for a in range(n_active):
                c = active[a]
                p, q, y = of[c]
                v, w = p + y * total, q + y * y * total
                is_over = y == 0.0 and to_come[c] == 0.0
                into = ended if is_over else sums
                into[0] += v
                into[1] += w
                into[2] += v * v
                into[3] += v * w
                into[4] += w * w
                if not is_over:
                    active[kept] = c
                    kept += 1
            n_active = kept
            found[row] = ended + sums
            row += 1
    return found
