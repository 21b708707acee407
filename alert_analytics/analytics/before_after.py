"""Did our clean-up help? Two answers of one analysis, on the time before and the time after, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import pyarrow as pa

from alert_analytics.analytics.before_after_changes import (
    Changed,
    correlation_changes,
    resolution_changes,
    trend_changes,
)
from alert_analytics.analytics.correlation import CorrelationAnalysis
from alert_analytics.analytics.estimates import in_words
from alert_analytics.analytics.metric import Metric, metric_in_words
from alert_analytics.analytics.performance import PerformanceAnalysis
from alert_analytics.analytics.resolution import ResolutionAnalysis
from alert_analytics.analytics.result import Result, called, check_names
from alert_analytics.analytics.trend import TrendAnalysis
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.stats.multiple import benjamini_hochberg
from alert_analytics.stats.rate_ratio import UNKNOWN, difference_of, ratio_of
from alert_analytics.tables import in_figures

_FDR, _LEVEL = 0.05, 0.95
# What two answers must have been asked alike; what follows from the history (counts, horizons) may differ.
_ALIKE = (
    *("tenant", "where", "context", "by", "of", "within", "topology", "window_s", "cluster", "level", "timezone"),
    *("observed_from", "short_s", "refire_within_s", "check_every_s", "flap_high", "flap_low", "responder", "hours"),
    *("together_s", "suppress_below", "holidays"),
)
_OWN_COLUMNS = ("metric", "unit", "before", "after", "change", "low", "high", "kind", "p_value", "q_value", "note")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Result):
    """What changed from one stretch of time to another, a row per row and number; make one with :func:`compare`.

    Attributes
    ----------
    table : pyarrow.Table
        The key columns of what was compared (``by``; ``leader`` and ``follower``), then ``metric``, ``unit``,
        ``before``, ``after``, ``kind`` (``ratio``: after over before, of a trend with its weekdays evened out;
        ``difference``: after less before; ``test``: a p-value alone), ``change`` with ``low`` and ``high`` (95 %
        interval), ``p_value`` (of no change), ``q_value``
        (Benjamini-Hochberg over the rows), ``note``. The clearest change first.
    before, after : Result
        What was compared; ``history`` and ``sql`` are those of ``after``.
    """

    before: Result
    after: Result
    keys: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The changes in words."""
        rows = self.table.to_pylist()
        if not rows:
            return "There is nothing to compare: neither stretch of time has a row of its own."
        known = [row for row in rows if row["q_value"] is not None and row["change"] is not None]
        if not known:
            return f"What changed cannot be told: {rows[0]['note']}."
        changed = [row for row in known if row["q_value"] < _FDR]
        curves = self._curves(rows)
        if len(known) == 1:
            return f"{_said(known[0], self.keys)}{'' if changed or curves else ': no change beyond chance'}{curves}."
        if not changed:
            clearest = _said(known[0], self.keys)
            return f"None of {len(known):,} numbers changed beyond chance; the clearest, {clearest}{curves}."
        clearest = _said(changed[0], self.keys)
        return f"{len(changed):,} of {len(known):,} numbers changed beyond chance; the clearest: {clearest}{curves}."

    def _curves(self, rows: Sequence[dict[str, Any]]) -> str:
        """What the tests without a number say: a curve may change where its mean does not."""
        found = [row for row in rows if row["kind"] == "test" and row["q_value"] is not None and row["q_value"] < _FDR]
        if not found:
            return ""
        whose = f" of {', '.join(called(row, self.keys) for row in found[:3])}" if self.keys else ""
        return f"; the whole curves{whose} differ (log-rank, q = {found[0]['q_value']:.2g})"

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts after, of the series, group or pair in `row`; those before are ``.before``'s."""
        record = self._row(row)
        if {"leader", "follower"} <= set(self.keys) and isinstance(self.after, CorrelationAnalysis):
            return self.history.where({self.after.of: [record["leader"], record["follower"]]})
        return self.history.where({name: [record[name]] for name in self.keys}) if self.keys else self.history


def compare(before: Result, after: Result) -> Comparison:
    """Hold an analysis of one stretch of time against the same analysis of a later one.

    A change in time has many causes: what else changed at that time is in it too, and a clean-up begun in the worst
    week looks better than it is.

    Parameters
    ----------
    before, after : TrendAnalysis, ResolutionAnalysis, CorrelationAnalysis, or any Result with :meth:`Result.estimates`
        Of the same kind, with the same parameters and conditions, on stretches that do not overlap. Cut one history
        with ``where(until=...)`` and ``where(since=...)``.

    Returns
    -------
    Comparison
        For a trend the ratio of alerts a day; for a resolution the difference of the mean times to resolve up to a
        common horizon, with the log-rank test by clusters as the p-value of a second row; for a correlation the
        difference of the share of leader bursts that are followed, of pairs found in one of the two: being found there
        for chance's sake, and bursts that hang together, make a change look clearer than it is.

    Raises
    ------
    HistoryError
        They are not of one kind, were asked with different parameters, or overlap in time.
    NotImplementedError
        The analysis has no numbers to compare.

    Notes
    -----
    MTTA and MTTR of a performance are held against each other up to one horizon, the smaller of both answers' (by
    default what each stretch supports, a week at most): the means of each answer by itself may be up to another.

    Ratio of rates: :func:`alert_analytics.stats.rate_ratio.rate_ratio`, whose coverage ``benchmarks/validity_trend.py``
    measures. Other numbers with an interval are put together by the distances to their limits; see
    :func:`alert_analytics.stats.rate_ratio.difference_of`.

    Examples
    --------
    >>> import alert_analytics as aa
    >>> history = aa.datasets.sample()
    >>> cut = "2025-11-01"
    >>> change = aa.compare(
    ...     aa.TrendAnalysis.from_alerts(history.where(until=cut)),
    ...     aa.TrendAnalysis.from_alerts(history.where(since=cut)),
    ... )
    >>> change.table["metric"].to_pylist(), change.table["kind"].to_pylist()
    (['alerts_per_day'], ['ratio'])
    """
    _check(before, after)
    check_names(getattr(before, "by", ()), _OWN_COLUMNS)
    if isinstance(before, TrendAnalysis) and isinstance(after, TrendAnalysis):
        keys, found = before.by, trend_changes(before, after)
    elif isinstance(before, ResolutionAnalysis) and isinstance(after, ResolutionAnalysis):
        keys, found = before.by, resolution_changes(before, after)
    elif isinstance(before, CorrelationAnalysis) and isinstance(after, CorrelationAnalysis):
        keys, found = ("leader", "follower"), correlation_changes(before, after)
    else:
        _check_level(before)
        keys, found = tuple(getattr(before, "by", ())), paired(*_offered(before, after))
    settings = dict(after.history.settings) | {
        "level": _LEVEL,
        "before_start": before.settings.get("span_start"),
        "before_end": before.settings.get("span_end"),
        "after_start": after.settings.get("span_start"),
        "after_end": after.settings.get("span_end"),
    }
    return Comparison(_table(keys, found), after.history, settings, after.sql, before, after, keys)


def _offered(before: Result, after: Result) -> tuple[Sequence[Metric], Sequence[Metric]]:
    """What both offer to be compared; means up to a horizon up to the same."""
    if not (isinstance(before, PerformanceAnalysis) and isinstance(after, PerformanceAnalysis)):
        return before.estimates(), after.estimates()
    both = [before.horizons_s, after.horizons_s]
    upto = {
        name: min((h for one in both if (h := one.get(name)) is not None), default=None) for name in ("mtta", "mttr")
    }
    return before.estimates_up_to(upto), after.estimates_up_to(upto)


def paired(before: Sequence[Metric], after: Sequence[Metric]) -> list[Changed]:
    """Compare the numbers of two answers that have the same key and name.

    Parameters
    ----------
    before, after : sequence of Metric
        From :meth:`Result.estimates`.

    Returns
    -------
    list of Changed
        One for each key and name that either has; without a change where the other lacks it.
    """
    earlier = {(one.key, one.name): one for one in before}
    later = {(one.key, one.name): one for one in after}
    return [_paired(earlier.get(which), later.get(which)) for which in dict.fromkeys([*earlier, *later])]


def _paired(before: Metric | None, after: Metric | None) -> Changed:
    one = before or after
    assert one is not None
    kind = "ratio" if one.is_ratio else "difference"
    values = (before.value if before else None, after.value if after else None)
    if before is None or after is None:
        note = f"there is none {'before' if before is None else 'after'}"
        return Changed(one.key, one.name, one.unit, *values, kind, UNKNOWN, note)
    earlier, later = _limits(before), _limits(after)
    if earlier is None or later is None:
        note = before.note or after.note or "a number or its interval is not known"
        return Changed(one.key, one.name, one.unit, *values, kind, UNKNOWN, note)
    if one.is_ratio and min(earlier[0], later[0]) <= 0:
        return Changed(one.key, one.name, one.unit, *values, kind, UNKNOWN, "a number that may be 0 has no ratio")
    put = ratio_of if one.is_ratio else difference_of
    change = put(earlier, later, min(before.degrees, after.degrees), _LEVEL)
    return Changed(one.key, one.name, one.unit, *values, kind, change, None)


def _limits(metric: Metric) -> tuple[float, float, float] | None:
    if metric.low is None or metric.value is None or metric.high is None:
        return None
    return metric.low, metric.value, metric.high


def _check(before: object, after: object) -> None:
    if not isinstance(before, Result) or not isinstance(after, Result):
        wrong = after if isinstance(before, Result) else before
        raise HistoryError(
            f"compare() was given a {type(wrong).__name__}; expected two analyses.",
            hint="compare(TrendAnalysis.from_alerts(before), TrendAnalysis.from_alerts(after))",
        )
    if type(before) is not type(after):
        raise HistoryError(
            f"compare() was given a {type(before).__name__} and a {type(after).__name__}; expected two of one kind."
        )
    first, second = _asked(before), _asked(after)
    differing = [name for name in _ALIKE if first.get(name) != second.get(name)]
    if differing:
        said = "; ".join(f"{name}={first.get(name)!r} before, {second.get(name)!r} after" for name in differing)
        raise HistoryError(
            f"compare() needs two answers to one question; they differ in {said}.",
            hint="ask both with the same parameters and conditions.",
        )
    spans = [one.history.span for one in (before, after)]
    if spans[0] and spans[1] and spans[0].end > spans[1].start:
        raise HistoryError(
            f"compare() needs a stretch and a later one; the first ends {spans[0].end}, the second begins "
            f"{spans[1].start}.",
            hint="cut the history: where(until=cut) and where(since=cut).",
        )


def _asked(result: Result) -> dict[str, object]:
    """The settings, in full where they name nobody: of zones for each person they tell only how many there are."""
    return {**result.settings, **getattr(result, "unsaid", {})}


def _check_level(result: Result) -> None:
    """Refuse intervals of another level: they are put together as they are, not made anew."""
    if (level := result.settings.get("level", _LEVEL)) != _LEVEL:
        raise HistoryError(
            f"compare() puts 95% intervals together; these answers were asked at level={level}.",
            hint=f"ask both with level={_LEVEL}.",
        )


def _table(keys: tuple[str, ...], found: Sequence[Changed]) -> pa.Table:
    p_values = [one.change.p_value for one in found]
    q_values = benjamini_hochberg(p_values)
    columns: dict[str, pa.Array] = {
        "metric": pa.array([one.metric for one in found], pa.string()),
        "unit": pa.array([one.unit for one in found], pa.string()),
        "before": _known([one.before for one in found]),
        "after": _known([one.after for one in found]),
        "kind": pa.array([one.kind for one in found], pa.string()),
        "change": _known([one.change.value for one in found]),
        "low": _known([one.change.low for one in found]),
        "high": _known([one.change.high for one in found]),
        "p_value": _known(p_values),
        "q_value": _known(q_values),
        "note": pa.array([one.note for one in found], pa.string()),
    }
    named = {name: pa.array([one.key[i] for one in found], pa.string()) for i, name in enumerate(keys)}
    return pa.table(named | columns).sort_by([("p_value", "ascending")])


def _known(values: Iterable[float | None]) -> pa.Array:
    numbers = [None if value is None or value != value or abs(value) == inf else float(value) for value in values]
    return pa.array(numbers, pa.float64())


def _said(row: dict[str, Any], keys: tuple[str, ...]) -> str:
    name = called(row, keys)
    whose = f" of {name}" if keys else ""
    what = f"{metric_in_words(row['metric'])}{whose} went from {_number(row, 'before')} to {_number(row, 'after')}"
    if row["change"] is None:
        return what
    if row["low"] is None:
        return f"{what}, without an interval"
    interval = f"95% interval {_number(row, 'low')} to {_number(row, 'high')}"
    if row["kind"] == "ratio":
        times = [in_figures(row[name]) for name in ("change", "low", "high")]
        much = "long" if row["unit"] == "s" else "many"
        return f"{what}, {times[0]} times as {much} (95% interval {times[1]} to {times[2]})"
    return f"{what}, a difference of {_number(row, 'change')} ({interval})"


def _number(row: dict[str, Any], name: str) -> str:
    if row[name] is None:
        return "unknown"
    if row["unit"] != "s":
        return in_figures(row[name])
    # In the unit of the larger of the two, so that the numbers of a sentence compare.
    like = max(abs(row["before"] or 0.0), abs(row["after"] or 0.0))
    return f"{'-' if row[name] < 0 else ''}{in_words(abs(row[name]), like=like)}"
