"""What o'clock it is where a responder lives, and whether that is working time, spare time or sleep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from alert_analytics.analytics.local_time import zone_of
from alert_analytics.analytics.result import is_number, listed
from alert_analytics.errors import HistoryError
from alert_analytics.tables import counted

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CLASSES = ("business", "off", "sleep")
"""Of hours, in the order of their codes."""

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PROBE_S = 6 * 3600
_THURSDAY = 3  # 1 January 1970


@dataclass(frozen=True)
class Hours:
    """When people work and when they sleep, on their own clocks.

    Attributes
    ----------
    business, sleep : tuple of float
        From and until, in hours of the day, the end excluded; an end before the start lies on the next day. Business
        hours are Monday to Friday and not on holidays; sleep is every day, and wins.
    holidays : frozenset of date
        On the responder's own calendar.
    """

    business: tuple[float, float] = (8, 18)
    sleep: tuple[float, float] = (22, 8)
    holidays: frozenset[date] = field(default=frozenset())

    def __post_init__(self) -> None:
        for name in ("business", "sleep"):
            ends = getattr(self, name)
            hours = [end for end in ends if is_number(end) and 0 <= end <= 24]
            if len(ends) != 2 or len(hours) != 2:
                raise HistoryError(
                    f"{name}={ends!r}; expected two hours of the day, from 0 to 24.", hint=f"{name}=(22, 8)"
                )

    @classmethod
    def given(cls, business: object, sleep: object, holidays: Iterable[date | str] | None) -> Hours:
        """Read the arguments of an analysis.

        Raises
        ------
        HistoryError
            They are no hours, or a holiday is no date.
        """
        days = [_day(one) for one in listed("holidays", holidays, "dates", "holidays=['2025-12-25']")]
        if not isinstance(business, (tuple, list)) or not isinstance(sleep, (tuple, list)):
            raise HistoryError(f"business={business!r}, sleep={sleep!r}; expected two hours each, as in (22, 8).")
        return cls(tuple(business), tuple(sleep), frozenset(days))

    def classes(self, local_us: Ints) -> npt.NDArray[np.int8]:
        """Say for local times what hours they are.

        Parameters
        ----------
        local_us : numpy.ndarray of int64, shape (n,)
            Microseconds since 1970 on the responder's own clock.

        Returns
        -------
        numpy.ndarray of int8, shape (n,)
            Places in :data:`CLASSES`.
        """
        day, hour = local_us // DAY_US, (local_us % DAY_US) / HOUR_US
        works = weekday(local_us) < 5
        if self.holidays:
            works &= ~np.isin(day, [(one - date(1970, 1, 1)).days for one in self.holidays])
        found = np.where(works & _within(hour, self.business), 0, 1)
        return np.where(_within(hour, self.sleep), 2, found).astype(np.int8)

    def in_words(self) -> str:
        """``business Mon-Fri 8-18, sleep 22-8``, holidays counted."""

        def ends(pair: tuple[float, float]) -> str:
            return "-".join(f"{end:g}" for end in pair)

        days = f" but {counted(len(self.holidays), 'holiday')}" if self.holidays else ""
        return f"business Mon-Fri {ends(self.business)}{days}, sleep {ends(self.sleep)}"


def weekday(local_us: Ints) -> Ints:
    """The day of the week of local times: 0 is Monday."""
    days: Ints = (local_us // DAY_US + _THURSDAY) % 7
    return days


def check_zones(timezone: object) -> None:
    """Refuse what names no zone, nor one for each of some responders.

    Raises
    ------
    HistoryError
        A zone is not known here.
    """
    for zone in timezone.values() if isinstance(timezone, Mapping) else [timezone]:
        zone_of(zone)


def local_us(at_us: Ints, zone: ZoneInfo) -> Ints:
    """Read UTC times on the clock of a zone, daylight saving included.

    Parameters
    ----------
    at_us : numpy.ndarray of int64, shape (n,)
        Microseconds since 1970, UTC.
    zone : ZoneInfo
        Whose clock.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Microseconds since 1970 as the clock shows them.

    Notes
    -----
    Where the offset changes is searched once for the whole stretch: every six hours, and to the second where two
    differ. The oracle asks zoneinfo for every minute (``tests/oracle/test_workload.py``).
    """
    if not at_us.size:
        return at_us
    first, last = int(at_us.min()) // 1_000_000, int(at_us.max()) // 1_000_000 + 1
    starts, offsets = [first], [_offset_s(first, zone)]
    for probe in range(first + _PROBE_S, last + _PROBE_S, _PROBE_S):
        if (offset := _offset_s(probe, zone)) != offsets[-1]:
            low, high = probe - _PROBE_S, probe
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if _offset_s(middle, zone) == offset else (middle, high)
            starts.append(high)
            offsets.append(offset)
    place = np.searchsorted(np.array(starts) * 1_000_000, at_us, side="right") - 1
    found: Ints = at_us + np.array(offsets, dtype=np.int64)[np.maximum(place, 0)] * 1_000_000
    return found


def _offset_s(second: int, zone: ZoneInfo) -> int:
    offset = (_EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _within(hour: Floats, ends: tuple[float, float]) -> npt.NDArray[np.bool_]:
    start, end = ends
    return (hour >= start) & (hour < end) if start <= end else (hour >= start) | (hour < end)


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise HistoryError(f"holidays: {value!r} is no date.", hint="write '2025-12-25' or give a date.") from error


def named_zone(
    timezone: str | Mapping[str | None, str], responder: str | None, key: tuple[str | None, ...]
) -> str | None:
    """Find a responder's zone: by name, else by the value of the group, else what ``None`` says for everyone else.

    Returns
    -------
    str or None
        None where the mapping does not say.
    """
    if isinstance(timezone, str):
        return timezone
    for name in (responder, key[0] if len(key) == 1 else None):
        if name is not None and name in timezone:
            return timezone[name]
    return timezone.get(None)
