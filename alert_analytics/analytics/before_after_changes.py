"""How the numbers of a trend, a resolution and a correlation change from one stretch of time to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from alert_analytics.analytics.comparison import entries
from alert_analytics.analytics.correlation import CorrelationAnalysis
from alert_analytics.analytics.durations import Group, common_horizon, renumbered
from alert_analytics.analytics.estimates import in_words
from alert_analytics.analytics.exposure import exposed
from alert_analytics.analytics.local_time import DAY
from alert_analytics.analytics.resolution import ResolutionAnalysis
from alert_analytics.analytics.trend import TrendAnalysis
from alert_analytics.stats.clusters import clustered, critical_value
from alert_analytics.stats.daily import Floats, Ints
from alert_analytics.stats.log_rank import log_rank
from alert_analytics.stats.rate_ratio import MIN_BUSY, MIN_DAYS, UNKNOWN, Change, difference_of, rate_ratio
from alert_analytics.stats.restricted_mean import restricted_mean

Key = tuple[str | None, ...]
_LEVEL, _FDR = 0.95, 0.05
_Days = tuple[dict[Key, tuple[Floats, Ints]], int]


@dataclass(frozen=True)
class Changed:
    """One number of one row, before and after.

    Attributes
    ----------
    key : tuple of str or None
        Which row.
    metric, unit : str
        Which number.
    before, after : float or None
        The number.
    kind : str
        ``ratio`` or ``difference``.
    change : Change
        With its interval.
    note : str or None
        Why something is missing.
    """

    key: Key
    metric: str
    unit: str
    before: float | None
    after: float | None
    kind: str
    change: Change
    note: str | None


# -- alerts a day -----------------------------------------------------------------------------------------------------


def trend_changes(before: TrendAnalysis, after: TrendAnalysis) -> list[Changed]:
    """The ratio of alerts a day of each series; a series that one stretch lacks had none there."""
    (earlier, n_before), (later, n_after) = _days(before), _days(after)
    found = []
    for key in dict.fromkeys([*earlier, *later]):
        a = earlier.get(key, (np.zeros(n_before), _weekdays(before, n_before)))
        b = later.get(key, (np.zeros(n_after), _weekdays(after, n_after)))
        change = rate_ratio(*a, *b, _LEVEL)
        means = [float(days[0].mean()) if days[0].size else None for days in (a, b)]
        found.append(
            Changed(key, "alerts_per_day", "1/day", means[0], means[1], "ratio", change, _why_not(a[0], b[0], change))
        )
    return found


def _why_not(before: Floats, after: Floats, change: Change) -> str | None:
    if change.low == change.low:
        return None
    short = min(before.size, after.size)
    if short < MIN_DAYS:
        return f"no interval: {short} whole days in one stretch, fewer than {MIN_DAYS}"
    return f"no interval: fewer than {MIN_BUSY} days with an alert in one stretch"


def _days(trend: TrendAnalysis) -> _Days:
    """Alerts on each whole day of the span, counted back from its end, and its weekday; by series."""
    history, span = trend.history, trend.history.span
    n_days = (span.end - span.start) // DAY if span else 0
    if span is None or n_days == 0:
        return {}, 0
    weekdays = _weekdays(trend, n_days)
    if history.at_risk is not None:
        series, _ = exposed(history, history.at_risk, trend.by, span.start, span.end, n_days)
        kept = [one.at_risk_days() for one in series]
        return {one.key: (rates, weekdays[days]) for one, (rates, days) in zip(series, kept, strict=True)}, n_days
    answer = history.ask("exposure", keys={"series": trend.by, "cell": []}, params={"span_end": span.end})
    counts: dict[Key, Floats] = {}
    for row in answer.arrow().to_pylist():
        days = counts.setdefault(tuple(row["series"]), np.zeros(n_days))
        if row["days_back"] < n_days:
            days[n_days - 1 - row["days_back"]] = row["n_alerts"]
    return {key: (days, weekdays) for key, days in counts.items()}, n_days


def _weekdays(trend: TrendAnalysis, n_days: int) -> Ints:
    """The weekday in which most of each day lies: days are counted back from the end of the span."""
    span = trend.history.span
    middle = span.end - DAY / 2 if span else None
    last = middle.weekday() if middle else 0
    weekdays: Ints = (last - np.arange(n_days, dtype=np.int64)[::-1]) % 7
    return weekdays


# -- times to resolve -------------------------------------------------------------------------------------------------


def resolution_changes(before: ResolutionAnalysis, after: ResolutionAnalysis) -> list[Changed]:
    """The difference of mean times to resolve up to a common horizon, and the log-rank test by clusters."""
    earlier = {group.key: group for group in before.groups}
    later = {group.key: group for group in after.groups}
    name = f"mean_{before.settings['of']}"
    found = []
    for key in dict.fromkeys([*earlier, *later]):
        a, b = earlier.get(key), later.get(key)
        if a is None or b is None:
            note = f"there is none {'before' if a is None else 'after'}"
            found.append(Changed(key, name, "s", None, None, "difference", UNKNOWN, note))
            continue
        horizon = common_horizon([a, b])
        means = [restricted_mean(group.table, horizon) for group in (a, b)]
        note = f"mean up to {in_words(horizon)}, the longest time that both were followed"
        change = _mean_difference(a, b, horizon)
        found.append(Changed(key, name, "s", means[0], means[1], "difference", change, note))
        found.append(_curves(key, a, b))
    return found


def _mean_difference(before: Group, after: Group, horizon_s: float) -> Change:
    value = restricted_mean(after.table, horizon_s) - restricted_mean(before.table, horizon_s)
    if np.isnan(value):
        return UNKNOWN
    sizes = [after.duration_s.size, before.duration_s.size]
    variance, effective = clustered(
        np.concatenate((after.influence(horizon_s), -before.influence(horizon_s))),
        renumbered(np.concatenate(_apart(after, before))),
        weight=np.repeat([1 / sizes[0] ** 2, 1 / sizes[1] ** 2], sizes),
    )
    if not variance > 0:
        return Change(value, float("nan"), float("nan"), float("nan"))
    error = float(np.sqrt(variance))
    half = critical_value(_LEVEL, effective) * error
    p = float(2 * stats.t.sf(abs(value) / error, effective - 1))
    return Change(value, value - half, value + half, p)


def _curves(key: Key, before: Group, after: Group) -> Changed:
    """The log-rank test, as a row that has a p-value and no number."""
    tested = log_rank(
        np.concatenate((before.duration_s, after.duration_s)),
        np.concatenate((before.resolved, after.resolved)),
        np.repeat([0, 1], [before.duration_s.size, after.duration_s.size]),
        cluster=renumbered(np.concatenate(_apart(before, after))),
        entry_s=entries(before, after),
    )
    change = Change(float("nan"), float("nan"), float("nan"), tested.p_value)
    note = "log-rank test by clusters: whether the whole curves differ"
    return Changed(key, "log_rank", "", None, None, "test", change, note)


def _apart(one: Group, other: Group) -> tuple[Ints, Ints]:
    """The clusters of both; codes of two answers mean different things."""
    return one.cluster, other.cluster + int(one.cluster.max(initial=-1)) + 1


# -- bursts that are followed -----------------------------------------------------------------------------------------


def correlation_changes(before: CorrelationAnalysis, after: CorrelationAnalysis) -> list[Changed]:
    """The difference of the share of leader bursts that are followed, of pairs with q < 0.05 in one of the two."""
    tables = [one.table.to_pylist() for one in (before, after)]
    rows = [{(row["leader"], row["follower"]): row for row in table} for table in tables]
    bursts = [{row["leader"]: row["n_bursts"] for row in table} for table in tables]
    wanted = [
        key for side in rows for key, row in side.items() if (row["q_value"] or 0) < _FDR and row["q_value"] is not None
    ]
    found = []
    for key in dict.fromkeys(wanted):
        sides = [
            (side[key]["n_bursts_together"] if key in side else 0, n.get(key[0], 0))
            for side, n in zip(rows, bursts, strict=True)
        ]
        shares = [together / n if n else None for together, n in sides]
        if None in shares:
            note = f"the leader has no burst seen with another {'before' if shares[0] is None else 'after'}"
            change = UNKNOWN
        else:
            change = difference_of(_wilson(*sides[0]), _wilson(*sides[1]), float("inf"), _LEVEL)
            note = "looked at as it was found in one of the two: a change looks clearer than it is"
        found.append(Changed(key, "share_followed", "share", shares[0], shares[1], "difference", change, note))
    return found


def _wilson(together: int, n: int) -> Sequence[float]:
    """Share with its score interval."""
    z2 = float(stats.norm.ppf(0.5 + _LEVEL / 2) ** 2)
    p = together / n
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = float(np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))) / (1 + z2 / n)
    return middle - half, p, middle + half
