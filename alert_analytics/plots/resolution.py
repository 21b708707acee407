"""The resolution's picture: the share of alerts still open, by time since they fired."""

from __future__ import annotations

import altair as alt
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.analytics import ResolutionAnalysis
from alert_analytics.plots.style import (
    HEIGHT,
    MOST_POINTS,
    MOST_SERIES,
    WIDTH,
    inline,
    layered,
    solid_legend,
    titled,
    with_series,
)


def resolution_chart(resolution: ResolutionAnalysis) -> alt.LayerChart:
    """Draw the Kaplan-Meier curve of each group with its interval, on a logarithmic time axis.

    Parameters
    ----------
    resolution : ResolutionAnalysis
        With or without ``by``.

    Returns
    -------
    altair.LayerChart
        At most the six largest groups, each thinned to 400 points.
    """
    largest = resolution.table.sort_by([("n_alerts", "descending")]).slice(0, MOST_SERIES)
    names = set(with_series(largest, resolution.by)["series"].to_pylist())
    curve = with_series(resolution.curve(), resolution.by)
    hours = pc.divide(curve["time_s"], 3600.0)
    curve = curve.append_column("time_h", hours)
    rows = [row for name in sorted(names) for row in _thinned(curve.filter(pc.equal(curve["series"], name)))]
    base = alt.Chart(inline(rows)).encode(
        x=alt.X("time_h:Q", title="hours since the alert fired", scale=alt.Scale(type="log")),
        color=alt.Color(
            "series:N",
            title=", ".join(resolution.by) or None,
            legend=solid_legend(resolution.by),
        ),
    )
    band = base.mark_area(opacity=0.18, interpolate="step-after").encode(
        y=alt.Y(
            "low:Q",
            title=f"share {resolution.clock.waiting}",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%"),
        ),
        y2="high:Q",
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2).encode(y="survival:Q")
    title = titled(resolution.sentence, "Kaplan-Meier; band: 95% interval; open alerts count until the watermark")
    return layered(band, line, width=WIDTH, height=HEIGHT, title=title)


def _thinned(curve: pa.Table) -> list[dict[str, object]]:
    """Every k-th step and the last, times above zero only: the axis is logarithmic."""
    curve = curve.filter(pc.greater(curve["time_h"], 0))
    if curve.num_rows == 0:
        return []
    places = np.unique(np.linspace(0, curve.num_rows - 1, MOST_POINTS).astype(np.int64))
    rows: list[dict[str, object]] = curve.take(pa.array(places)).to_pylist()
    return rows
