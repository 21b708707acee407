"""Any table, by a mapping: times, zones, gaps, decimals, severities and labels, each exactly."""

from __future__ import annotations

import inspect
import json
import shlex
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

import alert_analytics as aa
from alert_analytics.cli.options import _source_parameters, takes_source
from alert_analytics.errors import SourceError
from alert_analytics.history import AlertStore
from alert_analytics.sources import Tabular


def read(data: Any, source: Tabular) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The alerts, in the table's order of ``message`` where there is one, and the quarantine."""
    with AlertStore.open() as store:
        report = store.ingest(data, source=source)
        rows, refused = store.history().to_arrow().to_pylist(), store.history().quarantine().to_pylist()
    assert report.n_records == len(rows) + len(refused)
    return rows, refused


def fired(values: Sequence[Any] | pa.Array, how: str = "iso", zone: str = "UTC") -> list[datetime | str]:
    """What becomes of each value: a time, or the reason why it is none."""
    table = pa.table({"Opened": values, "n": [f"{n:02}" for n in range(len(values))]})
    rows, refused = read(table, Tabular({"fired_at": "Opened", "message": "n"}, timestamp_format=how, timezone=zone))
    found = {row["message"]: row["fired_at"] for row in rows}
    found |= {json.loads(row["original"])["n"]: row["reason"] for row in refused}
    return [found[key] for key in sorted(found)]


NOON = datetime(2026, 3, 1, 12)


def test_iso_times_with_and_without_an_offset() -> None:
    written = [
        "2026-03-01T12:00:00", "2026-03-01 12:00", " 2026-03-01T12:00:00.000000 ", "2026-03-01T13:00:00+01:00",
        "2026-03-01T07:00-0500", "2026-03-01 17:30:00 +05:30", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00z",
        "2026-03-01 12:00:00 UTC", "2026-03-01T13:00:00+01",
    ]  # fmt: skip
    assert fired(written) == [NOON] * len(written)
    assert fired(["2026-03-01", "2026-03-01T12:00:00.1234567"]) == [
        datetime(2026, 3, 1), datetime(2026, 3, 1, 12, 0, 0, 123456),
    ]  # fmt: skip


def test_the_zone_counts_only_where_there_is_no_offset() -> None:
    written = ["2026-03-01T13:00:00", "2026-03-01T12:00:00Z", "2026-03-01T07:00-05:00", "2026-03-01 12:00:00 UTC"]
    assert fired(written, zone="Europe/Paris") == [NOON] * 4
    assert fired(["2026-03-01"], zone="Asia/Tokyo") == [datetime(2026, 2, 28, 15)]


def test_daylight_saving() -> None:
    written = ["2026-03-29T01:59:59", "2026-03-29T03:00:00", "2026-07-01T12:00", "2026-10-25T01:59", "2026-10-25T03:00"]
    assert fired(written, zone="Europe/Paris") == [
        datetime(2026, 3, 29, 0, 59, 59), datetime(2026, 3, 29, 1), datetime(2026, 7, 1, 10),
        datetime(2026, 10, 24, 23, 59), datetime(2026, 10, 25, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("how", "written"),
    [
        ("epoch_s", ["1772366400", "1772366400.0", "1.7723664e9"]),
        ("epoch_s", pa.array([1772366400])),
        ("epoch_s", pa.array([1772366400.0])),
        ("epoch_ms", ["1772366400000"]),
        ("epoch_ms", pa.array([1772366400000])),
        ("epoch_us", ["1772366400000000"]),
        ("epoch_us", pa.array([1772366400000000.0])),
        ("%d/%m/%Y %H:%M", ["01/03/2026 12:00", "1/3/2026 12:00"]),
        ("%m-%d-%y %I:%M %p", ["03-01-26 12:00 PM"]),
        ("%Y-%m-%dT%H:%M:%S%z", ["2026-03-01T13:00:00+0100", "2026-03-01T12:00:00+0000"]),
        ("anything", pa.array([NOON])),
        ("iso", pa.array([NOON.replace(tzinfo=UTC)], pa.timestamp("ms", "America/New_York"))),
    ],
)
def test_formats(how: str, written: Any) -> None:
    how = how if how != "anything" else "%d/%m/%Y"
    assert fired(written, how) == [NOON] * len(written)


def test_a_zone_goes_with_a_format_and_with_bare_timestamps() -> None:
    assert fired(["01/03/2026 13:00"], "%d/%m/%Y %H:%M", "Europe/Paris") == [NOON]
    assert fired(["2026-03-01T13:00:00+0100"], "%Y-%m-%dT%H:%M:%S%z", "Asia/Tokyo") == [NOON]
    assert fired(pa.array([NOON.replace(hour=13)]), zone="Europe/Paris") == [NOON]
    assert fired(pa.array([NOON.replace(tzinfo=UTC)]), zone="Asia/Tokyo") == [NOON]
    assert fired(pa.array([NOON.date()]), zone="Europe/Paris") == [datetime(2026, 2, 28, 23)]
    assert fired(["1772366400"], "epoch_s", "Europe/Paris") == [NOON]


def test_fractions_of_a_second() -> None:
    assert fired(["1772366400.25"], "epoch_s") == [NOON.replace(microsecond=250_000)]
    assert fired(["1772366400000.5"], "epoch_ms") == [NOON.replace(microsecond=500)]


@pytest.mark.parametrize(
    ("how", "written"),
    [
        ("iso", ["12/31/2025", "noon", "12:00", "2026-02-30", "1772366400"]),
        ("epoch_s", ["noon", "99999999999999", "9223372036854775807", "-1e22", "1e400", "2026-03-01"]),
        ("epoch_us", ["9223372036854775807"]),
        ("%d/%m/%Y", ["2026-03-01", "13/13/2026"]),
    ],
)
def test_times_that_do_not_parse_say_so(how: str, written: list[str]) -> None:
    assert fired(written, how) == [f"fired_at is no time in the format {how}"] * len(written)


def test_the_quarantine_has_line_and_original(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Opened;Prio\n2026-03-01;P1\nnever;P2\n2026-03-02;odd\n;P1\n", encoding="utf-8")
    source = Tabular(
        {"fired_at": "Opened", "severity": "Prio"}, severities={"P1": "critical", "P2": "low"}, delimiter=";"
    )
    rows, refused = read(path, source)
    assert [row["severity"] for row in rows] == ["critical"]
    assert [(row["source"], row["line"], row["reason"]) for row in refused] == [
        ("tabular", 3, "fired_at is no time in the format iso"),
        ("tabular", 4, "unknown severity 'odd'"),
        ("tabular", 5, "no fired_at"),
    ]
    assert json.loads(refused[0]["original"]) == {"Opened": "never", "Prio": "P2"}


def test_parquet_has_lines_too(tmp_path: Path) -> None:
    pl.DataFrame({"t": ["2026-03-01", "x"], "given": ["a", "b"], "raw": ["c", "d"]}).write_parquet(
        tmp_path / "a.parquet"
    )
    rows, refused = read(tmp_path / "a.parquet", Tabular({"fired_at": "t", "rule": "given"}, labels=["raw"]))
    assert [(row["rule"], row["labels"]) for row in rows] == [("a", [("raw", "c")])]
    assert [(row["line"], json.loads(row["original"])) for row in refused] == [
        (2, {"t": "x", "given": "b", "raw": "d"})
    ]


def test_missing_marks_and_labels() -> None:
    table = pa.table(
        {
            "t": ["2026-03-01"] * 3,
            'Who\'s "it"': ["?", " ann ", "-"],
            "a.b": ["1", "", None],
            "size": [1, None, 3],
            "seen": [NOON, None, NOON],
            "service": ["a", "n/a", "c"],
        }
    )
    columns = {"fired_at": "t", "service": "service", "assignee": 'Who\'s "it"'}
    labels = ['Who\'s "it"', "a.b", "size", "seen"]
    rows, _ = read(table, Tabular(columns, missing=["?", "-", "n/a"], labels=labels))
    told = sorted((row["service"] or "", row["assignee"], sorted(row["labels"])) for row in rows)
    assert told == [
        ("", "ann", [('Who\'s "it"', "ann")]),
        ("a", None, [("a.b", "1"), ("seen", "2026-03-01 12:00:00"), ("size", "1")]),
        ("c", None, [("seen", "2026-03-01 12:00:00"), ("size", "3")]),
    ]


@pytest.mark.parametrize(
    ("decimal", "written", "expected"),
    [
        (".", ["1.5", "1e3", " -2 "], [-2.0, 1.5, 1000.0]),
        (",", ["1,5", "1.234.567,5", "1 000", "-2"], [-2.0, 1.5, 1000.0, 1234567.5]),
        (",", pa.array([1.5, 2.25]), [1.5, 2.25]),
        (".", pa.array([1, 2]), [1.0, 2.0]),
    ],
)
def test_values(decimal: str, written: Any, expected: list[float]) -> None:
    table = pa.table({"t": ["2026-03-01"] * len(written), "v": written})
    rows, _ = read(table, Tabular({"fired_at": "t", "value": "v"}, decimal=decimal))
    assert sorted(row["value"] for row in rows) == expected


def test_a_thousand_wrong_values_are_one_reason_a_column() -> None:
    times = [f"{i // 60:02}:{i % 60:02} o'clock" for i in range(1000)]
    table = pa.table({"t": [*times, *["2026-03-01"] * 1000], "v": ["1"] * 1000 + [f"{i} %" for i in range(1000)]})
    _, refused = read(table, Tabular({"fired_at": "t", "value": "v"}))
    reasons = Counter(row["reason"] for row in refused)
    assert reasons == {"fired_at is no time in the format iso": 1000, "value is no number": 1000}
    assert [json.loads(row["original"])["t"] for row in refused[:1000]] == times
    assert json.loads(refused[-1]["original"])["v"] == "999 %"


def test_numbers_that_are_none_are_set_aside() -> None:
    table = pa.table({"t": ["2026-03-01"] * 3, "v": ["1,5", "x", "1"], "n": ["1", "1", "many"]})
    rows, refused = read(table, Tabular({"fired_at": "t", "value": "v", "occurrences": "n"}, decimal=","))
    assert [(row["value"], row["occurrences"]) for row in rows] == [(1.5, 1)]
    assert [row["reason"] for row in refused] == [
        "value is no number",
        "occurrences is no whole number",
    ]


def test_severities() -> None:
    words = ["1 - Critical", "HIGH", " low", "", None, "1"]
    table = pa.table({"t": ["2026-03-01"] * 6, "p": words})
    rows, refused = read(
        table, Tabular({"fired_at": "t", "severity": "p"}, severities={" 1 - Critical ": "critical", "1": "info"})
    )
    assert sorted(str(row["severity"]) for row in rows) == ["None", "None", "critical", "high", "info", "low"]
    assert refused == []
    rows, refused = read(table, Tabular({"fired_at": "t", "severity": "p"}))
    assert sorted(str(row["severity"]) for row in rows) == ["None", "None", "high", "low"]
    assert len(refused) == 2


def test_without_a_fingerprint_equal_rows_stay_apart() -> None:
    table = pa.table({"t": ["2026-03-01"] * 4, "id": ["7", "7", "?", "?"]})
    assert len(read(table, Tabular({"fired_at": "t"}))[0]) == 4
    with AlertStore.open() as store:
        source = Tabular({"fired_at": "t", "fingerprint": "id"}, missing=["?"])
        assert store.ingest(table, source=source).n_new == 3
        assert store.ingest(table, source=source).n_duplicate == 4


def test_another_name() -> None:
    rows, _ = read(pa.table({"t": [NOON]}), Tabular({"fired_at": "t"}, name="pager"))
    assert rows[0]["source"] == "pager"


# -- what cannot be -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"columns": {"fired": "t"}}, r"Tabular maps \['fired'\]; the canonical columns are tenant_id, "),
        ({"columns": {"fired": "t"}}, "Hint: did you mean 'fired_at'"),
        ({"columns": {"rule": "t"}}, "Tabular maps no fired_at"),
        (
            {"columns": {"fired_at": "t"}, "severities": {"1": "urgent"}},
            r"severities to \['urgent'\]; expected info, low",
        ),
        ({"columns": {"fired_at": "t"}, "decimal": "·"}, "decimal='·'; expected"),
    ],
)
def test_a_mapping_that_cannot_be(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        Tabular(**given)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Tabular({"fired_at": "Opened"}, labels=["CI"]), "The Table has no column 'Opened', 'CI'; it has 't', 'u'"),
        (Tabular({"fired_at": "Begin time"}), "Hint: `alert-analytics inspect"),
        (Tabular({"fired_at": "T", "rule": "U"}), "Hint: did you mean 't', 'u'. `alert-analytics inspect"),
        (Tabular({"fired_at": "t"}, timezone="Mars/Olympus"), "timezone='Mars/Olympus', which is unknown"),
        (Tabular({"fired_at": "t"}, timestamp_format="%Q"), "timestamp_format='%Q', which is unknown.*epoch_ms"),
    ],
)
def test_a_mapping_that_does_not_fit(source: Tabular, said: str) -> None:
    with AlertStore.open() as store, pytest.raises(SourceError, match=said):
        store.ingest(pa.table({"t": ["2026-03-01"], "u": ["x"]}), source=source)


# -- written down -------------------------------------------------------------------------------------------------

WRITTEN = [
    Tabular({"fired_at": "t"}),
    Tabular(
        {"fired_at": "Open Time", "rule": 'it\'s "x" = $y', "service": "ü; rm -rf"},
        timestamp_format="%d/%m/%Y %H:%M",
        timezone="Europe/Paris",
        missing=("?", "", "- "),
        severities={"1 - Kritisch": "critical", "P 2": "low"},
        labels=("CI Name", "a.b", "CI Name"),
        delimiter="\t",
        decimal=",",
    ),
]


@pytest.mark.parametrize("source", WRITTEN)
def test_its_code_makes_an_equal_one(source: Tabular) -> None:
    assert eval(source.code(), {"aa": aa}) == source
    assert "timezone='UTC'" not in source.code()


@pytest.mark.parametrize("source", WRITTEN)
def test_its_arguments_make_an_equal_one(source: Tabular) -> None:
    made: list[object] = []
    app = typer.Typer()
    app.command()(takes_source(lambda source: made.append(source)))
    result = CliRunner().invoke(app, shlex.split(source.arguments()))
    assert result.exit_code == 0, result.output
    assert made == [source]
    assert set(inspect.signature(_source_parameters).parameters) > {"time_format", "timezone", "decimal"}


def test_one_word_is_one_word() -> None:
    source = Tabular({"fired_at": "t"}, missing="n/a", labels="CI Name")
    assert (source.missing, source.labels) == (["n/a"], ["CI Name"])


def test_of_names_that_differ_in_case_a_mapping_takes_the_one_it_names(tmp_path: Path) -> None:
    columns = [pa.array(["2026-03-01T12:00:00"]), pa.array(["a"]), pa.array(["b"])]
    table = pa.Table.from_arrays(columns, names=["fired_at", "Service", "SERVICE"])
    (tmp_path / "a.csv").write_text("fired_at,Service,SERVICE\n2026-03-01T12:00:00,a,b\n", encoding="utf-8")
    for data in (table, tmp_path / "a.csv"):
        for theirs, expected in (("Service", "a"), ("SERVICE_1", "b")):
            rows, _ = read(data, Tabular({"fired_at": "fired_at", "service": theirs}))
            assert rows[0]["service"] == expected


def test_columns_called_like_a_rows_place() -> None:
    table = pa.table({"fired_at": ["2026-03-01T12:00:00", "no"], "line_in_file": ["x", "y"], "row_in_file": ["p", "q"]})
    rows, refused = read(table, Tabular({"fired_at": "fired_at", "message": "line_in_file", "rule": "row_in_file"}))
    assert (rows[0]["message"], rows[0]["rule"]) == ("x", "p")
    assert json.loads(refused[0]["original"]) == {"fired_at": "no", "line_in_file": "y", "row_in_file": "q"}
    assert refused[0]["line"] == 2
