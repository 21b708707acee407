"""What all payloads have in common: a time is written as one, and a number is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alert_analytics.sources import Alertmanager, AlertmanagerPoll, Opsgenie, PagerDuty
from tests.staging import staged

AT = "2026-03-02T10:00:00Z"
LATER = "2026-03-02 10:20:00.5+00:00"  # with a space, as some write it


def webhook(starts: Any = AT, ends: Any = LATER) -> Any:
    return {"alerts": [{"status": "resolved", "labels": {"a": "b"}, "startsAt": starts, "endsAt": ends}]}


def poll(starts: Any = AT, ends: Any = LATER, polled: Any = LATER) -> Any:
    alert = {"fingerprint": "f", "status": {"state": "active"}, "labels": {"a": "b"}}
    return alert | {"startsAt": starts, "endsAt": ends, "polledAt": polled}


def opsgenie(created: Any = AT, updated: Any = LATER, occurred: Any = LATER) -> Any:
    return {"id": "i", "status": "closed", "createdAt": created, "updatedAt": updated, "lastOccurredAt": occurred}


def incident(
    created: Any = AT, resolved: Any = LATER, changed: Any = LATER, updated: Any = LATER, at: Any = LATER
) -> Any:
    acknowledged = {"acknowledgements": [{"at": at}], "last_status_change_at": changed, "updated_at": updated}
    return {"id": "i", "status": "resolved", "created_at": created, "resolved_at": resolved} | acknowledged


def entry(created: Any = AT) -> Any:
    return {"id": "e", "type": "trigger_log_entry", "created_at": created, "incident": {"id": "i"}}


FIELDS: list[tuple[Any, Callable[..., Any], str]] = [
    (Alertmanager(), webhook, "starts"),
    (Alertmanager(), webhook, "ends"),
    (AlertmanagerPoll(), poll, "starts"),
    (AlertmanagerPoll(), poll, "ends"),
    (AlertmanagerPoll(), poll, "polled"),
    (Opsgenie(), opsgenie, "created"),
    (Opsgenie(), opsgenie, "updated"),
    (Opsgenie(), opsgenie, "occurred"),
    *((PagerDuty(), incident, name) for name in ("created", "resolved", "changed", "updated", "at")),
    (PagerDuty(), entry, "created"),
]


@pytest.mark.parametrize(("source", "payload", "field"), FIELDS)
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("5", "expected a time such as 2026-03-02T10:00:00Z"),
        ("1772445600", "expected a time such as"),
        ("1772445600000.5", "expected a time such as"),
        (5, "expected a time such as"),
        (1772445600000, "expected a time such as"),
        (True, "expected a time such as"),
        ("2026-03-02", "expected a time such as"),
        ("٢٠٢٦-03-02T10:00:00Z", "expected a time such as"),
        ("1969-12-31T23:59:59Z", "a time before 1970 is none"),
        ("2026-03-02T10:00:00", "Input should have timezone info"),
        ("2026-02-30T10:00:00Z", "Input should be a valid datetime"),
    ],
)
def test_what_is_no_time_is_set_aside(
    source: Any, payload: Callable[..., Any], field: str, value: Any, said: str
) -> None:
    assert staged(source, [payload()]).refused == []
    found = staged(source, [payload(**{field: value})])
    assert found.events == []
    [(_, reason, _)] = found.refused
    assert said in reason


def test_only_an_end_may_be_the_year_one_of_alertmanager() -> None:
    nothing = "0001-01-01T00:00:00Z"
    firing = webhook(ends=nothing)
    firing["alerts"][0]["status"] = "firing"
    assert [event["kind"] for event in staged(Alertmanager(), [firing]).events] == ["fire"]
    assert [event["kind"] for event in staged(AlertmanagerPoll(), [poll(ends=nothing)]).events] == ["fire"]
    gone = poll(ends=nothing) | {"status": {"state": "resolved"}}
    for source, payload, said in (
        (Alertmanager(), webhook(ends=nothing), "alerts.0.endsAt says no time"),
        (Alertmanager(), webhook(nothing), "alerts.0.startsAt: a time before 1970 is none"),
        (AlertmanagerPoll(), poll(nothing), "startsAt: a time before 1970 is none"),
        (AlertmanagerPoll(), gone, "endsAt: an alert that has gone needs its end"),
    ):
        found = staged(source, [payload])
        assert (found.events, [reason for _, reason, _ in found.refused]) == ([], [said])


def test_a_report_of_opsgenie_counts_in_milliseconds() -> None:
    events = staged(Opsgenie(), [opsgenie() | {"report": {"closeTime": 60503}}]).events
    [end] = [event["happened_at"] for event in events if event["kind"] == "resolve"]
    assert (end.minute, end.microsecond) == (1, 503000)
