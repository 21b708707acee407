"""One page that needs nothing else: the answers in words, charts as pictures, tables."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pyarrow.compute as pc

from alert_analytics.analytics import AnalyticsReport, Result
from alert_analytics.errors import HistoryError, MissingDependencyError
from alert_analytics.tables import as_html, counted

# The page may show what it holds and fetch or run nothing, whatever a hostile name in it says.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_ROWS = 50


def write_html(report: AnalyticsReport, path: Path) -> None:
    """Write a report as one page.

    Parameters
    ----------
    report : AnalyticsReport
        Its numbers come first, then its chapters.
    path : Path
        The page; a file that is there is replaced.

    Raises
    ------
    MissingDependencyError
        Altair, or what makes pictures of its charts, is not installed.
    HistoryError
        The file cannot be written.
    """
    if find_spec("altair") is None or find_spec("vl_convert") is None:
        raise MissingDependencyError(
            "A page with charts needs Altair and vl-convert, which are not installed.",
            hint='pip install "alert-analytics[viz]"',
        )
    page = "".join(_page(report))
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise HistoryError(
            f"{path}: cannot be written ({error.strerror}).", hint="give a file in a folder of yours."
        ) from error


def _page(report: AnalyticsReport) -> Iterator[str]:
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    yield (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Alert report</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{style}</style></head><body><main>"
    )
    yield f"<h1>Alert report</h1><p class='when'>{escape(_when(report))}</p>"
    chapters = {"At a glance": report, **report.chapters}
    links = (f"<a href='#{place}'>{escape(title)}</a>" for place, title in enumerate(chapters))
    yield f"<nav>{''.join(links)}</nav>"
    for place, (title, result) in enumerate(chapters.items()):
        yield f"<section id='{place}'><h2>{escape(title)}</h2>"
        yield f"<p class='answer'>{escape(result.sentence)}</p>"
        yield _picture(result)
        yield f"<details><summary>Table</summary><div class='wide'>{_table(result)}</div></details>"
        yield f"<details><summary>How it was counted</summary>{_settings(result.settings)}"
        yield f"<pre>{escape(result.sql)}</pre></details></section>"
    yield "</main></body></html>\n"


def _when(report: AnalyticsReport) -> str:
    span = report.whole.span
    if span is None:
        return "There is no alert in this history."
    stretch = f"{_minute(span.start)} to {_minute(span.end)} UTC"
    n = counted(report.whole.n_alerts, "alert")
    return f"{n}, {stretch}; people's hours in {report.settings['timezone']}"


def _minute(moment: datetime) -> str:
    return moment.isoformat(" ", "minutes")


def _picture(result: Result) -> str:
    """The chart as a picture within the page: in one, nothing that a name holds can run or be fetched."""
    if not len(result):
        return ""
    import vl_convert

    chart = result.plot().to_dict()
    # The answer stands above it already.
    title = chart.pop("title", {})
    if title.get("subtitle"):
        chart["title"] = {"text": title["subtitle"], "anchor": "start", "fontSize": 11, "fontWeight": "normal"}
    # Of pixels, for a vector's letters would be the reader's and wider than the room that was measured for them.
    png = base64.b64encode(vl_convert.vegalite_to_png(json.dumps(chart), scale=2)).decode()
    return f"<img alt='{escape(result.sentence, quote=True)}' src='data:image/png;base64,{png}'>"


def _table(result: Result) -> str:
    """The rows, without columns that hold nothing."""
    table = result.table
    told = [name for name in table.column_names if not pc.all(pc.is_null(table[name]), min_count=0).as_py()]
    return as_html(table.select(told), _ROWS)


def _settings(settings: Mapping[str, object]) -> str:
    rows = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>"
        for name, value in settings.items()
        if value not in (None, [], {}, "")
    )
    return f"<table>{rows}</table>"
