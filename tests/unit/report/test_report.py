from __future__ import annotations

import base64
import re
import sys
from datetime import datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics.analytics import AnalyticsReport
from alert_analytics.errors import HistoryError, MissingDependencyError
from alert_analytics.report import excel

HOSTILE = "<script>alert('x')</script>\"><img src=http://evil.example/x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://evil.example", "x")'
START = datetime(2025, 1, 6)


def history(n: int, rules: tuple[str, ...] = ("disk", HOSTILE, FORMULA)) -> aa.AlertHistory:
    """Alerts every three hours, in turn of the rules, each open for an hour."""
    fired = [START + timedelta(hours=3 * i) for i in range(n)]
    columns = {
        "fired_at": pa.array(fired, pa.timestamp("us")),
        "resolved_at": pa.array([t + timedelta(hours=1) for t in fired], pa.timestamp("us")),
        "rule": pa.array([rules[i % len(rules)] for i in range(n)], pa.string()),
        "service": pa.array([rules[i % len(rules)] for i in range(n)], pa.string()),
        "severity": pa.array(["high"] * n, pa.string()),
    }
    return aa.AlertHistory.open(pa.table(columns))


@pytest.fixture(scope="module")
def report() -> AnalyticsReport:
    return aa.AlertAnalytics().run(history(600))


@pytest.fixture(scope="module")
def page(report: AnalyticsReport, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    report.to_html(path)
    return path.read_text(encoding="utf-8")


class Tags(HTMLParser):
    """What stands in a page: its tags in order, and where its attributes point."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.points: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.points += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}]


def test_the_page_has_every_answer_its_chart_and_its_table(page: str, report: AnalyticsReport) -> None:
    seen = Tags()
    seen.feed(page)
    results = [report, *report.chapters.values()]
    for result in results:
        assert result.sentence in unescape(page)
    assert seen.tags.count("section") == len(results)
    assert seen.tags.count("img") == sum(len(result) > 0 for result in results) > 0
    pictures = re.findall(r"data:image/png;base64,([^']+)", page)
    assert all(base64.b64decode(one).startswith(b"\x89PNG") for one in pictures)


def test_the_page_tells_on_whose_clock_people_work(report: AnalyticsReport, tmp_path: Path) -> None:
    aa.AlertAnalytics(timezone="Asia/Tokyo").run(history(60)).to_html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.search(r"<p class='when'>[^<]*hours in Asia/Tokyo</p>", page)
    assert "<th>timezone</th><td>Asia/Tokyo</td>" in page


def test_a_page_fetches_nothing_and_runs_nothing_whatever_its_names_hold(page: str) -> None:
    seen = Tags()
    seen.feed(page)
    assert {"script", "iframe", "object", "embed", "form", "base"}.isdisjoint(seen.tags)
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert all(one.startswith(("data:", "#")) for one in seen.points)
    assert HOSTILE not in page
    assert HOSTILE in unescape(page)
    assert "default-src &#x27;none&#x27;" in page


def test_the_workbook_has_a_sheet_for_each_answer(report: AnalyticsReport, tmp_path: Path) -> None:
    report.to_excel(tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    chapters = {"At a glance": report, **report.chapters}
    assert book.sheetnames == ["Answers", *chapters]
    answers = {row[0].value: row[1].value for row in book["Answers"].iter_rows()}
    for title, result in chapters.items():
        assert answers[title] == result.sentence
        rows = list(book[title].iter_rows(values_only=True))
        assert list(rows[0]) == result.table.column_names
        assert len(rows) == 1 + len(result)
    glance = list(book["At a glance"].iter_rows(values_only=True))
    assert [row[2] for row in glance[1:]] == pytest.approx(report.table["value"].to_pylist())


def test_no_cell_is_a_formula_or_a_link(report: AnalyticsReport, tmp_path: Path) -> None:
    report.to_excel(tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b", "d"}
    assert all(cell.hyperlink is None for cell in cells)
    assert FORMULA in {cell.value for cell in cells}


def test_times_numbers_and_what_is_not_known_are_cells_of_their_kind(tmp_path: Path) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    moment = datetime(2025, 1, 6, 12, 30)
    table = pa.table(
        {
            "when": [moment, datetime(1800, 1, 1), None],
            "yes": [True, False, None],
            "n": [1.5, float("inf"), float("nan")],
            "text": ["x" * 40_000, "", None],
        }
    )
    book = xlsxwriter.Workbook(str(tmp_path / "x.xlsx"))
    excel._sheet(book, "x", book.add_format(), table)
    book.close()
    rows = list(openpyxl.load_workbook(tmp_path / "x.xlsx")["x"].iter_rows(values_only=True, min_row=2))
    assert rows[0] == (moment, True, 1.5, "x" * 32_767)
    assert rows[1][:3] == ("1800-01-01 00:00:00", False, None)
    assert rows[2:] in ([], [(None, None, None, None)])


def test_rows_beyond_what_a_sheet_holds_are_said_to_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    monkeypatch.setattr(excel, "_MOST_ROWS", 3)
    book = xlsxwriter.Workbook(str(tmp_path / "x.xlsx"))
    excel._sheet(book, "x", book.add_format(), pa.table({"n": range(5)}))
    book.close()
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["x"]
    assert sheet.max_row == 4
    assert sheet["A1"].comment.text == "2 rows left out: a sheet holds no more."


@pytest.mark.parametrize("n", [0, 1])
def test_a_history_with_nothing_to_say_still_makes_a_page_and_a_workbook(n: int, tmp_path: Path) -> None:
    report = aa.AlertAnalytics().run(history(n))
    report.to_html(tmp_path / "report.html")
    report.to_excel(tmp_path / "report.xlsx")
    page = unescape((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert report.sentence in page
    assert ("There is no alert in this history." in page) == (n == 0)
    assert openpyxl.load_workbook(tmp_path / "report.xlsx")["Answers"]["B1"].value == report.sentence


@pytest.mark.parametrize("kind", ["html", "excel"])
def test_a_file_that_cannot_be_written_is_said(report: AnalyticsReport, tmp_path: Path, kind: str) -> None:
    with pytest.raises(HistoryError, match=r"cannot be written .* Hint: give a file in a folder of yours"):
        getattr(report, f"to_{kind}")(tmp_path / "missing" / "report")


def test_what_is_not_installed_is_named(
    report: AnalyticsReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingDependencyError, match=r"XlsxWriter, which is not installed. Hint: pip install"):
        report.to_excel(tmp_path / "report.xlsx")
    monkeypatch.setattr("alert_analytics.report.html.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"vl-convert, which are not installed. Hint: pip install"):
        report.to_html(tmp_path / "report.html")
