"""Is it getting better or worse? The slope of weekly alert counts, with an interval that holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa

from alert_analytics.analytics.local_time import Calendar
from alert_analytics.analytics.result import Result, behind, called, check_length, check_whole, split_by
from alert_analytics.analytics.trend_changes import ChangePoints, change_points_of
from alert_analytics.analytics.trend_forecast import Forecast, forecast_of
from alert_analytics.analytics.trend_seasonality import Seasonality, seasonality_of
from alert_analytics.analytics.trend_series import check_bins, default_bucket, series_of
from alert_analytics.analytics.trend_table import counts_of, trend_table
from alert_analytics.history import AlertHistory
from alert_analytics.stats.slope import MIN_WEEKS
from alert_analytics.tables import counted, in_figures, many

_OWN_COLUMNS = {
    *("n_alerts", "n_weeks", "alerts_per_day", "slope_per_day", "slope_low", "slope_high", "p_value", "q_value"),
    *("detectable_slope_per_day", "direction", "autocorrelated", "bucket_start", "rolling_mean", "is_whole"),
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
        ``none``, ``too short``; by q < 0.05), ``autocorrelated`` (the weeks hang together, the interval is wider) and
        ``detectable_slope_per_day`` (what this history, as noisy as it is, would have shown with a chance of 80 %).
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
            `window_size` or `bucket` is not positive, the span has more than a million buckets, or a label is called
            like a column of the answer.
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
        check_whole("window_size", window_size, "buckets")
        if bucket is not None:
            check_length("bucket", bucket)
        history, names = AlertHistory.open(alerts), split_by(by, _OWN_COLUMNS)
        span = history.span
        width = bucket or default_bucket(span)
        if span is not None:
            check_bins("bucket", width, span.end - span.start)
        n_weeks = (span.end - span.start) // timedelta(weeks=1) if span else 0
        counts, answer = counts_of(history, names, span, n_weeks)
        settings = history.settings | {
            "by": list(names),
            "n_weeks": n_weeks,
            "bucket": width,
            "window_size": window_size,
            "level": 0.95,
        }
        return cls(
            trend_table(counts, names), history, settings, answer.sql, by=names, bucket=width, window_size=window_size
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
            return f"None of {len(rows):,} series by {', '.join(self.by)} rises or falls beyond chance."
        steepest = max(moving, key=lambda row: abs(row["slope_per_day"]))
        name = called(steepest, self.by)
        up = sum(row["direction"] == "increasing" for row in moving)
        return (
            f"Of {len(rows):,} series by {', '.join(self.by)}, {_do(up, 'rise')} and {_do(len(moving) - up, 'fall')} "
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
        return series_of(self.history, self.by, self.bucket, self.window_size)

    def seasonality(self, timezone: str = "UTC", holidays: Iterable[date] | None = ()) -> Seasonality:
        """The daily and weekly cycle of each series; see :class:`Seasonality`.

        Parameters
        ----------
        timezone : str
            Where day and week begin: an IANA name such as ``Europe/Berlin``. Hours are those of the clock on the wall,
            also on the days when it changes.
        holidays : iterable of date, optional
            Local dates, taken for Sundays.

        Returns
        -------
        Seasonality
            Of the twenty series with the most alerts; nulls and a note where a series is too short.

        Raises
        ------
        HistoryError
            `timezone` is not known, or `holidays` are no dates.
        """
        return seasonality_of(self, Calendar.of(timezone, holidays))

    @cached_property
    def change_points(self) -> ChangePoints:
        """The days on which the level of a series changed, in UTC; see :meth:`find_change_points`."""
        return self.find_change_points()

    def find_change_points(self, timezone: str = "UTC", holidays: Iterable[date] | None = ()) -> ChangePoints:
        """Find the days on which the level of a series changed; see :class:`ChangePoints`.

        Parameters
        ----------
        timezone : str
            Whose days; an IANA name.
        holidays : iterable of date, optional
            Local dates, taken for Sundays.

        Returns
        -------
        ChangePoints
            A row a change, none where nothing changed or less than eight weeks were seen.

        Raises
        ------
        HistoryError
            `timezone` is not known, or `holidays` are no dates.
        """
        return change_points_of(self, Calendar.of(timezone, holidays))

    def forecast(
        self, horizon: timedelta | int, timezone: str = "UTC", holidays: Iterable[date] | None = ()
    ) -> Forecast:
        """Forecast the alerts of each day ahead; see :class:`Forecast`.

        Parameters
        ----------
        horizon : timedelta or int
            How many days ahead; a part of a day counts as one.
        timezone : str
            Whose days; an IANA name.
        holidays : iterable of date, optional
            Local dates, also ahead, taken for Sundays.

        Returns
        -------
        Forecast
            A row per series and day; nulls and a note where less than eight weeks were seen.

        Raises
        ------
        HistoryError
            `horizon` is not positive, `timezone` not known, or `holidays` are no dates.
        """
        return forecast_of(self, horizon, Calendar.of(timezone, holidays))


def _said(row: dict[str, Any]) -> str:
    """A row's verb phrase: what it does, by how much, and how sure that is."""
    low, high = row["slope_low"] * 7, row["slope_high"] * 7
    verb = {"increasing": "rises", "decreasing": "falls", "none": "neither rises nor falls beyond chance"}
    seen = row["detectable_slope_per_day"]
    unseen = seen and (
        f"; a change of less than {in_figures(seen * 7, 2)} a day each week would most likely not have been seen"
    )
    return (
        f"{verb[row['direction']]}: {many(in_figures(row['slope_per_day'] * 7, 2, '+'), 'alert')} a day each week "
        f"(95% interval {in_figures(low, 2, '+')} to {in_figures(high, 2, '+')}) at "
        f"{in_figures(row['alerts_per_day'])} a day over {row['n_weeks']:,} weeks"
        f"{unseen if row['direction'] == 'none' and unseen else ''}"
    )


def _do(n: int, verb: str) -> str:
    return f"{n:,} {verb}{'s' * (n == 1)}"
