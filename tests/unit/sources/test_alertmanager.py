"""Alertmanager's webhook: each column from its field, ends that are none, and alerts that were cut off."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alert_analytics.alerts.fingerprints import fingerprint_of
from alert_analytics.errors import SourceError
from alert_analytics.sources import Alertmanager
from tests.renderers import alertmanager, story
from tests.staging import staged

PAYLOADS = Path(__file__).parents[2] / "payloads" / "alertmanager"
DB = {"alertname": "InstanceDown", "instance": "db-01:9100", "job": "node", "severity": "page", "team": "storage"}


def read(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))


def changed(**values: Any) -> dict[str, Any]:
    """A notification of one resolved alert, of which some fields are changed; None takes one away."""
    payload: dict[str, Any] = read("resolved.json")
    payload["alerts"][0] |= values
    payload["alerts"][0] = {name: value for name, value in payload["alerts"][0].items() if value is not None}
    return payload


def test_a_notification_gives_each_column() -> None:
    first, second = staged(Alertmanager(), PAYLOADS / "firing.json").events
    del first["original"], second["original"]
    assert first == {
        "kind": "fire",
        "fingerprint": fingerprint_of(DB),
        "happened_at": datetime(2026, 3, 2, 9, 15, 30, 123456),
        "fired_at": datetime(2026, 3, 2, 9, 15, 30, 123456),
        "origin": "http://alertmanager.example.com:9093",
        "rule": "InstanceDown",
        "service": "node",
        "team": "storage",
        "severity": "critical",
        "message": "db-01:9100 is down",
        "labels": DB,
        "metadata": '{"description": "It has not answered for 5 minutes.", "summary": "db-01:9100 is down"}',
        "line": 1,
    }
    assert (second["service"], second["severity"]) == ("checkout", "medium")
    assert second["message"] == "Half of all requests take longer than 0.5 s."
    assert second["kind"] == "fire"  # its endsAt is only when Alertmanager would give it up
    assert second["happened_at"] == datetime(2026, 3, 2, 9, 20)


def test_a_resolved_alert_says_its_start_and_end() -> None:
    [event] = staged(Alertmanager(), PAYLOADS / "resolved.json").events
    assert event["kind"] == "resolve"
    assert event["fired_at"] == datetime(2026, 3, 2, 9, 15, 30, 123456)
    assert event["happened_at"] == datetime(2026, 3, 2, 9, 40, 30, 500000)


def test_alerts_that_were_cut_off_are_counted_beside_those_that_are_there() -> None:
    found = staged(Alertmanager(), PAYLOADS / "truncated.json")
    assert [event["rule"] for event in found.events] == ["InstanceDown"]
    [(line, reason, original)] = found.refused
    assert (line, reason) == (1, "41 more alerts were cut off by the sender (truncatedAlerts)")
    assert json.loads(original)["truncatedAlerts"] == 41


def test_without_a_fingerprint_it_is_computed_as_alertmanager_does() -> None:
    [event] = staged(Alertmanager(), PAYLOADS / "before_0_19.json").events
    [same, _] = staged(Alertmanager(), PAYLOADS / "firing.json").events
    assert event["fingerprint"] == same["fingerprint"] == read("firing.json")["alerts"][0]["fingerprint"]


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        # the test values of prometheus/common, model/signature_test.go
        ({}, 14695981039346656037),
        ({"name": "garland, briggs", "fear": "love is not enough"}, 5799056148416392346),
    ],
)
def test_fingerprints_are_those_of_prometheus(labels: dict[str, str], known: int) -> None:
    assert fingerprint_of(labels) == f"{known:016x}"
    assert fingerprint_of(dict(reversed(labels.items()))) == f"{known:016x}"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"startsAt": None}, "alerts.0.startsAt: Field required"),
        ({"startsAt": "0001-01-01T00:00:00Z"}, "alerts.0.startsAt: a time before 1970 is none"),
        ({"endsAt": "0001-01-01T00:00:00Z"}, "alerts.0.endsAt says no time"),
        ({"endsAt": None}, "alerts.0.endsAt says no time"),
        ({"startsAt": "2026-03-02T10:00:00"}, "alerts.0.startsAt: Input should have timezone info"),
        ({"startsAt": 1772445600}, "alerts.0.startsAt: expected a time such as 2026-03-02T10:00:00Z"),
        ({"endsAt": True}, "alerts.0.endsAt: expected a time such as 2026-03-02T10:00:00Z"),
        ({"status": "suppressed"}, "alerts.0.status: Input should be 'firing' or 'resolved'"),
        ({"labels": {}}, "alerts.0: no labels"),
        ({"labels": {"alertname": 3}}, "alerts.0.labels.alertname: Input should be a valid string"),
    ],
)
def test_what_makes_no_sense_is_set_aside(values: dict[str, Any], reason: str) -> None:
    found = staged(Alertmanager(), [changed(**values)])
    assert found.events == []
    assert [said for _, said, _ in found.refused] == [reason]


def test_the_webhook_of_another_version_is_set_aside() -> None:
    [(_, reason, _)] = staged(Alertmanager(), [read("resolved.json") | {"version": "1"}]).refused
    assert reason == "version: Input should be '4'"


def test_an_alert_with_next_to_nothing_is_one() -> None:
    payload = {"alerts": [{"status": "firing", "labels": {"a": "b"}, "startsAt": "2026-03-02T10:00:00Z"}]}
    [event] = staged(Alertmanager(), [payload]).events
    assert set(event) == {"kind", "fingerprint", "happened_at", "fired_at", "labels", "line", "original"}


def test_the_user_says_which_labels_say_what() -> None:
    source = Alertmanager(
        severities={"P1": "high", " page ": "low"},
        severity_label="level",
        rule_label="name",
        service_labels=["app", "job"],
        team_labels=["owner"],
        tenant_label="customer",
        message_annotations=["text"],
    )
    labels = {"level": "p1", "name": "R", "app": "shop", "job": "j", "owner": "us", "customer": "acme", "severity": "x"}
    [event] = staged(source, [changed(labels=labels, annotations={"text": "T", "summary": "S"})]).events
    told = {name: event[name] for name in ("severity", "rule", "service", "team", "tenant_id", "message")}
    assert told == {
        "severity": "high",
        "rule": "R",
        "service": "shop",
        "team": "us",
        "tenant_id": "acme",
        "message": "T",
    }
    assert staged(source, [changed(labels=labels | {"level": "page"})]).events[0]["severity"] == "low"
    assert staged(source, [changed(labels=labels | {"level": "Info"})]).events[0]["severity"] == "info"
    # An unknown word stays: whether it is one of ours is the store's to judge.
    assert staged(source, [changed(labels=labels | {"level": "Whatever"})]).events[0]["severity"] == "Whatever"
    with pytest.raises(SourceError, match=r"Alertmanager maps severities to \['urgent'\]; expected info, low"):
        Alertmanager(severities={"P1": "urgent"})


def test_the_story_is_told_whole() -> None:
    alerts = story.alerts()
    found = staged(alertmanager.source(), alertmanager.render(alerts))
    assert found.refused == []
    starts = {(event["message"], event["fired_at"]) for event in found.events}
    ends = {(event["message"], event["happened_at"]) for event in found.events if event["kind"] == "resolve"}
    assert starts == {(one.condition.message, at) for one in alerts for at in (one.fired_at, *one.refires)}
    assert ends == {(one.condition.message, one.resolved_at) for one in alerts if one.resolved_at}
