"""Bursts: runs of one item's firings in one scope with no gap longer than the window."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def burst_starts(
    scope: NDArray[np.int32],
    item: NDArray[np.int32],
    time_us: NDArray[np.int64],
    *,
    n_items: int,
    window_us: int,
) -> NDArray[np.bool_]:
    """Mark the firings that start a burst.

    A firing joins the burst of its item's previous firing in the same scope when it comes at most `window_us`
    later, however long the burst lasts already. So the starts of one item in one scope are *more* than `window_us`
    apart, and a half-open interval of that length holds at most one of them.

    Parameters
    ----------
    scope, item : ndarray of int32, shape (n,)
        Where and what; codes from 0, items below `n_items`.
    time_us : ndarray of int64, shape (n,)
        When, in microseconds. All three sorted by (scope, time).
    n_items : int
        Number of distinct item codes.
    window_us : int
        Longest gap inside a burst, in microseconds, inclusive.

    Returns
    -------
    ndarray of bool, shape (n,)
        True at the first firing of each burst. Of firings at the same time the first in the array is the start.

    Notes
    -----
    Tested against a quadratic double loop (``tests/oracle/test_pairs.py``).

    Examples
    --------
    >>> import numpy as np
    >>> codes = np.zeros(4, dtype=np.int32)
    >>> burst_starts(codes, codes, np.array([0, 10, 20, 31]), n_items=1, window_us=10).tolist()
    [True, False, False, True]
    """
    marks: NDArray[np.bool_] = _mark_starts(scope, item, time_us, n_items, window_us)
    return marks


@njit(cache=True, nogil=True)
def _mark_starts(scope, item, time_us, n_items, window_us):  # type: ignore[no-untyped-def]
    last_scope = np.full(n_items, -1, dtype=np.int64)
    last_time = np.zeros(n_items, dtype=np.int64)
    starts = np.empty(item.size, dtype=np.bool_)
    for p in range(item.size):
        i = item[p]
        starts[p] = last_scope[i] != scope[p] or time_us[p] - last_time[i] > window_us
        last_scope[i] = scope[p]
        last_time[i] = time_us[p]
    return starts
