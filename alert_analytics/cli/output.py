"""How answers look in the terminal: a sentence, a table, or JSON and CSV for the next program."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alert_analytics.analytics.result import Result, as_cells

if TYPE_CHECKING:
    from alert_analytics.errors import AlertAnalyticsError

console = Console()


def show(result: Result, *, as_json: bool, as_csv: bool) -> None:
    """Print a result: as JSON (sentence, settings, rows), as CSV, or for a reader."""
    if as_json:
        content = {"sentence": result.sentence, "settings": dict(result.settings), "rows": result.table.to_pylist()}
        print(json.dumps(content, default=_plain, indent=2, allow_nan=False))
    elif as_csv:
        pa.csv.write_csv(result.table, sys.stdout.buffer)
    else:
        console.print(result.sentence, markup=False, highlight=False)
        console.print(rich_table(result.table))


def rich_table(table: pa.Table, columns: list[str] | None = None, limit: int = 20) -> Table:
    """Lay out an Arrow table for the terminal.

    Parameters
    ----------
    table : pyarrow.Table
        What to show.
    columns : list of str, optional
        Which columns; by default all.
    limit : int
        How many rows at most.

    Returns
    -------
    rich.table.Table
        Numbers to the right; text is never read as markup.
    """
    shown = table.select(columns) if columns else table
    laid = Table(box=None, pad_edge=False, header_style="bold")
    for column in shown.schema:
        is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        laid.add_column(Text(column.name), justify="right" if is_number else "left", overflow="fold")
    for cells in as_cells(shown, limit):
        laid.add_row(*(Text(cell) for cell in cells))
    if shown.num_rows > limit:
        laid.caption = f"... {shown.num_rows - limit:,} more rows"
    return laid


def show_error(error: AlertAnalyticsError) -> None:
    """Print what went wrong and what to do about it, on the error stream."""
    stderr = Console(stderr=True)
    stderr.print(Text.assemble(("error: ", "bold red"), error.message), soft_wrap=True)
    if error.hint:
        stderr.print(Text.assemble(("hint: ", "bold"), error.hint), soft_wrap=True)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else str(value)
