"""The performance's picture: the shares of noise in each group, with their intervals."""

from __future__ import annotations

import altair as alt

from alert_analytics.analytics import PerformanceAnalysis
from alert_analytics.plots.style import inline, layered, titled, with_series

_MOST_GROUPS = 8
_SHARES = {
    "actionable_share": "somebody acted",
    "automatic_share": "ended by itself",
    "unacknowledged_share": "never acknowledged",
    "short_share": "short",
    "refired_share": "fired again",
    "flapping_share": "flapping",
}


def performance_chart(performance: PerformanceAnalysis) -> alt.LayerChart:
    """Draw the shares of each group as points on their intervals.

    Parameters
    ----------
    performance : PerformanceAnalysis
        With or without ``by``.

    Returns
    -------
    altair.LayerChart
        At most the eight largest groups; a share that is not known is not drawn, an interval neither.
    """
    largest = with_series(performance.table.slice(0, _MOST_GROUPS), performance.by)
    rows = [
        {
            "series": row["series"],
            "share": said,
            "value": row[name],
            "low": row[f"{name}_low"],
            "high": row[f"{name}_high"],
            "n_alerts": row["n_alerts"],
        }
        for row in largest.to_pylist()
        for name, said in _SHARES.items()
        if row[name] is not None
    ]
    known = [row for row in rows if row["low"] is not None]
    y = alt.Y("series:N", sort=largest["series"].to_pylist(), title=None, axis=alt.Axis(labelLimit=320))
    offset = alt.YOffset("share:N", sort=list(_SHARES.values()))
    colour = alt.Color("share:N", title="share of alerts", sort=list(_SHARES.values()), scale=alt.Scale(scheme="dark2"))
    x = alt.X("value:Q", title="share of alerts", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    tooltip = ["series:N", "share:N", alt.Tooltip("value:Q", format=".1%"), "n_alerts:Q"]
    points = (
        alt.Chart(inline(rows))
        .mark_point(filled=True, size=46, opacity=1)
        .encode(x=x, y=y, yOffset=offset, color=colour, tooltip=tooltip)
    )
    bars = alt.Chart(inline(known)).mark_rule().encode(x="low:Q", x2="high:Q", y=y, yOffset=offset, color=colour)
    title = titled(performance.sentence, f"point: share; line: {performance.level:.0%} interval by clusters")
    return layered(bars, points, title=title, width=520, height=alt.Step(11))
