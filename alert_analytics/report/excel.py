"""A workbook: the answers in words on the first sheet, then a sheet of rows for each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from alert_analytics.analytics import AnalyticsReport
from alert_analytics.errors import HistoryError, MissingDependencyError
from alert_analytics.tables import counted

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# What a sheet and a cell of Excel hold.
_MOST_ROWS = 1_048_575
_LONGEST = 32_767
_FIRST_DAY = datetime(1900, 1, 1)
_WIDTHS = (28, 110)


def write_excel(report: AnalyticsReport, path: Path) -> None:
    """Write a report as a workbook.

    Parameters
    ----------
    report : AnalyticsReport
        Its numbers and its chapters get a sheet each.
    path : Path
        The workbook; a file that is there is replaced.

    Raises
    ------
    MissingDependencyError
        XlsxWriter is not installed.
    HistoryError
        The file cannot be written.
    """
    try:
        from xlsxwriter import Workbook
        from xlsxwriter.exceptions import FileCreateError
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "A workbook needs XlsxWriter, which is not installed.", hint='pip install "alert-analytics[viz]"'
        ) from error
    chapters = {"At a glance": report, **report.chapters}
    # No cell is a formula or a link, whatever a name in it begins with.
    book = Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "valign": "top"})
    _answers(book, bold, {title: result.sentence for title, result in chapters.items()}, report.settings)
    for title, result in chapters.items():
        _sheet(book, title, bold, result.table)
    try:
        book.close()
    except FileCreateError as error:
        raise HistoryError(
            f"{path}: cannot be written ({error}).", hint="give a file in a folder of yours, not open in Excel."
        ) from error


def _answers(book: Workbook, bold: Format, sentences: Mapping[str, str], settings: Mapping[str, object]) -> None:
    sheet = book.add_worksheet("Answers")
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    asked = {name.replace("_", " "): str(value) for name, value in settings.items() if value not in (None, [], {}, "")}
    for place, (title, text) in enumerate({**sentences, **asked}.items()):
        sheet.write_string(place, 0, title, bold)
        sheet.write_string(place, 1, text[:_LONGEST], wrapped)


def _sheet(book: Workbook, title: str, bold: Format, table: pa.Table) -> None:
    sheet: Worksheet = book.add_worksheet(title)
    clock = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(table.num_columns - 1, 0), 18)
    for column, name in enumerate(table.column_names):
        sheet.write_string(0, column, name[:_LONGEST], bold)
    if (left_out := table.num_rows - _MOST_ROWS) > 0:
        sheet.write_comment(0, 0, f"{counted(left_out, 'row')} left out: a sheet holds no more.")
    for line, row in enumerate(table.slice(0, _MOST_ROWS).to_pylist(), 1):
        for column, value in enumerate(row.values()):
            _cell(sheet, line, column, value, clock)


def _cell(sheet: Worksheet, line: int, column: int, value: object, clock: Format) -> None:
    """Write a value as what it is to Excel: a number, a time, else text; nothing where it is not known."""
    if isinstance(value, bool):
        sheet.write_boolean(line, column, value)
    elif isinstance(value, int | float):
        if math.isfinite(value):
            sheet.write_number(line, column, value)
    elif isinstance(value, datetime) and value >= _FIRST_DAY:
        sheet.write_datetime(line, column, value, clock)
    elif value is not None:
        sheet.write_string(line, column, str(value)[:_LONGEST])
