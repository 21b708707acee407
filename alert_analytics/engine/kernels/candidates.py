"""Which earlier burst starts may have caused a later one: a sweep over the scopes, the linked ones too.

It sees burst starts only (see :mod:`~alert_analytics.engine.kernels.bursts`), so that one leader has at most one
candidate in one scope within a window before each follower: the number of candidates is bounded by the different
items there, however often they repeat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

MOST_IN_A_SCOPE = 256
"""Of one scope at most so many starts, the latest, are candidates of another: a bound for storms of many items."""


@dataclass(frozen=True)
class Links:
    """Which scopes are linked: those of scope ``v`` are ``scope[first[v]:first[v + 1]]``, without itself.

    Attributes
    ----------
    first : ndarray of int64, shape (n_scopes + 1,)
        Where each scope's links begin.
    scope : ndarray of int32, shape (n_links,)
        The linked scopes, ascending in each.
    """

    first: NDArray[np.int64]
    scope: NDArray[np.int32]


@dataclass(frozen=True)
class Leaders:
    """Which items may lead which: the leaders of item ``j`` are ``item[first[j]:first[j + 1]]``.

    Attributes
    ----------
    first : ndarray of int64, shape (n_items + 1,)
        Where each follower's leaders begin.
    item : ndarray of int32, shape (n_rows,)
        The leaders, ascending in each; an item may lead itself in a linked scope.
    """

    first: NDArray[np.int64]
    item: NDArray[np.int32]


@dataclass(frozen=True)
class Candidates:
    """For each burst start, the earlier ones within the window that may have caused it.

    Attributes
    ----------
    first : ndarray of int64, shape (n + 1,)
        Where the candidates of each start begin.
    pair : ndarray of int32, shape (n_candidates,)
        Which leader and how far: the place in ``Leaders.item``, plus ``Leaders.item.size`` for a linked scope.
    lag_bin : ndarray of int8, shape (n_candidates,)
        The bin that the lag, in ``(0, W]``, falls into.
    """

    first: NDArray[np.int64]
    pair: NDArray[np.int32]
    lag_bin: NDArray[np.int8]


@dataclass(frozen=True)
class Sweep:
    """Where candidates are looked for.

    Attributes
    ----------
    scope, item : ndarray of int32, shape (n,)
        Where and what, of burst starts.
    time_us : ndarray of int64, shape (n,)
        When, in microseconds. All three sorted by (scope, time).
    leaders : Leaders
        Which pairs of items to consider.
    links : Links
        Which scopes are linked; it says how many there are.
    edges_us : ndarray of int64, shape (n_bins + 1,)
        Edges of the bins of the lag, ascending from 0 to the window W. A bin is open below and closed above.
    """

    scope: NDArray[np.int32]
    item: NDArray[np.int32]
    time_us: NDArray[np.int64]
    leaders: Leaders
    links: Links
    edges_us: NDArray[np.int64]

    def counts(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Count the candidates of each start that is wanted.

        Parameters
        ----------
        wanted : ndarray of bool, shape (n,)
            Which starts to look at; the others may still be candidates.

        Returns
        -------
        ndarray of int64, shape (n,)
            How many :meth:`candidates` would find; 0 for the others.
        """
        first = np.zeros(self.item.size + 1, dtype=np.int64)
        first[1:] = wanted
        _collect(
            self._starts(), self._linked(), self.edges_us, first, (np.empty(0, np.int32), np.empty(0, np.int8)), False
        )
        return first[1:].copy()

    def candidates(self, counts: NDArray[np.int64]) -> Candidates:
        """Collect, for each start at t that has any, those in ``[t - W, t)`` in its scope, and in the linked ones.

        Parameters
        ----------
        counts : ndarray of int64, shape (n,)
            From :meth:`counts`; with 0 in the place of a start, its candidates are not collected.

        Returns
        -------
        Candidates
            By start; within one, its own scope first, then the linked ones in their order, each from late to early.

        Notes
        -----
        Cost: per start, the starts within W before it, in its scope and the linked ones. Of one scope the latest
        :data:`MOST_IN_A_SCOPE` are candidates. Tested against a naive double loop (``tests/oracle/test_hawkes.py``).
        """
        first = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
        found = (np.empty(first[-1], np.int32), np.empty(first[-1], np.int8))
        _collect(self._starts(), self._linked(), self.edges_us, first, found, True)
        return Candidates(first, *found)

    def _starts(self) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        return self.item, self.time_us, self.leaders.first, self.leaders.item

    def _linked(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        rows = np.searchsorted(self.scope, np.arange(self.links.first.size)).astype(np.int64)
        return rows, self.links.first, self.links.scope


@njit(cache=True)
def _collect(starts, links, edges_us, first, found, fill):  # type: ignore[no-untyped-def]
    """Count each start's candidates into the place after it, or, once the places are known, write them there.

    When counting, a place is not 0 where the start is wanted.
    """
    rows, first_link, linked = links
    time_us = starts[1]
    for v in range(rows.size - 1):
        for p in range(rows[v], rows[v + 1]):
            if first[p + 1] == (first[p] if fill else 0):
                continue
            at = first[p] if fill else 0
            at = _walk(starts, p, (rows[v], p), 0, edges_us, at, found, fill)
            for k in range(first_link[v], first_link[v + 1]):
                low, high = rows[linked[k]], rows[linked[k] + 1]
                before = low + np.searchsorted(time_us[low:high], time_us[p])
                at = _walk(starts, p, (low, before), 1, edges_us, at, found, fill)
            if not fill:
                first[p + 1] = at


@njit(cache=True)
def _walk(starts, p, rows, hop, edges_us, at, found, fill):  # type: ignore[no-untyped-def]
    """Go back in time over one scope's starts, while they may have caused the one at `p`; return the next place."""
    item, time_us, first_leader, leader = starts
    pair, lag_bin = found
    low, q = rows
    begin, end = first_leader[item[p]], first_leader[item[p] + 1]
    window_us = edges_us[edges_us.size - 1]
    n_found, b = 0, 0
    q -= 1
    while q >= low and time_us[q] >= time_us[p] - window_us and n_found < MOST_IN_A_SCOPE:
        # Simultaneous starts do not cause each other, and in its own scope an item's repeats are one burst.
        if time_us[q] < time_us[p] and (hop == 1 or item[q] != item[p]):
            r = begin + np.searchsorted(leader[begin:end], item[q])
            if r < end and leader[r] == item[q]:
                if fill:
                    while time_us[p] - time_us[q] > edges_us[b + 1]:
                        b += 1
                    pair[at] = r + hop * leader.size
                    lag_bin[at] = b
                at += 1
                n_found += 1
        q -= 1
    return at
