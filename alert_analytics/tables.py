"""One flat table that is an answer: in the terminal, in Jupyter, and on its way to another library."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv

from alert_analytics.errors import NoSuchRowError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_SHOWN_ROWS = 20


class Tabled:
    """Something that is also a table, and goes wherever Arrow goes."""

    def to_arrow(self) -> pa.Table:
        """The table in Arrow."""
        raise NotImplementedError

    def to_polars(self) -> pl.DataFrame:
        """The table as a polars frame."""
        import polars as pl

        return pl.DataFrame(pl.from_arrow(self.to_arrow()))

    def to_pandas(self) -> pd.DataFrame:
        """The table as a pandas frame with a plain index."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_csv(self, path: str | Path) -> None:
        """Write the table as CSV, times in ISO 8601, nulls empty."""
        pyarrow.csv.write_csv(self.to_arrow(), str(path))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)


@dataclass(frozen=True, eq=False, repr=False)
class FlatTable(Tabled):
    """A table with manners: it says its answer in a sentence and goes wherever Arrow goes.

    Attributes
    ----------
    table : pyarrow.Table
        The answer, a row per thing asked about.
    """

    table: pa.Table

    @property
    def sentence(self) -> str:
        """The answer in words."""
        raise NotImplementedError

    def to_arrow(self) -> pa.Table:
        """The table as it is."""
        return self.table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"{self.sentence}\n{as_text(self.table)}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.sentence)}</p>{as_html(self.table)}"

    def _row(self, row: int) -> dict[str, Any]:
        check_row(row, self.table.num_rows, "a table of ", "row")
        record: dict[str, Any] = self.table.slice(row % self.table.num_rows, 1).to_pylist()[0]
        return record


def as_text(table: pa.Table, limit: int = _SHOWN_ROWS) -> str:
    """Lay a table out in plain text.

    Parameters
    ----------
    table : pyarrow.Table
        What to show.
    limit : int
        How many rows at most.

    Returns
    -------
    str
        Columns padded, numbers to four significant digits, a dash for null.
    """
    rows = as_cells(table, limit)
    lines = [table.column_names, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(table.num_columns)]
    laid = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*laid, *_more(table, limit)])


def as_html(table: pa.Table, limit: int = _SHOWN_ROWS) -> str:
    """Lay a table out in HTML, every cell escaped.

    Parameters
    ----------
    table : pyarrow.Table
        What to show.
    limit : int
        How many rows at most.

    Returns
    -------
    str
        A ``<table>``.
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in table.column_names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>" for cells in as_cells(table, limit)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" + "".join(
        f"<p>{escape(line)}</p>" for line in _more(table, limit)
    )


def as_cells(table: pa.Table, limit: int = _SHOWN_ROWS) -> list[list[str]]:
    """Write the cells of a table's first rows as text: four significant digits, a dash for null."""
    return [[_cell(value) for value in row.values()] for row in table.slice(0, limit).to_pylist()]


def in_figures(value: float, digits: int = 3, sign: str = "-") -> str:
    """Write a number with so many significant figures; one that has more before its point is written out.

    Parameters
    ----------
    value : float
        Any number.
    digits : int
        Significant figures of small numbers.
    sign : str
        ``+`` to write it also where it is positive.

    Returns
    -------
    str
        Never an exponent for a large number.

    Examples
    --------
    >>> in_figures(0.123456), in_figures(1054.3), in_figures(999.7), in_figures(12, sign="+")
    ('0.123', '1,054', '1,000', '+12')
    """
    return f"{value:{sign},.0f}" if abs(value) >= 10**digits - 0.5 else f"{value:{sign},.{digits}g}"


def counted(n: int, thing: str) -> str:
    """Write a number with its thing: ``1 alert``, ``2,000 alerts``."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def many(figures: str, thing: str) -> str:
    """Write a number that is text already, such as a rate, with its thing.

    Examples
    --------
    >>> many("1", "time"), many("+1", "alert"), many("1.0", "alert"), many("0", "alert")
    ('1 time', '+1 alert', '1.0 alerts', '0 alerts')
    """
    return f"{figures} {thing}" if figures.lstrip("+-") == "1" else f"{figures} {thing}s"


def check_row(row: object, n_rows: int, of: str, thing: str) -> None:
    """Refuse what is no place among so many rows, counted from 0, or from the end by -1 and less.

    Raises
    ------
    NoSuchRowError
        There is no such row, or it is no whole number.
    """
    if isinstance(row, bool) or not isinstance(row, Integral):
        raise NoSuchRowError(f"row={row!r}; expected a whole number, from 0.", hint="row=0 is the first.")
    if not -n_rows <= int(row) < n_rows:
        raise NoSuchRowError(f"row {row} of {of}{counted(n_rows, thing)}")


def printable(text: str) -> str:
    """Put a dot for each character that would move a terminal's cursor or break a table's line."""
    return "".join(one if one.isprintable() else "·" for one in text)


def _cell(value: object) -> str:
    if value is None or value != value:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return in_figures(value, 4)
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def _more(table: pa.Table, limit: int) -> list[str]:
    return [f"... {counted(table.num_rows - limit, 'more row')}"] if table.num_rows > limit else []
