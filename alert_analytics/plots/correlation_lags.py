"""The picture of a pair's lags: how long after its leader the follower starts."""

from __future__ import annotations

import altair as alt

from alert_analytics.analytics.correlation_lags import LagDistribution
from alert_analytics.plots.style import inline, layered, titled
from alert_analytics.tables import in_figures


def lag_chart(lags: LagDistribution) -> alt.LayerChart:
    """Draw how many leader bursts are followed in each bin of the lag, and how many would be by chance.

    Parameters
    ----------
    lags : LagDistribution
        The lags of one pair.

    Returns
    -------
    altair.LayerChart
        Bar: observed; black mark: by chance.
    """
    rows = [
        {
            "lag": f"{in_figures(row['from_s'])} to {in_figures(row['to_s'])}",
            "n_bursts": row["n_bursts"],
            "by_chance": row["by_chance"],
        }
        for row in lags.table.to_pylist()
    ]
    base = alt.Chart(inline(rows)).encode(
        x=alt.X("lag:N", sort=[row["lag"] for row in rows], title="start of the follower after that of its leader (s)")
    )
    bars = base.mark_bar().encode(y=alt.Y("n_bursts:Q", title="bursts of the leader"))
    ticks = base.mark_tick(color="black", thickness=3, width=24).encode(y="by_chance:Q")
    return layered(
        bars,
        ticks,
        width=alt.Step(38),
        height=260,
        title=titled(lags.sentence, "bar: observed; black mark: by chance; bins are even in the logarithm"),
    )
