"""What PagerDuty's REST API, version 2, gives: incidents, log entries, and what they refer to."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, RootModel, Tag, model_validator

from alert_analytics.sources.words import Moment

_NUMBER = re.compile(r"^\[#\d+\] ")


class Reference(BaseModel):
    """Something that a record refers to: a user, a service, a team, a priority, an incident."""

    id: str | None = None
    type: str | None = None
    summary: str | None = None
    name: str | None = None
    html_url: str | None = None

    @property
    def called(self) -> str | None:
        """What it is called, else its identifier."""
        return self.summary or self.name or self.id or None

    @property
    def is_user(self) -> bool:
        """Whether it is a person."""
        return (self.type or "").removesuffix("_reference") == "user"


class Assignment(BaseModel):
    """Whom an incident is assigned to."""

    assignee: Reference


class Acknowledgement(BaseModel):
    """Who has acknowledged an incident, and still does."""

    at: Moment
    acknowledger: Reference | None = None


class Channel(BaseModel):
    """How an entry came about; its content only where ``include[]=channels`` was asked for."""

    type: str | None = None
    details: Any = None
    cef_details: dict[str, Any] | None = None


class LogEntry(BaseModel):
    """One thing that happened to an incident."""

    id: str
    type: str
    created_at: Moment
    incident: Annotated[Incident | Reference | None, Field(union_mode="left_to_right")] = None
    service: Reference | None = None
    teams: list[Reference] | None = None
    agent: Reference | None = None
    assignees: list[Reference] | None = None
    channel: Channel | None = None
    html_url: str | None = None

    @property
    def is_by_user(self) -> bool:
        """Whether a person did it."""
        return self.agent is not None and self.agent.is_user


class Incident(BaseModel):
    """An incident as it was when it was asked for."""

    id: str
    status: Literal["triggered", "acknowledged", "resolved"]
    created_at: Moment
    last_status_change_at: Moment | None = None
    last_status_change_by: Reference | None = None
    resolved_at: Moment | None = None
    updated_at: Moment | None = None
    title: str | None = None
    description: str | None = None
    summary: str | None = None
    incident_key: str | None = None
    incident_number: int | None = None
    urgency: str | None = None
    priority: Reference | None = None
    service: Reference | None = None
    teams: list[Reference] | None = None
    assignments: list[Assignment] | None = None
    acknowledgements: list[Acknowledgement] | None = None
    html_url: str | None = None
    log_entries: list[LogEntry] | None = None

    @property
    def called(self) -> str | None:
        """Its title; the summary says it too, behind the number."""
        return self.title or self.description or (_NUMBER.sub("", self.summary) if self.summary else None)


LogEntry.model_rebuild()


def _which(value: Any) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    is_entry = isinstance(value, LogEntry) or (isinstance(kind, str) and kind.endswith("log_entry"))
    return "log entry" if is_entry else "incident"


class Record(
    RootModel[
        Annotated[
            Annotated[Incident, Tag("incident")] | Annotated[LogEntry, Tag("log entry")],
            Discriminator(_which),
        ]
    ]
):
    """An incident or a log entry, as it is or under its name, as the API gives a single one."""

    @model_validator(mode="before")
    @classmethod
    def _single(cls, value: Any) -> Any:
        if isinstance(value, dict) and "id" not in value:
            return value.get("incident") or value.get("log_entry") or value
        return value
