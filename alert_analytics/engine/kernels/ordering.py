"""Sorting by counting: firings by scope and time, places by code."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def by_scope_and_time(
    scope: NDArray[np.int32], item: NDArray[np.int32], time_us: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Sort firings by scope and time; those of one scope and time stay in the order in which they came.

    Parameters
    ----------
    scope, item : ndarray of int32, shape (n,)
        Codes from 0.
    time_us : ndarray of int64, shape (n,)
        Microseconds.

    Returns
    -------
    scope, item, time_us : ndarray
        The same firings in order; the arrays that were given where they were in order.

    Notes
    -----
    Counting puts scopes in their places in one pass; only scopes whose times then are not in order are sorted by them.

    Examples
    --------
    >>> import numpy as np
    >>> codes = np.array([1, 0, 1], dtype=np.int32)
    >>> [column.tolist() for column in by_scope_and_time(codes, np.arange(3, dtype=np.int32), np.array([5, 9, 2]))]
    [[0, 1, 1], [1, 2, 0], [9, 2, 5]]
    """
    if _is_ordered(scope, time_us):
        return scope, item, time_us
    first = _first_places(scope)
    sorted_scope, sorted_item, sorted_time = _placed(scope, item, time_us, first)
    for s in _unordered(sorted_time, first):
        here = slice(first[s], first[s + 1])
        order = np.argsort(sorted_time[here], kind="stable")
        sorted_item[here], sorted_time[here] = sorted_item[here][order], sorted_time[here][order]
    return sorted_scope, sorted_item, sorted_time


@njit(cache=True, nogil=True)
def _is_ordered(scope, time_us):  # type: ignore[no-untyped-def]
    for p in range(1, scope.size):
        if scope[p] < scope[p - 1] or (scope[p] == scope[p - 1] and time_us[p] < time_us[p - 1]):
            return False
    return True


@njit(cache=True, nogil=True)
def _first_places(scope):  # type: ignore[no-untyped-def]
    first = np.zeros(scope.max() + 2, dtype=np.int64)
    for s in scope:
        first[s + 1] += 1
    for s in range(first.size - 1):
        first[s + 1] += first[s]
    return first


@njit(cache=True, nogil=True)
def _placed(scope, item, time_us, first):  # type: ignore[no-untyped-def]
    place = first.copy()
    sorted_scope, sorted_item, sorted_time = np.empty_like(scope), np.empty_like(item), np.empty_like(time_us)
    for p in range(scope.size):
        q = place[scope[p]]
        sorted_scope[q], sorted_item[q], sorted_time[q] = scope[p], item[p], time_us[p]
        place[scope[p]] = q + 1
    return sorted_scope, sorted_item, sorted_time


@njit(cache=True, nogil=True)
def _unordered(time_us, first):  # type: ignore[no-untyped-def]
    """The scopes in which some time is earlier than the one before."""
    found = np.zeros(first.size - 1, dtype=np.bool_)
    for s in range(first.size - 1):
        for p in range(first[s] + 1, first[s + 1]):
            if time_us[p] < time_us[p - 1]:
                found[s] = True
                break
    return np.flatnonzero(found)


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
    found: tuple[NDArray[np.int64], NDArray[np.int64]] = grouped(code, n_codes)
    return found


@njit(cache=True, nogil=True)
def grouped(code, n_codes):  # type: ignore[no-untyped-def]
    """Do as :func:`in_groups` does, for other kernels."""
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
