"""Look at a file nobody has described: what kind it is, how its text is cut, and a fair sample of its rows as text."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from alert_analytics.errors import SourceError, SourceNotFoundError

_HEAD_BYTES = 1 << 18
_DELIMITERS = (",", ";", "\t", "|")
DELIMITER_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

# Never a value of its own, in whatever column it stands.
_MARKS = frozenset({"?", "NULL", "null", "(null)", "\\N", "N/A", "n/a", "#N/A", "NaT", "NaN", "nan"})
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_DATED = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_COMMA_NUMBER = re.compile(r"[-+]?\d+,\d+|[-+]?\d{1,3}(?:\.\d{3})+,\d+")


@dataclass(frozen=True)
class Sheet:
    """A file as a table of text, seen through a sample of its rows.

    Attributes
    ----------
    path : Path
        The file.
    kind : str
        ``csv`` or ``parquet``.
    n_rows : int
        Rows in the whole file.
    columns : dict of str to list of (str or None)
        The sampled rows in file order, column by column; None is an empty cell.
    kinds : dict of str to str
        DuckDB types; all ``VARCHAR`` in a CSV.
    delimiter, encoding, decimal : str or None
        How the text is cut; None in Parquet.
    marks : tuple of str
        Text that stands for a missing value in any column.
    evidence : tuple of (str, str, str)
        What was looked at, what was found, and how one can tell.
    """

    path: Path
    kind: str
    n_rows: int
    columns: dict[str, list[str | None]]
    kinds: dict[str, str]
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str = "."
    marks: tuple[str, ...] = ()
    evidence: tuple[tuple[str, str, str], ...] = ()
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def n_sampled(self) -> int:
        """Rows in the sample."""
        return len(next(iter(self.columns.values())))

    def values(self, name: str) -> list[str]:
        """List the sampled values of a column that are neither empty nor a missing mark."""
        marks = set(self.marks)
        return [value for value in self.columns[name] if value is not None and value not in marks]

    def tally(self, name: str) -> Counter[str]:
        """Count the distinct sampled values of a column."""
        if name not in self.counts:
            self.counts[name] = Counter(self.values(name))
        return self.counts[name]


def read_sheet(path: Path, sample_rows: int) -> Sheet:
    """Open a CSV (also gzipped; any usual separator) or Parquet file and sample its rows evenly.

    Parameters
    ----------
    path : Path
        The file.
    sample_rows : int
        About how many rows to keep; the whole file is read once to choose them from everywhere.

    Returns
    -------
    Sheet
        With at least one column and one row.

    Raises
    ------
    SourceNotFoundError
        There is no such file.
    SourceError
        It is a folder, empty, or no table.
    """
    if not path.exists():
        raise SourceNotFoundError(f"{path}: no such file.", hint="give the path of a CSV or Parquet file.")
    if path.is_dir():
        raise SourceError(
            f"{path}: is a folder; expected a file.", hint="give one of its files; a look needs only one."
        )
    head = _head(path)
    if not head.strip():
        raise SourceError(f"{path}: is empty; expected a table with a header line.", hint="was the export finished?")
    if head[:4] == b"PAR1":
        return _parquet(path, sample_rows)
    return _csv(path, head, sample_rows)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        raw = file.read(_HEAD_BYTES)
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        with gzip.open(path) as file:
            return file.read(_HEAD_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: is damaged gzip ({error}).", hint="was the file copied whole?") from error


def _parquet(path: Path, sample_rows: int) -> Sheet:
    with duckdb.connect(":memory:") as connection:
        try:
            rows = connection.read_parquet(str(path))
            kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
            n_rows, columns = _sampled(connection, rows, sample_rows)
        except duckdb.Error as error:
            raise SourceError(
                f"{path}: begins like Parquet but cannot be read ({_line(error)}).", hint="was the file copied whole?"
            ) from error
    evidence = (("format", "Parquet", f"{n_rows:,} rows, {len(kinds)} columns, their types are stored in the file"),)
    return _marked(Sheet(path, "parquet", _some(path, n_rows), columns, kinds, evidence=evidence))


def _csv(path: Path, head: bytes, sample_rows: int) -> Sheet:
    encoding, text = _decoded(path, head)
    if text.lstrip()[:1] in ("{", "[", "<"):
        raise SourceError(
            f"{path}: begins with {text.lstrip()[:1]!r}, so it is JSON or XML; expected CSV or Parquet.",
            hint="webhook payloads and other formats have sources of their own.",
        )
    lines = text.splitlines()
    if len(head) == _HEAD_BYTES and len(lines) > 1:
        lines.pop()  # it may be cut off
    delimiter, why = _delimiter(lines[:500])
    _check_header(path, next(row for row in csv.reader(lines, delimiter=delimiter) if row))
    try:
        n_rows, columns = _read_csv(path, delimiter, encoding, sample_rows)
    except duckdb.InvalidInputException as error:
        if encoding != "utf-8" or "utf-8" not in str(error):
            raise _unreadable(path, delimiter, error) from error
        encoding = "latin-1"  # the head was plain ASCII, what follows is not
        n_rows, columns = _read_csv(path, delimiter, encoding, sample_rows)
    except duckdb.Error as error:
        raise _unreadable(path, delimiter, error) from error
    evidence = [
        ("format", f"CSV, {DELIMITER_WORDS[delimiter]}-separated", why),
        ("encoding", encoding, "its bytes are" if encoding.startswith("utf") else "some bytes are not UTF-8"),
        ("header", "the first line", "none of its fields is a number or a time"),
    ]
    comma = next((name for name, values in columns.items() if delimiter != "," and _has_commas(values)), None)
    if comma is not None:
        evidence.append(("decimal", "comma", f"{comma} holds numbers like {next(filter(None, columns[comma]))}"))
    return _marked(
        Sheet(
            path,
            "csv",
            _some(path, n_rows),
            columns,
            dict.fromkeys(columns, "VARCHAR"),
            delimiter=delimiter,
            encoding=encoding,
            decimal="." if comma is None else ",",
            evidence=tuple(evidence),
        )
    )


def _read_csv(path: Path, delimiter: str, encoding: str, rows: int) -> tuple[int, dict[str, list[str | None]]]:
    with duckdb.connect(":memory:") as connection:
        given = connection.read_csv(
            str(path),
            delimiter=delimiter,
            header=True,
            all_varchar=True,
            encoding=encoding,
            quotechar='"',
            escapechar='"',
            null_padding=True,
            strict_mode=False,
        )
        return _sampled(connection, given, rows)


def _unreadable(path: Path, delimiter: str, error: duckdb.Error) -> SourceError:
    return SourceError(
        f"{path}: looks like {DELIMITER_WORDS[delimiter]}-separated text but cannot be read ({_line(error)}).",
        hint="open it in an editor at that line; quotes inside a field must be doubled.",
    )


def _some(path: Path, n_rows: int) -> int:
    if n_rows:
        return n_rows
    raise SourceError(f"{path}: has no rows; expected at least one alert.", hint="was the export filtered?")


def _sampled(
    connection: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, sample_rows: int
) -> tuple[int, dict[str, list[str | None]]]:
    n_rows: int = rows.count("*").fetchall()[0][0]
    rows.create_view("given")
    # A hash of the place takes rows from everywhere, in file order; a fixed step would follow a file's own period.
    kept = connection.sql(
        "SELECT COLUMNS(lambda c: c <> 'place in file')::VARCHAR "
        'FROM (SELECT *, row_number() OVER () AS "place in file" FROM given) '
        'WHERE hash("place in file") % $every = 0 ORDER BY "place in file"',
        params={"every": max(n_rows // sample_rows, 1)},
    )
    table = kept.to_arrow_table()
    return n_rows, {name: table.column(name).to_pylist() for name in rows.columns}


def _decoded(path: Path, head: bytes) -> tuple[str, str]:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8")):
        if head.startswith(mark):
            return encoding, head.decode(f"{encoding}-sig" if encoding == "utf-8" else encoding, errors="replace")
    if b"\0" in head:
        raise SourceError(
            f"{path}: holds binary data; expected CSV or Parquet.",
            hint="a store (alerts.duckdb) is opened with AlertStore.open; a spreadsheet is saved as CSV first.",
        )
    try:
        return "utf-8", codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut off
    except UnicodeDecodeError:
        return "latin-1", head.decode("latin-1")


def _delimiter(lines: Sequence[str]) -> tuple[str, str]:
    """Choose the separator that cuts the most lines into the same number of fields, then the most fields."""
    best = (0.0, 1, ",", "no line has a separator: a single column")
    for delimiter in _DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        (width, n), total = widths.most_common(1)[0], widths.total()
        why = f"{n:,} of the first {total:,} lines have {width} fields"
        # A stray comma in every tenth text must not beat a semicolon in all of them, nor width beat agreement.
        if width > 1 and (round(n / total, 1), width) > best[:2]:
            best = (round(n / total, 1), width, delimiter, why)
    return best[2], best[3]


def _check_header(path: Path, first: list[str]) -> None:
    data = [cell for cell in first if _NUMBER.fullmatch(cell.strip()) or _DATED.match(cell.strip())]
    if data:
        raise SourceError(
            f"{path}: the first line holds {data[0]!r} and so is no header; expected the names of the columns.",
            hint="add a line of names at the top of the file.",
        )


def _has_commas(values: Sequence[str | None]) -> bool:
    filled = [value for value in values if value]
    return bool(filled) and sum(bool(_COMMA_NUMBER.fullmatch(value)) for value in filled) > 0.5 * len(filled)


def _marked(sheet: Sheet) -> Sheet:
    """Find the missing marks."""
    found: Counter[str] = Counter()
    for values in sheet.columns.values():
        found.update(value for value in values if value in _MARKS)
    if not found:
        return sheet
    finding = ", ".join(repr(mark) for mark, _ in found.most_common())
    told = ", ".join(f"{mark!r} in {n:,} cells" for mark, n in found.most_common())
    evidence = (*sheet.evidence, ("missing", finding, f"{told} of the {sheet.n_sampled:,} rows looked at"))
    return replace(sheet, marks=tuple(sorted(found)), evidence=evidence)


def _line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]
