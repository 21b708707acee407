"""Ends that are known only to lie between two looks: the survival curve of interval-censored times (Turnbull)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MOST_STEPS = 20_000
_WORK = 4e7
_GAP = 1e-4
_GRID = 300


@dataclass(frozen=True)
class Turnbull:
    """The estimate: mass on the intervals that the data can tell apart, `k` of them, in order.

    Attributes
    ----------
    low_s, high_s : numpy.ndarray of float64, shape (k,)
        Ends lie after `low_s` and not after `high_s` (infinite: never seen); equal where one is known exactly. How the
        mass lies within an interval the data do not say.
    mass : numpy.ndarray of float64, shape (k,)
        Shares of the alerts; they add up to 1.
    gap : float
        By how much the log likelihood of an alert can at most be higher (0 at the estimate).
    """

    low_s: Floats
    high_s: Floats
    mass: Floats
    gap: float

    @property
    def is_settled(self) -> bool:
        """Whether this is the estimate up to the tolerance of the search."""
        return self.gap <= _GAP

    def quantile(self, q: float) -> tuple[float, float]:
        """The interval in which the time lies within which a share `q` ends; infinite where so many never did."""
        row = int(np.searchsorted(np.cumsum(self.mass), q - 1e-9))
        row = min(row, self.mass.size - 1)
        return float(self.low_s[row]), float(self.high_s[row])


def turnbull(low_s: Floats, high_s: Floats) -> Turnbull:
    """Find the distribution of ends of which only intervals are known.

    Parameters
    ----------
    low_s : numpy.ndarray of float64, shape (n,)
        Each ended after this; n at least 1.
    high_s : numpy.ndarray of float64, shape (n,)
        And not after this: infinite where it was still open, equal to `low_s` where its end is known.

    Returns
    -------
    Turnbull
        The non-parametric maximum likelihood estimate, or (``is_settled`` says) near it. Of more than 300 different
        ends the intervals are widened to as many quantiles of these: less exact, and never wrong.

    Notes
    -----
    EM over the innermost intervals, each step a pass of prefix sums, accelerated by squared extrapolation. It ends by
    the certificate of the optimum: the derivative towards every interval is at most 1. The oracle is that certificate,
    ``lifelines``' likelihood, and Kaplan and Meier where all ends are known.

    References
    ----------
    B. W. Turnbull (1976), The empirical distribution function with arbitrarily grouped, censored and truncated data,
    JRSS B 38; R. Gentleman, C. J. Geyer (1994), Maximum likelihood for interval censored data, Biometrika 81; R.
    Varadhan, C. Roland (2008), Simple and globally convergent methods for accelerating the convergence of any EM
    algorithm, Scandinavian Journal of Statistics 35.
    """
    low_s, high_s = _coarsened(low_s, high_s)
    pairs, weight = np.unique(np.c_[low_s, high_s], axis=0, return_counts=True)
    share = weight / weight.sum()
    value, rank = np.unique(pairs, return_inverse=True)
    rank = rank.reshape(pairs.shape)
    # At one value: what is known exactly begins, then intervals end, then others begin after it.
    begins = 3 * rank[:, 0] + np.where(pairs[:, 0] == pairs[:, 1], 0, 2)
    ends = 3 * rank[:, 1] + 1
    codes = np.unique(np.concatenate((begins, ends)))
    inner = np.flatnonzero((codes[:-1] % 3 != 1) & (codes[1:] % 3 == 1))
    first, last = codes[inner], codes[inner + 1]
    span = (np.searchsorted(first, begins), np.searchsorted(last, ends, side="right"))
    mass, gap = _search(share, span, inner.size)
    return Turnbull(value[first // 3], value[last // 3], mass, gap)


def _coarsened(low_s: Floats, high_s: Floats) -> tuple[Floats, Floats]:
    """Widen the intervals to a grid of quantiles where there are very many ends: still true, and soon found."""
    ends = np.concatenate((low_s, high_s[np.isfinite(high_s)]))
    if np.unique(ends).size <= _GRID:
        return low_s, high_s
    grid = np.unique(np.append(np.quantile(ends, np.linspace(0, 1, _GRID), method="nearest"), np.inf))
    below = np.maximum(np.searchsorted(grid, low_s, side="right") - 1, 0)
    return grid[below], grid[np.searchsorted(grid, high_s)]


def _search(share: Floats, span: tuple[Ints, Ints], k: int) -> tuple[Floats, float]:
    mass = np.full(k, 1 / k)
    for _ in range(int(min(_MOST_STEPS, _WORK / (share.size + k) + 10))):
        slope, before = _slope(mass, share, span)
        gap = float(slope.max()) - 1
        if gap <= _GAP:
            break
        once = mass * slope
        again = once * _slope(once, share, span)[0]
        change, bend = once - mass, again - 2 * once + mass
        size = float(np.sqrt((change @ change) / max(float(bend @ bend), 1e-300)))
        leap = np.maximum(mass + 2 * size * change + size**2 * bend, 0.0)
        leap /= leap.sum()
        # Never below a step of EM: mass that a leap set to 0 would not come back.
        leap = np.where(leap > 0, leap, again)
        leap /= leap.sum()
        mass = leap if _slope(leap, share, span)[1] >= before else again
    else:
        gap = float(_slope(mass, share, span)[0].max()) - 1
    return mass, max(gap, 0.0)


def _slope(mass: Floats, share: Floats, span: tuple[Ints, Ints]) -> tuple[Floats, float]:
    """The derivative of the mean log likelihood towards each interval, and the likelihood itself."""
    total = np.append(0.0, np.cumsum(mass))
    chance = np.maximum(total[span[1]] - total[span[0]], 1e-300)
    per = share / chance
    size = mass.size + 1
    change = np.bincount(span[0], weights=per, minlength=size) - np.bincount(span[1], weights=per, minlength=size)
    return np.cumsum(change)[:-1], float(share @ np.log(chance))
