"""Weekly totals where part of the time was not at risk: rates per time at risk, and the slope of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from alert_analytics.stats.slope import MAX_LAG1, MIN_WEEKS, Floats, WeeklySlopes, inferred

MIN_SHARE = 1 / 7
"""A week with a smaller share of it at risk than a day is left out."""

_PRIOR = 20.0
"""Alerts' worth of an even week that the weekdays' shares are drawn towards, each."""


def share_at_risk(counts: npt.ArrayLike, at_risk: npt.ArrayLike) -> Floats:
    """Share of the alerts of each week that could be expected in the time that was at risk.

    Parameters
    ----------
    counts : array_like, shape (c, w, 7)
        Alerts of one series on each day of `w` weeks, for each of `c` cells that are at risk at their own times (such
        as the services of a team); those in the time at risk.
    at_risk : array_like, shape (c, w, 7)
        Share of the day that was at risk, in [0, 1].

    Returns
    -------
    numpy.ndarray of float64, shape (w,)
        In [0, 1]; 1 where all was at risk. The week's total over it is what a whole week would have had.

    Notes
    -----
    Days count by the weekday's rate in the time at risk (drawn towards an even week by twenty alerts), since a Sunday
    without risk loses less than a Monday; cells count by their rate. Within a day the time counts evenly, so a window
    that always lies in the quiet hours makes its week look a little busier, in the same way each week.
    """
    n, e = np.asarray(counts, dtype=np.float64), np.asarray(at_risk, dtype=np.float64)
    risk = e.sum()
    if n.sum() == 0 or risk == 0:
        even: Floats = e.mean(axis=(0, 2))
        return even
    overall = n.sum() / risk
    weekday = (n.sum(axis=(0, 1)) + _PRIOR) / (e.sum(axis=(0, 1)) + _PRIOR / overall)
    by_cell = e.sum(axis=(1, 2))
    cell = np.divide(n.sum(axis=(1, 2)), by_cell, out=np.zeros(len(n)), where=by_cell > 0)
    share: Floats = np.einsum("c,cwd,d->w", cell / cell.sum(), e, weekday / weekday.sum())
    return np.minimum(share, 1.0)


def slopes_at_risk(
    totals: npt.ArrayLike, share: npt.ArrayLike, level: float = 0.95
) -> tuple[WeeklySlopes, npt.NDArray[np.int64]]:
    """Fit a straight line to each series of weekly totals of which only a share was at risk.

    Parameters
    ----------
    totals : array_like, shape (s, w)
        Alerts in the time at risk of each of `w` consecutive weeks.
    share : array_like, shape (s, w)
        From :func:`share_at_risk`.
    level : float
        Coverage of the interval, in (0, 1).

    Returns
    -------
    WeeklySlopes
        Of the totals that whole weeks would have had; NaN where fewer than :data:`MIN_WEEKS` weeks are left.
    n_weeks : numpy.ndarray of int64, shape (s,)
        Weeks left.

    Notes
    -----
    Least squares weighted by the share, as a total scaled up by it is the more uncertain the smaller it is; weeks with
    less than :data:`MIN_SHARE` are left out. Where all is at risk it is
    :func:`alert_analytics.stats.slope.weekly_slopes`. ``benchmarks/validity_exposure.py`` measures bias and coverage:
    2 % of the slope at most, and 4 to 6 % too small where the same weekdays are lost from the middle of a rise on.
    """
    n, a = np.asarray(totals, dtype=np.float64), np.asarray(share, dtype=np.float64)
    weight = np.where(a >= MIN_SHARE, a, 0.0)
    kept = weight > 0
    n_weeks = kept.sum(axis=1).astype(np.int64)
    enough = n_weeks >= MIN_WEEKS
    rate = np.divide(n, a, out=np.zeros_like(n), where=kept)
    with np.errstate(divide="ignore", invalid="ignore"):
        week = np.arange(n.shape[1]) - (weight @ np.arange(n.shape[1]) / weight.sum(axis=1))[:, None]
        spread = np.einsum("sw,sw,sw->s", weight, week, week)
        slope = np.einsum("sw,sw,sw->s", weight, week, rate) / spread
        mean = np.einsum("sw,sw->s", weight, rate) / weight.sum(axis=1)
        residual = np.sqrt(weight) * (rate - mean[:, None] - slope[:, None] * week)
        squares = np.einsum("sw,sw->s", residual, residual)
        exact = squares <= n_weeks * (1e-12 * rate.max(axis=1, initial=0.0)) ** 2
        flat = np.where(kept, rate, rate.max(axis=1, initial=0.0, keepdims=True)).min(axis=1, initial=np.inf)
        slope = np.where(exact & (flat == rate.max(axis=1, initial=0.0)), 0.0, slope)
        error = np.sqrt(np.where(exact, 0.0, squares) / (n_weeks - 2) / spread)
        unknown = np.where(enough, 0.0, np.nan)
        lag1 = np.where(enough, _lag1(residual, squares, kept, exact), 0.0)
        fit = inferred(slope + unknown, error + unknown, lag1, np.maximum(n_weeks, 3), level, n.shape[1])
    return replace(fit, p_value=fit.p_value + unknown), n_weeks


def _lag1(residual: Floats, squares: Floats, kept: npt.NDArray[np.bool_], exact: npt.NDArray[np.bool_]) -> Floats:
    """Bias-corrected lag-1 correlation of the residuals, from weeks that follow one another."""
    n_weeks, n_pairs = kept.sum(axis=1), (kept[:, 1:] & kept[:, :-1]).sum(axis=1)
    products = np.einsum("sw,sw->s", residual[:, 1:], residual[:, :-1])
    raw = products / np.maximum(n_pairs, 1) * (n_weeks - 1) / squares
    corrected = np.where(exact | (n_pairs == 0), 0.0, (n_weeks * raw + 2) / (n_weeks - 4))
    return np.clip(corrected, -MAX_LAG1, MAX_LAG1)
