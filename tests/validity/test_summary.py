"""The interval for alerts per day, on weeks that come as alerts do: in bursts, by weekday, under a varying load."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from alert_analytics.stats.rate import rate_interval

_WEEKDAY = np.array([1.0, 1.0, 1.0, 1.0, 0.95, 0.6, 0.55])


def ranges(n: int, days: int, per_day: float, repeats: float, seed: int) -> npt.NDArray[np.float64]:
    """Draw daily counts of `n` ranges: Poisson onsets, each with a geometric number of repeats."""
    rng = np.random.default_rng(seed)
    cycle = (_WEEKDAY / _WEEKDAY.mean())[np.arange(days) % 7]
    load = np.exp(0.3 * rng.standard_normal((n, days)) - 0.045)
    onsets = rng.poisson(per_day / (1 + repeats) * cycle * load)
    if not repeats:
        return onsets.astype(np.float64)
    more = rng.negative_binomial(np.maximum(onsets, 1), 1 / (1 + repeats))
    return np.where(onsets > 0, onsets + more, 0).astype(np.float64)


@pytest.mark.parametrize("days", [7, 28])
@pytest.mark.parametrize("per_day", [0.2, 1.0, 5.0, 20.0, 150.0])
@pytest.mark.parametrize("repeats", [0.0, 3.0, 6.0, 20.0])
def test_the_interval_covers_where_it_is_given(days: int, per_day: float, repeats: float) -> None:
    low, high = rate_interval(ranges(4_000, days, per_day, repeats, seed=int(7 * per_day + repeats)))
    given = ~np.isnan(low)
    covers = (low <= per_day) & (per_day <= high)
    assert np.mean(given & ~covers) <= 0.065
    # Where bursts are so rare that nine ranges in ten get none, those that do are the luckiest ones.
    if given.mean() >= 0.1:
        assert covers[given].mean() >= 0.93


def test_an_ordinary_week_gets_an_interval() -> None:
    low, _ = rate_interval(ranges(2_000, 7, 20.0, 3.0, seed=1))
    assert np.isnan(low).mean() <= 0.01
