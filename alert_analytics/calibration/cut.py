"""The cut at which 0.85 stands, and the map from raw scores to p-values and scores: arrays in, arrays out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alert_analytics.errors import CalibrationError
from alert_analytics.stats.effective_size import EffectiveSize
from alert_analytics.stats.tolerance import allowed_exceedances

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

SCORE_CUT = 0.85
"""What a score means never changes: at most the registered share of normal windows reaches this."""

_MOST_STEPS = 10_000  # of the score map: beyond, only its upper half keeps every step
_BELOW_CUT = np.nextafter(np.float32(SCORE_CUT), np.float32(0))


@dataclass(frozen=True)
class Promise:
    """What is promised of a cut, and by how much data.

    Attributes
    ----------
    alpha : float
        At most this share of normal windows reaches 0.85.
    delta : float
        At most this share of calibrations breaks that.
    k : int
        Effective exceedances that the cut may lie under.
    """

    alpha: float
    delta: float
    k: int


@dataclass(frozen=True, eq=False)
class ScoreMap:
    """From raw scores to p-values and scores: a step between any two calibration scores.

    Attributes
    ----------
    threshold : float
        t: raw scores from here on are anomalous.
    exponent : float
        c of ``score = 1 - p^c``, so that alpha is at 0.85.
    bounds : numpy.ndarray of float64, shape (m,)
        Ascending; step j holds the raw scores in ``(bounds[j - 1], bounds[j]]``.
    p_value, score : numpy.ndarray of float32, shape (m + 1,)
        Of each step.
    """

    threshold: float
    exponent: float
    bounds: Floats
    p_value: Floats32
    score: Floats32

    def apply(self, raw: npt.ArrayLike) -> tuple[Floats32, Floats32, npt.NDArray[np.bool_]]:
        """Map raw scores to score, p-value and whether they are anomalous; NaN to NaN, NaN and False.

        This is the slow twin of the graph's head.
        """
        values = np.asarray(raw, dtype=np.float64)
        known = ~np.isnan(values)
        step = np.searchsorted(self.bounds, np.where(known, values, 0.0), side="left")
        unknown = np.float32(np.nan)
        score = np.where(known, self.score[step], unknown)
        return score, np.where(known, self.p_value[step], unknown), known & (values >= self.threshold)


def exponent_of(alpha: float) -> float:
    """The c with ``1 - alpha^c = 0.85``."""
    return math.log(1.0 - SCORE_CUT) / math.log(alpha)


def promised(size: EffectiveSize, alpha: float, delta: float) -> Promise | None:
    """What can be promised with so many effective windows; None where nothing can.

    Raises
    ------
    CalibrationError
        `alpha` or `delta` is no share.
    """
    for name, share in (("false_alarm_rate", alpha), ("delta", delta)):
        if not 0.0 < share < 1.0:
            raise CalibrationError(f"{name}={share!r}; expected a share between 0 and 1.", hint=f"{name}=0.01")
    k = allowed_exceedances(size.n_eff, alpha, delta)
    return Promise(alpha, delta, k) if k else None


def rank_of_cut(size: EffectiveSize, k: int) -> int:
    """Below how many of the n calibration scores the cut may lie: ``floor(k n / n_eff)``."""
    return math.floor(k * size.n / size.n_eff * (1.0 + 1e-12))


def cut_above(scores: Floats, rank: int) -> float:
    """Put a cut that admits only scores strictly above the rank-th largest.

    Parameters
    ----------
    scores : numpy.ndarray of float64, shape (n,)
        Finite.
    rank : int
        From 1 (the largest) to n.

    Returns
    -------
    float
        Midway between that score and the next larger distinct one; just above it where there is none. Midway to the
        next lower one would let one score too many pass, and so would the score itself where several are tied.
    """
    barrier = float(np.partition(scores, scores.size - rank)[scores.size - rank])
    larger = scores[scores > barrier]
    if not larger.size:
        return math.nextafter(barrier, math.inf)  # which, unlike numpy, does not warn of the last double
    nearest = float(larger.min())
    middle = barrier / 2.0 + nearest / 2.0  # their difference may be too large for a double
    return middle if middle > barrier else nearest


def score_map(scores: Floats, alpha: float, rank: int) -> ScoreMap:
    """Make the map from the calibration's raw scores.

    Parameters
    ----------
    scores : numpy.ndarray of float64, shape (n,)
        Raw scores of the calibration windows, finite.
    alpha : float
        Where 0.85 stands.
    rank : int
        The cut lies above the rank-th largest.

    Returns
    -------
    ScoreMap
        ``u = (1 + #{calibration >= x}) / (n + 1)``, ``p_value = h(u)`` and ``score = 1 - p^c``. h is piecewise linear
        through (0, 0), (rank / (n + 1), alpha), (1, 1). Raw scores from the cut on have a p-value of at most alpha and
        a score of at least 0.85, all others more and less: exactly, in float32.

    Notes
    -----
    h(u) >= u, because rank / (n + 1) < k / n_eff <= alpha, and p-values are rounded up to float32: so they stay valid
    for Benjamini-Hochberg. Where no promise gave the rank, with fewer than 1 / alpha scores, they need not be.
    Beyond 10,000 distinct scores the lower half of the steps is thinned, each step taking the larger p-value.
    """
    threshold, exponent = cut_above(scores, rank), exponent_of(alpha)
    n = scores.size
    ordered = np.sort(scores)
    bounds = np.union1d(_thinned(np.unique(ordered)), np.nextafter(threshold, -np.inf))
    # A raw score on step j lies above bounds[j - 1]: as many calibration scores are at least as large.
    at_least = n - np.concatenate(([0], np.searchsorted(ordered, bounds, side="right")))
    u = (1.0 + at_least) / (n + 1.0)
    p = _float32_at_least(np.interp(u, [0.0, rank / (n + 1.0), 1.0], [0.0, alpha, 1.0]))
    passes = np.concatenate(([False], bounds >= np.nextafter(threshold, -np.inf)))
    p = np.where(passes, np.minimum(p, _float32_at_most(alpha)), np.maximum(p, _float32_above(alpha)))
    score = (1.0 - p.astype(np.float64) ** exponent).astype(np.float32)
    score = np.where(passes, np.maximum(score, np.float32(SCORE_CUT)), np.minimum(score, _BELOW_CUT))
    return ScoreMap(threshold, exponent, bounds, p, score)


def _thinned(distinct: Floats) -> Floats:
    """Keep every distinct score from the 5,000 largest on, and 5,000 evenly spread ones of the others."""
    if distinct.size <= _MOST_STEPS:
        return distinct
    half = _MOST_STEPS // 2
    rest = distinct.size - half
    return np.concatenate((distinct[np.linspace(0, rest - 1, half).astype(np.int64)], distinct[rest:]))


def _float32_at_least(values: Floats) -> Floats32:
    near = values.astype(np.float32)
    return np.where(near < values, np.nextafter(near, np.float32(1)), near)


def _float32_at_most(value: float) -> np.float32:
    near = np.float32(value)
    return near if float(near) <= value else np.nextafter(near, np.float32(0))


def _float32_above(value: float) -> np.float32:
    """Above it as a double, and above its nearest float32, with which numpy compares a float32 to a literal."""
    return np.float32(np.nextafter(np.float32(value), np.float32(1)))
