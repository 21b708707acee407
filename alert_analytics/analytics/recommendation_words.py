"""The recommendations in words: what to do, why, and what it would cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from alert_analytics.alerts.changes import RuleChange
from alert_analytics.tables import counted, in_figures, many


def length_in_words(length: timedelta) -> str:
    """Write a length of time with its largest whole unit: ``5 min``, ``2 h``, ``90 s``."""
    seconds = length.total_seconds()
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def change_in_words(change: RuleChange) -> str:
    """Say what to do, as an order without its object."""
    if change.delete:
        return "delete it"
    if change.merge_into is not None:
        return f"tell it with {change.merge_into} where it comes within {length_in_words(change.merge_window)} of that"
    if change.resolve_after is not None:
        return f"resolve it automatically after {length_in_words(change.resolve_after)} unacknowledged"
    if change.dedup_window:
        return f"widen its dedup window to {length_in_words(change.dedup_window)}"
    return f"raise its `for` by {length_in_words(change.hold)}"


def evidence_in_words(change: RuleChange, row: Mapping[str, Any], pair: Mapping[str, Any] | None) -> str:
    """Say why, from the row's counts and, for a merge, the pair's.

    Parameters
    ----------
    change : RuleChange
        What is proposed.
    row : mapping
        ``n_alerts``, ``n_saved``, ``n_missed``, ``share_saved``.
    pair : mapping, optional
        The leader's row of the correlation.
    """
    n, saved, share = row["n_alerts"], row["n_saved"], f"{row['share_saved']:.0%}"
    if change.delete:
        return f"somebody acted on {row['n_missed']:,} of its {counted(n, 'alert')}"
    if change.merge_into is not None and pair is not None:
        followed, chance = pair["n_bursts_together"] / pair["n_bursts"], pair["expected"] / pair["n_bursts"]
        return (
            f"{share} of its {counted(n, 'alert')} come within {length_in_words(change.merge_window)} after "
            f"{change.merge_into}, {followed:.0%} of whose bursts it follows ({chance:.1%} by chance)"
        )
    if change.resolve_after is not None:
        return (
            f"{saved:,} of its {counted(n, 'alert')} were closed by hand after more than "
            f"{length_in_words(change.resolve_after)}, and nobody had acknowledged them"
        )
    if change.dedup_window:
        return (
            f"{share} of its {counted(n, 'alert')} come within {length_in_words(change.dedup_window)} of one that was "
            "already told"
        )
    return f"{share} of its {counted(n, 'alert')} end within {length_in_words(change.hold)}"


def sentence_of(row: Mapping[str, Any]) -> str:
    """A whole row in words: the change, the saving with its interval, the evidence, and what would be missed."""
    what, how = ("closing", " by hand") if row["kind"] == "resolve automatically" else ("alert", "")
    weekly = row["saved_per_week"]
    saving = f"{many(in_figures(weekly), what)}{how} a week less" if weekly is not None else ""
    saving = saving or f"{counted(row['n_saved'], what)}{how} less"
    if row["saved_low"] is not None:
        low, high = in_figures(row["saved_low"]), in_figures(row["saved_high"])
        saving += f" (95 % prediction interval {low} to {high})"
    return f"{row['item']}: {row['change']}. {saving}: {row['evidence']}. {missed_in_words(row)}"


def missed_in_words(row: Mapping[str, Any]) -> str:
    """Say what would be missed and what would come later."""
    if row["n_missed"] is None:
        return "What would be missed is not known: nothing in the history says what people did with its alerts."
    if row["kind"] == "resolve automatically":
        said = f"{row['n_missed']:,} {'was' if row['n_missed'] == 1 else 'were'} acknowledged later than that"
    elif row["n_missed"] == 0:
        said = "Nothing that somebody acted on would be missed"
    else:
        said = f"{row['n_missed']:,} that somebody acted on would be missed"
    said += f" (95 % upper bound {in_figures(100 * row['missed_high'], 2)} % of what it saves)"
    if row["n_delayed"]:
        said += f"; {row['n_delayed']:,} would come later"
    return f"{said}."
