"""Alerts a day of each group, and its mean times to acknowledge and to resolve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.durations import SIZEABLE, Group
from alert_analytics.analytics.performance_measures import Measure, summed
from alert_analytics.analytics.performance_seen import Seen
from alert_analytics.stats.clusters import critical_value
from alert_analytics.stats.rate import MIN_BUSY, rate_interval_of
from alert_analytics.stats.restricted_mean import restricted_mean_interval

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MIN_DAYS = 7
"""Whole days that the interval of alerts a day needs."""

WEEK_S = 604_800.0
"""Up to where means are taken, unless told otherwise: a few alerts that stay open for ever would else be all of it."""

_US = 1e6
_DAY_US = 86_400_000_000


def per_day(seen: Seen, start_us: int, level: float) -> Measure:
    """Give alerts a day, with an interval from the counts of whole days.

    Parameters
    ----------
    seen : Seen
        The alerts.
    start_us : int
        Where the span begins.
    level : float
        Coverage of the interval.

    Returns
    -------
    Measure
        As :func:`alert_analytics.stats.rate.rate_interval`; the standard error is half the interval's width in normal
        quantiles. NaN where the span has no length; no interval under a week, or where alerts fired on too few days.
    """
    n = np.bincount(seen.group, minlength=seen.n_groups).astype(np.float64)
    unknown = np.full(seen.n_groups, nan)
    days = (seen.until_us - start_us) / _DAY_US
    if days <= 0:
        return Measure(unknown, unknown, unknown, unknown, unknown)
    whole = int(days)
    if whole < MIN_DAYS:
        return Measure(n / days, unknown, unknown, unknown, unknown)
    end_us = max(seen.until_us, int(seen.fired_us.max(initial=0)) + 1)
    low, high = daily_interval(seen.group, (end_us - 1 - seen.fired_us) // _DAY_US, seen.n_groups, whole, level)
    rate = n / days
    return Measure(rate, _error(low, high, level), np.minimum(low, rate), np.maximum(high, rate), unknown)


def daily_interval(group: Ints, day: Ints, n_groups: int, n_days: int, level: float) -> tuple[Floats, Floats]:
    """Give the interval of events a day of each group from the days of its events.

    Parameters
    ----------
    group, day : numpy.ndarray of int64, shape (n,)
        Of each event; days from 0, those of `n_days` and more do not count.
    n_groups, n_days : int
        Groups, and whole days.
    level : float
        Coverage.

    Returns
    -------
    low, high : numpy.ndarray of float64, shape (G,)
        NaN where fewer than :data:`alert_analytics.stats.rate.MIN_BUSY` days have an event.
    """
    kept = day < n_days
    cells, counts = np.unique(group[kept] * n_days + day[kept], return_counts=True)
    of, values = cells // n_days, counts.astype(np.float64)
    total = np.bincount(of, weights=values, minlength=n_groups)
    squares = np.bincount(of, weights=values**2, minlength=n_groups)
    busy = np.bincount(of, minlength=n_groups)
    low, high = np.full(n_groups, nan), np.full(n_groups, nan)
    enough = busy >= MIN_BUSY
    if n_days > 1 and enough.any():
        variance = (squares - total**2 / n_days) / (n_days - 1)
        low[enough], high[enough] = rate_interval_of(total[enough], variance[enough], busy[enough], n_days, level)
    return low, high


def _error(low: Floats, high: Floats, level: float) -> Floats:
    return (high - low) / (2 * critical_value(level))


@dataclass(frozen=True, eq=False)
class Times:
    """A restricted mean time of every group, up to one horizon.

    Attributes
    ----------
    mean : Measure
        In seconds.
    horizon_s : float
        For all groups; NaN where there is none.
    """

    mean: Measure
    horizon_s: float


def mean_times(seen: Seen, horizons_s: Mapping[str, float | None], level: float) -> dict[str, Times]:
    """Give the mean times to acknowledge and to resolve.

    Parameters
    ----------
    seen : Seen
        The alerts.
    horizons_s : mapping of str to float or None
        Of ``mtta`` and ``mttr``, up to where means are taken. None: a week, or less where no sizeable group was
        followed for so long.
    level : float
        Coverage of the intervals.

    Returns
    -------
    dict of str to Times
        ``mtta`` and ``mttr``. An alert is censored at the watermark while it is open, and for the time to acknowledge
        at its end. Unknown for groups in which it never happened.
    """
    length = np.maximum(seen.end_us - seen.fired_us, 0) / _US
    taken = np.where(seen.is_acknowledged, seen.acknowledged_us - seen.fired_us, 0) / _US
    waited = np.where(seen.is_acknowledged, taken, length)
    return {
        "mtta": _times(seen, waited, seen.is_acknowledged, horizons_s.get("mtta"), level),
        "mttr": _times(seen, length, seen.is_over, horizons_s.get("mttr"), level),
    }


def _times(seen: Seen, duration_s: Floats, happened: Bools, horizon_s: float | None, level: float) -> Times:
    order = np.lexsort((duration_s, seen.group))
    group, duration, done = seen.group[order], duration_s[order], happened[order]
    starts = np.searchsorted(group, np.arange(seen.n_groups + 1))
    sizes, any_done = np.diff(starts), summed(seen, happened) > 0
    # NaN, where it never happened, stays NaN.
    horizon = float(np.minimum(WEEK_S, _horizon(duration, done, starts, any_done))) if horizon_s is None else horizon_s
    parts = [np.full(seen.n_groups, nan) for _ in range(5)]
    if np.isnan(horizon):
        return Times(Measure(*parts), horizon)
    # One alert needs no curve: among a million rules most fired once.
    single = np.flatnonzero((sizes == 1) & any_done)
    parts[0][single] = np.minimum(duration[starts[single]], horizon)
    cluster = seen.cluster[order]
    for g in np.flatnonzero((sizes > 1) & any_done):
        rows = slice(starts[g], starts[g + 1])
        found = _mean(Group((), duration[rows], done[rows], cluster[rows], level), horizon)
        for part, value in zip(parts, found, strict=True):
            part[g] = value
    return Times(Measure(*parts), horizon)


def _mean(group: Group, horizon_s: float) -> tuple[float, float, float, float, float]:
    mean, variance, effective = group.mean_variance(horizon_s)
    if np.isnan(mean):
        return mean, nan, nan, nan, nan
    low, high = restricted_mean_interval(mean, variance, horizon_s, critical_value(group.level, effective))
    return mean, float(np.sqrt(variance)), low, high, effective


def _horizon(duration_s: Floats, happened: Bools, starts: Ints, any_done: Bools) -> float:
    """As :func:`alert_analytics.analytics.durations.common_horizon`, for very many groups at once.

    Those in which it never happened have no mean, and no say.
    """
    if not any_done.any():
        return nan
    sizes = np.diff(starts)
    last = duration_s[starts[1:] - 1]
    # Alerts of a group that were followed as long as its last, and to which it did not happen: its curve ends above 0.
    tied = (duration_s == np.repeat(last, sizes)) & ~happened
    is_ending = np.add.reduceat(tied.astype(np.int64), starts[:-1]) > 0
    heard = any_done & (sizes >= SIZEABLE)
    heard = heard if heard.any() else any_done
    if (heard & (last > 0)).any():
        heard = heard & (last > 0)
    ending = last[heard & is_ending]
    return float(ending.min() if ending.size else last[heard].max())
