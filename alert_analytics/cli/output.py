"""How answers look in the terminal: a sentence, a table, or JSON and CSV for the next program."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv
from rich.cells import cell_len
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from alert_analytics.analytics.result import Result
from alert_analytics.errors import HistoryError
from alert_analytics.tables import as_cells, counted, printable

if TYPE_CHECKING:
    from alert_analytics.calibration import ScoredWindows
    from alert_analytics.errors import AlertAnalyticsError

# Names in a history are anyone's: none of them is read as markup.
console = Console(markup=False, emoji=False, highlight=False)


_GAP = 2
_WRAPPED = 36  # text longer than this is wrapped
_ROWS = 20


_options: dict[str, str] = {}  # of the verb that runs: a parameter's name in Python, and its option
_IN_PYTHON = re.compile(
    r"(?<![\w(.'\"])([a-z_]+)=(True\b|\[[^\]]*\]|'[^']*'|\"[^\"]*\"|\.\.\.|\d+\b(?!\.\d)|)(?![\w(\[{])"
)
_AT_FAULT = re.compile(r"([a-z_]+)=(?='|-?\d+;)")


def speak_of(options: Mapping[str, str]) -> None:
    """Say which options the verb that runs has, by their names in Python."""
    _options.clear()
    _options.update(options)


def in_options(text: str) -> str:
    """Write parameters of Python as options of the verb that runs; what it has no option for stays, and no Python goes.

    Examples
    --------
    >>> speak_of({"overwrite": "--overwrite", "of": "--of", "pseudonymise": "--pseudonymise"})
    >>> in_options("say overwrite=True."), in_options("of='service' asks another column; in Python history.of().")
    ('say --overwrite.', '--of service asks another column.')
    >>> in_options("pseudonymise=['assignee', 'label:x'], columns=, or use of=...")
    '--pseudonymise assignee --pseudonymise label:x, columns=, or use --of ...'
    >>> speak_of({})
    """
    before, mark, _ = text.partition("; in Python ")
    return _IN_PYTHON.sub(_in_option, f"{before}." if mark else text)


def _in_option(found: re.Match[str]) -> str:
    name, value = found.groups()
    if name not in _options:
        return found.group()
    values = (
        [one.strip(" '\"") for one in value.strip("[]").split(",")] if value.startswith("[") else [value.strip("'\"")]
    )
    return " ".join(_options[name] if one in {"", "True"} else f"{_options[name]} {one}" for one in values)


def say(text: str) -> None:
    """Print a sentence; control characters in it do nothing to the terminal."""
    console.print(Text(printable(text)))


def chapter(question: str, answer: str) -> None:
    """Print a question as a headline, and its answer."""
    console.print()
    console.print(Rule(Text(question, style="bold"), align="left"))
    say(answer)


def in_table(names: list[str], rows: list[list[object]]) -> None:
    """Print a small table; none where it has no row."""
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text("(none)" if cell is None else printable(str(cell))) for cell in row))
    console.print(table)


def installed(package: str) -> bool:
    """Whether an optional package is there; a mere folder of its name is none."""
    found = find_spec(package)
    return found is not None and found.origin is not None


def show(result: Result | ScoredWindows, main: Sequence[str], *, as_json: bool, as_csv: bool) -> None:
    """Print a result: as JSON (sentence, settings, rows), as CSV, or for a reader.

    Parameters
    ----------
    result : Result
        What to print.
    main : sequence of str
        The columns that matter most, first those that matter more: for a terminal too narrow for all.
    as_json, as_csv : bool
        For the next program instead.

    Raises
    ------
    HistoryError
        Both are asked for.
    """
    if as_json and as_csv:
        raise HistoryError("--json and --csv exclude each other.")
    if as_json:
        content = {"sentence": result.sentence, "settings": dict(result.settings), "rows": result.table.to_pylist()}
        print(json.dumps(content, default=_plain, indent=2, allow_nan=False))
    elif as_csv:
        console.file.flush()
        pa.csv.write_csv(result.table, sys.stdout.buffer)
    else:
        say(in_options(result.sentence))
        if len(result):
            console.print()
            show_table(result.table, main)


def show_table(table: pa.Table, main: Sequence[str]) -> None:
    """Print a table whole where it fits, else as many of its main columns as do, and a word on the others."""
    widths = _widths(table)
    if sum(widths.values()) <= console.width + _GAP:
        console.print(rich_table(table))
        return
    room, shown = console.width + _GAP, set[str]()
    for name in main:
        room -= min(widths[name], _WRAPPED)
        if room < 0 and shown:
            break
        shown.add(name)
    console.print(rich_table(table, [name for name in table.column_names if name in shown]))
    left_out = [name for name in table.column_names if name not in shown]
    if left_out:  # else long texts are wrapped, and nothing is missing
        ways = " and ".join(way for name, way in (("as_csv", "--csv"), ("as_json", "--json")) if name in _options)
        say(
            f"Not shown: {', '.join(left_out)}" + (f" ({ways} print{'' if ' ' in ways else 's'} all)." if ways else ".")
        )


def _widths(table: pa.Table) -> dict[str, int]:
    """Cells that each column takes, with the gap to the next."""
    rows = [table.column_names, *as_cells(table, _ROWS)]
    return {name: max(cell_len(row[i]) for row in rows) + _GAP for i, name in enumerate(table.column_names)}


def rich_table(table: pa.Table, columns: list[str] | None = None, limit: int = _ROWS) -> Table:
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
    laid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for column in shown.schema:
        is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        laid.add_column(Text(column.name), justify="right" if is_number else "left", overflow="fold")
    for cells in as_cells(shown, limit):
        laid.add_row(*(Text(cell) for cell in cells))
    if shown.num_rows > limit:
        laid.caption = Text(f"... {counted(shown.num_rows - limit, 'more row')}")
    return laid


def show_error(error: AlertAnalyticsError) -> None:
    """Print what went wrong and what to do about it, on the error stream."""
    # A message may quote what anyone wrote, but where it begins with a parameter, that is the one at fault.
    begun = _AT_FAULT.match(error.message)
    name, rest = (begun[1], error.message[begun.end() :]) if begun else ("", "")
    _tell_aside("error: ", "bold red", f"{_options[name]} {rest}" if name in _options else error.message)
    if error.hint:
        _tell_aside("hint: ", "bold", in_options(error.hint))


def show_note(text: str) -> None:
    """Print what the reader should know beside the answer, on the error stream."""
    _tell_aside("note: ", "bold", text)


def _tell_aside(what: str, style: str, text: str) -> None:
    lines = "\n".join(printable(line) for line in text.splitlines())  # a condition's error points at a place below it
    Console(stderr=True, highlight=False).print(Text.assemble((what, style), lines), soft_wrap=True)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else str(value)
