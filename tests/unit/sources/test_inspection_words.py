"""Names and severities of other people's exports."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alert_analytics.sources.inspection_mapping import MOST_LABELS, assign
from alert_analytics.sources.inspection_roles import Roles
from alert_analytics.sources.inspection_sheet import Sheet
from alert_analytics.sources.inspection_times import time_columns
from alert_analytics.sources.inspection_words import (
    COLUMN_NAMES,
    TIME_STEMS,
    forms,
    plain,
    severity_words,
    speak_of_severity,
)

T = [datetime(2024, 1, 1) + timedelta(hours=h) for h in range(60)]


@pytest.mark.parametrize(
    ("name", "words"),
    [("openedAt", "opened at"), ("Opened_At", "opened at"), ("CI Name", "ci name"), ("u_Störung-ID", "u störung id")],
)
def test_plain(name: str, words: str) -> None:
    assert plain(name) == words


@pytest.mark.parametrize(
    ("words", "spoken"),
    [
        (["High", "low"], True), (["P1", "P2"], True), (["1 - High", "2 - Low"], True),
        (["S1", "S2"], False), (["s-1", "S_2"], False), (["1", "2"], False), (["High", "Purple"], False),
    ],
)  # fmt: skip
def test_words_that_are_severities_whatever_the_column_is_called(words: list[str], spoken: bool) -> None:
    assert speak_of_severity(words) is spoken


def test_forms_drop_endings_of_times_and_beginnings() -> None:
    assert forms("event_start_time", time=True) == ["event start", "start"]
    assert forms("Open Time (UTC)", time=True) == ["open"]
    assert forms("timestamp", time=True) == [""]
    assert forms("date_opened", time=True) == ["date opened", "opened"]
    assert forms("u_alert_severity", time=False) == ["u alert severity", "alert severity", "severity"]


def test_every_known_name_is_written_as_plain_writes_it() -> None:
    for names in [*COLUMN_NAMES.values(), *TIME_STEMS.values()]:
        assert all(plain(name) == name for name in names)
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("words", "mapped"),
    [
        (["CRITICAL", "High", "medium"], "critical high medium"),
        (["1 - Critical", "2 - High", "3 - Moderate", "4 - Low", "5 - Planning"], "critical high medium low info"),
        (["P1", "P2", "P3", "P4", "P5"], "critical high medium low info"),
        (["P0", "P1", "P2"], "critical high medium"),
        (["sev1", "SEV-2", "Sev 3"], "critical high medium"),
        (["1", "2", "3", "4"], "critical high medium low"),
        (["0", "3", "4", "7"], "critical high medium info"),
        (["critical", "major", "minor", "warning", "indeterminate"], "critical high medium low info"),
        (["Disaster", "High", "Average", "Warning", "Not classified"], "critical high medium low info"),
        (["error", "warning", "info"], "high medium info"),
        (["major", "minor"], "high low"),
        (["SERVICE_OUTAGE", "outage"], "- critical"),
        (["high", "purple"], "high -"),
        (["9"], "-"),
    ],
)  # fmt: skip
def test_severity_words(words: list[str], mapped: str) -> None:
    found, unknown, told = severity_words(words)
    assert [found.get(word, "-") for word in words] == mapped.split()
    assert set(unknown) == {word for word in words if word not in found}
    assert told


def roles_of(columns: dict[str, list[str | None]]) -> Roles:
    sheet = Sheet(Path("absent"), None, 60, columns, dict.fromkeys(columns, "VARCHAR"))
    return assign(sheet, time_columns(sheet))


def times(hours: float = 0) -> list[str | None]:
    return [(t + timedelta(hours=hours)).isoformat() for t in T]


@pytest.mark.parametrize(
    ("fired", "resolved", "acknowledged"),
    [
        ("opened_at", "resolved_at", "acknowledged_at"),
        ("Open Time", "Resolved Time", "Ack Time"),
        ("startsAt", "endsAt", "acked"),
        ("start_timestamp", "end_timestamp", "first_response"),
        ("event_start_time", "event_end_time", "first_notification"),
        ("created", "closed", "Acknowledged On"),
        ("trigger_time", "recovery_time", "responded_at"),
        ("sys_created_on", "closed_at", "accepted_at"),
    ],
)
def test_times_by_name(fired: str, resolved: str, acknowledged: str) -> None:
    found = roles_of({resolved: times(2), acknowledged: times(1), fired: times(0), "updated_at": times(3)})
    assert found.columns == {"acknowledged_at": acknowledged, "resolved_at": resolved, "fired_at": fired}
    assert found.left_out == {"updated_at": "a time without a part in an alert's life"}
    assert found.because["resolved_at"] == f"by its name, and never before {fired}"


def test_opened_beats_created_and_resolved_beats_closed() -> None:
    found = roles_of({"created": times(0), "opened": times(0), "closed": times(5), "resolved": times(4)})
    assert found.columns == {"resolved_at": "resolved", "fired_at": "opened"}


def test_without_a_name_the_earliest_is_the_beginning_and_the_one_other_time_the_end() -> None:
    found = roles_of({"zweite": times(1), "erste": times(0), "last_update": times(-9)})
    assert found.columns == {"fired_at": "erste", "resolved_at": "zweite"}
    assert any("zweite is taken for the end" in warning for warning in found.warnings)


def test_columns_of_groups_and_counts() -> None:
    columns: dict[str, list[str | None]] = {
        "time": times(),
        "host": ["a", "b", "c"] * 20,
        "check": ["x", "y"] * 30,
        "Assignment Group": ["g", "h"] * 30,
        "assigned_to": ["p", "q"] * 30,
        "description": [f"text {i}" for i in range(60)],
        "reassignment_count": ["0", "1"] * 30,
        "value": [f"{i}.5" for i in range(60)],
        "tenant": ["acme"] * 60,
        "note": [f"note {i}" for i in range(60)],
        "constant": ["x"] * 60,
        "n_updates": ["1", "2"] * 30,
        "port": ["80", "443"] * 30,
        "status": ["open", "done"] * 30,
    }
    found = roles_of(columns)
    assert {role: name for role, name in found.columns.items() if role != "fired_at"} == {
        "service": "host",
        "rule": "check",
        "team": "Assignment Group",
        "assignee": "assigned_to",
        "message": "description",
        "reassignments": "reassignment_count",
        "value": "value",
        "tenant_id": "tenant",
    }
    assert found.labels == ["port"]
    assert found.left_out["note"] == "60 distinct values in 60 filled cells: too many to group by"
    assert found.left_out["constant"] == "has one value, or none"
    assert found.left_out["n_updates"] == "a number"
    assert found.left_out["status"] == "the times say how far an alert has come"


def test_a_sparse_column_is_no_service() -> None:
    found = roles_of({"time": times(), "service": ["a", "b", *[None] * 58], "host": ["x", "y", "z"] * 20})
    assert found.columns["service"] == "host"


def test_labels_have_an_end() -> None:
    many: dict[str, list[str | None]] = {f"tag {chr(97 + i)}": ["x", "y"] * 30 for i in range(MOST_LABELS + 2)}
    found = roles_of({"time": times(), **many})
    assert len(found.labels) == MOST_LABELS
    assert found.left_out["tag l"] == "10 labels are enough to begin with"
