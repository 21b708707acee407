"""Day first or month first? The evidence of a file's own values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations, pairwise

_FIRST_TWO = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-]")
_Columns = Mapping[str, Sequence[str | None]]


@dataclass(frozen=True)
class Order:
    """A decision on the order of day and month.

    Attributes
    ----------
    format : str
        The strptime format.
    because : str
        The evidence.
    doubt : str or None
        What remains uncertain: no value has a day above 12, or some values contradict the others.
    """

    format: str
    because: str
    doubt: str | None


def decide(pattern: str, columns: _Columns, *, now: datetime | None = None) -> Order:
    """Decide the order of day and month in columns of one format.

    Parameters
    ----------
    pattern : str
        A strptime format with ``{1}`` and ``{2}`` for the two fields in question.
    columns : mapping of str to sequence of (str or None)
        The columns of this format, rows in file order.
    now : datetime, optional
        The present, in UTC without a zone, if not the clock's.

    Returns
    -------
    Order
        A field that exceeds 12 is the day. Where none does: the reading with fewer times in the future; else the one in
        which the columns keep an order among themselves (starts before ends); else in which the rows follow in time;
        else the one with the shorter span; each only where it is clearly better; else the usual one for such times.
    """
    formats = [pattern.replace("{1}", one).replace("{2}", two) for one, two in (("%d", "%m"), ("%m", "%d"))]
    fields = {name: [_FIRST_TWO.match(cell) for cell in cells if cell] for name, cells in columns.items()}
    above = [{name: sum(int(m[i]) > 12 for m in found if m) for name, found in fields.items()} for i in (1, 2)]
    n_above = [sum(counts.values()) for counts in above]
    if any(n_above):
        day = 0 if n_above[0] >= n_above[1] else 1
        name = max(above[day], key=above[day].__getitem__)
        top = max(int(m[day + 1]) for m in fields[name] if m)
        because = (
            f"field {day + 1} reaches {top}, so {('day', 'month')[day]} first "
            f"({name}: above 12 in {above[day][name]:,} of {len(columns[name]):,} rows)"
        )
        against = n_above[1 - day]
        doubt = (
            f"{against:,} times fit only the opposite order of day and month; they are not read" if against else None
        )
        return Order(formats[day], because, doubt)
    return _weighed(formats, columns, now or datetime.now(UTC).replace(tzinfo=None))


def _weighed(formats: list[str], columns: _Columns, now: datetime) -> Order:
    readings = [{name: [_time(cell, form) for cell in cells] for name, cells in columns.items()} for form in formats]
    doubt = "no day is above 12, so day first and month first are both possible"
    for measure, what in (
        (partial(_later, now + timedelta(days=1)), "times in the future"),
        (_crossings, "rows whose times contradict the usual order of the columns"),
        (_steps_back, "steps back in time from row to row"),
        (_span_days, "days from first to last"),
    ):
        day, month = (measure(reading) for reading in readings)
        best = 0 if day < month else 1
        if min(day, month) < 0.8 * max(day, month):
            told = f"{('day', 'month')[best]} first gives {min(day, month):,} {what}, the other {max(day, month):,}"
            return Order(formats[best], told, f"{doubt}; {told}")
    american = "%p" in formats[0]
    told = (
        f"{'month first, as usual beside AM and PM' if american else 'day first'} is taken, nothing speaks against it"
    )
    return Order(formats[american], told, f"{doubt}; {told}")


def _time(cell: str | None, form: str) -> datetime | None:
    try:
        return datetime.strptime(cell, form).replace(tzinfo=None) if cell else None
    except ValueError:
        return None


def _later(limit: datetime, reading: Mapping[str, list[datetime | None]]) -> int:
    return sum(t > limit for moments in reading.values() for t in moments if t)


def _crossings(reading: Mapping[str, list[datetime | None]]) -> int:
    total = 0
    for one, two in combinations(reading.values(), 2):
        signs = [(a > b) - (a < b) for a, b in zip(one, two, strict=True) if a and b]
        total += min(signs.count(1), signs.count(-1))
    return total


def _steps_back(reading: Mapping[str, list[datetime | None]]) -> int:
    """Of the column nearest to sorted, up or down: the one that the file was written by."""
    steps = []
    for moments in reading.values():
        signs = [(a > b) - (a < b) for a, b in pairwise(t for t in moments if t)]
        steps.append(min(signs.count(1), signs.count(-1)))
    return min(steps)


def _span_days(reading: Mapping[str, list[datetime | None]]) -> int:
    known = [t for moments in reading.values() for t in moments if t]
    return (max(known) - min(known)).days if known else 0
