"""The story as Alertmanager would have posted it: a notification for each change in a group, with all that fires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from alert_analytics.alerts.fingerprints import fingerprint_of
from alert_analytics.sources import Alertmanager
from tests.renderers.story import END, TrueAlert

CANNOT_SAY = {
    "acknowledged_at": "Alertmanager knows no acknowledgement",
    "status": "so an open alert that somebody took is firing here, not acknowledged",
    "assignee": "nor who took it",
}


def source() -> Alertmanager:
    return Alertmanager()


def render(alerts: Iterable[TrueAlert]) -> list[dict[str, Any]]:
    return list(notifications(alerts))


def notifications(alerts: Iterable[TrueAlert]) -> Iterator[dict[str, Any]]:
    """One for each moment at which something changes in a group; alerts are grouped by their service."""
    groups: dict[str, list[TrueAlert]] = {}
    for alert in alerts:
        groups.setdefault(alert.condition.service, []).append(alert)
    changes = {(moment, name) for name, group in groups.items() for one in group for moment in _changes(one)}
    for moment, name in sorted(changes):
        shown = [_alert(one, moment) for one in groups[name] if one.fired_at <= moment <= (one.resolved_at or END)]
        firing = any(one["status"] == "firing" for one in shown)
        yield {
            "receiver": "history",
            "status": "firing" if firing else "resolved",
            "alerts": shown,
            "groupLabels": {"service": name},
            "commonLabels": {"service": name, "region": "eu-west"},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example.com:9093",
            "version": "4",
            "groupKey": f'{{}}:{{service="{name}"}}',
            "truncatedAlerts": 0,
        }


def _changes(alert: TrueAlert) -> list[datetime]:
    return [alert.fired_at, *alert.refires, *([alert.resolved_at] if alert.resolved_at else [])]


def _alert(alert: TrueAlert, moment: datetime) -> dict[str, Any]:
    is_over = alert.resolved_at == moment
    return {
        "status": "resolved" if is_over else "firing",
        "labels": alert.condition.labels,
        "annotations": {"summary": alert.condition.message},
        "startsAt": _iso(max(one for one in (alert.fired_at, *alert.refires) if one <= moment)),
        "endsAt": _iso(moment) if is_over else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com:9090/graph",
        "fingerprint": fingerprint_of(alert.condition.labels),
    }


def _iso(moment: datetime) -> str:
    return f"{moment.isoformat()}.000Z"
