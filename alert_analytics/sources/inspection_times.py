"""Which columns of a file hold times, and in which format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alert_analytics.sources.inspection_order import Order, decide
from alert_analytics.sources.inspection_sheet import Sheet

EPOCHS = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
_TIMEY = re.compile(
    r"time|date|stamp|epoch|(?:^|[ _.])(?:ts|at|on)$|start|end|open|clos|creat|fire|resolv|ack|rais|clear", re.I
)
_EARLIEST, _LATEST = datetime(1990, 1, 1), datetime(2100, 1, 1)

_WHOLE = re.compile(r"-?\d+(?:\.\d*)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?Z| ?[+-]\d{2}(?::?\d{2})?)?)?")
_CLOCK = (
    r"(?:(?P<join>T| |, )(?P<hour>\d{1,2}):\d{2}(?P<second>:\d{2})?(?P<fraction>\.\d{1,6})?"
    r"(?:(?P<gap> ?)(?P<half>[AaPp][Mm]))?(?P<zone> ?(?:UTC|GMT|Z|[+-]\d{2}:?\d{2}))?)?"
)
_NUMERIC = re.compile(r"(?P<a>\d{4}|\d{1,2})(?P<s>[/.\-])(?P<b>\d{1,2})(?P=s)(?P<c>\d{4}|\d{1,2})" + _CLOCK)
_DAY_NAMED = re.compile(
    r"(?P<week>[A-Z][a-z]{2}, )?\d{1,2}(?P<s>[ /-])(?P<month>[A-Za-z]{3,9})(?P=s)(?P<c>\d{4}|\d{2})" + _CLOCK
)
_NAME_FIRST = re.compile(r"(?P<month>[A-Za-z]{3,9}) \d{1,2}, (?P<c>\d{4})" + _CLOCK)
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True)
class TimeColumn:
    """A column that holds times.

    Attributes
    ----------
    name : str
        The column.
    format : str
        ``native`` (typed in the file), ``iso``, ``epoch_s``, ``epoch_ms``, ``epoch_us`` or a strptime format.
    moments : list of (datetime or None)
        The sampled rows in UTC without a zone; None where empty or unreadable.
    unread : Counter of str
        Text in the sample that is no time in this format.
    marks : tuple of str
        Text that seems to stand for "no time" here.
    zoned : bool
        Whether the values say their zone.
    because : str
        How one can tell.
    doubt : str or None
        What is not certain about it.
    """

    name: str
    format: str
    moments: list[datetime | None]
    unread: Counter[str]
    marks: tuple[str, ...]
    zoned: bool
    because: str
    doubt: str | None = None


def time_columns(sheet: Sheet) -> dict[str, TimeColumn]:
    """Find the columns that hold times.

    Parameters
    ----------
    sheet : Sheet
        A sampled file.

    Returns
    -------
    dict of str to TimeColumn
        By name, in the file's order: at least nine in ten filled cells are times of one format.
    """
    formats = {name: found for name in sheet.columns if (found := _format_of(sheet, name)) is not None}
    orders = _orders(sheet, formats)
    columns: dict[str, TimeColumn] = {}
    for name, pattern in formats.items():
        order = orders.get(pattern)
        column = _read(sheet, name, pattern if order is None else order.format)
        if column is not None:
            columns[name] = column if order is None else replace(column, because=order.because, doubt=order.doubt)
    return columns


def _format_of(sheet: Sheet, name: str) -> str | None:
    if sheet.kinds[name].startswith(("TIMESTAMP", "DATE")):
        return "native"
    tally = sheet.tally(name)
    shapes: Counter[str] = Counter()
    for value, n in tally.items():
        shapes[_shape(value)] += n
    if not shapes:
        return None
    if shapes["whole"] >= 0.9 * shapes.total():
        return _number_format(name, [float(value) for value in tally if _WHOLE.fullmatch(value)])
    shapes = Counter({shape: n for shape, n in shapes.items() if shape not in ("", "whole")})
    # Not yet nine in ten: a repeated word for "still open" is told apart when the column is read.
    return shapes.most_common(1)[0][0] if shapes.total() >= 0.3 * tally.total() else None


def _shape(value: str) -> str:
    """Name the format of one value; ``{1}`` and ``{2}`` stand where form alone does not tell day from month."""
    if _WHOLE.fullmatch(value):
        return "whole"
    if _ISO.fullmatch(value):
        return "iso"
    if match := _NUMERIC.fullmatch(value):
        a, s, c = match["a"], match["s"], match["c"]
        if len(a) == 4:
            return f"%Y{s}%m{s}%d" + _clock(match)
        return f"{{1}}{s}{{2}}{s}{'%Y' if len(c) == 4 else '%y'}" + _clock(match)
    if match := _DAY_NAMED.fullmatch(value):
        s = match["s"]
        return f"{'%a, ' if match['week'] else ''}%d{s}{_month(match)}{s}{_year(match)}" + _clock(match)
    if match := _NAME_FIRST.fullmatch(value):
        return f"{_month(match)} %d, {_year(match)}" + _clock(match)
    return ""


def _month(match: re.Match[str]) -> str:
    return "%b" if len(match["month"]) == 3 else "%B"


def _year(match: re.Match[str]) -> str:
    return "%Y" if len(match["c"]) == 4 else "%y"


def _clock(match: re.Match[str]) -> str:
    if match["join"] is None:
        return ""
    zone = match["zone"] or ""
    if zone and zone.strip() not in ("UTC", "GMT", "Z"):
        zone = zone[: -len(zone.strip())] + "%z"
    return (
        match["join"]
        + ("%I:%M" if match["half"] else "%H:%M")
        + (":%S" if match["second"] else "")
        + (".%f" if match["fraction"] else "")
        + (f"{match['gap']}%p" if match["half"] else "")
        + zone
    )


def _number_format(name: str, numbers: Sequence[float]) -> str | None:
    low, high = min(numbers), max(numbers)
    digits = _COMPACT.get(len(f"{high:.0f}"))
    if digits and all(_plausible(_parsed(f"{number:.0f}", digits)) for number in numbers[:500]):
        return digits
    positive = [number for number in numbers if number > 0]
    for unit, scale in EPOCHS.items():
        begin, end = (int(t.replace(tzinfo=UTC).timestamp()) * scale for t in (_EARLIEST, _LATEST))
        if positive and begin <= min(positive) and high <= end and (scale > 1 or _TIMEY.search(name)):
            return unit
    # Seconds from the start of something: order and gaps are right, the date is not.
    if low >= 0 and high > 3600 and re.search(r"time|stamp|start|end", name, re.I):
        return "epoch_s"
    return None


def _orders(sheet: Sheet, formats: dict[str, str]) -> dict[str, Order]:
    """Decide day and month for each format in which form alone leaves them open, from all its columns together."""
    open_formats = sorted({pattern for pattern in formats.values() if "{1}" in pattern})
    return {
        pattern: decide(pattern, {name: sheet.columns[name] for name, other in formats.items() if other == pattern})
        for pattern in open_formats
    }


def _read(sheet: Sheet, name: str, pattern: str) -> TimeColumn | None:
    known = {value: _parsed(value, pattern) for value in sheet.tally(name)}
    unread = Counter({value: n for value, n in sheet.tally(name).items() if known[value] is None})
    marks = tuple(sorted(_stand_ins(known, unread)))
    for mark in marks:
        unread.pop(mark, None)
        known[mark] = None
    moments = [None if cell is None else known.get(cell) for cell in sheet.columns[name]]
    n_read = len(moments) - moments.count(None)
    if n_read == 0 or n_read < 0.9 * (n_read + unread.total()):
        return None
    zoned = sum(_says_zone(value) for value in known) > 0.5 * len(known)
    because = f"{n_read:,} of {n_read + unread.total():,} filled cells read so, such as {next(_read_values(known))}"
    doubt = None
    if pattern in EPOCHS and max(filter(None, moments)) < _EARLIEST:
        doubt = "counts seconds from an unknown start, read as if that were 1970-01-01 00:00 UTC"
    return TimeColumn(name, pattern, moments, unread, marks, zoned or pattern in EPOCHS, because, doubt)


def _plausible(moment: datetime | None) -> bool:
    return moment is not None and _EARLIEST < moment < _LATEST


def _read_values(known: dict[str, datetime | None]) -> Iterator[str]:
    return (value for value, moment in known.items() if moment is not None)


def _stand_ins(known: dict[str, datetime | None], unread: Counter[str]) -> set[str]:
    """Words and impossible dates that stand for "no time": few, and repeated, where everything else is a time."""
    words = {word for word, n in unread.items() if n > 1 or word.strip("- ") == "" or word.isalpha()}
    words = words if len(words) <= 3 else set()
    far = {value for value, moment in known.items() if moment and not datetime(1900, 1, 2) < moment < _LATEST}
    sane = [moment for moment in known.values() if moment and moment > _EARLIEST]
    begin = {value for value, moment in known.items() if moment == datetime(1970, 1, 1) and len(sane) > 1}
    return words | far | begin


def _parsed(value: str, pattern: str) -> datetime | None:
    try:
        if pattern in EPOCHS:
            moment = datetime(1970, 1, 1) + timedelta(seconds=float(value) / EPOCHS[pattern])
        elif pattern in ("iso", "native"):
            moment = datetime.fromisoformat(value.replace(" Z", "Z").replace(" +", "+"))
        else:
            moment = datetime.strptime(value, pattern)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None


def _says_zone(value: str) -> bool:
    return bool(re.search(r"(?:UTC|GMT|Z|:\d{2}[.\d]* ?[+-]\d{2}(?::?\d{2})?)$", value))
