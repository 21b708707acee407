"""PagerDuty's incidents and log entries: whichever way they are told, they meet in one alert."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alert_analytics.errors import SourceError
from alert_analytics.sources import PagerDuty
from tests.ingested import alerts_after, mixed_up
from tests.renderers import pagerduty, story
from tests.staging import staged

PAYLOADS = Path(__file__).parents[2] / "payloads" / "pagerduty"


def read(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))


def incident(**values: Any) -> dict[str, Any]:
    """The resolved incident, with some fields changed; None takes one away."""
    payload = read("incident.json")["incident"] | values
    return {name: value for name, value in payload.items() if value is not None}


def entry(place: int, **values: Any) -> dict[str, Any]:
    payload = read("with_log_entries.json")[0]["log_entries"][place] | values
    return {name: value for name, value in payload.items() if value is not None}


def minute(minutes: int, seconds: int = 0) -> datetime:
    return datetime(2026, 3, 2, 10 + minutes // 60, minutes % 60, seconds)


def said(payload: dict[str, Any], source: PagerDuty | None = None) -> list[dict[str, Any]]:
    found = staged(source or PagerDuty(), [payload])
    assert found.refused == []
    return [{key: value for key, value in one.items() if key not in {"line", "original"}} for one in found.events]


def test_an_incident_alone_says_when_it_began_and_ended_and_how_it_stands() -> None:
    fire, resolve, change = said(read("incident.json"))
    known = {
        "fingerprint": "PT4KHLK",
        "rule": "Checkout",
        "service": "Checkout",
        "origin": "https://acme.pagerduty.com",
    }
    assert fire == {"kind": "fire", "happened_at": minute(0, 42)} | known
    assert resolve == known | {
        "kind": "resolve",
        "happened_at": minute(62, 23),
        "fired_at": minute(0, 42),
        "resolution": "manual",
    }
    assert change == known | {
        "kind": "change",
        "happened_at": minute(62, 23),
        "fired_at": minute(0, 42),
        "team": "Payments",
        "severity": "high",
        "message": "The payment queue is full.",
        "metadata": '{"incident_key": "baf7cf21b1da41b4b0221008339ff357", "incident_number": 1234}',
    }


def test_log_entries_say_what_happened() -> None:
    found = staged(PagerDuty(), PAYLOADS / "log_entries.json")
    assert found.n_records == 12
    told = [(one["kind"], one["happened_at"], one.get("assignee")) for one in reversed(found.events)]
    assert told == [
        ("fire", minute(0, 42), None),
        ("change", minute(0, 42), "Ana Ruiz"),  # by the escalation policy: no reassignment
        ("notify", minute(0, 45), None),
        ("notify", minute(0, 45), None),
        ("acknowledge", minute(4, 10), "Ana Ruiz"),
        ("change", minute(5), None),
        ("acknowledge", minute(6), "Ana Ruiz"),  # snoozed
        ("unacknowledge", minute(34, 10), None),
        ("escalate", minute(39, 10), "Ben Okoye"),
        ("reassign", minute(40), "Ana Ruiz"),
        ("acknowledge", minute(41), "Ana Ruiz"),
        ("resolve", minute(62, 23), None),
    ]
    assert {one["fingerprint"] for one in found.events} == {"PT4KHLK"}
    assert found.events[-1]["labels"] == {"queue": "payments", "depth": "5120"}
    assert found.events[0]["resolution"] == "manual"


@pytest.mark.slow
def test_told_alone_together_or_in_its_entries_an_incident_is_one_alert() -> None:
    alone, entries, together = read("incident.json"), read("log_entries.json"), read("with_log_entries.json")
    with_incident = [one | {"incident": incident()} for one in entries["log_entries"]]
    ways = [
        [together],
        [[alone], [entries]],
        [[entries], [alone]],
        [[alone], together, [entries]],
        [with_incident],
        *([[one] for one in with_incident[first:]] + [[one] for one in with_incident[:first]] for first in (1, 6)),
    ]
    [whole], *others = [alerts_after(PagerDuty(), *way) for way in ways]
    expected = {
        "fired_at": minute(0, 42),
        "acknowledged_at": minute(41),
        "resolved_at": minute(62, 23),
        "status": "resolved",
        "assignee": "Ana Ruiz",
        "resolution": "manual",
        "severity": "high",
        "occurrences": 1,
        "notifications": 2,
        "escalations": 1,
        "reassignments": 1,
        "labels": {"queue": "payments", "depth": "5120"},
    }
    assert {name: whole[name] for name in expected} == expected
    for [other] in others:
        assert {**other, "ingested_at": whole["ingested_at"]} == whole


def test_an_incident_whose_acknowledgements_are_there_says_them() -> None:
    [_, one] = [
        [one for one in staged(PagerDuty(), PAYLOADS / "incidents.json").events if one["line"] == n] for n in (1, 2)
    ]
    assert [(event["kind"], event.get("assignee")) for event in one] == [
        ("fire", None),
        ("reopen", None),
        ("acknowledge", "Ben Okoye"),
        ("change", "Ben Okoye"),
    ]
    assert one[-1]["severity"] == "low"  # no priority: the urgency
    assert one[-1]["happened_at"] == datetime(2026, 3, 2, 12, 30)
    taken = incident(status="acknowledged", last_status_change_at="2026-03-02T10:04:10Z", resolved_at=None)
    assert [(one["kind"], one["happened_at"]) for one in said(taken)] == [
        ("fire", minute(0, 42)),
        ("reopen", minute(4, 10)),
        ("acknowledge", minute(4, 10)),
        ("change", minute(62, 23)),
    ]


def test_snapshots_of_one_incident_follow_its_life() -> None:
    """Triggered, acknowledged, triggered again, resolved, reopened: each time it is asked for it says so."""
    ana = {"acknowledger": {"type": "user_reference", "summary": "Ana"}}
    shown = [
        {"status": "triggered", "last_status_change_at": "2026-03-02T10:00:42Z"},
        {
            "status": "acknowledged",
            "last_status_change_at": "2026-03-02T10:05:00Z",
            "acknowledgements": [{"at": "2026-03-02T10:05:00Z", **ana}],
        },
        {"status": "triggered", "last_status_change_at": "2026-03-02T10:35:00Z"},
        {"status": "resolved", "last_status_change_at": "2026-03-02T10:50:00Z", "resolved_at": "2026-03-02T10:50:00Z"},
        {"status": "triggered", "last_status_change_at": "2026-03-02T11:00:00Z"},
    ]
    shots = [incident(**({"resolved_at": None} | one), updated_at=one["last_status_change_at"]) for one in shown]
    stands = [alerts_after(PagerDuty(), shots[: n + 1])[0] for n in range(len(shots))]
    assert [(one["status"], one["acknowledged_at"], one["resolved_at"], one["reopens"]) for one in stands] == [
        ("firing", None, None, None),
        ("acknowledged", minute(5), None, None),
        ("firing", None, None, None),
        ("resolved", None, minute(50), None),
        ("firing", None, None, 1),
    ]
    for seed in range(3):
        [mixed] = alerts_after(PagerDuty(), *mixed_up(shots, seed))
        assert {**mixed, "ingested_at": None} == {**stands[-1], "ingested_at": None}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"resolved_at": None}, minute(62, 23)),  # an API before there was resolved_at
        ({"resolved_at": None, "last_status_change_at": "2026-03-02T10:59:00Z"}, minute(59)),
        ({"resolved_at": "2026-03-02T10:58:00Z"}, minute(58)),
    ],
)
def test_the_end_is_resolved_at_else_the_last_change_of_status(values: dict[str, Any], expected: datetime) -> None:
    assert said(incident(**values))[1]["happened_at"] == expected


@pytest.mark.parametrize(
    ("place", "values", "resolution"),
    [
        (11, {}, "manual"),
        (11, {"agent": {"type": "service_reference"}}, "automatic"),
        (11, {"channel": {"type": "timeout"}, "agent": {"type": "service_reference"}}, "expired"),
        (11, {"agent": None}, None),
    ],
)
def test_who_resolved_it(place: int, values: dict[str, Any], resolution: str | None) -> None:
    assert said(entry(place, **values))[0].get("resolution") == resolution


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("reopen", "reopen"),
        ("delegate", "reassign"),
        ("reassign", "reassign"),
        ("urgency_change", "change"),
        ("exhaust_escalation_path", "change"),
    ],
)
def test_other_entries(kind: str, expected: str) -> None:
    assert said(entry(5, type=f"{kind}_log_entry"))[0]["kind"] == expected


def test_messages_of_one_second_are_counted_and_a_repeated_one_is_not() -> None:
    fire, first, second = entry(0), entry(2), entry(3)
    [alert] = alerts_after(PagerDuty(), [fire, first, second], [second, first])
    assert alert["notifications"] == 2


def test_a_further_trigger_is_an_occurrence() -> None:
    again = entry(0, id="QAGAIN", created_at="2026-03-02T10:01:00Z")
    [alert] = alerts_after(PagerDuty(), [entry(0), again])
    assert (alert["occurrences"], alert["fired_at"]) == (2, minute(0, 42))


@pytest.mark.parametrize(
    ("rule_of", "payload", "rule"),
    [
        ("service", "incident", "Checkout"),
        ("title", "incident", "The payment queue is full."),
        ("class", "incident", None),
        ("service", "entry", "Checkout"),
        ("title", "entry", None),
        ("class", "entry", "QueueGrowing"),
    ],
)
def test_the_user_says_what_the_rule_is(rule_of: str, payload: str, rule: str | None) -> None:
    given = incident() if payload == "incident" else entry(0)
    assert {one.get("rule") for one in said(given, PagerDuty(rule_of=rule_of))} == {rule}


def test_without_a_title_the_summary_says_it() -> None:
    assert said(incident(title=None))[-1]["message"] == "The payment queue is full."


def test_the_user_says_what_priorities_mean() -> None:
    sev = {"type": "priority_reference", "summary": "SEV-1"}
    assert said(incident(priority=sev))[-1]["severity"] == "SEV-1"  # unknown: the store's to judge
    assert said(incident(priority=sev), PagerDuty(severities={"Sev-1": "critical"}))[-1]["severity"] == "critical"
    assert said(incident(), PagerDuty(severities={"P2": "low"}))[-1]["severity"] == "low"
    with pytest.raises(SourceError, match=r"PagerDuty maps severities to \['urgent'\]; expected info, low"):
        PagerDuty(severities={"P1": "urgent"})
    with pytest.raises(SourceError, match=r"PagerDuty has rule_of='name'; expected service, title, class[.]"):
        PagerDuty(rule_of="name")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (incident(created_at=None), "incident.created_at: Field required"),
        (incident(status="closed"), "incident.status: Input should be 'triggered', 'acknowledged' or 'resolved'"),
        (incident(created_at="2026-03-02T10:00:00"), "incident.created_at: Input should have timezone info"),
        (
            incident(resolved_at=None, last_status_change_at=None),
            "incident: resolved, but neither resolved_at nor last_status_change_at",
        ),
        (incident(id=""), "incident says no id"),
        (entry(0, created_at=None), "log entry.created_at: Field required"),
        (entry(0, incident=None), "log entry: incident says no id"),
        (entry(0, incident={"summary": "x"}), "log entry: incident says no id"),
        ({"incident": {"id": 3}}, "incident.id: Input should be a valid string (and 2 more)"),
    ],
)
def test_what_makes_no_sense_is_set_aside(payload: dict[str, Any], reason: str) -> None:
    found = staged(PagerDuty(), [payload])
    assert found.events == []
    assert [said for _, said, _ in found.refused] == [reason]


def test_an_incident_with_its_log_entries_is_one_payload_in_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "incidents.jsonl"
    path.write_text(json.dumps(read("with_log_entries.json")[0]) + "\n" + json.dumps(read("incidents.json")) + "\n")
    found = staged(PagerDuty(), path)
    assert found.n_records == 3
    assert [one["kind"] for one in found.events if one["line"] == 1].count("resolve") == 2


def test_incidents_with_their_log_entries_tell_the_whole_story() -> None:
    alerts = story.alerts()
    told = alerts_after(pagerduty.source(), pagerduty.whole(alerts))
    assert story.comparable(told) == story.told(alerts)


def test_as_of_a_moment_is_what_had_been_told_by_then() -> None:
    alerts, moment = story.alerts(), story.START + 3 * (story.END - story.START) / 7
    payloads = pagerduty.render(alerts)
    by_then = [one for one in payloads if _told_at(one) < moment]
    now = story.comparable(alerts_after(pagerduty.source(), by_then))
    assert story.comparable(alerts_after(pagerduty.source(), payloads, as_of=moment), ["occurrences"]) == (
        story.comparable(now, ["occurrences"])
    )


def _told_at(payload: dict[str, Any]) -> datetime:
    at = payload["created_at"] if payload["type"].endswith("log_entry") else payload["updated_at"]
    return datetime.fromisoformat(at).replace(tzinfo=None)
