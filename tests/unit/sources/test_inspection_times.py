"""Formats of times, and the order of day and month."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from alert_analytics.history import AlertStore
from alert_analytics.sources import Tabular
from alert_analytics.sources.inspection_order import decide
from alert_analytics.sources.inspection_sheet import Sheet
from alert_analytics.sources.inspection_times import TimeColumn, time_columns

RNG = np.random.default_rng(5)
MOMENTS = [datetime(2023, 1, 2) + timedelta(seconds=int(s)) for s in RNG.integers(0, 400 * 86_400, 120)]


def column(cells: list[str | None], name: str = "opened at", marks: tuple[str, ...] = ()) -> TimeColumn | None:
    return time_columns(Sheet(Path("x"), None, len(cells), {name: cells}, {name: "VARCHAR"}, marks=marks)).get(name)


@pytest.mark.parametrize(
    "form",
    [
        "%d/%m/%Y %H:%M:%S",
        "%m/%d/%Y %H:%M",
        "%d.%m.%Y %H:%M:%S.%f",
        "%d-%m-%y %H:%M",
        "%m/%d/%y %I:%M:%S %p",
        "%m/%d/%Y %I:%M%p",
        "%Y/%m/%d %H:%M:%S",
        "%d-%b-%Y %H:%M:%S",
        "%d %B %Y %H:%M",
        "%b %d, %Y %I:%M:%S %p",
        "%a, %d %b %Y %H:%M:%S",
        "%d/%m/%Y, %H:%M UTC",
        "%Y%m%d%H%M%S",
        "%Y%m%d",
        "%m/%d/%Y",
    ],
)
def test_a_format_is_found_and_the_source_reads_the_same(form: str) -> None:
    cells: list[str | None] = [f"{t:{form}}" for t in MOMENTS]
    found = column(cells)
    assert found is not None
    assert found.format == form
    expected = [datetime.strptime(cell, form).replace(tzinfo=None) for cell in cells if cell]
    assert found.moments == expected
    store = AlertStore.open(":memory:")
    store.ingest(pa.table({"t": cells}), source=Tabular(columns={"fired_at": "t"}, timestamp_format=found.format))
    assert sorted(store.history().to_polars()["fired_at"]) == sorted(expected)
    store.close()


@pytest.mark.parametrize(
    ("write", "zoned"),
    [
        (lambda t: t.isoformat(), False),
        (lambda t: f"{t:%Y-%m-%d}", False),
        (lambda t: t.isoformat() + "Z", True),
        (lambda t: f"{t + timedelta(hours=2):%Y-%m-%d %H:%M:%S}+02:00", True),
        (lambda t: f"{t - timedelta(hours=5):%Y-%m-%dT%H:%M:%S.000}-0500", True),
    ],
)
def test_iso_with_and_without_offset(write: Callable[[datetime], str], zoned: bool) -> None:
    found = column([write(t) for t in MOMENTS])
    assert found is not None
    assert (found.format, found.zoned) == ("iso", zoned)
    assert [t and t.date() for t in found.moments] == [t.date() for t in MOMENTS]


def test_offsets_in_other_formats() -> None:
    found = column([f"{t:%d/%m/%Y %H:%M:%S} +0100" for t in MOMENTS])
    assert found is not None
    assert (found.format, found.zoned) == ("%d/%m/%Y %H:%M:%S %z", True)
    assert found.moments == [t - timedelta(hours=1) for t in MOMENTS]


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2", "3"],
        ["12:30", "13:45"],
        ["1.2.3", "4.5.6"],
        ["2023-99-99 00:00", "2023-98-98 00:00"],
        ["99999999", "88888888"],
        ["May", "June"],
        ["", None],
        [None, None],
    ],
)
def test_what_is_no_time(cells: list[str | None]) -> None:
    assert column(cells, "number") is None


def test_seconds_need_a_name_that_speaks_of_time() -> None:
    seconds: list[str | None] = [str(1_700_000_000 + i) for i in range(50)]
    assert column(seconds, "phone") is None
    found = column([f"{s}.5" for s in seconds if s], "start time")
    assert found is not None
    assert found.format == "epoch_s"
    assert found.moments[0] == datetime(2023, 11, 14, 22, 13, 20, 500_000)


def test_words_and_impossible_dates_stand_for_no_time() -> None:
    cells = [t.isoformat() for t in MOMENTS]
    cells[:4] = ["still open", "still open", "9999-12-31T00:00:00", "1970-01-01T00:00:00"]
    found = column([*cells, "-", "17 o'clock"])
    assert found is not None
    assert found.marks == ("-", "1970-01-01T00:00:00", "9999-12-31T00:00:00", "still open")
    assert dict(found.unread) == {"17 o'clock": 1}
    assert found.moments[:4] == [None] * 4


def test_mostly_empty_columns_count_their_filled_cells() -> None:
    found = column([*["?"] * 500, "2024-01-01T00:00:00"], marks=("?",))
    assert found is not None
    assert found.because == "1 of 1 filled cells read so, such as 2024-01-01T00:00:00"


class TestOrder:
    PATTERN = "{1}/{2}/%Y %H:%M"

    @staticmethod
    def written(moments: list[datetime], form: str) -> list[str]:
        return [f"{t:{form}}" for t in moments]

    def test_one_column_decides_for_all_of_its_format(self) -> None:
        few = [datetime(2024, 3, day, 5) for day in range(1, 13)]
        many = [datetime(2024, 3, day + 12, 5) for day in range(1, 13)]
        columns = {"a": self.written(few, "%m/%d/%Y %H:%M"), "b": self.written(many, "%m/%d/%Y %H:%M")}
        found = decide(self.PATTERN, columns)
        assert found.format == "%m/%d/%Y %H:%M"
        assert found.because == "field 2 reaches 24, so month first (b: above 12 in 12 of 12 rows)"
        assert found.doubt is None

    def test_contradictions_are_counted(self) -> None:
        found = decide(self.PATTERN, {"a": ["13/01/2024 00:00", "14/01/2024 00:00", "01/15/2024 00:00"]})
        assert found.format == "%d/%m/%Y %H:%M"
        assert found.doubt == "1 times fit only the opposite order of day and month; they are not read"

    @pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"])
    def test_starts_before_ends_in_the_right_reading(self, form: str) -> None:
        starts = [datetime(2023, 1 + int(m), 1 + int(d)) for m, d in RNG.integers(0, 11, (200, 2))]
        ends = [t + timedelta(days=int(n)) for t, n in zip(starts, RNG.integers(0, 60, 200), strict=True)]
        kept = [(a, b) for a, b in zip(starts, ends, strict=True) if b.day <= 12]
        columns = {"start": self.written([a for a, _ in kept], form), "end": self.written([b for _, b in kept], form)}
        found = decide(self.PATTERN, columns)
        assert found.format == form
        assert "0 rows whose times contradict the usual order" in found.because
        assert found.doubt is not None
        assert found.doubt.startswith("no day is above 12")

    @pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"])
    @pytest.mark.parametrize("descending", [False, True])
    def test_the_order_of_the_rows(self, form: str, descending: bool) -> None:
        t = sorted((datetime(2023, m, d) for m in range(1, 7) for d in range(1, 13)), reverse=descending)
        found = decide(self.PATTERN, {"t": self.written(t, form)})
        assert found.format == form
        assert "first gives 0 steps back in time" in found.because

    def test_no_times_in_the_future(self) -> None:
        cells = [f"{m:02}/{d:02}/2024 00:00" for m, d in ((5, 1), (2, 3), (6, 12), (1, 11))]
        found = decide(self.PATTERN, {"t": cells}, now=datetime(2024, 6, 15))
        assert found.format == "%m/%d/%Y %H:%M"
        assert found.because == "month first gives 0 times in the future, the other 2"

    def test_the_shorter_span(self) -> None:
        t = [datetime(2023, 5, d, 3) for d in range(1, 13)]
        found = decide(self.PATTERN, {"t": self.written(t, "%m/%d/%Y %H:%M")})
        assert found.format == "%m/%d/%Y %H:%M"
        assert found.because == "month first gives 11 days from first to last, the other 334"

    @pytest.mark.parametrize(
        ("pattern", "cell", "form"),
        [
            ("{1}/{2}/%Y %I:%M %p", "05/05/2023 03:00 PM", "%m/%d/%Y %I:%M %p"),
            ("{1}/{2}/%Y", "05/05/2023", "%d/%m/%Y"),
        ],
    )
    def test_nothing_to_go_by(self, pattern: str, cell: str, form: str) -> None:
        found = decide(pattern, {"t": [cell, None, "nonsense"]})
        assert found.format == form
        assert "nothing speaks against it" in found.because
