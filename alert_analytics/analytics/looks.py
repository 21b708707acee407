"""How long does it take where ends are known only to lie between two looks? Bounds that assume nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.clocks import Clock, Observed, left_out_in_words, observe
from alert_analytics.analytics.durations import Floats, Ints
from alert_analytics.analytics.estimates import in_words, keyed, known
from alert_analytics.analytics.result import Result, behind, called, check_length, check_names, check_share
from alert_analytics.history import AlertHistory
from alert_analytics.stats.turnbull import turnbull
from alert_analytics.tables import counted

if TYPE_CHECKING:
    from alert_analytics.analytics.times_asked import TimesAsked

_NUMBERS = ("q", "earliest_s", "latest_s", "low_s", "high_s", "npmle_from_s", "npmle_to_s", "widest_s")
_COUNTS = ("n_alerts", "n_resolved", "n_between")
_OWN_COLUMNS = {*_NUMBERS, *_COUNTS, "note"}


@dataclass(frozen=True, eq=False, repr=False)
class BetweenLooks(Result):
    """A quantile of times whose ends were seen late; from :meth:`ResolutionAnalysis.between_looks`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then ``q``; ``n_alerts``, ``n_resolved``, ``n_between`` (whose end lies between two
        looks); ``earliest_s`` and ``latest_s``: the quantile if all of these ended right after the look before, and if
        all ended just before they were seen gone; ``low_s`` and ``high_s``: the lower end of the interval of the one
        and the upper end of that of the other, which hold whatever happened between looks; ``npmle_from_s``,
        ``npmle_to_s``: between which Turnbull's estimate has it; ``widest_s`` (longest time between the looks);
        ``note``.
    """

    by: tuple[str, ...] = ()
    level: float = 0.95
    clock: Clock = field(default=Clock())

    @property
    def sentence(self) -> str:
        """Between what the quantile lies, in words."""
        rows = [row for row in self.table.to_pylist() if row["latest_s"] is not None]
        left_out = self.settings["left_out"]
        gone = left_out_in_words(left_out) if isinstance(left_out, dict) else ""
        if not len(self):
            return f"There is no alert in this history, so nothing has a {self.clock.noun}.{gone}"
        if not rows:
            return f"Too few alerts were ever seen {self.clock.done} for this quantile.{gone}"
        row = max(rows, key=lambda one: one["latest_s"] - one["earliest_s"])
        whose = f" of {called(row, self.by)} (the least certain of {len(self):,})" if self.by else ""
        ends = ""
        if row["low_s"] is not None:
            upper = "no known end" if row["high_s"] is None else in_words(row["high_s"], like=row["latest_s"])
            ends = f" ({self.level:.0%} interval {in_words(row['low_s'], like=row['latest_s'])} to {upper})"
        return (
            f"{row['q']:.0%} of the alerts{whose} are {self.clock.done} within "
            f"{in_words(row['earliest_s'], like=row['latest_s'])} to {in_words(row['latest_s'])}{ends}, "
            f"whatever happened between looks; {row['n_between']:,} of {counted(row['n_alerts'], 'end')} "
            f"{'lies' if row['n_between'] == 1 else 'lie'} between two.{gone}"
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the group in `row`."""
        return behind(self.history, self.by, self._row(row))


def between_looks(analysis: TimesAsked, looked: str | timedelta, q: float) -> BetweenLooks:
    """Bound a quantile, as :meth:`ResolutionAnalysis.between_looks` describes it.

    Raises
    ------
    HistoryError
        `q` is no share, `looked` is not positive, or a column of ``by`` has a name that this answer needs.
    UnknownColumnError
        `looked` names nothing.
    """
    check_share("q", q, "0.9 is the 90th percentile.")
    column = looked if isinstance(looked, str) else None
    if column is None:
        check_length("looked", looked)
    check_names(analysis.by, _OWN_COLUMNS)
    seen = observe(analysis.history, analysis.by, analysis.clock, column)
    every = looked.total_seconds() if isinstance(looked, timedelta) else None
    rows = [_row(seen, seen.of(code), key, q, every, analysis) for code, key in enumerate(seen.keys)]
    rows = [row for row in rows if row["n_alerts"]]
    settings = {**analysis.settings, "looked": str(looked), "q": q, "left_out": seen.left_out}
    columns = {
        "q": known(row["q"] for row in rows),
        **{name: pa.array([row[name] for row in rows], pa.int64()) for name in _COUNTS},
        **{name: known(row[name] for row in rows) for name in _NUMBERS[1:]},
        "note": pa.array([row["note"] for row in rows], pa.string()),
    }
    table = pa.table({**keyed((row["key"] for row in rows), analysis.by), **columns})
    return BetweenLooks(table, analysis.history, settings, seen.answer.sql, analysis.by, analysis.level, analysis.clock)


def _row(
    seen: Observed, rows: Ints, key: tuple[str | None, ...], q: float, every: float | None, analysis: TimesAsked
) -> dict[str, Any]:
    if not rows.size:
        return {"n_alerts": 0}
    duration, ended = seen.duration_s[rows], seen.ended[rows]
    looked = seen.looked_s[rows] if every is None else duration - every
    # Without a look before, the end is taken as told; of open alerts there is none. Nothing ended before it was seen.
    open_then = np.where(ended & ~np.isnan(looked), np.maximum(looked, seen.entry_s[rows]), duration)
    open_then = np.clip(open_then, 0, duration)
    latest = seen.group(rows, analysis.level, key)
    earliest = _moved(seen, rows, open_then).group(np.arange(rows.size), analysis.level, key)
    high, low = latest.quantile(q), earliest.quantile(q)
    notes = []
    npmle = (float("nan"), float("nan"))
    if latest.entry_s is not None:
        notes.append("no npmle: with delayed entry it is not computed")
    elif not np.isnan(high.value_s):
        found = turnbull(open_then, np.where(ended, duration, np.inf))
        npmle = found.quantile(q)
        if not found.is_settled or not np.isfinite(npmle[1]):
            npmle = (float("nan"), float("nan"))
            notes.append("no npmle: its search did not settle")
    if np.isnan(high.value_s):
        notes.append(f"too few were seen {analysis.clock.done}")
    width = (duration - open_then)[ended]
    return {
        "key": key,
        "q": q,
        "n_alerts": rows.size,
        "n_resolved": int(ended.sum()),
        "n_between": int((width > 0).sum()),
        "earliest_s": low.value_s,
        "latest_s": high.value_s,
        "low_s": low.low_s,
        "high_s": high.high_s,
        "npmle_from_s": npmle[0],
        "npmle_to_s": npmle[1],
        "widest_s": float(width.max(initial=0.0)),
        "note": "; ".join(notes) or None,
    }


def _moved(seen: Observed, rows: Ints, open_then: Floats) -> Observed:
    """The same alerts, ended right after they were last seen open."""
    entry = seen.entry_s[rows]
    # Who entered at that very moment was at risk for an instant.
    ends = np.where((entry > 0) & (open_then <= entry), np.nextafter(entry, np.inf), open_then)
    code = np.zeros(rows.size, dtype=np.int64)
    return Observed(
        [()], code, seen.cluster[rows], entry, ends, seen.looked_s[rows], seen.ended[rows], seen.cause[rows],
        seen.left_out, seen.answer, seen.clusters,
    )  # fmt: skip
