"""Aalen and Johansen against lifelines, a plain loop where ends tie, and a numerical derivative."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.stats.competing import aalen_johansen, incidence_influence

with warnings.catch_warnings():
    # lifelines warns about its own use of pandas and numpy while it is imported.
    warnings.simplefilter("ignore")
    from lifelines import AalenJohansenFitter

ALERTS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=40)


def naive(
    duration: np.ndarray, cause: np.ndarray, entry: np.ndarray, weight: np.ndarray, which: int, until: float
) -> float:
    """Add up, time by time, who was still there and ended so."""
    share, survival = 0.0, 1.0
    for t in np.unique(duration[duration <= until]):
        at_risk = weight[(duration >= t) & ((entry < t) | (entry == 0))].sum()
        share += survival * weight[(duration == t) & (cause == which)].sum() / at_risk
        survival *= 1 - weight[(duration == t) & (cause > 0)].sum() / at_risk
    return share


@pytest.mark.parametrize("seed", range(5))
def test_shares_and_plain_variance_equal_lifelines_where_nothing_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    duration, cause = np.sort(rng.exponential(10, 120)), rng.integers(0, 4, 120)
    found = aalen_johansen(duration, cause, 3)
    for which in (1, 2, 3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            twin = AalenJohansenFitter().fit(duration, cause, event_of_interest=which)
        expected = twin.cumulative_density_.iloc[1:, 0].to_numpy()
        np.testing.assert_allclose(found.share[:, which - 1], expected, rtol=0, atol=1e-9)
        # Each alert by itself: squares of influences are of the size of the plain variance (which differs in form).
        influence = incidence_influence(found, duration, cause, which, 60)
        assert influence.sum() == pytest.approx(0, abs=1e-9)
        assert influence @ influence == pytest.approx(float(twin.variance_.iloc[61]), rel=0.1)


@settings(deadline=None, max_examples=60)
@given(ALERTS)
def test_shares_equal_the_plain_loop_with_ties_and_late_entries(alerts: list[tuple[int, int, int]]) -> None:
    ordered = sorted((d, c, min(e, d - 1)) for d, c, e in alerts)
    duration, cause, entry = (np.array(column) for column in zip(*ordered, strict=True))
    duration, entry = duration.astype(np.float64), entry.astype(np.float64)
    found = aalen_johansen(duration, cause, 3, entry)
    ones = np.ones(duration.size)
    for j, t in enumerate(found.time_s):
        for which in (1, 2, 3):
            assert found.share[j, which - 1] == pytest.approx(naive(duration, cause, entry, ones, which, t), abs=1e-9)


@pytest.mark.parametrize("late", [False, True])
def test_influence_is_the_derivative(late: bool) -> None:
    rng = np.random.default_rng(3)
    duration = np.sort(rng.integers(1, 15, 50)).astype(np.float64)
    cause = rng.integers(0, 4, 50)
    entry = np.minimum(rng.integers(0, 6, 50), duration - 1) if late else np.zeros(50)
    found = aalen_johansen(duration, cause, 3, entry if late else None)
    for row in (0, 4, found.time_s.size - 1):
        influence = incidence_influence(found, duration, cause, 2, row, entry if late else None)
        for i in range(50):
            step = np.where(np.arange(50) == i, 1e-5, 0.0)
            up, down = (
                naive(duration, cause, entry, np.ones(50) + sign * step, 2, found.time_s[row]) for sign in (1, -1)
            )
            assert influence[i] == pytest.approx((up - down) / 2e-5, abs=1e-7)
