"""What fires together, and what leads: ordered pairs of rules within a window, tested against their neighbourhood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from alert_analytics.analytics.correlation_counts import LONGEST_TESTED_US, ComparedPairs, Firings, compared_pairs
from alert_analytics.analytics.result import Result, as_list, check_length
from alert_analytics.engine.kernels.control import N_CONTROLS
from alert_analytics.history import AlertHistory
from alert_analytics.settings import Settings
from alert_analytics.stats.pairs import MIN_BLOCKS

_FDR = 0.05
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_FEW_BLOCKS = f"the leader's bursts fall into fewer than {MIN_BLOCKS} blocks of time: no p-value"
_LONGEST = LONGEST_TESTED_US * _MICROSECOND
_TOO_LONG = f"a window over {_LONGEST // timedelta(minutes=1)} min spans hours of different load: no p-value"


@dataclass(frozen=True, eq=False, repr=False)
class CorrelationAnalysis(Result):
    """Which rules fire within a window of each other, a row per ordered pair; make one with :meth:`from_alerts`.

    Attributes
    ----------
    table : pyarrow.Table
        ``leader``, ``follower``; ``n_leader``, ``n_follower`` (alerts), ``n_together`` (alerts of the leader followed
        by at least one of the follower within the window); ``n_bursts`` (of the leader, all but those without a
        control window inside the span), ``n_bursts_together`` (of these, followed by the start of a follower burst),
        ``expected`` (how many would be anyway), ``lift`` (null where nothing was expected), ``strength`` (in [-3, 3];
        the column to rank by), ``p_value``, ``q_value`` (Benjamini-Hochberg over every ordered pair, seen together or
        not), ``p_direction`` (of the follower starting no more often after than before), ``median_lag_s``, ``note``.
        A row for every pair seen together once: first those with q < 0.05, and in each part by falling ``strength``.
    """

    of: str = "rule"
    window: timedelta = timedelta(seconds=300)

    @classmethod
    def from_alerts(
        cls,
        alerts: Any,
        window: timedelta | None = None,
        of: str = "rule",
        within: str | Sequence[str] | None = None,
    ) -> CorrelationAnalysis:
        """Ask a history which alerts come together, and which first.

        A leader is what starts first, not what causes: two effects of one cause come in some order too. What is slower
        than about six windows cannot be seen, and a follower after one in twenty leader bursts is rarely found.

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes.
        window : timedelta, optional
            How long after the leader a follower counts, the end included; ``ALERT_CORRELATION_WINDOW``, 300 s, by
            default. Over 15 minutes there are counts but no p-values: the hour of the day would pass for a pair.
        of : str
            Column or label whose values are paired. Alerts without one are left out and counted in :attr:`settings`.
        within : str or sequence of str, optional
            Columns or labels that both alerts must share. Pairs never cross tenants.

        Returns
        -------
        CorrelationAnalysis
            Also for an empty history, for a single rule (no rows) and for a short one (rows without p-values).

        Raises
        ------
        HistoryError
            `window` is not positive.
        UnknownColumnError
            `of` or `within` names nothing.

        Notes
        -----
        Runs of a rule's alerts with gaps of at most `window` are one burst. For each leader burst the start of a
        follower burst in ``(t, t + W]`` is compared with ten windows of that length around it, in blocks of
        ``max(4 h, 12 W)``; see :func:`alert_analytics.stats.pairs.pair_tests`. Of 200 simulated histories of four weeks
        without a cascade at most 1.5 % show any pair (``python -m benchmarks.validity_pairs``). ``strength`` is
        :func:`alert_analytics.stats.pairs.excess_strength`.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> pairs = aa.CorrelationAnalysis.from_alerts(aa.datasets.sample())
        >>> "q_value" in pairs.to_polars().columns
        True
        """
        length = timedelta(seconds=Settings.load().correlation_window_s) if window is None else window
        check_length("window", length)
        history, scope = AlertHistory.open(alerts), ("tenant_id", *as_list(within))
        keys = {"item": (of,), "scope": scope}
        listed = history.ask("correlation_items", keys=keys).arrow()
        known = listed.filter(pc.is_valid(listed["item"]))
        answer = history.ask("correlation", keys=keys)
        rows = answer.numpy()
        firings = Firings(
            rows["scope_code"], rows["item_code"], rows["time_us"], known.num_rows, length // _MICROSECOND
        )
        span = history.span
        ends = (span.start, span.end) if span else (_EPOCH, _EPOCH)
        pairs = compared_pairs(firings, ((ends[0] - _EPOCH) // _MICROSECOND, (ends[1] - _EPOCH) // _MICROSECOND))
        settings = history.settings | {
            "of": of,
            "within": list(scope),
            "window_s": length.total_seconds(),
            "block_s": firings.block_us / 1e6,
            "n_controls": N_CONTROLS,
            "n_items": firings.n_items,
            "n_pairs_tested": firings.n_pairs,
            "n_left_out": history.n_alerts - firings.item.size,
        }
        return cls(
            _table(pairs, known, _TOO_LONG if length > _LONGEST else _FEW_BLOCKS),
            history,
            settings,
            answer.sql,
            of=of,
            window=length,
        )

    @property
    def sentence(self) -> str:
        """The strongest pair in words."""
        n_items, n_pairs = self.settings["n_items"], self.settings["n_pairs_tested"]
        if not n_items:
            return f"There is no alert with a {self.of} in this history, so nothing fires together."
        if n_items == 1:
            return f"There is only one {self.of} in this history, so there is no pair."
        if not self.table.num_rows:
            return f"No two of {n_items:,} values of {self.of} ever fired within {_spoken(self.window)} of each other."
        found = self._found.num_rows
        if found:
            return (
                f"{_said(self._found.slice(0, 1).to_pylist()[0], self.window)}; "
                f"{found:,} of {n_pairs:,} pairs at q < {_FDR}."
            )
        if self.window > _LONGEST:
            return (
                f"{self.table.num_rows:,} of {n_pairs:,} pairs fired within {_spoken(self.window)} of each other; how "
                f"many by chance cannot be told, for {_TOO_LONG}."
            )
        if self.table["p_value"].null_count == self.table.num_rows:
            hours = self.settings["block_s"] / 3600  # type: ignore[operator]
            return (
                f"{self.table.num_rows:,} of {n_pairs:,} pairs fired within {_spoken(self.window)} of each other, but "
                f"no leader has bursts in {MIN_BLOCKS} blocks of {hours:g} h: too little to tell them from chance."
            )
        return (
            f"None of {n_pairs:,} pairs fires within {_spoken(self.window)} of each other more often than by chance "
            f"(at q < {_FDR})."
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of both the leader and the follower of `row`, in their own time or out of it."""
        record = self._row(row)
        return self.history.where({self.of: [record["leader"], record["follower"]]})

    def graph(self) -> pa.Table:
        """List the pairs that are more than chance as edges of a graph.

        Returns
        -------
        pyarrow.Table
            ``leader``, ``follower``, ``strength``, ``q_value``, ``p_direction``, ``median_lag_s`` and ``directed``
            (p_direction < 0.05, each edge by itself: which comes first, not which causes). Only pairs with q < 0.05.
        """
        names = ["leader", "follower", "strength", "q_value", "p_direction", "median_lag_s"]
        edges = self._found.select(names)
        return edges.append_column("directed", pc.less(edges["p_direction"], _FDR))

    def groups(self) -> pa.Table:
        """Collect what hangs together through pairs that are more than chance.

        Returns
        -------
        pyarrow.Table
            ``group`` (from 0, largest first), ``item``, ``size`` (items in the group); a row per item of
            a connected component of :meth:`graph`. Two items of a group need not be a pair themselves.
        """
        edges = self.graph()
        items, ends = np.unique(
            np.concatenate([edges["leader"].to_numpy(), edges["follower"].to_numpy()]).astype(np.str_),
            return_inverse=True,
        )
        joined = coo_array((np.ones(len(edges)), np.split(ends, 2)), shape=(items.size, items.size))
        label = connected_components(joined, directed=False)[1] if items.size else np.zeros(0, np.int64)
        size = np.bincount(label, minlength=1)[label].astype(np.int64)
        order = np.lexsort((items, label, -size))
        change = np.diff(label[order], prepend=label[order][:1]) != 0
        columns = {"group": np.cumsum(change), "item": items[order].tolist(), "size": size[order]}
        return pa.table({name: pa.array(values, _GROUP_TYPES[name]) for name, values in columns.items()})

    @cached_property
    def _found(self) -> pa.Table:
        return self.table.filter(pc.less(self.table["q_value"], _FDR))


_GROUP_TYPES = {"group": pa.int64(), "item": pa.string(), "size": pa.int64()}


def _table(pairs: ComparedPairs, listed: pa.Table, untested: str) -> pa.Table:
    """Lay out the pairs; `listed` has the items' names and numbers of alerts, in order of codes.

    `untested` is the note of a pair without a p-value.
    """
    expected, n_alerts = pairs.sums.expected, listed["n_alerts"].to_numpy()
    columns: dict[str, npt.NDArray[Any]] = {
        "n_leader": n_alerts[pairs.leader],
        "n_follower": n_alerts[pairs.follower],
        "n_together": pairs.n_together,
        "n_bursts": pairs.sums.n_bursts,
        "n_bursts_together": pairs.sums.n_together,
        "expected": expected,
        "lift": np.divide(pairs.sums.n_together, expected, out=np.full(expected.shape, np.nan), where=expected > 0),
        "strength": pairs.strength,
        "p_value": pairs.tests.p_value,
        "q_value": pairs.q_value,
        "p_direction": pairs.tests.p_direction,
        "median_lag_s": pairs.median_lag_s,
    }
    # NaN compares false and sorts last, so that what cannot be tested or ranked comes at the end; ties go by name.
    order = np.lexsort((pairs.follower, pairs.leader, -pairs.strength, ~(pairs.q_value < _FDR)))
    order = order[pairs.n_together[order] > 0]
    names = listed["item"].combine_chunks().cast(pa.string())
    ends = {name: names.take(pa.array(getattr(pairs, name)[order])) for name in ("leader", "follower")}
    table = pa.table(ends | {name: _column(values[order]) for name, values in columns.items()})
    note = pa.scalar(untested, pa.string())
    return table.append_column("note", pc.if_else(pc.is_null(table["p_value"]), note, pa.scalar(None, pa.string())))


def _column(values: npt.NDArray[Any]) -> pa.Array:
    return pa.array(values, from_pandas=values.dtype.kind == "f")  # NaN is null: not known


def _said(row: Mapping[str, Any], window: timedelta) -> str:
    """Say a pair: who, how often, and how often by chance."""
    leads = row["p_direction"] < _FDR
    followed, by_chance = (100 * row[name] / row["n_bursts"] for name in ("n_bursts_together", "expected"))
    return (
        f"{row['leader']} {'leads' if leads else 'fires together with'} {row['follower']}: {followed:.0f} % of its "
        f"bursts are followed within {_spoken(window)}, {by_chance:.2g} % expected by chance"
    )


def _spoken(length: timedelta) -> str:
    seconds = length.total_seconds()
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"
