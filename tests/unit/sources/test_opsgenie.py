"""Opsgenie's alerts: what a snapshot may claim, and when."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alert_analytics import AlertStore
from alert_analytics.errors import SourceError
from alert_analytics.sources import Opsgenie
from tests.ingested import alerts_after, mixed_up
from tests.renderers import opsgenie, story
from tests.staging import staged

PAYLOADS = Path(__file__).parents[2] / "payloads" / "opsgenie"


def alert(name: str = "get.json", **values: Any) -> dict[str, Any]:
    """The closed alert, with some fields changed; None takes one away."""
    payload = json.loads((PAYLOADS / name).read_text(encoding="utf-8"))["data"] | values
    return {key: value for key, value in payload.items() if value is not None}


def opened(updated: str, **values: Any) -> dict[str, Any]:
    return alert(status="open", snoozed=False, report=None, owner="", updatedAt=updated) | values


def said(payload: dict[str, Any], source: Opsgenie | None = None) -> list[dict[str, Any]]:
    found = staged(source or Opsgenie(), [payload])
    assert found.refused == []
    return [{key: value for key, value in one.items() if key not in {"line", "original"}} for one in found.events]


def test_an_alert_gives_each_column() -> None:
    begun = datetime(2026, 3, 2, 10, 32, 52, 353000)
    fire, acknowledge, unsuppress, resolve, change = said(alert(), Opsgenie(names={alert()["teams"][0]["id"]: "dba"}))
    known = {"fingerprint": "disk-db-01", "fired_at": begun}
    assert fire == {"kind": "fire", "fingerprint": "disk-db-01", "happened_at": begun}
    assert acknowledge == known | {
        "kind": "acknowledge",
        "happened_at": datetime(2026, 3, 2, 10, 33, 8, 55000),
        "assignee": "ben@example.com",
    }
    ended = datetime(2026, 3, 2, 11, 32, 52, 856000)
    assert unsuppress == known | {"kind": "unsuppress", "happened_at": ended}
    assert resolve == known | {"kind": "resolve", "happened_at": ended, "resolution": "manual"}
    assert change == known | {
        "kind": "change",
        "happened_at": datetime(2026, 3, 2, 11, 32, 57, 301000),
        "rule": "DiskFilling",
        "service": "database",
        "team": "dba",
        "severity": "low",
        "message": "The disk of db-01 is filling",
        "assignee": "ana@example.com",
        "occurrences": 79,
        "labels": {
            "alertname": "DiskFilling",
            "service": "database",
            "percent": "95",
            "tags": "Critical,OverwriteQuietHours",
        },
        "metadata": '{"id": "70413a06-38d6-4c85-92b8-5ebc900d42e2", "integration": "Nagios Prod", "source": "nagios", '
        '"tinyId": "1791"}',
    }


def test_a_list_says_less() -> None:
    found = staged(Opsgenie(), PAYLOADS / "list.json")
    assert (found.n_records, found.refused) == (2, [])
    first, second = (one for one in found.events if one["kind"] == "change")
    assert (first["rule"], first.get("service"), first["team"]) == (
        "nagios",
        None,
        "4513b7ea-3b91-438f-b7e4-e3e54af9147c",  # the responder that is a team
    )
    assert (second["fingerprint"], second["severity"]) == ("8418d193-2dab-4490-b331-8c02cdd196b7", "medium")
    assert "assignee" not in second
    assert "labels" not in second


def test_snapshots_of_one_alert_follow_its_life() -> None:
    taken = {"acknowledged": True, "report": {"ackTime": 60_000, "acknowledgedBy": "ben@example.com"}}
    shots = [
        opened("2026-03-02T10:32:52.353Z", acknowledged=False, count=1),
        opened("2026-03-02T10:33:52.353Z", **taken, count=2),
        opened("2026-03-02T10:40:00Z", **taken, snoozed=True, count=5),
        opened("2026-03-02T10:50:00Z", acknowledged=False, report=taken["report"], count=6),
        alert(),
    ]
    stands = [alerts_after(Opsgenie(), shots[: n + 1])[0] for n in range(len(shots))]
    took = datetime(2026, 3, 2, 10, 33, 52, 353000)
    assert [(one["status"], one["acknowledged_at"], one["occurrences"]) for one in stands[:4]] == [
        ("firing", None, 1),
        ("acknowledged", took, 2),
        ("suppressed", took, 5),
        ("firing", None, 6),
    ]
    assert (stands[4]["status"], stands[4]["assignee"], stands[4]["occurrences"]) == ("resolved", "ana@example.com", 79)
    for seed in range(3):
        [mixed] = alerts_after(Opsgenie(), *mixed_up(shots, seed))
        assert {**mixed, "ingested_at": None} == {**stands[4], "ingested_at": None}


def test_an_alias_comes_again_as_another_alert() -> None:
    again = alert(
        id="1", createdAt="2026-03-02T12:00:00Z", updatedAt="2026-03-02T12:30:00Z", report={"closeTime": 900000}
    )
    first, second = alerts_after(Opsgenie(), [again], [alert()])
    assert first["fingerprint"] == second["fingerprint"] == "disk-db-01"
    assert (first["resolved_at"], second["resolved_at"]) == (
        datetime(2026, 3, 2, 11, 32, 52, 856000),
        datetime(2026, 3, 2, 12, 15),
    )
    assert (first["occurrences"], second["occurrences"]) == (79, 79)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ({"report": None}, "resolve", datetime(2026, 3, 2, 11, 32, 57, 301000)),
        ({"report": {"closeTime": 1}}, "resolve", datetime(2026, 3, 2, 10, 32, 52, 354000)),
        (
            {"status": "open", "acknowledged": True, "report": None},
            "acknowledge",
            datetime(2026, 3, 2, 11, 32, 57, 301000),
        ),
        ({"updatedAt": None}, "change", datetime(2026, 3, 2, 11, 5, 50, 894000)),
        ({"updatedAt": None, "lastOccurredAt": None}, "change", datetime(2026, 3, 2, 10, 32, 52, 353000)),
    ],
)
def test_times_that_are_not_said_are_those_of_the_last_change(
    values: dict[str, Any], kind: str, expected: datetime
) -> None:
    [event] = [one for one in said(alert(**values)) if one["kind"] == kind]
    assert event["happened_at"] == expected


def test_nobody_closed_it_by_hand_where_no_person_is_named() -> None:
    [event] = [one for one in said(alert(report={"closeTime": 1, "closedBy": "Alert API"})) if one["kind"] == "resolve"]
    assert "resolution" not in event


def test_the_user_says_what_means_what() -> None:
    source = Opsgenie(severities={"P4": "critical"}, rule_details=["check"], service_details=["app"])
    change = said(alert(details={"check": "c", "app": "a", "n": 3, "none": None, "alertname": "x"}), source)[-1]
    assert (change["severity"], change["rule"], change["service"]) == ("critical", "c", "a")
    assert change["labels"] == {
        "check": "c",
        "app": "a",
        "n": "3",
        "alertname": "x",
        "tags": "Critical,OverwriteQuietHours",
    }
    assert said(alert(details={}), source)[-1]["service"] == "db-01"  # the entity
    assert said(alert(priority="P9"))[-1]["severity"] == "P9"  # unknown: the store's to judge
    with pytest.raises(SourceError, match=r"Opsgenie maps severities to \['bad'\]"):
        Opsgenie(severities={"P1": "bad"})


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (alert(createdAt=None), "createdAt: Field required"),
        (alert(status="deleted"), "status: Input should be 'open' or 'closed'"),
        (alert(alias="", id=""), "neither alias nor id"),
        (alert(report=None, updatedAt=None), "closed, but neither report.closeTime nor updatedAt"),
        (alert(report={"ackTime": 10**30}), "Python int too large to convert to C int"),
        (alert(report={"ackTime": [1]}), "report.ackTime: Input should be a valid integer"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_set_aside(payload: dict[str, Any], reason: str) -> None:
    found = staged(Opsgenie(), [payload])
    assert found.events == []
    assert [said for _, said, _ in found.refused] == [reason]


def test_an_alert_with_an_unknown_priority_is_set_aside() -> None:
    with AlertStore.open() as store:
        report = store.ingest([alert(priority="P9")], source=Opsgenie())
        assert (report.n_read, report.n_quarantined) == (1, 1)
        assert store.history().quarantine().to_pylist()[0]["reason"] == "unknown severity 'p9'"


def test_as_of_a_moment_is_what_had_been_told_by_then() -> None:
    moment = story.START + 3 * (story.END - story.START) / 7
    payloads = opsgenie.render(story.alerts())
    by_then = [one for one in payloads if datetime.fromisoformat(one["updatedAt"]).replace(tzinfo=None) < moment]
    then = story.comparable(alerts_after(opsgenie.source(), by_then), ["occurrences"])
    assert story.comparable(alerts_after(opsgenie.source(), payloads, as_of=moment), ["occurrences"]) == then
