"""The mean time to resolve, up to a horizon: the area under the survival curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alert_analytics.stats.survival import SurvivalTable

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def restricted_mean(table: SurvivalTable, horizon_s: float) -> float:
    """Give the mean of the time open, counting no alert for longer than the horizon.

    Means over different horizons do not compare: give every group the same.

    Parameters
    ----------
    table : SurvivalTable
        From :func:`alert_analytics.stats.survival.kaplan_meier`.
    horizon_s : float
        Seconds, at least 0.

    Returns
    -------
    float
        Seconds: the integral of S from 0 to the horizon. NaN where the curve is not known so far: it ends before the
        horizon, and not at 0.

    References
    ----------
    P. Royston, M. Parmar (2013), Restricted mean survival time, BMC Medical Research Methodology 13.
    """
    if not reaches(table, horizon_s):
        return float("nan")
    inside = table.time_s < horizon_s
    grid = np.concatenate(([0.0], table.time_s[inside], [horizon_s]))
    level = np.concatenate(([1.0], table.survival[inside]))
    return float(level @ np.diff(grid))


def reaches(table: SurvivalTable, horizon_s: float) -> bool:
    """Say whether the curve is known up to the horizon.

    Parameters
    ----------
    table : SurvivalTable
        From :func:`alert_analytics.stats.survival.kaplan_meier`.
    horizon_s : float
        Seconds.

    Returns
    -------
    bool
        An alert was followed that long, or all were resolved before.
    """
    return bool(table.time_s.size and (table.time_s[-1] >= horizon_s or table.survival[-1] <= 0))


def restricted_mean_variance(table: SurvivalTable, horizon_s: float) -> float:
    """Give the variance of the restricted mean of independent alerts.

    Alerts that resolve together need
    ``clustered(restricted_mean_influence(...), cluster)`` of :mod:`alert_analytics.stats.clusters` instead.

    Parameters
    ----------
    table : SurvivalTable
        From :func:`alert_analytics.stats.survival.kaplan_meier`.
    horizon_s : float
        Seconds.

    Returns
    -------
    float
        Seconds squared, by Greenwood: the sum of ``R(t_j)**2 d_j / (Y_j (Y_j - d_j))``; NaN where the mean is.
    """
    if not reaches(table, horizon_s):
        return float("nan")
    rest, per_death = _rest(table, horizon_s)
    return float(np.sum(rest * per_death * table.n_resolved / table.n_at_risk))


def restricted_mean_influence(table: SurvivalTable, horizon_s: float, resolved: Bools) -> Floats:
    """Give what each alert adds to the restricted mean.

    Parameters
    ----------
    table : SurvivalTable
        Of these alerts.
    horizon_s : float
        Seconds, up to which the curve is known.
    resolved : numpy.ndarray of bool, shape (n,)
        In ascending order of duration.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Seconds, in the same order.

    Notes
    -----
    With ``R(u)`` the integral of S from u to the horizon, alert i has the influence
    ``- R(x_i) 1(resolved) / (Y - d) + sum over t_j <= x_i of R(t_j) d_j / (Y_j (Y_j - d_j))``, the infinitesimal
    jackknife of the product-limit form: its squares add up to Greenwood's variance. The oracle is a numerical
    derivative by the weight of each alert.
    """
    per_death = per_resolution(table, horizon_s)
    leaving = table.n_resolved + table.n_censored
    shift = np.cumsum(per_death * table.n_resolved / table.n_at_risk)
    return np.repeat(shift, leaving) - np.where(resolved, np.repeat(per_death, leaving), 0.0)


def restricted_mean_increments(table: SurvivalTable, horizon_s: float) -> Floats:
    """Give what an alert at risk at each time contributes to the variance of the mean.

    Parameters
    ----------
    table : SurvivalTable
        Of these alerts.
    horizon_s : float
        Seconds, up to which the curve is known.

    Returns
    -------
    numpy.ndarray of float64, shape (m,)
        Seconds squared, ``R(t_j)**2 d_j / (Y_j**2 (Y_j - d_j))``: times the alerts at risk they add up to Greenwood's
        variance.
    """
    rest, per_death = _rest(table, horizon_s)
    return np.asarray(rest * per_death * table.n_resolved / table.n_at_risk.astype(np.float64) ** 2, dtype=np.float64)


def per_resolution(table: SurvivalTable, horizon_s: float) -> Floats:
    """Give by how much a resolution at each time shortens the mean: the rest of the area, per alert left."""
    return _rest(table, horizon_s)[1]


def _rest(table: SurvivalTable, horizon_s: float) -> tuple[Floats, Floats]:
    """Integrate S from each time to the horizon; also per alert left after that time."""
    width = np.diff(np.append(table.time_s, max(horizon_s, float(table.time_s[-1]))).clip(max=horizon_s))
    rest = np.cumsum((table.survival * width)[::-1])[::-1]
    left = (table.n_at_risk - table.n_resolved).astype(np.float64)
    # Where nobody is left the curve is 0 whatever one alert does: no influence.
    return rest, np.divide(rest, left, out=np.zeros_like(rest), where=left > 0)


def restricted_mean_interval(mean_s: float, variance: float, horizon_s: float, critical: float) -> tuple[float, float]:
    """Put an interval around a restricted mean that stays between 0 and the horizon.

    Parameters
    ----------
    mean_s : float
        From :func:`restricted_mean`.
    variance : float
        From :func:`restricted_mean_variance`.
    horizon_s : float
        Seconds.
    critical : float
        From :func:`alert_analytics.stats.clusters.critical_value`.

    Returns
    -------
    low_s, high_s : float
        Symmetric on the scale ``log(mean / (horizon - mean))``, which covers where the plain interval misses high means
        in small groups. NaN where the variance is 0 or unknown: alerts that all took equally long do not say how
        far the next may differ.
    """
    if not variance > 0:
        return float("nan"), float("nan")
    odds = mean_s / (horizon_s - mean_s)
    reach = critical * np.sqrt(variance) * horizon_s / (mean_s * (horizon_s - mean_s))
    # Beyond this the ends are 0 and the horizon in double precision.
    low, high = odds * np.exp(-min(reach, 300.0)), odds * np.exp(min(reach, 300.0))
    return float(horizon_s * low / (1 + low)), float(horizon_s * high / (1 + high))
