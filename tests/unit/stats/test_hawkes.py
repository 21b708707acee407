from __future__ import annotations

import numpy as np
import pytest

from alert_analytics.stats.hawkes import N_BINS, ebic_gain, hawkes_strength, lag_edges


def test_lags_have_fourteen_bins_even_in_the_logarithm_and_end_at_the_window() -> None:
    edges = lag_edges(300_000_000)
    assert (edges[0], edges[1], edges[-1], edges.size) == (0, 1_000_000, 300_000_000, N_BINS + 1)
    np.testing.assert_allclose(np.diff(np.log(edges[1:])), np.log(300) / 13, rtol=1e-5)


@pytest.mark.parametrize("window_us", [1, 3, 200])
def test_a_tiny_window_has_fewer_bins(window_us: int) -> None:
    edges = lag_edges(window_us)
    assert (edges[0], edges[-1]) == (0, window_us)
    assert np.all(np.diff(edges) > 0)


def test_strength_takes_the_reverse_off_where_there_is_one() -> None:
    leader, follower = np.array([2, 0, 1, 0]), np.array([0, 1, 0, 2])
    strength = hawkes_strength(
        leader, follower, np.array([3.0, 25.0, 5.0, 8.0]), np.array([4, 100, 25, 100]), np.array([100, 25, 100, 4])
    )
    np.testing.assert_allclose(strength, [2 * 0.15 - 0.4, 2 * 0.5 - 0.1, 2 * 0.1 - 0.5, 2 * 0.4 - 0.15])
    alone = hawkes_strength(leader[1:2], follower[1:2], np.array([25.0]), np.array([100]), np.array([25]))
    np.testing.assert_allclose(alone, [1.0])


def test_without_bursts_there_is_no_strength() -> None:
    one = np.array([0])
    assert np.isnan(hawkes_strength(one, one + 1, np.zeros(1), np.zeros(1, np.int64), np.ones(1, np.int64))[0])
    none = np.zeros(0, np.int64)
    assert hawkes_strength(none, none, np.zeros(0), none, none).size == 0


def test_a_pair_has_to_pay_for_itself_and_for_the_search() -> None:
    np.testing.assert_allclose(ebic_gain(np.array([10.0]), [100], 20), [20 - np.log(100) - 2 * np.log(20)])
