"""The tables of a resolution analysis, why a number is missing, and a group's times in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.clocks import Clock
from alert_analytics.analytics.durations import Group
from alert_analytics.analytics.estimates import Estimate, estimates, in_words, keyed, known
from alert_analytics.engine.kernels.threads import each

OWN_COLUMNS = frozenset(
    {
        *("n_alerts", "n_resolved", "n_open", "n_at_risk", "n_censored", "n_clusters", "n_clusters_effective"),
        *(f"{name}{end}_s" for name in ("median", "p90", "mean") for end in ("", "_low", "_high")),
        *("horizon_s", "resolved_only_median_s", "note", "time_s", "survival", "low", "high", "q", "quantile_s"),
        *("low_s", "high_s"),
    }
)
"""Names that a column of ``by=`` cannot have."""

NOBODY = Group((), np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64), 0.95)


def resolution_table(groups: Sequence[Group], names: Sequence[str], horizon_s: float, clock: Clock) -> pa.Table:
    """Lay the groups' times out, a row per group, as :class:`ResolutionAnalysis` describes them."""
    n_alerts = [group.duration_s.size for group in groups]
    n_resolved = [int(group.resolved.sum()) for group in groups]
    found = each(lambda group: _times(group, horizon_s), groups, sum(n_alerts))
    medians, slow, means = ([one[i] for one in found] for i in range(3))
    notes = [_note(*each, horizon_s, clock) for each in zip(groups, medians, slow, means, strict=True)]
    columns = {
        "n_alerts": pa.array(n_alerts, pa.int64()),
        "n_resolved": pa.array(n_resolved, pa.int64()),
        "n_open": pa.array([n - r for n, r in zip(n_alerts, n_resolved, strict=True)], pa.int64()),
        **estimates("median_", medians),
        **estimates("p90_", slow),
        **estimates("mean_", means),
        "horizon_s": known([horizon_s] * len(groups)),
        "resolved_only_median_s": known(group.resolved_only_median_s for group in groups),
        "n_clusters": pa.array([group.cluster_sizes.size for group in groups], pa.int64()),
        "n_clusters_effective": known(group.n_effective for group in groups),
        "note": pa.array(notes, pa.string()),
    }
    return pa.table({**keyed((group.key for group in groups), names), **columns})


def _times(group: Group, horizon_s: float) -> tuple[Estimate, Estimate, Estimate]:
    median, slow = group.quantiles((0.5, 0.9))
    mean = group.mean(horizon_s)
    # Of a hundred million alerts the curves would be ten gigabytes.
    group.let_go_of_curve()
    return median, slow, mean


def curve_table(groups: Sequence[Group], names: Sequence[str]) -> pa.Table:
    """Lay the groups' curves out, a row per group and distinct time."""
    parts = [_curve(group, names) for group in groups]
    return pa.concat_tables(parts) if parts else _curve(NOBODY, names).slice(0, 0)


def in_a_clause(row: dict[str, Any], level: float, clock: Clock) -> str:
    """A group's times as a clause."""
    done = clock.done
    if row["median_s"] is None:
        if row["n_alerts"] == 1:
            return f"the only alert was never seen {done}, so there is no median"
        return f"less than half of {row['n_alerts']:,} alerts were ever seen {done}, so there is no median"
    if row["n_alerts"] == 1:
        return f"the only alert took {in_words(row['median_s'])} to {clock.verb}"
    low, high = row["median_low_s"], row["median_high_s"]
    upper = "no known end" if high is None else in_words(high, like=row["median_s"])
    ends = "unknown" if low is None else f"{in_words(low, like=row['median_s'])} to {upper}"
    slow = "" if row["p90_s"] is None else f", nine in ten within {in_words(row['p90_s'])}"
    naive = f" (the {done} alone would say {in_words(row['resolved_only_median_s'])})" if row["n_open"] else ""
    within = f"{in_words(row['median_s'])} ({level:.0%} interval {ends})"
    return f"half of {row['n_alerts']:,} alerts are {done} within {within}{naive}{slow}"


def waiting_in_words(n: int, n_waiting: int, clock: Clock) -> str:
    """How many alerts have not got there, as a clause."""
    if n_waiting == 0:
        return "none is open" if clock.of == "time_to_resolve" else f"all are {clock.done}"
    if n == 1:
        return f"it is {clock.waiting} and counted as such"
    return f"{n_waiting / n:.1%} of {n:,} alerts are {clock.waiting} and counted as such"


def _note(group: Group, median: Estimate, slow: Estimate, mean: Estimate, horizon_s: float, clock: Clock) -> str | None:
    """Say why a number is missing; None where none is."""
    reasons = []
    if np.isnan(slow.value_s):
        seen = in_words(float(group.duration_s[-1]))
        followed = f"{group.open_share:.0%} are {clock.waiting} after {seen}, the longest time seen"
        reasons.append(f"no {'median' if np.isnan(median.value_s) else '90th percentile'}: {followed}")
    if np.isnan(mean.value_s):
        reasons.append(f"no mean: followed for less than the horizon of {in_words(horizon_s)}")
    if group.n_effective <= 1:
        reasons.append("no intervals: all alerts are of one cluster")
    elif not np.isnan(median.value_s) and np.isnan(median.high_s):
        reasons.append("the median has no upper bound: too few clusters, or too little was seen")
    if early := _ended_early(group):
        reasons.append(early)
    return "; ".join(reasons) or None


def _ended_early(group: Group) -> str:
    """With delayed entry the few at risk at first may all be resolved: then the product says 0 for ever."""
    if group.entry_s is None:
        return ""
    over = np.flatnonzero(group.table.survival <= 0)
    if not over.size or over[0] == group.table.time_s.size - 1:
        return ""
    at, n = float(group.table.time_s[over[0]]), int(group.table.n_at_risk[over[0]])
    return f"the curve ends after {in_words(at)}: all {n} under observation by then were gone, others came later"


def _curve(group: Group, names: Sequence[str]) -> pa.Table:
    table, (low, high) = group.table, group.band
    columns = {
        "time_s": table.time_s,
        "n_at_risk": table.n_at_risk,
        "n_resolved": table.n_resolved,
        "n_censored": table.n_censored,
        "survival": table.survival,
        "low": known(low),
        "high": known(high),
    }
    m = table.time_s.size
    keys = {
        name: pa.repeat(pa.scalar(group.key[i] if group.key else None, pa.string()), m) for i, name in enumerate(names)
    }
    return pa.table({**keys, **{name: pa.array(values) for name, values in columns.items()}})
