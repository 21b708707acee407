"""How often one item follows another within a window: one backward sweep, sparse in the pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Up to this many pairs the table has a place for each (64 MB), which is several times as fast as hashing.
_DIRECT_PAIRS = 4_000_000
_FIRST_CAPACITY = 1 << 12
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
    Backwards in time, a doubly linked list holds the items of the scope, the next to fire first. A firing walks the
    list while the next firing lies within the window, so its cost is the number of distinct items there, however
    often they repeat. Firings at the same time do not follow each other: all of them look before any enters the
    list. Tested against a naive double loop (``tests/oracle/test_pairs.py``).

    Examples
    --------
    >>> import numpy as np
    >>> scope, item = np.zeros(4, dtype=np.int32), np.array([0, 0, 1, 1], dtype=np.int32)
    >>> pair_counts(scope, item, np.array([0, 5, 7, 9]), n_items=2, window_us=10)
    PairCounts(leader=array([0], dtype=int32), follower=array([1], dtype=int32), n_together=array([2]))
    """
    direct = n_items * n_items <= _DIRECT_PAIRS
    capacity = n_items * n_items if direct else _FIRST_CAPACITY
    keys, counts = _sweep(scope, item, time_us, n_items, window_us, direct, capacity)
    seen = np.flatnonzero(keys != _EMPTY)
    seen = seen[np.argsort(keys[seen])]
    leader, follower = np.divmod(keys[seen], max(n_items, 1))
    return PairCounts(leader.astype(np.int32), follower.astype(np.int32), counts[seen])


@njit(cache=True)
def _slot(keys, key):  # type: ignore[no-untyped-def]
    """Find where `key` is in the open-addressing table, or where it belongs."""
    # The mask keeps the product below 2**63: uncompiled numpy integers would warn of an overflow.
    mixed = ((key ^ (key >> 31)) & 0x7FFFFFFF) * 0x9E3779B1
    mask = keys.size - 1
    slot = (mixed >> 20) & mask
    while keys[slot] != _EMPTY and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@njit(cache=True)
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


@njit(cache=True)
def _move_to_front(i, before, after):  # type: ignore[no-untyped-def]
    """Put item `i` first in the list; the last place of both arrays is the list's head and end."""
    head = after.size - 1
    if after[i] != _EMPTY:
        after[before[i]] = after[i]
        before[after[i]] = before[i]
    after[i] = after[head]
    before[i] = head
    before[after[i]] = i
    after[head] = i


@njit(cache=True)
def _clear(before, after):  # type: ignore[no-untyped-def]
    head = after.size - 1
    i = after[head]
    while i != head:
        following = after[i]
        after[i] = _EMPTY
        i = following
    after[head] = head
    before[head] = head


@njit(cache=True)
def _count_followers(i, limit, ahead, table, direct):  # type: ignore[no-untyped-def]
    """Count the items that fire up to `limit` as followers of `i`; returns how many pairs are new."""
    after, next_time = ahead
    keys, counts = table
    head = after.size - 1
    row = np.int64(i) * head
    n_new = 0
    j = after[head]
    while j != head and next_time[j] <= limit:
        if j != i:
            slot = row + j if direct else _slot(keys, row + j)
            n_new += keys[slot] == _EMPTY
            keys[slot] = row + j
            counts[slot] += 1
        j = after[j]
    return n_new


@njit(cache=True)
def _sweep(scope, item, time_us, n_items, window_us, direct, capacity):  # type: ignore[no-untyped-def]
    before = np.full(n_items + 1, _EMPTY, dtype=np.int64)
    after = np.full(n_items + 1, _EMPTY, dtype=np.int64)
    before[n_items] = after[n_items] = n_items
    next_time = np.zeros(n_items, dtype=np.int64)
    keys = np.full(capacity, _EMPTY, dtype=np.int64)
    counts = np.zeros(capacity, dtype=np.int64)
    n_used, n_linked = 0, 0
    last = item.size - 1
    while last >= 0:
        t = time_us[last]
        first = last
        while first > 0 and scope[first - 1] == scope[last] and time_us[first - 1] == t:
            first -= 1
        for p in range(first, last + 1):
            # Room is made before the walk: growing inside it costs eight times the walk itself.
            while not direct and 2 * (n_used + n_linked) > keys.size:
                keys, counts = _grow(keys, counts)
            n_used += _count_followers(item[p], t + window_us, (after, next_time), (keys, counts), direct)
        for p in range(first, last + 1):
            n_linked += after[item[p]] == _EMPTY
            next_time[item[p]] = t
            _move_to_front(item[p], before, after)
        if first > 0 and scope[first - 1] != scope[first]:
            _clear(before, after)
            n_linked = 0
        last = first - 1
    return keys, counts
