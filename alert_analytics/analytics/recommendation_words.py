"""The recommendations in words: what to do, why, and what it would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from alert_analytics.alerts.changes import RuleChange
from alert_analytics.tables import counted, in_figures

CLOSING = "resolve automatically"
"""The one kind of change that saves nobody a call: it saves closings by hand."""


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
        window = length_in_words(change.merge_window)
        return f"merge it into {change.merge_into} where it fires within {window} after that"
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
        acted = f"somebody acted on {row['n_missed']:,} of" if row["n_missed"] else "nobody acted on any of"
        return f"{acted} its {counted(n, 'alert')}"
    unsaid = "; nothing says whether somebody acted on these" if row["n_missed"] is None else ""
    if change.merge_into is not None and pair is not None:
        followed, chance = pair["n_bursts_together"] / pair["n_bursts"], pair["expected"] / pair["n_bursts"]
        return (
            f"{share} of its {counted(n, 'alert')} come within {length_in_words(change.merge_window)} after "
            f"{change.merge_into}, {followed:.0%} of whose bursts it follows ({chance:.1%} by chance){unsaid}"
        )
    if change.resolve_after is not None:
        return (
            f"{saved:,} of its {counted(n, 'alert')} were closed by hand after more than "
            f"{length_in_words(change.resolve_after)}, and nobody had acknowledged them"
        )
    if change.dedup_window:
        return (
            f"{share} of its {counted(n, 'alert')} come within {length_in_words(change.dedup_window)} of one that was "
            f"already told{unsaid}"
        )
    by_whom = "; nothing says whether somebody ended them" if row["n_missed"] is None else ""
    return f"{share} of its {counted(n, 'alert')} end within {length_in_words(change.hold)}{by_whom}"


def sentence_of(row: Mapping[str, Any]) -> str:
    """A whole row in words: the change, the saving with its interval, the evidence, and what would be missed."""
    return f"{row['item']}: {row['change']}. {saving_in_words(row)}: {row['evidence']}. {missed_in_words(row)}"


def saving_in_words(row: Mapping[str, Any]) -> str:
    """Say what a row saves: alerts that interrupt, or closings by hand; a week where the history has a length."""
    what = "closing by hand" if row["kind"] == CLOSING else "alert"
    many = "closings by hand" if row["kind"] == CLOSING else "alerts"
    if row["saved_low"] is None:  # too short a time to say what a week would be
        return f"{row['n_saved']:,} fewer {what if row['n_saved'] == 1 else many} in all of this history"
    said = f"{in_figures(row['saved_per_week'])} fewer {many} a week"
    low, high = in_figures(row["saved_low"]), in_figures(row["saved_high"])
    return f"{said} (95% prediction interval {low} to {high})"


def missed_in_words(row: Mapping[str, Any]) -> str:
    """Say what would be missed and what would come later."""
    n = row["n_missed"]
    if n is None:
        return "What would be missed is not known: nothing says what people did with its alerts."
    bound = f"95% upper bound {in_figures(100 * row['missed_high'], 2)}% of what it saves"
    if row["kind"] == CLOSING:
        verb = "was" if n == 1 else "were"
        late = f"{n:,} of its alerts {verb}" if n else "None of its alerts was"
        return f"All of its alerts would still be told. {late} acknowledged only later than that ({bound})."
    acted = "somebody acted on" + (", or may have," if row["n_unsaid"] else "")
    said = f"{counted(n, 'alert')} that {acted} would be missed" if n else f"Nothing that {acted} would be missed"
    said += f" ({bound})"
    if row["n_delayed"]:
        said += f"; {counted(row['n_delayed'], 'alert')} that somebody acted on would come later"
    if row["n_unsaid"]:
        said += (
            f"; of {row['n_unsaid']:,} of its {counted(row['n_alerts'], 'alert')} nothing says whether somebody acted"
        )
    return f"{said}."


def all_in_words(of: str, first: Sequence[Mapping[str, Any]], n: int, told: Mapping[str, Any]) -> str:
    """Say the first changes, and what all of them save together.

    Parameters
    ----------
    of : str
        What an item is.
    first : sequence of mapping
        The rows to name.
    n : int
        Rows in all.
    told : mapping
        The settings of the recommendations.
    """
    if not told["n_alerts"]:
        return "There is no alert in this history, so there is nothing to change."
    if not told["n_items"]:
        other = "rule" if of == "service" else "service"
        return f"No alert names a {of}, so there is none to change; of='{other}' asks another column."
    withheld = withheld_in_words(of, told["n_withheld"])
    if not n:
        return f"No {of} is worth changing: nothing is known to save much and miss little.{withheld}"
    named = "; ".join(f"{row['item']}: {row['change']}" for row in first)
    more = f" (and {n - len(first):,} more)" if n > len(first) else ""
    whole = {1: "The change", 2: "Both changes together"}.get(n, f"All {n:,} changes together")
    saved, closed, n_alerts = told["n_saved_together"], told["n_closed"], told["n_alerts"]
    parts = [f"would save {saved:,} of {counted(n_alerts, 'alert')} ({saved / n_alerts:.0%})"] if saved else []
    if closed:
        which = f"{closed:,}" if saved else f"{closed:,} of {counted(n_alerts, 'alert')}"
        parts.append(f"{'' if saved else 'would '}let {which} close by themselves instead of by hand")
    return f"Change first {named}{more}. {whole} {' and '.join(parts)}.{withheld}"


def withheld_in_words(of: str, n: int) -> str:
    """Say of how many items nothing is proposed for want of a word about what people did; a sentence with its blank."""
    if not n:
        return ""
    whose, each = (f"Every alert of {counted(n, of)}", "it") if n == 1 else (f"Every alert of {n:,} {of}s", "them")
    return (
        f" {whose} ends within half an hour: a `for` that long would be to delete {each}, and nothing says whether "
        "somebody acts on these alerts."
    )
