"""The numbers of one stretch of a history, each with its interval or the reason why it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from alert_analytics.analytics.durations import Floats
from alert_analytics.analytics.estimates import in_words
from alert_analytics.analytics.exposure import exposed
from alert_analytics.analytics.performance import PerformanceAnalysis
from alert_analytics.analytics.resolution import ResolutionAnalysis
from alert_analytics.history import AlertHistory
from alert_analytics.history.maintenance import AtRisk
from alert_analytics.stats.rate import MIN_BUSY, rate_interval
from alert_analytics.tables import counted, in_figures

INSTANT = timedelta(microseconds=1)
_MIN_DAYS = 7


@dataclass(frozen=True)
class Stretch:
    """A stretch of a history, its first instant in and its last one out: what fired in it, and how that resolved."""

    whole: AlertHistory
    start: datetime
    end: datetime
    _performed: dict[timedelta | None, dict[str, Any]] = field(default_factory=dict, init=False, repr=False)

    @property
    def length(self) -> timedelta:
        """From its first instant to the end."""
        return self.end - self.start

    @cached_property
    def fired(self) -> AlertHistory:
        """The alerts that fired in it."""
        return self.whole.where(since=self.start, until=self.end)

    @cached_property
    def resolution(self) -> ResolutionAnalysis:
        """How long they take to resolve."""
        return ResolutionAnalysis.from_alerts(self.fired)

    def performance(self, horizon_s: float | None = None) -> dict[str, Any]:
        """How good its alerts were, as one knew at its end: only so do two stretches compare, one seen for longer."""
        horizon = timedelta(seconds=horizon_s) if horizon_s else None
        if horizon not in self._performed:
            # What was observed in that very instant was known.
            then = self.whole.as_of(self.end + INSTANT).where(since=self.start, until=self.end)
            rows = PerformanceAnalysis.from_alerts(then, horizon=horizon).table.to_pylist()
            self._performed[horizon] = rows[0] if rows else {}
        return self._performed[horizon]

    def resolved(self, horizon_s: float | None = None) -> dict[str, Any]:
        """The times to resolve, the mean up to a horizon of the caller's."""
        whole = self.resolution
        if horizon_s is not None and horizon_s > 0 and len(whole):
            whole = ResolutionAnalysis.from_alerts(self.fired, horizon=timedelta(seconds=horizon_s))
        rows = whole.table.to_pylist()
        return rows[0] if rows else {}


@dataclass(frozen=True)
class Value:
    """A number, its 95 % interval where there is one, and why not where there is none."""

    name: str
    unit: str
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str | None = None


def _frequency(now: Stretch, before: Stretch | None) -> Iterator[tuple[Value, Value | None]]:
    yield _per_day(now), _per_day(before) if before else None


def _per_day(part: Stretch) -> Value:
    days = part.length.total_seconds() / 86_400
    if part.length <= INSTANT:
        return Value("alerts_per_day", "1/d", None, note="the history spans no time")
    rate, whole = part.fired.n_alerts / days, int(days)
    if (risk := part.whole.at_risk) is not None:
        return _per_day_at_risk(part, risk, whole)
    if whole < _MIN_DAYS:
        note = f"no interval: it needs {_MIN_DAYS} days, there are {in_figures(days, 2)}"
        return Value("alerts_per_day", "1/d", rate, note=note)
    counts = part.fired.ask("summary", params={"range_end": part.end}).numpy()
    per_day = np.zeros(whole)
    kept = counts["days_back"] < whole
    per_day[counts["days_back"][kept]] = counts["n_alerts"][kept]
    return _between(rate, per_day)


def _per_day_at_risk(part: Stretch, risk: AtRisk, whole: int) -> Value:
    found, _ = exposed(part.fired, risk, (), part.start, part.end, whole)
    rate = found[0].per_day if found else 0.0
    per_day = found[0].daily() if found else np.zeros(0)
    if per_day.size < _MIN_DAYS:
        said = f"{counted(per_day.size, 'day')} at risk for half or more of it"
        note = f"per day at risk; no interval: it needs {_MIN_DAYS} days, there are {said}"
        return Value("alerts_per_day", "1/d", rate, note=note)
    value = _between(rate, per_day)
    return replace(value, note="; ".join(filter(None, ["per day at risk", value.note])))


def _between(rate: float, per_day: Floats) -> Value:
    low, high = (float(end) for end in rate_interval(per_day))
    if np.isnan(low):
        note = f"no interval: alerts fired on {counted(int(np.count_nonzero(per_day)), 'day')}, it needs {MIN_BUSY}"
        return Value("alerts_per_day", "1/d", rate, note=note)
    return Value("alerts_per_day", "1/d", rate, min(low, rate), max(high, rate))


def _duration(now: Stretch, before: Stretch | None) -> Iterator[tuple[Value, Value | None]]:
    horizon_s = _common_horizon([now] if before is None else [now, before])
    yield _mean_time_open(now, horizon_s), _mean_time_open(before, horizon_s) if before else None
    yield _open_at_once(now), _open_at_once(before) if before else None


def _common_horizon(parts: Sequence[Stretch]) -> float | None:
    """Up to where all ranges are known: only so do their means compare."""
    found = [part.resolution for part in parts if len(part.resolution)]
    # A curve that ends at 0 is known for ever.
    ending = [one.horizon_s for one in found if one.curve()["survival"][-1].as_py() > 0]
    return min(ending) if ending else max((one.horizon_s for one in found), default=None)


def _mean_time_open(part: Stretch, horizon_s: float | None) -> Value:
    row = part.resolved(horizon_s)
    mean = row.get("mean_s")
    note = "no alert" if horizon_s is None or not row else f"of the first {in_words(horizon_s)} of each alert"
    return Value("mean_time_open", "s", mean, row.get("mean_low_s"), row.get("mean_high_s"), note)


def _open_at_once(part: Stretch) -> Value:
    if part.length <= INSTANT:
        return Value("open_at_once", "alerts", None, note="the history spans no time")
    params = {"range_start": part.start, "range_end": part.end, "watermark": part.whole.watermark}
    open_s = float(part.whole.ask("summary_open", params=params).numpy()["open_s"][0])
    since = part.whole.settings["since"]
    note = "counted, not estimated" + (f"; without alerts fired before {since}" if since else "")
    return Value("open_at_once", "alerts", open_s / part.length.total_seconds(), note=note)


def _resolution_time(now: Stretch, before: Stretch | None) -> Iterator[tuple[Value, Value | None]]:
    for name in ("median", "p90"):
        yield _time_to_resolve(now, name), _time_to_resolve(before, name) if before else None


def _time_to_resolve(part: Stretch, name: str) -> Value:
    row = part.resolved()
    value, low, high = (row.get(f"{name}{end}") for end in ("_s", "_low_s", "_high_s"))
    missing = "not reached: too many are still open" if row else "no alert"
    return Value(f"time_to_resolve_{name}", "s", value, low, high, missing if value is None else None)


Metric = Callable[[Stretch, Stretch | None], Iterator[tuple[Value, Value | None]]]


def _of_performance(*names: str, unit: str = "share") -> Metric:
    """Make a metric of columns of :class:`PerformanceAnalysis`."""

    def metric(now: Stretch, before: Stretch | None) -> Iterator[tuple[Value, Value | None]]:
        rows = [None if part is None else part.performance() for part in (now, before)]
        if unit == "s" and before is not None:  # means up to one horizon
            known = [row[f"{name}_horizon_s"] for row in rows if row for name in names if f"{name}_horizon_s" in row]
            upto = min((one for one in known if one is not None), default=None)
            rows = [now.performance(upto), before.performance(upto)]
        for name in names:
            found = [None if row is None else _column(row, name, unit) for row in rows]
            yield found[0] or Value(name, unit, None), found[1]

    return metric


def _column(row: dict[str, Any], name: str, unit: str) -> Value:
    end = "_s" if unit == "s" else ""
    value, low, high = (row.get(f"{name}{part}{end}") for part in ("", "_low", "_high"))
    horizon_s = row.get(f"{name}_horizon_s")
    note = f"of the first {in_words(horizon_s)} of each alert" if horizon_s else None
    if value is None:
        note = "no alert" if not row else row["note"] or "no alert of which it can be known"
    return Value(name, unit, value, low, high, note)


METRICS: dict[str, Metric] = {
    "frequency": _frequency,
    "duration": _duration,
    "resolution_time": _resolution_time,
    "acknowledgement_time": _of_performance("mtta", unit="s"),
    "noise": _of_performance(
        *("actionable_share", "automatic_share", "unacknowledged_share", "short_share", "refired_share")
    ),
    "flapping": _of_performance("flapping_share"),
    "reliability": _of_performance("mtbf", unit="s"),
    "deduplication": _of_performance("occurrences_per_alert", unit="firings"),
    "incidents": _of_performance("alerts_per_incident", unit="alerts"),
}
"""What can be reported, in the order in which it is."""


def numbers_of(metric: Metric, now: Stretch, before: Stretch | None) -> Iterator[dict[str, object]]:
    """Lay the numbers of one metric out as rows, those of the stretch before beside them.

    Parameters
    ----------
    metric : Metric
        One of :data:`METRICS`.
    now : Stretch
        What is reported.
    before : Stretch or None
        What it is compared with; None where the history does not reach back.

    Yields
    ------
    dict
        The columns of :class:`alert_analytics.analytics.AnalyticsReport` but ``metric``.
    """
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
