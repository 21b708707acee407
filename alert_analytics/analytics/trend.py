"""Is it getting better or worse? The slope of weekly alert counts, with an interval that holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.analytics.exposure import exposed
from alert_analytics.analytics.result import Result, behind, called, check_length, key_columns, split_by
from alert_analytics.engine import Answer
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory, Span
from alert_analytics.stats.exposure import slopes_at_risk
from alert_analytics.stats.multiple import benjamini_hochberg
from alert_analytics.stats.slope import MIN_WEEKS, WeeklySlopes, weekly_slopes
from alert_analytics.tables import counted, in_figures

_BUCKETS = (timedelta(weeks=1), timedelta(days=1), timedelta(hours=1))
_ENOUGH_BUCKETS = 100
_MONDAY = datetime(1970, 1, 5)  # weeks begin on Mondays
_FDR = 0.05
_OWN_COLUMNS = {
    *("n_alerts", "n_weeks", "alerts_per_day", "slope_per_day", "slope_low", "slope_high", "p_value", "q_value"),
    *("direction", "autocorrelated", "bucket_start", "rolling_mean", "is_whole"),
}


@dataclass(frozen=True, eq=False, repr=False)
class TrendAnalysis(Result):
    """How alert volume changes over the history, a row per series; make one with :meth:`from_alerts`.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of ``by``, then ``n_alerts``, ``n_weeks`` (whole weeks that carry the slope), ``alerts_per_day``
        (null where the span has no length),
        ``slope_per_day`` (change of alerts per day, per day), ``slope_low``, ``slope_high`` (95 % interval),
        ``p_value``, ``q_value`` (Benjamini-Hochberg over the rows), ``direction`` (``increasing``, ``decreasing``,
        ``none``, ``too short``; by q < 0.05) and ``autocorrelated`` (the weeks hang together, the interval is wider).
    """

    by: tuple[str, ...] = ()
    bucket: timedelta = timedelta(hours=1)
    window_size: int = 24

    @classmethod
    def from_alerts(
        cls,
        alerts: Any,
        window_size: int = 24,
        by: str | Sequence[str] | None = None,
        bucket: timedelta | None = None,
    ) -> TrendAnalysis:
        """Ask a history for its trend.

        A slope needs eight whole weeks. A shorter history still gets its counts and its :attr:`series`; a window of
        24 hours cannot carry a slope.

        Parameters
        ----------
        alerts : AlertHistory, dataframe, path, or iterable of Alert
            What :meth:`AlertHistory.open` takes.
        window_size : int
            Length, in buckets, of the rolling mean shown in :attr:`series`; the slope does not depend on it.
        by : str or sequence of str, optional
            Columns or labels; a series for each combination of their values that occurs.
        bucket : timedelta, optional
            Width of a bin of :attr:`series`; by default the coarsest of 1 week, 1 day and 1 hour that leaves at least
            100 bins.

        Returns
        -------
        TrendAnalysis
            Also for an empty history (no rows) and a short one (``too short``).

        Raises
        ------
        HistoryError
            `window_size` or `bucket` is not positive, or a label is called like a column of the answer.
        UnknownColumnError
            `by` names nothing.

        Notes
        -----
        Least squares on totals of whole weeks counted back from the end of the span; see
        :func:`alert_analytics.stats.slope.weekly_slopes` for the interval and its measured coverage. Under
        :meth:`AlertHistory.outside_maintenance` a week's total is per time at risk and weighs by it, ``alerts_per_day``
        is per day at risk, and a week with less than a day at risk carries nothing; see
        :func:`alert_analytics.stats.exposure.slopes_at_risk`. :attr:`series` stays what was counted.

        Examples
        --------
        >>> import alert_analytics as aa
        >>> trend = aa.TrendAnalysis.from_alerts(aa.datasets.sample(), by="service")
        >>> set(trend.to_polars()["direction"]) <= {"increasing", "decreasing", "none"}
        True
        """
        if not isinstance(window_size, int) or window_size < 1:
            raise HistoryError(f"window_size={window_size}; expected a whole number of buckets, at least 1.")
        if bucket is not None:
            check_length("bucket", bucket)
        history, names = AlertHistory.open(alerts), split_by(by, _OWN_COLUMNS)
        span = history.span
        width = bucket or _default_bucket(span)
        n_weeks = (span.end - span.start) // timedelta(weeks=1) if span else 0
        counts, answer = _counts(history, names, span, n_weeks)
        settings = history.settings | {
            "by": list(names),
            "n_weeks": n_weeks,
            "bucket": width,
            "window_size": window_size,
            "level": 0.95,
        }
        return cls(
            _table(counts, names), history, settings, answer.sql, by=names, bucket=width, window_size=window_size
        )

    @property
    def sentence(self) -> str:
        """The trend in words."""
        rows = self.table.to_pylist()
        if not rows:
            return "There is no alert in this history, so nothing rises or falls."
        if rows[0]["direction"] == "too short":
            n_alerts = sum(row["n_alerts"] for row in rows)
            return (
                f"{counted(n_alerts, 'alert')} in {counted(rows[0]['n_weeks'], 'whole week')}: too short for a slope, "
                f"which needs {MIN_WEEKS} weeks."
            )
        if not self.by:
            return f"Alert volume {_said(rows[0])}."
        moving = [row for row in rows if row["direction"] in {"increasing", "decreasing"}]
        if not moving:
            return f"None of {len(rows)} series by {', '.join(self.by)} rises or falls beyond chance."
        steepest = max(moving, key=lambda row: abs(row["slope_per_day"]))
        name = called(steepest, self.by)
        up = sum(row["direction"] == "increasing" for row in moving)
        return (
            f"Of {len(rows)} series by {', '.join(self.by)}, {_do(up, 'rise')} and {_do(len(moving) - up, 'fall')} "
            f"beyond chance; "
            f"the steepest, {name}, {_said(steepest)}."
        )

    def alerts(self, row: int = 0) -> AlertHistory:
        """The alerts of the series in `row`."""
        return behind(self.history, self.by, self._row(row))

    @cached_property
    def series(self) -> pa.Table:
        """The counts over time, with their rolling mean.

        Returns
        -------
        pyarrow.Table
            The columns of ``by``, then ``bucket_start``, ``n_alerts`` (0 where nothing fired), ``rolling_mean`` (alerts
            per bucket over the last `window_size` buckets; null until there are as many) and ``is_whole`` (false for a
            first or last bucket that the span covers in part).
        """
        span = self.history.span
        if span is None:
            return _series_table(pa.array([], pa.list_(pa.string())), self.by, np.zeros((0, 0)), [], [], 1)
        origin = _floor(span.start, self.bucket)
        params = {"origin": origin, "bucket_us": self.bucket // timedelta(microseconds=1)}
        found = self.history.ask("trend_series", keys={"series": self.by}, params=params).arrow()
        # The span's end begins no bucket of its own, unless an alert fired in that instant.
        n = max(-((origin - span.end) // self.bucket), max(found["bucket"].to_pylist(), default=0) + 1)
        keys, totals = _dense(found, "bucket", n)
        starts = [origin + i * self.bucket for i in range(n)]
        whole = [span.start <= start and start + self.bucket <= span.end for start in starts]
        return _series_table(keys, self.by, totals, starts, whole, self.window_size)


def _default_bucket(span: Span | None) -> timedelta:
    length = timedelta(0) if span is None else span.end - span.start
    return next((width for width in _BUCKETS if length / width >= _ENOUGH_BUCKETS), _BUCKETS[-1])


def _floor(moment: datetime, width: timedelta) -> datetime:
    return moment - (moment - _MONDAY) % width


def _dense(found: pa.Table, column: str, n: int) -> tuple[pa.Array, npt.NDArray[np.float64]]:
    """Spread the counts that exist over a matrix of series by bins, zero where nothing fired."""
    encoded = [tuple(key) for key in found["series"].to_pylist()]
    place = {key: i for i, key in enumerate(dict.fromkeys(encoded))}
    matrix = np.zeros((len(place), n))
    bins = found[column].to_numpy()
    kept = bins < n
    rows = np.fromiter((place[key] for key in encoded), dtype=np.int64, count=len(encoded))
    matrix[rows[kept], bins[kept]] = found["n_alerts"].to_numpy()[kept]
    return pa.array([list(key) for key in place], pa.list_(pa.string())), matrix


@dataclass(frozen=True, eq=False)
class _Counts:
    """What was counted of each series, and the slope of it."""

    keys: pa.Array
    n_alerts: npt.NDArray[np.int64]
    per_day: npt.NDArray[np.float64]
    n_weeks: npt.NDArray[np.int64]
    fit: WeeklySlopes


def _counts(history: AlertHistory, names: Sequence[str], span: Span | None, n_weeks: int) -> tuple[_Counts, Answer]:
    risk = history.at_risk
    if risk is not None and span is not None:
        series, answer = exposed(history, risk, names, span.start, span.end, 7 * n_weeks)
        weeks = [one.weekly() for one in series]
        totals, share = (np.array([one[i] for one in weeks]).reshape(len(weeks), n_weeks) for i in (0, 1))
        fit, used = slopes_at_risk(totals, share)
        keys = pa.array([list(one.key) for one in series], pa.list_(pa.string()))
        n_alerts = np.array([one.n_alerts for one in series], dtype=np.int64)
        return _Counts(keys, n_alerts, np.array([one.per_day for one in series]), used, fit), answer
    answer = history.ask("trend", keys={"series": names}, params={"span_end": span and span.end})
    found = answer.arrow()
    keys, back = _dense(found, "weeks_back", n_weeks)
    n_alerts = _dense(found, "weeks_back", n_weeks + 1)[1].sum(axis=1).astype(np.int64)
    days = span.days if span and span.days > 0 else float("nan")
    used = np.full(len(n_alerts), n_weeks)
    return _Counts(keys, n_alerts, n_alerts / days, used, weekly_slopes(back[:, ::-1])), answer


def _table(counts: _Counts, names: Sequence[str]) -> pa.Table:
    fit, q_value = counts.fit, benjamini_hochberg(counts.fit.p_value)
    columns = {
        **key_columns(counts.keys, names),
        "n_alerts": pa.array(counts.n_alerts),
        "n_weeks": pa.array(counts.n_weeks, pa.int64()),
        "alerts_per_day": _known(counts.per_day),
        "slope_per_day": _known(fit.slope_per_day),
        "slope_low": _known(fit.low),
        "slope_high": _known(fit.high),
        "p_value": _known(fit.p_value),
        "q_value": _known(q_value),
        "direction": pa.array(_directions(counts, q_value), pa.string()),
        "autocorrelated": pa.array(fit.autocorrelated, pa.bool_()),
    }
    # The clearest movement first; among equals, the busiest.
    return pa.table(columns).sort_by([("p_value", "ascending"), ("n_alerts", "descending")])


def _known(values: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)  # NaN is null: not known


def _directions(counts: _Counts, q_value: npt.NDArray[np.float64]) -> list[str]:
    words = {1: "increasing", -1: "decreasing", 0: "none"}
    return [
        "too short" if weeks < MIN_WEEKS else words[int(np.sign(slope)) if q < _FDR else 0]
        for slope, q, weeks in zip(counts.fit.slope_per_day, q_value, counts.n_weeks, strict=True)
    ]


def _said(row: dict[str, Any]) -> str:
    """A row's verb phrase: what it does, by how much, and how sure that is."""
    low, high = row["slope_low"] * 7, row["slope_high"] * 7
    verb = {"increasing": "rises", "decreasing": "falls", "none": "neither rises nor falls beyond chance"}
    return (
        f"{verb[row['direction']]}: {in_figures(row['slope_per_day'] * 7, 2, '+')} alerts a day each week "
        f"(95 % interval {in_figures(low, 2, '+')} to {in_figures(high, 2, '+')}) at "
        f"{in_figures(row['alerts_per_day'])} a day over {row['n_weeks']} weeks"
    )


def _do(n: int, verb: str) -> str:
    return f"{n} {verb}{'s' * (n == 1)}"


def _series_table(
    keys: pa.Array,
    names: Sequence[str],
    totals: npt.NDArray[np.float64],
    starts: list[datetime],
    whole: list[bool],
    window: int,
) -> pa.Table:
    s, n = totals.shape
    rolling = np.full((s, n), np.nan)
    if n >= window:
        summed = np.cumsum(np.pad(totals, ((0, 0), (1, 0))), axis=1)
        rolling[:, window - 1 :] = (summed[:, window:] - summed[:, :-window]) / window
    repeated = keys.take(pa.array(np.repeat(np.arange(s), n), pa.int64()))
    columns = {
        **key_columns(repeated, names),
        "bucket_start": pa.array(starts * s, pa.timestamp("us")),
        "n_alerts": pa.array(totals.ravel().astype(np.int64)),
        "rolling_mean": _known(rolling.ravel()),
        "is_whole": pa.array(whole * s, pa.bool_()),
    }
    return pa.table(columns)
