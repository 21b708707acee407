"""ServiceNow, after the REST API reference, Table API: sysparm_query, _limit, _offset, Link, X-Total-Count."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

from tests.servers.replay import NOW, Reply, Request

USER, PASSWORD = "alert.reader", "cøllect-me-2025"
TABLE = "/api/now/table/incident"


def incident(i: int, opened: datetime, updated: datetime, *, resolved: datetime | None = None) -> dict[str, Any]:
    """A record with values and displayed texts, as ``sysparm_display_value=all`` gives it."""
    values = {
        "sys_id": f"{i:032x}",
        "number": f"INC{i:07}",
        "state": "2" if resolved is None else "6",
        "priority": "3",
        "opened_at": _text(opened),
        "resolved_at": "" if resolved is None else _text(resolved),
        "sys_updated_on": _text(updated),
        "short_description": "Network file shares access issue",
    }
    return {name: {"display_value": value, "value": value} for name, value in values.items()}


class ServiceNowReplay:
    """Incidents, one every sixty hours, changed an hour after they were opened."""

    def __init__(self, n: int = 6) -> None:
        self.hidden: set[str] = set()  # numbers that the reader may not see
        self.records = []
        for i in range(n):
            opened = NOW - timedelta(hours=60 * (n - i), minutes=7)
            ended = opened + timedelta(hours=1)
            self.records.append(incident(i, opened, ended, resolved=ended))

    def __call__(self, request: Request) -> Reply:
        basic = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            error = {"message": "User Not Authenticated", "detail": "Required to provide Auth information"}
            return Reply({"error": error, "status": "failure"}, 401)
        if request.path != TABLE:
            return Reply({"error": {"message": "Invalid table", "detail": None}, "status": "failure"}, 404)
        query = request.one("sysparm_query")
        since = re.search(r"sys_updated_on>=([0-9 :-]{19})", query)
        assert since is not None
        assert query.endswith("^ORDERBYsys_updated_on^ORDERBYsys_id")
        found = [one for one in self.records if one["sys_updated_on"]["value"] >= since[1]]
        found.sort(key=lambda one: (one["sys_updated_on"]["value"], one["sys_id"]["value"]))
        limit, offset = int(request.one("sysparm_limit")), int(request.one("sysparm_offset"))
        page = [one for one in found[offset : offset + limit] if one.get("number", {}).get("value") not in self.hidden]
        headers = {"X-Total-Count": str(len(found))}
        if len(found) > limit:
            links = [f'<https://instance.service-now.com{TABLE}?sysparm_offset=0>;rel="first"']
            if offset + limit < len(found):
                links.append(f'<https://instance.service-now.com{TABLE}?sysparm_offset={offset + limit}>;rel="next"')
            headers["Link"] = ",".join(links)
        return Reply({"result": page}, headers=headers)


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
