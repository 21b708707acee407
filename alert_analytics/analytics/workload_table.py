"""The table of a load: interruptions by hours, alerts open at once, and how they are handed on, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import nan

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.analytics.durations import Group
from alert_analytics.analytics.estimates import Estimate, estimates, known
from alert_analytics.analytics.performance_measures import Measure
from alert_analytics.analytics.performance_times import MIN_DAYS, daily_interval
from alert_analytics.analytics.workload_hours import CLASSES, DAY_US
from alert_analytics.analytics.workload_open import at_once
from alert_analytics.analytics.workload_seen import Load
from alert_analytics.stats.clusters import critical_value
from alert_analytics.stats.share import clustered_shares
from alert_analytics.tables import counted

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PER_WEEK = ("interruptions", *CLASSES)
_US = 1e6

_COUNTS = ("n_alerts", "n_unassigned", "n_interruptions", *(f"n_{name}" for name in CLASSES), "max_open")
_HANDED = ("n_reassignments", "n_escalations")
OWN_COLUMNS = frozenset(
    {
        *("n_people", *_COUNTS, *_HANDED, "mean_open", "busy_share", "note"),
        *(f"{name}_per_week{end}" for name in PER_WEEK for end in ("", "_low", "_high")),
        *(f"sleep_share{end}" for end in ("", "_low", "_high")),
        *(f"acknowledge_median{end}_s" for end in ("", "_low", "_high")),
        *("metric", "value", "standard_error", "low", "high", "n_clusters_effective", "hour", "weekday"),
        *("bucket_start", "most_open", "from_whom", "to_whom", "kind", "n_handed", "median_s", "n_acknowledged"),
    }
)
"""What a label must not be called to be grouped by."""


def laid_out(load: Load, names: Sequence[str], level: float) -> tuple[pa.Table, dict[str, Measure]]:
    """Compute every number and lay it out, in the order of the load's rows.

    Parameters
    ----------
    load : Load
        The alerts.
    names : sequence of str
        Columns or labels grouped by.
    level : float
        Coverage of the intervals.

    Returns
    -------
    table : pyarrow.Table
        See :class:`alert_analytics.analytics.workload.WorkloadAnalysis`.
    measures : dict of str to Measure
        Those with an interval.
    """
    hidden = load.hidden()
    known_of = load.counted(load.responder >= 0) > 0
    each = dict(zip(CLASSES, (load.interrupts & (load.hours == code) for code in range(len(CLASSES))), strict=True))
    counts = {"n_alerts": load.counted(), "n_unassigned": load.counted(load.responder < 0)}
    counts |= {"n_interruptions": load.counted(load.interrupts)} | {f"n_{k}": load.counted(v) for k, v in each.items()}
    measures = {
        f"{name}_per_week": _per_week(load, load.interrupts if name == "interruptions" else each[name], level)
        for name in PER_WEEK
    }
    measures["sleep_share"] = _sleep_share(load, level)
    mean_open, counts["max_open"], busy = at_once(load)
    waits = [Estimate(nan, nan, nan) if hide else wait for wait, hide in zip(_waits(load, level), hidden, strict=True)]
    silent = {"n_interruptions", *(f"n_{name}" for name in CLASSES)}  # where nobody is named nobody is interrupted
    measures = {name: _blanked(one, ~known_of | hidden) for name, one in measures.items()}
    columns: dict[str, pa.Array] = keys_of(load, np.arange(load.n_rows), names)
    columns["n_people"] = known(np.where(hidden, nan, load.n_people)).cast(pa.int64())
    for name in (name for name in _COUNTS if name != "max_open"):
        missing = hidden | (~known_of if name in silent else False)
        columns[name] = known(np.where(missing, nan, counts[name])).cast(pa.int64())
    for name, one in measures.items():
        columns |= {name: known(one.value), f"{name}_low": known(one.low), f"{name}_high": known(one.high)}
    columns["mean_open"] = known(np.where(hidden, nan, mean_open))
    columns["max_open"] = known(np.where(hidden, nan, counts["max_open"])).cast(pa.int64())
    columns["busy_share"] = known(np.where(hidden, nan, busy))
    for name, values in zip(_HANDED, (load.reassignments, load.escalations), strict=True):
        columns[name] = known(np.where(hidden, nan, _told(load, values))).cast(pa.int64())
    columns |= estimates("acknowledge_median_", waits)
    columns["note"] = pa.array(_notes(load, measures, known_of), pa.string())
    return pa.table(columns), measures


def keys_of(load: Load, rows: npt.ArrayLike, names: Sequence[str]) -> dict[str, pa.Array]:
    """Give the values of `by` of these rows, a column each."""
    places = np.asarray(rows, dtype=np.int64).tolist()
    return {name: pa.array([load.keys[row][i] for row in places], pa.string()) for i, name in enumerate(names)}


def wait_of(load: Load, which: Ints, level: float) -> Estimate:
    """Give the median time to acknowledge of some alerts; one that ends unacknowledged is censored there.

    Parameters
    ----------
    load : Load
        The alerts.
    which : numpy.ndarray of int64, shape (m,)
        Their places.
    level : float
        Coverage of the interval, by days.

    Returns
    -------
    Estimate
        In seconds; unknown where half were never seen acknowledged.
    """
    done = load.is_acknowledged[which]
    if not done.any():
        return Estimate(nan, nan, nan)
    until = np.where(done, load.acknowledged_us[which], load.end_us[which])
    waited = np.maximum(until - load.fired_us[which], 0) / _US
    order = np.argsort(waited, kind="stable")
    day = (load.fired_us[which] // DAY_US)[order]
    return Group((), waited[order], done[order], day - day.min(), level).quantile(0.5)


def _waits(load: Load, level: float) -> Iterator[Estimate]:
    order = np.argsort(load.row, kind="stable")
    bounds = np.searchsorted(load.row[order], np.arange(load.n_rows + 1))
    for row in range(load.n_rows):
        which = order[bounds[row] : bounds[row + 1]]
        yield wait_of(load, which, level)


def _per_week(load: Load, which: Bools, level: float) -> Measure:
    unknown = np.full(load.n_rows, nan)
    if load.days <= 0:
        return Measure(unknown, unknown, unknown, unknown, unknown)
    rate, whole = load.counted(which) / load.days, int(load.days)
    if whole < MIN_DAYS:
        return Measure(rate * 7, unknown, unknown, unknown, unknown)
    end_us = max(load.until_us, int(load.fired_us.max(initial=0)) + 1)
    day = (end_us - 1 - load.fired_us[which]) // DAY_US
    low, high = daily_interval(load.row[which], day, load.n_rows, whole, level)
    low, high = np.minimum(low, rate) * 7, np.maximum(high, rate) * 7
    return Measure(rate * 7, (high - low) / (2 * critical_value(level)), low, high, unknown)


def _sleep_share(load: Load, level: float) -> Measure:
    """Interruptions of one day (UTC) are a cluster: whatever woke one person may have woken the next."""
    day = load.fired_us // DAY_US
    day = day - day.min(initial=0)
    n_days = int(day.max(initial=0)) + 1
    cells, place = np.unique(load.row * n_days + day, return_inverse=True)
    asleep = np.bincount(place, weights=load.interrupts & (load.hours == CLASSES.index("sleep")), minlength=cells.size)
    all_of = np.bincount(place, weights=load.interrupts, minlength=cells.size)
    return Measure.of(clustered_shares(asleep, all_of, cells // n_days, load.n_rows, level))


def _blanked(one: Measure, where: Bools) -> Measure:
    parts = (one.value, one.standard_error, one.low, one.high, one.n_clusters)
    return Measure(*(np.where(where, nan, part) for part in parts))


def _told(load: Load, values: Floats) -> Floats:
    """Sums over the alerts that say; NaN where none does."""
    says = ~np.isnan(values)
    total = np.bincount(load.row[says], weights=values[says], minlength=load.n_rows)
    return np.where(load.counted(says) > 0, total, nan)


def _notes(load: Load, measures: dict[str, Measure], known_of: Bools) -> Iterator[str | None]:
    unassigned, n = load.counted(load.responder < 0), load.counted()
    for row in range(load.n_rows):
        reasons = []
        if groups := load.pooled[row]:
            one_more = ", and the next smallest, lest a total give it away" if groups > load.n_small else ""
            small = f"{counted(load.n_small, 'group')} of too few people"
            if load.is_hidden:
                yield f"{small}{', and too few together' if load.n_small > 1 else ''}, so nothing is shown"
                continue
            reasons.append(f"{small}{one_more}, put together")
        if not load.n_people[row]:
            reasons.append("how many people stand behind it is not known")
        if not known_of[row]:
            reasons.append("no alert names who was interrupted")
        elif unassigned[row]:
            reasons.append(f"{unassigned[row] / n[row]:.0%} of the alerts name nobody, and interrupt nobody known")
        if load.days <= 0:
            reasons.append("nothing per week: the history spans no time")
        elif known_of[row] and np.isnan(measures["interruptions_per_week"].low[row]):
            reasons.append("no interval per week: too few days with interruptions")
        yield "; ".join(reasons) or None


def busiest_first(
    load: Load, table: pa.Table, measures: Mapping[str, Measure]
) -> tuple[Load, pa.Table, dict[str, Measure]]:
    """Put rows in order: most interruptions first, groups put together last."""
    n = load.counted(load.interrupts)
    order = np.lexsort((-load.counted(), -n, np.array(load.pooled, dtype=np.int64) > 0))
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    ordered = {
        name: Measure(*(part[order] for part in (one.value, one.standard_error, one.low, one.high, one.n_clusters)))
        for name, one in measures.items()
    }
    moved = replace(
        load,
        row=place[load.row],
        keys=tuple(load.keys[i] for i in order),
        pooled=tuple(load.pooled[i] for i in order),
        n_people=load.n_people[order],
    )
    return moved, table.take(pa.array(order)), ordered
