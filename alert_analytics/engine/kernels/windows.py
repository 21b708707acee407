"""Where the windows around a burst begin and end, for the bursts of one stretch of time after the other."""

from __future__ import annotations

import numpy as np
from numba import njit

# Control windows (t + kW, t + (k + 1)W] for k = -6..-2 and 2..6: symmetric about the window (t, t + W] that is tested,
# so that a load that rises or falls evenly cancels.
FIRST_CONTROL, LAST_CONTROL = 2, 6
N_CONTROLS = 2 * (LAST_CONTROL - FIRST_CONTROL + 1)
# What the window that is tested weighs in D: divisible by every number of controls, so that sums are of whole numbers.
WHOLE = 2520


@njit(cache=True, nogil=True)
def n_controls_of(t, lengths):  # type: ignore[no-untyped-def]
    """How many whole windows fit between a burst and the ends of the span, as far as they matter, and the controls."""
    window_us, _, span_start, span_end = lengths
    before = min(LAST_CONTROL, (t - span_start) // window_us)
    after = min(LAST_CONTROL + 1, (span_end - t) // window_us)
    return before, after, max(0, before - FIRST_CONTROL + 1) + max(0, after - FIRST_CONTROL)


@njit(cache=True, nogil=True)
def rows_of(first_pair, n_items):  # type: ignore[no-untyped-def]
    """Room for the counts of one leader's rows, and each item's row; the last place is for all other items."""
    most = 0
    for i in range(n_items):
        most = max(most, first_pair[i + 1] - first_pair[i])
    return np.zeros(most + 1, dtype=np.int64), np.full(n_items, most, dtype=np.uint32)


@njit(cache=True, nogil=True)
def extent(time_us, lengths):  # type: ignore[no-untyped-def]
    """Number of the first block that holds a burst, and how many there are from there to the last."""
    origin = (time_us.min() - lengths[2]) // lengths[1]
    return origin, (time_us.max() - lengths[2]) // lengths[1] - origin + 1


@njit(cache=True, nogil=True)
def first_in(first, time_us, lengths, block):  # type: ignore[no-untyped-def]
    """In each scope the place of the first burst in `block` or later."""
    moment = lengths[2] + block * lengths[1]
    cursor = first.copy()
    for s in range(first.size):
        last = first[s + 1] if s + 1 < first.size else time_us.size
        cursor[s] += np.searchsorted(time_us[first[s] : last], moment)
    return cursor


@njit(cache=True, nogil=True)
def bursts_in(first, time_us, lengths, cursor, low, high):  # type: ignore[no-untyped-def]
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
def windows_of(starts, places, lengths, order):  # type: ignore[no-untyped-def]
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
        before, after, n_controls = n_controls_of(t, lengths)
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
        for column, end in enumerate((from_, b1, b2, near, far, a1, c0, to, WHOLE // n_controls)):
            found[row[k], column] = end
    return found
