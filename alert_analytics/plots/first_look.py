"""The first look's picture: how much of the burden hangs on each of the alerts to look at."""

from __future__ import annotations

import altair as alt

from alert_analytics.analytics import FirstLook
from alert_analytics.plots.style import inline, layered, titled

_MOST_ITEMS = 12
_REASONS = ["repeats", "unattended", "follows", "growing", "slow"]


def first_look_chart(look: FirstLook) -> alt.LayerChart:
    """Draw each item's share of the burden, coloured by the reason to look at it.

    Parameters
    ----------
    look : FirstLook
        Of rules, or of whatever it was made of.

    Returns
    -------
    altair.LayerChart
        At most twelve items, the largest share first.
    """
    rows = [
        {"item": row["item"], "share": row["share"], "reason": row["reason"], "why": row["why"]}
        for row in look.table.slice(0, _MOST_ITEMS).to_pylist()
    ]
    base = alt.Chart(inline(rows)).encode(
        y=alt.Y("item:N", sort=[row["item"] for row in rows], title=None, axis=alt.Axis(labelLimit=320)),
        x=alt.X("share:Q", title="share of all alerts (slow: of the time open)", axis=alt.Axis(format="%")),
    )
    bars = base.mark_bar(height=14).encode(
        color=alt.Color("reason:N", title="reason", scale=alt.Scale(domain=_REASONS)), tooltip=["item:N", "why:N"]
    )
    return layered(bars, title=titled(look.sentence), width=520, height=alt.Step(24))
