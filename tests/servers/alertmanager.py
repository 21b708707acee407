"""Alertmanager, after api/v2/openapi.yaml of https://github.com/prometheus/alertmanager: getAlerts, getStatus."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.servers.replay import NOW, Reply, Request


def gettable(name: str, starts: datetime, *, state: str = "active", now: datetime = NOW) -> dict[str, Any]:
    """An alert as the API shows it; while it is active ``endsAt`` lies ahead."""
    return {
        "annotations": {"summary": f"{name} is down"},
        "endsAt": _text(now + timedelta(minutes=4)),
        "fingerprint": f"{abs(hash_of(name)):016x}",
        "receivers": [{"name": "team-x"}],
        "startsAt": _text(starts),
        "status": {"inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": state},
        "updatedAt": _text(now),
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up+%3D%3D+0",
        "labels": {"alertname": name, "severity": "critical"},
    }


def hash_of(name: str) -> int:
    """Some number for a name, the same in every run."""
    return int.from_bytes(name.encode()[:8].ljust(8, b"."), "big")


class AlertmanagerReplay:
    """Shows what it is given, and has been up for a month."""

    def __init__(self) -> None:
        self.alerts: list[Any] = []
        self.started = NOW - timedelta(days=30)

    def __call__(self, request: Request) -> Reply:
        if request.path == "/api/v2/status":
            return Reply({"cluster": {"status": "ready"}, "config": {"original": ""}, "uptime": _text(self.started)})
        if request.path != "/api/v2/alerts":
            return Reply({"code": 404, "message": f"path {request.path} was not found"}, 404)
        return Reply(self.alerts)


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"
