"""By what factor a rate of alerts changed from one stretch of time to another, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from alert_analytics.stats.daily import ORDER, Floats, weekday_factors

MIN_DAYS = 14
"""Days that each stretch needs."""

MIN_BUSY = 4
"""Days with an alert that each stretch needs for an interval."""

_MOST = 8.0
_BIAS = 2.5


@dataclass(frozen=True)
class Change:
    """How a number changed.

    Attributes
    ----------
    value, low, high : float
        After over before, or after less before, with its interval; NaN where not known.
    p_value : float
        Two-sided, of no change: below ``1 - level`` where the interval leaves out 1 (or 0).
    """

    value: float
    low: float
    high: float
    p_value: float


UNKNOWN = Change(float("nan"), float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class _Rate:
    value: float
    low: float
    high: float
    degrees: float

    @property
    def limits(self) -> tuple[float, float, float]:
        return self.low, self.value, self.high


def rate_ratio(
    before: npt.ArrayLike,
    weekday_before: npt.ArrayLike,
    after: npt.ArrayLike,
    weekday_after: npt.ArrayLike,
    level: float = 0.95,
) -> Change:
    """Compare the mean of daily counts of two stretches of time.

    Parameters
    ----------
    before, after : array_like, shapes (d,), (e,)
        Alerts on consecutive days.
    weekday_before, weekday_after : array_like of int, same shapes
        0 for Monday to 6 for Sunday.
    level : float
        Coverage of the interval, in (0, 1).

    Returns
    -------
    Change
        The ratio of the means, each over an even week. No interval where a stretch has fewer than :data:`MIN_DAYS`
        days, or :data:`MIN_BUSY` with an alert; nothing at all without an alert before.

    Notes
    -----
    Days are divided by their weekday's factor (from both stretches together). Each mean has the interval of
    :func:`alert_analytics.stats.rate.rate_interval`, with the dispersion times the variance inflation of days that hang
    together (one and twice the correlations up to three days apart, each raised by 2.5 / d for its bias, of both
    stretches), and that many times fewer degrees of freedom. The two are put together on the scale of logarithms by
    the distances from each mean to its limits (Donner and Zou). ``benchmarks/validity_trend.py`` measures coverage.

    References
    ----------
    A. Donner, G. Y. Zou (2012), Closed-form confidence intervals for functions of the normal mean and standard
    deviation, Statistical Methods in Medical Research 21.
    """
    counts = [np.asarray(one, dtype=np.float64) for one in (before, after)]
    weekdays = [np.asarray(one, dtype=np.int64) for one in (weekday_before, weekday_after)]
    if min(one.size for one in counts) == 0 or counts[0].sum() == 0:
        return UNKNOWN
    factors = weekday_factors(np.concatenate(counts), np.concatenate(weekdays))
    even = [n / factors[day] for n, day in zip(counts, weekdays, strict=True)]
    ratio = float(even[1].mean() / even[0].mean())
    if any(one.size < MIN_DAYS or (one > 0).sum() < MIN_BUSY for one in even):
        return Change(ratio, float("nan"), float("nan"), float("nan"))
    sizes = np.array([one.size for one in even])
    inflation = float(sizes @ [_inflation(one) for one in even] / sizes.sum())
    rates = [_rate(one, inflation, level) for one in even]
    degrees = min(one.degrees for one in rates)
    return ratio_of(rates[0].limits, rates[1].limits, degrees, level)


def ratio_of(before: npt.ArrayLike, after: npt.ArrayLike, degrees: float, level: float) -> Change:
    """Put two intervals of positive numbers together to that of the ratio: :func:`difference_of` of their logarithms.

    Parameters
    ----------
    before, after : array_like, shape (3,)
        Lower limit, value, upper limit, all positive.
    degrees, level : float
        As there.
    """
    change = difference_of(np.log(before), np.log(after), degrees, level)
    value, low, high = np.exp([change.value, change.low, change.high]).tolist()
    return Change(value, low, high, change.p_value)


def difference_of(before: npt.ArrayLike, after: npt.ArrayLike, degrees: float, level: float) -> Change:
    """Put two intervals together to that of the difference, after less before.

    Parameters
    ----------
    before, after : array_like, shape (3,)
        Lower limit, value, upper limit.
    degrees : float
        Of freedom, for the p-value; infinite for normal limits.
    level : float
        Coverage of both intervals, and of the answer's.

    Returns
    -------
    Change
        Limits at ``sqrt(a**2 + b**2)`` from the difference, a and b the distances from each value to its limit on the
        side that matters. The p-value is that of a t statistic that is the critical one where the limit is 0.
    """
    (low_b, value_b, high_b), (low_a, value_a, high_a) = (
        np.asarray(one, dtype=np.float64).tolist() for one in (before, after)
    )
    value = value_a - value_b
    below, above = np.hypot(value_a - low_a, high_b - value_b), np.hypot(high_a - value_a, value_b - low_b)
    reach = below if value > 0 else above
    critical = stats.t.ppf(0.5 + level / 2, degrees)
    statistic = critical * abs(value) / reach if reach > 0 else (0.0 if value == 0 else np.inf)
    return Change(value, value - float(below), value + float(above), float(2 * stats.t.sf(statistic, degrees)))


def _inflation(even: Floats) -> float:
    off = even - even.mean()
    square = float(off @ off)
    if square == 0:
        return 1.0
    rho = [float(off[k:] @ off[:-k]) / square + _BIAS / even.size for k in range(1, ORDER + 1)]
    return float(np.clip(1 + 2 * sum(rho), 1.0, _MOST))


def _rate(even: Floats, inflation: float, level: float) -> _Rate:
    d, total, mean = even.size, float(even.sum()), float(even.mean())
    tail, degrees = (1 - level) / 2, (even.size - 1) / inflation
    phi = max(1.0, float(even.var(ddof=1)) / mean) * inflation
    size = phi * (stats.t.ppf(tail, degrees) / stats.norm.ppf(tail)) ** 2
    low = size * stats.chi2.ppf(tail, 2 * total / size) / 2 / d
    high = size * stats.chi2.ppf(1 - tail, 2 * total / size + 2) / 2 / d
    # A lower limit of 0 has no logarithm; this one is as good as none.
    return _Rate(mean, max(float(low), mean * 1e-12), float(high), degrees)
