"""Intervals of performance and load on histories whose truth is known: a reduced run of the whole simulation."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.validity_performance import rate, share


@pytest.mark.slow
@pytest.mark.parametrize("truth", [0.05, 0.3, 0.8])
@pytest.mark.parametrize(
    ("size", "n_clusters", "shared"), [("1", 60, 0.5), ("5", 60, 0.5), ("10", 200, 0.9), ("1-400", 200, 0.5)]
)
def test_a_share_s_interval_covers_where_alerts_share_their_fate(
    size: str, n_clusters: int, shared: float, truth: float
) -> None:
    found = share(np.random.default_rng(11), 1_000, n_clusters, size, shared, truth)
    assert found.robust >= 0.935 - 2 * np.sqrt(0.05 * 0.95 / found.n_histories)
    if size != "1":
        assert found.plain < 0.8  # what the clusters are for
    else:
        assert found.width_robust < 1.1 * found.width_plain  # and what they cost


@pytest.mark.slow
@pytest.mark.parametrize(("days", "per_day", "repeats"), [(28, 1.0, 3.0), (112, 5.0, 3.0)])
def test_time_between_firings_and_interruptions_a_week_are_covered(days: int, per_day: float, repeats: float) -> None:
    found = rate(np.random.default_rng(12), 400, days, per_day, repeats)
    assert found.given == 1
    assert min(found.gap, found.per_week) >= 0.935 - 2 * np.sqrt(0.05 * 0.95 / found.n_histories)
