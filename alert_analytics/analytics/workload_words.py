"""The load of responders in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alert_analytics.analytics.result import called
from alert_analytics.analytics.suppression import SUPPRESSED
from alert_analytics.analytics.workload_seen import Load
from alert_analytics.tables import counted, in_figures, many


def in_words(table: Sequence[Mapping[str, Any]], by: Sequence[str], load: Load, level: float) -> str:
    """Say who is interrupted most, and who is not shown.

    Parameters
    ----------
    table : sequence of mapping
        Rows of :class:`WorkloadAnalysis`.
    by : sequence of str
        What they are told apart by.
    load : Load
        What they were counted from, in the same order.
    level : float
        Of the intervals.
    """
    rows = [row for row, n in zip(table, load.pooled, strict=True) if not n]
    if not table:
        return "There is no alert in this history, so it interrupted nobody."
    pooled = f" {_pooled(load)}" if load.n_small else ""
    busy = [row for row in rows if row["n_interruptions"] is not None]
    if busy:
        name = f"{called(busy[0], by)} is interrupted most: " if len(busy) > 1 and by else ""
        of = f"Of {counted(len(rows), 'group')} by {', '.join(by)}, {name}" if name else ""
        return f"{of}{_row(busy[0], level)}.{pooled}"
    if rows and not pooled:
        n = counted(int(load.row.size), "alert")
        return f"Of {n} none is known to have interrupted anybody: {rows[0]['note']}."
    if table[-1]["n_interruptions"] is not None:
        return f"All together: {_row(table[-1], level)}.{pooled}"
    if rows:
        return f"Of the alerts that are shown none is known to have interrupted anybody.{pooled}"
    return f"Too few people to show anybody's load:{pooled}"


def _pooled(load: Load) -> str:
    few = f"{counted(load.n_small, 'group')} of fewer than {load.suppress_below} people"
    are = "is" if load.n_small == 1 else "are"
    show = f"suppress_below=1 shows {'it' if load.n_small == 1 else 'them'}"
    if load.is_hidden:
        return f"{few} {are} hidden, {SUPPRESSED}; {show}."
    if sum(load.pooled) > load.n_small:
        few, are = f"{few} and the next smallest, lest a total give it away,", "are"
    return f"{few} {are} shown as one row, {SUPPRESSED}; {show}."


def _row(row: Mapping[str, Any], level: float) -> str:
    who = f"{counted(row['n_people'], 'responder')} interrupted " if row["n_people"] else "interrupted "
    if row["interruptions_per_week"] is None:
        return f"{who}{counted(row['n_interruptions'], 'time')} in a span of no length"
    between = ""
    if row["interruptions_per_week_low"] is not None:
        low, high = (in_figures(row[f"interruptions_per_week_{end}"]) for end in ("low", "high"))
        between = f" ({level:.0%} interval {low} to {high})"
    said = f"{who}{many(in_figures(row['interruptions_per_week']), 'time')} a week{between}"
    if row["sleep_share"] is not None:
        said += f", {row['sleep_share']:.0%} of them in sleep hours"
    return f"{said}; {many(in_figures(row['mean_open']), 'alert')} open at once on average, {row['max_open']:,} at most"
