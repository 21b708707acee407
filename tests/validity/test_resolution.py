"""Coverage of the intervals for the time to resolve, and the log-rank test's errors, when alerts resolve together."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.validity_resolution import Coverage, markdown, table


@pytest.fixture(scope="module")
def rows() -> list[Coverage]:
    # Both shares in common: 700 histories for each size of incident.
    return table(350, seed=7, clusters=(100,))


@pytest.mark.parametrize("size", ["1", "5", "10"])
def test_robust_interval_of_the_median_covers(rows: list[Coverage], size: str) -> None:
    assert np.mean([r.median_robust for r in rows if r.size == size]) >= 0.935, "\n".join(markdown(rows))


@pytest.mark.parametrize("size", ["1", "5", "10", "1-400"])
def test_robust_intervals_and_test_never_go_far_wrong(rows: list[Coverage], size: str) -> None:
    kind = [r for r in rows if r.size == size]
    assert np.mean([r.median_robust for r in kind]) >= 0.91
    assert np.mean([r.mean_robust for r in kind]) >= 0.90
    assert np.mean([r.test_robust for r in kind]) <= 0.08


def test_plain_intervals_miss_where_alerts_share_incidents(rows: list[Coverage]) -> None:
    assert np.mean([r.median_plain for r in rows if r.size == "1"]) >= 0.93
    assert np.mean([r.median_plain for r in rows if r.size == "10"]) <= 0.75
    assert np.mean([r.test_plain for r in rows if r.size == "10"]) >= 0.3


def test_about_a_third_is_open(rows: list[Coverage]) -> None:
    assert all(0.2 <= r.open_share <= 0.4 for r in rows)
