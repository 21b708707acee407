"""The last days at a glance, beside the days before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from alert_analytics.analytics.chapters import chapters_of
from alert_analytics.analytics.estimates import in_words
from alert_analytics.analytics.local_time import zone_of
from alert_analytics.analytics.metric import metric_in_words
from alert_analytics.analytics.result import Result, as_list, check_length
from alert_analytics.analytics.summary_numbers import INSTANT, METRICS, Stretch, numbers_of
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.tables import counted, in_figures

_SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("name", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("unit", pa.string()),
        ("before", pa.float64()),
        ("before_low", pa.float64()),
        ("before_high", pa.float64()),
        ("note", pa.string()),
    ]
)


_ALWAYS_SAID = ("frequency", "duration", "resolution_time")


@dataclass(frozen=True)
class AlertAnalytics:
    """What to report of the last stretch of a history.

    Attributes
    ----------
    time_range : timedelta
        How long before the end of the history's span; the stretch of the same length before it is reported beside it.
    metrics : sequence of str
        Of ``frequency``, ``duration``, ``resolution_time``, ``acknowledgement_time``, ``noise``, ``flapping``,
        ``reliability``, ``deduplication`` and ``incidents``; all of them by default.
    timezone : str
        On whose clock people work and sleep, for :attr:`AnalyticsReport.chapters`; days of the numbers end with the
        history.

    Raises
    ------
    HistoryError
        A metric is unknown, `time_range` is not positive, or `timezone` is not known.

    Examples
    --------
    >>> import alert_analytics as aa
    >>> from datetime import timedelta
    >>> report = aa.AlertAnalytics(time_range=timedelta(days=7), metrics=["frequency"]).run(aa.datasets.sample())
    >>> report.to_polars()["name"].to_list()
    ['alerts_per_day']
    """

    time_range: timedelta = timedelta(days=7)
    metrics: Sequence[str] = tuple(METRICS)
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", as_list(self.metrics))
        unknown = [one for one in self.metrics if one not in METRICS]
        if unknown:
            raise HistoryError(f"AlertAnalytics has metrics={unknown}; expected some of {', '.join(METRICS)}.")
        check_length("time_range", self.time_range, timedelta.max)  # longer than the history is all of it
        zone_of(self.timezone)

    def run(self, alerts: Any) -> AnalyticsReport:
        """Report on a history.

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes.

        Returns
        -------
        AnalyticsReport
            A row a number; null with a note where a number cannot be known.

        Notes
        -----
        The interval of the frequency is :func:`alert_analytics.stats.rate.rate_interval`'s, from counts of whole days;
        those of times are :class:`ResolutionAnalysis`'. An alert fires in one stretch only: it holds its first instant.
        """
        history = AlertHistory.open(alerts)
        span = history.span
        if span is None:
            settings = history.settings | {"metrics": list(self.metrics), "timezone": self.timezone}
            return AnalyticsReport(_SCHEMA.empty_table(), history, settings, "", history, self.time_range)
        # An alert in the very last instant of the span belongs to its last day.
        end = span.end + (INSTANT if history.where(since=span.end).n_alerts else timedelta(0))
        now = Stretch(history, end - min(self.time_range, end - span.start), end)
        reaches = now.start - span.start >= self.time_range
        before = Stretch(history, now.start - self.time_range, now.start) if reaches else None
        rows = [{"metric": metric} | row for metric in self.metrics for row in numbers_of(METRICS[metric], now, before)]
        settings = history.settings | {
            "metrics": list(self.metrics),
            "timezone": self.timezone,
            "range_start": now.start,
            "range_end": span.end,
            "before_start": before and before.start,
        }
        sql = history.ask("summary", params={"range_end": end}).sql
        table = pa.Table.from_pylist(rows, schema=_SCHEMA)
        return AnalyticsReport(table, now.fired, settings, sql, history, self.time_range)


@dataclass(frozen=True, eq=False, repr=False)
class AnalyticsReport(Result):
    """The numbers of one stretch of a history beside those of the stretch before; see :class:`AlertAnalytics`.

    Attributes
    ----------
    table : pyarrow.Table
        ``metric``, ``name``, ``value``, ``low``, ``high`` (95 % interval), ``unit``, ``before``, ``before_low``,
        ``before_high`` (the stretch of equal length before; null where the history does not reach back), ``note``
        (what is missing, or how it was counted). ``mean_time_open`` and ``mtta`` are of each alert's time up to one
        horizon for both stretches, the smaller that either supports, so that they compare.
    whole : AlertHistory
        The history that was asked, of which ``history`` is the last stretch.
    time_range : timedelta
        How long the stretch was to be.
    """

    whole: AlertHistory
    time_range: timedelta = timedelta(days=7)

    @property
    def sentence(self) -> str:
        """The report in words."""
        rows = self.table.to_pylist()
        if not rows:
            return "There is no alert in this history, so there is nothing to report."
        first = [row for row in rows if row["metric"] in _ALWAYS_SAID] or rows
        said = f"In the last {self._stretch}: " + "; ".join(map(_said, first)) + "."
        others = [row for row in rows if row not in first]
        # Only of these can it be told whether they are apart.
        held = [row for row in others if None not in (row["low"], row["high"], row["before_low"], row["before_high"])]
        if not held:
            return said
        apart = [row for row in held if _is_apart(row)]
        which = f"{counted(len(held), 'other number')} with intervals"
        if apart:
            return f"{said} Of {which}, apart from those before by both intervals: {'; '.join(map(_said, apart))}."
        none = "The only other number with intervals is not" if len(held) == 1 else f"None of {which} is"
        return f"{said} {none} apart from that before by both intervals."

    @cached_property
    def chapters(self) -> Mapping[str, Result]:
        """What else there is to know: a question each, and the answer from the whole history."""
        return chapters_of(self.whole, str(self.settings["timezone"]))

    def to_html(self, path: str | Path) -> None:
        """Write the report and its :attr:`chapters` as one page that needs nothing else: answers, charts, tables.

        Parameters
        ----------
        path : str or Path
            The page; a file that is there is replaced.

        Raises
        ------
        MissingDependencyError
            Altair, or what makes pictures of its charts, is not installed.
        HistoryError
            The file cannot be written.
        """
        from alert_analytics.report import write_html

        write_html(self, Path(path))

    def to_excel(self, path: str | Path) -> None:
        """Write the report and its :attr:`chapters` as a workbook: the answers on the first sheet, then a sheet each.

        Parameters
        ----------
        path : str or Path
            The workbook; a file that is there is replaced.

        Raises
        ------
        MissingDependencyError
            XlsxWriter is not installed.
        HistoryError
            The file cannot be written.
        """
        from alert_analytics.report import write_excel

        write_excel(self, Path(path))

    @property
    def _stretch(self) -> str:
        asked, start, end = self.time_range, self.settings["range_start"], self.settings["range_end"]
        there = end - start if isinstance(start, datetime) and isinstance(end, datetime) else asked
        if there < asked - INSTANT:
            return f"{in_words(there.total_seconds())} (the history has no more)"
        days = asked.total_seconds() / 86_400
        return f"{days:g} days" if days != 1 else "day"

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts fired in the stretch; the same for every row."""
        self._row(row)
        return self.history


def _is_apart(row: dict[str, Any]) -> bool:
    """Whether the intervals of a number now and before do not touch: rarer by chance than one in a hundred times."""
    return bool(row["high"] < row["before_low"] or row["before_high"] < row["low"])


def _said(row: dict[str, Any]) -> str:
    name = metric_in_words(row["name"])
    if row["value"] is None:
        return f"{name} unknown ({row['note']})"

    def shown(number: float) -> str:
        if row["unit"] == "share":
            return f"{number:.0%}"
        return in_words(number, like=row["value"]) if row["unit"] == "s" else in_figures(number)

    known = f"{name} {shown(row['value'])}"
    if row["low"] is not None and row["high"] is not None:
        known += f" ({shown(row['low'])} to {shown(row['high'])})"
    if row["name"] in ("alerts_per_day", "mean_time_open") and row["note"]:
        known += f" ({row['note']})"
    return known + (f", before {shown(row['before'])}" if row["before"] is not None else "")
