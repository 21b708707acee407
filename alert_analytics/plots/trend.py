"""The trend's picture: counts per bucket, their rolling mean on top."""

from __future__ import annotations

from datetime import timedelta

import altair as alt
import pyarrow.compute as pc

from alert_analytics.analytics import TrendAnalysis
from alert_analytics.plots.style import (
    HEIGHT,
    MOST_SERIES,
    WIDTH,
    inline,
    layered,
    solid_legend,
    titled,
    with_series,
    without_timestamps,
)
from alert_analytics.tables import counted

_UNITS = {timedelta(hours=1): "hour", timedelta(days=1): "day", timedelta(weeks=1): "week"}


def trend_chart(trend: TrendAnalysis) -> alt.LayerChart:
    """Draw counts per whole bucket (faint) and the rolling mean (bold), clearest movement first.

    Parameters
    ----------
    trend : TrendAnalysis
        With or without ``by``.

    Returns
    -------
    altair.LayerChart
        At most six series, in the order of the trend's table: those that rise or fall beyond chance come first.
    """
    series = with_series(trend.series, trend.by)
    first = with_series(trend.table, trend.by)["series"].slice(0, MOST_SERIES)
    shown = series.filter(pc.and_(pc.is_in(series["series"], first.combine_chunks()), series["is_whole"]))
    data = inline(without_timestamps(shown).to_pylist())
    time = alt.X("bucket_start:T", title="time (UTC)", scale=alt.Scale(type="utc"))
    color = alt.Color("series:N", title=", ".join(trend.by) or None, legend=solid_legend(trend.by))
    base = alt.Chart(data).encode(x=time, color=color)
    word = _UNITS.get(trend.bucket)
    unit = word or str(trend.bucket)
    counts = base.mark_line(opacity=0.25, strokeWidth=1).encode(y=alt.Y("n_alerts:Q", title=f"alerts per {unit}"))
    rolling = base.mark_line(strokeWidth=2.5).encode(y="rolling_mean:Q")
    subtitle = f"thin: per {unit}; bold: mean over {counted(trend.window_size, word or 'bucket')}"
    return layered(counts, rolling, width=WIDTH, height=HEIGHT, title=titled(trend.sentence, subtitle))
