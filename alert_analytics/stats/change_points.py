"""When did the level of daily alert counts change: tested against series that hang together as much and do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alert_analytics.stats.daily import ORDER, Floats, Ints, continued, levelled, memory
from alert_analytics.stats.multiple import benjamini_hochberg

MIN_DAYS = 56
"""Shorter series are not looked at."""

MARGIN = 14
"""Days at least before the first, after the last, and between two changes."""

MIN_STRETCH = 42
"""Days that a stretch beside a change must have to be looked at again."""

N_DRAWS = 499
RAISED = 1.2
"""p-values are made larger by this: the drawn series do not know that their memory was itself estimated."""

_TAIL = 0.9
_LEAST = 0.05
"""Share of a Poisson count's variance that the long-run variance has at least."""

_SEED = 20_160_401


@dataclass(frozen=True)
class Shift:
    """One change of level.

    Attributes
    ----------
    day : int
        The first day of the new level.
    first, last : int
        The interval for that day, both ends included.
    p_value : float
        Of no change in the stretch where it was found, over the share of the series that the stretch is.
    q_value : float
        Also for the other series that were looked at.
    """

    day: int
    first: int
    last: int
    p_value: float
    q_value: float


@dataclass(frozen=True)
class Shifts:
    """What was found in one series.

    Attributes
    ----------
    p_value, q_value : float
        Of no change in the whole series; NaN where it is shorter than :data:`MIN_DAYS`.
    found : tuple of Shift
        In order of time.
    is_line : bool
        A straight line says as much of the series as the steps do.
    """

    p_value: float
    q_value: float
    found: tuple[Shift, ...]
    is_line: bool


@dataclass(frozen=True)
class _Step:
    """The best single step of each of `b` series: how large beside chance, and where."""

    size: Floats
    day: Ints
    residual: Floats
    long_run: Floats


def level_shifts(counts: npt.ArrayLike, weekday: npt.ArrayLike, fdr: float = 0.05, level: float = 0.95) -> list[Shifts]:
    """Find the days on which the level of daily counts changed.

    A steady rise is many small changes: it is found as one or a few steps, and ``is_line`` says so. It is the best
    single step that is tested first, against all that it leaves: two large steps can hide each other, above all where
    the level falls back again. Look at a part of the history then.

    Parameters
    ----------
    counts : array_like, shape (s, d)
        Alerts on `d` consecutive days, for each of `s` series.
    weekday : array_like of int, shape (d,)
        0 for Monday to 6 for Sunday; a holiday counts as a Sunday.
    fdr : float
        The share of false ones among the series said to change; for one series, the chance of any false change.
    level : float
        Coverage of the interval of each date, in (0, 1).

    Returns
    -------
    list of Shifts
        One a series.

    Notes
    -----
    Counts as :func:`alert_analytics.stats.daily.levelled`. The statistic of a stretch of m days is the largest
    ``|S_t| / sqrt(t (m - t) / m) / omega``, ``S`` the cumulated deviations from its mean, t :data:`MARGIN` days or more
    from either end, ``omega**2`` the long-run variance (autoregression of three days) of what the best step leaves. Its
    reference are :data:`N_DRAWS` series drawn from that autoregression with the innovations seen, with the same
    done to each. Beyond the tenth largest tenth the squared statistic's tail is taken to be exponential.

    Where the whole series changes (q < fdr over the series), its two stretches are tested in turn, each at the share of
    the level that it is of the series' length, so that all stretches without a change together are said to have one
    with the level's probability at most; of R series among s that change each gets R / s of it (Benjamini, Bogomolov).
    Each date is then placed anew between its neighbours. Its interval holds the days that a step explains less well
    than the best by ``omega**2 c`` at most, c with ``(1 - exp(-c / 2))**2 = level``.

    ``benchmarks/validity_trend.py`` measures false alarms, power, and the intervals' coverage.

    References
    ----------
    J. Bai, P. Perron (1998), Estimating and testing linear models with multiple structural changes, Econometrica 66;
    Y. Eo, J. Morley (2015), Likelihood-ratio-based confidence sets for the timing of structural breaks, Quantitative
    Economics 6; Y. Benjamini, M. Bogomolov (2014), Selective inference on multiple families of hypotheses, JRSS B 76.
    """
    matrix = np.asarray(counts, dtype=np.float64)
    s, d = matrix.shape
    if d < MIN_DAYS:
        return [Shifts(float("nan"), float("nan"), (), False)] * s
    series = [levelled(one, weekday) for one in matrix]
    mean = matrix.mean(axis=1)
    least_run = _LEAST * mean / (1 + mean) ** 2
    wholes = [_tested(one, floor) for one, floor in zip(series, least_run, strict=True)]
    p_value = np.array([p for p, _ in wholes])
    q_value = benjamini_hochberg(p_value)
    selected = int((q_value < fdr).sum())
    made = []
    for i, one in enumerate(series):
        if q_value[i] >= fdr:
            made.append(Shifts(float(p_value[i]), float(q_value[i]), (), False))
            continue
        share = selected / s
        days = sorted(_splits(one, 0, d, fdr * share, float(least_run[i]), wholes[i]))
        least = float(q_value[i])
        found = tuple(_placed(one, days, float(least_run[i]), share, least, level))
        made.append(Shifts(float(p_value[i]), least, found, _is_line(one, [shift.day for shift in found])))
    return made


def _splits(
    series: Floats, start: int, end: int, alpha: float, floor: float, known: tuple[float, int] | None = None
) -> Iterator[tuple[int, float]]:
    """The days at which the stretch changes, each with its p-value over the stretch's share of the series."""
    if end - start < MIN_STRETCH:
        return
    p, day = known or _tested(series[start:end], floor)
    p = min(p * series.size / (end - start), 1.0)
    # The whole was looked at together with the other series, at its q-value.
    if known is None and p >= alpha:
        return
    yield start + day, p
    yield from _splits(series, start, start + day, alpha, floor)
    yield from _splits(series, start + day, end, alpha, floor)


def _tested(stretch: Floats, floor: float) -> tuple[float, int]:
    """Test a stretch for one step; also the day of the best one."""
    best = _best_step(stretch[None], floor)
    size, day = float(best.size[0]), int(best.day[0])
    if size == 0 or np.isinf(size):
        return (1.0 if size == 0 else RAISED / (N_DRAWS + 1)), day
    past = memory(best.residual, n_levels=2)
    rng = np.random.default_rng([_SEED, stretch.size])
    # The first days have no innovation of their own, and a storm on one of them must be drawn like any other.
    pool = np.concatenate((best.residual[0, :ORDER], past.innovation[0]))
    drawn = continued(past.phi[0], pool, rng, (N_DRAWS, stretch.size))
    return min(RAISED * _exceedance(size, _best_step(drawn, floor).size), 1.0), day


def _exceedance(size: float, drawn: Floats) -> float:
    """The share of drawn statistics that are as large; beyond most of them, by an exponential tail of the squares."""
    above = float((drawn >= size).sum())
    edge = float(np.quantile(drawn, _TAIL))
    if above >= 10 or size <= edge:
        return (1 + above) / (drawn.size + 1)
    excess = float(np.mean(drawn[drawn > edge] ** 2 - edge**2))
    # The tail is not known beyond all measure.
    return max(float((1 - _TAIL) * np.exp(-(size**2 - edge**2) / excess)), 1e-12)


def _best_step(series: Floats, floor: float) -> _Step:
    b, m = series.shape
    centred = series - series.mean(axis=1, keepdims=True)
    summed = np.cumsum(centred, axis=1)
    days = np.arange(MARGIN, m - MARGIN + 1)
    gain = np.abs(summed[:, days - 1]) / np.sqrt(days * (m - days) / m)
    rows, best = np.arange(b), gain.argmax(axis=1)
    day, largest = days[best], gain[np.arange(b), best]
    at = summed[rows, day - 1]
    level = np.where(np.arange(m) < day[:, None], (at / day)[:, None], (-at / (m - day))[:, None])
    residual = centred - level
    # Below this, what is left is rounding.
    tiny = 1e-12 * (1 + np.abs(series).max(axis=1))
    residual = np.where(np.abs(residual).max(axis=1, keepdims=True) <= tiny[:, None], 0.0, residual)
    # Counts that never vary have no noise to measure a change by; one odd day among them is none.
    long_run = np.maximum(memory(residual, n_levels=2).long_run, floor)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(largest <= tiny * np.sqrt(m), 0.0, largest / np.sqrt(long_run))
    return _Step(size, day, residual, long_run)


def _placed(
    series: Floats, days: Sequence[tuple[int, float]], floor: float, share: float, least: float, level: float
) -> Iterator[Shift]:
    """Place each change anew between its neighbours, with the days that explain the series about as well."""
    edges = [0, *(day for day, _ in days), series.size]
    bound = -2 * np.log(1 - np.sqrt(level))
    for i, (_, p) in enumerate(days):
        start, end = edges[i], edges[i + 2]
        stretch = series[start:end]
        best = _best_step(stretch[None], floor)
        day = int(best.day[0])
        t = np.arange(1, stretch.size)
        summed = np.cumsum(stretch - stretch.mean())[:-1]
        gain = summed**2 * stretch.size / (t * (stretch.size - t))
        near = t[gain >= gain[day - 1] - bound * best.long_run[0] - 1e-12]
        edges[i + 1] = start + day
        yield Shift(start + day, start + int(near[0]), start + int(near[-1]), p, min(max(least, p / share), 1.0))


def _is_line(series: Floats, days: Sequence[int]) -> bool:
    """Whether a straight line says as much as the steps, by the Bayesian criterion for days that hang together."""
    n = series.size
    parts = np.split(series, days)
    steps = float(sum(((part - part.mean()) ** 2).sum() for part in parts))
    day = np.arange(n) - (n - 1) / 2
    line = float(((series - series.mean() - day * (day @ series) / (day @ day)) ** 2).sum())
    if steps <= 0:
        return False
    return bool(n * np.log(line / steps) <= (2 * len(days) - 1) * np.log(n))
