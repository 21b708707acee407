from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from alert_analytics.analytics.result import Result, as_list, behind, called, key_columns
from alert_analytics.history import AlertHistory
from alert_analytics.tables import as_cells, as_html, as_text, counted, in_figures, printable

HISTORY = AlertHistory.open(
    pa.table(
        {
            "fired_at": pa.array([datetime(2025, 1, 1, h) for h in range(4)], pa.timestamp("us")),
            "service": pa.array(["db", "web", None, "db"], pa.string()),
        }
    )
)


class Counted(Result):
    @property
    def sentence(self) -> str:
        return "Four <b>alerts</b>."


def result(table: pa.Table | None = None) -> Counted:
    rows = pa.table({"service": ["db", None], "n": [2, 1], "rate": [0.5, None]})
    return Counted(rows if table is None else table, HISTORY, {"by": ["service"]}, "SELECT 1")


def test_a_result_is_every_kind_of_table(tmp_path: Path) -> None:
    one = result()
    assert one.to_arrow() is one.table
    assert one.to_polars().rows() == [("db", 2, 0.5), (None, 1, None)]
    pandas = one.to_pandas()
    assert list(pandas.columns) == ["service", "n", "rate"]
    assert pandas.index.tolist() == [0, 1]
    assert pa.table(one).equals(one.table)
    assert pl.DataFrame(one).rows() == one.to_polars().rows()
    assert len(one) == 2


def test_csv_has_iso_times_and_empty_nulls(tmp_path: Path) -> None:
    table = pa.table(
        {"t": pa.array([datetime(2025, 1, 2, 3, 4, 5), None], pa.timestamp("us")), "word": ['a "b", c', None]}
    )
    result(table).to_csv(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["t", "word"], ["2025-01-02 03:04:05.000000", 'a "b", c'], ["", ""]]


def test_the_repr_is_the_sentence_and_the_table() -> None:
    assert repr(result()) == "Four <b>alerts</b>.\nservice  n  rate\ndb       2  0.5\n-        1  -"


def test_html_escapes_names_of_columns_values_and_the_sentence() -> None:
    table = pa.table({"<script>alert(1)</script>": ["<img src=x onerror=alert(2)>", 'a"&b']})
    html = result(table)._repr_html_()
    assert "<script>" not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert "a&quot;&amp;b" in html


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "-"),
        (math.nan, "-"),
        (True, "yes"),
        (False, "no"),
        (0.000123456, "0.0001235"),
        (12.0, "12"),
        (1234.5, "1,234"),
        (9999.96, "10,000"),
        (123456.7, "123,457"),
        (-98765.4, "-98,765"),
        (1e-92, "1e-92"),
        (math.inf, "inf"),
        (1234567, "1,234,567"),
        ("two\nlines\x1b[2J", "two·lines·[2J"),
        ("Überlast €", "Überlast €"),
        (datetime(2025, 1, 1), "2025-01-01 00:00:00"),
    ],
)
def test_cells_are_short_and_harmless(value: object, written: str) -> None:
    assert as_cells(pa.table({"x": [value]})) == [[written]]


def test_text_keeps_to_the_rows_asked_for_and_says_how_many_there_are() -> None:
    table = pa.table({"x": list(range(2_025))})
    assert as_text(table).splitlines()[-1] == "... 2,005 more rows"
    assert len(as_text(table).splitlines()) == 22
    assert as_text(table, limit=3).splitlines() == ["x", "0", "1", "2", "... 2,022 more rows"]
    assert as_html(table, limit=3).endswith("<p>... 2,022 more rows</p>")
    assert as_html(table, limit=3).count("<tr>") == 4
    assert as_text(table.slice(0, 0)) == "x"


@pytest.mark.parametrize(
    ("value", "digits", "sign", "written"),
    [(999.4, 3, "-", "999"), (999.5, 3, "-", "1,000"), (0.0456, 2, "+", "+0.046"), (-99.7, 2, "+", "-100")],
)
def test_figures_never_turn_into_an_exponent(value: float, digits: int, sign: str, written: str) -> None:
    assert in_figures(value, digits, sign) == written


def test_words_for_numbers_and_names() -> None:
    assert [counted(n, "alert") for n in (0, 1, 2000)] == ["0 alerts", "1 alert", "2,000 alerts"]
    assert printable("a\tb\x07") == "a·b·"
    assert called({"service": None, "team": "t"}, ["service", "team"]) == "(none), t"


@pytest.mark.parametrize(("given", "names"), [(None, ()), ("service", ("service",)), (["a", "b"], ("a", "b"))])
def test_by_is_none_one_or_several(given: str | Sequence[str] | None, names: tuple[str, ...]) -> None:
    assert as_list(given) == names


def test_keys_become_text_columns() -> None:
    keys = pa.array([["a", None], ["b", "c"]], pa.list_(pa.string()))
    found = key_columns(keys, ["x", "y"])
    assert {name: column.to_pylist() for name, column in found.items()} == {"x": ["a", "b"], "y": [None, "c"]}
    assert key_columns(pa.array([], pa.list_(pa.string())), ["x"])["x"].type == pa.string()


def test_behind_a_row_are_its_alerts_and_those_only() -> None:
    assert behind(HISTORY, ["service"], {"service": "db"}).n_alerts == 2
    assert behind(HISTORY, ["service"], {"service": None}).n_alerts == 1
    assert behind(HISTORY, [], {}) is HISTORY


def test_rows_are_counted_from_either_end_and_no_further() -> None:
    one = result()
    assert one._row(0) == one._row(-2) == {"service": "db", "n": 2, "rate": 0.5}
    assert one._row(1) == one._row(-1)
    for wrong in (2, -3):
        with pytest.raises(IndexError, match=f"row {wrong} of a table of 2 rows"):
            one._row(wrong)


def test_a_bare_result_has_no_words_and_no_alerts_of_its_own() -> None:
    bare = Result(pa.table({"x": [1]}), HISTORY, {}, "")
    with pytest.raises(NotImplementedError):
        _ = bare.sentence
    with pytest.raises(NotImplementedError):
        bare.alerts()
    with pytest.raises(NotImplementedError, match="a Counted has no chart"):
        result().plot()


def test_durations_print_as_such() -> None:
    assert as_cells(pa.table({"d": [timedelta(hours=2)]})) == [["2:00:00"]]
