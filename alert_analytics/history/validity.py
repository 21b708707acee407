"""From when until when a row of a table holds, as stretches that do not overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

Row = tuple[int, int | None]
"""When a row begins to hold and when it ends, in microseconds since 1970; None: it holds still."""

_EVER = float("inf")


def stretches(rows: Sequence[Row]) -> list[tuple[int, int | None]]:
    """Cut time where another row comes to count: of several that hold, the one that began last.

    Parameters
    ----------
    rows : sequence of (int, int or None)
        Of one key, no two beginning at once. A row holds from its beginning on and no longer at its end; one that ends
        as it begins never does.

    Returns
    -------
    list of (int, int or None)
        Moments in order, and the place in `rows` of the one that counts from then on; None where none does.

    Notes
    -----
    So a shift that somebody else took over for an hour goes on after it. The oracle is a loop over rows and moments.

    Examples
    --------
    >>> stretches([(0, 10), (3, 5)])
    [(0, 0), (3, 1), (5, 0), (10, None)]
    """
    found: list[tuple[int, int | None]] = []
    holding: list[tuple[int, float, int]] = []  # the latest beginning first

    def close(until: float) -> None:
        """Say what counts after each end before `until`."""
        while holding and holding[0][1] <= until and holding[0][1] < _EVER:
            end = int(heappop(holding)[1])
            while holding and holding[0][1] <= end:
                heappop(holding)
            if end < until:
                found.append((end, holding[0][2] if holding else None))

    ordered = sorted((begin, _EVER if end is None else end, place) for place, (begin, end) in enumerate(rows))
    for begin, end, place in ordered:
        if end <= begin:
            continue
        close(begin)
        heappush(holding, (-begin, end, place))
        found.append((begin, place))
    close(_EVER)
    return found


def merged(rows: Iterable[Row]) -> list[Row]:
    """Join stretches that touch or overlap, in order of time; empty ones go.

    Examples
    --------
    >>> merged([(5, 9), (0, 3), (2, 4), (9, None), (7, 7)])
    [(0, 4), (5, None)]
    """
    found: list[Row] = []
    for begin, end in sorted(rows, key=lambda row: row[0]):
        if end is not None and end <= begin:
            continue
        if found and (found[-1][1] is None or begin <= found[-1][1]):
            last = found[-1][1]
            found[-1] = (found[-1][0], None if last is None or end is None else max(last, end))
        else:
            found.append((begin, end))
    return found
