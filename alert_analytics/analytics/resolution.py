"""How long does it really take to resolve? Survival curves that count what is still open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.clocks import Clock, groups_by, left_out_in_words
from alert_analytics.analytics.comparison import compared
from alert_analytics.analytics.durations import Group, common_horizon
from alert_analytics.analytics.estimates import estimates, in_words, keyed
from alert_analytics.analytics.resolution_tables import (
    OWN_COLUMNS,
    curve_table,
    in_a_clause,
    resolution_table,
    waiting_in_words,
)
from alert_analytics.analytics.result import behind, called, check_length, check_name, check_share, split_by
from alert_analytics.analytics.suppression import SUPPRESS_BELOW, check_persons
from alert_analytics.analytics.times_asked import TimesAsked
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory


@dataclass(frozen=True, eq=False, repr=False)
class ResolutionAnalysis(TimesAsked):
    """Times to resolve, a row per group; make one with :meth:`from_alerts`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then ``n_alerts``, ``n_resolved``, ``n_open``; ``median_s``, ``p90_s`` and ``mean_s`` (up
        to ``horizon_s``), in seconds, each with its interval (``median_low_s``, ``median_high_s``, ...); ``horizon_s``;
        ``resolved_only_median_s`` (of the resolved alone: too short); ``n_clusters`` and ``n_clusters_effective`` (as
        many equal ones would say as much); ``note`` (why a number is missing). Null where a number is not known.
    """

    groups: tuple[Group, ...] = field(default=())

    @classmethod
    def from_alerts(
        cls,
        alerts: Any,
        by: str | Sequence[str] | None = None,
        horizon: timedelta | None = None,
        cluster: str | None = "auto",
        level: float = 0.95,
        of: str = "time_to_resolve",
        observed_from: date | str | None = None,
        suppress_below: int = SUPPRESS_BELOW,
    ) -> ResolutionAnalysis:
        """Ask a history for its times to resolve, to acknowledge, or to close.

        Open alerts are not left out: they count with the time they have been open at the watermark. Leaving them out,
        as a mean over resolved tickets does, makes every time to resolve too short.

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes.
        by : str or sequence of str, optional
            Columns or labels; a group for each combination of their values that occurs.
        horizon : timedelta, optional
            Up to where the mean is taken, for all groups. By default the shortest of the groups' longest times seen,
            so that the means compare; groups under 30 alerts, and those whose last alert is resolved, do not
            shorten it.
        cluster : str or None
            What resolves together: a column or label. ``auto`` takes ``incident`` where there is such a column (that of
            :meth:`AlertHistory.incidents`, which wins) or label. Where
            it is null, and where there is none, alerts of one tenant, service (or rule) and day are a cluster. None
            takes every alert for itself: too narrow intervals as soon as alerts share incidents.
        level : float
            Coverage of the intervals, in (0, 1).
        of : str
            ``time_to_resolve``; ``time_to_acknowledge`` (one that is resolved unacknowledged was followed until then);
            or ``time_to_close``, where the source tells a ``closed_at``: a column, a label or a key of the metadata.
            The columns keep their names: ``n_resolved`` counts those that got there, ``n_open`` those that did not.
        observed_from : datetime, date or str, optional
            Since when anybody looked (also as ISO 8601 text, which begins with a year), or the column or label with
            each alert's own such time. Of the alerts that had
            begun before, only those that were still open then are known: they are at risk from then on (left
            truncation), those that were over by then are left out. Null: seen from its start.
        suppress_below : int
            With ``assignee`` in `by` each row is one person's: refused, unless 1 asks for groups of so few.

        Returns
        -------
        ResolutionAnalysis
            Also for an empty history (no rows), and for groups that say little (``note`` says why).

        Raises
        ------
        HistoryError
            `horizon` is not positive, `level` not between 0 and 1, `of` no clock, `observed_from` no time, or no alert
            tells when it was closed; or rows of single persons are not asked for.
        UnknownColumnError
            `by`, `cluster` or `observed_from` names nothing.

        Notes
        -----
        Kaplan-Meier; log-log intervals from a variance that sums over clusters, t quantile with the effective number
        of clusters less one. ``benchmarks/validity_resolution.py`` measures their coverage: high quantiles of which
        few incidents tell (the 90th percentile of 60, 30 % of it open) are covered by 88 to 93 %, not 95.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> resolution = aa.ResolutionAnalysis.from_alerts(aa.datasets.sample())
        >>> row = resolution.table.to_pylist()[0]
        >>> row["n_open"] > 0, row["resolved_only_median_s"] < row["median_s"] < row["median_high_s"]
        (True, True)
        """
        if horizon is not None:
            check_length("horizon", horizon)
        check_share("level", level)
        if cluster is not None:
            check_name("cluster", cluster)
        history, names = AlertHistory.open(alerts), split_by(by, OWN_COLUMNS)
        check_persons(names, suppress_below)
        clock = Clock(of, cluster, observed_from)
        groups, answer, said, left_out = groups_by(history, names, clock, level)
        horizon_s = common_horizon(groups) if horizon is None else horizon.total_seconds()
        settings = history.settings | {
            "by": list(names),
            "suppress_below": suppress_below,
            "cluster": said,
            "level": level,
            "horizon_s": None if np.isnan(horizon_s) else horizon_s,
            "horizon_chosen_by": "the shortest follow-up of the groups" if horizon is None else "the caller",
            "censored_at": history.watermark,
            "of": of,
            "observed_from": clock.observed_from,
            "left_out": left_out,
        }
        table = resolution_table(groups, names, horizon_s, clock)
        return cls(table, history, settings, answer.sql, names, level, horizon_s, clock, tuple(groups))

    @property
    def sentence(self) -> str:
        """The times to resolve in words."""
        rows, clock = self.table.to_pylist(), self.clock
        left_out = self.settings["left_out"]
        gone = left_out_in_words(left_out) if isinstance(left_out, dict) else ""
        if not rows:
            return f"There is no alert in this history, so nothing has a {clock.noun}.{gone}"
        n, n_waiting = sum(row["n_alerts"] for row in rows), sum(row["n_open"] for row in rows)
        counted = waiting_in_words(n, n_waiting, clock)
        clusters = f"Intervals ({self.level:.0%}) by cluster: {self.settings['cluster']}.{gone}"
        if not self.by:
            said = in_a_clause(rows[0], self.level, clock)
            return f"{said[0].upper()}{said[1:]}; {counted}. {clusters}"
        medians = sorted((row for row in rows if row["median_s"] is not None), key=lambda row: row["median_s"])
        groups = f"{len(rows):,} groups by {', '.join(self.by)}"
        if len(rows) == 1:
            said = in_a_clause(rows[0], self.level, clock)
            return f"Of {self._name(rows[0])}, the only group by {', '.join(self.by)}, {said}; {counted}. {clusters}"
        if not medians:
            return f"None of {groups} has half its alerts {clock.done}; {counted}."
        slowest, fastest, lacking = medians[-1], medians[0], len(rows) - len(medians)
        if len(medians) == 1 and lacking:
            said = in_a_clause(slowest, self.level, clock)
            return (
                f"Of {groups} only {self._name(slowest)} has half its alerts "
                f"{clock.done}: {said}; {counted}. {clusters}"
            )
        which = "the slowest that has a median" if lacking else "the slowest"
        unknown = f"; {lacking:,} of them {clock.verb} too few for a median" if lacking else ""
        return (
            f"Of {groups}, {self._name(slowest)} is {which}: "
            f"{in_a_clause(slowest, self.level, clock)}; the fastest, {self._name(fastest)}, "
            f"has a median of {in_words(fastest['median_s'])}{unknown}; {counted}. {clusters}"
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the group in `row`, open ones included."""
        return behind(self.history, self.by, self._row(row))

    def curve(self) -> pa.Table:
        """The share still open over time.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``time_s``, ``n_at_risk``, ``n_resolved``, ``n_censored``, ``survival``,
            ``low`` and ``high`` (pointwise interval): a row per group and distinct time, in order.
        """
        return curve_table(self.groups, self.by)

    def quantile(self, q: float) -> pa.Table:
        """The time within which a share of the alerts is resolved.

        Parameters
        ----------
        q : float
            In (0, 1); .5 is the median.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``q``, ``quantile_s``, ``low_s``, ``high_s``; null where so many were never seen
            resolved.

        Raises
        ------
        HistoryError
            `q` is not between 0 and 1.
        """
        check_share("q", q, "0.9 is the 90th percentile.")
        found = [group.quantile(q) for group in self.groups]
        shares = pa.array([q] * len(found), pa.float64())
        keys = keyed((group.key for group in self.groups), self.by)
        return pa.table({**keys, "q": shares, **estimates("", found, value="quantile_s")})

    def compare(self) -> pa.Table:
        """Hold every pair of groups against each other.

        The time grows with the pairs: fifty groups are 1,225 tests.

        Returns
        -------
        pyarrow.Table
            A row per pair: each column of ``by`` with ``_a`` and ``_b``; ``chi2`` and ``p_value`` of the log-rank test
            by clusters, ``q_value`` (Benjamini-Hochberg over the pairs); ``mean_difference_s`` (of the means up to
            the horizon, a less b: positive where a is slower), ``mean_difference_low_s``, ``mean_difference_high_s``.

        Raises
        ------
        HistoryError
            There are fewer than two groups.
        """
        if len(self.groups) < 2:
            by = ", ".join(self.by) or "nothing"
            raise HistoryError(
                f"compare() needs two groups; this analysis by {by} has {len(self.groups)}.",
                hint="ask from_alerts(history, by=...) for a column with at least two values.",
            )
        return compared(self.groups, self.by, self.horizon_s)

    def _name(self, row: dict[str, Any]) -> str:
        return called(row, self.by)
