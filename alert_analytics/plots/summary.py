"""The report's picture: each number of the stretch against the stretch before."""

from __future__ import annotations

from typing import Any

import altair as alt

from alert_analytics.analytics import AnalyticsReport
from alert_analytics.analytics.metric import metric_in_words
from alert_analytics.plots.style import inline, layered, titled


def summary_chart(report: AnalyticsReport) -> alt.LayerChart:
    """Draw each number as a multiple of its value in the stretch before; the line is its interval.

    Parameters
    ----------
    report : AnalyticsReport
        Numbers without a stretch before are not drawn.

    Returns
    -------
    altair.LayerChart
        Left of 1: less than before.
    """
    rows: list[dict[str, Any]] = [
        {"name": metric_in_words(row["name"])}
        | {part: None if row[part] is None else row[part] / row["before"] for part in ("value", "low", "high")}
        for row in report.table.to_pylist()
        if row["value"] is not None and row["before"]
    ]
    base = alt.Chart(inline(rows)).encode(
        y=alt.Y("name:N", sort=[row["name"] for row in rows], title=None, axis=alt.Axis(labelLimit=320))
    )
    interval = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="times the value of the stretch before"), x2="high:Q"
    )
    value = base.mark_point(filled=True, size=80, opacity=1).encode(x="value:Q")
    same = alt.Chart(inline([{"same": 1}])).mark_rule(strokeDash=[4, 4], color="gray").encode(x="same:Q")
    return layered(same, interval, value, title=titled(report.sentence), width=520, height=alt.Step(30))
