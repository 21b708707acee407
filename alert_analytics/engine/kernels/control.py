"""Leader bursts against control windows: what the test of a pair needs to know, in one pass per leader.

The pass sees burst starts only (see :mod:`~alert_analytics.engine.kernels.bursts`), so every window of length W holds
at most one start of each item, and "is there one" may be counted start by start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alert_analytics.engine.kernels.delays import COUNT, MEDIAN, lags_of
from alert_analytics.engine.kernels.ordering import grouped, in_groups
from alert_analytics.engine.kernels.threads import in_parts
from alert_analytics.engine.kernels.windows import (
    FIRST_CONTROL,
    LAST_CONTROL,
    N_CONTROLS,
    WHOLE,
    bursts_in,
    extent,
    first_in,
    rows_of,
    windows_of,
)

__all__ = ["FIRST_CONTROL", "LAST_CONTROL", "N_CONTROLS", "ControlSums", "control_sums"]

# Places in a pair's sums over blocks of time.
_D, _D2, _F, _F2 = range(4)
_TILE = 60_000  # bursts that are looked at together
_FEW_ITEMS = 8
_SPARSE = 8  # looking up a row costs as much as going through so many


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
    # Delays are gathered leader by leader; blocks are summed stretch of time by stretch of time.
    by_item = in_groups(item, n_items)
    first_pair = np.searchsorted(leader, np.arange(n_items + 1))
    starts, pairs = (scope, item, time_us), (first_pair, follower)
    lengths = (np.int64(window_us), np.int64(block_us), np.int64(span_us[0]), np.int64(span_us[1]))
    lags = np.zeros((follower.size, 2))
    in_parts(
        lambda begin, end: lags_of(starts, by_item, pairs, lengths, lags, begin, end), n_items, at_least=_FEW_ITEMS
    )
    first = np.flatnonzero(np.r_[scope.size > 0, scope[1:] != scope[:-1]][: scope.size])
    n_tiles = max(1, item.size // _TILE)
    parts = in_parts(
        lambda begin, end: _blocks(starts, first, pairs, lengths, n_items, n_tiles, begin, end), n_tiles, at_least=4
    )
    sums = [np.sum(each, axis=0) for each in zip(*(sums for sums, _, _ in parts), strict=True)]
    # In sums of D a control window of ten counts 252: whole numbers add up to the same whatever the order.
    return ControlSums(
        n_together=lags[:, COUNT].astype(np.int64),
        sum_d=sums[_D] / WHOLE,
        sum_d2=sums[_D2] / WHOLE**2,
        sum_f=sums[_F],
        sum_f2=sums[_F2],
        median_lag_s=lags[:, MEDIAN] / 1e6,
        n_compared=np.sum([n for _, n, _ in parts], axis=0),
        n_blocks=np.sum([n for _, _, n in parts], axis=0),
    )


@njit(cache=True, nogil=True)
def _blocks(starts, first, pairs, lengths, n_items, n_tiles, begin, end):  # type: ignore[no-untyped-def]
    """Sum over the blocks of the stretches of time (tiles) from `begin` to `end`, of `n_tiles` in all.

    A stretch holds so few bursts that they, their neighbours and what is known of them stay in the processor's cache.
    """
    _, item, time_us = starts
    sums, n_compared = _four(pairs[1].size), np.zeros(n_items, dtype=np.int64)
    n_blocks = np.zeros(n_items, dtype=np.int64)
    if item.size == 0:
        return sums, n_compared, n_blocks
    origin, n_all = extent(time_us, lengths)
    n_of, row_of = rows_of(pairs[0], n_items)
    scratch = (row_of, np.zeros(n_of.size), np.zeros(n_of.size))
    low, high = origin + begin * n_all // n_tiles, origin + end * n_all // n_tiles
    cursor = first_in(first, time_us, lengths, low)
    for tile in range(begin, end):
        low, high = origin + tile * n_all // n_tiles, origin + (tile + 1) * n_all // n_tiles
        places, blocks = bursts_in(first, time_us, lengths, cursor, low, high)
        by_block, _ = grouped(blocks, high - low)
        by_item, first_of = grouped(item[places[by_block]], n_items)
        order = by_block[by_item]
        windows = windows_of(starts, places, lengths, order)
        blocks = blocks[order]
        for i in range(n_items):
            if first_of[i] < first_of[i + 1] and pairs[0][i] < pairs[0][i + 1]:
                mine = slice(first_of[i], first_of[i + 1])
                n, b = _one_leader(i, item, blocks[mine], windows[mine], pairs, scratch, sums)
                n_compared[i] += n
                n_blocks[i] += b
    return sums, n_compared, n_blocks


@njit(cache=True, nogil=True)
def _four(n):  # type: ignore[no-untyped-def]
    """Sums of D, of its squares, of F and of its squares; each by itself, so that several rows are added at once."""
    return np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)


@njit(cache=True, nogil=True)
def _one_leader(i, item, blocks, windows, pairs, scratch, sums):  # type: ignore[no-untyped-def]
    """Add up one leader's bursts, which come block by block; returns how many were compared, and in how many blocks."""
    row_of, d, f = scratch
    first, last = pairs[0][i], pairs[0][i + 1]
    for r in range(first, last):
        row_of[pairs[1][r]] = r - first
    n_compared, n_blocks, k = 0, 0, 0
    while k < blocks.size:
        begin, block, n_seen = k, blocks[k], 0
        while k < blocks.size and blocks[k] == block:
            window = windows[k]
            if window[8] > 0:
                n_compared += 1
                n_seen += 1 + window[7] - window[0]
                _add(item, window, row_of, d, f)
            k += 1
        if n_seen == 0:
            continue
        n_blocks += 1
        if _SPARSE * n_seen > last - first:
            _sum_up(d[: last - first], sums[_D][first:last], sums[_D2][first:last])
            _sum_up(f[: last - first], sums[_F][first:last], sums[_F2][first:last])
        else:
            for m in range(begin, k):
                _settle(item, windows[m], row_of, (d, f), sums, first)
        d[-1] = f[-1] = 0.0
    for r in range(first, last):
        row_of[pairs[1][r]] = d.size - 1
    return n_compared, n_blocks


@njit(cache=True, nogil=True)
def _add(item, window, row_of, d, f):  # type: ignore[no-untyped-def]
    """Add a burst to the sums of the open block."""
    weight = float(window[8])
    for q in range(np.uint64(window[0]), np.uint64(window[1])):
        d[np.uint64(row_of[np.uint64(item[q])])] -= weight
    for q in range(np.uint64(window[2]), np.uint64(window[3])):
        f[np.uint64(row_of[np.uint64(item[q])])] -= 1.0
    for q in range(np.uint64(window[4]), np.uint64(window[5])):
        r = np.uint64(row_of[np.uint64(item[q])])
        d[r] += WHOLE
        f[r] += 1.0
    for q in range(np.uint64(window[6]), np.uint64(window[7])):
        d[np.uint64(row_of[np.uint64(item[q])])] -= weight


@njit(cache=True, nogil=True)
def _sum_up(value, total, squares):  # type: ignore[no-untyped-def]
    """Close a block of which most rows heard something: straight through, several rows at once."""
    for r in range(value.size):
        total[r] += value[r]
        squares[r] += value[r] * value[r]
        value[r] = 0.0


@njit(cache=True, nogil=True)
def _settle(item, window, row_of, values, sums, first):  # type: ignore[no-untyped-def]
    """Close a block for the rows that one of its bursts spoke of; what is settled already adds nothing."""
    d, f = values
    for q in range(window[0], window[7]):
        r = row_of[item[q]]
        if d[r] != 0.0 or f[r] != 0.0:
            if r < d.size - 1:
                sums[_D][first + r] += d[r]
                sums[_D2][first + r] += d[r] * d[r]
                sums[_F][first + r] += f[r]
                sums[_F2][first + r] += f[r] * f[r]
            d[r] = f[r] = 0.0
