"""Which windows belong to which part of a split by time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from alert_analytics.errors import WindowsError

Times = npt.NDArray[np.datetime64] | npt.NDArray[np.int64]


def parts_by_time(
    window_end: Times, width: np.timedelta64 | int, shares: Sequence[float]
) -> list[npt.NDArray[np.bool_]]:
    """Find the windows of consecutive spans, with a gap of one window length between them.

    Parameters
    ----------
    window_end : numpy.ndarray of datetime64 or int64, shape (n,)
        When each window ends, in any order.
    width : numpy.timedelta64 or int
        The length of a window.
    shares : sequence of float
        Of the windows, in order of time.

    Returns
    -------
    list of numpy.ndarray of bool, shape (n,)
        For each share which windows are in its part; a window that lies in a gap is in none.

    Raises
    ------
    WindowsError
        Shares that are not positive or are more than 1 together.
    """
    if not shares or any(not share > 0 for share in shares) or sum(shares) > 1 + 1e-9:
        raise WindowsError(
            f"split_by_time{tuple(shares)}: expected positive shares, at most 1 together.",
            hint="split_by_time(.6, .2, .2)",
        )
    if not len(window_end):
        return [np.zeros(0, dtype=bool) for _ in shares]
    ends = np.sort(window_end)
    parts: list[npt.NDArray[np.bool_]] = []
    last = None
    for reached in np.cumsum(shares):
        up_to = ends[max(0, round(float(reached) * len(ends)) - 1)]
        inside = window_end <= up_to
        if last is not None:
            inside &= window_end - width >= last + width
        parts.append(inside)
        last = up_to
    return parts
