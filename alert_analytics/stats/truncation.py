"""Left truncation: alerts that had begun before observation did are at risk only from then on (delayed entry)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alert_analytics.stats.restricted_mean import per_resolution, restricted_mean_influence
from alert_analytics.stats.survival import SurvivalTable

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def kaplan_meier_entered(duration_s: Floats, resolved: Bools, entry_s: Floats) -> SurvivalTable:
    """Do as Kaplan and Meier, counting each alert at risk only from where it was under observation.

    A monitor that starts today finds only the old alerts that are still open: the slow ones. Counted from their firing
    on, as if the fast ones had been seen too, they make every time to resolve too long.

    Parameters
    ----------
    duration_s : numpy.ndarray of float64, shape (n,)
        Seconds from firing to resolution, or to the end of observation; ascending.
    resolved : numpy.ndarray of bool, shape (n,)
        In the same order.
    entry_s : numpy.ndarray of float64, shape (n,)
        Seconds from firing to the begin of observation; 0 for an alert that was seen from its start. Less than the
        duration, where it is not 0.

    Returns
    -------
    SurvivalTable
        A row for each distinct duration. Where the few at risk early on are all resolved the curve is 0 from there,
        whoever enters later: of the product nothing is left.

    Notes
    -----
    At risk at t are those with ``entry < t <= duration`` (and at 0 those with entry 0). The oracles are
    ``lifelines.KaplanMeierFitter(entry=...)`` and, of the variance, a double loop.

    References
    ----------
    W. Y. Tsai, N. P. Jewell, M. C. Wang (1987), A note on the product-limit estimator under right censoring and left
    truncation, Biometrika 74.

    Examples
    --------
    >>> table = kaplan_meier_entered(np.array([60.0, 120, 300]), np.ones(3, dtype=bool), np.array([0.0, 0, 100]))
    >>> table.n_at_risk.tolist(), table.survival.round(3).tolist()
    ([2, 2, 1], [0.5, 0.25, 0.0])
    """
    time, first, leaving = np.unique(duration_s, return_index=True, return_counts=True)
    died = np.add.reduceat(resolved, first, dtype=np.int64) if first.size else np.zeros(0, dtype=np.int64)
    slot = entry_slots(time, entry_s)
    entered = np.cumsum(np.bincount(slot, minlength=time.size)[: time.size])
    at_risk = entered - first
    survival: Floats = np.cumprod((at_risk - died) / at_risk, dtype=np.float64)
    room = at_risk * (at_risk - died).astype(np.float64)
    step = np.divide(died, room, out=np.full(time.size, np.inf), where=room > 0)
    return SurvivalTable(time, at_risk, died, leaving - died, survival, np.cumsum(step))


def entry_slots(time_s: Floats, entry_s: Floats) -> Ints:
    """Give the first of the distinct times at which each alert is at risk.

    Parameters
    ----------
    time_s : numpy.ndarray of float64, shape (m,)
        Ascending.
    entry_s : numpy.ndarray of float64, shape (n,)
        Seconds; 0 for seen from the start.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        0 to m.
    """
    found: Ints = np.searchsorted(time_s, entry_s, side="right").astype(np.int64)
    # Who was seen from the start was at risk at 0 too.
    return np.where(entry_s > 0, found, 0)


def entered_mean_influence(table: SurvivalTable, horizon_s: float, resolved: Bools, entry_s: Floats) -> Floats:
    """Give what each alert adds to the restricted mean, with delayed entry.

    Parameters
    ----------
    table : SurvivalTable
        From :func:`kaplan_meier_entered`.
    horizon_s : float
        Seconds, up to which the curve is known.
    resolved : numpy.ndarray of bool, shape (n,)
        In ascending order of duration.
    entry_s : numpy.ndarray of float64, shape (n,)
        In the same order.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Seconds, as :func:`alert_analytics.stats.restricted_mean.restricted_mean_influence`, whose sum over times here
        begins where the alert entered.
    """
    before = np.append(0.0, np.cumsum(per_resolution(table, horizon_s) * table.n_resolved / table.n_at_risk))
    late: Floats = before[entry_slots(table.time_s, entry_s)]
    return restricted_mean_influence(table, horizon_s, resolved) - late
