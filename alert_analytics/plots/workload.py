"""The load's pictures: interruptions by hours, over the week, and alerts open at once over time."""

from __future__ import annotations

from datetime import timedelta

import altair as alt
import pyarrow.compute as pc

from alert_analytics.analytics import WorkloadAnalysis
from alert_analytics.plots.style import (
    DAYS,
    HEIGHT,
    MOST_POINTS,
    MOST_SERIES,
    WIDTH,
    inline,
    layered,
    solid_legend,
    titled,
    with_series,
    without_timestamps,
)

_MOST_GROUPS = 12
_CLASSES = {"business": "#4c9f70", "off": "#f2b544", "sleep": "#3b4a8c"}


def workload_chart(workload: WorkloadAnalysis) -> alt.LayerChart:
    """Draw what the load was asked to draw.

    Parameters
    ----------
    workload : WorkloadAnalysis
        Its ``drawn`` is ``hours``, ``week`` or ``open``.

    Returns
    -------
    altair.LayerChart
        Rows that are not to be shown are not in it.
    """
    return {"hours": _hours, "week": _week, "open": _open}[workload.drawn](workload)


def _hours(workload: WorkloadAnalysis) -> alt.LayerChart:
    """Stacked bars a group: interruptions a week by hours, a line for the interval of them all."""
    table = with_series(workload.table, workload.by)
    kept = [row for row in table.to_pylist() if row["interruptions_per_week"] is not None][:_MOST_GROUPS]
    rows = [
        {"series": row["series"], "hours": name, "per_week": row[f"{name}_per_week"], "order": place}
        for row in kept
        for place, name in enumerate(_CLASSES)
    ]
    ends = [
        {"series": row["series"], "low": row["interruptions_per_week_low"], "high": row["interruptions_per_week_high"]}
        for row in kept
        if row["interruptions_per_week_low"] is not None
    ]
    y = alt.Y("series:N", sort=[row["series"] for row in kept], title=None, axis=alt.Axis(labelLimit=320))
    bars = (
        alt.Chart(inline(rows))
        .mark_bar(height=16)
        .encode(
            x=alt.X("per_week:Q", title="interruptions a week", axis=alt.Axis(tickCount=8)),
            y=y,
            color=alt.Color(
                "hours:N",
                title="hours",
                sort=list(_CLASSES),
                scale=alt.Scale(domain=list(_CLASSES), range=list(_CLASSES.values())),
            ),
            order="order:Q",
        )
    )
    lines = alt.Chart(inline(ends)).mark_rule(strokeWidth=2, color="black").encode(x="low:Q", x2="high:Q", y=y)
    subtitle = f"by the responders' own clocks; line: {workload.level:.0%} interval of all"
    return layered(bars, lines, title=titled(workload.sentence, subtitle), width=520, height=alt.Step(28))


def _week(workload: WorkloadAnalysis) -> alt.LayerChart:
    """A heat map of the week: interruptions of all groups by hour and day."""
    rows = [{**row, "day": DAYS[row["weekday"] - 1]} for row in workload.week().to_pylist()]
    base = alt.Chart(inline(rows)).encode(
        x=alt.X("hour:O", title="hour on the responder's own clock", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("day:O", sort=list(DAYS), title=None),
        tooltip=["day:O", "hour:O", "n_interruptions:Q"],
    )
    cells = base.mark_rect().encode(
        color=alt.Color("n_interruptions:Q", title="interruptions", scale=alt.Scale(scheme="inferno", reverse=True))
    )
    hidden = base.transform_filter("datum.n_interruptions === null").mark_rect(color="#ddd")
    subtitle = "all groups that are shown, together" + (
        "; grey: of too few people" if any(row["n_interruptions"] is None for row in rows) else ""
    )
    return layered(cells, hidden, title=titled(workload.sentence, subtitle), width=WIDTH, height=alt.Step(30))


def _open(workload: WorkloadAnalysis) -> alt.LayerChart:
    """Lines of how many alerts are open at once, on average in each of at most 400 stretches."""
    length = workload.span_length
    every = max(length / MOST_POINTS, timedelta(minutes=1))
    table = with_series(workload.open_over_time(every), workload.by)
    names = list(dict.fromkeys(table["series"].to_pylist()))[:MOST_SERIES]
    kept = without_timestamps(table.filter(pc.is_in(table["series"], pc.unique(table["series"]).slice(0, MOST_SERIES))))
    lines = (
        alt.Chart(inline(kept.to_pylist()))
        .mark_line(strokeWidth=1.5, interpolate="step-after")
        .encode(
            x=alt.X("bucket_start:T", title="time (UTC)", scale=alt.Scale(type="utc")),
            y=alt.Y("mean_open:Q", title="alerts open at once"),
            color=alt.Color(
                "series:N", title=", ".join(workload.by) or None, sort=names, legend=solid_legend(workload.by)
            ),
        )
    )
    return layered(lines, title=titled(workload.sentence), width=WIDTH, height=HEIGHT)
