"""What every answer can do: be a table, a picture, a sentence, and say where it came from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv

from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd
    import polars as pl

_SHOWN_ROWS = 20


@dataclass(frozen=True, eq=False)
class Result:
    """An answer: one flat table with its settings, its SQL and its way back to the rows.

    Attributes
    ----------
    table : pyarrow.Table
        The answer, a row per thing asked about.
    history : AlertHistory
        What it was asked of.
    settings : mapping
        The history's scope (span, watermark, filters) and the analysis' own parameters.
    sql : str
        The query that counted, with its scope and parameters.
    """

    table: pa.Table
    history: AlertHistory
    settings: Mapping[str, object]
    sql: str

    @property
    def sentence(self) -> str:
        """The answer in words."""
        raise NotImplementedError

    def alerts(self, row: int = 0) -> AlertHistory:
        """Go back to the alerts behind a row.

        Parameters
        ----------
        row : int
            Which row of the table, from 0.

        Returns
        -------
        AlertHistory
            The history narrowed to them; ``.to_polars()`` shows them.

        Raises
        ------
        IndexError
            There is no such row.
        """
        raise NotImplementedError

    def to_arrow(self) -> pa.Table:
        """The table as it is."""
        return self.table

    def to_polars(self) -> pl.DataFrame:
        """The table as a polars frame."""
        import polars as pl

        return pl.DataFrame(pl.from_arrow(self.table))

    def to_pandas(self) -> pd.DataFrame:
        """The table as a pandas frame with a plain index."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def to_csv(self, path: str | Path) -> None:
        """Write the table as CSV, times in ISO 8601, nulls empty."""
        pyarrow.csv.write_csv(self.table, str(path))

    def plot(self) -> alt.Chart | alt.LayerChart:
        """Draw the answer.

        Returns
        -------
        altair.Chart or altair.LayerChart
            Shows itself in Jupyter; ``.save("chart.png")`` or ``.save("chart.html")`` writes it.

        Raises
        ------
        MissingDependencyError
            Altair is not installed.
        """
        from alert_analytics.plots import plot

        return plot(self)

    def _row(self, row: int) -> dict[str, Any]:
        if not -self.table.num_rows <= row < self.table.num_rows:
            raise IndexError(f"row {row} of a table of {self.table.num_rows} rows")
        record: dict[str, Any] = self.table.slice(row % self.table.num_rows, 1).to_pylist()[0]
        return record

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"{self.sentence}\n{as_text(self.table)}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.sentence)}</p>{as_html(self.table)}"


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


def split_by(by: str | Sequence[str] | None, own: Collection[str]) -> tuple[str, ...]:
    """Read ``by=`` where the answer has columns of its own.

    Raises
    ------
    HistoryError
        A name of `by` is one of them: one would hide the other.
    """
    names = as_list(by)
    if taken := set(names) & set(own):
        raise HistoryError(
            f"by={sorted(taken)}: the answer has columns of its own of that name.", hint="rename the label."
        )
    return names


def check_length(what: str, value: object) -> None:
    """Refuse what is no positive length of time.

    Raises
    ------
    HistoryError
        It is a bare number, or not positive.
    """
    if not isinstance(value, timedelta):
        raise HistoryError(f"{what}={value!r}; expected a length of time.", hint=f"{what}=timedelta(seconds=300)")
    if value <= timedelta(0):
        raise HistoryError(
            f"{what}={value}; expected a positive length of time.", hint=f"{what}=timedelta(seconds=300)"
        )


def as_cells(table: pa.Table, limit: int = _SHOWN_ROWS) -> list[list[str]]:
    """Write the cells of a table's first rows as text: four significant digits, a dash for null."""
    return [[_cell(value) for value in row.values()] for row in table.slice(0, limit).to_pylist()]


def as_list(names: str | Sequence[str] | None) -> tuple[str, ...]:
    """Read ``by=``: one name, several, or none."""
    if names is None:
        return ()
    if isinstance(names, str):
        return (names,)
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise HistoryError(f"{names!r} names no columns; expected a column or label, or a list of them.")
    return tuple(names)


def key_columns(keys: pa.ChunkedArray | pa.Array, names: Sequence[str]) -> dict[str, pa.Array]:
    """Turn the VARCHAR[] key of :meth:`AlertHistory.ask` into a text column for each name.

    Parameters
    ----------
    keys : pyarrow array of list of string
        One list a row, one item a name.
    names : sequence of str
        What the items are called.

    Returns
    -------
    dict of str to pyarrow.Array
        In the order of `names`.
    """
    rows = keys.to_pylist()
    return {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)}


def behind(history: AlertHistory, by: Sequence[str], record: Mapping[str, Any]) -> AlertHistory:
    """Narrow a history to the alerts whose columns or labels `by` agree with a row of the answer.

    Parameters
    ----------
    history : AlertHistory
        What the answer was made from.
    by : sequence of str
        The columns or labels that the answer was grouped by.
    record : mapping
        The row.

    Returns
    -------
    AlertHistory
        The same history where `by` is empty.
    """
    return history.where({name: [record[name]] for name in by}) if by else history


def called(record: Mapping[str, Any], by: Sequence[str]) -> str:
    """What to call the series or group of a row in a sentence: its values of `by`, ``(none)`` where one is missing."""
    return ", ".join("(none)" if record[name] is None else str(record[name]) for name in by)


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
    return [f"... {table.num_rows - limit:,} more rows"] if table.num_rows > limit else []
