"""The story as PagerDuty's API would have shown it: each log entry, and the incident as it was after each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from alert_analytics.sources import PagerDuty
from tests.renderers.story import TrueAlert

CANNOT_SAY: dict[str, str] = {}

_PRIORITIES = {"critical": "P1", "high": "P2", "medium": "P3", "low": "P4", "info": "P5"}


def source() -> PagerDuty:
    return PagerDuty(rule_of="class")


def render(alerts: Iterable[TrueAlert]) -> list[dict[str, Any]]:
    told = sorted(_told(alerts), key=lambda one: one[:3])
    return [payload for *_, payload in told]


def whole(alerts: Iterable[TrueAlert]) -> list[dict[str, Any]]:
    """The incidents as they were in the end, each with its log entries in it."""
    told: dict[str, dict[str, Any]] = {}
    for *_, payload in sorted(_told(alerts), key=lambda one: one[:3]):
        if payload["type"] == "incident":
            entries = told.get(payload["id"], {}).get("log_entries", [])
            told[payload["id"]] = payload | {"log_entries": entries}
        else:
            incident = payload.pop("incident")
            told.setdefault(incident["id"], {"log_entries": []})["log_entries"].append(payload)
    return list(told.values())


def _told(alerts: Iterable[TrueAlert]) -> Iterator[tuple[datetime, int, int, dict[str, Any]]]:
    """When, which incident, in which place: a log entry, and then the incident."""
    for number, alert in enumerate(alerts, start=1):
        fires = [(at, "trigger", _service(alert)) for at in (alert.fired_at, *alert.refires)]
        taken = [(alert.acknowledged_at, "acknowledge", _user(alert))] if alert.acknowledged_at else []
        over = [(alert.resolved_at, "resolve", _service(alert))] if alert.resolved_at else []
        changes = sorted([*fires, *taken, *over], key=lambda one: one[0])
        for place, (at, kind, agent) in enumerate(changes):
            yield at, number, 2 * place, _entry(alert, number, place, at, kind, agent)
            yield at, number, 2 * place + 1, _incident(alert, number, at)


def _entry(alert: TrueAlert, number: int, place: int, at: datetime, kind: str, agent: dict[str, Any]) -> dict[str, Any]:
    event = {"event_class": alert.condition.rule, "severity": alert.condition.severity}
    sent = {"type": "api", "details": alert.condition.labels, "cef_details": event}
    return {
        "id": f"R{number:05d}{place:03d}",
        "type": f"{kind}_log_entry",
        "created_at": _iso(at),
        "agent": agent,
        "channel": sent if kind == "trigger" else {"type": "auto"},
        "service": _service(alert),
        "incident": {"id": f"P{number:05d}", "type": "incident_reference", "summary": alert.condition.message},
        "teams": [{"id": f"T{alert.condition.team}", "type": "team_reference", "summary": alert.condition.team}],
    }


def _incident(alert: TrueAlert, number: int, moment: datetime) -> dict[str, Any]:
    """The incident as it was shown at a moment; its acknowledgements are gone once it is resolved."""
    is_over = alert.resolved_at is not None and alert.resolved_at <= moment
    is_taken = alert.acknowledged_at is not None and alert.acknowledged_at <= moment
    status_since = [at for at in (alert.fired_at, alert.acknowledged_at, alert.resolved_at) if at and at <= moment]
    held = is_taken and not is_over
    at = _iso(alert.acknowledged_at) if alert.acknowledged_at else None
    return {
        "id": f"P{number:05d}",
        "type": "incident",
        "incident_number": number,
        "incident_key": alert.condition.message,
        "title": alert.condition.message,
        "status": "resolved" if is_over else "acknowledged" if is_taken else "triggered",
        "created_at": _iso(alert.fired_at),
        "updated_at": _iso(moment),
        "last_status_change_at": _iso(max(status_since)),
        "resolved_at": _iso(moment) if is_over else None,
        "service": _service(alert),
        "teams": [{"id": f"T{alert.condition.team}", "type": "team_reference", "summary": alert.condition.team}],
        "priority": {"type": "priority_reference", "summary": _PRIORITIES[alert.condition.severity]},
        "urgency": "high",
        "assignments": [{"at": at, "assignee": _user(alert)}] if held else [],
        "acknowledgements": [{"at": at, "acknowledger": _user(alert)}] if held else [],
        "html_url": f"https://acme.pagerduty.com/incidents/P{number:05d}",
    }


def _service(alert: TrueAlert) -> dict[str, Any]:
    name = alert.condition.service
    return {"id": f"S{name}", "type": "service_reference", "summary": name}


def _user(alert: TrueAlert) -> dict[str, Any]:
    return {"id": f"U{alert.assignee}", "type": "user_reference", "summary": alert.assignee}


def _iso(moment: datetime) -> str:
    return f"{moment.isoformat()}Z"
