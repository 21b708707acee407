"""The last days at a glance, beside the days before: frequency, duration, resolution time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from alert_analytics.analytics.resolution import ResolutionAnalysis
from alert_analytics.analytics.result import Result
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory

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
_MIN_DAYS = 7


@dataclass(frozen=True)
class _Range:
    """A stretch of a history: what fired in it, and everything that was open in it."""

    whole: AlertHistory
    fired: AlertHistory
    start: datetime
    end: datetime


@dataclass(frozen=True)
class _Value:
    """A number, its 95 % interval where there is one, and why not where there is none."""

    name: str
    unit: str
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str | None = None


@dataclass(frozen=True)
class AlertAnalytics:
    """What to report of the last stretch of a history.

    Attributes
    ----------
    time_range : timedelta
        How long before the end of the history's span; the stretch of the same length before it is reported beside it.
    metrics : sequence of str
        Of ``frequency``, ``duration`` and ``resolution_time``.

    Raises
    ------
    HistoryError
        A metric is unknown, or `time_range` is not positive.

    Examples
    --------
    >>> import alert_analytics as aa
    >>> from datetime import timedelta
    >>> report = aa.AlertAnalytics(time_range=timedelta(days=7), metrics=["frequency"]).run(aa.datasets.sample())
    >>> report.to_polars()["name"].to_list()
    ['alerts_per_day']
    """

    time_range: timedelta = timedelta(days=7)
    metrics: Sequence[str] = ("frequency", "duration", "resolution_time")

    def __post_init__(self) -> None:
        unknown = [one for one in self.metrics if one not in _METRICS]
        if unknown:
            raise HistoryError(f"AlertAnalytics has metrics={unknown}; expected some of {', '.join(_METRICS)}.")
        if self.time_range <= timedelta(0):
            raise HistoryError(f"AlertAnalytics has time_range={self.time_range}; expected a positive length of time.")

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
        """
        history = AlertHistory.open(alerts)
        span = history.span
        if span is None:
            settings = history.settings | {"metrics": list(self.metrics)}
            return AnalyticsReport(_SCHEMA.empty_table(), history, settings, "", time_range=self.time_range)
        start = max(span.start, span.end - self.time_range)
        now = _Range(history, history.where(since=start), start, span.end)
        earlier = max(span.start, start - self.time_range)
        before = _Range(history, history.where(since=earlier, until=start), earlier, start)
        has_before = start - earlier == self.time_range
        rows = [
            {"metric": metric} | _row(value, _METRICS[metric](before) if has_before else iter(()))
            for metric in self.metrics
            for value in _METRICS[metric](now)
        ]
        settings = history.settings | {
            "metrics": list(self.metrics),
            "range_start": start,
            "range_end": span.end,
            "before_start": earlier if has_before else None,
        }
        sql = history.ask("summary", params={"range_end": span.end}).sql
        table = pa.Table.from_pylist(rows, schema=_SCHEMA)
        return AnalyticsReport(table, now.fired, settings, sql, time_range=self.time_range)


@dataclass(frozen=True, eq=False, repr=False)
class AnalyticsReport(Result):
    """The numbers of one stretch of a history beside those of the stretch before; see :class:`AlertAnalytics`.

    Attributes
    ----------
    table : pyarrow.Table
        ``metric``, ``name``, ``value``, ``low``, ``high`` (95 % interval), ``unit``, ``before``, ``before_low``,
        ``before_high`` (the stretch of equal length before; null where the history does not reach back), ``note``
        (what a null means).
    """

    time_range: timedelta = timedelta(days=7)

    @property
    def sentence(self) -> str:
        """The report in words."""
        rows = self.table.to_pylist()
        if not rows:
            return "There is no alert in this history, so there is nothing to report."
        return f"In the last {self.time_range.total_seconds() / 86_400:g} days: " + "; ".join(map(_said, rows)) + "."

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts fired in the stretch; the same for every row."""
        self._row(row)
        return self.history


def _frequency(part: _Range) -> Iterator[_Value]:
    days = (part.end - part.start).total_seconds() / 86_400
    if days == 0:
        yield _Value("alerts_per_day", "1/d", None, note="the history spans no time")
        return
    rate, whole = part.fired.n_alerts / days, int(days)
    if whole < _MIN_DAYS:
        note = f"an interval needs {_MIN_DAYS} days, there are {days:.2g}"
        yield _Value("alerts_per_day", "1/d", rate, note=note)
        return
    counted = part.fired.ask("summary", params={"range_end": part.end}).numpy()
    per_day = np.zeros(whole)
    kept = counted["days_back"] < whole
    per_day[counted["days_back"][kept]] = counted["n_alerts"][kept]
    # Days as clusters: alerts come in bursts, and a Poisson interval would be far too narrow.
    half = float(stats.t.ppf(0.975, whole - 1) * per_day.std(ddof=1) / np.sqrt(whole))
    yield _Value("alerts_per_day", "1/d", rate, max(0.0, rate - half), rate + half)


def _duration(part: _Range) -> Iterator[_Value]:
    row = _resolution(part)
    horizon = row.get("horizon_s")
    note = None if horizon is None else f"restricted to {horizon / 3600:.4g} h"
    yield _Value("mean_time_open", "s", row.get("mean_s"), row.get("mean_low_s"), row.get("mean_high_s"), note)
    length = (part.end - part.start).total_seconds()
    params = {"range_start": part.start, "range_end": part.end, "watermark": part.whole.watermark}
    open_s = part.whole.ask("summary_open", params=params).numpy()["open_s"][0]
    known = float(open_s) / length if length else None
    yield _Value("open_at_once", "alerts", known, note="counted, not estimated" if length else "no time is spanned")


def _resolution_time(part: _Range) -> Iterator[_Value]:
    row = _resolution(part)
    for name in ("median", "p90"):
        value = row.get(f"{name}_s")
        note = "not reached: too many are still open" if value is None else None
        low, high = row.get(f"{name}_low_s"), row.get(f"{name}_high_s")
        yield _Value(f"time_to_resolve_{name}", "s", value, low, high, note)


def _resolution(part: _Range) -> dict[str, Any]:
    rows = ResolutionAnalysis.from_alerts(part.fired).table.to_pylist()
    return rows[0] if rows else {}


_METRICS: dict[str, Callable[[_Range], Iterator[_Value]]] = {
    "frequency": _frequency,
    "duration": _duration,
    "resolution_time": _resolution_time,
}


def _row(now: _Value, before: Iterator[_Value]) -> dict[str, object]:
    earlier = next((value for value in before if value.name == now.name), None)
    return {
        "name": now.name,
        "value": now.value,
        "low": now.low,
        "high": now.high,
        "unit": now.unit,
        "before": earlier and earlier.value,
        "before_low": earlier and earlier.low,
        "before_high": earlier and earlier.high,
        "note": now.note,
    }


def _said(row: dict[str, Any]) -> str:
    name = row["name"].replace("_", " ")
    if row["value"] is None:
        return f"{name} unknown ({row['note']})"
    scale, unit = (3600.0, " h") if row["unit"] == "s" else (1.0, "")

    def shown(number: float) -> str:
        return f"{number / scale:.3g}{unit}"

    known = f"{name} {shown(row['value'])}"
    if row["low"] is not None and row["high"] is not None:
        known += f" ({shown(row['low'])} to {shown(row['high'])})"
    return known + (f", before {shown(row['before'])}" if row["before"] is not None else "")
