from __future__ import annotations

import numpy as np
import pytest

from alert_analytics.engine.kernels.bursts import burst_starts
from alert_analytics.engine.kernels.control import N_CONTROLS, control_sums
from alert_analytics.engine.kernels.pairs import pair_counts


def codes(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def times(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def counted(
    scope: np.ndarray, item: np.ndarray, time_us: np.ndarray, *, window: int = 10
) -> dict[tuple[int, int], int]:
    found = pair_counts(scope, item, time_us, n_items=int(item.max()) + 1, window_us=window)
    pairs = zip(found.leader.tolist(), found.follower.tolist(), strict=True)
    return dict(zip(pairs, found.n_together.tolist(), strict=True))


def test_a_window_is_open_at_its_start_and_closed_at_its_end() -> None:
    assert counted(codes(0, 0, 0), codes(0, 1, 2), times(0, 0, 10)) == {(0, 2): 1, (1, 2): 1}
    assert counted(codes(0, 0), codes(0, 1), times(0, 11)) == {}


def test_repeats_of_the_follower_count_once_and_of_the_leader_each() -> None:
    assert counted(codes(0, 0, 0, 0), codes(0, 0, 1, 1), times(0, 1, 2, 3)) == {(0, 1): 2}


def test_scopes_do_not_meet() -> None:
    assert counted(codes(0, 1), codes(0, 1), times(0, 1)) == {}
    assert counted(codes(0, 0, 1, 1), codes(0, 1, 0, 1), times(5, 6, 0, 1)) == {(0, 1): 2}


@pytest.mark.parametrize("n_items", [3_000, 70_000])
def test_many_items_take_memory_for_the_pairs_seen_only(n_items: int) -> None:
    n = 3_000  # each item of a scope of two leads the next: enough pairs to grow the table
    item = (np.arange(2 * n, dtype=np.int64) * 7 % n_items).astype(np.int32)
    scope = np.repeat(np.arange(n, dtype=np.int32), 2)
    found = pair_counts(scope, item, np.tile(times(0, 5), n), n_items=n_items, window_us=10)
    expected: dict[tuple[int, int], int] = {}
    for leader, follower in item.reshape(n, 2).tolist():
        expected[leader, follower] = expected.get((leader, follower), 0) + 1
    pairs = zip(found.leader.tolist(), found.follower.tolist(), strict=True)
    assert dict(zip(pairs, found.n_together.tolist(), strict=True)) == expected


def test_nothing_in_gives_nothing_out() -> None:
    empty = codes()
    assert pair_counts(empty, empty, times(), n_items=0, window_us=10).leader.size == 0
    assert burst_starts(empty, empty, times(), n_items=0, window_us=10).size == 0
    sums = control_sums(
        empty, empty, times(), leader=empty, follower=empty, n_items=0, window_us=10, block_us=40, span_us=(0, 0)
    )
    assert sums.n_together.size == 0
    assert sums.n_blocks.size == 0


def test_a_burst_lasts_while_gaps_stay_within_the_window() -> None:
    marks = burst_starts(codes(0, 0, 0, 0, 1), codes(0, 1, 0, 0, 0), times(0, 5, 10, 21, 22), n_items=2, window_us=10)
    assert marks.tolist() == [True, True, False, True, True]


def test_a_leader_burst_against_all_its_controls() -> None:
    # One leader at 1000, W = 10: a follower in the window, one in a control window before, one right after the window
    # (in no window at all), one right before the leader.
    item, time_us = codes(1, 1, 0, 1, 1), times(960, 993, 1000, 1004, 1015)
    sums = control_sums(
        codes(0, 0, 0, 0, 0), item, time_us, leader=codes(0, 1), follower=codes(1, 0), n_items=2, window_us=10,
        block_us=10_000, span_us=(0, 2_000),
    )  # fmt: skip
    assert N_CONTROLS == 10
    assert sums.n_together.tolist() == [1, 1]
    assert sums.sum_d[0] == pytest.approx(1 - 1 / 10)
    assert sums.sum_f[0] == pytest.approx(0)  # one after, one before
    # The other way round, of four bursts: one is followed, one is preceded, the first and last have it in a control.
    assert sums.sum_d[1] == pytest.approx(1 - 2 / 10)
    assert sums.sum_f[1] == pytest.approx(0)
    assert sums.n_compared.tolist() == [1, 4]
    assert sums.n_blocks.tolist() == [1, 1]
    np.testing.assert_allclose(sums.median_lag_s, [4e-6, 7e-6])


@pytest.mark.parametrize(
    ("offset", "d", "f"),
    [
        (-61, 0, 0), (-60, 0, 0), (-59, -0.1, 0), (-11, -0.1, 0), (-10, -0.1, -1), (-9, 0, -1), (-1, 0, -1), (0, 0, 0),
        (1, 1, 1), (10, 1, 1), (11, 0, 0), (20, 0, 0), (21, -0.1, 0), (70, -0.1, 0), (71, 0, 0),
    ],
)  # fmt: skip
def test_windows_begin_and_end_where_they_should(offset: int, d: float, f: float) -> None:
    rows = sorted([(500, 0), (500 + offset, 1)])
    sums = control_sums(
        codes(0, 0), codes(*(i for _, i in rows)), times(*(t for t, _ in rows)), leader=codes(0), follower=codes(1),
        n_items=2, window_us=10, block_us=10_000, span_us=(0, 1_000),
    )  # fmt: skip
    assert sums.sum_d[0] == pytest.approx(d)
    assert sums.sum_f[0] == pytest.approx(f)


def test_control_windows_beyond_the_span_do_not_count() -> None:
    def expected(span_end: int) -> float:
        sums = control_sums(
            codes(0, 0), codes(0, 1), times(0, 25), leader=codes(0), follower=codes(1), n_items=2, window_us=10,
            block_us=100, span_us=(0, span_end),
        )  # fmt: skip
        return float(sums.n_together[0] - sums.sum_d[0])

    # The only control windows are those after: (20, 30] up to (60, 70], as far as the span goes.
    assert expected(100) == pytest.approx(1 / 5)
    assert expected(45) == pytest.approx(1 / 2)
    assert expected(30) == pytest.approx(1)
    assert expected(29) == pytest.approx(0)


def test_a_block_of_time_is_one_block_in_however_many_scopes() -> None:
    # Two events, each in three scopes, in the second scope across the end of a block; sorted by (scope, time).
    sums = control_sums(
        np.repeat(codes(0, 1, 2), 4), np.tile(codes(0, 1), 6),
        times(500, 505, 1_500, 1_505, 510, 515, 2_010, 2_015, 520, 525, 1_520, 1_525),
        leader=codes(0), follower=codes(1), n_items=2, window_us=10, block_us=1_000, span_us=(0, 3_000),
    )  # fmt: skip
    assert sums.n_together.tolist() == sums.sum_d.tolist() == [6]
    assert sums.n_compared.tolist() == [6, 0]
    assert sums.n_blocks.tolist() == [3, 0]
    assert sums.sum_d2.tolist() == sums.sum_f2.tolist() == [3**2 + 2**2 + 1]


def test_many_lags_of_one_leader_give_the_exact_median() -> None:
    n, rng = 1_500, np.random.default_rng(0)
    lag = rng.integers(1, 11, n)
    time_us = np.column_stack([np.arange(n) * 1_000, np.arange(n) * 1_000 + lag]).ravel()
    sums = control_sums(
        np.zeros(2 * n, np.int32), np.tile(codes(0, 1), n), time_us, leader=codes(0), follower=codes(1), n_items=2,
        window_us=10, block_us=5_000, span_us=(0, n * 1_000),
    )  # fmt: skip
    assert sums.n_together[0] == n
    assert sums.median_lag_s[0] == pytest.approx(float(np.median(lag)) / 1e6)


@pytest.mark.parametrize("n", [64, 65, 66, 301, 302])
def test_the_median_of_many_delays_is_exact(n: int) -> None:
    # One leader burst an hour, its follower after a delay that never comes twice; the last delay is the whole window.
    rng = np.random.default_rng(n)
    window = 300_000_000
    delays = rng.choice(window - 1, n, replace=False) + 1
    delays[-1] = window
    begins = np.arange(n) * 3_600_000_000
    time_us = np.stack([begins, begins + delays], axis=1).ravel()
    sums = control_sums(
        np.zeros(2 * n, np.int32), np.tile(codes(0, 1), n), time_us, leader=codes(0, 1), follower=codes(1, 0),
        n_items=2, window_us=window, block_us=14_400_000_000, span_us=(-window * 9, int(time_us[-1]) + window * 9),
    )  # fmt: skip
    assert sums.n_together.tolist() == [n, 0]
    assert sums.median_lag_s[0] == np.median(delays) / 1e6
    assert np.isnan(sums.median_lag_s[1])


@pytest.mark.parametrize("n", [64, 301])
def test_the_median_of_equal_delays_is_their_value(n: int) -> None:
    time_us = (np.arange(n)[:, None] * 1_000 + np.array([0, 7])).ravel()
    sums = control_sums(
        np.zeros(2 * n, np.int32), np.tile(codes(0, 1), n), time_us, leader=codes(0), follower=codes(1),
        n_items=2, window_us=10, block_us=4_000, span_us=(-1_000, n * 1_000),
    )  # fmt: skip
    assert sums.median_lag_s.tolist() == [7e-6]
