"""The recommendations' picture: what each change saves a week, how sure that is, and what it would miss."""

from __future__ import annotations

import altair as alt

from alert_analytics.analytics import Recommendations
from alert_analytics.plots.style import inline, layered, titled

_MOST_ITEMS = 12
_KINDS = ["widen the dedup window", "merge with its leader", "raise for", "resolve automatically", "delete"]
_COLORS = ["#4c78a8", "#72b7b2", "#54a24b", "#eeca3b", "#b279a2"]


def recommendations_chart(found: Recommendations) -> alt.LayerChart:
    """Draw each change's saving a week with its interval, coloured by kind; what it misses stands at the bar's foot.

    Parameters
    ----------
    found : Recommendations
        Of rules, or of whatever it was made of.

    Returns
    -------
    altair.LayerChart
        At most twelve changes, the largest saving first. Over a span without length, the saving in all.
    """
    shown = found.table.slice(0, _MOST_ITEMS).to_pylist()
    is_weekly = all(row["saved_per_week"] is not None for row in shown)
    rows = [
        {
            "item": row["item"],
            "kind": row["kind"],
            "change": row["change"],
            "saved": row["saved_per_week"] if is_weekly else row["n_saved"],
            "low": row["saved_low"],
            "high": row["saved_high"],
            "missed": "missed: not known" if row["n_missed"] is None else f"missed: {row['n_missed']:,}",
        }
        for row in shown
    ]
    base = alt.Chart(inline(rows)).encode(
        y=alt.Y("item:N", sort=[row["item"] for row in rows], title=None, axis=alt.Axis(labelLimit=260))
    )
    title = "interruptions saved a week" if is_weekly else "interruptions saved"
    bars = base.mark_bar(height=15, opacity=0.85).encode(
        x=alt.X("saved:Q", title=title),
        color=alt.Color(
            "kind:N",
            title="change",
            scale=alt.Scale(domain=_KINDS, range=_COLORS),
            legend=alt.Legend(orient="bottom", columns=3),
        ),
        tooltip=["item:N", "change:N", "saved:Q", "missed:N"],
    )
    limits = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2, color="#333333")
    limits = limits.encode(x=alt.X("low:Q", title=title), x2="high:Q")
    missed = base.transform_calculate(end="isValid(datum.high) ? datum.high : datum.saved")
    missed = missed.mark_text(align="left", dx=6, fontSize=10, color="#555555")
    missed = missed.encode(x=alt.X("end:Q", title=title), text="missed:N")
    subtitle = "lines: 95% prediction interval for a week's mean; missed: alerts that somebody had acted on"
    return layered(bars, limits, missed, title=titled(found.sentence, subtitle), width=520, height=alt.Step(26))
