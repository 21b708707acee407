"""Do groups of alerts resolve equally fast: the log-rank test, plain or for alerts that come in clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from alert_analytics.errors import AlertAnalyticsError
from alert_analytics.stats.clusters import effective_clusters
from alert_analytics.stats.survival import checked
from alert_analytics.stats.truncation import entry_slots

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class GroupError(AlertAnalyticsError, ValueError):
    """Groups that cannot be compared: fewer than two of them, or codes that are no codes."""


@dataclass(frozen=True)
class LogRank:
    """Whether groups differ.

    Attributes
    ----------
    chi2 : float
        The statistic; NaN where nothing was resolved while two groups were at risk.
    df : int
        Degrees of freedom: groups less one, or fewer where some cannot be told apart.
    p_value : float
        Of no difference.
    n_clusters : float or None
        Effective clusters behind the variance; None for the plain test.
    observed_minus_expected : numpy.ndarray of float64, shape (k,)
        Resolved in each group less what equal speed would give; positive means faster.
    """

    chi2: float
    df: int
    p_value: float
    n_clusters: float | None
    observed_minus_expected: Floats


@dataclass(frozen=True)
class _Counts:
    """At risk and resolved over distinct times.

    `slot` is where among them each (sorted) alert leaves, `entry_slot` where it is first at risk (None: all from the
    start).
    """

    slot: Ints
    entry_slot: Ints | None
    at_risk: Floats  # [m, k]
    died: Floats  # [m, k]


def log_rank(
    duration_s: npt.ArrayLike,
    resolved: npt.ArrayLike,
    group: npt.ArrayLike,
    cluster: npt.ArrayLike | None = None,
    entry_s: npt.ArrayLike | None = None,
) -> LogRank:
    """Test whether `k` groups share one survival curve.

    Without `cluster` the test takes every alert for independent: where incidents set off several alerts that resolve
    together, it finds differences that are not there.

    Parameters
    ----------
    duration_s : array_like of float, shape (n,)
        Seconds.
    resolved : array_like of bool, shape (n,)
        False for right-censored.
    group : array_like of int, shape (n,)
        0 to k - 1, each taken at least once.
    cluster : array_like of int, shape (n,), optional
        0 to G - 1. A cluster may have alerts in several groups.
    entry_s : array_like of float, shape (n,), optional
        Seconds from firing to the begin of observation (left truncation): before, an alert is not at risk.

    Returns
    -------
    LogRank
        Statistic, degrees of freedom, p-value.

    Raises
    ------
    GroupError
        Fewer than two groups, or codes with gaps.
    alert_analytics.stats.survival.DurationError
        A duration is negative or not finite.

    Notes
    -----
    Plain: hypergeometric variance at each time; chi-square with k - 1 degrees of freedom. The oracle is
    ``lifelines.statistics.multivariate_logrank_test``.
    Clusters: alert i adds to the score of group g the martingale residual
    ``u_ig = 1(resolved) (Z_ig - p_g(x_i)) - sum over t_j <= x_i of (Z_ig - p_g(t_j)) d_j / Y_j``, ``p_g = Y_g / Y``;
    the variance is the sum over clusters of the outer product of their sums, times g / (g - 1). The statistic over
    k - 1 is held against F with k - 1 and g - 1 degrees of freedom; g is the effective number of clusters, each
    weighted by ``sum over i, g of (Z_ig - n_g / n)**2``, so that a small group with few incidents counts as few.

    References
    ----------
    E. W. Lee, L. J. Wei, D. A. Amato (1992), Cox-type regression analysis for large numbers of small groups of
    correlated failure time observations, in Survival Analysis: State of the Art.
    """
    duration, flag = checked(duration_s, resolved)
    codes = np.asarray(group, dtype=np.int64)
    k = _n_groups(codes)
    order = np.argsort(duration, kind="stable")
    entry = None if entry_s is None else np.asarray(entry_s, dtype=np.float64)[order]
    counts = _count(duration[order], flag[order], codes[order], k, entry)
    total, died = counts.at_risk.sum(axis=1), counts.died.sum(axis=1)
    expected = (counts.at_risk * (died / total)[:, None]).sum(axis=0)
    score = counts.died.sum(axis=0) - expected
    if cluster is None:
        variance = _hypergeometric(counts.at_risk, total, died)
        return _tested(score, variance, n_clusters=None)
    clusters = np.asarray(cluster, dtype=np.int64)[order]
    variance, effective = _sandwich(counts, flag[order], codes[order], clusters)
    return _tested(score, variance, effective)


def _n_groups(codes: Ints) -> int:
    present = np.unique(codes)
    if present.size < 2 or present[0] != 0 or present[-1] != present.size - 1:
        raise GroupError(
            f"log_rank: found group codes {present[:10].tolist()}; expected at least 0 and 1, without gaps.",
            hint="a comparison needs two groups that have alerts.",
        )
    return int(present.size)


def _count(duration: Floats, flag: npt.NDArray[np.bool_], codes: Ints, k: int, entry: Floats | None) -> _Counts:
    new = np.r_[True, duration[1:] != duration[:-1]]
    slot = np.cumsum(new) - 1
    m = int(slot[-1]) + 1
    died = np.bincount(slot * k + codes, weights=flag, minlength=m * k).reshape(m, k).astype(np.float64)
    leaving = np.bincount(slot * k + codes, minlength=m * k).reshape(m, k)
    at_risk = np.cumsum(leaving[::-1], axis=0)[::-1].astype(np.float64)
    if entry is None:
        return _Counts(slot, None, at_risk, died)
    first = entry_slots(duration[new], entry)
    waiting = np.bincount(first * k + codes, minlength=(m + 1) * k).reshape(m + 1, k)
    at_risk -= waiting.sum(axis=0) - np.cumsum(waiting, axis=0)[:m]
    return _Counts(slot, first, at_risk, died)


def _hypergeometric(at_risk: Floats, total: Floats, died: Floats) -> Floats:
    """Sum over times the covariance of deaths by group, given their number."""
    share = at_risk / total[:, None]
    # One alert alone at risk has no variance.
    scale = died * np.divide(total - died, total - 1, out=np.zeros_like(total), where=total > 1)
    covariance: Floats = np.diag(scale @ share) - np.einsum("m,mg,mh->gh", scale, share, share)
    return covariance


def _sandwich(counts: _Counts, flag: npt.NDArray[np.bool_], codes: Ints, clusters: Ints) -> tuple[Floats, float]:
    """Sum score contributions over clusters, and their outer products over all clusters."""
    total = counts.at_risk.sum(axis=1)
    hazard = counts.died.sum(axis=1) / total
    cumulative = np.cumsum(hazard)
    n_clusters, k = int(clusters.max()) + 1, counts.at_risk.shape[1]
    sums, weight = np.empty((n_clusters, k)), np.zeros(n_clusters)
    for g in range(k):
        share = counts.at_risk[:, g] / total
        mine = (codes == g).astype(np.float64)
        explained = np.cumsum(share * hazard)
        compensator = mine * cumulative[counts.slot] - explained[counts.slot]
        if counts.entry_slot is not None:
            begun = counts.entry_slot
            compensator -= mine * np.append(0.0, cumulative)[begun] - np.append(0.0, explained)[begun]
        residual = flag * (mine - share[counts.slot]) - compensator
        sums[:, g] = np.bincount(clusters, weights=residual, minlength=n_clusters)
        weight += np.bincount(clusters, weights=(mine - mine.mean()) ** 2, minlength=n_clusters)
    effective = effective_clusters(weight)
    factor = effective / (effective - 1) if effective > 1 else np.nan
    return sums.T @ sums * factor, effective


def _tested(score: Floats, variance: Floats, n_clusters: float | None) -> LogRank:
    # The scores of all groups add up to 0: one of them says nothing new.
    u, v = score[:-1], variance[:-1, :-1]
    df = int(np.linalg.matrix_rank(v)) if np.isfinite(v).all() else 0
    if df == 0:
        return LogRank(float("nan"), 0, float("nan"), n_clusters, score)
    chi2 = float(u @ np.linalg.pinv(v, hermitian=True) @ u)
    p = stats.chi2.sf(chi2, df) if n_clusters is None else stats.f.sf(chi2 / df, df, n_clusters - 1)
    return LogRank(chi2, df, float(p), n_clusters, score)
