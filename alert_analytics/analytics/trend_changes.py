"""When did it change? The days on which the level of a series of daily counts shifted, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.local_time import DAY, NOTHING_COUNTED, Calendar, LocalCounts
from alert_analytics.analytics.result import Result, behind, called, check_names
from alert_analytics.analytics.trend_days import Busiest, busiest, joined, settings_of
from alert_analytics.history import AlertHistory
from alert_analytics.stats.change_points import MIN_DAYS, Shifts, level_shifts
from alert_analytics.tables import counted, in_figures

if TYPE_CHECKING:
    from alert_analytics.analytics.trend import TrendAnalysis

MOST_SERIES = 500
_LINE = "a straight line says as much: this may be part of a steady change rather than a step"

_ROUGH = "few alerts a day: the interval holds the day in about 8 of 10 cases"
_FEW_PER_DAY = 2.0


@dataclass(frozen=True, eq=False, repr=False)
class ChangePoints(Result):
    """The days on which the level of a series changed, a row per change; :attr:`TrendAnalysis.change_points`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then ``changed_on`` (first day of the new level, local), ``changed_low``,
        ``changed_high`` (95 % interval, both days included), ``before_per_day``, ``after_per_day`` (alerts a day since
        the change before and until the next one), ``ratio``, ``p_value`` (of no change in this stretch of the series,
        over the stretch's share of it), ``q_value`` (also for the other series), ``note``. Series in order of their
        alerts, the changes of each in order of time.

    Notes
    -----
    See :func:`alert_analytics.stats.change_points.level_shifts`. At most 5 % of series without a change get one, also
    with a weekly cycle and days that hang together (``benchmarks/validity_trend.py``). A series is looked at from
    eight weeks on; changes in its first and last two weeks are not seen. A change that was looked for and found seems a
    little larger than it is. Two large steps can hide
    each other, above all where the level falls back again: narrow the history then.
    """

    by: tuple[str, ...] = ()
    counted: LocalCounts = field(default=NOTHING_COUNTED)
    shifts: tuple[Shifts, ...] = ()

    @property
    def sentence(self) -> str:
        """The changes in words."""
        n_series, n_days = int(str(self.settings["n_series"])), int(str(self.settings["n_days"]))
        if not n_series:
            return "There is no alert in this history, so no level changes."
        if n_days < MIN_DAYS:
            return f"{counted(n_days, 'whole day')}: too short for change points, which need {MIN_DAYS} days."
        rows = self.table.to_pylist()
        whose = f"{n_series:,} series by {', '.join(self.by)}" if self.by else ""
        if not rows:
            return (
                f"None of {whose} changed its level beyond chance."
                if self.by
                else "The level of alerts did not change beyond chance."
            )
        clearest = min(rows, key=lambda row: row["p_value"])
        if not self.by:
            more = f" The clearest of {len(rows):,} changes." if len(rows) > 1 else ""
            return f"The level of alerts {_said(clearest)}.{more}"
        n = len({tuple(row[name] for name in self.by) for row in rows})
        return (
            f"Of {whose}, {n:,} changed {'its' if n == 1 else 'their'} level beyond chance; the clearest, "
            f"{called(clearest, self.by)}, {_said(clearest)}."
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the series in `row` from its change on, until its next one."""
        record = self._row(row)
        mine = behind(self.history, self.by, record).where(since=self.counted.calendar.utc(record["changed_on"]))
        later = [
            other["changed_on"]
            for other in self.table.to_pylist()
            if all(other[name] == record[name] for name in self.by) and other["changed_on"] > record["changed_on"]
        ]
        return mine.where(until=self.counted.calendar.utc(min(later))) if later else mine

    def daily(self) -> pa.Table:
        """The daily counts of the series that changed, with the level of each day.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``day`` (local date), ``n_alerts``, ``level_per_day``; of all alerts where there
            is no ``by``.
        """
        return _levels(self.counted, self.by, self.shifts)


def change_points_of(trend: TrendAnalysis, calendar: Calendar) -> ChangePoints:
    """Look for the changes of level of a trend's series; see :meth:`TrendAnalysis.find_change_points`."""
    check_names(trend.by, [*_SCHEMA, "day", "n_alerts", "level_per_day"])
    found = busiest(trend, calendar, DAY, MOST_SERIES)
    days = found.counted
    shifts = level_shifts(days.counts, days.weekdays)
    rows = [row for i, one in enumerate(shifts) for row in _rows(found, i, one)]
    columns = {name: pa.array([row[name] for row in rows], kind) for name, kind in _SCHEMA.items()}
    table = pa.table(days.columns(trend.by, [row["series"] for row in rows]) | columns)
    return ChangePoints(
        table,
        trend.history,
        settings_of(trend, found) | {"level": 0.95, "fdr": 0.05, "n_changed": sum(bool(s.found) for s in shifts)},
        days.sql,
        by=trend.by,
        counted=days,
        shifts=tuple(shifts),
    )


_SCHEMA = {
    "changed_on": pa.date32(),
    "changed_low": pa.date32(),
    "changed_high": pa.date32(),
    "before_per_day": pa.float64(),
    "after_per_day": pa.float64(),
    "ratio": pa.float64(),
    "p_value": pa.float64(),
    "q_value": pa.float64(),
    "note": pa.string(),
}


def _rows(found: Busiest, series: int, shifts: Shifts) -> list[dict[str, Any]]:
    days = found.counted
    if not shifts.found:
        return []
    edges = [0, *(shift.day for shift in shifts.found), days.n_days]
    levels = [float(days.counts[series, start:end].mean()) for start, end in pairwise(edges)]
    return [
        {
            "series": series,
            "changed_on": days.date(shift.day),
            "changed_low": days.date(shift.first),
            "changed_high": days.date(shift.last),
            "before_per_day": before,
            "after_per_day": after,
            "ratio": after / before if before > 0 else None,
            "p_value": shift.p_value,
            "q_value": shift.q_value,
            "note": joined(
                _LINE if shifts.is_line else None,
                _ROUGH if days.counts[series].mean() < _FEW_PER_DAY else None,
                found.note,
            ),
        }
        for shift, (before, after) in zip(shifts.found, pairwise(levels), strict=True)
    ]


def _levels(days: LocalCounts, names: tuple[str, ...], shifts: tuple[Shifts, ...]) -> pa.Table:
    """The days of the series that changed; of the only one in any case."""
    shown = [i for i, one in enumerate(shifts) if one.found or not names]
    level = np.zeros((len(shown), days.n_days))
    for row, i in enumerate(shown):
        edges = [0, *(shift.day for shift in shifts[i].found), days.n_days]
        for start, end in pairwise(edges):
            level[row, start:end] = days.counts[i, start:end].mean() if end > start else 0.0
    dates: list[date] = [days.date(i) for i in range(days.n_days)]
    columns = {
        "day": pa.array(dates * len(shown), pa.date32()),
        "n_alerts": pa.array(days.counts[shown].ravel().astype(np.int64), pa.int64()),
        "level_per_day": pa.array(level.ravel(), pa.float64()),
    }
    return pa.table(days.columns(names, np.repeat(np.array(shown, dtype=np.int64), days.n_days)) | columns)


def _said(row: dict[str, Any]) -> str:
    verb = "rose" if row["after_per_day"] > row["before_per_day"] else "fell"
    return (
        f"{verb} from {in_figures(row['before_per_day'])} to {in_figures(row['after_per_day'])} a day on "
        f"{row['changed_on']} (95% interval {row['changed_low']} to {row['changed_high']})"
    )
