"""From hashes that a database gives to codes: a table of the few that there are, asked once a row."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alert_analytics.engine.kernels.threads import in_parts
from alert_analytics.errors import HistoryError

_ENOUGH = 500_000  # rows a thread should have


def places_of(hashes: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Find each hash among those that are known.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (n,)
        All of them known, unless somebody wrote meanwhile.
    known : ndarray of uint64, shape (k,)
        Each once.

    Returns
    -------
    ndarray of int32, shape (n,)
        Where in `known`.

    Raises
    ------
    HistoryError
        One of them is not known: a row came between the two queries.

    Examples
    --------
    >>> import numpy as np
    >>> places_of(np.array([7, 3, 7], dtype=np.uint64), np.array([3, 7], dtype=np.uint64))
    array([1, 0, 1], dtype=int32)
    """
    slots = np.full(1 << max(4, (2 * known.size).bit_length()), -1, dtype=np.int32)
    wanted, listed = hashes.view(np.int64), known.view(np.int64)  # a sign does no harm, and numba mixes no kinds
    _fill(slots, listed)
    place = np.empty(hashes.size, dtype=np.int32)
    in_parts(lambda begin, end: _find(slots, listed, wanted, place, begin, end), hashes.size, at_least=_ENOUGH)
    if place.min(initial=0) < 0:
        raise HistoryError(
            "The history changed while it was asked.", hint="ask again when whatever writes to it is done."
        )
    return place


@njit(cache=True, nogil=True)
def _fill(slots, known):  # type: ignore[no-untyped-def]
    mask = slots.size - 1
    for k in range(known.size):
        slot = (known[k] ^ (known[k] >> 32)) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = k


@njit(cache=True, nogil=True)
def _find(slots, known, wanted, place, begin, end):  # type: ignore[no-untyped-def]
    mask = slots.size - 1
    for i in range(begin, end):
        slot = (wanted[i] ^ (wanted[i] >> 32)) & mask
        while slots[slot] >= 0 and known[slots[slot]] != wanted[i]:
            slot = (slot + 1) & mask
        place[i] = slots[slot]


NO_DAY = -(2**31)
"""Stands for no day: what alerts share is then the same on all days."""


def numbered_by_day(code: NDArray[np.int64], day: NDArray[np.int32]) -> NDArray[np.int64]:
    """Give what alerts share another code on each day.

    Parameters
    ----------
    code : ndarray of int64, shape (n,)
        What they share; those without a day share nothing with those that have one.
    day : ndarray of int32, shape (n,)
        Numbers of days; :data:`NO_DAY` for none.

    Returns
    -------
    ndarray of int64, shape (n,)
        Equal where both are.

    Examples
    --------
    >>> import numpy as np
    >>> numbered_by_day(np.array([0, 0, 0, 1]), np.array([5, 6, 5, NO_DAY], dtype=np.int32))
    array([0, 1, 0, 2])
    """
    found: NDArray[np.int64] = _numbered_by_day(code, day)
    return found


@njit(cache=True, nogil=True)
def _numbered_by_day(code, day):  # type: ignore[no-untyped-def]
    first, last = np.int64(2**31), np.int64(-(2**31))
    for d in day:
        if d != NO_DAY:
            first, last = min(first, np.int64(d)), max(last, np.int64(d))
    n_days = max(last - first + 1, 1)
    found = np.empty(code.size, dtype=np.int64)
    for i in range(code.size):
        found[i] = code[i] * n_days + (0 if day[i] == NO_DAY else day[i] - first)
    return found
