"""When in the day and the week do alerts come? Cycles by MSTL in the analyst's own hours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.local_time import HOUR, NOTHING_COUNTED, Calendar, LocalCounts
from alert_analytics.analytics.result import Result, behind, called, check_names
from alert_analytics.analytics.trend_days import Busiest, busiest, joined, settings_of
from alert_analytics.history import AlertHistory
from alert_analytics.stats.daily import SUNDAY, Floats
from alert_analytics.stats.multiple import benjamini_hochberg
from alert_analytics.stats.seasonality import (
    DAYS_A_WEEK,
    HOURS_A_DAY,
    Components,
    cycle_p_value,
    decomposed,
    strength,
)
from alert_analytics.tables import counted, in_figures, many

if TYPE_CHECKING:
    from alert_analytics.analytics.trend import TrendAnalysis

MOST_SERIES = 20
MIN_DAYS = 21
DENSE_PER_DAY = 6.0
"""Alerts a day from which hours are decomposed; below, days."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FDR = 0.05
_HOURS_A_WEEK = HOURS_A_DAY * DAYS_A_WEEK


@dataclass(frozen=True, eq=False)
class Cycle:
    """What was found in one series.

    Attributes
    ----------
    rates : numpy.ndarray of float64, shape (d, 24)
        Alerts in each hour on the wall.
    parts : Components or None
        Of hours, or of days; None where the series is too short.
    is_hourly : bool
        Whether the parts are of hours.
    p_daily, p_weekly : float
        Of no such cycle; NaN where the series is too short.
    """

    rates: Floats
    parts: Components | None
    is_hourly: bool
    p_daily: float
    p_weekly: float


@dataclass(frozen=True, eq=False, repr=False)
class Seasonality(Result):
    """The daily and the weekly cycle, a row per series; make one with :meth:`TrendAnalysis.seasonality`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then ``n_alerts`` (of the whole local days alone), ``n_days`` (how many these are),
        ``bucket`` (``hour`` or ``day``: what was decomposed), ``daily_strength``, ``daily_p_value``, ``daily_q_value``,
        ``weekly_strength``, ``weekly_p_value``, ``weekly_q_value`` (q over all rows and both cycles),
        ``busiest`` and ``quietest`` (hour of the local week, such as ``Monday 09:00``) with ``busiest_per_hour`` and
        ``quietest_per_hour``, ``note``. Series in order of their alerts.

    Notes
    -----
    Strength is Hyndman's: the share of what is not trend that the cycle explains, above 0 also in noise. The
    p-value is :func:`alert_analytics.stats.seasonality.cycle_p_value`'s. Holidays are left out of the decomposition
    (their weekday's other days stand in) and count as Sundays in the profile and in the weekly component.
    """

    by: tuple[str, ...] = ()
    cycles: tuple[Cycle, ...] = ()
    counted: LocalCounts = field(default=NOTHING_COUNTED)

    @property
    def sentence(self) -> str:
        """The cycles in words."""
        rows = self.table.to_pylist()
        if not rows:
            return "There is no alert in this history, so it has no daily or weekly cycle."
        first = rows[0]
        if first["daily_p_value"] is None:
            return f"{counted(first['n_days'], 'whole day')}: too short for cycles, which need {MIN_DAYS} days."
        whose = (
            f"Of {len(rows):,} series by {', '.join(self.by)}, the busiest, {called(first, self.by)},"
            if self.by
            else ("Alert volume")
        )
        found = [
            f"a {name} cycle" + (f" of strength {first[f'{name}_strength']:.2f}" if first[f"{name}_strength"] else "")
            for name in ("daily", "weekly")
            if first[f"{name}_q_value"] < _FDR
        ]
        if not found:
            return f"{whose} has no daily or weekly cycle beyond chance ({self.counted.calendar.zone})."
        return (
            f"{whose} has {' and '.join(found)}: busiest {first['busiest']} with "
            f"{many(in_figures(first['busiest_per_hour']), 'alert')} an hour, quietest {first['quietest']} with "
            f"{in_figures(first['quietest_per_hour'])} ({self.counted.calendar.zone})."
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the series in `row`."""
        return behind(self.history, self.by, self._row(row))

    @cached_property
    def profile(self) -> pa.Table:
        """The week's hours.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``weekday`` (0 for Monday), ``hour``, ``alerts_per_hour`` (mean) and ``n_days``
            (it is a mean over so many, holidays among the Sundays): 168 rows a series; null where there is no such day.
        """
        days = self.counted
        rates = [_profile(cycle.rates, days) for cycle in self.cycles]
        s = len(rates)
        n_days = np.bincount(days.weekdays, minlength=DAYS_A_WEEK)
        columns = {
            "weekday": pa.array(np.tile(np.repeat(np.arange(DAYS_A_WEEK), HOURS_A_DAY), s), pa.int64()),
            "hour": pa.array(np.tile(np.arange(HOURS_A_DAY), DAYS_A_WEEK * s), pa.int64()),
            "alerts_per_hour": pa.array(np.array(rates).ravel(), pa.float64(), from_pandas=True),
            "n_days": pa.array(np.tile(np.repeat(n_days, HOURS_A_DAY), s), pa.int64()),
        }
        return pa.table(days.columns(self.by, np.repeat(np.arange(s), _HOURS_A_WEEK)) | columns)

    @cached_property
    def components(self) -> pa.Table:
        """The parts of each series, which add up to it.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``local_start`` (the clock on the wall), ``n_alerts`` (an hour that came twice
            counts half), ``trend``, ``daily`` (null where days were decomposed), ``weekly`` and ``remainder``.
        """
        days, tables = self.counted, []
        for i, cycle in enumerate(self.cycles):
            if cycle.parts is None:
                continue
            width = HOUR if cycle.is_hourly else HOUR * HOURS_A_DAY
            n = cycle.parts.trend.size
            first = datetime.combine(days.first, time())
            columns = {
                "local_start": pa.array([first + j * width for j in range(n)], pa.timestamp("us")),
                "n_alerts": pa.array(cycle.rates.ravel() if cycle.is_hourly else cycle.rates.sum(axis=1), pa.float64()),
                "trend": pa.array(cycle.parts.trend),
                "daily": pa.array(cycle.parts.seasonal[0]) if cycle.is_hourly else pa.nulls(n, pa.float64()),
                "weekly": pa.array(cycle.parts.seasonal[-1]),
                "remainder": pa.array(cycle.parts.remainder),
            }
            tables.append(pa.table(days.columns(self.by, [i] * n) | columns))
        names = [*self.by, *_COMPONENTS]
        empty = pa.table({name: pa.array([], _COMPONENTS.get(name, pa.string())) for name in names})
        return pa.concat_tables([empty, *tables])


_COMPONENTS = {
    "local_start": pa.timestamp("us"),
    **dict.fromkeys(("n_alerts", "trend", "daily", "weekly", "remainder"), pa.float64()),
}


def seasonality_of(trend: TrendAnalysis, calendar: Calendar) -> Seasonality:
    """Find the cycles of a trend's series; see :meth:`TrendAnalysis.seasonality`."""
    check_names(trend.by, [*_SCHEMA, *_FURTHER])
    found = busiest(trend, calendar, HOUR, MOST_SERIES)
    per_hour = found.counted.per_hour()
    cycles = tuple(_cycle(rates, found.counted) for rates in per_hour)
    q = benjamini_hochberg(np.array([[one.p_daily, one.p_weekly] for one in cycles]).ravel()).reshape(-1, 2)
    rows = [
        _row(cycle, found, q[i]) | {"n_alerts": int(found.counted.counts[i].sum())} for i, cycle in enumerate(cycles)
    ]
    columns = {name: pa.array([row[name] for row in rows], kind) for name, kind in _SCHEMA.items()}
    table = pa.table(found.counted.columns(trend.by) | columns)
    settings = settings_of(trend, found)
    return Seasonality(table, trend.history, settings, found.counted.sql, trend.by, cycles, found.counted)


# The columns of the profile and of the components.
_FURTHER = ("weekday", "hour", "alerts_per_hour", *_COMPONENTS)
_SCHEMA = {
    "n_alerts": pa.int64(),
    "n_days": pa.int64(),
    "bucket": pa.string(),
    **{f"{cycle}_{what}": pa.float64() for cycle in ("daily", "weekly") for what in ("strength", "p_value", "q_value")},
    "busiest": pa.string(),
    "busiest_per_hour": pa.float64(),
    "quietest": pa.string(),
    "quietest_per_hour": pa.float64(),
    "note": pa.string(),
}


def _cycle(rates: Floats, days: LocalCounts) -> Cycle:
    if len(rates) < MIN_DAYS:
        return Cycle(rates, None, False, float("nan"), float("nan"))
    usual = _without_holidays(rates, days)
    is_hourly = float(rates.sum(axis=1).mean()) >= DENSE_PER_DAY
    if is_hourly:
        parts = decomposed(usual.ravel(), (HOURS_A_DAY, _HOURS_A_WEEK))
    else:
        parts = decomposed(usual.sum(axis=1), (DAYS_A_WEEK,))
    weeks = len(usual) // DAYS_A_WEEK * DAYS_A_WEEK
    p_weekly = cycle_p_value(usual[:weeks].sum(axis=1).reshape(-1, DAYS_A_WEEK))
    seen = rates.ravel() if is_hourly else rates.sum(axis=1)
    return Cycle(rates, _with_holidays(parts, seen, days), is_hourly, cycle_p_value(usual), p_weekly)


def _without_holidays(rates: Floats, days: LocalCounts) -> Floats:
    """Put the mean of the same weekday's other days in place of each holiday."""
    holiday = days.calendar.are_holidays(days.first, days.n_days)
    weekday = (np.arange(days.n_days) + days.first.weekday()) % DAYS_A_WEEK
    usual = rates.copy()
    for day in np.flatnonzero(holiday):
        alike = (weekday == weekday[day]) & ~holiday
        if alike.any():
            usual[day] = rates[alike].mean(axis=0)
    return usual


def _with_holidays(parts: Components, seen: Floats, days: LocalCounts) -> Components:
    """Give holidays the weekly component of the nearest Sunday, and what is left to the remainder."""
    holiday = np.flatnonzero(days.calendar.are_holidays(days.first, days.n_days))
    if not holiday.size:
        return parts
    weekday = (np.arange(days.n_days) + days.first.weekday()) % DAYS_A_WEEK
    sundays = np.setdiff1d(np.flatnonzero(weekday == SUNDAY), holiday)
    weekly = parts.seasonal[-1].reshape(days.n_days, -1).copy()
    for day in holiday if sundays.size else []:
        weekly[day] = weekly[sundays[np.abs(sundays - day).argmin()]]
    seasonal = (*parts.seasonal[:-1], weekly.ravel())
    return Components(parts.trend, seasonal, seen - parts.trend - np.sum(seasonal, axis=0))


def _profile(rates: Floats, days: LocalCounts) -> Floats:
    """Mean of each hour of the week, shape (168,); NaN where there is no such day."""
    weekday = days.weekdays
    return np.concatenate(
        [
            rates[weekday == day].mean(axis=0) if (weekday == day).any() else np.full(HOURS_A_DAY, np.nan)
            for day in range(DAYS_A_WEEK)
        ]
    )


def _row(cycle: Cycle, found: Busiest, q: Floats) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(_SCHEMA) | {"n_days": found.counted.n_days}
    if cycle.parts is None:
        short = f"too short: {counted(found.counted.n_days, 'whole day')}, cycles need {MIN_DAYS}"
        return row | {"note": joined(short, found.note)}
    sparse = None if cycle.is_hourly else f"under {DENSE_PER_DAY:g} alerts a day: days are decomposed, not hours"
    strengths = [strength(part, cycle.parts.remainder) for part in cycle.parts.seasonal]
    profile = _profile(cycle.rates, found.counted)
    # An hour is not known where its weekday was always a holiday.
    high, low = int(np.nanargmax(profile)), int(np.nanargmin(profile))
    return row | {
        "bucket": "hour" if cycle.is_hourly else "day",
        "daily_strength": strengths[0] if cycle.is_hourly else None,
        "daily_p_value": cycle.p_daily,
        "daily_q_value": float(q[0]),
        "weekly_strength": strengths[-1],
        "weekly_p_value": cycle.p_weekly,
        "weekly_q_value": float(q[1]),
        "busiest": _hour_of_week(high),
        "busiest_per_hour": float(profile[high]),
        "quietest": _hour_of_week(low),
        "quietest_per_hour": float(profile[low]),
        "note": joined(sparse, found.note),
    }


def _hour_of_week(place: int) -> str:
    return f"{WEEKDAYS[place // HOURS_A_DAY]} {place % HOURS_A_DAY:02d}:00"
