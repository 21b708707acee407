"""How do alerts end: the share that has ended by each of several causes, which compete (Aalen and Johansen)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alert_analytics.stats.survival import log_log_band
from alert_analytics.stats.truncation import entry_slots

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence at the distinct times, `m` of them, in order, of `k` causes.

    Attributes
    ----------
    time_s : numpy.ndarray of float64, shape (m,)
        Distinct durations, in seconds.
    n_at_risk : numpy.ndarray of int64, shape (m,)
        Alerts open just before this time.
    n_ended : numpy.ndarray of int64, shape (m, k)
        Those ended at this time, by cause.
    before : numpy.ndarray of float64, shape (m,)
        Share still open just before this time.
    share : numpy.ndarray of float64, shape (m, k)
        Share ended by each cause up to and including this time. With what is still open they add up to 1.
    """

    time_s: Floats
    n_at_risk: Ints
    n_ended: Ints
    before: Floats
    share: Floats

    def at(self, time_s: float) -> int:
        """The row that holds at a time; -1 before the first."""
        return int(np.searchsorted(self.time_s, time_s, side="right")) - 1


def aalen_johansen(duration_s: Floats, cause: Ints, n_causes: int, entry_s: Floats | None = None) -> Incidence:
    """Estimate the share of alerts that has ended by each cause, as time goes on.

    One less Kaplan and Meier's curve of a single cause, others taken as censored, answers what would be if no alert
    could end otherwise; it adds up to more than all alerts.

    Parameters
    ----------
    duration_s : numpy.ndarray of float64, shape (n,)
        Seconds from firing to the end, or to the end of observation; ascending.
    cause : numpy.ndarray of int64, shape (n,)
        0 for an alert that was still open, else 1 to `n_causes`.
    n_causes : int
        How many causes there are.
    entry_s : numpy.ndarray of float64, shape (n,), optional
        From when on each was under observation (left truncation).

    Returns
    -------
    Incidence
        A row for each distinct duration.

    Notes
    -----
    ``F_c(t) = sum over t_j <= t of S(t_j-) d_cj / Y_j``. Of alerts that end by several causes at one time none comes
    first. The oracles are ``lifelines.AalenJohansenFitter`` (which shakes such ties) and a double loop.

    References
    ----------
    O. O. Aalen, S. Johansen (1978), An empirical transition matrix for non-homogeneous Markov chains based on censored
    observations, Scandinavian Journal of Statistics 5.

    Examples
    --------
    >>> found = aalen_johansen(np.array([60.0, 120, 180, 300]), np.array([1, 2, 0, 1]), n_causes=2)
    >>> found.share.tolist()
    [[0.25, 0.0], [0.25, 0.25], [0.25, 0.25], [0.75, 0.25]]
    """
    time, first, slot = np.unique(duration_s, return_index=True, return_inverse=True)
    m = time.size
    counts = np.bincount(slot * (n_causes + 1) + cause, minlength=m * (n_causes + 1)).reshape(m, n_causes + 1)
    ended = counts[:, 1:].astype(np.int64)
    at_risk = (duration_s.size - first).astype(np.int64)
    if entry_s is not None:
        waiting = np.bincount(entry_slots(time, entry_s), minlength=m + 1)
        at_risk = at_risk - (waiting.sum() - np.cumsum(waiting)[:m])
    survival = np.cumprod((at_risk - ended.sum(axis=1)) / at_risk)
    before = np.append(1.0, survival)[:m]
    share = np.cumsum((before / at_risk)[:, None] * ended, axis=0)
    return Incidence(time, at_risk, ended, before, share)


def incidence_influence(
    found: Incidence, duration_s: Floats, cause: Ints, which: int, row: int, entry_s: Floats | None = None
) -> Floats:
    """Give what each alert adds to the share that has ended by a cause at a time.

    Parameters
    ----------
    found : Incidence
        Of these alerts.
    duration_s, cause, entry_s : numpy.ndarray, shape (n,)
        As given to :func:`aalen_johansen`.
    which : int
        The cause, 1 to k.
    row : int
        The time's row in `found`.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        In the same order; they add up to 0.

    Notes
    -----
    The derivative by the weight of alert i, the infinitesimal jackknife. With ``G(u) = F_c(t) - F_c(u)``, for an end at
    x <= t: ``S(x-) / Y [cause c] - G(x) / (Y - d)``, less the sum over times at risk up to t of
    ``S(t_j-) d_cj / Y_j**2 - G(t_j) d_j / (Y_j (Y_j - d_j))``. The oracle is a numerical derivative.
    """
    upto = slice(0, row + 1)
    at_risk, d = found.n_at_risk[upto].astype(np.float64), found.n_ended[upto].sum(axis=1).astype(np.float64)
    own = found.n_ended[upto, which - 1]
    rest = found.share[row, which - 1] - found.share[upto, which - 1]
    left = at_risk - d
    # Where nobody is left nothing is to come: no influence of what has not been.
    per_end = np.divide(rest, left, out=np.zeros_like(rest), where=left > 0)
    entering = found.before[upto] / at_risk
    passed = np.append(0.0, np.cumsum(entering * own / at_risk - per_end * d / at_risk))
    slot = np.searchsorted(found.time_s, duration_s)
    inside = np.minimum(slot, row)
    begun = 0 if entry_s is None else np.minimum(entry_slots(found.time_s, entry_s), row + 1)
    ends_here = (slot <= row) & (cause > 0)
    gained = np.where(ends_here & (cause == which), entering[inside], 0.0) - np.where(ends_here, per_end[inside], 0.0)
    # Who enters after the time was never at risk up to it.
    return np.asarray(gained - (passed[np.maximum(inside + 1, begun)] - passed[begun]), dtype=np.float64)


def incidence_increments(found: Incidence, which: int, row: int) -> Floats:
    """Give what an alert at risk at each time contributes to the variance of a share.

    Parameters
    ----------
    found : Incidence
        From :func:`aalen_johansen`.
    which, row : int
        The cause and the time's row, as for :func:`incidence_influence`.

    Returns
    -------
    numpy.ndarray of float64, shape (m,)
        ``((S(t_j-) - G(t_j))**2 d_cj + G(t_j)**2 (d_j - d_cj)) / Y_j**3`` up to the time, 0 after it: the predictable
        variation of the share's martingale, over the alerts at risk.
    """
    at_risk, d = found.n_at_risk.astype(np.float64), found.n_ended.sum(axis=1)
    own = found.n_ended[:, which - 1]
    rest = found.share[row, which - 1] - found.share[:, which - 1]
    increment = ((found.before - rest) ** 2 * own + rest**2 * (d - own)) / at_risk**3
    return np.asarray(np.where(np.arange(d.size) <= row, increment, 0.0), dtype=np.float64)


def share_interval(share: float, variance: float, critical: float) -> tuple[float, float]:
    """Put an interval around a share that stays between 0 and 1.

    Parameters
    ----------
    share : float
        In [0, 1].
    variance : float
        Of the share.
    critical : float
        From :func:`alert_analytics.stats.clusters.critical_value`.

    Returns
    -------
    low, high : float
        Log-log on the share that has *not* ended so; NaN where the share is 0 or 1, or its variance unknown or 0.
    """
    if not (0 < share < 1 and variance > 0):
        return float("nan"), float("nan")
    open_share = np.array([1 - share])
    low, high = log_log_band(open_share, np.array([variance]) / open_share**2, critical)
    return float(1 - high[0]), float(1 - low[0])


def all_or_none(level: float, n_clusters: float) -> float:
    """Give how far from all (or none) a share may be, where all (or none) were seen.

    Parameters
    ----------
    level : float
        Coverage, two-sided, in (0, 1).
    n_clusters : float
        Effective clusters behind the share.

    Returns
    -------
    float
        ``1 - (alpha / 2) ** (1 / g)``, Clopper's and Pearson's bound for as many independent alerts: with 30 clusters
        .116.

    References
    ----------
    C. J. Clopper, E. S. Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
    binomial, Biometrika 26.
    """
    return float(1 - ((1 - level) / 2) ** (1 / max(n_clusters, 1.0)))
