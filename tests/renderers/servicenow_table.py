"""The story as ServiceNow's Table API would have shown it: the record of each incident as it was after each change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from alert_analytics.sources import ServiceNowTable
from tests.renderers.servicenow import PRIORITIES, changes
from tests.renderers.story import TrueAlert

CANNOT_SAY = {"occurrences": "a ticket is opened once"}

_STATES = {"New": ("1", "New"), "Active": ("2", "In Progress"), "Resolved": ("6", "Resolved")}


def source() -> ServiceNowTable:
    # Fields of the instance's own hold what became of the alert's labels.
    names = ("alertname", "instance", "region", "service", "severity", "team")
    return ServiceNowTable(labels={f"u_{name}": name for name in names})


def render(alerts: Iterable[TrueAlert]) -> list[dict[str, Any]]:
    records = [
        (moment, number, _record(alert, number, place, moment, state))
        for number, alert in enumerate(alerts, start=1)
        for place, (moment, state) in enumerate(changes(alert))
    ]
    return [record for *_, record in sorted(records, key=lambda one: one[:2])]


def _record(alert: TrueAlert, number: int, place: int, moment: datetime, state: str) -> dict[str, Any]:
    about = alert.condition
    is_taken = alert.acknowledged_at is not None and alert.acknowledged_at <= moment
    return {
        "number": _both(f"INC{number:07d}"),
        "sys_id": _both(f"{number:032x}"),
        "state": _both(*_STATES[state]),
        "opened_at": _time(alert.fired_at),
        "sys_updated_on": _time(moment),
        "resolved_at": _time(moment) if state == "Resolved" else _both(""),
        "closed_at": _both(""),
        "sys_mod_count": _both(str(place)),
        "reassignment_count": _both("0"),
        "reopen_count": _both("0"),
        "short_description": _both(about.message),
        "category": _both(about.rule),
        "priority": _both(PRIORITIES[about.severity][0], PRIORITIES[about.severity]),
        "cmdb_ci": _both("ci-1", about.service),
        "assignment_group": _both("group-1", about.team),
        "assigned_to": _both("user-1", alert.assignee) if is_taken else _both(""),
        **{f"u_{name}": _both(value) for name, value in about.labels.items()},
    }


def _both(value: str, shown: str | None = None) -> dict[str, str]:
    return {"value": value, "display_value": value if shown is None else shown}


def _time(moment: datetime) -> dict[str, str]:
    """In UTC as it is held; a person in New York is shown five hours less."""
    text = moment.isoformat(sep=" ")
    return _both(text, text.replace(f"{moment:%H}", "03", 1))
