"""Leader bursts against control windows: what the test of a pair needs to know, in one pass per leader.

The pass sees burst starts only (see :mod:`~alert_analytics.engine.kernels.bursts`), so every window of length W holds
at most one start of each item, and "is there one" may be counted start by start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alert_analytics.engine.kernels.threads import in_parts

# Control windows (t + kW, t + (k + 1)W] for k = -6..-2 and 2..6: symmetric about the window (t, t + W] that is tested,
# so that a load that rises or falls evenly cancels.
FIRST_CONTROL, LAST_CONTROL = 2, 6
N_CONTROLS = 2 * (LAST_CONTROL - FIRST_CONTROL + 1)

# Places in a pair's sums over blocks of time, and in its row of lags.
_D, _D2, _F, _F2 = range(4)
_COUNT, _MEDIAN = range(2)
# What the window that is tested weighs in D: divisible by every number of controls, so that sums are of whole numbers.
_WHOLE = 2520
_TILE = 60_000  # bursts that are looked at together
_FEW_ITEMS = 8
_AHEAD = 12
_BINS = 64
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
    in_parts(lambda begin, end: _lags(starts, by_item, pairs, lengths, lags, begin, end), n_items, at_least=_FEW_ITEMS)
    first = np.searchsorted(scope, np.unique(scope))
    n_tiles = max(1, item.size // _TILE)
    parts = in_parts(
        lambda begin, end: _blocks(starts, first, pairs, lengths, n_items, n_tiles, begin, end), n_tiles, at_least=4
    )
    sums = [np.sum(each, axis=0) for each in zip(*(sums for sums, _, _ in parts), strict=True)]
    # In sums of D a control window of ten counts 252: whole numbers add up to the same whatever the order.
    return ControlSums(
        n_together=lags[:, _COUNT].astype(np.int64),
        sum_d=sums[_D] / _WHOLE,
        sum_d2=sums[_D2] / _WHOLE**2,
        sum_f=sums[_F],
        sum_f2=sums[_F2],
        median_lag_s=lags[:, _MEDIAN] / 1e6,
        n_compared=np.sum([n for _, n, _ in parts], axis=0),
        n_blocks=np.sum([n for _, _, n in parts], axis=0),
    )


def in_groups(code: NDArray[np.int32], n_codes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sort places by code, by counting.

    Parameters
    ----------
    code : ndarray of int32, shape (n,)
        Below `n_codes`.
    n_codes : int
        Number of codes.

    Returns
    -------
    places : ndarray of int64, shape (n,)
        In ascending order within a code.
    first : ndarray of int64, shape (n_codes + 1,)
        Where in `places` each code begins, and the end.
    """
    found: tuple[NDArray[np.int64], NDArray[np.int64]] = _grouped(code, n_codes)
    return found


@njit(cache=True, nogil=True)
def _grouped(code, n_codes):  # type: ignore[no-untyped-def]
    first = np.zeros(n_codes + 1, dtype=np.int64)
    for c in code:
        first[c + 1] += 1
    for c in range(n_codes):
        first[c + 1] += first[c]
    place, places = first[:-1].copy(), np.empty(code.size, dtype=np.int64)
    for p in range(code.size):
        places[place[code[p]]] = p
        place[code[p]] += 1
    return places, first


@njit(cache=True, nogil=True)
def _n_controls(t, lengths):  # type: ignore[no-untyped-def]
    """How many whole windows fit between a burst and the ends of the span, as far as they matter, and the controls."""
    window_us, _, span_start, span_end = lengths
    before = min(LAST_CONTROL, (t - span_start) // window_us)
    after = min(LAST_CONTROL + 1, (span_end - t) // window_us)
    return before, after, max(0, before - FIRST_CONTROL + 1) + max(0, after - FIRST_CONTROL)


# -- delays, leader by leader -----------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _lags(starts, by_item, pairs, lengths, lags, begin, end):  # type: ignore[no-untyped-def]
    """Write the count and the median of the delays of the pairs of leaders from `begin` to `end`."""
    scope, item, time_us = starts
    places, first = by_item
    first_pair, follower = pairs
    n_of, row_of = _rows(first_pair, first.size - 1)
    rows, delays, fetched = np.empty(1024, dtype=np.uint32), np.empty(1024, dtype=np.int64), 0
    shift = 0
    while lengths[0] >> shift >= _BINS:
        shift += 1
    for i in range(begin, end):
        low, high = first_pair[i], first_pair[i + 1]
        for r in range(low, high):
            row_of[follower[r]] = r - low
            n_of[r - low] = 0
        n = np.uint64(0)
        for j in range(first[i], first[i + 1]):
            # A look at what is needed soon: without it each burst would wait for the memory.
            soon = places[min(j + _AHEAD, item.size - 1)]
            fetched += time_us[soon] + item[soon] + scope[soon]
            p = places[j]
            t, here, near = time_us[p], scope[p], p + 1
            if low == high or _n_controls(t, lengths)[2] == 0:
                continue
            while near < item.size and time_us[near] == t and scope[near] == here:
                near += 1
            far = near
            while far < item.size and time_us[far] <= t + lengths[0] and scope[far] == here:
                far += 1
            while n + np.uint64(far - near) > rows.size:
                rows, delays = _double(rows), _double(delays)
            for q in range(np.uint64(near), np.uint64(far)):
                r = row_of[np.uint64(item[q])]
                n_of[np.uint64(r)] += 1
                rows[n] = r
                delays[n] = time_us[q] - t
                n += np.uint64(1)
        _medians(rows[:n], delays[:n], n_of, lags[low:high], shift)
        for r in range(low, high):
            row_of[follower[r]] = n_of.size - 1
    return fetched


@njit(cache=True, nogil=True)
def _rows(first_pair, n_items):  # type: ignore[no-untyped-def]
    """Room for the counts of one leader's rows, and each item's row; the last place is for all other items."""
    most = 0
    for i in range(n_items):
        most = max(most, first_pair[i + 1] - first_pair[i])
    return np.zeros(most + 1, dtype=np.int64), np.full(n_items, most, dtype=np.uint32)


@njit(cache=True, nogil=True)
def _double(values):  # type: ignore[no-untyped-def]
    larger = np.empty(2 * values.size, dtype=values.dtype)
    larger[: values.size] = values
    return larger


@njit(cache=True, nogil=True)
def _medians(rows, delays, n_of, lags, shift):  # type: ignore[no-untyped-def]
    """Sort the delays into their rows, by counting, and write each row's count and median."""
    n, end, bins = lags.shape[0], np.uint64(0), np.zeros(_BINS, dtype=np.int64)
    place = np.empty(n_of.size, dtype=np.uint64)
    for r in range(n):
        place[r] = end
        end += np.uint64(n_of[r])
    place[n:] = end  # where the delays of all other items go to
    grouped = np.empty(delays.size, dtype=np.int64)
    for k in range(rows.size):
        r = np.uint64(rows[k])
        grouped[place[r]] = delays[k]
        place[r] += np.uint64(1)
    for r in range(n):
        lags[r, _COUNT] = n_of[r]
        lags[r, _MEDIAN] = _median(grouped[place[r] - np.uint64(n_of[r]) : place[r]], bins, shift)


@njit(cache=True, nogil=True)
def _median(values, bins, shift):  # type: ignore[no-untyped-def]
    """The median of whole numbers: many are counted in bins of ``2**shift`` first, so that few are selected from."""
    if values.size == 0:
        return np.nan
    k = values.size // 2
    if values.size <= bins.size:
        return _middle(values, k, values.size % 2)
    bins[:] = 0
    for value in values:
        bins[value >> shift] += 1
    below, at = 0, 0
    while below + bins[at] <= k:
        below += bins[at]
        at += 1
    inside, lower = np.empty(bins[at], dtype=np.int64), 0
    n = 0
    for value in values:
        place = value >> shift
        if place == at:
            inside[n] = value
            n += 1
        elif place < at:
            lower = max(lower, value)
    if values.size % 2 or k > below:
        return _middle(inside, k - below, values.size % 2)
    return (lower + inside.min()) / 2.0


@njit(cache=True, nogil=True)
def _middle(values, k, is_odd):  # type: ignore[no-untyped-def]
    """The `k`-th smallest, from 0, or where their number is even its mean with the one before; the order is lost."""
    low, high = 0, values.size - 1
    while low < high:  # Hoare's selection
        pivot, i, j = values[(low + high) // 2], low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if j < k < i:
            break
        low, high = (low, j) if k <= j else (i, high)
    upper = values[k]
    if is_odd:
        return float(upper)
    return (values[:k].max() + upper) / 2.0


# -- blocks, stretch by stretch ---------------------------------------------------------------------------------------


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
    origin, n_all = _extent(time_us, lengths)
    n_of, row_of = _rows(pairs[0], n_items)
    scratch = (row_of, np.zeros(n_of.size), np.zeros(n_of.size))
    low, high = origin + begin * n_all // n_tiles, origin + end * n_all // n_tiles
    cursor = _first_in(first, time_us, lengths, low)
    for tile in range(begin, end):
        low, high = origin + tile * n_all // n_tiles, origin + (tile + 1) * n_all // n_tiles
        places, blocks = _bursts_in(first, time_us, lengths, cursor, low, high)
        by_block, _ = _grouped(blocks, high - low)
        by_item, first_of = _grouped(item[places[by_block]], n_items)
        order = by_block[by_item]
        windows = _windows(starts, places, lengths, order)
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
def _extent(time_us, lengths):  # type: ignore[no-untyped-def]
    """Number of the first block that holds a burst, and how many there are from there to the last."""
    origin = (time_us.min() - lengths[2]) // lengths[1]
    return origin, (time_us.max() - lengths[2]) // lengths[1] - origin + 1


@njit(cache=True, nogil=True)
def _first_in(first, time_us, lengths, block):  # type: ignore[no-untyped-def]
    """In each scope the place of the first burst in `block` or later."""
    moment = lengths[2] + block * lengths[1]
    cursor = first.copy()
    for s in range(first.size):
        last = first[s + 1] if s + 1 < first.size else time_us.size
        cursor[s] += np.searchsorted(time_us[first[s] : last], moment)
    return cursor


@njit(cache=True, nogil=True)
def _bursts_in(first, time_us, lengths, cursor, low, high):  # type: ignore[no-untyped-def]
    """Places of the bursts in the blocks from `low` to `high`, and the block of each, from 0; moves the cursor."""
    until, n = lengths[2] + high * lengths[1], 0
    begins = cursor.copy()
    for s in range(first.size):
        last = first[s + 1] if s + 1 < first.size else time_us.size
        while cursor[s] < last and time_us[cursor[s]] < until:
            cursor[s] += 1
        n += cursor[s] - begins[s]
    places, blocks, n = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), 0
    for s in range(first.size):
        for p in range(begins[s], cursor[s]):
            places[n] = p
            blocks[n] = (time_us[p] - lengths[2]) // lengths[1] - low
            n += 1
    return places, blocks


@njit(cache=True, nogil=True)
def _windows(starts, places, lengths, order):  # type: ignore[no-untyped-def]
    """For each burst where its windows begin and end, and the weight of a control; places come in order of scope.

    Columns: controls before, the window right before, the window that is tested, controls after, and the weight. Rows
    come in the order in which they are to be read: read across, each would wait for the memory.
    """
    scope, _, time_us = starts
    window_us, n = lengths[0], scope.size
    row = np.empty(places.size, dtype=np.int64)
    row[order] = np.arange(places.size)
    found = np.zeros((places.size, 9), dtype=np.int32)
    b0, b1, b2, a1, c0, c1 = 0, 0, 0, 0, 0, 0
    for k in range(places.size):
        p = places[k]
        t, here = time_us[p], scope[p]
        if k == 0 or places[k - 1] != p - 1 or scope[p - 1] != here:
            b0 = p
            while b0 > 0 and scope[b0 - 1] == here and time_us[b0 - 1] > t - LAST_CONTROL * window_us:
                b0 -= 1
            b1, b2, a1, c0, c1 = b0, b0, p, p, p
        before, after, n_controls = _n_controls(t, lengths)
        while time_us[b0] <= t - LAST_CONTROL * window_us:
            b0 += 1
        while time_us[b1] <= t - window_us:
            b1 += 1
        while time_us[b2] < t - window_us:
            b2 += 1
        while a1 < n and scope[a1] == here and time_us[a1] <= t + window_us:
            a1 += 1
        while c0 < n and scope[c0] == here and time_us[c0] <= t + FIRST_CONTROL * window_us:
            c0 += 1
        while c1 < n and scope[c1] == here and time_us[c1] <= t + (LAST_CONTROL + 1) * window_us:
            c1 += 1
        if n_controls == 0:
            continue
        near, far, from_, to = p, p + 1, b0, c1
        while near > b2 and time_us[near - 1] == t:
            near -= 1
        while far < a1 and time_us[far] == t:
            far += 1
        # Near the ends of the span there are fewer controls.
        while from_ < b1 and time_us[from_] <= t - before * window_us:
            from_ += 1
        while to > c0 and time_us[to - 1] > t + after * window_us:
            to -= 1
        for column, end in enumerate((from_, b1, b2, near, far, a1, c0, to, _WHOLE // n_controls)):
            found[row[k], column] = end
    return found


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
        d[r] += _WHOLE
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
