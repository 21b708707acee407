"""A source of one's own: what an uptime checker posts when a site goes down or comes back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel

from alert_analytics.alerts.events import AlertEvent
from alert_analytics.sources import PayloadSource


class Check(BaseModel):
    site: str
    state: Literal["down", "up"]
    at: datetime
    region: str | None = None


@dataclass(frozen=True)
class Uptime(PayloadSource[Check]):
    name: ClassVar[str] = "uptime"
    model: ClassVar[type[BaseModel]] = Check
    severity: str = "high"  # what a user may override

    def events(self, payload: Check) -> Iterable[AlertEvent]:
        kind = "fire" if payload.state == "down" else "resolve"
        labels = {"region": payload.region} if payload.region else None
        yield AlertEvent(kind, payload.site, payload.at, rule="SiteDown", service=payload.site, severity=self.severity,
                         labels=labels)  # fmt: skip
