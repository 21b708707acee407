"""How many alerts are dealt with in time? The share within a target; those too young to tell count as such."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.clocks import Clock, groups_by, left_out_in_words
from alert_analytics.analytics.durations import Group
from alert_analytics.analytics.estimates import in_words, keyed, known
from alert_analytics.analytics.result import Result, behind, called, check_length, check_name, check_names
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.stats.competing import all_or_none
from alert_analytics.tables import counted

if TYPE_CHECKING:
    from alert_analytics.analytics.times_asked import TimesAsked

_NUMBERS = ("attainment", "attainment_low", "attainment_high", "naive_attainment")
_SHOWN = 5
_COUNTS = ("n_alerts", "n_kept", "n_missed", "n_pending")
_HINT = "targets={'critical': timedelta(hours=1)}"
_OWN_COLUMNS = {*_NUMBERS, *_COUNTS, "target_s", "note"}


@dataclass(frozen=True, eq=False, repr=False)
class Attainment(Result):
    """The share of alerts dealt with within a target; from :meth:`ResolutionAnalysis.sla`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by`` (and the one that the targets go by), then ``target_s``; ``n_alerts``, ``n_kept``,
        ``n_missed`` (took longer, or are open for longer already), ``n_pending`` (younger than the target, and not
        dealt with: neither kept nor missed); ``attainment`` with ``attainment_low`` and ``attainment_high``;
        ``naive_attainment`` (of those dealt with: too good); ``note``. The worst first.
    """

    by: tuple[str, ...] = ()
    level: float = 0.95
    clock: Clock = field(default=Clock())
    clusters: str = ""

    @property
    def sentence(self) -> str:
        """How the targets are kept, in words."""
        rows, done = self.table.to_pylist(), self.clock.done
        left_out = self.settings["left_out"]
        gone = left_out_in_words(left_out) if isinstance(left_out, dict) else ""
        known_rows = [row for row in rows if row["attainment"] is not None]
        if not rows:
            return f"There is no alert with a target in this history.{self._unheard}{gone}"
        if not known_rows:
            return f"No group was followed for as long as its target, so no share is known.{gone}"
        worst = known_rows[0]
        name = f" of {called(worst, self.by)}, the furthest behind of {len(rows):,}," if self.by else ""
        between = ""
        if worst["attainment_low"] is not None:
            between = f" ({self.level:.0%} interval {worst['attainment_low']:.1%} to {worst['attainment_high']:.1%})"
        pending = sum(row["n_pending"] for row in rows)
        n = sum(row["n_alerts"] for row in rows)
        are = "is" if pending == 1 else "are"
        young = f" {pending:,} of {counted(n, 'alert')} {are} too young to tell." if pending else ""
        naive = ""
        if worst["naive_attainment"] is not None:
            naive = f"; the {done} alone would say {worst['naive_attainment']:.1%}"
        return (
            f"{worst['attainment']:.1%}{between} of the alerts{name} are {done} within "
            f"{in_words(worst['target_s'])}{naive}.{young}{self._unheard} Clusters: {self.clusters}.{gone}"
        )

    @property
    def _unheard(self) -> str:
        """Targets that no alert has, beside the values without one: one is often the other in another case."""
        absent, others = self.settings["without_alerts"], self.settings["without_target"]
        if not isinstance(absent, list) or not isinstance(others, list) or not absent or not self.history.n_alerts:
            return ""
        said = f" No alert has {self.settings['column']} {_words(absent, ' or ')}"
        return (
            f"{said}, and {_words(others, ', ')} {'has' if len(others) == 1 else 'have'} no target."
            if others
            else f"{said}."
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the group in `row`, kept, missed and pending."""
        return behind(self.history, self.by, self._row(row))


def _words(values: list[str | None], between: str) -> str:
    """The first few values, as they are written in a question."""
    return between.join(map(repr, values[:_SHOWN])) + (f" and {len(values) - _SHOWN:,} more" if values[_SHOWN:] else "")


def attainment(
    analysis: TimesAsked, targets: timedelta | Mapping[str | None, timedelta], column: str = "severity"
) -> Attainment:
    """Ask how many alerts of an analysis are dealt with in time, as :meth:`ResolutionAnalysis.sla` describes it.

    Raises
    ------
    HistoryError
        A target is not positive, none is given, or a column of ``by`` has a name that this answer needs.
    UnknownColumnError
        `column` names nothing.
    """
    wanted = dict(targets) if isinstance(targets, Mapping) else None
    if wanted is not None and not wanted:
        raise HistoryError("targets={}; expected a target.", hint=_HINT)
    if wanted is None:
        check_length("targets", targets)
    for name, length in (wanted or {}).items():
        if name is not None and not isinstance(name, str):
            raise HistoryError(f"targets has {name!r}; expected values of {column}, as text.", hint=_HINT)
        check_length(f"targets[{name!r}]", length)
    check_name("column", column)
    names = analysis.by if wanted is None or column in analysis.by else (*analysis.by, column)
    check_names(names, _OWN_COLUMNS)
    groups, answer, said, left_out = groups_by(analysis.history, names, analysis.clock, analysis.level)
    rows = []
    target: object
    for group in groups:
        target = targets if wanted is None else wanted.get(group.key[names.index(column)])
        if isinstance(target, timedelta):
            rows.append(_row(group, target.total_seconds(), analysis.clock))
    # Those of which nothing is known come last.
    rows.sort(key=lambda row: 2.0 if np.isnan(row["attainment"]) else row["attainment"])
    seen = {row["key"][names.index(column)] for row in rows} if wanted else set()
    absent = sorted(set(wanted or ()) - seen, key=str)
    values = {group.key[names.index(column)] for group in groups} if wanted else set()
    shown = {
        "column": column if wanted else None,
        "targets": str(targets),
        "without_alerts": absent,
        "without_target": sorted(values - seen, key=str),
    }
    settings = {**analysis.settings, **shown, "left_out": left_out}
    return Attainment(
        _table(rows, names), analysis.history, settings, answer.sql, names, analysis.level, analysis.clock, said
    )


def _row(group: Group, target_s: float, clock: Clock) -> dict[str, Any]:
    in_time = group.duration_s <= target_s
    kept, done = in_time & group.resolved, int(group.resolved.sum())
    value, low, high, note = share_in_time(group, target_s, clock)
    return {
        "key": group.key,
        "target_s": target_s,
        "n_alerts": group.duration_s.size,
        "n_kept": int(kept.sum()),
        "n_missed": int((~in_time).sum()),
        "n_pending": int((in_time & ~group.resolved).sum()),
        "attainment": value,
        "attainment_low": low,
        "attainment_high": high,
        "naive_attainment": float(kept.sum() / done) if done else float("nan"),
        "note": note,
    }


def share_in_time(group: Group, target_s: float, clock: Clock) -> tuple[float, float, float, str | None]:
    """Give the share of a group dealt with within a target.

    Parameters
    ----------
    group : Group
        With an alert.
    target_s : float
        Seconds.
    clock : Clock
        For words.

    Returns
    -------
    share, low, high : float
        One less the curve at the target; NaN where it, or its interval, is not known.
    note : str or None
        Why there is none, or what kind of interval it is.
    """
    nan, table = float("nan"), group.table
    if table.time_s[-1] < target_s and table.survival[-1] > 0:
        return nan, nan, nan, f"followed for {in_words(float(table.time_s[-1]))} at most, less than the target"
    row = int(np.searchsorted(table.time_s, target_s, side="right")) - 1
    value = 1 - float(table.survival[row]) if row >= 0 else 0.0
    if group.n_effective <= 1:
        return value, nan, nan, "no interval: all alerts are of one cluster"
    if 0 < value < 1:
        low, high = group.band
        return value, 1 - float(high[row]), 1 - float(low[row]), None
    reach = all_or_none(group.level, group.n_effective)
    if value <= 0:
        return value, 0.0, reach, f"none was {clock.done} in time"
    return value, 1 - reach, 1.0, f"all were {clock.done} in time"


def _table(rows: list[dict[str, Any]], names: tuple[str, ...]) -> pa.Table:
    columns = {
        "target_s": known(row["target_s"] for row in rows),
        **{name: pa.array([row[name] for row in rows], pa.int64()) for name in _COUNTS},
        **{name: known(row[name] for row in rows) for name in _NUMBERS},
        "note": pa.array([row["note"] for row in rows], pa.string()),
    }
    return pa.table({**keyed((row["key"] for row in rows), names), **columns})
