"""Do two groups differ in their times to resolve? Every pair of them, tested by clusters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.durations import Floats, Group, renumbered
from alert_analytics.analytics.estimates import Estimate, estimates, known
from alert_analytics.stats.clusters import clustered, critical_value
from alert_analytics.stats.log_rank import log_rank
from alert_analytics.stats.multiple import benjamini_hochberg
from alert_analytics.stats.restricted_mean import restricted_mean


def compared(groups: Sequence[Group], names: Sequence[str], horizon_s: float) -> pa.Table:
    """Hold every pair of groups against each other.

    Parameters
    ----------
    groups : sequence of Group
        At least two.
    names : sequence of str
        What their keys are called.
    horizon_s : float
        Up to where means are compared, in seconds.

    Returns
    -------
    pyarrow.Table
        As :meth:`alert_analytics.ResolutionAnalysis.compare` says.
    """
    pairs = list(combinations(groups, 2))
    tests = [_log_rank(a, b) for a, b in pairs]
    keys = {
        f"{name}_{side}": pa.array([pair[at].key[i] for pair in pairs], pa.string())
        for i, name in enumerate(names)
        for at, side in enumerate("ab")
    }
    p_values = [p for _, p in tests]
    columns = {
        "chi2": known(chi2 for chi2, _ in tests),
        "p_value": known(p_values),
        "q_value": known(benjamini_hochberg(p_values)),
    }
    differences = [_difference(a, b, horizon_s) for a, b in pairs]
    return pa.table({**keys, **columns, **estimates("mean_difference_", differences)})


def _log_rank(a: Group, b: Group) -> tuple[float, float]:
    """Test two groups by clusters, which may span both."""
    found = log_rank(
        np.concatenate((a.duration_s, b.duration_s)),
        np.concatenate((a.resolved, b.resolved)),
        np.repeat([0, 1], [a.duration_s.size, b.duration_s.size]),
        cluster=renumbered(np.concatenate((a.cluster, b.cluster))),
        entry_s=entries(a, b),
    )
    return found.chi2, found.p_value


def entries(a: Group, b: Group) -> Floats | None:
    """From when on the alerts of both were under observation; None where all were from their firing."""
    if a.entry_s is None and b.entry_s is None:
        return None
    return np.concatenate([np.zeros(one.duration_s.size) if one.entry_s is None else one.entry_s for one in (a, b)])


def _difference(a: Group, b: Group, horizon_s: float) -> Estimate:
    """Give the difference of two restricted means; an incident that hit both groups counts once."""
    difference = restricted_mean(a.table, horizon_s) - restricted_mean(b.table, horizon_s)
    if np.isnan(difference):
        return Estimate(difference, difference, difference)
    sizes = [a.duration_s.size, b.duration_s.size]
    variance, effective = clustered(
        np.concatenate((a.influence(horizon_s), -b.influence(horizon_s))),
        renumbered(np.concatenate((a.cluster, b.cluster))),
        weight=np.repeat([1 / sizes[0] ** 2, 1 / sizes[1] ** 2], sizes),
    )
    # Without any spread the alerts do not say how far the next may differ.
    half = critical_value(a.level, effective) * np.sqrt(variance) if variance > 0 else float("nan")
    return Estimate(difference, difference - half, difference + half)
