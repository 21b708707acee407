"""How long after its leader a follower starts: the lags of one pair, beside what chance would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.correlation_counts import Firings
from alert_analytics.analytics.correlation_firings import Asked, asked
from alert_analytics.analytics.correlation_topology import neighbourhoods
from alert_analytics.analytics.result import Result
from alert_analytics.engine.kernels.candidates import Leaders, Links, Sweep
from alert_analytics.history import AlertHistory
from alert_analytics.stats.hawkes import lag_edges
from alert_analytics.tables import in_figures

if TYPE_CHECKING:
    from alert_analytics.analytics.correlation import CorrelationAnalysis


@dataclass(frozen=True, eq=False, repr=False)
class LagDistribution(Result):
    """When the follower of one pair starts, counted from the start of its leader's burst.

    Attributes
    ----------
    table : pyarrow.Table
        ``from_s``, ``to_s`` (the bin, open below and closed above), ``n_bursts`` (leader bursts after which a follower
        burst starts in it), ``by_chance`` (how many would anyway: the pair's ``expected``, evenly over the window),
        ``kernel`` (the share that the lag kernel of all pairs has in the bin). The bins are even in the logarithm.
    leader, follower : str
        The pair.
    """

    leader: str = ""
    follower: str = ""

    @property
    def sentence(self) -> str:
        """The most frequent lag beyond chance in words."""
        rows = self.table.to_pylist()
        total = sum(row["n_bursts"] for row in rows)
        best = max(rows, key=lambda row: row["n_bursts"] - row["by_chance"])
        if best["n_bursts"] <= best["by_chance"]:
            return f"{self.follower} starts at no time after {self.leader} more often than by chance."
        return (
            f"{self.follower} starts most often {in_figures(best['from_s'])} to {in_figures(best['to_s'])} s after "
            f"{self.leader}: {best['n_bursts']:,} of {total:,} times, {in_figures(best['by_chance'], 2)} expected by "
            "chance."
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the leader and the follower; the same for each `row`."""
        self._row(row)
        return self.history


def lag_distribution(pairs: CorrelationAnalysis, row: int) -> LagDistribution:
    """Count the lags of the pair in a row of a correlation.

    Parameters
    ----------
    pairs : CorrelationAnalysis
        The correlation.
    row : int
        Which row.

    Returns
    -------
    LagDistribution
        Over all bursts of the leader; where some have no control window inside the span, its sum may exceed
        ``n_bursts_together`` by those.

    Raises
    ------
    IndexError
        There is no such row.
    """
    history = pairs.alerts(row)  # refuses a row that is not there
    record = pairs.table.slice(row % len(pairs), 1).to_pylist()[0]
    scope = ("tenant_id", *pairs.within)
    of_both = asked(history, pairs.of, scope, pairs.window, pairs.topology)
    edges_us = lag_edges(of_both.firings.window_us)
    names = of_both.items["item"].to_pylist()
    counts = _lags(of_both, names.index(record["leader"]), names.index(record["follower"]), edges_us)
    widths = np.diff(edges_us) / edges_us[-1]
    table = pa.table(
        {
            "from_s": edges_us[:-1] / 1e6,
            "to_s": edges_us[1:] / 1e6,
            "n_bursts": counts,
            "by_chance": (record["expected"] or 0.0) * widths,
            "kernel": np.asarray(pairs.kernel),
        }
    )
    settings = dict(pairs.settings) | {"leader": record["leader"], "follower": record["follower"]}
    return LagDistribution(table, history, settings, of_both.sql, leader=record["leader"], follower=record["follower"])


def _lags(of_both: Asked, leader: int, follower: int, edges_us: np.ndarray) -> np.ndarray:
    """Count, by bin, the follower bursts that start after a leader burst in its scope or in what is linked to it."""
    leads, follows = (_only(of_both.firings, code) for code in (leader, follower))
    starts = [leads.starts(), neighbourhoods(follows, of_both.links).starts()]
    scope = np.concatenate([one.scope for one in starts])
    time_us = np.concatenate([one.time_us for one in starts])
    item = np.repeat(np.arange(2, dtype=np.int32), [one.item.size for one in starts])
    order = np.lexsort((time_us, scope))
    alone = Links(np.zeros_like(of_both.links.first), np.zeros(0, dtype=np.int32))
    only = Leaders(np.array([0, 0, 1]), np.zeros(1, dtype=np.int32))
    sweep = Sweep(scope[order], item[order], time_us[order], only, alone, edges_us)
    return np.bincount(
        sweep.candidates(sweep.counts(np.ones(scope.size, dtype=np.bool_))).lag_bin, minlength=edges_us.size - 1
    )


def _only(firings: Firings, code: int) -> Firings:
    mine = firings.item == code
    return Firings(firings.scope[mine], firings.item[mine], firings.time_us[mine], firings.n_items, firings.window_us)
