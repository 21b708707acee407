"""Whole files: what is proposed, whether it works unchanged, and what a user is told to check."""

from __future__ import annotations

import csv
import gzip
import io
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import alert_analytics as aa
from alert_analytics.cli.app import app
from alert_analytics.errors import SourceError, SourceNotFoundError
from alert_analytics.sources import Inspection, inspect_file
from alert_analytics.sources.inspection_sheet import read_sheet

START = datetime(2024, 1, 1)


def moments(n: int, *, seed: int = 0, days: float = 300) -> list[datetime]:
    offsets = np.sort(np.random.default_rng(seed).integers(0, int(days * 86_400), n))
    return [START + timedelta(seconds=int(s)) for s in offsets]


def write(path: Path, columns: Mapping[str, Sequence[Any]], *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    content = text.getvalue().encode(encoding)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def ingested(found: Inspection, tmp_path: Path) -> pl.DataFrame:
    """Run the lines proposed as they are, the shell's too unless they convert the file, and give the store's rows."""
    scope: dict[str, Any] = {}
    exec(found.python.replace("alerts.duckdb", str(tmp_path / "alerts.duckdb")), scope)
    assert scope["report"].n_read == found.n_rows
    rows: pl.DataFrame = scope["store"].history().to_polars().sort("fired_at", "fingerprint")
    scope["store"].close()
    program, *words = shlex.split(found.command.replace("alerts.duckdb", str(tmp_path / "shell.duckdb")))
    if program == "alert-analytics":
        assert CliRunner().invoke(app, words, catch_exceptions=False).exit_code == 0
        with aa.AlertStore.open(tmp_path / "shell.duckdb") as store:
            assert (
                store.history()
                .to_polars()
                .drop("ingested_at")
                .sort("fired_at", "fingerprint")
                .equals(rows.drop("ingested_at"))
            )
    return rows


def because(found: Inspection, what: str) -> str:
    return next(f"{e.finding}: {e.because}" for e in found.evidence if e.what == what)


def test_semicolons_decimal_commas_and_day_first(tmp_path: Path) -> None:
    t = moments(400)
    path = write(
        tmp_path / "störungen.csv",
        {
            "Ticket-Nr": [f"T{i}" for i in range(400)],
            "Open Time": [f"{x:%d.%m.%Y %H:%M:%S}" for x in t],
            "Resolved Time": [f"{x + timedelta(hours=2):%d.%m.%Y %H:%M:%S}" if i % 7 else "-" for i, x in enumerate(t)],
            "Priority": [str(1 + i % 4) for i in range(400)],
            "Service": [("Zahlung", "Suche", "Über uns")[i % 3] for i in range(400)],
            "Value": [f"{i},5" for i in range(400)],
        },
        delimiter=";",
        encoding="utf-8-sig",
    )  # fmt: skip
    found = inspect_file(path)
    assert found.tabular.timestamp_format == "%d.%m.%Y %H:%M:%S"
    assert "field 1 reaches 31, so day first (Open Time: above 12 in " in because(found, "time format")
    assert found.tabular.decimal == ","
    assert found.tabular.delimiter == ";"
    assert found.tabular.missing == ["-"]
    assert found.tabular.severities == {"1": "critical", "2": "high", "3": "medium", "4": "low"}
    assert "1 the most severe, as in ITIL" in because(found, "severity")
    rows = ingested(found, tmp_path)
    assert rows["fired_at"].to_list() == t
    assert rows["resolved_at"].null_count() == 58
    assert rows["value"].to_list()[:3] == [0.5, 1.5, 2.5]
    assert set(rows["service"]) == {"Zahlung", "Suche", "Über uns"}


def test_month_first_with_am_and_pm(tmp_path: Path) -> None:
    t = [x.replace(second=0) for x in moments(300)]
    path = write(
        tmp_path / "us.csv",
        {
            "createdAt": [f"{x:%m/%d/%Y %I:%M %p}" for x in t],
            "closedAt": [f"{x + timedelta(days=1):%m/%d/%Y %I:%M %p}" for x in t],
            "severity": [("P1", "P2", "P3")[i % 3] for i in range(300)],
            "assignment_group": ["dba", "net"] * 150,
            "opened_by": ["ann", "bob", "eve"] * 100,
            "region": ["us", "eu"] * 150,
        },
    )
    found = inspect_file(path)
    assert found.tabular.timestamp_format == "%m/%d/%Y %I:%M %p"
    assert "field 2 reaches 31, so month first" in because(found, "time format")
    assert found.tabular.severities == {"P1": "critical", "P2": "high", "P3": "medium"}
    assert found.tabular.labels == ["region"]
    assert found.left_out["opened_by"] == "may name persons"
    rows = ingested(found, tmp_path)
    assert rows["fired_at"].to_list() == t
    assert set(rows["team"]) == {"dba", "net"}


@pytest.mark.parametrize(("unit", "scale"), [("epoch_s", 1), ("epoch_ms", 1_000), ("epoch_us", 1_000_000)])
def test_epochs_in_a_gzipped_tab_separated_file(tmp_path: Path, unit: str, scale: int) -> None:
    t = moments(200)
    seconds = [round((x - datetime(1970, 1, 1)).total_seconds()) for x in t]
    path = write(
        tmp_path / "metrics.tsv.gz",
        {
            "startsAt": [s * scale for s in seconds],
            "endsAt": ["" if i % 9 == 0 else (s + 60) * scale for i, s in enumerate(seconds)],
            "alertname": ["DiskFull", "HighLoad"] * 100,
            "fingerprint": [f"f{i % 40}" for i in range(200)],
        },
        delimiter="\t",
    )
    found = inspect_file(path)
    assert found.tabular.timestamp_format == unit
    assert because(found, "zone").startswith("UTC")
    assert found.tabular.columns["rule"] == "alertname"
    assert any("fingerprint: 200 rows share 40 values" in warning for warning in found.warnings)
    rows = ingested(found, tmp_path)
    assert rows["fired_at"].to_list()[:3] == t[:3]


def test_two_columns_are_enough(tmp_path: Path) -> None:
    path = write(
        tmp_path / "two.csv", {"when": [f"{x:%Y-%m-%d %H:%M:%S}" for x in moments(30)], "what": ["a", "b", "c"] * 10}
    )
    found = inspect_file(path)
    assert found.tabular.columns == {"fired_at": "when"}
    assert found.tabular.labels == ["what"]
    assert "earliest of the times" in because(found, "fired_at")
    assert any("No column says when an alert ended" in warning for warning in found.warnings)
    assert any("names no zone: UTC is assumed" in warning for warning in found.warnings)
    assert "has no end" in found.sentence
    assert "3 things to check" not in found.sentence
    assert len(ingested(found, tmp_path)) == 30


def test_one_column_and_one_row(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("timestamp\n2024-05-06T07:08:09Z\n")
    found = inspect_file(path)
    assert found.tabular.columns == {"fired_at": "timestamp"}
    assert because(found, "zone").startswith("in the values")
    assert ingested(found, tmp_path)["fired_at"].to_list() == [datetime(2024, 5, 6, 7, 8, 9)]


def test_days_up_to_twelve_are_called_ambiguous_and_weighed(tmp_path: Path) -> None:
    t = [datetime(2023, month, day, 8) for month in range(1, 12) for day in range(1, 13)]
    path = write(tmp_path / "ambiguous.csv", {"opened": [f"{x:%m/%d/%Y %H:%M}" for x in t], "n": range(len(t))})
    found = inspect_file(path)
    assert found.tabular.timestamp_format == "%m/%d/%Y %H:%M"
    assert any("no day is above 12" in w and "month first gives 0 steps back in time" in w for w in found.warnings)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_other_encodings_are_converted_by_the_lines_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, ending: str
) -> None:
    monkeypatch.chdir(tmp_path)
    columns = {"time": [f"{x:%Y-%m-%d %H:%M}" for x in moments(50)], "service": ["Büro", "Müll"] * 25}
    found = inspect_file(write(tmp_path / f"export.{ending}", columns, encoding=encoding))
    assert because(found, "encoding").startswith(encoding)
    assert (
        f"| iconv -f {encoding} -t utf-8 > export.utf8.csv && alert-analytics ingest export.utf8.csv" in found.command
    )
    assert any("convert it first" in warning for warning in found.warnings)
    assert set(ingested(found, tmp_path)["service"]) == {"Büro", "Müll"}


def test_not_utf_8_further_down(tmp_path: Path) -> None:
    columns = {"time": [f"{x:%Y-%m-%d %H:%M}" for x in moments(20_000)], "note": ["plain ascii"] * 19_999 + ["Müll"]}
    found = inspect_file(write(tmp_path / "late.csv", columns, encoding="latin-1"))
    assert because(found, "encoding") == "latin-1: some bytes further down are not UTF-8"
    assert found.n_rows == 20_000


def test_unreadable_empty_and_backward_times_are_counted(tmp_path: Path) -> None:
    t = moments(100)
    begin = [f"{x:%Y-%m-%d %H:%M:%S}" for x in t]
    end = [f"{x + timedelta(hours=1):%Y-%m-%d %H:%M:%S}" for x in t]
    begin[3], begin[4], end[5], end[6] = "2024-13-45 00:00", "", "2001-01-01 00:00:00", "0001-01-01 00:00:00"
    found = inspect_file(write(tmp_path / "dirty.csv", {"start_time": begin, "end_time": end, "first": [1] * 100}))
    text = "\n".join(found.warnings)
    assert "start_time is empty in 1 of 100 rows looked at" in text
    assert "start_time: 1 of 100 rows looked at hold no such time ('2024-13-45 00:00')" in text
    assert "end_time lies before start_time in 1 of 97 rows" in text
    assert "'0001-01-01 00:00:00' is taken as no time at all" in text
    assert "0001-01-01 00:00:00" in found.tabular.missing


def test_an_end_that_mostly_precedes_the_beginning_is_no_end(tmp_path: Path) -> None:
    t = moments(50)
    columns = {
        "opened_at": [x.isoformat() for x in t],
        "closed_at": [(x - timedelta(days=1)).isoformat() for x in t],
    }
    found = inspect_file(write(tmp_path / "odd.csv", columns))
    assert "resolved_at" not in found.tabular.columns
    assert "named like resolved_at, but before opened_at in 50 of 50 rows" in found.left_out["closed_at"]


def test_one_time_format_per_mapping(tmp_path: Path) -> None:
    t = moments(50)
    columns = {"opened": [f"{x:%d/%m/%Y %H:%M}" for x in t], "closed": [x.isoformat() for x in t]}
    found = inspect_file(write(tmp_path / "mixed.csv", columns))
    assert found.tabular.columns == {"fired_at": "opened"}
    assert any("closed (resolved_at) is left out: its times are iso" in warning for warning in found.warnings)


def test_typed_parquet_and_nested_columns(tmp_path: Path) -> None:
    t = moments(60)
    table = pa.table(
        {
            "triggered": pa.array(t, pa.timestamp("us")),
            "cleared": pa.array([x + timedelta(minutes=5) for x in t], pa.timestamp("us", "UTC")),
            "tags": [[("a", "b")]] * 60,
            "level": ["warning", "error", "emergency"] * 20,
            "host": ["db1", "db2"] * 30,
            "state": ["ok"] * 60,
        }
    )
    pq.write_table(table, tmp_path / "typed.parquet")
    found = inspect_file(tmp_path / "typed.parquet")
    assert found.tabular.timestamp_format == "iso"
    assert found.tabular.severities == {"warning": "medium", "error": "high", "emergency": "critical"}
    assert found.left_out["tags"] == "nested or a time of another format"
    rows = ingested(found, tmp_path)
    assert rows["fired_at"].to_list() == t
    assert rows["resolved_at"].to_list() == [x + timedelta(minutes=5) for x in t]


def test_rows_of_one_incident_with_different_services_have_no_identity(tmp_path: Path) -> None:
    t = [x for x in moments(100) for _ in range(2)]
    columns: dict[str, Sequence[Any]] = {
        "id": [i // 2 for i in range(200)],
        "time": [x.isoformat() for x in t],
        "service": ["a", "b"] * 100,
    }
    found = inspect_file(write(tmp_path / "ids.csv", columns))
    assert "fingerprint" not in found.tabular.columns
    assert found.left_out["id"] == "no identity: 200 rows share 100 values, 0 have none"


def test_nearly_unique_ids_are_an_identity_with_a_warning(tmp_path: Path) -> None:
    t = [x.isoformat() for x in moments(300)]
    found = inspect_file(write(tmp_path / "ids.csv", {"incident id": [1, *range(1, 300)], "time": t}))
    assert found.tabular.columns["fingerprint"] == "incident id"
    assert any("1 row repeats another row's value" in warning for warning in found.warnings)


def test_a_log_of_changes_is_suspected(tmp_path: Path) -> None:
    t = [x.isoformat() for x in moments(100)]
    found = inspect_file(
        write(tmp_path / "log.csv", {"time": t, "state": ["firing", "resolved"] * 50, "rule": ["r", "s"] * 50})
    )
    assert any("state holds resolved, but no column holds the end" in warning for warning in found.warnings)


def test_an_unknown_severity_is_listed(tmp_path: Path) -> None:
    t = [x.isoformat() for x in moments(90)]
    found = inspect_file(write(tmp_path / "sev.csv", {"time": t, "severity": ["high", "low", "purple"] * 30}))
    assert any("severity has words without a known severity: 'purple'" in warning for warning in found.warnings)
    assert found.tabular.severities == {}


def test_a_column_of_strange_words_is_no_severity(tmp_path: Path) -> None:
    t = [x.isoformat() for x in moments(90)]
    columns = {"time": t, "severity": ["red", "high", "blue"] * 30, "priority": ["P1", "P2", "P3"] * 30}
    found = inspect_file(write(tmp_path / "sev.csv", columns))
    assert found.tabular.columns["severity"] == "priority"
    assert found.tabular.labels == ["severity"]


@pytest.mark.parametrize(
    "name", ["Ticket No", "Ticketnummer", "Incident Number", "Störung-Nr.", "Case #", "Vorgang ID"]
)
def test_the_number_of_something_is_an_identity_where_every_value_differs(tmp_path: Path, name: str) -> None:
    times = [x.isoformat() for x in moments(60)]
    unique = inspect_file(write(tmp_path / "a.csv", {name: [str(7000 + n) for n in range(60)], "Opened": times}))
    assert unique.tabular.columns == {"fingerprint": name, "fired_at": "Opened"}
    shared = inspect_file(write(tmp_path / "b.csv", {name: [str(7000 + n % 20) for n in range(60)], "Opened": times}))
    assert "fingerprint" not in shared.tabular.columns


@pytest.mark.parametrize(
    "name", ["No", "Number of alerts", "Phone Number", "Caller ID", "Row No", "Serial Number", "Host"]
)
def test_other_numbers_are_no_identity(tmp_path: Path, name: str) -> None:
    columns = {name: [f"+{7000 + n}" for n in range(60)], "Opened": [x.isoformat() for x in moments(60)]}
    assert "fingerprint" not in inspect_file(write(tmp_path / "a.csv", columns)).tabular.columns


@pytest.mark.parametrize("words", [["S1", "S2", "S3"], ["P1", "P2", "P3"], ["north", "south", "east"], ["1", "2", "3"]])
def test_a_place_is_no_severity_and_none_is_suggested(tmp_path: Path, words: list[str]) -> None:
    columns = {"Opened": [x.isoformat() for x in moments(60)], "Site": words * 20}
    found = inspect_file(write(tmp_path / "a.csv", columns))
    assert found.tabular.columns == {"fired_at": "Opened"}
    assert not any("severity" in warning for warning in found.warnings)


def test_repeated_states_of_one_alert_keep_its_identity(tmp_path: Path) -> None:
    t = [x.isoformat() for x in moments(100) for _ in range(3)]
    found = inspect_file(write(tmp_path / "states.csv", {"ticket": [f"T{i // 3}" for i in range(300)], "opened": t}))
    assert found.tabular.columns["fingerprint"] == "ticket"
    assert any("300 rows share 100 values. Rows with the same fingerprint and start" in w for w in found.warnings)


def test_the_whole_file_is_sampled(tmp_path: Path) -> None:
    t = moments(5_000, days=365)
    columns = {"time": [f"{x:%d/%m/%Y %H:%M}" for x in t], "id": range(5_000)}
    found = inspect_file(write(tmp_path / "long.csv", columns), sample_rows=200)
    assert found.n_rows == 5_000
    assert "field 1 reaches 31" in because(found, "time format")  # the first 200 rows end on 15 January
    assert found.tabular.columns["fingerprint"] == "id"
    assert "each of its 5,000 values is different" in because(found, "fingerprint")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"   \n", "is empty"),
        (b"\x1f\x8b garbage", "is damaged gzip"),
        (b"PAR1 garbage", "looks like Parquet but cannot be read"),
        (b"\x00\x01\x02", "holds binary data"),
        (b"<alerts/>", "it is JSON or XML"),
        (b'{"a": {"b": 1}, "c": 2}', "JSON with the keys a, c, of which no source reads any as an alert"),
        (b"[1, 2]", "JSON, of which no source reads any as an alert"),
        (b"time,service\n", r"has no rows below its header \(time, service\)"),
        (b"2024-01-01,db\n2024-01-02,db\n", "so is no header"),
        (
            b"name,size\na,1\nb,2\n",
            "no column says when an alert began; it has name, size, and none of them holds times",
        ),
        (b"name,updated_at\na,2024-01-01\n", "the times in updated_at are later changes"),
    ],
)
def test_what_is_no_history(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        inspect_file(path)
    assert caught.value.hint


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="no such file"):
        inspect_file(tmp_path / "absent.csv")
    with pytest.raises(SourceError, match="is a folder"):
        inspect_file(tmp_path)


def test_many_columns_are_listed_in_short(tmp_path: Path) -> None:
    path = write(tmp_path / "wide.csv", {f"c{chr(97 + i)}": ["x"] for i in range(20)})
    with pytest.raises(SourceError, match=r"co, \.\.\. \(20 columns\)"):
        inspect_file(path)


@pytest.mark.slow
def test_the_servicenow_log_has_a_source_of_its_own(shared_data: Path) -> None:
    found = inspect_file(shared_data / "servicenow_incident_log" / "incident_event_log.csv.gz")
    assert found.source == "servicenow"
    assert found.command.endswith("--store alerts.duckdb --source servicenow")
    assert "source = 'servicenow'" in found.python
    assert "141,712 rows of 24,918 incidents" in found.warnings[0]
    assert "field 1 reaches 31, so day first" in because(found, "time format")
    assert found.tabular.missing == ["?"]
    assert found.tabular.columns["fingerprint"] == "number"
    assert found.sentence.startswith("incident_event_log.csv.gz is a servicenow export")


def test_the_cloud_incidents(shared_data: Path, tmp_path: Path) -> None:
    found = inspect_file(shared_data / "cloud_incidents_gcp" / "gcp_incidents_dedup.parquet")
    assert found.source == "tabular"
    assert found.tabular.columns == {
        "fired_at": "event_start_time",
        "acknowledged_at": "first_notification",
        "resolved_at": "event_end_time",
        "severity": "severity",
        "service": "service_name",
        "message": "external_desc",
    }
    assert found.tabular.severities == {}  # high, medium and low are our words
    assert found.warnings == (
        "first_notification lies before event_start_time in 5 of 1,260 rows; such rows go to quarantine.",
        "No column is read as rule; if service_id or status_impact is it, add --map rule=COLUMN.",
    )
    rows = ingested(found, tmp_path)
    assert len(rows) == 1_319 - 5
    # Of the 157 without an end, two are among the five in quarantine.
    assert rows["resolved_at"].null_count() == 155


def test_the_network_alarms(shared_data: Path) -> None:
    found = inspect_file(shared_data / "network_alarms" / "alarm.csv")
    assert found.tabular.columns["rule"] == "alarm_id"
    assert any("counts seconds from an unknown start" in warning for warning in found.warnings)


def test_the_server_metrics_are_no_history(shared_data: Path) -> None:
    with pytest.raises(SourceError, match="no column says when an alert began"):
        inspect_file(shared_data / "server_metrics_asd" / "asd_test.parquet")


def test_the_public_face() -> None:
    assert aa.sources.inspect_file is inspect_file


def test_a_sample_is_a_sample_in_file_order(tmp_path: Path) -> None:
    columns = {"time": [x.isoformat() for x in moments(5_000)], "n": range(5_000)}
    sheet = read_sheet(write(tmp_path / "long.csv", columns), 200)
    kept = [int(n) for n in sheet.columns["n"] if n is not None]
    assert 140 < len(kept) < 260
    assert kept == sorted(kept)
    assert max(kept) > 4_500
    assert sheet.n_rows == 5_000


def test_a_mark_that_means_something_elsewhere_is_told(tmp_path: Path) -> None:
    t = moments(60)
    columns = {
        "start": [x.isoformat() for x in t],
        "end": ["none" if i % 2 else x.isoformat() for i, x in enumerate(t)],
        "service": ["none", "db", "web"] * 20,
    }
    found = inspect_file(write(tmp_path / "marks.csv", columns))
    assert found.tabular.missing == ["none"]
    assert "'none' stands for no time, and so counts as missing in service too." in found.warnings
    assert ingested(found, tmp_path)["resolved_at"].null_count() == 30


def test_columns_in_another_language_are_read_by_their_values(tmp_path: Path) -> None:
    rows = [
        f"S-{i};{1 + i % 28:02}.03.2025 08:15;{1 + i % 28:02}.03.2025 09:3{i % 7};P{1 + i % 4};x" for i in range(60)
    ]
    path = tmp_path / "stoerungen.csv"
    path.write_text("Störung;Beginn;Ende;Priorität;Regel\n" + "\n".join(rows) + "\n", encoding="utf-8")
    inspection = inspect_file(path)
    assert inspection.tabular.columns["fired_at"] == "Beginn"
    assert inspection.tabular.columns["resolved_at"] == "Ende"
    assert inspection.tabular.columns["severity"] == "Priorität"
    assert any("taken for the end" in warning for warning in inspection.warnings)


def test_two_later_times_without_a_name_are_left_to_the_reader(tmp_path: Path) -> None:
    rows = [f"2025-03-01T08:{i:02}:00Z;2025-03-01T09:{i:02}:00Z;2025-03-01T10:{i:02}:00Z" for i in range(60)]
    path = tmp_path / "three.csv"
    path.write_text("Beginn;Eins;Zwei\n" + "\n".join(rows) + "\n", encoding="utf-8")
    inspection = inspect_file(path)
    assert inspection.tabular.columns["fired_at"] == "Beginn"
    assert "resolved_at" not in inspection.tabular.columns
