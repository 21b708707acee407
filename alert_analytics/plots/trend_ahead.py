"""Pictures of what a trend knows beside its slope: the week's hours, changes of level, the days ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import altair as alt
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.analytics import ChangePoints, Forecast, Seasonality
from alert_analytics.plots.style import (
    DAYS,
    HEIGHT,
    MOST_SERIES,
    WIDTH,
    inline,
    layered,
    solid_legend,
    titled,
    with_series,
)

_ROW_HEIGHT = 26


def seasonality_chart(seasonality: Seasonality) -> alt.Chart:
    """Draw the week's hours of the busiest series as a heat map.

    Parameters
    ----------
    seasonality : Seasonality
        With or without ``by``.

    Returns
    -------
    altair.Chart
        A cell an hour of the local week, the darker the more alerts; grey where there was no such day.
    """
    profile = with_series(seasonality.profile, seasonality.by).slice(0, 7 * 24).to_pylist()
    rows = [row | {"day": DAYS[row["weekday"]]} for row in profile]
    name = f"{rows[0]['series']}; " if rows and seasonality.by else ""
    subtitle = f"{name}mean alerts an hour, {seasonality.settings['timezone']}"
    chart = (
        alt.Chart(inline(rows))
        .mark_rect()
        .encode(
            x=alt.X("hour:O", title="hour of the day", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("day:O", title=None, sort=list(DAYS)),
            color=alt.Color("alerts_per_hour:Q", title="alerts an hour", scale=alt.Scale(scheme="blues", zero=True)),
        )
        .properties(width=WIDTH, height=7 * _ROW_HEIGHT, title=titled(seasonality.sentence, subtitle))
    )
    return cast("alt.Chart", chart)


def change_points_chart(changes: ChangePoints) -> alt.LayerChart:
    """Draw the daily counts of the series that changed, their levels, and the interval of each change.

    Parameters
    ----------
    changes : ChangePoints
        With or without ``by``.

    Returns
    -------
    altair.LayerChart
        At most six series, the busiest that changed; a band is the interval of a date.
    """
    daily = with_series(changes.daily(), changes.by)
    shown = list(dict.fromkeys(daily["series"].to_pylist()))[:MOST_SERIES]
    rows = _dated(_of(daily, shown), ("day",))
    marks = _dated(_of(with_series(changes.table, changes.by), shown), ("changed_on", "changed_low", "changed_high"))
    color = alt.Color(
        "series:N", title=", ".join(changes.by) or None, legend=solid_legend(changes.by), scale=alt.Scale(domain=shown)
    )
    base = alt.Chart(inline(rows)).encode(x=_time("day:T"), color=color)
    counts = base.mark_line(opacity=0.3, strokeWidth=1).encode(y=alt.Y("n_alerts:Q", title="alerts a day"))
    level = base.mark_line(strokeWidth=2.5, interpolate="step-after").encode(y="level_per_day:Q")
    changed = alt.Chart(inline(marks)).encode(color=color)
    band = changed.mark_rect(opacity=0.12).encode(x=_time("changed_low:T"), x2="changed_high:T")
    rule = changed.mark_rule(strokeDash=[4, 3], strokeWidth=1.5).encode(x=_time("changed_on:T"))
    zone = changes.settings["timezone"]
    subtitle = f"thin: per day ({zone}); bold: level; dashed with band: change and its 95% interval"
    return layered(band, counts, level, rule, width=WIDTH, height=HEIGHT, title=titled(changes.sentence, subtitle))


def forecast_chart(forecast: Forecast) -> alt.LayerChart:
    """Draw the last eight weeks of the busiest series, and the days ahead with their intervals.

    Parameters
    ----------
    forecast : Forecast
        With or without ``by``.

    Returns
    -------
    altair.LayerChart
        One series: fans that overlap cannot be read.
    """
    table = with_series(forecast.table, forecast.by)
    shown = table["series"].to_pylist()[:1]
    ahead = _dated(_of(table.filter(pc.is_valid(table["expected"])), shown), ("day",))
    recent = _dated(_of(with_series(forecast.recent(), forecast.by), shown), ("day",))
    seen = alt.Chart(inline(recent)).mark_line(strokeWidth=1.5, color="#555")
    seen = seen.encode(x=_time("day:T"), y=alt.Y("n_alerts:Q", title="alerts a day"))
    base = alt.Chart(inline(ahead)).encode(x=_time("day:T"))
    band = base.mark_area(opacity=0.25, interpolate="monotone").encode(y="low:Q", y2="high:Q")
    line = base.mark_line(strokeWidth=2.5, point=True).encode(y="expected:Q")
    name = f"{shown[0]}; " if shown and forecast.by else ""
    subtitle = (
        f"{name}grey: as it was; blue: expected, band: 95% interval of each day ({forecast.settings['timezone']})"
    )
    return layered(band, seen, line, width=WIDTH, height=HEIGHT, title=titled(forecast.sentence, subtitle))


def _time(field: str) -> alt.X:
    return alt.X(field, title="day", scale=alt.Scale(type="utc"))


def _of(table: pa.Table, series: Sequence[str]) -> pa.Table:
    return table.filter(pc.is_in(table["series"], pa.array(list(series), pa.string())))


def _dated(table: pa.Table, names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows with dates as ISO text at midnight UTC: Vega would take a bare date for local time."""
    return [row | {name: f"{row[name].isoformat()}T00:00:00Z" for name in names} for row in table.to_pylist()]
