"""Flapping as Nagios reckons it, from the firings and ends of each condition; and when a condition fires again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

N_CHANGES = 20
"""Places between the last 21 states, at each of which the state may have changed."""

WEIGHTS = 0.75 + 0.5 * np.arange(N_CHANGES) / (N_CHANGES - 1)
"""What a change counts for, the oldest place first; they add up to 20."""

_MASK = (1 << N_CHANGES) - 1
_OPEN = int(np.iinfo(np.int64).max)
_FIRE, _AGAIN, _END, _CLOSE = range(4)


@dataclass(frozen=True, eq=False)
class Flapping:
    """What the checks say of each alert, in the order given.

    Attributes
    ----------
    percent : numpy.ndarray of float64, shape (n,)
        The weighted percentage of state changes at the check that saw the alert fire, 0 to 100.
    flaps : numpy.ndarray of bool, shape (n,)
        Whether its condition was flapping at that check, that check included.
    flapping_us : numpy.ndarray of int64, shape (n,)
        For how long its condition flapped between this firing and the next, in microseconds.
    """

    percent: npt.NDArray[np.float64]
    flaps: npt.NDArray[np.bool_]
    flapping_us: npt.NDArray[np.int64]


def flapping(
    condition: npt.NDArray[np.int64],
    fired_us: npt.NDArray[np.int64],
    end_us: npt.NDArray[np.int64],
    is_over: npt.NDArray[np.bool_],
    *,
    until_us: int,
    check_us: int,
    high: float,
    low: float,
) -> Flapping:
    """Say of each alert whether its condition was flapping when it fired, and for how long it then did.

    Parameters
    ----------
    condition, fired_us : numpy.ndarray of int64, shape (n,)
        What fired and when (microseconds), sorted by both.
    end_us : numpy.ndarray of int64, shape (n,)
        When it ended, at least `fired_us`; of no meaning where it is not over.
    is_over : numpy.ndarray of bool, shape (n,)
        Whether it had ended by `until_us`.
    until_us : int
        When checking ends, not before any firing or end.
    check_us : int
        Length of a check interval.
    high, low : float
        Percentages at or above which flapping starts, and at or below which it stops.

    Returns
    -------
    Flapping
        A value per alert.

    Notes
    -----
    A firing and an end are each a check that finds the state changed. While a state lasts, checks find it unchanged
    every `check_us` after that: a state held for d is worth ceil(d / check_us) checks and never less than one. Before
    its first firing a condition was well. Alerts of one condition that overlap are one state. With the last 21 states,
    the oldest first, a change at the k-th of the 20 places between them weighs ``.75 + .5 (k - 1) / 19``; the weights
    of the places with a change, over 20, are the percentage. Nagios' own arithmetic, written out check by check, is
    the oracle (``tests/oracle/test_flapping.py``).

    References
    ----------
    Nagios Core, ``base/flapping.c`` and "Detection and Handling of State Flapping" in its manual.

    Examples
    --------
    >>> import numpy as np
    >>> fired = np.arange(8) * 60_000_000
    >>> found = flapping(np.zeros(8, dtype=np.int64), fired, fired + 30_000_000, np.ones(8, dtype=bool),
    ...                  until_us=3_600_000_000, check_us=300_000_000, high=30.0, low=20.0)
    >>> found.flaps.tolist()
    [False, False, False, True, True, True, True, True]
    """
    at_us, kind, alert = _events(condition, fired_us, end_us, is_over, until_us)
    return Flapping(*_walked(at_us, kind, alert, condition.size, check_us, high, low, WEIGHTS))


def refire_gaps(
    condition: npt.NDArray[np.int64],
    fired_us: npt.NDArray[np.int64],
    end_us: npt.NDArray[np.int64],
    is_over: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int64]:
    """Give how long after its end each alert's condition fired next.

    Parameters
    ----------
    condition, fired_us, end_us, is_over
        As in :func:`flapping`.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Microseconds from the end to the first later alert of the condition that fired at the end or after it; -1 where
        there is none, and where the alert is not over.
    """
    gaps: npt.NDArray[np.int64] = _refire_gaps(condition, fired_us, end_us, is_over)
    return gaps


@njit(cache=True)
def _percent(changes, weight):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(N_CHANGES):
        if changes >> (N_CHANGES - 1 - k) & 1:
            total += weight[k]
    return total * 100.0 / N_CHANGES


@njit(cache=True)
def _unchanged(changes, is_flapping, last_us, to_us, check_us, low, weight):  # type: ignore[no-untyped-def]
    """Take in the checks between two changes: the places move on, and flapping may stop at one of them."""
    n_checks = max((to_us - last_us - 1) // check_us, 0)
    stop_us = -1
    for j in range(1, min(n_checks, N_CHANGES) + 1):
        changes = (changes << 1) & _MASK
        if is_flapping and stop_us < 0 and _percent(changes, weight) <= low:
            stop_us = last_us + j * check_us
    return changes, stop_us


@njit(cache=True)
def _events(condition, fired_us, end_us, is_over, until_us):  # type: ignore[no-untyped-def]
    """List what happens to each condition in order: changes, firings that find it firing, and the end of checking."""
    n = condition.size
    at_us, kind, alert = np.empty(3 * n, np.int64), np.empty(3 * n, np.int8), np.empty(3 * n, np.int64)
    m, run_end = 0, 0
    for p in range(n):
        is_first = p == 0 or condition[p] != condition[p - 1]
        own_end = end_us[p] if is_over[p] else _OPEN
        if not is_first and fired_us[p] < run_end:
            at_us[m], kind[m], alert[m] = fired_us[p], _AGAIN, p
            run_end = max(run_end, own_end)
        else:
            if not is_first:
                at_us[m], kind[m], alert[m] = run_end, _END, p
                m += 1
            at_us[m], kind[m], alert[m] = fired_us[p], _FIRE, p
            run_end = own_end
        m += 1
        if p + 1 == n or condition[p] != condition[p + 1]:
            if run_end < _OPEN:
                at_us[m], kind[m], alert[m] = run_end, _END, p
                m += 1
            at_us[m], kind[m], alert[m] = until_us, _CLOSE, p
            m += 1
    return at_us[:m], kind[:m], alert[:m]


@njit(cache=True)
def _walked(at_us, kind, alert, n, check_us, high, low, weight):  # type: ignore[no-untyped-def]
    percent, flaps = np.zeros(n), np.zeros(n, dtype=np.bool_)
    flapping_us = np.zeros(n, dtype=np.int64)
    changes, is_flapping, is_new = 0, False, True
    last_us, since_us, owner = np.int64(0), np.int64(0), 0
    for e in range(kind.size):
        now_us, p = at_us[e], alert[e]
        if is_new:
            last_us, is_new = now_us, False
        until = now_us + 1 if kind[e] == _AGAIN else now_us  # a check at that very moment counts for what it finds
        moved, stop_us = _unchanged(changes, is_flapping, last_us, until, check_us, low, weight)
        if kind[e] == _AGAIN:
            percent[p], flaps[p] = _percent(moved, weight), is_flapping and stop_us < 0
            continue
        if is_flapping:  # accounted for up to here
            flapping_us[owner] += (stop_us if stop_us >= 0 else now_us) - since_us
            is_flapping, since_us = stop_us < 0, now_us
        if kind[e] == _CLOSE:
            changes, is_flapping, is_new = 0, False, True
            continue
        changes, last_us = (moved << 1 | 1) & _MASK, now_us
        found = _percent(changes, weight)
        if is_flapping:
            is_flapping = found > low
        elif found >= high and found > low:  # low first, where both are one
            is_flapping, since_us = True, now_us
        if kind[e] == _FIRE:
            owner = p
            percent[p], flaps[p] = found, is_flapping
    return percent, flaps, flapping_us


@njit(cache=True)
def _refire_gaps(condition, fired_us, end_us, is_over):  # type: ignore[no-untyped-def]
    n = condition.size
    gaps = np.full(n, -1, dtype=np.int64)
    stop = n
    for p in range(n - 1, -1, -1):
        if p + 1 < n and condition[p] != condition[p + 1]:
            stop = p + 1
        if not is_over[p]:
            continue
        low, high = p + 1, stop
        while low < high:
            middle = (low + high) // 2
            if fired_us[middle] < end_us[p]:
                low = middle + 1
            else:
                high = middle
        if low < stop:
            gaps[p] = fired_us[low] - end_us[p]
    return gaps
