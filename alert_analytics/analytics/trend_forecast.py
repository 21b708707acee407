"""How many alerts are to come: each day ahead, with an interval that has held so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.local_time import DAY, NOTHING_COUNTED, Calendar, LocalCounts
from alert_analytics.analytics.result import Result, behind, called, check_names
from alert_analytics.analytics.trend_days import busiest, joined, settings_of
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.stats.forecast import MIN_DAYS, ahead
from alert_analytics.tables import counted, in_figures, many

if TYPE_CHECKING:
    from alert_analytics.analytics.trend import TrendAnalysis

MOST_SERIES = 500
_RECENT = 28
_LONGEST = 3650


@dataclass(frozen=True, eq=False, repr=False)
class Forecast(Result):
    """Alerts of the days ahead, a row per series and day; make one with :meth:`TrendAnalysis.forecast`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then ``day`` (local date; the first is the one in which the history ends), ``expected``
        (alerts), ``low``, ``high`` (95 % prediction interval of that day's count, both included), ``note``. Series in
        order of their alerts.

    Notes
    -----
    See :func:`alert_analytics.stats.forecast.ahead`: weekday profile times a level that forgets as fast as would have
    served best so far; no slope is carried on. The interval is of a day by itself: of thirty days one or two lie
    outside. It holds (92 to 97 %, ``benchmarks/validity_trend.py``) as long as what drives alerts goes on as it did: it
    knows nothing of next week's deployment.
    """

    by: tuple[str, ...] = ()
    counted: LocalCounts = field(default=NOTHING_COUNTED)

    @property
    def sentence(self) -> str:
        """The days ahead in words."""
        n_series, n_days = int(str(self.settings["n_series"])), int(str(self.settings["n_days"]))
        if not n_series:
            return "There is no alert in this history, so there is nothing to forecast from."
        if n_days < MIN_DAYS:
            return f"{counted(n_days, 'whole day')}: too short for a forecast, which needs {MIN_DAYS} days."
        rows = [row for row in self.table.to_pylist() if row["expected"] is not None]
        first = rows[0]
        mine = [row for row in rows if all(row[name] == first[name] for name in self.by)]
        mean = float(np.mean([row["expected"] for row in mine]))
        low, high = min(row["low"] for row in mine), max(row["high"] for row in mine)
        whose = (
            f" of the busiest of {n_series:,} series by {', '.join(self.by)}, {called(first, self.by)},"
            if self.by
            else ""
        )
        rate = many(in_figures(mean), "alert")
        return (
            f"Over the next {counted(len(mine), 'day')} {rate} a day{whose} "
            f"{'are' if rate.endswith('s') else 'is'} expected; a day may "
            f"have {in_figures(low)} to {in_figures(high)} (95% intervals of single days)."
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts that the forecast in `row` was made from."""
        return behind(self.history, self.by, self._row(row))

    def recent(self) -> pa.Table:
        """The last eight weeks of the same series, as they were.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``day`` and ``n_alerts``.
        """
        return _seen(self.counted, self.by)


def forecast_of(trend: TrendAnalysis, horizon: timedelta | int, calendar: Calendar) -> Forecast:
    """Forecast a trend's series; see :meth:`TrendAnalysis.forecast`."""
    check_names(trend.by, ("day", "n_alerts", "expected", "low", "high", "note"))
    n_ahead = _days_of(horizon)
    found = busiest(trend, calendar, DAY, MOST_SERIES)
    days = found.counted
    known = min(n_ahead, days.n_days // 2) if days.n_days >= MIN_DAYS else 0
    first_ahead = days.date(days.n_days)
    next_days = calendar.weekdays(first_ahead, known)
    made = [ahead(one, days.weekdays, next_days) for one in days.counts] if known else []
    s = len(days.keys)
    columns = {name: _padded([getattr(one, name) for one in made], s, n_ahead) for name in ("expected", "low", "high")}
    too_far = f"more than half as far ahead as was seen ({counted(days.n_days, 'day')})"
    why = too_far if known else f"too short: {counted(days.n_days, 'whole day')}, a forecast needs {MIN_DAYS}"
    notes = [joined(None if i < known else why, found.note) for i in range(n_ahead)]
    table = pa.table(
        days.columns(trend.by, np.repeat(np.arange(s), n_ahead))
        | {"day": pa.array([days.date(days.n_days + i) for i in range(n_ahead)] * s, pa.date32())}
        | columns
        | {"note": pa.array(notes * s, pa.string())}
    )
    settings = settings_of(trend, found) | {"horizon_days": n_ahead, "level": 0.95}
    return Forecast(table, trend.history, settings, days.sql, trend.by, days)


def _days_of(horizon: object) -> int:
    days = horizon / DAY if isinstance(horizon, timedelta) else horizon
    if isinstance(days, bool) or not isinstance(days, (int, float)) or not 0 < days <= _LONGEST:
        raise HistoryError(
            f"horizon={horizon!r}; expected 1 to {_LONGEST} days.", hint="forecast(14) or forecast(timedelta(days=14))"
        )
    return ceil(days)


def _padded(parts: list[Any], s: int, n: int) -> pa.Array:
    values = np.full((s, n), np.nan)
    for i, one in enumerate(parts):
        values[i, : len(one)] = one
    return pa.array(values.ravel(), pa.float64(), from_pandas=True)


def _seen(days: LocalCounts, names: tuple[str, ...]) -> pa.Table:
    n = min(days.n_days, 2 * _RECENT)
    first = days.n_days - n
    s = len(days.keys)
    columns = {
        "day": pa.array([days.date(first + i) for i in range(n)] * s, pa.date32()),
        "n_alerts": pa.array(days.counts[:, first:].ravel().astype(np.int64), pa.int64()),
    }
    return pa.table(days.columns(names, np.repeat(np.arange(s), n)) | columns)
