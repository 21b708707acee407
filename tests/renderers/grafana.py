"""The story as Grafana would have posted it: Alertmanager's notifications in Grafana's version of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alert_analytics.sources import Grafana
from tests.renderers.alertmanager import notifications
from tests.renderers.story import TrueAlert

CANNOT_SAY = {
    "acknowledged_at": "Grafana's alerting knows no acknowledgement",
    "status": "so an open alert that somebody took is firing here, not acknowledged",
    "assignee": "nor who took it",
}


def source() -> Grafana:
    return Grafana()


def render(alerts: Iterable[TrueAlert]) -> list[dict[str, Any]]:
    return [_of_grafana(notification) for notification in notifications(alerts)]


def _of_grafana(notification: dict[str, Any]) -> dict[str, Any]:
    links = {"silenceURL": "https://grafana.example.com/alerting/silence/new", "dashboardURL": "", "panelURL": ""}
    shown = [one | links | {"values": {"B": 44.25, "C": 1}, "valueString": ""} for one in notification["alerts"]]
    return notification | {
        "version": "1",
        "orgId": 1,
        "alerts": shown,
        "externalURL": "https://grafana.example.com/",
        "title": f"[{notification['status'].upper()}:{len(shown)}]",
        "state": "alerting" if notification["status"] == "firing" else "ok",
        "message": "",
    }
