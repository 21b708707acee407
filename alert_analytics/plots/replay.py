"""The pictures of replays: rules before and after, and the pages of an escalation policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from alert_analytics.analytics import EscalationReplay, MetricReplay, RuleReplay
from alert_analytics.plots.style import HEIGHT, WIDTH, inline, layered, titled

_MOST_ITEMS = 12
_FATES = {"told": "#4c78a8", "saved": "#c9d6e3", "missed": "#e45756"}


def rule_replay_chart(replay: RuleReplay) -> alt.LayerChart:
    """Draw each item's alerts by what became of them: still told, saved, and saved though somebody had acted on them.

    Parameters
    ----------
    replay : RuleReplay
        Of any change.

    Returns
    -------
    altair.LayerChart
        At most twelve items, those with the most saved first.
    """
    shown = replay.table.slice(0, _MOST_ITEMS).to_pylist()
    rows = []
    for row in shown:
        missed = row["n_missed"] or 0
        counts = {"told": row["n_alerts"] - row["n_saved"], "saved": row["n_saved"] - missed, "missed": missed}
        rows += [
            {"item": row["item"] or "(none)", "fate": fate, "order": i, "n": n}
            for i, (fate, n) in enumerate(counts.items())
        ]
    return _stacked(rows, [row["item"] or "(none)" for row in shown], "alerts", replay.sentence)


def metric_replay_chart(replay: MetricReplay) -> alt.LayerChart:
    """Draw how many alerts each rule would have told, and how often it would have missed what the first one saw.

    Parameters
    ----------
    replay : MetricReplay
        Of one rule or several.

    Returns
    -------
    altair.LayerChart
        A bar for each rule, in their order.
    """
    rows: list[dict[str, Any]] = []
    for row in replay.table.to_pylist():
        rows.append({"item": row["rule"], "fate": "told", "order": 0, "n": row["n_alerts"]})
        rows.append({"item": row["rule"], "fate": "missed", "order": 2, "n": row["n_missed"]})
    names = replay.table["rule"].to_pylist()
    return _stacked(rows, names, "alerts told; firings of the first rule missed", replay.sentence)


def escalation_chart(replay: EscalationReplay) -> alt.LayerChart:
    """Draw the pages of each day (each week, over more than 120 days) by level.

    Parameters
    ----------
    replay : EscalationReplay
        Of any policy.

    Returns
    -------
    altair.LayerChart
        Stacked bars; rounds of a repeated policy count together.
    """
    pages = pl.DataFrame(replay.pages())
    days = float(str(replay.settings["weeks"])) * 7
    every, word = ("1w", "week") if days > 120 else ("1d", "day")
    counted = (
        pages.with_columns(pl.col("paged_at").dt.truncate(every))
        .group_by("paged_at", "level", maintain_order=True)
        .agg(n=pl.len())
        .sort("paged_at", "level")
    )
    rows = [
        {"at": row["paged_at"].strftime("%Y-%m-%dT%H:%M:%SZ"), "level": f"level {row['level']}", "n": row["n"]}
        for row in counted.to_dicts()
    ]
    unit = "utcyearweek" if word == "week" else "utcyearmonthdate"
    time = alt.X(f"{unit}(at):T", title="time (UTC)", axis=alt.Axis(format="%d %b"))
    bars = (
        alt.Chart(inline(rows))
        .mark_bar()
        .encode(
            x=time,
            y=alt.Y("n:Q", title=f"pages per {word}"),
            color=alt.Color(
                "level:N",
                title=None,
                scale=alt.Scale(
                    scheme="tealblues", domain=[f"level {i + 1}" for i in range(len(replay.policy.levels))]
                ),
            ),
            order=alt.Order("level:N"),
        )
    )
    return layered(bars, title=titled(replay.sentence), width=WIDTH, height=HEIGHT)


def _stacked(rows: Sequence[Mapping[str, object]], items: Sequence[str], title: str, sentence: str) -> alt.LayerChart:
    bars = (
        alt.Chart(inline(rows))
        .mark_bar(height=15)
        .encode(
            y=alt.Y("item:N", sort=list(items), title=None, axis=alt.Axis(labelLimit=260)),
            x=alt.X("n:Q", title=title),
            color=alt.Color("fate:N", title=None, scale=alt.Scale(domain=list(_FATES), range=list(_FATES.values()))),
            order=alt.Order("order:Q"),
            tooltip=["item:N", "fate:N", "n:Q"],
        )
    )
    return layered(bars, title=titled(sentence), width=520, height=alt.Step(26))
