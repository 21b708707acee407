"""Which rules are worth changing, how, what it saves, and what it would miss."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from alert_analytics.alerts.changes import RuleChange
from alert_analytics.analytics.candidates import candidates, proposed, unspared
from alert_analytics.analytics.correlation import CorrelationAnalysis
from alert_analytics.analytics.prometheus_rule import prometheus_rule
from alert_analytics.analytics.recommendation_table import closed_together, saved_together, table_of
from alert_analytics.analytics.recommendation_words import all_in_words, sentence_of
from alert_analytics.analytics.replay import RuleReplay
from alert_analytics.analytics.replay_rows import Rows, rows_of
from alert_analytics.analytics.result import Result, as_list, check_number
from alert_analytics.engine.kernels.replay import NOBODY
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory

_FDR = 0.05

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Recommendations(Result):
    """The rules worth changing, a row per rule; make one with :meth:`from_alerts`.

    Attributes
    ----------
    table : pyarrow.Table
        The largest saving first. ``item``; ``kind`` (``widen the dedup window``, ``merge with its leader``, ``raise
        for``, ``resolve automatically``, ``delete``) and ``change`` in words; ``saved_per_week`` (interruptions: alerts
        told; closings by hand where the kind is ``resolve automatically``) with ``saved_low``, ``saved_high``, the 95 %
        prediction interval for a week's mean over a stretch as long as this history; ``n_alerts``, ``n_saved``,
        ``share_saved``; ``n_missed``, ``missed_share``, ``missed_high`` and ``n_delayed`` as in :class:`RuleReplay`;
        ``q_value`` (of "three tenths or more of what it saves is missed", Benjamini-Hochberg over every rule and kind
        that saves enough to be looked at); ``n_unknown``, ``n_unsaid``; ``evidence`` and ``also`` (other kinds that
        would do) in words; ``note``.
    changes : tuple of RuleChange
        Row by row, for :meth:`replay`.
    """

    of: str = "rule"
    changes: tuple[RuleChange, ...] = field(default=())

    @classmethod
    def from_alerts(
        cls,
        alerts: Any,
        of: str = "rule",
        window: timedelta | None = None,
        group_by: str | Sequence[str] = ("service",),
        max_missed: float = 0.05,
    ) -> Recommendations:
        """Ask a history which rules are worth changing.

        Each saving is by itself: two changes that would save the same alert both count it. ``n_saved_together`` in
        :attr:`settings` counts it once; ``n_closed`` counts what would be closed by itself instead of by hand.

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes.
        of : str
            Column or label whose values could be changed; usually the rule.
        window : timedelta, optional
            How soon a follower comes after its leader; as in :meth:`CorrelationAnalysis.from_alerts`.
        group_by : str or sequence of str
            What repeats must share, beside the tenant, to be joined by a dedup window.
        max_missed : float
            The largest share missed of what a change saves, from 0 to 1.

        Returns
        -------
        Recommendations
            No row where nothing is worth it.

        Raises
        ------
        HistoryError
            `max_missed` is no share, or `window` not positive.
        UnknownColumnError
            `of` or `group_by` names nothing.

        Notes
        -----
        Every item is replayed under every kind (see :func:`alert_analytics.analytics.replayed.outcome`): `for` raised
        by 1 to 30 min, dedup windows of 5 to 60 min, automatic resolve after 1 h to 7 d, a merge with the strongest
        leader (q < 0.05, and the leader first: p_direction < 0.05), delete. Of each kind the smallest setting is taken
        that saves nine tenths of the most. A change is worth it where it saves at least five alerts and a tenth of the
        item's (half of them for ``resolve automatically``), the lower limit of the saving is above 0, the share missed
        is at most `max_missed`, and by ``q_value`` < 0.05 below three tenths. A dedup window must save twice what it
        would save of alerts that come independently, as often as those told (of these, told at the rate r a day,
        it would save the share r times the window). Of several kinds the gentlest is proposed that saves at least
        eight tenths of the most. A ``for`` that would leave no alert is not proposed: that is ``delete``. Where nothing
        says what people did with an item's alerts (:mod:`alert_analytics.analytics.actions`), what would be missed is
        null, neither ``delete`` nor ``resolve automatically`` is proposed, and a ``for`` is raised by 5 min at most,
        with that said in ``evidence``; ``n_withheld`` in :attr:`settings` counts the items for which nothing is left.

        The prediction interval is :func:`alert_analytics.stats.saving.prediction_interval`; it supposes that the time
        to come is like the time seen. Simulated: ``python -m benchmarks.validity_recommendations``.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> found = aa.Recommendations.from_alerts(aa.datasets.sample())
        >>> found.table.num_rows >= 3
        True
        """
        check_number("max_missed", max_missed, 0, 1, "share")
        history, shared = AlertHistory.open(alerts), as_list(group_by)
        rows, answer = rows_of(history, of, shared)
        # A missing rule is called `unknown`: all such alerts together are no one thing to change.
        rows = rows.without("unknown") if of == "rule" else rows
        pairs = CorrelationAnalysis.from_alerts(history, window=window, of=of)
        leader_of, pair_of = _leaders(pairs, rows)
        found = candidates(rows, leader_of, pairs.window, shared, max_missed)
        best = proposed(found, leader_of)
        items = np.flatnonzero(best >= 0)
        saved = np.array([found[best[item]].saving.n_saved[item] for item in items], dtype=np.int64)
        items = items[np.lexsort((items, -saved))]
        changes = tuple(found[best[item]].change(int(item), _name(rows, leader_of, int(item))) for item in items)
        table = table_of(rows, found, best, items, changes, pair_of)
        settings = history.settings | {
            "of": of,
            "window_s": pairs.window.total_seconds(),
            "group_by": list(shared),
            "max_missed": max_missed,
            "weeks": rows.n_weeks,
            "level": 0.95,
            "n_items": sum(name is not None for name in rows.names),
            "n_alerts": history.n_alerts,
            "n_saved_together": saved_together(rows, found, best),
            "n_closed": closed_together(found, best),
            "n_withheld": int((unspared(rows) & (best < 0)).sum()),
        }
        return cls(table, history, settings, answer.sql, of, changes)

    @property
    def sentence(self) -> str:
        """The first three, and what all of them save together."""
        return all_in_words(self.of, self.table.slice(0, 3).to_pylist(), self.table.num_rows, self.settings)

    @cached_property
    def sentences(self) -> list[str]:
        """Every row in words: the change, the saving with its interval, the evidence, what would be missed."""
        return [sentence_of(row) for row in self.table.to_pylist()]

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the item in `row`."""
        return self.history.where({self.of: [self._row(row)["item"]]})

    def replay(self, row: int = 0) -> RuleReplay:
        """Replay the change of a row over the history.

        Parameters
        ----------
        row : int
            Which row of the table, from 0.

        Returns
        -------
        RuleReplay
            Its ``.alerts()`` are those that would have been saved.

        Raises
        ------
        IndexError
            There is no such row.
        """
        item = self._row(row)["item"]
        return RuleReplay.from_alerts(self.history, self.changes[row], self.of, only=[item])

    def prometheus(
        self,
        row: int = 0,
        *,
        expr: str | None = None,
        hold: timedelta = timedelta(0),
        labels: Mapping[str, str] | None = None,
    ) -> str:
        """Write the rule of a row, tightened, as Prometheus reads it.

        Parameters
        ----------
        row : int
            Which row of the table, from 0; its kind is ``raise for`` or ``widen the dedup window``.
        expr : str, optional
            The rule's expression, where its ``for`` is raised; by default what the metadata of its latest alert call
            ``expr`` or ``condition``.
        hold : timedelta
            The rule's ``for`` as it is now.
        labels : mapping of str to str, optional
            The rule's labels; by default the label ``severity`` of its latest alert, where it has one.

        Returns
        -------
        str
            YAML: one group with one rule; for a dedup window the route of Alertmanager that keeps it.

        Raises
        ------
        IndexError
            There is no such row.
        HistoryError
            The rule's expression is not known, or the change is no change of one rule.
        """
        name = str(self._row(row)["item"])
        known, severity = self._told(row)
        wanted = expr or known
        if wanted is None and not self.changes[row].dedup_window:
            raise HistoryError(
                f"{name}: no alert's metadata hold its expression.", hint='give it: prometheus(row, expr="up == 0")'
            )
        told = labels if labels is not None else {"severity": severity} if severity else {}
        return prometheus_rule(
            name, wanted or "", self.changes[row], hold=hold, labels=told, why=sentence_of(self._row(row))
        )

    def _told(self, row: int) -> tuple[str | None, str | None]:
        """The expression and the label `severity`, as the latest alert of a row says them."""
        latest = self.alerts(row).ask("recommendation_rule").arrow().to_pylist()
        written, severity = (latest[0]["metadata"], latest[0]["severity"]) if latest else (None, None)
        told = json.loads(written) if written else {}
        found = [told.get(name) for name in ("expr", "condition")] if isinstance(told, dict) else []
        return next((one for one in found if isinstance(one, str) and one), None), severity


def _leaders(pairs: CorrelationAnalysis, rows: Rows) -> tuple[Ints, dict[str, dict[str, Any]]]:
    """By item its strongest leader that is more than chance and comes first: its code, and the pair by name."""
    found = pairs.table.filter(pc.less(pairs.table["q_value"], _FDR))
    found = found.filter(pc.less(found["p_direction"], _FDR)).sort_by([("strength", "ascending")])
    pair_of = {row["follower"]: row for row in found.to_pylist()}  # the last one, the strongest, stays
    leader_of = np.full(len(rows.names), NOBODY, dtype=np.int64)
    code = {name: place for place, name in enumerate(rows.names)} if pair_of else {}
    for follower, pair in pair_of.items():
        if follower in code and pair["leader"] in code:
            leader_of[code[follower]] = code[pair["leader"]]
    return leader_of, pair_of


def _name(rows: Rows, leader_of: Ints, item: int) -> str | None:
    return rows.names[leader_of[item]] if leader_of[item] != NOBODY else None
