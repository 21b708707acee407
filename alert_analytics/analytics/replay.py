"""What would a rule have told, had it been tighter? A change replayed over the alerts that it did fire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from alert_analytics.alerts.changes import RuleChange
from alert_analytics.analytics.recommendation_words import CLOSING
from alert_analytics.analytics.replay_rows import Rows, rows_of
from alert_analytics.analytics.replayed import Outcome, outcome
from alert_analytics.analytics.result import Result
from alert_analytics.analytics.savings import Saving
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.tables import counted, in_figures


@dataclass(frozen=True, eq=False, repr=False)
class RuleReplay(Result):
    """What a change would have saved and missed, a row per item; make one with :meth:`from_alerts`.

    Attributes
    ----------
    table : pyarrow.Table
        ``item``; ``saved_per_week`` (alerts that would have interrupted nobody), ``saved_low``, ``saved_high`` (95 %
        prediction interval for a week's mean over a stretch as long as this one); ``n_alerts``, ``n_saved``,
        ``share_saved``; ``n_missed`` (saved, though somebody had acted on it, or may have, and nothing else would have
        called them), ``missed_share`` (of the saved), ``missed_high`` (its one-sided 95 % upper bound, days being
        clusters), all null where nothing says of any alert of the item whether somebody acted; ``n_delayed`` (acted on,
        and told later), ``n_unknown`` (open for too short a time to know, counted as not saved), ``n_unsaid`` (alerts
        of which nothing says whether somebody acted); ``note``. Null where a number is not known. What acting is:
        :mod:`alert_analytics.analytics.actions`.
    change : RuleChange
        What was changed.
    of : str
        What an item is.
    """

    change: RuleChange = field(default_factory=lambda: RuleChange(delete=True))
    of: str = "rule"
    rows: Rows | None = None
    outcome: Outcome | None = None

    @classmethod
    def from_alerts(
        cls, alerts: Any, change: RuleChange, of: str = "rule", only: str | Sequence[str] | None = None
    ) -> RuleReplay:
        """Replay a change over a history.

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes.
        change : RuleChange
            A tightening: from alerts alone nothing else can be known, and :class:`RuleChange` refuses it.
        of : str
            Column or label that says whose change it is; usually the rule.
        only : str or sequence of str, optional
            The items that are changed; all of them by default, but for the leader of a merge.

        Returns
        -------
        RuleReplay
            Also for an empty history (no rows).

        Raises
        ------
        HistoryError
            `change` is no change; `only` or the leader of a merge is not in the history, or the leader is to be merged
            into itself.
        UnknownColumnError
            `of` or the change's ``group_by`` names nothing.

        Notes
        -----
        See :func:`alert_analytics.analytics.replayed.outcome` for what is saved and missed under each sort of change.
        An alert that ended within the raised ``for`` would not have fired *if its condition ended when it did*: where
        somebody resolves alerts by hand the condition may have lasted, so such alerts count as missed.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> from datetime import timedelta
        >>> wider = aa.RuleChange(dedup_window=timedelta(minutes=15))
        >>> replay = aa.RuleReplay.from_alerts(aa.datasets.sample(), wider, only="HighCpuUsage")
        >>> replay.table["n_saved"].to_pylist()[0] > 0.5 * replay.table["n_alerts"].to_pylist()[0]
        True
        """
        if not isinstance(change, RuleChange):
            raise HistoryError(
                f"RuleReplay: {change!r} is no change.",
                hint="RuleChange(hold=timedelta(minutes=5)), or RuleChange.between(before, after) of two AlertRules.",
            )
        history = AlertHistory.open(alerts)
        rows, answer = rows_of(history, of, change.group_by)
        items = _chosen(rows, change, of, _names(only))
        found = outcome(rows, change, changed=items[rows.item])
        saving = Saving.of(rows, found)
        codes = np.flatnonzero(items & (rows.n_alerts > 0))
        codes = codes[np.lexsort((codes, -saving.n_saved[codes]))]
        table = pa.table({"item": pa.array([rows.names[i] for i in codes], pa.string()), **saving.columns(codes)})
        if change.dedup_window and not rows.repeats:
            table = _noted(table, f"no two alerts share {', '.join(change.group_by)}: there is nothing to join")
        settings = history.settings | {
            "of": of,
            "only": None if only is None else list(_names(only) or ()),
            "change": change.described(),
            "weeks": rows.n_weeks,
            "level": 0.95,
        }
        return cls(table, history, settings, answer.sql, change, of, rows, found)

    @property
    def sentence(self) -> str:
        """What it would have saved and missed, in words."""
        if not self.table.num_rows and self.change.merge_into is not None and self.history.n_alerts:
            return f"No other {self.of} than {self.change.merge_into} is asked about, so nothing is merged into it."
        if not self.table.num_rows:
            return f"There is no alert of such a {self.of} in this history, so nothing would change."
        n, saved = (sum(self.table[name].to_pylist()) for name in ("n_alerts", "n_saved"))
        done = "close by themselves instead of by hand" if self.change.kind == CLOSING else "be saved"
        if self.change.resolve_after is not None and self.change.kind != CLOSING:
            done = "be saved, or close by themselves instead of by hand"
        one = done.replace("themselves", "itself")
        if n == 1:
            said = f"the only alert {self._whose} would {'' if saved else 'not '}{one}"
        else:
            said = (
                f"{f'{saved:,}' if saved else 'none'} of {n:,} alerts {self._whose} would {one if saved == 1 else done}"
            )
        said = f"With the change ({self.change.kind}) {said}"
        if 0 < saved == n and self.change.hold:
            said += ", as if the rule were deleted"
        return f"{said}{self._weekly}{self._missed(saved)}."

    @property
    def _whose(self) -> str:
        """Whose alerts they are."""
        if self.table.num_rows > 1:
            return f"of {counted(self.table.num_rows, self.of)}"
        name = self.table["item"].to_pylist()[0]
        return f"without a {self.of}" if name is None else f"of {name}"

    @property
    def _weekly(self) -> str:
        """The saving of a single item a week."""
        if self.table.num_rows > 1 or self.table["saved_low"].to_pylist()[0] is None:
            return ""
        row = self.table.to_pylist()[0]
        mean, low, high = (in_figures(row[name]) for name in ("saved_per_week", "saved_low", "saved_high"))
        return f", {mean} a week (95% prediction interval {low} to {high})" if row["n_saved"] else ""

    def _missed(self, saved: int) -> str:
        """What the change would miss."""
        missed = self.table["n_missed"].to_pylist()
        if any(one is None for one in missed):
            return "; what would be missed is not known, since nothing says what people did with the alerts"
        if self.change.kind == CLOSING:
            late = f"{sum(missed):,} {'was' if sum(missed) == 1 else 'were'}" if any(missed) else "none was"
            return f"; {late} acknowledged only later than that"
        if not saved:
            return ""
        unsaid = sum(self.table["n_unsaid"].to_pylist())
        or_may_have = f", or may have (of {unsaid:,} of them all nothing says it)," if unsaid else ""
        if not any(missed):
            return "; nothing that somebody acted on would have been missed"
        which = "it" if saved == 1 else f"{sum(missed):,} of these"
        return f"; somebody had acted on {which}{or_may_have} and would not have been called"

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of `row` that would have been saved."""
        record = self._row(row)
        mine = self.history.where({self.of: [record["item"]]})
        assert self.rows is not None
        assert self.outcome is not None
        code = self.rows.names.index(record["item"])
        ids = self._ids[self.rows.item == code]
        return mine.where({"alert_id": ids[self.outcome.is_saved[self.rows.item == code]].tolist() or [""]})

    @property
    def _ids(self) -> np.ndarray[Any, np.dtype[Any]]:
        found = self.history.ask("replay_ids", keys={"item": (self.of,)}).arrow()["alert_id"]
        return np.array(found.to_pylist(), dtype=object)


def _names(only: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """The items asked about."""
    given = (only,) if isinstance(only, str) else only
    if given is not None and not all(isinstance(one, str) for one in given):
        raise HistoryError(f"RuleReplay: only={only!r}; expected names of items.", hint='only=["HighCpuUsage"]')
    return None if given is None else tuple(given)


def _noted(table: pa.Table, note: str) -> pa.Table:
    """The table with a further note in each row."""
    notes = ["; ".join(filter(None, (one, note))) for one in table["note"].to_pylist()]
    return table.set_column(table.column_names.index("note"), "note", pa.array(notes, pa.string()))


def _chosen(
    rows: Rows, change: RuleChange, of: str, only: tuple[str, ...] | None
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """By item, whether the change is about it."""
    names = set(rows.names)
    leader = change.merge_into
    asked = [*(only or ()), *([] if leader is None else [leader])]
    if names and (unknown := [name for name in asked if name not in names]):
        raise HistoryError(f"No alert has {of} {unknown[0]!r}.", hint=f"history.to_polars()['{of}'] lists them.")
    if only is not None and leader in only:
        raise HistoryError(f"{of} {leader!r} is to be merged into itself.", hint="name another leader.")
    return np.array(
        [(only is None or name in only) and (leader is None or name != leader) for name in rows.names], dtype=np.bool_
    )
