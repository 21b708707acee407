"""How good are the alerts? Volume, noise, flapping, and the mean times, of each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.estimates import in_words
from alert_analytics.analytics.metric import Metric
from alert_analytics.analytics.performance_definitions import definitions
from alert_analytics.analytics.performance_measures import Measure, metrics
from alert_analytics.analytics.performance_seen import Seen, Thresholds, seen
from alert_analytics.analytics.performance_table import OWN_COLUMNS, in_order, laid_out, largest_first
from alert_analytics.analytics.performance_times import mean_times
from alert_analytics.analytics.result import (
    Result,
    behind,
    called,
    check_length,
    check_name,
    check_number,
    check_share,
    split_by,
)
from alert_analytics.analytics.suppression import SUPPRESS_BELOW, check_persons
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.tables import counted, in_figures


@dataclass(frozen=True, eq=False, repr=False)
class PerformanceAnalysis(Result):
    """Volume, noise, flapping and mean times, a row per group; make one with :meth:`from_alerts`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then those that :meth:`definitions` explains: counts, and with an interval
        (``..._low``, ``..._high``) alerts a day, seven shares, MTTA, MTTR and MTBF in seconds; ``mtta_horizon_s``,
        ``mttr_horizon_s``; ``n_clusters_effective``; ``note`` (why a number is missing). The largest group first; null
        where a number is not known.
    """

    by: tuple[str, ...] = ()
    of: str = "fingerprint"
    level: float = 0.95
    thresholds: Thresholds = field(
        default=Thresholds(timedelta(minutes=5), timedelta(minutes=30), timedelta(minutes=5), 30.0, 20.0)
    )
    measures: Mapping[str, Measure] = field(default_factory=dict)
    rows: Seen | None = None

    @classmethod
    def from_alerts(
        cls,
        alerts: Any,
        by: str | Sequence[str] | None = None,
        of: str = "fingerprint",
        short: timedelta = timedelta(minutes=5),
        refire_within: timedelta = timedelta(minutes=30),
        check_every: timedelta = timedelta(minutes=5),
        flap_high: float = 30.0,
        flap_low: float = 20.0,
        horizon: timedelta | None = None,
        cluster: str | None = "auto",
        level: float = 0.95,
        suppress_below: int = SUPPRESS_BELOW,
    ) -> PerformanceAnalysis:
        """Ask a history how good its alerts are.

        A share is of the alerts of which it can be known: that an alert lasted under five minutes is known of the last
        five minutes' alerts only if it did, so those are left out. Open alerts are not in the shares of ended ones, and
        those of which nothing says how they ended are not in the share that somebody acted on: ``n_unsaid`` counts
        alerts of which nothing says whether somebody did (:mod:`alert_analytics.analytics.actions`).

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes.
        by : str or sequence of str, optional
            Columns or labels; a group for each combination of their values that occurs.
        of : str
            The column or label that says what can fire again (and flap): by default the fingerprint. Where every alert
            has its own, as tickets do, take ``rule``.
        short, refire_within : timedelta
            An alert shorter than `short` is short; one whose condition fires again within `refire_within` of its end
            is fired again.
        check_every : timedelta
            How often a state counts as checked, for flapping: shorter makes states that last count for more.
        flap_high, flap_low : float
            Percentages of state changes at which flapping starts and stops, Nagios' defaults.
        horizon : timedelta, optional
            Up to where the mean times are taken. By default a week, or what the shortest followed of the groups allows;
            groups under 30 alerts do not shorten it.
        cluster : str or None
            What happens together, as in :meth:`ResolutionAnalysis.from_alerts`.
        level : float
            Coverage of the intervals, in (0, 1).
        suppress_below : int
            With ``assignee`` in `by` each row is one person's: refused, unless 1 asks for groups of so few.

        Returns
        -------
        PerformanceAnalysis
            Also for an empty history (no rows), and for groups that say little (``note`` says why).

        Raises
        ------
        HistoryError
            A length of time is not positive, ``0 <= flap_low <= flap_high <= 100`` does not hold, or `level` is not
            between 0 and 1; or rows of single persons are not asked for.
        UnknownColumnError
            `by`, `of` or `cluster` names nothing.

        Notes
        -----
        Shares: :func:`alert_analytics.stats.share.clustered_shares`; flapping:
        :func:`alert_analytics.engine.kernels.flapping.flapping`; alerts a day:
        :func:`alert_analytics.stats.rate.rate_interval`; means as those of :class:`ResolutionAnalysis`.
        ``benchmarks/validity_performance.py`` measures what the intervals cover.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> found = aa.PerformanceAnalysis.from_alerts(aa.datasets.sample(), by="rule", of="rule")
        >>> rows = {row["rule"]: row for row in found.table.to_pylist()}
        >>> rows["BgpSessionFlap"]["flapping_share"] > rows["DiskFull"]["flapping_share"]
        True
        """
        for name, length in {"short": short, "refire_within": refire_within, "check_every": check_every}.items():
            check_length(name, length)
        if horizon is not None:
            check_length("horizon", horizon)
        check_number("flap_low", flap_low, 0, 100)
        check_number("flap_high", flap_high, 0, 100)
        if flap_low > flap_high:
            raise HistoryError(
                f"flap_low={flap_low}, flap_high={flap_high}; expected 0 <= flap_low <= flap_high <= 100.",
                hint="Nagios has 20 and 30.",
            )
        check_share("level", level)
        check_name("of", of)
        if cluster is not None:
            check_name("cluster", cluster)
        history, names = AlertHistory.open(alerts), split_by(by, OWN_COLUMNS)
        check_persons(names, suppress_below)
        given = Thresholds(short, refire_within, check_every, float(flap_high), float(flap_low))
        rows, answer, said, has_incidents = seen(history, names, of, cluster)
        keys = history.ask("resolution_groups", keys={"series": names}).arrow()["series"]
        upto_s = None if horizon is None else horizon.total_seconds()
        table, measures, horizons = laid_out(rows, history, names, keys, given, has_incidents, upto_s, level)
        settings = history.settings | {
            "by": list(names),
            "suppress_below": suppress_below,
            "of": of,
            "short_s": short.total_seconds(),
            "refire_within_s": refire_within.total_seconds(),
            "check_every_s": check_every.total_seconds(),
            "flap_high": given.flap_high,
            "flap_low": given.flap_low,
            "cluster": said,
            "level": level,
            **{f"{name}_horizon_s": None if np.isnan(h) else h for name, h in horizons.items()},
            "censored_at": history.watermark,
        }
        return cls(table, history, settings, answer.sql, names, of, level, given, measures, rows)

    @property
    def sentence(self) -> str:
        """How good the alerts are, in words."""
        rows = self.table.to_pylist()
        if not rows:
            return "There is no alert in this history, so there is no noise in it either."
        n = sum(row["n_alerts"] for row in rows)
        if not self.by:
            return f"{counted(n, 'alert')}{_said(rows[0], self)}. {self._clusters}"
        idle = [
            ((row["n_alerts"] - row["n_unsaid"]) * (1 - row["actionable_share"]), row)
            for row in rows
            if row["actionable_share"] is not None
        ]
        if len(rows) == 1:
            only = f"{called(rows[0], self.by)}, the only group by {', '.join(self.by)}"
            return f"{only}: {counted(n, 'alert')}{_said(rows[0], self)}. {self._clusters}"
        noisiest = max(idle, key=lambda pair: pair[0])[1] if idle else rows[0]
        what = "has the most alerts that nobody acted on" if idle else "has the most alerts"
        return (
            f"Of {counted(len(rows), 'group')} by {', '.join(self.by)} ({counted(n, 'alert')}), "
            f"{called(noisiest, self.by)} {what}: {counted(noisiest['n_alerts'], 'alert')}{_said(noisiest, self)}. "
            f"{self._clusters}"
        )

    @property
    def _clusters(self) -> str:
        return f"Intervals ({self.level:.0%}) by cluster: {self.settings['cluster']}."

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the group in `row`."""
        return behind(self.history, self.by, self._row(row))

    def definitions(self) -> pa.Table:
        """Say what each column means, with these settings.

        Returns
        -------
        pyarrow.Table
            ``metric``, ``unit``, ``definition``.
        """
        horizons = {name: _number(self.settings[f"{name}_horizon_s"]) for name in ("mtta", "mttr")}
        return definitions(self.thresholds, self.of, horizons, str(self.settings["cluster"]), self.level)

    def estimates(self) -> list[Metric]:
        """List every number that has an interval; see :meth:`Result.estimates`."""
        return self.estimates_up_to(self.horizons_s)

    @property
    def horizons_s(self) -> dict[str, float | None]:
        """Up to where ``mtta`` and ``mttr`` are taken, in seconds; None where there is no such mean."""
        first = self.table.slice(0, 1).to_pylist()
        return {name: row[f"{name}_horizon_s"] for row in first for name in ("mtta", "mttr")}

    def estimates_up_to(self, horizons_s: Mapping[str, float | None]) -> list[Metric]:
        """List every number that has an interval, MTTA and MTTR up to other horizons: only up to one do they compare.

        Parameters
        ----------
        horizons_s : mapping of str to float or None
            Of ``mtta`` and ``mttr``, in seconds.

        Returns
        -------
        list of Metric
            As :meth:`estimates`.
        """
        keys = [tuple(row[name] for name in self.by) for row in self.table.to_pylist()]
        # The longer a stretch, the longer the gaps that it can hold: means of them do not compare.
        lasting = {name: one for name, one in self.measures.items() if name != "mtbf_s"}
        others = {name: one for name, one in horizons_s.items() if one is not None and one != self.horizons_s.get(name)}
        if others and self.rows is not None:
            order, found = largest_first(self.rows), mean_times(self.rows, others, self.level)
            lasting |= {f"{name}_s": in_order(found[name].mean, order) for name in others}
        return metrics(lasting, keys, {f"{name}_s": one for name, one in horizons_s.items()})


def _number(value: object) -> float:
    return float(value) if isinstance(value, float) else float("nan")


def _said(row: dict[str, Any], found: PerformanceAnalysis) -> str:
    """A group's numbers as the end of a sentence; what is not known is left out."""
    parts = [] if row["alerts_per_day"] is None else [f", {in_figures(row['alerts_per_day'])} a day"]
    given = found.thresholds
    acted = _share(row, "actionable_share", "of those that ended somebody acted on {}", found.level)
    unsaid = f"of {row['n_unsaid']:,} nothing says whether somebody acted" if row["n_unsaid"] else ""
    noise = [
        _share(row, "automatic_share", "{} ended by themselves"),
        _share(row, "unacknowledged_share", "{} were never acknowledged"),
        _share(row, "short_share", "{} lasted under " + in_words(given.short.total_seconds())),
        _share(row, "refired_share", "{} fired again within " + in_words(given.refire.total_seconds())),
        _share(row, "flapping_share", "{} fired while flapping"),
    ]
    parts += [f"; {each}" for each in (acted, unsaid, ", ".join(filter(None, noise))) if each]
    for name, short in (("mtta", "MTTA"), ("mttr", "MTTR")):
        if row[f"{name}_s"] is not None:
            what = {"mtta": "acknowledgement", "mttr": "resolve"}[name]
            upto = in_words(row[f"{name}_horizon_s"])
            parts.append(f"; {short} (mean time to {what}, of the first {upto}) {in_words(row[f'{name}_s'])}")
    if row["alerts_per_incident"] is not None:
        parts.append(f"; alerts per incident: {in_figures(row['alerts_per_incident'])}")
    return "".join(parts)


def _share(row: dict[str, Any], name: str, words: str, level: float | None = None) -> str:
    if row[name] is None:
        return ""
    between = ""
    if level is not None and row[f"{name}_low"] is not None:
        between = f" ({level:.0%} interval {row[f'{name}_low']:.0%} to {row[f'{name}_high']:.0%})"
    return words.format(f"{row[name]:.0%}") + between
