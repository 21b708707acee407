"""The picture of scored windows: the score over time, the cut at 0.85, and what reaches it."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from alert_analytics.calibration import ScoredWindows
from alert_analytics.calibration.cut import SCORE_CUT
from alert_analytics.plots.style import MOST_POINTS, MOST_SERIES, WIDTH, inline, titled

_HEIGHT = 70  # of one entity's strip


def scores_chart(scores: ScoredWindows) -> alt.FacetChart:
    """Draw a strip per entity: the highest score in each stretch of time, and a mark on every window that reaches 0.85.

    Parameters
    ----------
    scores : ScoredWindows
        Of any number of entities.

    Returns
    -------
    altair.FacetChart
        At most six entities, those with the most anomalous windows first.
    """
    shown = _most_anomalous_entities(scores)
    clock = np.issubdtype(scores.windows.window_end.dtype, np.datetime64)
    time = "window_end:T" if clock else "window_end:Q"
    axis: dict[str, Any] = {"scale": alt.Scale(type="utc")} if clock else {}
    title = "time (UTC)" if clock else "step"
    base = alt.Chart().encode(x=alt.X(time, title=title, **axis))
    score = alt.Y(
        "score:Q", title="score", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(values=[0, SCORE_CUT], format=".2~f")
    )
    line = base.mark_line(strokeWidth=1, color="#9aa5b1").encode(y=score)
    marks = base.transform_filter("datum.is_anomaly").mark_point(filled=True, color="#c0392b", size=28).encode(y=score)
    rule = alt.Chart().mark_rule(strokeDash=[4, 3], color="#c0392b").encode(y=alt.datum(SCORE_CUT))
    layers = alt.layer(line, rule, marks, data=inline(_thinned(scores, shown))).properties(width=WIDTH, height=_HEIGHT)
    row = alt.Row(
        "entity:N", title=None, sort=shown, header=alt.Header(labelAngle=0, labelAlign="left", labelLimit=140)
    )
    return layers.facet(row=row).properties(
        title=titled(scores.sentence, "line: highest score nearby; marks: 0.85 and more")
    )


def _most_anomalous_entities(scores: ScoredWindows) -> list[str]:
    entity = np.asarray(scores.windows.entity, dtype=str)
    names, codes = np.unique(entity, return_inverse=True)
    anomalous = np.bincount(codes, weights=scores.table["is_anomaly"].to_numpy(), minlength=names.size)
    return [str(names[place]) for place in np.argsort(-anomalous, kind="stable")[:MOST_SERIES]]


def _thinned(scores: ScoredWindows, shown: list[str]) -> list[dict[str, Any]]:
    """The anomalous windows, and of the others the highest score in each of at most 400 stretches of time."""
    score = scores.table["score"].to_numpy()
    rows: list[dict[str, Any]] = []
    for name in shown:
        places = np.flatnonzero((scores.windows.entity == name) & ~np.isnan(score))
        places = places[np.argsort(scores.windows.window_end[places], kind="stable")]
        stride = -(-len(places) // MOST_POINTS)
        for first in range(0, len(places), max(1, stride)):
            piece = places[first : first + stride]
            highest = piece[np.argmax(score[piece])]
            kept = {int(highest), *(int(one) for one in piece if score[one] >= np.float32(SCORE_CUT))}
            rows += [_row(scores, place) for place in piece if int(place) in kept]
    return rows


def _row(scores: ScoredWindows, place: int) -> dict[str, Any]:
    record = scores.table.slice(place, 1).to_pylist()[0]
    end = record["window_end"]
    when = end if isinstance(end, int) else f"{end.isoformat()}Z"
    return {
        "entity": record["entity"],
        "window_end": when,
        "score": record["score"],
        "is_anomaly": record["is_anomaly"],
    }
