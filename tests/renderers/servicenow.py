"""The story as the log of a ServiceNow instance: a row for each change of an incident, final times on every row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa

from alert_analytics.sources import ServiceNow
from tests.renderers.story import TrueAlert

CANNOT_SAY = {
    "message": "the log has no text",
    "labels": "it has columns of its own",
    "occurrences": "a ticket is opened once",
}

PRIORITIES = {
    "critical": "1 - Critical",
    "high": "2 - High",
    "medium": "3 - Moderate",
    "low": "4 - Low",
    "info": "5 - Planning",
}


def source() -> ServiceNow:
    return ServiceNow()


def render(alerts: Iterable[TrueAlert]) -> list[dict[str, Any]]:
    rows = [
        (moment, number, _row(alert, number, place, moment, state))
        for number, alert in enumerate(alerts, start=1)
        for place, (moment, state) in enumerate(changes(alert))
    ]
    return [row for *_, row in sorted(rows, key=lambda one: one[:2])]


def table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """The rows as a table of texts, which is what the source reads."""
    return pa.Table.from_pylist(list(rows))


def changes(alert: TrueAlert) -> Iterator[tuple[datetime, str]]:
    """When the ticket was changed, and its state then."""
    told = {alert.fired_at, *alert.refires, alert.acknowledged_at, alert.resolved_at} - {None}
    for moment in sorted(one for one in told if one is not None):
        if alert.resolved_at == moment:
            yield moment, "Resolved"
        elif alert.acknowledged_at is not None and alert.acknowledged_at <= moment:
            yield moment, "Active"
        else:
            yield moment, "New"


def _row(alert: TrueAlert, number: int, place: int, moment: datetime, state: str) -> dict[str, Any]:
    about = alert.condition
    is_taken = alert.acknowledged_at is not None and alert.acknowledged_at <= moment
    return {
        "number": f"INC{number:07d}",
        "incident_state": state,
        "reassignment_count": "0",
        "reopen_count": "0",
        "sys_mod_count": str(place),
        "opened_at": _minute(alert.fired_at),
        "sys_updated_at": _minute(moment),
        "contact_type": "Phone",
        "location": "eu-west",
        "category": about.rule,
        "subcategory": "?",
        "u_symptom": "?",
        "cmdb_ci": about.service,
        "impact": "2 - Medium",
        "urgency": "2 - Medium",
        "priority": PRIORITIES[about.severity],
        "assignment_group": about.team,
        "assigned_to": alert.assignee if is_taken else "?",
        "resolved_at": _minute(alert.resolved_at) if alert.resolved_at else "?",
        "closed_at": "?",
    }


def _minute(moment: datetime) -> str:
    return moment.strftime("%d/%m/%Y %H:%M")
