"""Leader bursts against control windows: what the test of a pair needs to know, in one pass per leader.

The pass sees burst starts only (see :mod:`~alert_analytics.engine.kernels.bursts`), so every window of length W holds
at most one start of each item, and "is there one" may be counted start by start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Control windows (t + kW, t + (k + 1)W] for k = -6..-2 and 2..6: symmetric about the window (t, t + W] that is tested,
# so that a load that rises or falls evenly cancels.
FIRST_CONTROL, LAST_CONTROL = 2, 6
N_CONTROLS = 2 * (LAST_CONTROL - FIRST_CONTROL + 1)

# Places in a pair's running sums over blocks of time, and in its row of lags. Rows are kept small: one leader's rows
# should stay in the processor's first cache.
_BLOCK, _OPEN, _SUM, _SQUARES = range(4)
_COUNT, _MEDIAN = range(2)


@dataclass(frozen=True)
class ControlSums:
    """Sums over leader bursts, a row per pair; blocks are counted per leader.

    For a leader burst starting at t, ``D`` is the indicator of a follower burst starting in ``(t, t + W]`` less its
    mean over the control windows, and ``F`` is that indicator less the one of ``[t - W, t)``.

    Attributes
    ----------
    n_together : ndarray of int64, shape (n_pairs,)
        Leader bursts followed by a follower burst.
    sum_d, sum_d2, sum_f, sum_f2 : ndarray of float64, shape (n_pairs,)
        Sums and sums of squares, over blocks of time, of the blocks' sums of ``D`` and of ``F``. A block's sum takes in
        all scopes: one event may reach many of them at once.
    median_lag_s : ndarray of float64, shape (n_pairs,)
        Exact median of the follower's delay in seconds; NaN where they were never together.
    n_compared : ndarray of int64, shape (n_items,)
        Bursts, by leader, with at least one control window inside the span: every one where the span is at least
        five windows long. Only these count above.
    n_blocks : ndarray of int64, shape (n_items,)
        Blocks of time, by leader, that hold one of these bursts in any scope.
    """

    n_together: NDArray[np.int64]
    sum_d: NDArray[np.float64]
    sum_d2: NDArray[np.float64]
    sum_f: NDArray[np.float64]
    sum_f2: NDArray[np.float64]
    median_lag_s: NDArray[np.float64]
    n_compared: NDArray[np.int64]
    n_blocks: NDArray[np.int64]


def control_sums(
    scope: NDArray[np.int32],
    item: NDArray[np.int32],
    time_us: NDArray[np.int64],
    *,
    leader: NDArray[np.int32],
    follower: NDArray[np.int32],
    n_items: int,
    window_us: int,
    block_us: int,
    span_us: tuple[int, int],
) -> ControlSums:
    """Compare what follows each leader burst with what its neighbourhood holds anyway.

    Parameters
    ----------
    scope, item : ndarray of int32, shape (n,)
        Where and what, of burst starts.
    time_us : ndarray of int64, shape (n,)
        When, in microseconds. All three sorted by (scope, time).
    leader, follower : ndarray of int32, shape (n_pairs,)
        The ordered pairs to compare, sorted by leader, none twice, none with itself.
    n_items : int
        Number of distinct item codes.
    window_us, block_us : int
        The window W and the length of a block of time, in microseconds.
    span_us : tuple of int
        Start and end of what was observed, in microseconds. Control windows reaching beyond do not count.

    Returns
    -------
    ControlSums
        Sums per pair, blocks per leader. The expected number together is ``n_together - sum_d``.

    Notes
    -----
    Cost: per leader burst, the burst starts within 6 windows before and 7 after. Tested against a double loop over
    bursts and windows (``tests/oracle/test_pairs.py``).
    """
    # Each leader's bursts in order of time across scopes, so that a block of time is open once.
    by_item = np.lexsort((time_us, item))
    first = np.searchsorted(item[by_item], np.arange(n_items + 1))
    first_pair = np.searchsorted(leader, np.arange(n_items + 1))
    d_rows, f_rows, lags, n_compared, n_blocks = _all_leaders(
        (scope, item, time_us), (by_item, first), (first_pair, follower), (window_us, block_us, *span_us)
    )
    return ControlSums(
        n_together=lags[:, _COUNT].astype(np.int64),
        sum_d=d_rows[:, _SUM].copy(),
        sum_d2=d_rows[:, _SQUARES].copy(),
        sum_f=f_rows[:, _SUM].copy(),
        sum_f2=f_rows[:, _SQUARES].copy(),
        median_lag_s=lags[:, _MEDIAN] / 1e6,
        n_compared=n_compared,
        n_blocks=n_blocks,
    )


@njit(cache=True)
def _all_leaders(starts, by_leader, pairs, lengths):  # type: ignore[no-untyped-def]
    by_item, first = by_leader
    first_pair, follower = pairs
    n_items = first.size - 1
    d_rows = np.zeros((follower.size, 4))
    f_rows = np.zeros((follower.size, 4))
    d_rows[:, _BLOCK] = f_rows[:, _BLOCK] = -1.0
    lags = np.zeros((follower.size, 2))
    n_compared = np.zeros(n_items, dtype=np.int64)
    n_blocks = np.zeros(n_items, dtype=np.int64)
    row_of = np.full(n_items, -1, dtype=np.int64)
    heard = (np.empty(1024, dtype=np.int64), np.empty(1024, dtype=np.int64))
    for i in range(n_items):
        if first_pair[i] == first_pair[i + 1]:
            continue
        here = slice(first_pair[i], first_pair[i + 1])
        mine = follower[here]
        for r in range(mine.size):
            row_of[mine[r]] = r
        positions = by_item[first[i] : first[i + 1]]
        rows = (row_of, d_rows[here], f_rows[here])
        n_compared[i], n_blocks[i], n_lags, heard = _one_leader(starts, positions, rows, lengths, heard)
        _median_lags(heard[0][:n_lags], heard[1][:n_lags], lags[here])
        for r in range(mine.size):
            row_of[mine[r]] = -1
    return d_rows, f_rows, lags, n_compared, n_blocks


@njit(cache=True)
def _one_leader(starts, positions, rows, lengths, heard):  # type: ignore[no-untyped-def]
    """Add up one leader's bursts, which come in order of time.

    Returns the counts, and the buffers of lags, which may have grown.
    """
    _, _, time_us = starts
    window_us, block_us, span_start, span_end = lengths
    n_compared, n_blocks, n_lags, last_block = 0, 0, 0, -1.0
    for p in positions:
        t = time_us[p]
        # How many whole windows fit between the burst and the ends of the span, as far as they matter.
        before = min(LAST_CONTROL, (t - span_start) // window_us)
        after = min(LAST_CONTROL + 1, (span_end - t) // window_us)
        n_controls = max(0, before - FIRST_CONTROL + 1) + max(0, after - FIRST_CONTROL)
        if n_controls == 0:
            continue
        block = float((t - span_start) // block_us)
        n_compared += 1
        n_blocks += block != last_block
        last_block = block
        _look_back(starts, p, rows, (block, 1.0 / n_controls), window_us, before)
        n_lags, heard = _look_ahead(starts, p, rows, (block, 1.0 / n_controls), window_us, after, n_lags, heard)
    return n_compared, n_blocks, n_lags, heard


@njit(cache=True)
def _look_back(starts, p, rows, share, window_us, before):  # type: ignore[no-untyped-def]
    """Scan the window right before a leader burst, [t - W, t), and the control windows before that."""
    scope, item, time_us = starts
    row_of, d_rows, f_rows = rows
    block, weight = share
    t, here = time_us[p], scope[p]
    q = p - 1
    while q >= 0 and time_us[q] >= t - window_us and scope[q] == here:
        r = row_of[item[q]]
        if r >= 0 and time_us[q] < t:
            _add(f_rows, r, block, -1.0)
            # The nearest control window is closed where this window begins.
            if time_us[q] == t - window_us and before >= FIRST_CONTROL:
                _add(d_rows, r, block, -weight)
        q -= 1
    while q >= 0 and time_us[q] > t - before * window_us and scope[q] == here:
        r = row_of[item[q]]
        if r >= 0:
            _add(d_rows, r, block, -weight)
        q -= 1


@njit(cache=True)
def _look_ahead(starts, p, rows, share, window_us, after, n_lags, heard):  # type: ignore[no-untyped-def]
    """Scan the window that is tested, (t, t + W], and the control windows after it."""
    scope, item, time_us = starts
    row_of, d_rows, f_rows = rows
    block, weight = share
    t, here = time_us[p], scope[p]
    q = p + 1
    while q < item.size and time_us[q] <= t + window_us and scope[q] == here:
        r = row_of[item[q]]
        if r >= 0 and time_us[q] > t:
            _add(d_rows, r, block, 1.0)
            _add(f_rows, r, block, 1.0)
            if n_lags == heard[0].size:
                heard = (_double(heard[0]), _double(heard[1]))
            heard[0][n_lags] = r
            heard[1][n_lags] = time_us[q] - t
            n_lags += 1
        q += 1
    while q < item.size and time_us[q] <= t + FIRST_CONTROL * window_us and scope[q] == here:
        q += 1
    while q < item.size and time_us[q] <= t + after * window_us and scope[q] == here:
        r = row_of[item[q]]
        if r >= 0:
            _add(d_rows, r, block, -weight)
        q += 1
    return n_lags, heard


@njit(cache=True)
def _add(rows, r, block, value):  # type: ignore[no-untyped-def]
    """Add to a pair's sum over the open block, and keep the sums over blocks, so far, of it and its square."""
    so_far = rows[r, _OPEN] if rows[r, _BLOCK] == block else 0.0
    rows[r, _BLOCK] = block
    rows[r, _OPEN] = so_far + value
    rows[r, _SUM] += value
    rows[r, _SQUARES] += value * (2.0 * so_far + value)


@njit(cache=True)
def _double(values):  # type: ignore[no-untyped-def]
    larger = np.empty(2 * values.size, dtype=values.dtype)
    larger[: values.size] = values
    return larger


@njit(cache=True)
def _median_lags(rows, delays, lags):  # type: ignore[no-untyped-def]
    """Sort the delays into their rows, by counting, and write each row's count and median."""
    for r in rows:
        lags[r, _COUNT] += 1.0
    end = np.int64(0)
    place = np.empty(lags.shape[0], dtype=np.int64)
    for r in range(place.size):
        place[r] = end
        end += np.int64(lags[r, _COUNT])
    grouped = np.empty(delays.size, dtype=np.int64)
    for k in range(delays.size):
        grouped[place[rows[k]]] = delays[k]
        place[rows[k]] += 1
    for r in range(place.size):
        mine = grouped[place[r] - np.int64(lags[r, _COUNT]) : place[r]]
        lags[r, _MEDIAN] = np.median(mine) if mine.size > 0 else np.nan
