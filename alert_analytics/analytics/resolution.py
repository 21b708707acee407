"""How long does it really take to resolve? Survival curves that count what is still open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.comparison import compared
from alert_analytics.analytics.durations import Estimate, Group, common_horizon, estimates, groups_of, in_words, known
from alert_analytics.analytics.result import Result, behind, called, check_length, split_by
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory

_OWN_COLUMNS = {
    *("n_alerts", "n_resolved", "n_open", "n_at_risk", "n_censored", "n_clusters", "n_clusters_effective"),
    *(f"{name}{end}_s" for name in ("median", "p90", "mean") for end in ("", "_low", "_high")),
    *("horizon_s", "resolved_only_median_s", "note", "time_s", "survival", "low", "high", "q", "quantile_s"),
    *("low_s", "high_s"),
}


@dataclass(frozen=True, eq=False, repr=False)
class ResolutionAnalysis(Result):
    """Times to resolve, a row per group; make one with :meth:`from_alerts`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then ``n_alerts``, ``n_resolved``, ``n_open``; ``median_s``, ``p90_s`` and ``mean_s`` (up
        to ``horizon_s``), in seconds, each with its interval (``median_low_s``, ``median_high_s``, ...); ``horizon_s``;
        ``resolved_only_median_s`` (of the resolved alone: too short); ``n_clusters`` and ``n_clusters_effective`` (as
        many equal ones would say as much); ``note`` (why a number is missing). Null where a number is not known.
    """

    by: tuple[str, ...] = ()
    level: float = 0.95
    groups: tuple[Group, ...] = field(default=())
    horizon_s: float = float("nan")

    @classmethod
    def from_alerts(
        cls,
        alerts: Any,
        by: str | Sequence[str] | None = None,
        horizon: timedelta | None = None,
        cluster: str | None = "auto",
        level: float = 0.95,
    ) -> ResolutionAnalysis:
        """Ask a history for its times to resolve.

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

        Returns
        -------
        ResolutionAnalysis
            Also for an empty history (no rows), and for groups that say little (``note`` says why).

        Raises
        ------
        HistoryError
            `horizon` is not positive, or `level` not between 0 and 1.
        UnknownColumnError
            `by` or `cluster` names nothing.

        Notes
        -----
        Kaplan-Meier; log-log intervals from a variance that sums over clusters, t quantile with the effective number
        of clusters less one. ``benchmarks/validity_resolution.py`` measures their coverage.

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
        if not 0 < level < 1:
            raise HistoryError(f"level={level}; expected a share between 0 and 1.", hint="0.95 is usual.")
        history, names = AlertHistory.open(alerts), split_by(by, _OWN_COLUMNS)
        groups, answer, said = groups_of(history, names, cluster, history.watermark, level)
        horizon_s = common_horizon(groups) if horizon is None else horizon.total_seconds()
        settings = history.settings | {
            "by": list(names),
            "cluster": said,
            "level": level,
            "horizon_s": None if np.isnan(horizon_s) else horizon_s,
            "horizon_chosen_by": "the shortest follow-up of the groups" if horizon is None else "the caller",
            "censored_at": history.watermark,
        }
        table = _table(groups, names, horizon_s)
        return cls(table, history, settings, answer.sql, names, level, tuple(groups), horizon_s)

    @property
    def sentence(self) -> str:
        """The times to resolve in words."""
        rows = self.table.to_pylist()
        if not rows:
            return "There is no alert in this history, so nothing has a time to resolve."
        n, still_open = sum(row["n_alerts"] for row in rows), sum(row["n_open"] for row in rows)
        share = f"{still_open / n:.1%} of {n:,} alerts are still open and counted as such"
        if n == 1:
            share = "it is still open and counted as such"
        counted = share if still_open else "none is open"
        clusters = f"Intervals ({self.level:.0%}) by cluster: {self.settings['cluster']}."
        if not self.by:
            said = _said(rows[0], self.level)
            return f"{said[0].upper()}{said[1:]}; {counted}. {clusters}"
        medians = sorted((row for row in rows if row["median_s"] is not None), key=lambda row: row["median_s"])
        if not medians:
            return f"None of {len(rows)} groups by {', '.join(self.by)} has half its alerts resolved; {counted}."
        slowest, fastest = medians[-1], medians[0]
        unknown = (
            f"; {len(rows) - len(medians)} of them resolve too few for a median" if len(medians) < len(rows) else ""
        )
        return (
            f"Of {len(rows)} groups by {', '.join(self.by)}, {self._name(slowest)} is the slowest: "
            f"{_said(slowest, self.level)}; the fastest, {self._name(fastest)}, "
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
        parts = [_curve(group, self.by) for group in self.groups]
        return pa.concat_tables(parts) if parts else _curve(_NOBODY, self.by).slice(0, 0)

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
        if not 0 < q < 1:
            raise HistoryError(f"q={q}; expected a share between 0 and 1.", hint="0.9 is the 90th percentile.")
        found = [group.quantile(q) for group in self.groups]
        shares = pa.array([q] * len(found), pa.float64())
        return pa.table({**_keys(self.groups, self.by), "q": shares, **estimates("", found, value="quantile_s")})

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


_NOBODY = Group((), np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64), 0.95)


def _table(groups: Sequence[Group], names: Sequence[str], horizon_s: float) -> pa.Table:
    n_alerts = [group.duration_s.size for group in groups]
    n_resolved = [int(group.resolved.sum()) for group in groups]
    medians, slow = [group.quantile(0.5) for group in groups], [group.quantile(0.9) for group in groups]
    means = [group.mean(horizon_s) for group in groups]
    notes = [_note(*each, horizon_s) for each in zip(groups, medians, slow, means, strict=True)]
    columns = {
        "n_alerts": pa.array(n_alerts, pa.int64()),
        "n_resolved": pa.array(n_resolved, pa.int64()),
        "n_open": pa.array([n - r for n, r in zip(n_alerts, n_resolved, strict=True)], pa.int64()),
        **estimates("median_", medians),
        **estimates("p90_", slow),
        **estimates("mean_", means),
        "horizon_s": known([horizon_s] * len(groups)),
        "resolved_only_median_s": known(group.resolved_only_median_s for group in groups),
        "n_clusters": pa.array([group.cluster_sizes.size for group in groups], pa.int64()),
        "n_clusters_effective": known(group.n_effective for group in groups),
        "note": pa.array(notes, pa.string()),
    }
    return pa.table({**_keys(groups, names), **columns})


def _note(group: Group, median: Estimate, slow: Estimate, mean: Estimate, horizon_s: float) -> str | None:
    """Say why a number is missing; None where none is."""
    seen, left = float(group.duration_s[-1]), float(group.table.survival[-1])
    followed = f"{left:.0%} are still open after {in_words(seen)}, the longest time seen"
    reasons = []
    if np.isnan(slow.value_s):
        reasons.append(f"no {'median' if np.isnan(median.value_s) else '90th percentile'}: {followed}")
    if np.isnan(mean.value_s):
        reasons.append(f"no mean: followed for less than the horizon of {in_words(horizon_s)}")
    if group.n_effective <= 1:
        reasons.append("no intervals: all alerts are of one cluster")
    elif not np.isnan(median.value_s) and np.isnan(median.high_s):
        reasons.append("the median has no upper bound: too few clusters, or too little was seen")
    return "; ".join(reasons) or None


def _curve(group: Group, names: Sequence[str]) -> pa.Table:
    table, (low, high) = group.table, group.band
    columns = {
        "time_s": table.time_s,
        "n_at_risk": table.n_at_risk,
        "n_resolved": table.n_resolved,
        "n_censored": table.n_censored,
        "survival": table.survival,
        "low": known(low),
        "high": known(high),
    }
    m = table.time_s.size
    keys = {
        name: pa.repeat(pa.scalar(group.key[i] if group.key else None, pa.string()), m) for i, name in enumerate(names)
    }
    return pa.table({**keys, **{name: pa.array(values) for name, values in columns.items()}})


def _keys(groups: Sequence[Group], names: Sequence[str]) -> dict[str, pa.Array]:
    return {name: pa.array([group.key[i] for group in groups], pa.string()) for i, name in enumerate(names)}


def _said(row: dict[str, Any], level: float) -> str:
    """A group's times as a clause."""
    if row["median_s"] is None:
        if row["n_alerts"] == 1:
            return "the only alert was never seen resolved, so there is no median"
        return f"less than half of {row['n_alerts']:,} alerts were ever seen resolved, so there is no median"
    if row["n_alerts"] == 1:
        return f"the only alert took {in_words(row['median_s'])} to resolve"
    low, high = row["median_low_s"], row["median_high_s"]
    upper = "no known end" if high is None else in_words(high, like=row["median_s"])
    ends = "unknown" if low is None else f"{in_words(low, like=row['median_s'])} to {upper}"
    slow = "" if row["p90_s"] is None else f", nine in ten within {in_words(row['p90_s'])}"
    naive = f" (the resolved alone would say {in_words(row['resolved_only_median_s'])})" if row["n_open"] else ""
    within = f"{in_words(row['median_s'])} ({level:.0%} interval {ends})"
    return f"half of {row['n_alerts']:,} alerts are resolved within {within}{naive}{slow}"
