"""Daily alert counts on a scale where days compare: weekdays levelled, and how much the days hang together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SUNDAY = 6
"""Weekdays are numbered from Monday, 0."""

ORDER = 3
"""Days that a day is taken to depend on.

Counts are a load that is correlated from day to day, and noise on top: their correlations fall slower than those of a
first-order process with the same first one, which would make the long-run variance too small.
"""

_MOST = 0.9
_PRIOR = 20.0
_SOLID = 1e-6


@dataclass(frozen=True)
class Memory:
    """An autoregression of each of `b` series.

    Attributes
    ----------
    phi : numpy.ndarray of float64, shape (b, ORDER)
        Its coefficients; they add up to .9 at most.
    innovation : numpy.ndarray of float64, shape (b, n - ORDER)
        What a day had beyond what the days before it said.
    long_run : numpy.ndarray of float64, shape (b,)
        Variance of a sum over many days, per day.
    """

    phi: Floats
    innovation: Floats
    long_run: Floats


def levelled(counts: npt.ArrayLike, weekday: npt.ArrayLike) -> Floats:
    """Take the weekly cycle out of daily counts.

    Parameters
    ----------
    counts : array_like, shape (d,)
        Alerts on consecutive days.
    weekday : array_like of int, shape (d,)
        0 for Monday to 6 for Sunday; a holiday counts as a Sunday.

    Returns
    -------
    numpy.ndarray of float64, shape (d,)
        ``log(1 + n)`` less its mean over the days of the same weekday. On that scale a Sunday with a tenth of a
        Monday's alerts varies about as much, and one storm does not outweigh all other days.
    """
    scaled = np.log1p(np.asarray(counts, dtype=np.float64))
    day = np.asarray(weekday, dtype=np.int64)
    n_days = np.maximum(np.bincount(day, minlength=7), 1)
    mean: Floats = np.bincount(day, weights=scaled, minlength=7) / n_days
    result: Floats = scaled - mean[day]
    return result


def weekday_factors(counts: npt.ArrayLike, weekday: npt.ArrayLike) -> Floats:
    """Say how busy each weekday is beside the average day.

    Parameters
    ----------
    counts : array_like, shape (d,)
        Alerts on each day.
    weekday : array_like of int, shape (d,)
        0 to 6.

    Returns
    -------
    numpy.ndarray of float64, shape (7,)
        Ratios, drawn towards 1 by twenty alerts in all, so that a quiet series gets an even week; positive.
    """
    n, day = np.asarray(counts, dtype=np.float64), np.asarray(weekday, dtype=np.int64)
    total, n_days = n.sum(), np.bincount(day, minlength=7)
    mean = total / max(n.size, 1)
    if mean == 0:
        return np.ones(7)
    prior = _PRIOR / 7
    factors: Floats = (np.bincount(day, weights=n, minlength=7) + prior) / (n_days * mean + prior)
    return np.maximum(factors, 1e-3)


def memory(residual: Floats, n_levels: int = 1) -> Memory:
    """Fit an autoregression to series whose levels were taken out.

    Parameters
    ----------
    residual : numpy.ndarray of float64, shape (b, n)
        Each with a mean of about 0.
    n_levels : int
        Means that were taken out of each: they make correlations too small.

    Returns
    -------
    Memory
        All 0 for a series that does not move.

    Notes
    -----
    Yule-Walker of order :data:`ORDER` on autocorrelations raised by ``(1 + n_levels) tot / n``, ``tot`` the long-run
    variance over the variance by the plain ones: a mean taken out lowers each by ``tot / n``; the last share is for the
    place of a step, which was chosen to leave the least.
    """
    n = residual.shape[1]
    products = np.array(
        [np.einsum("bt,bt->b", residual[:, k:], residual[:, : n - k]) for k in range(ORDER + 1)], dtype=np.float64
    )
    moves = products[0] > 0
    rho = np.divide(products, products[0], out=np.zeros_like(products), where=moves).T
    rho[:, 0] = 1.0
    total = np.clip(1 + 2 * rho[:, 1:].sum(axis=1, keepdims=True), 0.5, 10.0)
    rho[:, 1:] = np.where(moves[:, None], rho[:, 1:] + (1 + n_levels) * total / n, 0.0)
    apart = np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))
    phi = np.linalg.solve(rho[:, apart] + _SOLID * np.eye(ORDER), rho[:, 1:, None])[:, :, 0]
    sums = phi.sum(axis=1, keepdims=True)
    phi = np.where(sums > _MOST, phi * _MOST / np.where(sums > _MOST, sums, 1.0), phi)
    innovation = residual[:, ORDER:].copy()
    for k in range(ORDER):
        innovation -= phi[:, [k]] * residual[:, ORDER - 1 - k : n - 1 - k]
    spread = np.einsum("bt,bt->b", innovation, innovation) / max(n - 2 * ORDER - n_levels, 1)
    return Memory(phi, innovation, spread / (1 - phi.sum(axis=1)) ** 2)


def continued(phi: Floats, innovation: Floats, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Draw series with the memory of one that was seen.

    Parameters
    ----------
    phi : numpy.ndarray of float64, shape (ORDER,)
        Of it.
    innovation : numpy.ndarray of float64, shape (k,)
        Of it; drawn from with replacement, less their mean.
    rng : numpy.random.Generator
        Source of chance.
    shape : tuple of int
        Series, days.

    Returns
    -------
    numpy.ndarray of float64, shape `shape`
        Without a level, a change or a cycle.
    """
    warm = 30
    drawn = rng.choice(innovation - innovation.mean(), size=(shape[1] + warm, shape[0]))
    for day in range(ORDER, len(drawn)):
        for k in range(ORDER):
            drawn[day] += phi[k] * drawn[day - 1 - k]
    series: Floats = drawn[warm:].T
    return series
