"""Prometheus, after https://prometheus.io/docs/prometheus/latest/querying/api/: range queries of its own alerts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.servers.replay import NOW, Reply, Request

MOST = 11_000


class Firing(NamedTuple):
    """One alert: pending, firing, over."""

    labels: dict[str, str]
    pending: datetime
    firing: datetime
    end: datetime


class PrometheusReplay:
    """Alerts, one every sixty hours, pending for five minutes and firing for an hour."""

    token = ""

    def __init__(self, n: int = 6) -> None:
        self.firings = []
        for i in range(n):
            pending = NOW - timedelta(hours=60 * (n - i), minutes=7)
            labels = {"alertname": "InstanceDown", "instance": f"web-{i % 3}:9100", "severity": "page"}
            firing = pending + timedelta(minutes=5)
            self.firings.append(Firing(labels, pending, firing, firing + timedelta(hours=1)))

    def __call__(self, request: Request) -> Reply:
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return Reply(status=401, body=b"Unauthorized\n", headers={"Content-Type": "text/plain"})
        if request.path != "/api/v1/query_range":
            return Reply(status=404, body=b"404 page not found\n", headers={"Content-Type": "text/plain"})
        assert request.one("query") == '{__name__=~"ALERTS|ALERTS_FOR_STATE"}'
        start, end, step = (int(request.one(name)) for name in ("start", "end", "step"))
        if (end - start) // step > MOST:
            error = "exceeded maximum resolution of 11,000 points per timeseries."
            return Reply({"status": "error", "errorType": "bad_data", "error": error}, 400)
        return Reply({"status": "success", "data": {"resultType": "matrix", "result": self._series(start, end, step)}})

    def _series(self, start: int, end: int, step: int) -> list[dict[str, Any]]:
        series: dict[tuple[tuple[str, str], ...], list[Any]] = {}
        for t in range(start, end + 1, step):
            for one in self.firings:
                if one.pending.timestamp() <= t < one.end.timestamp():
                    state = "firing" if t >= one.firing.timestamp() else "pending"
                    told = {"__name__": "ALERTS", "alertstate": state, **one.labels}
                    series.setdefault(tuple(told.items()), []).append([t, "1"])
                    kept = {"__name__": "ALERTS_FOR_STATE", **one.labels}
                    series.setdefault(tuple(kept.items()), []).append([t, str(int(one.pending.timestamp()))])
        return [{"metric": dict(labels), "values": values} for labels, values in series.items()]
