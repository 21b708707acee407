"""ServiceNow's Table API: three ways to write a field, snapshots that update one another, one timeline with the log."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alert_analytics import AlertStore
from alert_analytics.errors import SourceError
from alert_analytics.sources import ServiceNow, ServiceNowTable
from tests.ingested import alerts_after, mixed_up
from tests.renderers import servicenow, servicenow_table, story
from tests.staging import staged

PAYLOADS = Path(__file__).parents[2] / "payloads" / "servicenow_table"
OPENED, UPDATED, RESOLVED = (datetime(2026, 3, 2, *at) for at in ((10, 0, 37), (12, 0, 5), (11, 58, 12)))


def record(name: str = "all.json", **values: Any) -> dict[str, Any]:
    """The resolved incident, with some fields changed; None takes one away."""
    payload: dict[str, Any] = json.loads((PAYLOADS / name).read_text(encoding="utf-8"))["result"][0] | values
    return {key: value for key, value in payload.items() if value is not None}


def at(updated: str, state: str, place: int, **values: Any) -> dict[str, Any]:
    return record(
        "plain.json",
        **{"sys_updated_on": updated, "state": state, "sys_mod_count": str(place), "resolved_at": "", **values},
    )


def said(payload: dict[str, Any], source: ServiceNowTable | None = None) -> list[dict[str, Any]]:
    found = staged(source or ServiceNowTable(), [payload])
    assert found.refused == []
    return [{key: value for key, value in one.items() if key not in {"line", "original"}} for one in found.events]


def test_a_record_gives_each_column() -> None:
    fire, resolve = said(record())
    assert fire == {"kind": "fire", "fingerprint": "INC0010023", "happened_at": OPENED}
    assert resolve == {
        "kind": "resolve",
        "fingerprint": "INC0010023",
        "happened_at": RESOLVED,
        "observed_at": UPDATED,
        "fired_at": OPENED,
        "sequence": 6,
        "rule": "Database",
        "service": "ORA01",
        "team": "Database",
        "severity": "high",
        "message": "Orders cannot be saved",
        "assignee": "Ana Ruiz",
        "occurrences": 1,
        "reassignments": 1,
        "reopens": 0,
        "labels": {"subcategory": "DB2", "contact_type": "Phone", "impact": "1 - High", "urgency": "2 - Medium"},
        "metadata": '{"close_code": "Solved (Permanently)", "sys_id": "a83820b58f723300e7e16c7827bdeed2"}',
    }


def test_plain_values_and_references_say_the_same_without_names() -> None:
    names = {"8a5055c9c61122780043563ef53438e3": "Database", "26da329f0a0a0bb400f69d8159bc753d": "ORA01"}
    shown, plain = said(record())[1], said(record("plain.json"), ServiceNowTable(names=names))[1]
    assert {name for name in shown if shown[name] != plain[name]} == {"rule", "assignee", "labels"}
    assert plain["assignee"] == "46d44a23a9fe19810012d100cca80666"
    assert plain["labels"] == {"subcategory": "db2", "contact_type": "phone", "impact": "1", "urgency": "2"}


def test_display_values_alone_are_in_the_zone_of_whoever_asked() -> None:
    [(_, reason, _)] = staged(ServiceNowTable(), PAYLOADS / "display.json").refused
    assert reason == (
        "display values only, whose times are in the zone of whoever asked: ask with sysparm_display_value=all, "
        "or give ServiceNowTable(timezone=...)"
    )
    assert said(record("display.json"), ServiceNowTable(timezone="America/Los_Angeles")) == said(record())


def test_a_state_that_is_an_instances_own_word_is_none_that_is_shown() -> None:
    source = ServiceNowTable(states={"Parked": "open"})
    assert said(record(state={"value": "parked", "display_value": "Parked"}), source)[1]["kind"] == "reopen"


@pytest.mark.parametrize(
    ("state", "kinds"),
    [
        ("1", ["fire", "reopen"]),
        ("2", ["fire", "reopen", "acknowledge"]),
        ("3", ["fire", "reopen"]),
        ("6", ["fire", "resolve"]),
        ("7", ["fire", "resolve"]),
        ("8", ["fire", "resolve"]),
    ],
)
def test_states(state: str, kinds: list[str]) -> None:
    found = said(at("2026-03-02 12:00:05", state, 3))
    assert [one["kind"] for one in found] == kinds
    assert found[1].get("resolution") == ("cancelled" if state == "8" else None)
    assert {one["observed_at"] for one in found[1:]} == {UPDATED}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, RESOLVED),
        ({"closed_at": "2026-03-02 11:59:00"}, RESOLVED),  # never where resolved_at is there
        ({"state": "7", "resolved_at": "", "closed_at": "2026-03-02 11:59:00"}, datetime(2026, 3, 2, 11, 59)),
        ({"state": "7", "resolved_at": "", "closed_at": "2026-03-09 12:00:00"}, UPDATED),  # planned, not done
        ({"resolved_at": ""}, UPDATED),
    ],
)
def test_the_end_is_the_best_that_is_known(values: dict[str, Any], expected: datetime) -> None:
    assert said(record("plain.json", **values))[1]["happened_at"] == expected


def test_snapshots_update_one_another() -> None:
    shots = [
        at("2026-03-02 10:00:40", "1", 0, assigned_to=""),
        at("2026-03-02 10:30:00", "2", 1),
        at("2026-03-02 10:40:00", "2", 2, priority="1"),
        at("2026-03-02 11:00:00", "6", 3, resolved_at="2026-03-02 10:59:00"),
        at("2026-03-02 11:30:00", "2", 4, reopen_count="1"),
        at("2026-03-02 12:00:05", "6", 6, resolved_at="2026-03-02 11:58:12", reopen_count="1"),
        at("2026-03-09 12:00:05", "7", 7, resolved_at="2026-03-02 11:58:12", closed_at="2026-03-09 12:00:05"),
    ]  # fmt: skip
    stands = [alerts_after(ServiceNowTable(), shots[: n + 1])[0] for n in range(len(shots))]
    assert [(one["status"], one["acknowledged_at"], one["resolved_at"], one["severity"]) for one in stands] == [
        ("firing", None, None, "high"),
        ("acknowledged", datetime(2026, 3, 2, 10, 30), None, "high"),
        ("acknowledged", datetime(2026, 3, 2, 10, 30), None, "critical"),
        ("resolved", datetime(2026, 3, 2, 10, 30), datetime(2026, 3, 2, 10, 59), "high"),
        ("acknowledged", datetime(2026, 3, 2, 10, 30), None, "high"),
        ("resolved", datetime(2026, 3, 2, 10, 30), RESOLVED, "high"),
        ("resolved", datetime(2026, 3, 2, 10, 30), RESOLVED, "high"),
    ]
    assert stands[-1]["reopens"] == 1
    for seed in range(3):
        [mixed] = alerts_after(ServiceNowTable(), *mixed_up(shots, seed))
        assert {**mixed, "ingested_at": None} == {**stands[-1], "ingested_at": None}


def test_of_several_snapshots_without_an_end_the_first_says_it() -> None:
    first, second = (
        at("2026-03-02 11:00:00", "6", 3),
        at("2026-03-09 11:00:00", "7", 4, closed_at="2026-03-09 11:00:00"),
    )
    [alert] = alerts_after(ServiceNowTable(), [second], [first])
    assert alert["resolved_at"] == datetime(2026, 3, 2, 11)


def test_as_of_sees_a_snapshot_from_its_last_change_on() -> None:
    shots = [at("2026-03-02 10:30:00", "2", 1), record()]
    [alert] = alerts_after(ServiceNowTable(), shots, as_of=datetime(2026, 3, 2, 12))
    assert (alert["status"], alert["resolved_at"]) == ("acknowledged", None)
    [alert] = alerts_after(ServiceNowTable(), shots, as_of=datetime(2026, 3, 2, 12, 1))
    assert (alert["status"], alert["resolved_at"]) == ("resolved", RESOLVED)


def test_the_log_and_the_table_of_one_instance_meet_in_one_timeline() -> None:
    alerts, moment = story.alerts(), story.START + 3 * (story.END - story.START) / 7
    early = [one for one in servicenow.render(alerts) if _minute(one["sys_updated_at"]) < moment]
    late = servicenow_table.render(alerts)
    with AlertStore.open() as store:
        store.ingest(servicenow.table(early), source=ServiceNow())
        report = store.ingest(late, source=ServiceNowTable())
        assert report.n_read == len(alerts)
        assert report.n_updated + report.n_new + report.n_duplicate == len(alerts)
        rows = store.history().to_polars().to_dicts()
    assert {row["source"] for row in rows} == {"servicenow"}
    cannot = {**servicenow.CANNOT_SAY, **servicenow_table.CANNOT_SAY}
    assert story.comparable(rows, cannot) == story.told(alerts, cannot)


def test_a_log_to_the_minute_and_a_table_to_the_second_tell_of_one_occurrence() -> None:
    row = servicenow.render(story.alerts())[0] | {
        "number": "INC0010023",
        "opened_at": "02/03/2026 10:00",
        "sys_updated_at": "02/03/2026 10:00",
    }
    with AlertStore.open() as store:
        store.ingest(servicenow.table([row]), source=ServiceNow())
        store.ingest([record()], source=ServiceNowTable())
        [alert] = store.history().to_polars().to_dicts()
    assert (alert["fired_at"], alert["resolved_at"], alert["occurrences"]) == (datetime(2026, 3, 2, 10), RESOLVED, 1)


def test_the_user_says_what_means_what() -> None:
    source = ServiceNowTable(
        severities={"2": "critical"},
        states={"6": "open"},
        labels={"caller_id": "caller", "caller_id.email": "mail", "category": "kind", "missing": "missing"},
        tenant_field="sys_domain",
    )
    fire, change = said(record(**{"caller_id.email": "ana@example.com"}), source)
    assert (fire["tenant_id"], change["tenant_id"]) == ("global", "global")
    assert (change["kind"], change["severity"]) == ("reopen", "critical")
    assert change["labels"] == {"caller": "Ana Ruiz", "mail": "ana@example.com", "kind": "Database"}
    assert said(record(priority="9"))[1]["severity"] == "9"  # unknown: the store's to judge
    with pytest.raises(SourceError, match=r"ServiceNowTable maps states to \['parked'\]; expected open, acknowledged"):
        ServiceNowTable(states={"9": "parked"})
    with pytest.raises(SourceError, match=r"ServiceNowTable maps severities to \['bad'\]"):
        ServiceNowTable(severities={"1": "bad"})
    with pytest.raises(SourceError, match="timezone='Mars'; expected such as Europe/Paris"):
        ServiceNowTable(timezone="Mars")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"number": None}, "number: Field required"),
        ({"number": ""}, "no number"),
        ({"state": None, "incident_state": None}, "state: Field required"),
        ({"state": "9"}, "unknown state '9'"),
        ({"state": ""}, "no state"),
        ({"opened_at": ""}, "no opened_at"),
        ({"sys_updated_on": ""}, "no sys_updated_on"),
        ({"sys_updated_on": "02/03/2026 12:00"}, "sys_updated_on is no time in the format YYYY-MM-DD HH:MM:SS"),
        ({"opened_at": "2026-02-30 12:00:00"}, "opened_at is no time in the format YYYY-MM-DD HH:MM:SS"),
        ({"opened_at": {"display_value": "2026-03-02 02:00:37"}}, "opened_at has a display value only"),
        ({"sys_mod_count": "many"}, "sys_mod_count is no whole number"),
        ({"category": ["a"]}, "category: expected a text, or an object with value or display_value"),
        ({"category": {"a": 1}}, "category: expected value or display_value"),
        ({"location": ["a"]}, "expected a text, or an object with value or display_value"),
    ],
)
def test_what_makes_no_sense_is_set_aside(values: dict[str, Any], reason: str) -> None:
    found = staged(ServiceNowTable(), [record("plain.json", **values)])
    assert found.events == []
    assert [said for _, said, _ in found.refused] == [reason]


def test_without_its_tenant_a_record_is_set_aside() -> None:
    [(_, reason, _)] = staged(ServiceNowTable(tenant_field="company"), [record()]).refused
    assert reason == "company says no tenant"


def test_a_single_record_comes_in_a_result_of_its_own() -> None:
    found = staged(ServiceNowTable(), PAYLOADS / "single.json")
    assert found.n_records == 1
    assert [one["happened_at"] for one in found.events] == [OPENED, datetime(2026, 3, 9, 12, 0, 5)]


def test_as_of_a_moment_is_what_had_been_told_by_then() -> None:
    moment = story.START + 3 * (story.END - story.START) / 7
    payloads = servicenow_table.render(story.alerts())
    by_then = [one for one in payloads if datetime.fromisoformat(one["sys_updated_on"]["value"]) < moment]
    then = story.comparable(alerts_after(ServiceNowTable(), by_then), ["occurrences"])
    assert story.comparable(alerts_after(ServiceNowTable(), payloads, as_of=moment), ["occurrences"]) == then


def _minute(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M")
