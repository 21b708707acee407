"""Daily and weekly cycles: decomposed by MSTL, with how strong each is and whether it is more than chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from statsmodels.tsa.seasonal import MSTL

from alert_analytics.stats.daily import Floats

HOURS_A_DAY, DAYS_A_WEEK = 24, 7
JUMP = 12
N_TURNS = 999
_SEED = 20_160_301


@dataclass(frozen=True)
class Components:
    """A series in parts that add up to it.

    Attributes
    ----------
    trend : numpy.ndarray of float64, shape (n,)
        What moves slower than the cycles.
    seasonal : tuple of numpy.ndarray of float64, shape (n,)
        One a period, in the order asked for.
    remainder : numpy.ndarray of float64, shape (n,)
        The rest.
    """

    trend: Floats
    seasonal: tuple[Floats, ...]
    remainder: Floats


def decomposed(series: npt.ArrayLike, periods: tuple[int, ...]) -> Components:
    """Split a regular series into a trend, a cycle for each period, and a remainder.

    Parameters
    ----------
    series : array_like, shape (n,)
        At least two of the longest period, nothing missing.
    periods : tuple of int
        Lengths of the cycles, shortest first.

    Returns
    -------
    Components
        Of statsmodels' MSTL.

    Notes
    -----
    Not the robust variant: on skewed counts its cycles are those of quiet days. Trend and low-pass loess are computed
    at every :data:`JUMP`-th place of long cycles and interpolated: the parts differ by less than a hundredth of the
    series' spread, and a year of hours takes a second instead of eight.

    References
    ----------
    K. Bandara, R. J. Hyndman, C. Bergmeir (2021), MSTL: a seasonal-trend decomposition algorithm for time series with
    multiple seasonal patterns; R. B. Cleveland et al. (1990), STL, Journal of Official Statistics 6.
    """
    values = np.asarray(series, dtype=np.float64)
    if np.ptp(values) == 0:
        nothing = np.zeros_like(values)
        return Components(values.copy(), tuple(nothing for _ in periods), nothing)
    jump = JUMP if min(periods) > JUMP else 1
    fit = MSTL(values, periods=periods, stl_kwargs={"trend_jump": jump, "low_pass_jump": jump}).fit()
    seasonal = np.asarray(fit.seasonal, dtype=np.float64).reshape(values.size, len(periods))
    parts = tuple(seasonal[:, i] for i in range(len(periods)))
    return Components(np.asarray(fit.trend, dtype=np.float64), parts, np.asarray(fit.resid, dtype=np.float64))


def strength(cycle: npt.ArrayLike, remainder: npt.ArrayLike) -> float:
    """Say how much of what is not trend a cycle explains.

    Parameters
    ----------
    cycle, remainder : array_like, shape (n,)
        From :func:`decomposed`.

    Returns
    -------
    float
        ``max(0, 1 - var(R) / var(S + R))``, in [0, 1]; 0 where nothing moves. A cycle is also fitted to noise, so that
        even without one this is above 0: the p-value says whether there is one.

    References
    ----------
    X. Wang, K. Smith, R. J. Hyndman (2006), Characteristic-based clustering for time series data, Data Mining and
    Knowledge Discovery 13; R. J. Hyndman, G. Athanasopoulos, Forecasting: principles and practice, section 4.3.
    """
    rest, part = np.asarray(remainder, dtype=np.float64), np.asarray(cycle, dtype=np.float64)
    whole = float(np.var(part + rest))
    return max(0.0, 1 - float(np.var(rest)) / whole) if whole > 0 else 0.0


def cycle_p_value(cycles: npt.ArrayLike) -> float:
    """Test whether cycles of one length share a shape.

    Parameters
    ----------
    cycles : array_like, shape (c, k)
        Alerts in each of `k` places of `c` consecutive cycles: 24 hours of each day, 7 days of each week.

    Returns
    -------
    float
        1 where nothing varies.

    Notes
    -----
    The spread of the mean shape, against that of :data:`N_TURNS` draws in which each cycle is turned around by a random
    number of places: what hangs together within a cycle (a storm of hours, a bad week) still does, but falls anywhere.
    The seed is fixed.
    """
    n = np.asarray(cycles, dtype=np.float64)
    c, k = len(n), n.shape[1]
    off = n - n.mean(axis=1, keepdims=True)
    if not np.any(off):
        return 1.0
    seen = float((off.mean(axis=0) ** 2).sum())
    rng = np.random.default_rng([_SEED, c, k])
    twice = np.concatenate((off, off), axis=1)
    reached = 0
    for _ in range(N_TURNS):
        first: npt.NDArray[np.int64] = rng.integers(0, k, c)
        places = first[:, None] + np.arange(k)[None, :]
        mean = np.take_along_axis(twice, places, axis=1).mean(axis=0)
        reached += float((mean**2).sum()) >= seen * (1 - 1e-12)
    return (1 + reached) / (N_TURNS + 1)
