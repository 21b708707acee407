"""The table of a performance: every number of every group, with its interval and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.estimates import known
from alert_analytics.analytics.exposure import exposed
from alert_analytics.analytics.performance_definitions import SHARES
from alert_analytics.analytics.performance_measures import (
    Measure,
    between_firings,
    conditions,
    incidents,
    notes,
    shares,
    summed,
)
from alert_analytics.analytics.performance_seen import Floats, Ints, Seen, Thresholds, in_us
from alert_analytics.analytics.performance_times import MIN_DAYS, mean_times, per_day
from alert_analytics.analytics.result import key_columns
from alert_analytics.history import AlertHistory
from alert_analytics.stats.clusters import critical_value
from alert_analytics.stats.rate import rate_interval

_INTERVALS = ("alerts_per_day", *SHARES, "mtta_s", "mttr_s", "mtbf_s")
_COUNTS = ("n_alerts", "n_conditions", "n_occurrences", "n_open", "n_unsaid", "n_flapping", "n_incidents")
_LAID = (
    *("n_alerts", "alerts_per_day", "n_conditions", "n_occurrences", "occurrences_per_alert", "deduplication_ratio"),
    *("n_open", "n_unsaid", *SHARES, "n_flapping", "flapping_s", "mtta_s", "mttr_s", "mtbf_s", "n_incidents"),
    *("alerts_per_incident", "n_clusters_effective"),
)


def _end(name: str, end: str) -> str:
    """``mttr_s`` has the ends ``mttr_low_s`` and ``mttr_high_s``, a share ``..._low`` and ``..._high``."""
    return f"{name[:-2]}_{end}_s" if name.endswith("_s") else f"{name}_{end}"


OWN_COLUMNS = frozenset(
    {
        *(*_LAID, "mtta_horizon_s", "mttr_horizon_s", "note"),
        *(_end(name, end) for name in _INTERVALS for end in ("low", "high")),
        *("metric", "value", "standard_error", "low", "high", "unit", "definition"),
    }
)
"""What a label must not be called to be grouped by."""


def laid_out(
    rows: Seen,
    history: AlertHistory,
    names: Sequence[str],
    keys: pa.ChunkedArray,
    given: Thresholds,
    has_incidents: bool,
    horizon_s: float | None,
    level: float,
) -> tuple[pa.Table, dict[str, Measure], dict[str, float]]:
    """Compute every number and lay it out, the largest group first.

    Parameters
    ----------
    rows : Seen
        The alerts.
    history : AlertHistory
        Where they come from, for its span and its time at risk.
    names : sequence of str
        Columns or labels grouped by.
    keys : pyarrow.ChunkedArray
        Their values in each group.
    given : Thresholds
        What is short, and so on.
    has_incidents : bool
        Whether the history knows incidents.
    horizon_s : float or None
        Up to where means are taken.
    level : float
        Coverage of the intervals.

    Returns
    -------
    table : pyarrow.Table
        See :class:`alert_analytics.analytics.performance.PerformanceAnalysis`.
    measures : dict of str to Measure
        Those with an interval, in the order of the rows.
    horizons : dict of str to float
        Of ``mtta`` and ``mttr``, in seconds.
    """
    flaps, times = rows.flapping(given), mean_times(rows, {"mtta": horizon_s, "mttr": horizon_s}, level)
    rate, days = _per_day(rows, history, names, keys, level)
    measures = {"alerts_per_day": rate, **shares(rows, given, flaps, level)}
    measures |= {"mtta_s": times["mtta"].mean, "mttr_s": times["mttr"].mean, "mtbf_s": between_firings(rows, level)}
    n, occurrences = summed(rows, np.ones(rows.group.size)), summed(rows, rows.occurrences)
    n_incidents = incidents(rows) if has_incidents else np.full(rows.n_groups, np.nan)
    numbers: dict[str, Floats] = {
        "n_alerts": n,
        "n_conditions": conditions(rows),
        "n_occurrences": occurrences,
        "n_open": n - summed(rows, rows.is_over),
        "n_unsaid": summed(rows, rows.actions.is_unsaid),
        "n_flapping": conditions(rows, flaps.flaps) if rows.follows.any() else np.full(rows.n_groups, np.nan),
        "n_incidents": n_incidents,
        "occurrences_per_alert": occurrences / n,
        "deduplication_ratio": 1 - n / occurrences,
        "flapping_s": summed(rows, flaps.flapping_us / 1e6) if rows.follows.any() else np.full(rows.n_groups, np.nan),
        "alerts_per_incident": n / n_incidents,
        "n_clusters_effective": _clusters(rows),
    }
    order = largest_first(rows)
    columns: dict[str, pa.Array] = dict(key_columns(keys.take(pa.array(order)), names))
    for name in _LAID:
        if name in measures:
            one = measures[name]
            columns[name] = known(one.value[order])
            columns[_end(name, "low")], columns[_end(name, "high")] = known(one.low[order]), known(one.high[order])
        else:
            column = known(numbers[name][order])
            columns[name] = column.cast(pa.int64()) if name in _COUNTS else column
        if name in {"mtta_s", "mttr_s"}:
            columns[f"{name[:-2]}_horizon_s"] = known([times[name[:-2]].horizon_s] * rows.n_groups)
    said = notes(rows, measures, has_incidents=has_incidents, days=days)
    columns["note"] = pa.array([said[g] for g in order], pa.string())
    ordered = {name: in_order(one, order) for name, one in measures.items()}
    return pa.table(columns), ordered, {name: one.horizon_s for name, one in times.items()}


def largest_first(rows: Seen) -> Ints:
    """The groups in the order of the table's rows."""
    return np.argsort(-summed(rows, np.ones(rows.group.size)), kind="stable")


def in_order(one: Measure, order: Ints) -> Measure:
    """A measure of groups in another order."""
    return Measure(*(part[order] for part in (one.value, one.standard_error, one.low, one.high, one.n_clusters)))


def _per_day(
    rows: Seen, history: AlertHistory, names: Sequence[str], keys: pa.ChunkedArray, level: float
) -> tuple[Measure, float]:
    """Alerts a day of each group, and the days of the span; per day at risk where maintenance took some away."""
    span, risk = history.span, history.at_risk
    if span is None or risk is None or span.days <= 0:
        return per_day(rows, in_us(span.start if span else None), level), span.days if span else 0.0
    end = span.end
    found, _ = exposed(history, risk, names, span.start, end, int(span.days))
    place = {tuple(key): g for g, key in enumerate(keys.to_pylist())}
    value, low, high = (np.full(rows.n_groups, np.nan) for _ in range(3))
    for one in found:
        g, daily = place[one.key], one.daily()
        value[g] = one.per_day
        if daily.size >= MIN_DAYS:
            ends = rate_interval(daily, level)
            low[g], high[g] = np.minimum(float(ends[0]), value[g]), np.maximum(float(ends[1]), value[g])
    unknown = np.full(rows.n_groups, np.nan)
    return Measure(value, (high - low) / (2 * critical_value(level)), low, high, unknown), span.days


def _clusters(rows: Seen) -> Floats:
    """The effective number of clusters of each group."""
    codes, group = rows.cell
    sizes = np.bincount(codes, minlength=group.size).astype(np.float64)
    squares = np.bincount(group, weights=sizes**2, minlength=rows.n_groups)
    return summed(rows, np.ones(rows.group.size)) ** 2 / squares
