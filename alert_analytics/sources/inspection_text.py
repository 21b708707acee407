"""How a text file is cut: its encoding, separator, header and decimal mark, each with what shows it."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from alert_analytics.errors import SourceError

_HEAD_BYTES = 1 << 18
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_COMMA_NUMBER = re.compile(r"[-+]?\d+,\d+|[-+]?\d{1,3}(?:\.\d{3})+,\d+")
_DATED = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")


@dataclass(frozen=True)
class Cut:
    """How the bytes become fields.

    Attributes
    ----------
    delimiter, encoding : str
        As DuckDB's CSV reader takes them.
    evidence : tuple of (str, str, str)
        What was looked at, what was found, and how one can tell.
    """

    delimiter: str
    encoding: str
    evidence: tuple[tuple[str, str, str], ...]


def head_of(path: Path) -> bytes:
    """Read the beginning of a file, unpacked where it is gzip.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bytes
        At most 256 KiB.

    Raises
    ------
    SourceError
        The file is empty or damaged gzip.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head[:2] == b"\x1f\x8b":
        try:
            with gzip.open(path) as file:
                head = file.read(_HEAD_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"{path}: is damaged gzip ({error}).", hint="was the file copied whole?") from error
    if not head.strip():
        raise SourceError(f"{path}: is empty; expected a table with a header line.", hint="was the export finished?")
    return head


def cut_of(path: Path, head: bytes) -> Cut:
    """Find out how a text file is cut into fields.

    Parameters
    ----------
    path : Path
        For messages.
    head : bytes
        From :func:`head_of`.

    Returns
    -------
    Cut
        The separator is the one by which the most lines have the same number of fields, then the most fields.

    Raises
    ------
    SourceError
        It is no separated text, or has no header.
    """
    encoding, text = _decoded(path, head)
    if text.lstrip()[:1] in ("{", "[", "<"):
        raise SourceError(
            f"{path}: begins with {text.lstrip()[:1]!r}, so it is JSON or XML; expected CSV or Parquet.",
            hint="export it as a table.",
        )
    lines = text.splitlines()
    if len(head) == _HEAD_BYTES and len(lines) > 1:
        lines.pop()  # it may be cut off
    delimiter, why = _delimiter(lines[:500])
    _check_header(path, next(row for row in csv.reader(lines, delimiter=delimiter) if row))
    evidence = (
        ("format", f"CSV, {DELIMITERS[delimiter]}-separated", why),
        ("encoding", encoding, "some bytes are not UTF-8" if encoding == "latin-1" else "every byte fits"),
        ("header", "the first line", "none of its fields is a number or a time"),
    )
    return Cut(delimiter, encoding, evidence)


def decimal_comma(values: Iterable[str | None]) -> str | None:
    """Tell whether a column holds numbers written with a decimal comma.

    Parameters
    ----------
    values : iterable of (str or None)
        A column.

    Returns
    -------
    str or None
        One of them, where most are like ``2,5`` or ``1.234,5``.
    """
    filled = [value for value in values if value]
    like = [value for value in filled if _COMMA_NUMBER.fullmatch(value)]
    return like[0] if len(like) > 0.5 * len(filled) else None


def _decoded(path: Path, head: bytes) -> tuple[str, str]:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", head.decode("utf-16", errors="replace")
    if b"\0" in head:
        raise SourceError(
            f"{path}: holds binary data; expected CSV or Parquet.",
            hint="a store (alerts.duckdb) is opened with AlertStore.open; a spreadsheet is saved as CSV first.",
        )
    try:
        # Incremental: the last character may be cut off.
        return "utf-8", codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return "latin-1", head.decode("latin-1")


def _delimiter(lines: Sequence[str]) -> tuple[str, str]:
    best = (0.0, 1, ",", "no line has a separator: a single column")
    for delimiter in DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        (width, n), total = widths.most_common(1)[0], widths.total()
        # Rounded: a comma inside one text in twenty must not decide for a separator with fewer fields.
        agreement = round(n / total, 1)
        if width > 1 and (agreement, width) > best[:2]:
            best = (agreement, width, delimiter, f"{n:,} of the first {total:,} lines have {width} fields")
    return best[2], best[3]


def _check_header(path: Path, first: Sequence[str]) -> None:
    data = [cell for cell in first if NUMBER.fullmatch(cell.strip()) or _DATED.match(cell.strip())]
    if data:
        raise SourceError(
            f"{path}: the first line holds {data[0]!r} and so is no header; expected the names of the columns.",
            hint="add a line of names at the top of the file.",
        )
