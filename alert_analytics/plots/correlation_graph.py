"""Two pictures of a correlation as a whole: likely causes as arrows, and strengths in a grid."""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, pi, sin

import altair as alt
import pyarrow.compute as pc

from alert_analytics.analytics import CorrelationAnalysis
from alert_analytics.plots.style import inline, layered, titled
from alert_analytics.tables import counted

_MOST_EDGES = 40
_MOST_CELLS = 400
_LABEL = 22


def graph_chart(correlation: CorrelationAnalysis) -> alt.LayerChart:
    """Draw likely causes as arrows between names on a circle, wide where they are strong.

    Parameters
    ----------
    correlation : CorrelationAnalysis
        Pairs of rules, or of whatever it was made of.

    Returns
    -------
    altair.LayerChart
        At most forty edges of :meth:`CorrelationAnalysis.graph`, the strongest; a head only where one end is known to
        come first. Empty where there is none.
    """
    edges = correlation.graph()
    shown = edges.slice(0, _MOST_EDGES).to_pylist()
    names = list(dict.fromkeys(row[end] for row in shown for end in ("leader", "follower")))
    place = {
        name: (cos(2 * pi * i / len(names) + pi / 2), sin(2 * pi * i / len(names) + pi / 2))
        for i, name in enumerate(names)
    }
    lines = [_edge(row, place[row["leader"]], place[row["follower"]]) for row in shown]
    nodes = [{"name": name, "x": x, "y": y, "label_x": 1.08 * x, "label_y": 1.1 * y} for name, (x, y) in place.items()]
    axis_x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-1.9, 1.9]))
    axis_y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-1.25, 1.25]))
    width = alt.StrokeWidth("strength:Q", scale=alt.Scale(domain=[0, 2], range=[0.5, 8]), title="strength")
    rules = (
        alt.Chart(inline(lines))
        .mark_rule(opacity=0.6, color="#4c78a8")
        .encode(x=axis_x, y=axis_y, x2="to_x:Q", y2="to_y:Q", strokeWidth=width)
    )
    heads = (
        alt.Chart(inline([line for line in lines if line["directed"]]))
        .mark_point(shape="triangle", filled=True, size=110, color="#1f3f66", opacity=1)
        .encode(x=alt.X("head_x:Q", axis=None), y=alt.Y("head_y:Q", axis=None), angle=alt.Angle("angle:Q", scale=None))
    )
    dots = alt.Chart(inline(nodes)).mark_circle(size=120, color="#333333", opacity=1).encode(x="x:Q", y="y:Q")
    labels = [
        alt.Chart(inline([node for node in nodes if (float(str(node["x"])) >= 0) == right]))
        .mark_text(align="left" if right else "right", baseline="middle", fontSize=11, limit=150)
        .encode(x="label_x:Q", y="label_y:Q", text="name:N")
        for right in (True, False)
    ]
    said = f"{counted(edges.num_rows, 'likely cause')}: more than chance, and not explained by the others"
    rest = f"; the strongest {_MOST_EDGES} are drawn" if edges.num_rows > _MOST_EDGES else ""
    return layered(
        rules,
        heads,
        dots,
        *labels,
        width=620,
        height=420,
        title=titled(said + rest + ".", "an arrow's head: which of the two comes first; none where that is not known"),
    )


def _edge(row: dict[str, object], start: tuple[float, float], end: tuple[float, float]) -> dict[str, object]:
    # 620 by 420 pixels show 3.8 by 2.5 units, so that a unit is about as long both ways.
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = hypot(dx, dy)
    back = 0.07 / length
    return {
        "pair": f"{row['leader']} → {row['follower']}",
        "strength": row["strength"],
        "directed": bool(row["directed"]),
        "x": start[0],
        "y": start[1],
        "to_x": end[0],
        "to_y": end[1],
        "head_x": end[0] - dx * back,
        "head_y": end[1] - dy * back,
        "angle": 90 - degrees(atan2(dy, dx)),
    }


def strength_chart(correlation: CorrelationAnalysis) -> alt.LayerChart:
    """Draw the strengths of the pairs that are more than chance in a grid of leaders and followers.

    Parameters
    ----------
    correlation : CorrelationAnalysis
        Pairs of rules, or of whatever it was made of.

    Returns
    -------
    altair.LayerChart
        At most four hundred pairs with q < 0.05, the strongest; a dot where the pair is a likely cause. Empty where
        there is none.
    """
    table = correlation.table
    found = table.filter(pc.fill_null(pc.less(table["q_value"], 0.05), False)).slice(0, _MOST_CELLS)
    kept = {(edge["leader"], edge["follower"]) for edge in correlation.graph().to_pylist()}
    rows = [
        {
            "leader": row["leader"],
            "follower": row["follower"],
            "strength": row["strength"],
            "kept": (row["leader"], row["follower"]) in kept,
        }
        for row in found.to_pylist()
    ]
    names = sorted({row[end] for row in rows for end in ("leader", "follower")})
    step = max(8, min(_LABEL, 660 // max(len(names), 1)))
    axis = alt.Axis(labelLimit=160, labelOverlap=len(names) > 60)
    base = alt.Chart(inline(rows)).encode(
        x=alt.X("follower:N", sort=names, axis=axis, scale=alt.Scale(domain=names)),
        y=alt.Y("leader:N", sort=names, axis=axis, scale=alt.Scale(domain=names)),
    )
    cells = base.mark_rect().encode(
        color=alt.Color("strength:Q", scale=alt.Scale(scheme="purpleorange", domain=[-1.5, 1.5], reverse=True))
    )
    dots = base.transform_filter("datum.kept").mark_circle(size=18, color="black", opacity=1)
    return layered(
        cells,
        dots,
        width=alt.Step(step),
        height=alt.Step(step),
        title=titled(correlation.sentence, "a cell for each pair with q < 0.05; a dot: likely cause"),
    )
