"""Grafana's webhook: as Alertmanager's, and organisations, measured values, and rules without data."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from alert_analytics.sources import Alertmanager, Grafana
from tests.renderers import alertmanager, grafana, story
from tests.staging import staged

PAYLOADS = Path(__file__).parents[2] / "payloads" / "grafana"


def read(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))


def test_a_notification_gives_each_column() -> None:
    first, second = staged(Grafana(), PAYLOADS / "firing.json").events
    del first["original"]
    labels = {"alertname": "High memory usage", "team": "blue", "zone": "us-1", "severity": "critical"}
    assert first == {
        "kind": "fire",
        "fingerprint": read("firing.json")["alerts"][0]["fingerprint"],
        "happened_at": datetime(2026, 3, 2, 7, 51, 3, 157076),
        "fired_at": datetime(2026, 3, 2, 7, 51, 3, 157076),
        "origin": "https://grafana.example.com/?orgId=1",
        "rule": "High memory usage",
        "team": "blue",
        "severity": "critical",
        "message": "Memory in us-1 is nearly full",
        "value": 44.5,
        "labels": labels,
        "metadata": '{"description": "The system has high memory usage", "summary": "Memory in us-1 is nearly full", '
        '"values": {"B": 44.5}}',
        "line": 1,
    }
    assert {"severity", "service", "value"}.isdisjoint(second)  # no label says it; which of two values is the one?


def test_a_resolved_alert_says_why_in_its_metadata() -> None:
    [event] = staged(Grafana(), PAYLOADS / "resolved.json").events
    assert (event["kind"], event["happened_at"]) == ("resolve", datetime(2026, 3, 2, 8, 11))
    assert json.loads(event["metadata"]) == {
        "grafana_state_reason": "MissingSeries",
        "summary": "Memory in us-1 is nearly full",
        "valueString": "[ var='B' metric='' labels={} value=12.5 ]",
    }


def test_rules_without_data_fire_alerts_of_their_own() -> None:
    no_data, error, alerting = staged(Grafana(), PAYLOADS / "no_data.json").events
    assert (no_data["rule"], no_data["labels"]["rulename"]) == ("DatasourceNoData", "High memory usage")
    assert (error["rule"], error["labels"]["rulename"]) == ("DatasourceError", "High CPU usage")
    assert json.loads(error["metadata"])["Error"].endswith("timeout")
    assert (alerting["rule"], json.loads(alerting["metadata"])["grafana_state_reason"]) == (
        "High memory usage",
        "NoData",
    )
    assert len({one["fingerprint"] for one in (no_data, error, alerting)}) == 3


def test_the_user_says_which_value_counts() -> None:
    first, second = staged(Grafana(value_of="C"), PAYLOADS / "firing.json").events
    assert "value" not in first
    assert second["value"] == 1


def test_values_that_are_no_numbers_are_none() -> None:
    text = (PAYLOADS / "firing.json").read_text(encoding="utf-8")
    for odd in ("NaN", "Infinity", "-Infinity", "null"):
        first, _ = staged(Grafana(), [text.replace("44.5", odd)]).events
        assert "value" not in first
        assert "values" not in json.loads(first["metadata"]) or odd == "null"


def test_an_organisation_is_a_tenant_where_the_user_says_so() -> None:
    first, _ = staged(Grafana(tenants={1: "acme"}), PAYLOADS / "firing.json").events
    assert first["tenant_id"] == "acme"
    by_label, _ = staged(Grafana(tenant_label="team"), PAYLOADS / "firing.json").events
    assert by_label["tenant_id"] == "blue"
    for other in ({"orgId": 2}, {"orgId": None}):
        found = staged(Grafana(tenants={1: "acme"}), [read("firing.json") | other])
        assert found.events == []
        assert found.refused[0][1] == f"orgId {other['orgId']} is no organisation of Grafana(tenants=...)"


def test_neither_webhook_passes_for_the_other() -> None:
    assert staged(Alertmanager(), PAYLOADS / "firing.json").refused[0][1] == "version: Input should be '4'"
    of_alertmanager = PAYLOADS.parent / "alertmanager" / "firing.json"
    assert staged(Grafana(), of_alertmanager).refused[0][1] == "version: Input should be '1'"
    legacy = {"ruleId": 1, "ruleName": "R", "state": "alerting", "evalMatches": [], "title": "[Alerting] R"}
    assert staged(Grafana(), [legacy]).refused[0][1] == "alerts: Field required"


def test_the_story_is_told_as_alertmanager_tells_it() -> None:
    alerts = story.alerts()
    here, there = (
        [[event[name] for name in ("kind", "fingerprint", "happened_at", "fired_at", "message")] for event in found]
        for found in (
            staged(grafana.source(), grafana.render(alerts)).events,
            staged(alertmanager.source(), alertmanager.render(alerts)).events,
        )
    )
    assert here == there
