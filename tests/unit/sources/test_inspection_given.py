"""What a user knows better stands in the mapping and in the command; the rest is guessed as before."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import alert_analytics as aa
from alert_analytics.cli.app import app
from alert_analytics.errors import SourceError
from alert_analytics.sources import inspect_file


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    rows = [
        f"{i},2026-03-{1 + i % 28:02} 10:{i % 60:02},{'red' if i % 2 else 'P1'},a{i % 3},b{i % 4}" for i in range(100)
    ]
    path.write_text("\n".join(["Ticket,Opened,Priority,Alarm,Host", *rows]))
    return path


def test_corrections_are_in_what_is_proposed(tickets: Path, tmp_path: Path) -> None:
    plain = inspect_file(tickets)
    assert plain.tabular is not None
    assert "rule" not in plain.tabular.columns
    assert any("names no zone: UTC is assumed" in one for one in plain.warnings)
    words = ("--map", "rule=Alarm", "--map", "severity=Priority", "--severity", "P1=critical", "--severity", "red=low")
    ran = CliRunner().invoke(app, ["inspect", str(tickets), *words, "--timezone", "Asia/Tokyo"], catch_exceptions=False)
    assert ran.exit_code == 0
    told = " ".join(ran.stdout.split())
    assert "rule: Alarm (as you say)" in told
    assert "zone: Asia/Tokyo (no value of Opened carries an offset)" in told
    assert "is assumed" not in told
    assert "No column is read as rule" not in told
    assert "without a known severity" not in told
    command = next(line for line in ran.stdout.splitlines() if line.startswith("alert-analytics ingest"))
    asked = shlex.split(command.replace("alerts.duckdb", str(tmp_path / "s.duckdb")))[1:]
    assert {*words, "Asia/Tokyo", "fired_at=Opened"} <= set(asked)
    assert CliRunner().invoke(app, asked, catch_exceptions=False).exit_code == 0
    history = aa.AlertHistory.open(tmp_path / "s.duckdb").to_polars()
    assert set(history["rule"]) == {"a0", "a1", "a2"}
    assert set(history["severity"]) == {"critical", "low"}
    assert history["fired_at"].min().hour == 1


def test_words_that_have_no_severity_even_now_are_told(tickets: Path) -> None:
    def told(**severities: str) -> list[str]:
        found = inspect_file(tickets, columns={"severity": "Priority"}, severities=severities)
        return [one for one in found.warnings if "without a known severity" in one]

    assert told(red="low") == []
    assert [one.partition("; ")[0] for one in told(P1="high")] == ["Priority has words without a known severity: 'red'"]


def test_a_column_that_is_given_has_no_other_part(tickets: Path) -> None:
    found = inspect_file(tickets, columns={"service": "Ticket"}).tabular
    assert found is not None
    assert [role for role, column in found.columns.items() if column == "Ticket"] == ["service"]
    labelled = inspect_file(tickets, columns={"rule": "Host"}).tabular
    assert labelled is not None
    assert "Host" not in labelled.labels


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"rule": "Alram"}, r"--map names 'Alram'; there are Ticket, .*did you mean 'Alarm'"),
        ({"rle": "Alarm"}, r"--map names 'rle'; there are .*did you mean 'rule'"),
        ({"fired_at": "Host"}, "Host holds no times, so it cannot be fired_at"),
    ],
)
def test_what_is_not_there(columns: dict[str, str], said: str, tickets: Path) -> None:
    with pytest.raises(SourceError, match=said):
        inspect_file(tickets, columns=columns)
