"""How many independent values a series of dependent ones is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_WINDOW = 5.0  # lags summed, in units of the autocorrelation time they give (Sokal)
_LEVELS = (0.50, 0.90, 0.95, 0.98)
_STAYS = 0.5  # share of the times at which a series is there that stays
_SEEN = 50  # times from which what series share at one time can be told


@dataclass(frozen=True)
class EffectiveSize:
    """What n dependent values are worth.

    Attributes
    ----------
    n : int
        Values.
    n_eff : float
        ``n / tau``: as many independent ones.
    tau : float
        The longest integrated autocorrelation time found, in values; at least 1.
    of : str
        Where it was found: ``scores``, ``ranks``, ``above the 95% quantile`` and the like, or ``few moments``.
    """

    n: int
    n_eff: float
    tau: float
    of: str


def integrated_autocorrelation_time(values: npt.ArrayLike) -> float:
    """Say how many consecutive values of a stationary series carry as much as one independent value.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        In order of time, evenly spaced.

    Returns
    -------
    float
        ``1 + 2 sum_{k=1}^{M} r_k`` with the smallest M that is at least 5 times the sum; at least 1, and 1 for a
        constant series.

    Notes
    -----
    r_k is the autocorrelation at lag k, the sum of lagged products about the mean over n (the biased estimate, whose
    variance does not grow with the lag). For an AR(1) with coefficient a the limit is ``(1 + a) / (1 - a)``, for sums
    over L consecutive independent values it is L. About the series' own mean the sum over all lags is 0, so an M always
    exists, and the answer for a short series is too small: by a tenth where the series is worth 100 values, by a third
    where it is worth 30.

    References
    ----------
    A. Sokal, "Monte Carlo Methods in Statistical Mechanics: Foundations and New Algorithms", 1997, section 3.

    Examples
    --------
    >>> integrated_autocorrelation_time([1.0, 1.0, 1.0])
    1.0
    """
    series = np.asarray(values, dtype=np.float64)
    return _sokal(_lagged_products(_centred(series))) if series.size else 1.0


def effective_size(scores: npt.ArrayLike, series: npt.ArrayLike, time: npt.ArrayLike) -> EffectiveSize:
    """Say how many independent scores the scores of some series are worth, as far as a quantile of them goes.

    Parameters
    ----------
    scores : array-like of float, shape (n,)
        Finite, in any order.
    series : array-like of int, shape (n,)
        Code of the series (the machine, the service) of each.
    time : array-like of int, shape (n,)
        When each was taken; scores of several series at one time may depend on each other.

    Returns
    -------
    EffectiveSize
        By the longest autocorrelation time of the scores, of their ranks, and of the indicators above their 50, 90, 95
        and 98 % quantiles. A cut far out depends on how its exceedances cluster, which the scores alone do not tell.

    Notes
    -----
    With several series each of these is taken twice: along the series, their lagged products pooled, and along the
    sum over the series at each time. The second holds what they share: series that always move together are worth
    one. For m independent series both give the same. Each series is taken about its own mean: that of a series that
    stays is no chance. Where series come and go, so that they are there for less than half of the times on average, the
    next one brings a mean of its own; there a third time is taken, by how much the sums over each whole series vary.
    Several series seen at fewer than 50 times are worth no more than the times: what they share cannot be told from so
    few.
    """
    values = np.asarray(scores, dtype=np.float64)
    codes = np.unique(np.asarray(series), return_inverse=True)[1].astype(np.int64)
    moments = np.unique(np.asarray(time), return_inverse=True)[1].astype(np.int64)
    if not values.size:
        return EffectiveSize(0, 0.0, 1.0, "scores")
    order = np.lexsort((moments, codes))
    values, codes, moments = values[order], codes[order], moments[order]
    longest, of = 1.0, "scores"
    for name, view in _views(values):
        tau = _panel_time(view, codes, moments)
        if tau > longest:
            longest, of = tau, name
    n_times = int(moments.max()) + 1
    if codes[-1] > 0 and n_times < _SEEN and values.size / n_times > longest:
        longest, of = values.size / n_times, "few moments"
    return EffectiveSize(values.size, values.size / longest, longest, of)


def _views(values: Floats) -> Iterator[tuple[str, Floats]]:
    yield "scores", values
    yield "ranks", rankdata(values)
    for level, cut in zip(_LEVELS, np.quantile(values, _LEVELS), strict=True):
        yield f"above the {level:.0%} quantile", (values > cut).astype(np.float64)


def _panel_time(values: Floats, codes: Ints, moments: Ints) -> float:
    """The longest of the times along the series, along their sum, and by whole series; sorted by series, then time."""
    sizes = np.bincount(codes)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    centred = np.concatenate([_centred(values[first:last]) for first, last in pairwise(starts)])
    pooled = np.zeros(int(sizes.max()))
    for first, last in pairwise(starts):
        pooled[: last - first] += _lagged_products(centred[first:last])
    longest = _sokal(pooled)
    if sizes.size == 1:
        return longest
    longest = max(longest, _share(centred, moments) * _sokal(_lagged_products(_centred(_sums(centred, moments)))))
    comes_and_goes = sizes.mean() < _STAYS * (int(moments.max()) + 1)
    return max(longest, _share(_centred(values), codes)) if comes_and_goes else longest


def _sums(values: Floats, groups: Ints) -> Floats:
    return np.bincount(groups, weights=values).astype(np.float64)


def _share(values: Floats, groups: Ints) -> float:
    """How much the sums over groups vary, in units of what those of independent values would; 0 for constant ones."""
    power = float(values @ values)
    sums = _sums(values, groups)
    return float(sums @ sums) / power if power > 0 else 0.0


def _centred(values: Floats) -> Floats:
    """About the mean; exactly 0 where all are equal, which the mean of equal values by itself need not give."""
    moved: Floats = values - values[0]
    moved -= moved.mean()
    return moved


def _lagged_products(centred: Floats) -> Floats:
    """``sum_t x_t x_{t+k}`` for k = 0, ..., n - 1."""
    size = 1 << (2 * centred.size - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    products: Floats = np.fft.irfft(spectrum * np.conj(spectrum), size)[: centred.size]
    return products


def _sokal(products: Floats) -> float:
    if not products[0] > 0:
        return 1.0
    partial = 2.0 * np.cumsum(products / products[0]) - 1.0
    enough = np.arange(partial.size) >= _WINDOW * partial
    return max(1.0, float(partial[np.argmax(enough)]))
