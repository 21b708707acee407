"""What could even have been seen: the smallest slope that a history as noisy and as long as this would have shown."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from alert_analytics.stats.slope import Floats, WeeklySlopes

_PARTS, _RAISED = 50, 1.15


def detectable_slopes(fit: WeeklySlopes, n_weeks: npt.ArrayLike, level: float = 0.95, power: float = 0.8) -> Floats:
    """Give for each series the slope that would have been found with a chance of `power`.

    "No trend found" says nothing without it: a quiet or short series can hide a change of any practical size.

    Parameters
    ----------
    fit : WeeklySlopes
        The slopes that were fitted.
    n_weeks : array_like of int, shape (s,)
        Weeks behind each.
    level : float
        That of the intervals of `fit`; a slope is found where its interval leaves out 0.
    power : float
        In (0, 1).

    Returns
    -------
    numpy.ndarray of float64, shape (s,)
        Change of alerts per day, per day, at least 0; NaN where there is no slope.

    Notes
    -----
    k standard errors (widened where the weeks hang together). k solves: power = the mean, over standard errors s as
    they scatter about the true one with ``n_weeks - 2`` degrees of freedom, of the probability that a t statistic with
    non-centrality k s exceeds its critical value: 2.8 for an error that is known, 3.9 from eight weeks. It is raised by
    15 %, since weeks that hang together by chance widen intervals and storms make totals skewed; then slopes planted in
    other stretches of the same series are found in .73 to .87 of the cases, .80 on average
    (``benchmarks/validity_trend.py``). For one series by itself: among many, a slope must be larger for q < 0.05.
    """
    weeks = np.asarray(n_weeks, dtype=np.int64)
    half = (fit.high - fit.low) / 2
    found = np.full(half.shape, np.nan)
    for w in np.unique(weeks[np.isfinite(half)]).tolist():
        mine = weeks == w
        found[mine] = half[mine] / stats.t.ppf(0.5 + level / 2, w - 2) * _distance(w - 2, level, power)
    return found


@lru_cache(maxsize=1024)
def _distance(degrees: int, level: float, power: float) -> float:
    critical = float(stats.t.ppf(0.5 + level / 2, degrees))

    # The standard error that a slope is told in is itself an estimate; its distribution by equal parts.
    parts = (np.arange(_PARTS) + 0.5) / _PARTS
    error = np.sqrt(stats.chi2.ppf(parts, degrees) / degrees)

    def missing(shift: float) -> float:
        return float(np.mean(stats.nct.sf(critical, degrees, shift * error))) - power

    return _RAISED * float(optimize.brentq(missing, 0.0, 20 * critical))
