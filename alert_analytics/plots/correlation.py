"""The correlation's picture: how often each follower comes after its leader, beside what chance would give."""

from __future__ import annotations

import altair as alt
import pyarrow.compute as pc

from alert_analytics.analytics import CorrelationAnalysis
from alert_analytics.plots.style import inline, layered, titled

_MOST_PAIRS = 15


def correlation_chart(correlation: CorrelationAnalysis) -> alt.LayerChart:
    """Draw the strongest significant pairs: bar = share of the leader's bursts that are followed, tick = by chance.

    Parameters
    ----------
    correlation : CorrelationAnalysis
        Pairs of rules, or of whatever it was made of.

    Returns
    -------
    altair.LayerChart
        At most fifteen pairs with q < 0.05, strongest first; empty where there is none.
    """
    table = correlation.table
    table = table.filter(pc.fill_null(pc.less(table["q_value"], 0.05), False)).slice(0, _MOST_PAIRS)
    rows = [
        {
            "pair": f"{row['leader']} → {row['follower']}",
            "followed": row["n_bursts_together"] / row["n_bursts"],
            "by_chance": row["expected"] / row["n_bursts"],
            "strength": row["strength"],
            "median_lag_s": row["median_lag_s"],
        }
        for row in table.to_pylist()
    ]
    order = [row["pair"] for row in rows]
    base = alt.Chart(inline(rows)).encode(
        y=alt.Y("pair:N", sort=order, title=None, axis=alt.Axis(labelLimit=320)),
    )
    share = alt.X(
        "followed:Q",
        title="share of the leader's bursts that are followed in the window",
        axis=alt.Axis(format="%"),
    )
    bars = base.mark_bar(height=14).encode(x=share, color=alt.Color("median_lag_s:Q", title="median lag (s)"))
    ticks = base.mark_tick(color="black", thickness=3, height=18).encode(x="by_chance:Q")
    return layered(
        bars,
        ticks,
        width=520,
        height=alt.Step(24),
        title=titled(correlation.sentence, "bar: observed; black mark: by chance"),
    )
