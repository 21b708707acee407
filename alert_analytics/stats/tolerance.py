"""Cuts that keep a promise: how many exceedances a calibration sample may have, and what a count of them proves."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betainc, betaincinv


@dataclass(frozen=True)
class Bounds:
    """One-sided limits of a probability, each exceeded with at most the error it was asked for.

    Attributes
    ----------
    low, high : float
        Each alone holds with the confidence asked for; together they hold with less.
    """

    low: float
    high: float


def allowed_exceedances(n: float, rate: float, delta: float) -> int:
    """Say how far down the calibration scores a cut may lie.

    Parameters
    ----------
    n : float
        Independent scores, or what the dependent ones are worth; need not be whole.
    rate : float
        alpha: the share of new scores that may pass the cut, in (0, 1).
    delta : float
        How often a calibration may break that, in (0, 1).

    Returns
    -------
    int
        The largest k such that a cut above the k-th largest of n scores lets pass at most `rate` of new ones in at
        least ``1 - delta`` of calibrations; 0 where not even the largest score does. Never more than ``n * rate``,
        which binds only where delta is above a third or so.

    Notes
    -----
    The share beyond the k-th largest of n independent scores of a continuous law has the law Beta(k, n + 1 - k), so k
    is the largest with ``P(Beta(k, n + 1 - k) <= rate) >= 1 - delta``: a one-sided tolerance limit.

    References
    ----------
    S. S. Wilks, "Determination of sample sizes for setting tolerance limits", Ann. Math. Statist. 12 (1941).

    Examples
    --------
    >>> [allowed_exceedances(n, 0.01, 0.05) for n in (298, 299, 1000)]
    [0, 1, 5]
    """
    low, high = 0, math.floor(n * rate)
    while low < high:
        middle = (low + high + 1) // 2
        if betainc(middle, n + 1 - middle, rate) >= 1 - delta:
            low = middle
        else:
            high = middle - 1
    return low


def needed_size(rate: float, delta: float) -> int:
    """How many independent scores a promise needs: the least n with ``(1 - rate)^n <= delta`` and ``n * rate >= 1``.

    Examples
    --------
    >>> [needed_size(rate, 0.05) for rate in (0.05, 0.01, 0.005, 0.001)]
    [59, 299, 598, 2995]
    """
    return math.ceil(max(math.log(delta) / math.log1p(-rate), 1 / rate))


def binomial_bounds(count: float, n: float, error: float) -> Bounds:
    """Bound a probability by a count of successes: one-sided Clopper-Pearson limits.

    Parameters
    ----------
    count : float
        Successes, out of `n`; neither need be whole, where they stand for dependent ones.
    n : float
        Trials; 0 gives the limits 0 and 1.
    error : float
        How often each limit alone may be wrong, in (0, 1).

    Returns
    -------
    Bounds
        Exact for whole numbers of independent trials.

    References
    ----------
    C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
    Biometrika 26 (1934).

    Examples
    --------
    >>> binomial_bounds(0, 299, 0.05).high < 0.01 < binomial_bounds(0, 298, 0.05).high
    True
    """
    low = float(betaincinv(count, n - count + 1, error)) if count > 0 else 0.0
    high = float(betaincinv(count + 1, n - count, 1 - error)) if count < n else 1.0
    return Bounds(low, high)
