"""Pictures of what is asked of times: how alerts end, what moves them, whether targets are kept, ends between looks."""

from __future__ import annotations

import altair as alt
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.analytics import Attainment, BetweenLooks, CompetingRisks, HazardRatios
from alert_analytics.plots.style import HEIGHT, WIDTH, inline, layered, titled, with_series

_MOST_ROWS = 40
_ENDS = {
    "automatic": "#4c78a8",
    "manual": "#f58518",
    "expired": "#b279a2",
    "cancelled": "#9d755d",
    "unknown": "#bab0ac",
}


def competing_chart(ends: CompetingRisks) -> alt.LayerChart:
    """Stack the shares that have ended by each resolution; what is left white is still open.

    Parameters
    ----------
    ends : CompetingRisks
        Of several groups, the first is drawn.

    Returns
    -------
    altair.LayerChart
        On a logarithmic time axis.
    """
    curve = with_series(ends.curve(), ends.by)
    if curve.num_rows:
        curve = curve.filter(pc.equal(curve["series"], curve["series"][0]))
    curve = curve.append_column("time_h", pc.divide(curve["time_s"], 3600.0)).filter(pc.greater(curve["time_s"], 0))
    rows = curve.to_pylist()
    base: dict[float, float] = {}
    order = {name: i for i, name in enumerate(_ENDS)}
    for row in sorted(rows, key=lambda one: (one["time_h"], order[one["resolution"]])):
        row["from"] = base.get(row["time_h"], 0.0)
        row["to"] = base[row["time_h"]] = row["from"] + row["share"]
    seen = [name for name in _ENDS if name in {row["resolution"] for row in rows}]
    chart = alt.Chart(inline(rows))
    area = chart.mark_area(interpolate="step-after", opacity=0.85).encode(
        x=alt.X("time_h:Q", title="hours since the alert fired", scale=alt.Scale(type="log")),
        y=alt.Y("from:Q", title="share that has ended so", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
        y2="to:Q",
        color=alt.Color(
            "resolution:N", title="resolution", scale=alt.Scale(domain=seen, range=[_ENDS[name] for name in seen])
        ),
    )
    line = chart.mark_line(interpolate="step-after", stroke="white", strokeWidth=1).encode(
        x="time_h:Q", y="to:Q", detail="resolution:N"
    )
    subtitle = "Aalen-Johansen; above the colours: still open"
    return layered(area, line, width=WIDTH, height=HEIGHT, title=titled(ends.sentence, subtitle))


def hazard_chart(ratios: HazardRatios) -> alt.LayerChart:
    """Draw the ratios with their intervals, on a logarithmic axis, the levels that others are held to at 1.

    Parameters
    ----------
    ratios : HazardRatios
        At most 40 rows are drawn.

    Returns
    -------
    altair.LayerChart
        In red where the ratio is not the same early and late.
    """
    rows = [row for row in ratios.table.to_pylist() if row["hazard_ratio"] is not None][:_MOST_ROWS]
    for row in rows:
        row["name"] = f"{row['covariate']}: {row['level'] or 'per unit'}"
        bent = row["q_proportional"] is not None and row["q_proportional"] < 0.05
        known = "an average: not the same early and late" if bent else "the same early and late"
        row["kind"] = "held to" if row["p_value"] is None else known
    names = [row["name"] for row in rows]
    base = alt.Chart(inline(rows)).encode(y=alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=240)))
    scale = alt.Scale(type="log", nice=False, padding=12)
    reach = base.mark_rule(strokeWidth=2, color="#888").encode(
        x=alt.X("hazard_ratio_low:Q", title="hazard ratio: faster to the right", scale=scale), x2="hazard_ratio_high:Q"
    )
    kinds = ["held to", "the same early and late", "an average: not the same early and late"]
    point = base.mark_point(size=70, filled=True, opacity=1).encode(
        x=alt.X("hazard_ratio:Q", scale=scale),
        color=alt.Color(
            "kind:N",
            title=None,
            scale=alt.Scale(domain=kinds, range=["#555", "#4c78a8", "#e45756"]),
            legend=alt.Legend(labelLimit=260, orient="bottom"),
        ),
    )
    unit = alt.Chart(inline([{"one": 1.0}]))
    one = unit.mark_rule(strokeDash=[4, 4], color="#555").encode(x=alt.X("one:Q", scale=scale))
    subtitle = f"Cox regression; lines: {ratios.level:.0%} interval"
    return layered(one, reach, point, width=WIDTH, height=alt.Step(22), title=titled(ratios.sentence, subtitle))


def attainment_chart(kept: Attainment) -> alt.LayerChart:
    """Draw the shares kept as bars with their intervals; a tick for what the finished alone would say.

    Parameters
    ----------
    kept : Attainment
        At most the 40 furthest behind are drawn.

    Returns
    -------
    altair.LayerChart
        The worst at the top.
    """
    table = with_series(kept.table.filter(pc.is_valid(kept.table["attainment"])).slice(0, _MOST_ROWS), kept.by)
    rows = table.to_pylist()
    axis = alt.Axis(format="%")
    base = alt.Chart(inline(rows)).encode(y=alt.Y("series:N", sort=None, title=None, axis=alt.Axis(labelLimit=240)))
    bar = base.mark_bar(height=14, color="#a0bcd8").encode(
        x=alt.X("attainment:Q", title="share within the target", scale=alt.Scale(domain=[0, 1]), axis=axis)
    )
    reach = base.mark_rule(strokeWidth=2, color="#333").encode(x="attainment_low:Q", x2="attainment_high:Q")
    naive = base.mark_tick(color="#e45756", thickness=2, height=18).encode(x="naive_attainment:Q")
    subtitle = f"Kaplan-Meier; lines: {kept.level:.0%} interval; red: what the finished alone would say"
    return layered(bar, reach, naive, width=WIDTH, height=alt.Step(26), title=titled(kept.sentence, subtitle))


def looks_chart(between: BetweenLooks) -> alt.LayerChart:
    """Draw between what the quantile of each group lies.

    Parameters
    ----------
    between : BetweenLooks
        At most the first 40 rows are drawn.

    Returns
    -------
    altair.LayerChart
        Thick: whatever happened between looks; thin: the interval with chance.
    """
    table = with_series(between.table.filter(pc.is_valid(between.table["latest_s"])).slice(0, _MOST_ROWS), between.by)
    for name in ("earliest", "latest", "low", "high"):
        table = table.append_column(f"{name}_h", pc.divide(table[f"{name}_s"], pa.scalar(3600.0)))
    base = alt.Chart(inline(table.to_pylist())).encode(
        y=alt.Y("series:N", sort=None, title=None, axis=alt.Axis(labelLimit=240))
    )
    thin = base.mark_rule(strokeWidth=2, color="#888").encode(
        x=alt.X("low_h:Q", title="hours since the alert fired"), x2="high_h:Q"
    )
    thick = base.mark_bar(height=10, color="#4c78a8").encode(x="earliest_h:Q", x2="latest_h:Q")
    subtitle = f"thick: whatever happened between looks; thin: {between.level:.0%} interval beyond"
    return layered(thin, thick, width=WIDTH, height=alt.Step(26), title=titled(between.sentence, subtitle))
