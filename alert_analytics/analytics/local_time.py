"""Counts in the analyst's own days and hours: a zone's offsets, whole local days, and days of 23 or 25 hours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alert_analytics.analytics.result import listed
from alert_analytics.engine import Answer
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory, Span
from alert_analytics.stats.daily import SUNDAY, Floats, Ints

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1)
_QUARTER = timedelta(minutes=15)  # every zone's offset since 1972 is a multiple of it
_HOURS = 24
_HOLIDAYS = "holidays=[datetime.date(2025, 12, 25)]"


def zone_of(name: object, given: str = "timezone=") -> ZoneInfo:
    """Look a time zone up.

    Parameters
    ----------
    name : object
        An IANA name.
    given : str
        How the caller gave it, for the message.

    Raises
    ------
    HistoryError
        It is not known here.
    """
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as error:  # OSError: it names a folder of zones, such as 'Europe'
        raise HistoryError(
            f"{given}{name!r} is no time zone that is known here.",
            hint="give an IANA name, such as 'Europe/Berlin' or 'UTC'.",
        ) from error


@dataclass(frozen=True)
class Calendar:
    """Where the analyst's days begin, and which of them are like Sundays.

    Attributes
    ----------
    zone : str
        An IANA name.
    holidays : frozenset of date
        Local dates.
    """

    zone: str = "UTC"
    holidays: frozenset[date] = frozenset()

    @classmethod
    def of(cls, zone: object, holidays: Iterable[date] | None = ()) -> Calendar:
        """Read ``timezone=`` and ``holidays=``.

        Raises
        ------
        HistoryError
            The zone is not known here, or a holiday is no date.
        """
        name = zone_of(zone).key
        days = listed("holidays", holidays, "dates", _HOLIDAYS)
        if wrong := [one for one in days if not isinstance(one, date) or one != one]:
            raise HistoryError(f"holidays has {wrong[0]!r}; expected dates.", hint=_HOLIDAYS)
        return cls(name, frozenset(one.date() if isinstance(one, datetime) else one for one in days))

    def local(self, moment: datetime) -> datetime:
        """A moment in UTC, without a zone, as the clock on the wall shows it."""
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def utc(self, day: date) -> datetime:
        """The moment in UTC at which a local day begins."""
        begins = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone))
        return begins.astimezone(UTC).replace(tzinfo=None)

    def weekdays(self, first: date, n: int) -> Ints:
        """The weekday of each of `n` days from `first` on, 0 for Monday; holidays are Sundays."""
        days = (np.arange(n, dtype=np.int64) + first.weekday()) % 7
        days[self.are_holidays(first, n)] = SUNDAY
        return days

    def are_holidays(self, first: date, n: int) -> npt.NDArray[np.bool_]:
        """Which of `n` days from `first` on are holidays."""
        found = np.zeros(n, dtype=np.bool_)
        places = [(day - first).days for day in self.holidays]
        found[[place for place in places if 0 <= place < n]] = True
        return found

    def offsets(self, start: datetime, end: datetime) -> tuple[list[datetime], list[timedelta]]:
        """The moments in UTC from which on a new offset holds, the first at `start`, and the offsets."""
        begins, offsets = [start], [self.local(start) - start]
        at = start
        while at < end:
            later = min(at + DAY, end)
            if self.local(later) - later != offsets[-1]:
                quarter = at - (at - _EPOCH) % _QUARTER
                while self.local(quarter) - quarter == offsets[-1]:
                    quarter += _QUARTER
                begins.append(quarter)
                offsets.append(self.local(quarter) - quarter)
            at = later
        return begins, offsets

    def hours(self, day: date) -> Floats:
        """How often each of the 24 hours of a local day comes: 0, 1 or 2 where the clocks change."""
        at, end, n = self.utc(day), self.utc(day + DAY), np.zeros(_HOURS)
        while at < end:
            n[self.local(at).hour] += 0.25
            at += _QUARTER
        return n


@dataclass(frozen=True, eq=False)
class LocalCounts:
    """The alerts of each series in the whole local days of a span.

    Attributes
    ----------
    keys : tuple of tuple
        The series.
    first : date
        The first whole local day.
    counts : numpy.ndarray of float64, shape (s, d) or (s, 24 d)
        By day, or by hour of the clock on the wall.
    calendar : Calendar
        Whose days they are.
    n_days : int
        How many.
    sql : str
        What counted.
    """

    keys: tuple[tuple[str | None, ...], ...]
    first: date
    counts: Floats
    calendar: Calendar
    n_days: int
    sql: str

    def columns(self, names: Sequence[str], rows: Iterable[int] | None = None) -> dict[str, pa.Array]:
        """The columns of `names` for the series in `rows`; for all by default."""
        chosen = self.keys if rows is None else [self.keys[i] for i in rows]
        return {name: pa.array([key[i] for key in chosen], pa.string()) for i, name in enumerate(names)}

    @cached_property
    def weekdays(self) -> Ints:
        """Of each day; holidays are Sundays."""
        return self.calendar.weekdays(self.first, self.n_days)

    def date(self, day: int) -> date:
        """The date of a day by its number."""
        return self.first + timedelta(days=day)

    def per_hour(self) -> Floats:
        """Alerts per hour in each hour on the wall: one that came twice counts half, one left out as its neighbours.

        Returns
        -------
        numpy.ndarray of float64, shape (s, d, 24)
            Of counts by hour.
        """
        rates = self.counts.reshape(len(self.keys), self.n_days, _HOURS).copy()
        length = [self.calendar.utc(self.date(i + 1)) - self.calendar.utc(self.date(i)) for i in range(self.n_days)]
        for i in [i for i, one in enumerate(length) if one != DAY]:
            came = self.calendar.hours(self.date(i))
            there = np.flatnonzero(came > 0)
            if not there.size:  # a day that a zone left out when it crossed the date line
                rates[:, i] = rates[:, i - 1] if i else rates[:, i + 1]
                continue
            for series in rates[:, i]:
                series[:] = np.interp(np.arange(_HOURS), there, series[there] / came[there])
        return rates


NOTHING_COUNTED = LocalCounts((), date(1970, 1, 1), np.zeros((0, 0)), Calendar(), 0, "")


MOST_YEARS = 50
"""Years over which days are counted: a single alert of 1970 would make a matrix of what is empty."""


def whole_days(span: Span | None, calendar: Calendar) -> tuple[date, int]:
    """The first whole local day of a span, and how many there are; an alert in its last instant is inside."""
    if span is None:
        return date(1970, 1, 1), 0
    start, end = calendar.local(span.start), calendar.local(span.end + _INSTANT)
    first = start.date() + (DAY if start.time() != datetime.min.time() else timedelta(0))
    return first, max((end.date() - first).days, 0)


def local_counts(history: AlertHistory, names: Sequence[str], calendar: Calendar, width: timedelta) -> LocalCounts:
    """Count the alerts of each series by local day or hour.

    Parameters
    ----------
    history : AlertHistory
        What to count.
    names : sequence of str
        Columns or labels; a series for each combination of their values.
    calendar : Calendar
        Whose days.
    width : timedelta
        :data:`DAY` or :data:`HOUR`.

    Returns
    -------
    LocalCounts
        In the order of their keys; a series all of whose alerts lie outside whole days is there, with zeros.
    """
    span = history.span
    if span is not None and span.end - span.start > MOST_YEARS * 366 * DAY:
        raise HistoryError(
            f"The history goes from {span.start} to {span.end}; days are counted over {MOST_YEARS} years at most.",
            hint="where(since=...) leaves out what is not meant.",
        )
    first, n_days = whole_days(span, calendar)
    n = n_days * (DAY // width)
    start = calendar.utc(first)
    begins, offsets = calendar.offsets(start - 2 * DAY, calendar.utc(first + n_days * DAY) + DAY)
    params = {
        "begins": [(one - _EPOCH) // timedelta(seconds=1) for one in begins],
        "offsets": [one // timedelta(seconds=1) for one in offsets],
        "origin_s": (datetime(first.year, first.month, first.day) - _EPOCH) // timedelta(seconds=1),
        "bucket_s": width // timedelta(seconds=1),
        "n_buckets": n,
    }
    answer: Answer = history.ask("trend_local", keys={"series": names}, params=params)
    found = answer.arrow()
    keys, counts = _spread(found, n)
    return LocalCounts(keys, first, counts, calendar, n_days, answer.sql)


def _spread(found: pa.Table, n: int) -> tuple[tuple[tuple[str | None, ...], ...], Floats]:
    encoded = [tuple(key) for key in found["series"].to_pylist()]
    place = {key: i for i, key in enumerate(dict.fromkeys(encoded))}
    matrix = np.zeros((len(place), n))
    rows = np.fromiter((place[key] for key in encoded), dtype=np.int64, count=len(encoded))
    bucket = found["bucket"].to_numpy()
    inside = bucket >= 0
    matrix[rows[inside], bucket[inside]] = found["n_alerts"].to_numpy()[inside]
    return tuple(place), matrix
