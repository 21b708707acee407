"""The comparison's picture: each change with its interval, beside the line of no change."""

from __future__ import annotations

import altair as alt

from alert_analytics.analytics import Comparison
from alert_analytics.analytics.metric import metric_in_words
from alert_analytics.plots.style import WIDTH, inline, layered, titled, with_series

_MOST = 15
_ROW_HEIGHT = 26


def comparison_chart(comparison: Comparison) -> alt.LayerChart:
    """Draw the changes of the number that most rows have, with their intervals, clearest first.

    Parameters
    ----------
    comparison : Comparison
        Of any analysis.

    Returns
    -------
    altair.LayerChart
        At most fifteen rows that have an interval; the grey line is no change.
    """
    rows = [row for row in with_series(comparison.table, comparison.keys).to_pylist() if row["low"] is not None]
    metrics = [row["metric"] for row in rows]
    metric = max(dict.fromkeys(metrics), key=metrics.count, default="")
    shown = [row for row in rows if row["metric"] == metric][:_MOST]
    is_ratio = bool(shown) and shown[0]["kind"] == "ratio"
    title = "after over before" if is_ratio else f"after less before ({shown[0]['unit']})" if shown else "change"
    # Vega's logarithmic scale has no place for 0.
    scale = alt.Scale(type="log", nice=False, padding=20) if is_ratio else alt.Scale(zero=False, padding=20)
    base = alt.Chart(inline(shown)).encode(
        y=alt.Y("series:N", title=", ".join(comparison.keys) or None, sort=[row["series"] for row in shown])
    )
    none = alt.Chart(inline([{"at": 1 if is_ratio else 0}] if shown else [])).mark_rule(color="#999", strokeWidth=1.5)
    none = none.encode(x=alt.X("at:Q", scale=scale))
    bars = base.mark_rule(strokeWidth=3, opacity=0.4).encode(x=alt.X("low:Q", title=title, scale=scale), x2="high:Q")
    points = base.mark_point(filled=True, size=70, opacity=1).encode(x=alt.X("change:Q", scale=scale))
    subtitle = f"{metric_in_words(metric)}; bars: 95% interval; grey: no change"
    height = max(len(shown), 1) * _ROW_HEIGHT
    return layered(none, bars, points, width=WIDTH, height=height, title=titled(comparison.sentence, subtitle))
