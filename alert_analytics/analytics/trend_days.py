"""What seasonality, change points and forecast share: the counts of a trend's busiest series, and its notes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from alert_analytics.analytics.local_time import Calendar, LocalCounts, local_counts
from alert_analytics.history import AlertHistory

if TYPE_CHECKING:
    from alert_analytics.analytics.trend import TrendAnalysis

_IN_WINDOWS = "alerts in maintenance windows are left out, and the time in them counts as time without alerts"


@dataclass(frozen=True, eq=False)
class Busiest:
    """Counts of the series with the most alerts, busiest first.

    Attributes
    ----------
    counted : LocalCounts
        Of them.
    n_left_out : int
        How many more series there are.
    note : str or None
        What holds for every row.
    """

    counted: LocalCounts
    n_left_out: int
    note: str | None


def busiest(trend: TrendAnalysis, calendar: Calendar, width: timedelta, most: int) -> Busiest:
    """Count the series of a trend by local day or hour, the `most` busiest of them.

    Parameters
    ----------
    trend : TrendAnalysis
        Whose series.
    calendar : Calendar
        Whose days.
    width : timedelta
        A day or an hour.
    most : int
        Series at most: each costs time of its own.
    """
    ranked = trend.table.sort_by([("n_alerts", "descending")]).slice(0, most).select(list(trend.by)).to_pylist()
    wanted = [tuple(row[name] for name in trend.by) for row in ranked] if trend.by else [()] * min(len(trend), 1)
    left_out = max(len(trend) - most, 0)
    history: AlertHistory = trend.history
    if left_out:
        history = history.where(
            {name: list(dict.fromkeys(key[i] for key in wanted)) for i, name in enumerate(trend.by)}
        )
    counted = local_counts(history, trend.by, calendar, width)
    place = {key: i for i, key in enumerate(counted.keys)}
    rows = [place[key] for key in wanted if key in place]
    chosen = replace(counted, keys=tuple(counted.keys[i] for i in rows), counts=counted.counts[rows])
    return Busiest(chosen, left_out, _IN_WINDOWS if history.at_risk is not None else None)


def settings_of(trend: TrendAnalysis, found: Busiest) -> dict[str, object]:
    """The settings that the answers have in common."""
    calendar = found.counted.calendar
    return dict(trend.history.settings) | {
        "by": list(trend.by),
        "timezone": calendar.zone,
        "holidays": sorted(calendar.holidays),
        "first_day": found.counted.first,
        "n_days": found.counted.n_days,
        "n_series": len(found.counted.keys),
        "n_left_out": found.n_left_out,
    }


def joined(*notes: str | None) -> str | None:
    """Put notes together; None where there is none."""
    return "; ".join(note for note in notes if note) or None
