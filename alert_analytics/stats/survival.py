"""How long does it really take: Kaplan-Meier over durations of which some have not ended yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alert_analytics.errors import AlertAnalyticsError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class DurationError(AlertAnalyticsError, ValueError):
    """Durations that cannot be: negative, not a number, or not one for each flag."""


@dataclass(frozen=True)
class SurvivalTable:
    """The Kaplan-Meier curve at its distinct times, `m` of them, in order.

    Attributes
    ----------
    time_s : numpy.ndarray of float64, shape (m,)
        Distinct durations, resolved or not, in seconds.
    n_at_risk : numpy.ndarray of int64, shape (m,)
        Alerts open just before this time.
    n_resolved, n_censored : numpy.ndarray of int64, shape (m,)
        Those resolved at exactly this time, and those of which no more is known.
    survival : numpy.ndarray of float64, shape (m,)
        Share still open after this time.
    variance : numpy.ndarray of float64, shape (m,)
        Of *log* survival, by Greenwood: the sum of ``d / (Y (Y - d))``, for independent alerts. Infinite where
        survival is 0.
    """

    time_s: Floats
    n_at_risk: Ints
    n_resolved: Ints
    n_censored: Ints
    survival: Floats
    variance: Floats


def kaplan_meier(duration_s: npt.ArrayLike, resolved: npt.ArrayLike) -> SurvivalTable:
    """Estimate the share of alerts still open after each duration.

    Leaving out the open alerts makes every time to resolve too short: they are the slow ones. Hand them in with the
    time they have been open so far and ``resolved`` False.

    Parameters
    ----------
    duration_s : array_like of float, shape (n,)
        Seconds from firing to resolution, or to the end of observation. Zero is allowed.
    resolved : array_like of bool, shape (n,)
        False for an alert that was still open (right-censored).

    Returns
    -------
    SurvivalTable
        A row for each distinct duration; no rows for no alerts.

    Raises
    ------
    DurationError
        A duration is negative or not finite, or the two arrays differ in length.

    Notes
    -----
    ``S(t) = prod over t_j <= t of (1 - d_j / Y_j)``. Of an alert resolved and one censored at the same time the
    resolved one comes first. The oracle is ``lifelines.KaplanMeierFitter``.

    References
    ----------
    E. L. Kaplan, P. Meier (1958), Nonparametric estimation from incomplete observations, JASA 53.

    Examples
    --------
    >>> table = kaplan_meier([60, 60, 120, 300], [True, True, False, True])
    >>> table.time_s.tolist(), table.survival.tolist()
    ([60.0, 120.0, 300.0], [0.5, 0.5, 0.0])
    """
    duration, flag = checked(duration_s, resolved)
    order = np.argsort(duration, kind="stable")
    return kaplan_meier_sorted(duration[order], flag[order])


def kaplan_meier_sorted(duration_s: Floats, resolved: Bools) -> SurvivalTable:
    """Do as :func:`kaplan_meier` does, for durations that are checked and ascending already.

    Parameters
    ----------
    duration_s : numpy.ndarray of float64, shape (n,)
        Ascending.
    resolved : numpy.ndarray of bool, shape (n,)
        In the same order.

    Returns
    -------
    SurvivalTable
        A row for each distinct duration.
    """
    n = duration_s.size
    first = np.flatnonzero(np.r_[n > 0, duration_s[1:] != duration_s[:-1]][:n])
    leaving = np.diff(np.append(first, n))
    died = np.add.reduceat(resolved, first, dtype=np.int64) if n else np.zeros(0, dtype=np.int64)
    at_risk = n - first
    survival: Floats = np.cumprod((at_risk - died) / at_risk, dtype=np.float64)
    room = at_risk * (at_risk - died).astype(np.float64)
    # The last alerts to leave all resolved: log survival is minus infinity, and so is its variance infinite.
    step = np.divide(died, room, out=np.full(first.size, np.inf), where=room > 0)
    return SurvivalTable(
        time_s=duration_s[first],
        n_at_risk=at_risk.astype(np.int64),
        n_resolved=died,
        n_censored=leaving - died,
        survival=survival,
        variance=np.cumsum(step),
    )


def log_log_band(survival: Floats, variance: Floats, critical: float | Floats) -> tuple[Floats, Floats]:
    """Put an interval around each point of the curve.

    Parameters
    ----------
    survival : numpy.ndarray of float64, shape (m,)
        In [0, 1].
    variance : numpy.ndarray of float64, shape (m,)
        Of log survival: Greenwood's, or a cluster-robust one.
    critical : float or numpy.ndarray of float64, shape (m,)
        From :func:`alert_analytics.stats.clusters.critical_value`, or of each time its own.

    Returns
    -------
    low, high : numpy.ndarray of float64, shape (m,)
        ``S ** exp(+- critical * sqrt(variance) / log S)``: never outside [0, 1]. Where S is 1 or 0 no interval of this
        kind exists: there it is [1, 1], and at 0 from 0 to an unknown (NaN) upper end.

    References
    ----------
    J. D. Kalbfleisch, R. L. Prentice (1980), The Statistical Analysis of Failure Time Data, section 1.3.
    """
    inside = (survival > 0) & (survival < 1)
    log_survival = np.log(survival, out=np.full(survival.shape, -1.0), where=inside)
    spread = np.where(inside, variance, 0.0)
    # exp is cut off where survival ** exp(...) has long been 0 or 1 in double precision.
    ratio = np.clip(critical * np.sqrt(spread) / -log_survival, None, 700.0)
    low = np.where(inside, np.exp(log_survival * np.exp(ratio)), np.where(survival >= 1, 1.0, critical * 0.0))
    high = np.where(inside, np.exp(log_survival * np.exp(-ratio)), np.where(survival >= 1, 1.0, np.nan))
    return low, high


def first_at_or_below(time_s: Floats, curve: Floats, share: float) -> float:
    """Give the first time at which `curve` is at most `share`.

    Parameters
    ----------
    time_s, curve : numpy.ndarray of float64, shape (m,)
        Times in order; NaN in the curve is never reached.
    share : float
        In (0, 1).

    Returns
    -------
    float
        Seconds; NaN where the curve stays above. A hair's breadth (1e-12) above counts as reached: 1/2 reached by
        a product of fractions need not be 0.5 exactly.
    """
    reached = np.flatnonzero(curve <= share + 1e-12)
    return float(time_s[reached[0]]) if reached.size else float("nan")


def quantile(table: SurvivalTable, q: float) -> float:
    """Give the time within which a share `q` of the alerts are resolved.

    Parameters
    ----------
    table : SurvivalTable
        From :func:`kaplan_meier`.
    q : float
        In (0, 1); .5 is the median.

    Returns
    -------
    float
        Seconds: the first time with ``S(t) <= 1 - q``; NaN where so many were never seen resolved.
    """
    return first_at_or_below(table.time_s, table.survival, 1 - q)


def quantile_interval(table: SurvivalTable, band: tuple[Floats, Floats], q: float) -> tuple[float, float]:
    """Put an interval around a quantile by turning the pointwise band on its side.

    Parameters
    ----------
    table : SurvivalTable
        From :func:`kaplan_meier`.
    band : tuple of numpy.ndarray of float64, shape (m,)
        From :func:`log_log_band`, at each time of the table.
    q : float
        In (0, 1).

    Returns
    -------
    low_s, high_s : float
        The first time at which the lower end of the band is at most ``1 - q``, and the first at which the upper end is;
        NaN where it never is: such an interval has no end on that side.

    References
    ----------
    R. Brookmeyer, J. Crowley (1982), A confidence interval for the median survival time, Biometrics 38.
    """
    low, high = band
    return first_at_or_below(table.time_s, low, 1 - q), first_at_or_below(table.time_s, high, 1 - q)


def checked(duration_s: npt.ArrayLike, resolved: npt.ArrayLike) -> tuple[Floats, Bools]:
    """Take durations and flags as arrays, or say what is wrong with them.

    Parameters
    ----------
    duration_s, resolved : array_like, shape (n,)
        As in :func:`kaplan_meier`.

    Returns
    -------
    duration : numpy.ndarray of float64, shape (n,)
        Seconds.
    flag : numpy.ndarray of bool, shape (n,)
        Resolved or not.

    Raises
    ------
    DurationError
        A duration is negative or not finite, or the two arrays differ in length.
    """
    duration = np.asarray(duration_s, dtype=np.float64)
    flag = np.asarray(resolved, dtype=bool)
    if duration.shape != flag.shape or duration.ndim != 1:
        raise DurationError(f"durations have shape {duration.shape}, flags {flag.shape}; expected the same (n,).")
    bad = np.flatnonzero(~(duration >= 0) | np.isinf(duration))
    if bad.size:
        raise DurationError(
            f"{bad.size} of {duration.size} durations are negative or not finite (first: {duration[bad[0]]} s in row "
            f"{bad[0]}); expected seconds from firing to resolution.",
            hint="an alert that is still open has the time it was open so far, and resolved=False.",
        )
    return duration, flag
