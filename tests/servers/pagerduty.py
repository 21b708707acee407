"""PagerDuty, after https://developer.pagerduty.com/api-reference: List incidents, List log entries, Pagination."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.servers.replay import NOW, Reply, Request

TOKEN = "y_NbAkKc66ryYTWUXYEu"


def incident(i: int, created: datetime, *, resolved: datetime | None = None) -> dict[str, Any]:
    """An incident as the documentation's example has it."""
    return {
        "id": f"PT4KH{i:02}",
        "type": "incident",
        "summary": f"[#{1200 + i}] The server is on fire.",
        "self": f"https://api.pagerduty.com/incidents/PT4KH{i:02}",
        "html_url": f"https://subdomain.pagerduty.com/incidents/PT4KH{i:02}",
        "incident_number": 1200 + i,
        "title": "The server is on fire.",
        "created_at": _text(created),
        "updated_at": _text(resolved or created),
        "status": "triggered" if resolved is None else "resolved",
        "incident_key": f"baf7cf21b1da41b4b0221008339ff{i:03}",
        "service": {"id": "PIJ90N7", "type": "service_reference", "summary": "My Mail Service"},
        "assignments": [],
        "last_status_change_at": _text(resolved or created),
        "resolved_at": None if resolved is None else _text(resolved),
        "escalation_policy": {"id": "PT20YPA", "type": "escalation_policy_reference", "summary": "Another Policy"},
        "teams": [],
        "urgency": "high",
        "priority": None,
    }


def entry(n: int, kind: str, at: datetime, about: dict[str, Any]) -> dict[str, Any]:
    """A log entry with its incident, as ``include[]=incidents`` gives it."""
    return {
        "id": f"Q02JTSNZWHSEKV{n:02}",
        "type": f"{kind}_log_entry",
        "summary": f"{kind} through the API",
        "created_at": _text(at),
        "agent": {"id": "P4TG5X7", "type": "user_reference", "summary": "Earline Greenholt"},
        "channel": {"type": "api"},
        "service": about["service"],
        "incident": about,
        "teams": [],
        "contexts": [],
    }


class PagerDutyReplay:
    """Incidents, one every sixty hours, each acknowledged after five minutes and resolved after fifty."""

    deepest = 10_000

    def __init__(self, n: int = 6) -> None:
        self.incidents: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []
        for i in range(n):
            created = NOW - timedelta(hours=60 * (n - i), minutes=7)
            ended = created + timedelta(minutes=50)
            self.incidents.append(incident(i, created, resolved=ended))
            about = self.incidents[-1]
            for kind, after in (("trigger", 0), ("acknowledge", 5), ("resolve", 50)):
                at = created + timedelta(minutes=after)
                self.entries.append(entry(len(self.entries), kind, at, about))

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Token token={TOKEN}":
            return Reply({"error": {"message": "Unauthorized", "code": 2006}}, 401)
        kind = request.path.rpartition("/")[2]
        if kind not in ("incidents", "log_entries"):
            return Reply({"error": {"message": "Not Found", "code": 2100}}, 404)
        found = self.incidents if kind == "incidents" else list(reversed(self.entries))
        since, until = (datetime.fromisoformat(request.one(name)) for name in ("since", "until"))
        offset, limit = int(request.one("offset")), int(request.one("limit"))
        if offset + limit > self.deepest:
            return Reply({"error": {"message": "Invalid Input Provided", "code": 2001}}, 400)
        within = [one for one in found if since <= datetime.fromisoformat(one["created_at"]) < until]
        page = within[offset : offset + limit]
        more = offset + limit < len(within)
        headers = {"ratelimit-limit": "960", "ratelimit-remaining": "958", "ratelimit-reset": "39"}
        return Reply({kind: page, "limit": limit, "offset": offset, "total": None, "more": more}, headers=headers)


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
