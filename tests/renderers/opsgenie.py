"""The story as Opsgenie's API would have shown it: the alert as it was after each change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from alert_analytics.sources import Opsgenie
from tests.renderers.story import TrueAlert

CANNOT_SAY: dict[str, str] = {}

_PRIORITIES = {"critical": "P1", "high": "P2", "medium": "P3", "low": "P4", "info": "P5"}


def source() -> Opsgenie:
    return Opsgenie(names={"payments-id": "payments"})


def render(alerts: Iterable[TrueAlert]) -> list[dict[str, Any]]:
    shown = [
        (moment, number, _alert(alert, number, moment))
        for number, alert in enumerate(alerts, start=1)
        for moment in (alert.fired_at, *alert.refires, alert.acknowledged_at, alert.resolved_at)
        if moment is not None
    ]
    return [payload for *_, payload in sorted(shown, key=lambda one: one[:2])]


def _alert(alert: TrueAlert, number: int, moment: datetime) -> dict[str, Any]:
    about = alert.condition
    is_over = alert.resolved_at is not None and alert.resolved_at <= moment
    is_taken = alert.acknowledged_at is not None and alert.acknowledged_at <= moment
    fires = [at for at in (alert.fired_at, *alert.refires) if at <= moment]
    report: dict[str, Any] = {}
    if is_taken:
        report |= {"ackTime": _since(alert, alert.acknowledged_at), "acknowledgedBy": alert.assignee}
    if is_over:
        report |= {"closeTime": _since(alert, alert.resolved_at), "closedBy": "Alert API"}
    # A team is said by its identifier, a name is only in exports.
    team = {"id": "payments-id"} if about.team == "payments" else {"id": f"{about.team}-id", "name": about.team}
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "tinyId": str(number),
        "alias": f"{about.rule}/{about.instance}",
        "message": about.message,
        "status": "closed" if is_over else "open",
        "acknowledged": is_taken and not is_over,
        "isSeen": is_taken,
        "tags": [],
        "snoozed": False,
        "count": len(fires),
        "lastOccurredAt": _iso(fires[-1]),
        "createdAt": _iso(alert.fired_at),
        "updatedAt": _iso(moment),
        "source": "prometheus",
        "owner": (alert.assignee or "") if is_taken else "",
        "priority": _PRIORITIES[about.severity],
        "teams": [team],
        "responders": [team | {"type": "team"}],
        "integration": {"id": "1", "name": "Prometheus", "type": "Prometheus"},
        "report": report,
        "entity": about.instance,
        "details": about.labels,
    }


def _since(alert: TrueAlert, moment: datetime | None) -> int:
    assert moment is not None
    return int((moment - alert.fired_at).total_seconds() * 1000)


def _iso(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='milliseconds')}Z"
