"""How do alerts end? By themselves, by somebody's hand, by expiry: each takes alerts from the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.clocks import Observed, left_out_in_words, observe
from alert_analytics.analytics.durations import Floats, Group, Ints
from alert_analytics.analytics.estimates import in_words, keyed, known
from alert_analytics.analytics.result import Result, behind, called, check_names
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.stats.clusters import critical_value
from alert_analytics.stats.competing import (
    Incidence,
    aalen_johansen,
    all_or_none,
    incidence_increments,
    incidence_influence,
    share_interval,
)
from alert_analytics.tables import counted

if TYPE_CHECKING:
    from alert_analytics.analytics.times_asked import TimesAsked

CAUSES = ("automatic", "manual", "expired", "cancelled", "unknown")
_BAND_TIMES = 60
_ROUNDING = 1e-12
_OWN_COLUMNS = {"resolution", "n_ended", "share", "share_low", "share_high", "resolved_only_share", "open_share"}


@dataclass(frozen=True, eq=False)
class Ending:
    """A group's alerts and how they ended, in ascending order of duration."""

    group: Group
    cause: Ints = field(repr=False)
    found: Incidence = field(repr=False)

    def share(self, which: int, row: int) -> float:
        """A cause's share at a row of its times; all is all, whatever the last digits of a sum say."""
        share = float(self.found.share[row, which - 1]) if row >= 0 else 0.0
        return 1.0 if share > 1 - _ROUNDING else share

    def interval(self, which: int, row: int) -> tuple[float, float]:
        """The interval of a cause's share at a row of its times; by clusters."""
        share = self.share(which, row)
        group = self.group
        if row < 0 or group.n_effective <= 1:
            return float("nan"), float("nan")
        if share <= 0 or share >= 1:
            reach = all_or_none(group.level, group.n_effective)
            return (0.0, reach) if share <= 0 else (1 - reach, 1.0)
        influence = incidence_influence(self.found, group.duration_s, self.cause, which, row, group.entry_s)
        variance, effective = group.summed(influence, incidence_increments(self.found, which, row))
        return share_interval(share, variance, critical_value(group.level, effective))


@dataclass(frozen=True, eq=False, repr=False)
class CompetingRisks(Result):
    """By what alerts have ended up to a horizon; from :meth:`ResolutionAnalysis.competing`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then ``resolution`` (automatic, manual, expired, cancelled, or unknown: resolved, nobody
        said how), ``n_alerts``, ``n_ended`` (so, at any time); ``share`` (ended so within ``horizon_s``) with
        ``share_low`` and ``share_high``; ``resolved_only_share`` (among those resolved: what people compute);
        ``open_share`` (of the group, after the horizon); ``horizon_s``; ``note``. A row per group and resolution that
        occurs.
    """

    by: tuple[str, ...] = ()
    level: float = 0.95
    endings: tuple[Ending, ...] = field(default=())
    horizon_s: float = float("nan")
    clusters: str = ""

    @property
    def sentence(self) -> str:
        """How alerts end, in words."""
        rows = self.table.to_pylist()
        left_out = self.settings["left_out"]
        gone = left_out_in_words(left_out) if isinstance(left_out, dict) else ""
        if not rows:
            return f"No alert of this history was seen resolved, so there is nothing to say of how they end.{gone}"
        keys = list(dict.fromkeys(tuple(row[name] for name in self.by) for row in rows))
        first = [row for row in rows if tuple(row[name] for name in self.by) == keys[0]]
        of = f" of {called(first[0], self.by)} (the first of {counted(len(keys), 'group')} by {', '.join(self.by)})"
        said = ", ".join(
            f"{row['share']:.1%} are {_HOW[row['resolution']]}{_between(row)}"
            for row in first
            if row["share"] is not None
        )
        if not said:
            return f"No group was followed for {in_words(self.horizon_s)}, so no share is known.{gone}"
        waiting = f"; {first[0]['open_share']:.1%} are still open then"
        return (
            f"Within {in_words(self.horizon_s)}{of if self.by else ''}, {said}{waiting}. "
            f"Intervals ({self.level:.0%}) by cluster: {self.clusters}.{gone}"
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the group that ended so."""
        record = self._row(row)
        mine = behind(self.history, self.by, record).where("resolved_at is not null")
        how = record["resolution"]
        return mine.where({"resolution": [None if how == "unknown" else how]})

    def curve(self) -> pa.Table:
        """The shares over time.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``time_s``, ``resolution``, ``share``, ``low`` and ``high`` (pointwise): a row
            per group, resolution that occurs, and each of at most 60 times, at which equal shares of the alerts ended.
        """
        keys: list[tuple[str | None, ...]] = []
        columns: dict[str, list[Any]] = {name: [] for name in ("time_s", "resolution", "share", "low", "high")}
        for ending in self.endings:
            rows = _spread(ending.found)
            for which in _occurring(ending.found):
                ends = np.array([ending.interval(which, int(row)) for row in rows]).reshape(-1, 2)
                keys += [ending.group.key] * rows.size
                columns["time_s"] += ending.found.time_s[rows].tolist()
                columns["resolution"] += [CAUSES[which - 1]] * rows.size
                columns["share"] += ending.found.share[rows, which - 1].tolist()
                columns["low"] += ends[:, 0].tolist()
                columns["high"] += ends[:, 1].tolist()
        numbers = {name: known(columns[name]) for name in ("time_s", "share", "low", "high")}
        told = {name: numbers.get(name, pa.array(columns["resolution"], pa.string())) for name in columns}
        return pa.table({**keyed(keys, self.by), **told})


_HOW = {
    "automatic": "resolved automatically",
    "manual": "resolved by hand",
    "expired": "expired",
    "cancelled": "cancelled",
    "unknown": "resolved nobody says how",
}


def competing_risks(analysis: TimesAsked) -> CompetingRisks:
    """Ask how the alerts of an analysis end.

    Raises
    ------
    HistoryError
        Its clock is not that of resolving, or a column of ``by`` has a name that this answer needs.
    """
    if analysis.clock.of != "time_to_resolve":
        raise HistoryError(
            f"competing() asks by what alerts are resolved; this analysis is of {analysis.clock.of}.",
            hint="from_alerts(history, of='time_to_resolve').competing()",
        )
    check_names(analysis.by, _OWN_COLUMNS)
    seen = observe(analysis.history, analysis.by, analysis.clock)
    endings = [_ending(seen, code, key, analysis.level) for code, key in enumerate(seen.keys)]
    endings = [one for one in endings if one.group.duration_s.size]
    table = _table(endings, analysis.by, analysis.horizon_s)
    settings = {**analysis.settings, "left_out": seen.left_out}
    return CompetingRisks(
        table, analysis.history, settings, seen.answer.sql, analysis.by, analysis.level, tuple(endings),
        analysis.horizon_s, seen.clusters,
    )  # fmt: skip


def _ending(seen: Observed, code: int, key: tuple[str | None, ...], level: float) -> Ending:
    rows = seen.of(code)
    group = seen.group(rows, level, key)
    cause = np.where(seen.ended[rows], seen.cause[rows], 0)
    return Ending(group, cause, aalen_johansen(group.duration_s, cause, len(CAUSES), group.entry_s))


def _table(endings: Sequence[Ending], names: Sequence[str], horizon_s: float) -> pa.Table:
    rows = [_row(one, which, horizon_s) for one in endings for which in _occurring(one.found)]
    keys = [one.group.key for one in endings for _ in _occurring(one.found)]
    columns = {
        "resolution": pa.array([row["resolution"] for row in rows], pa.string()),
        "n_alerts": pa.array([row["n_alerts"] for row in rows], pa.int64()),
        "n_ended": pa.array([row["n_ended"] for row in rows], pa.int64()),
        **{name: known(row[name] for row in rows) for name in _NUMBERS},
        "note": pa.array([row["note"] for row in rows], pa.string()),
    }
    return pa.table({**keyed(keys, names), **columns})


_NUMBERS = ("share", "share_low", "share_high", "resolved_only_share", "open_share", "horizon_s")


def _row(one: Ending, which: int, horizon_s: float) -> dict[str, Any]:
    found, n_ended = one.found, one.found.n_ended.sum(axis=0)
    reached = found.time_s[-1] >= horizon_s or float(found.share[-1].sum()) >= 1 - _ROUNDING
    row = found.at(horizon_s)
    share = low = high = open_share = float("nan")
    notes = []
    if not reached:
        notes.append(f"no share: followed for less than the horizon of {in_words(horizon_s)}")
    else:
        share = one.share(which, row)
        left = 1 - float(found.share[row].sum()) if row >= 0 else 1.0
        open_share = left if left > _ROUNDING else 0.0
        low, high = one.interval(which, row)
    if one.group.n_effective <= 1:
        notes.append("no interval: all alerts are of one cluster")
    return {
        "resolution": CAUSES[which - 1],
        "n_alerts": one.group.duration_s.size,
        "n_ended": int(n_ended[which - 1]),
        "share": share,
        "share_low": low,
        "share_high": high,
        "resolved_only_share": float(n_ended[which - 1] / n_ended.sum()),
        "open_share": open_share,
        "horizon_s": horizon_s,
        "note": "; ".join(notes) or None,
    }


def _occurring(found: Incidence) -> list[int]:
    return [int(which) + 1 for which in np.flatnonzero(found.n_ended.sum(axis=0))]


def _spread(found: Incidence) -> Ints:
    """Rows of times at which something ended, so that about as many end between each two."""
    ended = found.n_ended.sum(axis=1)
    total: Floats = np.cumsum(ended) / max(int(ended.sum()), 1)
    rows = np.searchsorted(total, np.linspace(0, 1, _BAND_TIMES + 1)[1:] - 1e-12)
    return np.unique(np.minimum(rows, total.size - 1)).astype(np.int64)


def _between(row: dict[str, Any]) -> str:
    if row["share_low"] is None:
        return ""
    return f" ({row['share_low']:.1%} to {row['share_high']:.1%})"
