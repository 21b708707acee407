"""What fires together, and what leads: ordered pairs of rules within a window, tested against their neighbourhood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from alert_analytics.analytics.correlation_counts import LONGEST_TESTED_US
from alert_analytics.analytics.correlation_firings import Asked, asked
from alert_analytics.analytics.correlation_graph import connected_groups, likely_causes
from alert_analytics.analytics.correlation_lags import LagDistribution, lag_distribution
from alert_analytics.analytics.correlation_strength import N_ITERATIONS, PairStrengths, pair_strengths
from alert_analytics.analytics.correlation_symmetric import symmetric_measures
from alert_analytics.analytics.correlation_table import FDR, pair_table
from alert_analytics.analytics.correlation_topology import check_links, compared_neighbours, read_topology
from alert_analytics.analytics.correlation_words import length_in_words, pair_in_words
from alert_analytics.analytics.result import Result, as_list, check_length, check_name
from alert_analytics.engine.kernels.control import N_CONTROLS
from alert_analytics.history import AlertHistory
from alert_analytics.settings import Settings
from alert_analytics.stats.pairs import MIN_BLOCKS

if TYPE_CHECKING:
    import altair as alt

_FEW_BLOCKS = f"the leader's bursts fall into fewer than {MIN_BLOCKS} blocks of time: no p-value"
_LONGEST_ASKED = timedelta(days=366)
_LONGEST = timedelta(microseconds=LONGEST_TESTED_US)
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
        ``expected`` (how many would be anyway), ``lift`` (null where nothing was expected), ``n_caused`` (bursts of
        the follower that are attributed to the leader rather than to others or to nothing), ``strength`` (in [-1, 2],
        beyond where links lead to many scopes; the column to rank by), ``ebic_gain`` (by how much a graph without the
        pair is worse; positive: it belongs there), ``p_value``, ``q_value`` (Benjamini-Hochberg over every ordered
        pair, seen together or not), ``p_direction`` (of the follower starting no more often after than before),
        ``median_lag_s``, ``note``.
        A row for every pair seen together once: first those with q < 0.05, and in each part by falling ``strength``.
    of, within, window
        What it was asked with.
    topology : pyarrow.Table, optional
        The links, ``a`` and ``b``.
    kernel : tuple of float
        The lag kernel of all pairs; see :meth:`lags`.
    """

    of: str = "rule"
    window: timedelta = timedelta(seconds=300)
    within: tuple[str, ...] = ()
    topology: pa.Table | None = None
    kernel: tuple[float, ...] = ()

    @classmethod
    def from_alerts(
        cls,
        alerts: Any,
        window: timedelta | None = None,
        of: str = "rule",
        within: str | Sequence[str] | None = None,
        topology: Any = None,
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
        topology : dataframe, Arrow table, path, or iterable of pairs, optional
            Which values of `within` (one column then) are linked: a row per link, its ends in the first two columns. A
            link holds both ways. A follower then counts in the leader's scope and in those linked to it, in every
            column of the table.

        Returns
        -------
        CorrelationAnalysis
            Also for an empty history, for a single rule (no rows) and for a short one (rows without p-values).

        Raises
        ------
        HistoryError
            `window` is not positive, or over a year; `topology` is no table of links between values of `within`.
        UnknownColumnError
            `of` or `within` names nothing.

        Notes
        -----
        Runs of a rule's alerts with gaps of at most `window` are one burst. For each leader burst the start of a
        follower burst in ``(t, t + W]`` is compared with ten windows of that length around it, in blocks of
        ``max(4 h, 12 W)``; see :func:`alert_analytics.stats.pairs.pair_tests`. Of 200 simulated histories of four weeks
        without a cascade at most 1.5 % show any pair (``python -m benchmarks.validity_pairs``).

        ``strength`` is :func:`alert_analytics.stats.hawkes.hawkes_strength` of a Hawkes process over burst starts
        (:mod:`alert_analytics.engine.kernels.hawkes`): it shares out each follower among all that came before it, so
        that who merely comes along gets little. On long histories it looks at blocks of time spread over the span
        (``strength_share_of_time`` in :attr:`settings`).

        Examples
        --------
        >>> import alert_analytics as aa
        >>> pairs = aa.CorrelationAnalysis.from_alerts(aa.datasets.sample())
        >>> "q_value" in pairs.to_polars().columns
        True
        """
        length = timedelta(seconds=Settings.load().correlation_window_s) if window is None else window
        check_length("window", length, _LONGEST_ASKED)
        check_name("of", of)
        inside = as_list(within)
        scope = ("tenant_id", *inside)
        links = None if topology is None else read_topology(topology, scope)
        history = AlertHistory.open(alerts)
        given = asked(history, of, scope, length, links)
        if links is not None:
            check_links(links, given.scopes, given.links)
        pairs = compared_neighbours(given.firings, given.span_us, given.links)
        strengths = pair_strengths(given.firings.starts(), pairs, given.span_us, given.links)
        return cls(
            pair_table(pairs, strengths, given.items, _TOO_LONG if length > _LONGEST else _FEW_BLOCKS),
            history,
            history.settings | {"of": of, "within": list(scope)} | _settings(history, given, strengths, links),
            given.sql,
            of=of,
            window=length,
            within=inside,
            topology=links,
            kernel=tuple(strengths.kernel.round(9).tolist()),
        )

    @property
    def sentence(self) -> str:
        """The strongest pair in words."""
        n_items, n_pairs = self.settings["n_items"], self.settings["n_pairs_tested"]
        length = length_in_words(self.window)
        if not n_items:
            return f"There is no alert with a {self.of} in this history, so nothing fires together."
        if n_items == 1:
            return f"There is only one {self.of} in this history, so there is no pair."
        if not self.table.num_rows:
            return f"No two of {n_items:,} values of {self.of} ever fired within {length} of each other."
        if self._found.num_rows:
            reach = "" if self.topology is None else f" in the same {self.within[0]} or a linked one"
            return (
                f"{pair_in_words(self._found.slice(0, 1).to_pylist()[0], self.window, reach)}; "
                f"{self._found.num_rows:,} of {n_pairs:,} pairs at q < {FDR}."
            )
        if self.window > _LONGEST:
            return (
                f"{self.table.num_rows:,} of {n_pairs:,} pairs fired within {length} of each other; how "
                f"many by chance cannot be told, for {_TOO_LONG}."
            )
        if self.table["p_value"].null_count == self.table.num_rows:
            hours = self.settings["block_s"] / 3600  # type: ignore[operator]
            return (
                f"{self.table.num_rows:,} of {n_pairs:,} pairs fired within {length} of each other, but "
                f"no leader has bursts in {MIN_BLOCKS} blocks of {hours:g} h: too little to tell them from chance."
            )
        return (
            f"None of {n_pairs:,} pairs fires within {length} of each other more often than by chance (at q < {FDR})."
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of both the leader and the follower of `row`, in their own time or out of it."""
        record = self._row(row)
        return self.history.where({self.of: [record["leader"], record["follower"]]})

    def graph(self) -> pa.Table:
        """List likely causes: the pairs that are more than chance and that other pairs do not explain away.

        Returns
        -------
        pyarrow.Table
            ``leader``, ``follower``, ``strength``, ``n_caused``, ``ebic_gain``, ``q_value``, ``p_direction``,
            ``median_lag_s`` and ``directed`` (p_direction < 0.05, each edge by itself: which comes first, not which
            causes). Only pairs with q < 0.05 and ``ebic_gain`` > 0, strongest first.
        """
        return likely_causes(self.table)

    def groups(self) -> pa.Table:
        """Collect what hangs together through likely causes.

        Returns
        -------
        pyarrow.Table
            ``group`` (from 0, largest first), ``item``, ``size`` (items in the group); a row per item of
            a connected component of :meth:`graph`. Two items of a group need not be a pair themselves.
        """
        return connected_groups(self.graph())

    def lags(self, row: int = 0) -> LagDistribution:
        """Count how long after its leader the follower of `row` starts.

        Parameters
        ----------
        row : int
            Which row of the table, from 0.

        Returns
        -------
        LagDistribution
            A histogram over bins even in the logarithm, beside what chance would give.

        Raises
        ------
        IndexError
            There is no such row.
        """
        return lag_distribution(self, row)

    def symmetric(self) -> pa.Table:
        """Compute what is usually looked at instead, to compare: Jaccard, phi, z and Pearson over buckets of time.

        Returns
        -------
        pyarrow.Table
            See :func:`alert_analytics.analytics.correlation_symmetric.symmetric_measures`: a row per unordered pair.
            No error rate holds for it; a shared load makes every pair look related.
        """
        return symmetric_measures(asked(self.history, self.of, ("tenant_id", *self.within), self.window, self.topology))

    def plot(self, what: Literal["pairs", "graph", "strength"] = "pairs") -> alt.Chart | alt.LayerChart:
        """Draw the answer.

        Parameters
        ----------
        what : {'pairs', 'graph', 'strength'}
            How often the strongest pairs' leaders are followed; the likely causes as arrows; strengths in a grid.

        Returns
        -------
        altair.Chart or altair.LayerChart
            See :meth:`Result.plot`.

        Raises
        ------
        HistoryError
            There is no such picture.
        MissingDependencyError
            Altair is not installed.
        """
        from alert_analytics.plots import plot_correlation

        chart: alt.Chart | alt.LayerChart = plot_correlation(self, what)
        return chart

    @cached_property
    def _found(self) -> pa.Table:
        return self.table.filter(pc.less(self.table["q_value"], FDR))


def _settings(
    history: AlertHistory, given: Asked, strengths: PairStrengths, topology: pa.Table | None
) -> dict[str, object]:
    """Say what was counted, in plain values."""
    firings = given.firings
    linked = {} if topology is None else {"n_links": topology.num_rows, "n_links_used": given.links.scope.size // 2}
    return linked | {
        "window_s": firings.window_us / 1e6,
        "block_s": firings.block_us / 1e6,
        "n_controls": N_CONTROLS,
        "n_items": firings.n_items,
        "n_pairs_tested": firings.n_pairs,
        "n_left_out": history.n_alerts - firings.item.size,
        "strength_n_iterations": N_ITERATIONS,
        "strength_n_bursts": strengths.n_bursts,
        "strength_share_of_time": strengths.share_of_time,
    }
