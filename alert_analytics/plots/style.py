"""What the charts have in common: size, wrapped titles, and how many rows a picture can bear."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import cast

import altair as alt
import pyarrow as pa
import pyarrow.compute as pc

WIDTH, HEIGHT = 640, 300
MOST_SERIES = 6
MOST_POINTS = 400
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def titled(sentence: str, subtitle: str = "") -> alt.TitleParams:
    """Make a chart's title of a result's sentence, wrapped to the chart's width."""
    lines = textwrap.wrap(sentence, 95)
    return alt.TitleParams(lines, subtitle=subtitle, anchor="start", fontSize=13, fontWeight=600, subtitleFontSize=11)


def inline(rows: Sequence[Mapping[str, object]]) -> alt.InlineData:
    """Put rows into the chart itself, so that it can be shown and saved without a file beside it."""
    return alt.InlineData(values=list(rows))


def layered(
    *layers: alt.Chart, title: alt.TitleParams, width: int | alt.Step, height: int | alt.Step
) -> alt.LayerChart:
    """Lay charts over each other under one title."""
    return cast("alt.LayerChart", alt.layer(*layers).properties(width=width, height=height, title=title))


def solid_legend(by: Sequence[str]) -> alt.Legend | None:
    """Make a legend whose symbols are not as faint as the chart's first layer; none where there is one series."""
    return alt.Legend(symbolOpacity=1, symbolType="stroke", symbolStrokeWidth=3) if by else None


def with_series(table: pa.Table, by: Sequence[str]) -> pa.Table:
    """Put a column ``series`` in place of those of `by`, for the legend; ``all alerts`` where there are none."""
    if not by:
        return table.append_column("series", pa.array(["all alerts"] * table.num_rows, pa.string()))
    parts = [pc.fill_null(table[name], "(none)") for name in by]
    # The columns themselves go: a label may have any name, also that of a column that is drawn.
    return table.drop_columns(list(by)).append_column("series", pc.binary_join_element_wise(*parts, " / "))


def without_timestamps(table: pa.Table) -> pa.Table:
    """Write times as ISO text: Vega would read naive ones in the reader's zone, ours are UTC."""
    for i, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            table = table.set_column(i, column.name, pc.strftime(table[column.name], "%Y-%m-%dT%H:%M:%SZ"))
    return table
