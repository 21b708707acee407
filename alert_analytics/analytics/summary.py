"""The last days at a glance, beside the days before: frequency, duration, resolution time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from alert_analytics.analytics.durations import Floats, in_words
from alert_analytics.analytics.exposure import exposed
from alert_analytics.analytics.resolution import ResolutionAnalysis
from alert_analytics.analytics.result import Result, as_list, check_length
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.history.maintenance import AtRisk
from alert_analytics.stats.rate import MIN_BUSY, rate_interval
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
_MIN_DAYS = 7
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class _Range:
    """A stretch of a history, its first instant in and its last one out: what fired in it, and how that resolved."""

    whole: AlertHistory
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @cached_property
    def fired(self) -> AlertHistory:
        return self.whole.where(since=self.start, until=self.end)

    @cached_property
    def resolution(self) -> ResolutionAnalysis:
        return ResolutionAnalysis.from_alerts(self.fired)

    def resolved(self, horizon_s: float | None = None) -> dict[str, Any]:
        """The times to resolve, the mean up to a horizon of the caller's."""
        whole = self.resolution
        if horizon_s is not None and horizon_s > 0 and len(whole):
            whole = ResolutionAnalysis.from_alerts(self.fired, horizon=timedelta(seconds=horizon_s))
        rows = whole.table.to_pylist()
        return rows[0] if rows else {}


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
        object.__setattr__(self, "metrics", as_list(self.metrics))
        unknown = [one for one in self.metrics if one not in _METRICS]
        if unknown:
            raise HistoryError(f"AlertAnalytics has metrics={unknown}; expected some of {', '.join(_METRICS)}.")
        check_length("time_range", self.time_range)

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
            settings = history.settings | {"metrics": list(self.metrics)}
            return AnalyticsReport(_SCHEMA.empty_table(), history, settings, "", time_range=self.time_range)
        # An alert in the very last instant of the span belongs to its last day.
        end = span.end + (_INSTANT if history.where(since=span.end).n_alerts else timedelta(0))
        now = _Range(history, end - min(self.time_range, end - span.start), end)
        reaches = now.start - span.start >= self.time_range
        before = _Range(history, now.start - self.time_range, now.start) if reaches else None
        rows = [{"metric": metric} | row for metric in self.metrics for row in _rows(_METRICS[metric], now, before)]
        settings = history.settings | {
            "metrics": list(self.metrics),
            "range_start": now.start,
            "range_end": span.end,
            "before_start": before and before.start,
        }
        sql = history.ask("summary", params={"range_end": end}).sql
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
        (what is missing, or how it was counted). ``mean_time_open`` is of each alert's time up to one horizon for
        both stretches, so that they compare.
    """

    time_range: timedelta = timedelta(days=7)

    @property
    def sentence(self) -> str:
        """The report in words."""
        rows = self.table.to_pylist()
        if not rows:
            return "There is no alert in this history, so there is nothing to report."
        return f"In the last {self._stretch}: " + "; ".join(map(_said, rows)) + "."

    @property
    def _stretch(self) -> str:
        asked, start, end = self.time_range, self.settings["range_start"], self.settings["range_end"]
        there = end - start if isinstance(start, datetime) and isinstance(end, datetime) else asked
        if there < asked - _INSTANT:
            return f"{in_words(there.total_seconds())} (the history has no more)"
        days = asked.total_seconds() / 86_400
        return f"{days:g} days" if days != 1 else "day"

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts fired in the stretch; the same for every row."""
        self._row(row)
        return self.history


def _frequency(now: _Range, before: _Range | None) -> Iterator[tuple[_Value, _Value | None]]:
    yield _per_day(now), _per_day(before) if before else None


def _per_day(part: _Range) -> _Value:
    days = part.length.total_seconds() / 86_400
    if part.length <= _INSTANT:
        return _Value("alerts_per_day", "1/d", None, note="the history spans no time")
    rate, whole = part.fired.n_alerts / days, int(days)
    if (risk := part.whole.at_risk) is not None:
        return _per_day_at_risk(part, risk, whole)
    if whole < _MIN_DAYS:
        note = f"no interval: it needs {_MIN_DAYS} days, there are {in_figures(days, 2)}"
        return _Value("alerts_per_day", "1/d", rate, note=note)
    counts = part.fired.ask("summary", params={"range_end": part.end}).numpy()
    per_day = np.zeros(whole)
    kept = counts["days_back"] < whole
    per_day[counts["days_back"][kept]] = counts["n_alerts"][kept]
    return _between(rate, per_day)


def _per_day_at_risk(part: _Range, risk: AtRisk, whole: int) -> _Value:
    found, _ = exposed(part.fired, risk, (), part.start, part.end, whole)
    rate = found[0].per_day if found else 0.0
    per_day = found[0].daily() if found else np.zeros(0)
    if per_day.size < _MIN_DAYS:
        said = f"{counted(per_day.size, 'day')} at risk for half or more of it"
        note = f"per day at risk; no interval: it needs {_MIN_DAYS} days, there are {said}"
        return _Value("alerts_per_day", "1/d", rate, note=note)
    value = _between(rate, per_day)
    return replace(value, note="; ".join(filter(None, ["per day at risk", value.note])))


def _between(rate: float, per_day: Floats) -> _Value:
    low, high = (float(end) for end in rate_interval(per_day))
    if np.isnan(low):
        note = f"no interval: alerts fired on {counted(int(np.count_nonzero(per_day)), 'day')}, it needs {MIN_BUSY}"
        return _Value("alerts_per_day", "1/d", rate, note=note)
    return _Value("alerts_per_day", "1/d", rate, min(low, rate), max(high, rate))


def _duration(now: _Range, before: _Range | None) -> Iterator[tuple[_Value, _Value | None]]:
    horizon_s = _common_horizon([now] if before is None else [now, before])
    yield _mean_time_open(now, horizon_s), _mean_time_open(before, horizon_s) if before else None
    yield _open_at_once(now), _open_at_once(before) if before else None


def _common_horizon(parts: Sequence[_Range]) -> float | None:
    """Up to where all ranges are known: only so do their means compare."""
    found = [part.resolution for part in parts if len(part.resolution)]
    # A curve that ends at 0 is known for ever.
    ending = [one.horizon_s for one in found if one.curve()["survival"][-1].as_py() > 0]
    return min(ending) if ending else max((one.horizon_s for one in found), default=None)


def _mean_time_open(part: _Range, horizon_s: float | None) -> _Value:
    row = part.resolved(horizon_s)
    mean = row.get("mean_s")
    note = "no alert" if horizon_s is None or not row else f"of the first {in_words(horizon_s)} of each alert"
    return _Value("mean_time_open", "s", mean, row.get("mean_low_s"), row.get("mean_high_s"), note)


def _open_at_once(part: _Range) -> _Value:
    if part.length <= _INSTANT:
        return _Value("open_at_once", "alerts", None, note="the history spans no time")
    params = {"range_start": part.start, "range_end": part.end, "watermark": part.whole.watermark}
    open_s = float(part.whole.ask("summary_open", params=params).numpy()["open_s"][0])
    since = part.whole.settings["since"]
    note = "counted, not estimated" + (f"; without alerts fired before {since}" if since else "")
    return _Value("open_at_once", "alerts", open_s / part.length.total_seconds(), note=note)


def _resolution_time(now: _Range, before: _Range | None) -> Iterator[tuple[_Value, _Value | None]]:
    for name in ("median", "p90"):
        yield _time_to_resolve(now, name), _time_to_resolve(before, name) if before else None


def _time_to_resolve(part: _Range, name: str) -> _Value:
    row = part.resolved()
    value, low, high = (row.get(f"{name}{end}") for end in ("_s", "_low_s", "_high_s"))
    missing = "not reached: too many are still open" if row else "no alert"
    return _Value(f"time_to_resolve_{name}", "s", value, low, high, missing if value is None else None)


_Metric = Callable[[_Range, _Range | None], Iterator[tuple[_Value, _Value | None]]]
_METRICS: dict[str, _Metric] = {
    "frequency": _frequency,
    "duration": _duration,
    "resolution_time": _resolution_time,
}


def _rows(metric: _Metric, now: _Range, before: _Range | None) -> Iterator[dict[str, object]]:
    for value, earlier in metric(now, before):
        yield {
            "name": value.name,
            "value": value.value,
            "low": value.low,
            "high": value.high,
            "unit": value.unit,
            "before": earlier and earlier.value,
            "before_low": earlier and earlier.low,
            "before_high": earlier and earlier.high,
            "note": value.note,
        }


def _said(row: dict[str, Any]) -> str:
    name = row["name"].replace("_", " ")
    if row["value"] is None:
        return f"{name} unknown ({row['note']})"

    def shown(number: float) -> str:
        return in_words(number, like=row["value"]) if row["unit"] == "s" else in_figures(number)

    known = f"{name} {shown(row['value'])}"
    if row["low"] is not None and row["high"] is not None:
        known += f" ({shown(row['low'])} to {shown(row['high'])})"
    if row["name"] in ("alerts_per_day", "mean_time_open") and row["note"]:
        known += f" ({row['note']})"
    return known + (f", before {shown(row['before'])}" if row["before"] is not None else "")
