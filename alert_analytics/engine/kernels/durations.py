"""Alerts by group and duration: counted into their groups, then sorted by the digits of their durations."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alert_analytics.engine.kernels.threads import each

_FEW = 200  # up to here inserting is faster than counting digits
_BITS = 12  # as many as give a table of counts that stays in the cache
_US = 1e6

Sorted = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]


def by_group_and_duration(
    group: NDArray[np.int32],
    n_groups: int,
    duration_us: NDArray[np.int64],
    resolved: NDArray[np.bool_],
    cluster: NDArray[np.int64],
) -> Sorted:
    """Sort alerts by group and duration, in no order where both are equal.

    Parameters
    ----------
    group : ndarray of int32, shape (n,)
        Codes from 0.
    n_groups : int
        How many there are.
    duration_us : ndarray of int64, shape (n,)
        Microseconds, not negative.
    resolved : ndarray of bool, shape (n,)
        Whether the duration ended.
    cluster : ndarray of int64, shape (n,)
        Codes from 0, below 2**62.

    Returns
    -------
    first : ndarray of int64, shape (n_groups + 1,)
        Where each group begins, and the end.
    duration_s : ndarray of float64, shape (n,)
        Seconds.
    resolved, cluster : ndarray, shape (n,)
        In the same order.

    Examples
    --------
    >>> import numpy as np
    >>> group, ended = np.array([1, 0, 1], dtype=np.int32), np.array([True, True, False])
    >>> [one.tolist() for one in by_group_and_duration(group, 2, np.array([5, 7, 3]) * 10**6, ended, np.arange(3))]
    [[0, 1, 3], [7.0, 3.0, 5.0], [True, False, True], [1, 2, 0]]
    """
    first, duration, told = _gathered(group, n_groups, duration_us, resolved, cluster)
    seconds, ended = np.empty(group.size), np.empty(group.size, dtype=np.bool_)
    spare = (np.empty_like(duration), np.empty_like(told))

    def settle(g: int) -> None:
        _settled(duration, told, *spare, seconds, ended, first[g], first[g + 1])

    each(settle, range(n_groups), group.size)
    return first, seconds, ended, told


@njit(cache=True, nogil=True)
def _gathered(group, n_groups, duration_us, resolved, cluster):  # type: ignore[no-untyped-def]
    """Put the alerts of a group together; cluster and flag are one number."""
    first = np.zeros(n_groups + 1, dtype=np.int64)
    for g in group:
        first[g + 1] += 1
    for g in range(n_groups):
        first[g + 1] += first[g]
    place = first[:-1].copy()
    duration, told = np.empty(group.size, dtype=np.int64), np.empty(group.size, dtype=np.int64)
    for i in range(group.size):
        q = place[group[i]]
        place[group[i]] = q + 1
        duration[q] = duration_us[i]
        told[q] = cluster[i] * 2 + (1 if resolved[i] else 0)
    return first, duration, told


@njit(cache=True, nogil=True)
def _settled(duration, told, spare_duration, spare_told, seconds, ended, begin, end):  # type: ignore[no-untyped-def]
    """Sort one group, and take cluster and flag apart."""
    unit = 1
    if end - begin <= _FEW:
        _insert(duration, told, begin, end)
    else:
        unit = _coarsest_unit(duration, begin, end)
        for i in range(begin, end):
            duration[i] //= unit
        _by_digits(duration, told, spare_duration, spare_told, begin, end)
    for i in range(begin, end):
        seconds[i] = duration[i] * unit / _US
        ended[i] = told[i] & 1 == 1
        told[i] = told[i] >> 1


@njit(cache=True, nogil=True)
def _insert(duration, told, begin, end):  # type: ignore[no-untyped-def]
    for i in range(begin + 1, end):
        d, t = duration[i], told[i]
        k = i
        while k > begin and duration[k - 1] > d:
            duration[k], told[k] = duration[k - 1], told[k - 1]
            k -= 1
        duration[k], told[k] = d, t


@njit(cache=True, nogil=True)
def _coarsest_unit(duration, begin, end):  # type: ignore[no-untyped-def]
    """Find out whether they are whole seconds or milliseconds, as most are: then they have fewer digits."""
    unit = 1_000_000
    for i in range(begin, end):
        while duration[i] % unit != 0:
            unit //= 1000
        if unit == 1:
            break
    return unit


@njit(cache=True, nogil=True)
def _by_digits(duration, told, spare_duration, spare_told, begin, end):  # type: ignore[no-untyped-def]
    """Sort by the last digit first; a digit that all have in common is passed over."""
    longest = 0
    for i in range(begin, end):
        longest = max(longest, duration[i])
    n_digits, rest = 0, longest
    while rest > 0:
        n_digits += 1
        rest >>= _BITS
    mask = (1 << _BITS) - 1
    counts = np.zeros((n_digits, mask + 1), dtype=np.int64)
    for i in range(begin, end):
        d = duration[i]
        for k in range(n_digits):
            counts[k, (d >> (k * _BITS)) & mask] += 1
    from_duration, from_told, to_duration, to_told = duration, told, spare_duration, spare_told
    n_moves = 0
    for k in range(n_digits):
        if counts[k].max() == end - begin:
            continue
        place = counts[k]
        total = begin
        for b in range(mask + 1):
            total, place[b] = total + place[b], total
        for i in range(begin, end):
            d = from_duration[i]
            b = (d >> (k * _BITS)) & mask
            q = place[b]
            place[b] = q + 1
            to_duration[q] = d
            to_told[q] = from_told[i]
        from_duration, from_told, to_duration, to_told = to_duration, to_told, from_duration, from_told
        n_moves += 1
    if n_moves % 2 == 1:
        duration[begin:end] = spare_duration[begin:end]
        told[begin:end] = spare_told[begin:end]
