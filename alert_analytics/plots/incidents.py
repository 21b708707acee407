"""The incidents' picture: how long half of them take to be acknowledged, and to be resolved."""

from __future__ import annotations

import altair as alt

from alert_analytics.analytics import IncidentAnalysis
from alert_analytics.plots.style import inline, layered, titled, with_series

_MOST_GROUPS = 12
_ENDS = {"h": "", "low": "_low", "high": "_high"}
_TIMES = {"time_to_acknowledge": "acknowledged", "time_to_resolve": "resolved"}


def incident_chart(incidents: IncidentAnalysis) -> alt.LayerChart:
    """Draw the median times of each group with their intervals, on a logarithmic time axis.

    Parameters
    ----------
    incidents : IncidentAnalysis
        With or without ``by``.

    Returns
    -------
    altair.LayerChart
        At most the twelve groups with the most incidents; no interval where an end is not known.
    """
    largest = incidents.table.sort_by([("n_incidents", "descending")]).slice(0, _MOST_GROUPS)
    rows = [
        {
            "series": row["series"],
            "until": done,
            **{name: _hours(row[f"{time}_median{end}_s"]) for name, end in _ENDS.items()},
        }
        for row in with_series(largest, incidents.by).to_pylist()
        for time, done in _TIMES.items()
        if _hours(row[f"{time}_median_s"])  # the axis is logarithmic
    ]
    known = [row for row in rows if row["low"] and row["high"]]
    y = alt.Y("series:N", title=", ".join(incidents.by) or None, axis=alt.Axis(labelLimit=320))
    colour = alt.Color("until:N", title="half are", scale=alt.Scale(domain=list(_TIMES.values())))
    x = alt.X("h:Q", title="hours since the incident began", scale=alt.Scale(type="log"))
    points = alt.Chart(inline(rows)).mark_point(filled=True, size=60).encode(x=x, y=y, color=colour)
    bars = alt.Chart(inline(known)).mark_rule().encode(x=alt.X("low:Q"), x2="high:Q", y=y, color=colour)
    title = titled(incidents.sentence, f"medians by Kaplan-Meier, {incidents.level:.0%} intervals")
    return layered(points, bars, title=title, width=520, height=alt.Step(24))


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600
