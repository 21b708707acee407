"""Opsgenie, after https://docs.opsgenie.com/docs/alert-api (List Alerts), /docs/pagination, /docs/response."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from tests.servers.replay import NOW, Reply, Request

KEY = "eb243592-faa2-4ba2-a551q-1afdf565c889"


def alert(i: int, created: datetime, *, closed: datetime | None = None) -> dict[str, Any]:
    """An alert as the documentation's example has it."""
    changed = closed or created
    report = {} if closed is None else {"report": {"closeTime": int((closed - created).total_seconds() * 1000)}}
    return {
        "id": f"70413a06-38d6-4c85-92b8-5ebc900d{i:04}",
        "tinyId": str(1791 + i),
        "alias": f"event_{i:03}",
        "message": "Our servers are in danger",
        "status": "open" if closed is None else "closed",
        "acknowledged": False,
        "isSeen": True,
        "tags": ["OverwriteQuietHours", "Critical"],
        "snoozed": False,
        "count": 1,
        "lastOccurredAt": _text(created),
        "createdAt": _text(created),
        "updatedAt": _text(changed),
        "source": "Isengard",
        "owner": "",
        "priority": "P5",
        "responders": [],
        "integration": {"id": "4513b7ea-3b91-438f-b7e4-e3e54af9147c", "name": "Nebuchadnezzar", "type": "API"},
        **report,
    }


class OpsgenieReplay:
    """Alerts, one every sixty hours, closed after an hour."""

    deepest = 20_000

    def __init__(self, n: int = 6) -> None:
        self.alerts = []
        for i in range(n):
            created = NOW - timedelta(hours=60 * (n - i), minutes=7)
            self.alerts.append(alert(i, created, closed=created + timedelta(hours=1)))

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"GenieKey {KEY}":
            return Reply({"message": "Could not authenticate", "took": 0.001, "requestId": "1"}, 401)
        if request.path != "/v2/alerts":
            return Reply({"message": "Not Found", "took": 0.001, "requestId": "1"}, 404)
        offset, limit, sort = int(request.one("offset")), int(request.one("limit")), request.one("sort")
        if offset + limit > self.deepest:
            return Reply({"message": "Sum of offset and limit should be lower than 20000", "took": 0.0}, 422)
        found = [one for one in self.alerts if _meets(one, request.one("query"))]
        found.sort(key=lambda one: (one[sort], one["id"]), reverse=request.one("order") == "desc")
        paging = {}
        if offset + limit < len(found):
            following = {name: values[0] for name, values in request.params.items()} | {"offset": offset + limit}
            paging["next"] = f"https://api.opsgenie.com/v2/alerts?{urlencode(following)}"
        return Reply({"data": found[offset : offset + limit], "paging": paging, "took": 0.605, "requestId": "9ae63dd7"})


def _meets(one: dict[str, Any], query: str) -> bool:
    for operator, millis in re.findall(r"createdAt (>=|<) (\d+)", query):
        bound = _text(datetime.fromtimestamp(int(millis) / 1000, UTC))
        if not (one["createdAt"] >= bound if operator == ">=" else one["createdAt"] < bound):
            return False
    return True


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
