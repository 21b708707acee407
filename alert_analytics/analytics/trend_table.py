"""From the weeks of each series to the rows of a trend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.analytics.exposure import exposed
from alert_analytics.analytics.result import key_columns
from alert_analytics.analytics.trend_series import dense
from alert_analytics.engine import Answer
from alert_analytics.history import AlertHistory, Span
from alert_analytics.stats.detectable import detectable_slopes
from alert_analytics.stats.exposure import slopes_at_risk
from alert_analytics.stats.multiple import benjamini_hochberg
from alert_analytics.stats.slope import MIN_WEEKS, WeeklySlopes, weekly_slopes

FDR = 0.05


@dataclass(frozen=True, eq=False)
class Counts:
    """What was counted of each series, and the slope of it."""

    keys: pa.Array
    n_alerts: npt.NDArray[np.int64]
    per_day: npt.NDArray[np.float64]
    n_weeks: npt.NDArray[np.int64]
    fit: WeeklySlopes


def counts_of(history: AlertHistory, names: Sequence[str], span: Span | None, n_weeks: int) -> tuple[Counts, Answer]:
    """Count the whole weeks of each series back from the end of the span, and fit their slopes."""
    risk = history.at_risk
    if risk is not None and span is not None:
        series, answer = exposed(history, risk, names, span.start, span.end, 7 * n_weeks)
        weeks = [one.weekly() for one in series]
        totals, share = (np.array([one[i] for one in weeks]).reshape(len(weeks), n_weeks) for i in (0, 1))
        fit, used = slopes_at_risk(totals, share)
        keys = pa.array([list(one.key) for one in series], pa.list_(pa.string()))
        n_alerts = np.array([one.n_alerts for one in series], dtype=np.int64)
        return Counts(keys, n_alerts, np.array([one.per_day for one in series]), used, fit), answer
    answer = history.ask("trend", keys={"series": names}, params={"span_end": span and span.end})
    found = answer.arrow()
    keys, back = dense(found, "weeks_back", n_weeks)
    n_alerts = dense(found, "weeks_back", n_weeks + 1)[1].sum(axis=1).astype(np.int64)
    days = span.days if span and span.days > 0 else float("nan")
    used = np.full(len(n_alerts), n_weeks)
    return Counts(keys, n_alerts, n_alerts / days, used, weekly_slopes(back[:, ::-1])), answer


def trend_table(counts: Counts, names: Sequence[str]) -> pa.Table:
    """Lay out the slopes, the clearest movement first."""
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
        "detectable_slope_per_day": _known(detectable_slopes(fit, counts.n_weeks)),
    }
    # The clearest movement first; among equals, the busiest.
    return pa.table(columns).sort_by([("p_value", "ascending"), ("n_alerts", "descending")])


def _directions(counts: Counts, q_value: npt.NDArray[np.float64]) -> list[str]:
    words = {1: "increasing", -1: "decreasing", 0: "none"}
    return [
        "too short" if weeks < MIN_WEEKS else words[int(np.sign(slope)) if q < FDR else 0]
        for slope, q, weeks in zip(counts.fit.slope_per_day, q_value, counts.n_weeks, strict=True)
    ]


def _known(values: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)  # NaN is null: not known
