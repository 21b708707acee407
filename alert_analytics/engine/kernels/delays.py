"""How long after each burst of a leader its followers start: count and exact median, leader by leader."""

from __future__ import annotations

import numpy as np
from numba import njit

from alert_analytics.engine.kernels.windows import n_controls_of, rows_of

# Places in a pair's row.
COUNT, MEDIAN = range(2)

_AHEAD = 12
_BINS = 64


@njit(cache=True, nogil=True)
def lags_of(starts, by_item, pairs, lengths, lags, begin, end):  # type: ignore[no-untyped-def]
    """Write the count and the median of the delays of the pairs of leaders from `begin` to `end`."""
    scope, item, time_us = starts
    places, first = by_item
    first_pair, follower = pairs
    n_of, row_of = rows_of(first_pair, first.size - 1)
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
            if low == high or n_controls_of(t, lengths)[2] == 0:
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
def _double(values):  # type: ignore[no-untyped-def]
    larger = np.empty(2 * values.size, dtype=values.dtype)
    larger[: values.size] = values
    return larger


@njit(cache=True, nogil=True)
def _medians(rows, delays, n_of, lags, shift):  # type: ignore[no-untyped-def]
    """Sort the delays into their rows, by counting, and write each row's count and median."""
    n, end = lags.shape[0], np.int64(0)
    bins = np.zeros(_BINS, dtype=np.int64)
    place = np.empty(n_of.size, dtype=np.uint64)
    for r in range(n):
        place[r] = end
        end = end + n_of[r]
    place[n:] = end  # where the delays of all other items go to
    grouped = np.empty(delays.size, dtype=np.int64)
    for k in range(rows.size):
        row = np.uint64(rows[k])
        grouped[place[row]] = delays[k]
        place[row] += np.uint64(1)
    for r in range(n):
        lags[r, COUNT] = n_of[r]
        lags[r, MEDIAN] = _median(grouped[place[r] - np.uint64(n_of[r]) : place[r]], bins, shift)


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
