"""Rules walked again over what happened: samples that fire an alert, alerts that join one already told."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]

NOBODY = -1
"""Stands for "joins no alert" among positions."""


def joined_alerts(stream: Ints, time_us: Ints, *, n_streams: int, window_us: int) -> Ints:
    """For each alert, the alert of its stream in whose deduplication window it falls.

    An alert that is told opens a window; what fires in the same stream up to `window_us` later joins it and opens no
    window of its own. So at most one alert a window is told, however long a rule keeps firing.

    Parameters
    ----------
    stream : ndarray of int64, shape (n,)
        Codes from 0, below `n_streams`.
    time_us : ndarray of int64, shape (n,)
        When, in microseconds; within a stream never earlier than the one before.
    n_streams : int
        Number of stream codes.
    window_us : int
        Length of the window in microseconds, inclusive; 0 joins nothing.

    Returns
    -------
    ndarray of int64, shape (n,)
        Position of the alert it joins; :data:`NOBODY` for one that is told. Of alerts at the same time the first in
        the array is told.

    Notes
    -----
    Tested against a naive state machine (``tests/oracle/test_replay.py``).

    Examples
    --------
    >>> import numpy as np
    >>> joined_alerts(np.zeros(4, dtype=np.int64), np.array([0, 4, 6, 9]), n_streams=1, window_us=5).tolist()
    [-1, 0, -1, 2]
    """
    joined: Ints = _join(stream, time_us, n_streams, window_us)
    return joined


@njit(cache=True)
def _join(stream, time_us, n_streams, window_us):  # type: ignore[no-untyped-def]
    told = np.full(n_streams, NOBODY, dtype=np.int64)
    joined = np.full(stream.size, NOBODY, dtype=np.int64)
    if window_us <= 0:
        return joined
    for p in range(stream.size):
        q = told[stream[p]]
        if q >= 0 and time_us[p] - time_us[q] <= window_us:
            joined[p] = q
        else:
            told[stream[p]] = p
    return joined


def leading_alerts(scope: Ints, item: Ints, time_us: Ints, *, leader_of: Ints, window_us: int) -> Ints:
    """For each alert of a follower, the latest alert of its leader in the window before it.

    Parameters
    ----------
    scope, item, time_us : ndarray of int64, shape (n,)
        Where, what and when; sorted by (scope, time). An alert follows leaders of its own scope only.
    leader_of : ndarray of int64, shape (n_items,)
        By item code the code of its leader; :data:`NOBODY` where it has none.
    window_us : int
        In microseconds; a leader's alert at t leads those in ``(t, t + window_us]``.

    Returns
    -------
    ndarray of int64, shape (n,)
        Position of the leader's alert; :data:`NOBODY` where there is none.

    Notes
    -----
    One pass: the last firing of each item before the present instant. Tested against a naive double loop
    (``tests/oracle/test_replay.py``).

    Examples
    --------
    >>> import numpy as np
    >>> scope, item = np.zeros(3, dtype=np.int64), np.array([0, 1, 1])
    >>> leading_alerts(scope, item, np.array([0, 0, 5]), leader_of=np.array([-1, 0]), window_us=5).tolist()
    [-1, -1, 0]
    """
    led: Ints = _lead(scope, item, time_us, leader_of, window_us)
    return led


@njit(cache=True)
def _lead(scope, item, time_us, leader_of, window_us):  # type: ignore[no-untyped-def]
    n = item.size
    last = np.full(leader_of.size, NOBODY, dtype=np.int64)
    led = np.full(n, NOBODY, dtype=np.int64)
    first = 0
    while first < n:
        end = first
        # Alerts at the same time do not follow each other: all of them look before any is remembered.
        while end < n and scope[end] == scope[first] and time_us[end] == time_us[first]:
            leader = leader_of[item[end]]
            q = last[leader] if leader >= 0 else NOBODY
            if q >= 0 and scope[q] == scope[end] and time_us[end] - time_us[q] <= window_us:
                led[end] = q
            end += 1
        for p in range(first, end):
            last[item[p]] = p
        first = end
    return led


def fired_spans(
    entity: Ints, time_us: Ints, fires: NDArray[np.int8], clears: NDArray[np.int8], *, hold_us: int
) -> tuple[Ints, Ints]:
    """Walk one rule over the samples of each entity: where alerts fire, and where they are over.

    Parameters
    ----------
    entity, time_us : ndarray of int64, shape (n,)
        Whose sample and when; sorted by (entity, time).
    fires, clears : ndarray of int8, shape (n,)
        Whether the firing and the clearing condition hold: 1 yes, 0 no, -1 unknown.
    hold_us : int
        For how long the firing condition has to hold before an alert fires; 0 fires at once.

    Returns
    -------
    fired, cleared : ndarray of int64, shape (n_alerts,)
        Positions of the samples; `cleared` is :data:`NOBODY` for an alert that is still firing at the entity's end.

    Notes
    -----
    Three states. *Quiet*: a sample at which the condition holds makes it *pending* since then. *Pending*: at a sample
    that is `hold_us` or more after that it *fires*, if the condition held at every sample in between; one at which it
    does not hold, or is not known to, makes it quiet. *Firing*: the first sample at which the clearing condition is
    known to hold ends it, and is looked at anew as a quiet one would be (it can only be pending again where both
    conditions hold at once). Tested against a naive state machine (``tests/oracle/test_replay.py``).

    Examples
    --------
    >>> import numpy as np
    >>> fires = np.array([1, 1, 1, 0], dtype=np.int8)
    >>> entity, time = np.zeros(4, dtype=np.int64), np.arange(4)
    >>> [found.tolist() for found in fired_spans(entity, time, fires, 1 - fires, hold_us=2)]
    [[2], [3]]
    """
    found: tuple[Ints, Ints] = _spans(entity, time_us, fires, clears, hold_us)
    return found


@njit(cache=True)
def _spans(entity, time_us, fires, clears, hold_us):  # type: ignore[no-untyped-def]
    n = entity.size
    fired = np.empty(n, dtype=np.int64)
    cleared = np.empty(n, dtype=np.int64)
    n_alerts = 0
    is_firing = False
    since = NOBODY
    for p in range(n):
        if p > 0 and entity[p] != entity[p - 1]:
            is_firing = False
            since = NOBODY
        if is_firing:
            if clears[p] != 1:
                continue
            cleared[n_alerts - 1] = p
            is_firing = False
            since = NOBODY
        if fires[p] != 1:
            since = NOBODY
            continue
        if since < 0:
            since = p
        if time_us[p] - time_us[since] >= hold_us:
            fired[n_alerts] = p
            cleared[n_alerts] = NOBODY
            n_alerts += 1
            is_firing = True
    return fired[:n_alerts], cleared[:n_alerts]
