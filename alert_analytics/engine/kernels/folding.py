"""Fold the events of many timelines to alerts: one forward sweep that keeps the state of one timeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

NEVER = np.iinfo(np.int64).min
"""What stands for a time that is not there."""

CODES = {
    "fire": 0,
    "row_fire": 1,
    "reopen": 2,
    "change": 3,
    "acknowledge": 4,
    "row_acknowledge": 5,
    "unacknowledge": 6,
    "suppress": 7,
    "unsuppress": 8,
    "escalate": 9,
    "reassign": 10,
    "notify": 11,
    "resolve": 12,
    "row_resolve": 13,
}
"""The code of each kind of event, in the order in which events of one moment are taken. A row of a table is taken apart
into what it tells: that the alert began, was acknowledged, was resolved."""

_FIRE, _ROW_FIRE, _REOPEN, _ACKNOWLEDGE, _ROW_ACKNOWLEDGE = 0, 1, 2, 4, 5
_UNACKNOWLEDGE, _SUPPRESS, _UNSUPPRESS, _RESOLVE, _ROW_RESOLVE = 6, 7, 8, 12, 13


@dataclass(frozen=True)
class Folded:
    """Alerts, and to which of them each event belongs.

    Attributes
    ----------
    alert_of : ndarray of int64, shape (n_events,)
        Index of the event's alert; -1 where its alert's beginning is not known.
    fired, acknowledged, resolved : ndarray of int64, shape (n_alerts,)
        Microseconds; :data:`NEVER` where it has not happened.
    occurrences, reopens : ndarray of int64, shape (n_alerts,)
        How often it fired while open, from 1; how often it went on after a resolve.
    is_suppressed : ndarray of bool, shape (n_alerts,)
        Whether the suppression stands.
    """

    alert_of: NDArray[np.int64]
    fired: NDArray[np.int64]
    acknowledged: NDArray[np.int64]
    resolved: NDArray[np.int64]
    occurrences: NDArray[np.int64]
    reopens: NDArray[np.int64]
    is_suppressed: NDArray[np.bool_]


def fold(
    timeline: NDArray[np.int64],
    kind: NDArray[np.int8],
    happened_us: NDArray[np.int64],
    observed_us: NDArray[np.int64],
    claimed_us: NDArray[np.int64],
    ended_us: NDArray[np.int64] | None = None,
) -> Folded:
    """Fold events to alerts.

    Parameters
    ----------
    timeline : ndarray of int64, shape (n,)
        Whose events; all events of a timeline lie together, in the order in which they were observed.
    kind : ndarray of int8, shape (n,)
        One of :data:`CODES`.
    happened_us, observed_us : ndarray of int64, shape (n,)
        The event's own time (of a fire the claimed start, of a resolve the end) and when it was seen, in microseconds.
    claimed_us : ndarray of int64, shape (n,)
        The start of the alert that the event speaks of; :data:`NEVER` where the source does not say.
    ended_us : ndarray of int64, shape (n,), optional
        Of a timeline that is folded from its middle on, the latest end of the alerts before; :data:`NEVER` for one that
        is told from its beginning.

    Returns
    -------
    Folded
        Alerts in the order of timelines, and within one in the order in which they became known.

    Notes
    -----
    - A fire while the alert is open tells of the same alert: with a later start than any before it is a re-fire and
      counts as an occurrence, with an earlier one it may move the start back, though never before an earlier end, and
      never that of an alert that a row tells of.
    - A fire after a resolve begins a new alert. Where it claims a start before that resolve, the alert begins when the
      fire was observed: a condition cannot have held through its own end.
    - A resolve closes the open alert, unless it speaks of the start of one before. It says nothing new of a closed one;
      told of a start that is not known, it makes the finished alert.
    - A row of a table stands by itself: it meets the alert that begins with it, or one that events have open, and else
      is an alert of its own, whatever it overlaps. Its end and acknowledgement are those of the alert that it met.
    - An acknowledgement counts between beginning and end, a row's also after it; the earliest stays until it is taken
      back.

    The oracle is the slow twin in ``tests/oracle/test_folding.py``.

    Examples
    --------
    >>> import numpy as np
    >>> kinds = np.array([CODES["fire"], CODES["resolve"], CODES["fire"]], dtype=np.int8)
    >>> times = np.array([0, 5, 9])
    >>> found = fold(np.zeros(3, dtype=np.int64), kinds, times, times, np.full(3, NEVER))
    >>> found.alert_of, found.fired
    (array([0, 0, 1]), array([0, 9]))
    """
    n = timeline.size
    alert_of = np.full(n, -1, dtype=np.int64)
    # start, end, acknowledged, latest start claimed, latest end before it, occurrences, reopens, suppressed, by a row
    state = np.zeros((9, n), dtype=np.int64)
    ended = np.full(n, NEVER) if ended_us is None else ended_us
    n_alerts = _sweep(timeline, kind, happened_us, observed_us, claimed_us, ended, alert_of, state)
    start, end, acknowledged, _, _, occurrences, reopens, suppressed, _ = (row[:n_alerts].copy() for row in state)
    return Folded(alert_of, start, acknowledged, end, occurrences, reopens, suppressed.astype(np.bool_))


_START, _END, _ACKNOWLEDGED, _CLAIM, _BEFORE, _OCCURRENCES, _REOPENS, _SUPPRESSED, _BY_ROW = range(9)


@njit(cache=True)
def _began_at(state, first, n_alerts, is_sorted, start):  # type: ignore[no-untyped-def]
    """Find the timeline's alert that began at `start`; -1 where there is none."""
    for j in range(n_alerts - 1, first - 1, -1):
        if state[_START, j] == start:
            return j
        if is_sorted and state[_START, j] < start:
            return -1
    return -1


@njit(cache=True)
def _at(state, first, n_alerts, current, is_sorted, time):  # type: ignore[no-untyped-def]
    """Find the alert that an event at `time` speaks of: the current one, else the one that had begun last."""
    if current < 0 or state[_START, current] <= time:
        return current
    found = -1
    for j in range(n_alerts - 1, first - 1, -1):
        start = state[_START, j]
        if start <= time and (found < 0 or start > state[_START, found]):
            found = j
            if is_sorted:
                break
    return found


@njit(cache=True)
def _latest_end(state, first, n_alerts, ended):  # type: ignore[no-untyped-def]
    """Look up the latest end of the timeline's alerts that are over."""
    for j in range(first, n_alerts):
        ended = max(ended, state[_END, j])
    return ended


@njit(cache=True)
def _begin(state, j, start, claim, before, by_row):  # type: ignore[no-untyped-def]
    """Open alert `j`."""
    state[_START, j], state[_END, j], state[_ACKNOWLEDGED, j] = start, NEVER, NEVER
    state[_CLAIM, j], state[_BEFORE, j], state[_OCCURRENCES, j] = claim, before, 1
    state[_BY_ROW, j] = by_row


@njit(cache=True)
def _tell_again(state, j, time):  # type: ignore[no-untyped-def]
    """Take a fire of an alert that is open."""
    if time > state[_CLAIM, j]:
        state[_OCCURRENCES, j] += 1
        state[_CLAIM, j] = time
    elif time < state[_START, j] and time > state[_BEFORE, j] and state[_BY_ROW, j] == 0:
        state[_START, j] = time


@njit(cache=True)
def _change(state, first, n_alerts, j, current, kind, time, latest_end, ended):  # type: ignore[no-untyped-def]
    """Take an event that changes alert `j` without beginning it; the result is the timeline's latest end."""
    is_open = state[_END, j] == NEVER
    if kind == _REOPEN and not is_open:
        state[_END, j] = NEVER
        state[_REOPENS, j] += 1
        return _latest_end(state, first, n_alerts, ended)
    if kind == _ROW_RESOLVE or (kind == _RESOLVE and j == current):
        if is_open and time >= state[_START, j]:
            state[_END, j] = time
            return max(latest_end, time)
    elif kind in (_ACKNOWLEDGE, _ROW_ACKNOWLEDGE):
        # A row says when it was acknowledged, be it after its end.
        if time >= state[_START, j] and (is_open or time <= state[_END, j] or kind == _ROW_ACKNOWLEDGE):
            known = state[_ACKNOWLEDGED, j]
            state[_ACKNOWLEDGED, j] = time if known == NEVER else min(known, time)
    elif kind == _UNACKNOWLEDGE:
        state[_ACKNOWLEDGED, j] = NEVER
    elif kind == _SUPPRESS:
        state[_SUPPRESSED, j] = 1
    elif kind == _UNSUPPRESS:
        state[_SUPPRESSED, j] = 0
    return latest_end


@njit(cache=True)
def _met_by(met, first, n_met, start):  # type: ignore[no-untyped-def]
    """Find the alert of events that a row with this start met; -1 where it met none."""
    for j in range(n_met - 1, first - 1, -1):
        if met[0, j] == start:
            return met[1, j]
    return -1


@njit(cache=True)
def _resolved(state, first, n_alerts, current, is_sorted, time, claimed):  # type: ignore[no-untyped-def]
    """Find the alert that a resolve speaks of; -1 where it tells of one that is not known."""
    known = -1 if claimed == NEVER else _began_at(state, first, n_alerts, is_sorted, claimed)
    if current >= 0 and state[_END, current] == NEVER and time >= state[_START, current]:
        is_earlier = known >= 0 and claimed < state[_START, current] and claimed != state[_CLAIM, current]
        if not is_earlier:
            return current
    if known >= 0 or (claimed != NEVER and time >= claimed):
        return known
    return _at(state, first, n_alerts, current, is_sorted, time)


@njit(cache=True)
def _sweep(timeline, kind, happened, observed, claimed, ended, alert_of, state):  # type: ignore[no-untyped-def]
    """Walk over all events; `state` receives the alerts, the result is their number."""
    n_alerts, first, current, is_sorted, latest_end = 0, 0, -1, True, NEVER
    met = np.zeros((2, int((kind == _ROW_FIRE).sum())), dtype=np.int64)
    n_met, first_met = 0, 0
    for i in range(timeline.size):
        if i == 0 or timeline[i] != timeline[i - 1]:
            first, current, is_sorted, latest_end, first_met = n_alerts, -1, True, ended[i], n_met
        k, t, s = kind[i], happened[i], claimed[i]
        is_open = current >= 0 and state[_END, current] == NEVER
        begins, told_again, start, target = False, False, t, -1
        if s != NEVER and k != _RESOLVE and k != _FIRE:
            target = _began_at(state, first, n_alerts, is_sorted, s)
        if target < 0 and k in (_ROW_ACKNOWLEDGE, _ROW_RESOLVE):
            target = _met_by(met, first_met, n_met, s)
        if k == _FIRE and not is_open:
            if t < latest_end or (current >= 0 and t == state[_START, current]):
                start = max(observed[i], latest_end)
            target = _began_at(state, first, n_alerts, is_sorted, start)
            begins = target < 0
            if not begins:  # over and on again in one instant: the same alert goes on
                current = target
                k = _REOPEN
        elif k == _FIRE:
            target, told_again = current, True
        elif k == _ROW_FIRE and target < 0:
            told_again = is_open and state[_BY_ROW, current] == 0
            begins = not told_again
            if told_again:
                target = current
                met[0, n_met], met[1, n_met] = t, target
                n_met += 1
        elif k == _RESOLVE:
            target = _resolved(state, first, n_alerts, current, is_sorted, t, s)
            begins = target < 0 and s != NEVER and t >= s
            start = s if begins else t
        elif target < 0 and k != _ROW_ACKNOWLEDGE and k != _ROW_RESOLVE:
            target = _at(state, first, n_alerts, current, is_sorted, t)
        if told_again:
            _tell_again(state, target, t)
            is_sorted = is_sorted and (target == first or state[_START, target - 1] <= state[_START, target])
        elif begins:
            target = n_alerts
            _begin(state, target, start, t, latest_end, k == _ROW_FIRE)
            is_sorted = is_sorted and (target == first or state[_START, target - 1] <= start)
            n_alerts += 1
            if k == _RESOLVE:
                state[_END, target], state[_CLAIM, target] = t, start
                latest_end = max(latest_end, t)
            if k == _RESOLVE and is_open:
                # It was over before the open one began, and so does not take its place.
                state[_BEFORE, current] = max(state[_BEFORE, current], t)
            else:
                current = target
        elif target >= 0:
            latest_end = _change(state, first, n_alerts, target, current, k, t, latest_end, ended[i])
        alert_of[i] = target
    return n_alerts
