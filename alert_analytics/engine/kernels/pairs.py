"""How often one item follows another within a window: one sweep in time, sparse in the pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alert_analytics.engine.kernels.threads import in_parts

# Up to this many pairs the table has a place for each (16 MB a thread), which is several times as fast as hashing.
_DIRECT_PAIRS = 4_000_000
_FIRST_CAPACITY = 1 << 12
_ENOUGH = 200_000  # firings a thread should have
_EMPTY = -1


@dataclass(frozen=True)
class PairCounts:
    """Ordered pairs seen together at least once, sorted by (leader, follower).

    Attributes
    ----------
    leader, follower : ndarray of int32, shape (n_pairs,)
        Item codes.
    n_together : ndarray of int64, shape (n_pairs,)
        Leader firings followed by at least one follower firing within the window.
    """

    leader: NDArray[np.int32]
    follower: NDArray[np.int32]
    n_together: NDArray[np.int64]


def pair_counts(
    scope: NDArray[np.int32],
    item: NDArray[np.int32],
    time_us: NDArray[np.int64],
    *,
    n_items: int,
    window_us: int,
) -> PairCounts:
    """Count, per ordered pair, the leader firings followed by the follower in ``(t, t + window_us]``.

    Parameters
    ----------
    scope, item : ndarray of int32, shape (n,)
        Where and what; pairs never cross scopes, an item never pairs with itself.
    time_us : ndarray of int64, shape (n,)
        When, in microseconds. All three sorted by (scope, time).
    n_items : int
        Number of distinct item codes.
    window_us : int
        Length of the window, in microseconds.

    Returns
    -------
    PairCounts
        Only pairs with a count; memory grows with these, never with the square of `n_items`.

    Notes
    -----
    In order of time, a list holds the distinct items that fire in the window after the firing at hand: firings enter it
    at the window's far end and leave it at its near end. A firing walks the list, so its cost is the number of distinct
    items there, however often they repeat. Firings at the same time do not follow each other. Several threads take a
    stretch of the firings each. Tested against a naive double loop (``tests/oracle/test_pairs.py``).

    Examples
    --------
    >>> import numpy as np
    >>> scope, item = np.zeros(4, dtype=np.int32), np.array([0, 0, 1, 1], dtype=np.int32)
    >>> pair_counts(scope, item, np.array([0, 5, 7, 9]), n_items=2, window_us=10)
    PairCounts(leader=array([0], dtype=int32), follower=array([1], dtype=int32), n_together=array([2]))
    """
    rows = (scope, item, time_us)
    if n_items * n_items <= _DIRECT_PAIRS:
        parts = in_parts(
            lambda begin, end: _sweep_direct(rows, n_items, window_us, begin, end), item.size, at_least=_ENOUGH
        )
        total = np.asarray(parts, dtype=np.int64).sum(axis=0)
        keys = np.flatnonzero(total)
        counts = total[keys]
    else:
        found = in_parts(
            lambda begin, end: _sweep_hashed(rows, n_items, window_us, begin, end, _FIRST_CAPACITY),
            item.size,
            at_least=_ENOUGH,
        )
        seen = [np.flatnonzero(keys != _EMPTY) for keys, _ in found]
        every = np.concatenate([keys[at] for (keys, _), at in zip(found, seen, strict=True)])
        keys, where = np.unique(every, return_inverse=True)
        counts = np.zeros(keys.size, dtype=np.int64)
        np.add.at(counts, where, np.concatenate([one[at] for (_, one), at in zip(found, seen, strict=True)]))
    leader, follower = np.divmod(keys, max(n_items, 1))
    return PairCounts(leader.astype(np.int32), follower.astype(np.int32), counts)


@njit(cache=True, nogil=True)
def _slot(keys, key):  # type: ignore[no-untyped-def]
    """Find where `key` is in the open-addressing table, or where it belongs."""
    # The mask keeps the product below 2**63: uncompiled numpy integers would warn of an overflow.
    mixed = ((key ^ (key >> 31)) & 0x7FFFFFFF) * 0x9E3779B1
    mask = keys.size - 1
    slot = (mixed >> 20) & mask
    while keys[slot] != _EMPTY and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)
def _grow(keys, counts):  # type: ignore[no-untyped-def]
    """Move the table to four times the room."""
    new_keys = np.full(keys.size * 4, _EMPTY, dtype=np.int64)
    new_counts = np.zeros(keys.size * 4, dtype=np.int64)
    for old in range(keys.size):
        if keys[old] != _EMPTY:
            slot = _slot(new_keys, keys[old])
            new_keys[slot] = keys[old]
            new_counts[slot] = counts[old]
    return new_keys, new_counts


@njit(cache=True, nogil=True)
def _window_after(p, rows, window_us, window, reach):  # type: ignore[no-untyped-def]
    """Move the window to the one after firing `p`; returns its ends and how many items are in it.

    Unsigned places spare the compiler the question whether an index counts from the end: twice as fast.
    """
    scope, item, time_us = rows
    present, place, n_of = window
    low, high, n_present = reach
    here, t, size = scope[p], time_us[p], np.uint64(item.size)
    until = t + window_us
    while high < size and (scope[high] < here or (scope[high] == here and time_us[high] <= until)):
        i = np.uint64(item[high])
        if n_of[i] == 0:
            present[n_present] = np.uint32(i)
            place[i] = np.uint32(n_present)
            n_present += np.uint64(1)
        n_of[i] += np.uint32(1)
        high += np.uint64(1)
    while low < high and (scope[low] < here or time_us[low] <= t):
        i = np.uint64(item[low])
        n_of[i] -= np.uint32(1)
        if n_of[i] == 0:  # the last item of the list takes the place of the one that goes
            n_present -= np.uint64(1)
            moved = present[n_present]
            present[place[i]] = moved
            place[moved] = place[i]
        low += np.uint64(1)
    return low, high, n_present


@njit(cache=True, nogil=True)
def _sweep_direct(rows, n_items, window_us, begin, end):  # type: ignore[no-untyped-def]
    """Count the followers of the firings from `begin` to `end` in a table with a place for every pair."""
    counts = np.zeros(n_items * n_items, dtype=np.uint32)
    window = (np.empty(n_items, np.uint32), np.empty(n_items, np.uint32), np.zeros(n_items, np.uint32))
    present = window[0]
    reach = (np.uint64(begin), np.uint64(begin), np.uint64(0))
    for p in range(np.uint64(begin), np.uint64(end)):
        reach = _window_after(p, rows, window_us, window, reach)
        row = np.uint64(rows[1][p]) * np.uint64(n_items)
        for k in range(np.uint64(0), reach[2]):
            counts[row + np.uint64(present[k])] += np.uint32(1)
    for i in range(n_items):
        counts[i * n_items + i] = 0
    return counts


@njit(cache=True, nogil=True)
def _sweep_hashed(rows, n_items, window_us, begin, end, capacity):  # type: ignore[no-untyped-def]
    """Do as :func:`_sweep_direct` does, in a table of the pairs that are seen."""
    keys, counts = np.full(capacity, _EMPTY, dtype=np.int64), np.zeros(capacity, dtype=np.int64)
    window = (np.empty(n_items, np.uint32), np.empty(n_items, np.uint32), np.zeros(n_items, np.uint32))
    present, n_used = window[0], 0
    reach = (np.uint64(begin), np.uint64(begin), np.uint64(0))
    for p in range(np.uint64(begin), np.uint64(end)):
        reach = _window_after(p, rows, window_us, window, reach)
        # Room is made before the walk: growing inside it costs eight times the walk itself.
        while 2 * (n_used + np.int64(reach[2])) > keys.size:
            keys, counts = _grow(keys, counts)
        here, row = np.int64(rows[1][p]), np.int64(rows[1][p]) * n_items
        for k in range(np.uint64(0), reach[2]):
            other = np.int64(present[k])
            if other != here:
                slot = _slot(keys, row + other)
                n_used += keys[slot] == _EMPTY
                keys[slot] = row + other
                counts[slot] += 1
    return keys, counts
