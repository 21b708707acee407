"""The pair kernels against double loops over plain Python lists."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.engine.kernels.bursts import burst_starts
from alert_analytics.engine.kernels.control import FIRST_CONTROL, LAST_CONTROL, ControlSums, control_sums
from alert_analytics.engine.kernels.pairs import pair_counts

N_ITEMS = 4
WINDOW = 10
Row = tuple[int, int, int]  # scope, item, time

rows_of_a_history = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, N_ITEMS - 1), st.integers(0, 180)), max_size=40
).map(lambda rows: sorted(rows, key=lambda row: (row[0], row[2])))


def columns(rows: list[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scope, item, time = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(scope, np.int32), np.array(item, np.int32), np.array(time, np.int64)


def naive_starts(rows: list[Row]) -> list[bool]:
    starts = []
    for p, (scope, item, time) in enumerate(rows):
        earlier = [t for s, i, t in rows[:p] if (s, i) == (scope, item)]
        starts.append(all(time - t > WINDOW for t in earlier))
    return starts


def naive_counts(rows: list[Row]) -> dict[tuple[int, int], int]:
    counts: dict[tuple[int, int], int] = {}
    for scope, leader, time in rows:
        followers = {i for s, i, t in rows if s == scope and i != leader and time < t <= time + WINDOW}
        for follower in followers:
            counts[leader, follower] = counts.get((leader, follower), 0) + 1
    return counts


def naive_sums(starts: list[Row], leader: int, follower: int, span: tuple[int, int], block: int) -> dict[str, float]:
    def any_between(scope: int, low: int, high: int) -> int:
        return int(any(s == scope and i == follower and low < t <= high for s, i, t in starts))

    blocks: dict[int, list[float]] = {}  # by time, across scopes
    lags: list[int] = []
    n_compared = 0
    ks = [k for k in range(-LAST_CONTROL, LAST_CONTROL + 1) if abs(k) >= FIRST_CONTROL]
    for scope, item, t in starts:
        windows = [(t + k * WINDOW, t + (k + 1) * WINDOW) for k in ks]
        windows = [(low, high) for low, high in windows if span[0] <= low and high <= span[1]]
        if item != leader or not windows:
            continue
        n_compared += 1
        forward = any_between(scope, t, t + WINDOW)
        backward = any_between(scope, t - WINDOW - 1, t - 1)
        d = forward - sum(any_between(scope, low, high) for low, high in windows) / len(windows)
        sums = blocks.setdefault((t - span[0]) // block, [0.0, 0.0])
        sums[0] += d
        sums[1] += forward - backward
        lags += sorted(u - t for s, i, u in starts if s == scope and i == follower and t < u <= t + WINDOW)[:1]
    return {
        "n_together": len(lags),
        "sum_d": sum(d for d, _ in blocks.values()),
        "sum_d2": sum(d * d for d, _ in blocks.values()),
        "sum_f": sum(f for _, f in blocks.values()),
        "sum_f2": sum(f * f for _, f in blocks.values()),
        "median_lag_s": median(lags) / 1e6 if lags else float("nan"),
        "n_compared": n_compared,
        "n_blocks": len(blocks),
    }


def all_pairs() -> tuple[np.ndarray, np.ndarray]:
    leader, follower = np.nonzero(~np.eye(N_ITEMS, dtype=bool))
    return leader.astype(np.int32), follower.astype(np.int32)


def fast_sums(starts: list[Row], span: tuple[int, int], block: int) -> ControlSums:
    leader, follower = all_pairs()
    return control_sums(
        *columns(starts),
        leader=leader,
        follower=follower,
        n_items=N_ITEMS,
        window_us=WINDOW,
        block_us=block,
        span_us=span,
    )


@given(rows_of_a_history)
@settings(max_examples=100, deadline=None)
def test_burst_starts_equal_a_double_loop(rows: list[Row]) -> None:
    fast = burst_starts(*columns(rows), n_items=N_ITEMS, window_us=WINDOW)
    assert fast.tolist() == naive_starts(rows)


@pytest.mark.parametrize("direct_pairs", [4_000_000, 0], ids=["direct", "hashed"])
@given(rows=rows_of_a_history)
@settings(max_examples=100, deadline=None)
def test_pair_counts_equal_a_double_loop(rows: list[Row], direct_pairs: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alert_analytics.engine.kernels.pairs._DIRECT_PAIRS", direct_pairs)
        fast = pair_counts(*columns(rows), n_items=N_ITEMS, window_us=WINDOW)
    keys = list(zip(fast.leader.tolist(), fast.follower.tolist(), strict=True))
    assert keys == sorted(keys)
    assert dict(zip(keys, fast.n_together.tolist(), strict=True)) == naive_counts(rows)


@given(rows_of_a_history, st.integers(0, 15), st.integers(0, 15), st.integers(10, 60))
@settings(max_examples=60, deadline=None)
def test_control_sums_equal_a_double_loop(rows: list[Row], early: int, late: int, block: int) -> None:
    starts = [row for row, starts in zip(rows, naive_starts(rows), strict=True) if starts]
    span = (-early, 180 + late)
    fast = fast_sums(starts, span, block)
    for row, (leader, follower) in enumerate(zip(*all_pairs(), strict=True)):
        slow = naive_sums(starts, int(leader), int(follower), span, block)
        for name, value in slow.items():
            column = getattr(fast, name)
            got = column[leader] if name in {"n_compared", "n_blocks"} else column[row]
            assert got == pytest.approx(value, abs=1e-9, nan_ok=True), (name, leader, follower)


@given(rows_of_a_history, st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_shifting_all_times_changes_nothing(rows: list[Row], shift: int) -> None:
    starts = [row for row, starts in zip(rows, naive_starts(rows), strict=True) if starts]
    here = fast_sums(starts, (0, 200), 40)
    there = fast_sums([(s, i, t + shift) for s, i, t in starts], (shift, 200 + shift), 40)
    for name in ("n_together", "sum_d", "sum_d2", "sum_f", "sum_f2", "median_lag_s", "n_compared", "n_blocks"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))
