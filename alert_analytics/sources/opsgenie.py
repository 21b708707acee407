"""Opsgenie's alerts, as its API lists them and its exports keep them: each a snapshot of how the alert stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field, model_validator

from alert_analytics.alerts.events import AlertEvent
from alert_analytics.sources.alertmanager import written
from alert_analytics.sources.labels import first_of
from alert_analytics.sources.payload import PayloadSource
from alert_analytics.sources.words import Moment, as_text, severities_of, worded

_WORDS = {"p1": "critical", "p2": "high", "p3": "medium", "p4": "low", "p5": "info"}


class Responder(BaseModel):
    """A team, user, escalation or schedule; the API says only its identifier."""

    id: str | None = None
    type: str | None = None
    name: str | None = None


class Integration(BaseModel):
    """Through what the alert came in."""

    name: str | None = None


class Report(BaseModel):
    """What Opsgenie counts of an alert; times in milliseconds since it was created."""

    ack_time: int | None = Field(default=None, alias="ackTime")
    close_time: int | None = Field(default=None, alias="closeTime")
    acknowledged_by: str | None = Field(default=None, alias="acknowledgedBy")
    closed_by: str | None = Field(default=None, alias="closedBy")


class OpsgenieAlert(BaseModel):
    """An alert as it was when it was asked for; ``details`` and ``entity`` only where it was asked for by itself."""

    id: str
    alias: str | None = None
    tiny_id: str | None = Field(default=None, alias="tinyId")
    message: str | None = None
    status: Literal["open", "closed"]
    acknowledged: bool | None = None
    snoozed: bool | None = None
    count: int | None = None
    created_at: Moment = Field(alias="createdAt")
    updated_at: Moment | None = Field(default=None, alias="updatedAt")
    last_occurred_at: Moment | None = Field(default=None, alias="lastOccurredAt")
    source: str | None = None
    owner: str | None = None
    priority: str | None = None
    entity: str | None = None
    tags: list[str] | None = None
    details: dict[str, Any] | None = None
    teams: list[Responder] | None = None
    responders: list[Responder] | None = None
    integration: Integration | None = None
    report: Report | None = None

    @model_validator(mode="before")
    @classmethod
    def _single(cls, value: Any) -> Any:
        """The API gives a single alert under ``data``."""
        return value["data"] if isinstance(value, dict) and isinstance(value.get("data"), dict) else value


@dataclass(frozen=True)
class Opsgenie(PayloadSource[OpsgenieAlert]):
    """Alerts from Opsgenie's API (list alerts, get alert) or an export of them, kept as JSON or JSON lines.

    Attributes
    ----------
    severities : mapping of str to str
        The priorities, in small letters, to info, low, medium, high or critical, beside P1 (critical) to P5 (info) or
        in their place. An alert with an unknown word is set aside.
    rule_details, service_details : sequence of str
        The details that say rule and service: the first that is there.
    names : mapping of str to str
        What teams are called, by their identifier: the API says no names.

    Raises
    ------
    SourceError
        A severity is mapped to a word that is none of ours.

    Notes
    -----
    ==================  ==================================================================================
    canonical           payload
    ==================  ==================================================================================
    fingerprint         ``alias``, else ``id``
    fired_at            ``createdAt``
    acknowledged_at     ``createdAt`` and ``report.ackTime`` (milliseconds); without a report, of one that is
                        ``acknowledged``, ``updatedAt``
    resolved_at         ``createdAt`` and ``report.closeTime`` (milliseconds), else ``updatedAt``, of a closed alert
    resolution          manual where ``report.closedBy`` is a person's address
    status              suppressed while it is ``snoozed``
    severity            ``priority``
    rule                a detail (``alertname``), else ``source``
    service             a detail (``service``), else ``entity``
    team                the first of ``teams``, else the first of ``responders`` that is a team
    assignee            ``owner``, else ``report.acknowledgedBy``
    message             ``message``
    occurrences         ``count``
    labels              ``details``; ``tags``, with commas between
    metadata            ``id``, ``tinyId``, ``source``, the integration's name, as JSON
    ==================  ==================================================================================

    **What a snapshot may claim.** That the alert began, was acknowledged and was closed is counted as known at those
    moments; all else (priority, owner, count, details, being snoozed) as of ``updatedAt``, else ``lastOccurredAt``.
    Of a later snapshot the later fields stay. An open alert that is not acknowledged takes an acknowledgement of before
    back. When an acknowledgement was taken back, and the earlier ones, is not said; of several occurrences only the
    number and the last are.

    Two alerts with one alias follow one another: Opsgenie opens a new one only when the one before is closed. Without
    ``report`` the end of an alert that was changed after it was closed comes out too late.

    References
    ----------
    https://docs.opsgenie.com/docs/alert-api (List Alerts, Get Alert)

    Examples
    --------
    >>> import alert_analytics as aa
    >>> alert = {"id": "70413a06", "alias": "disk-db-01", "status": "closed", "createdAt": "2026-03-02T10:00:00Z",
    ...          "updatedAt": "2026-03-02T11:00:00Z", "priority": "P1", "report": {"closeTime": 60503}}
    >>> source = aa.sources.Opsgenie()
    >>> fire, resolve, *_, change = source.events(source.model.model_validate(alert))
    >>> fire.fingerprint, str(resolve.happened_at - fire.happened_at), change.severity
    ('disk-db-01', '0:01:00.503000', 'critical')
    """

    name: ClassVar[str] = "opsgenie"
    model: ClassVar[type[BaseModel]] = OpsgenieAlert
    envelope: ClassVar[tuple[str, ...]] = ("data",)

    severities: Mapping[str, str] = field(default_factory=dict)
    rule_details: Sequence[str] = ("alertname",)
    service_details: Sequence[str] = ("service",)
    names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay the user's words over the usual ones."""
        object.__setattr__(self, "severities", severities_of(type(self).__name__, _WORDS, self.severities))

    def events(self, payload: OpsgenieAlert) -> Iterable[AlertEvent]:
        """That it began, was acknowledged and closed, each at its time; the rest as of the last change."""
        fingerprint = payload.alias or payload.id
        if not fingerprint:
            raise ValueError("neither alias nor id")
        begun = payload.created_at
        known: dict[str, Any] = {"fingerprint": fingerprint, "fired_at": begun}
        yield AlertEvent("fire", fingerprint=fingerprint, happened_at=begun)
        seen = payload.updated_at or payload.last_occurred_at or begun
        report = payload.report or Report()
        if report.ack_time is not None:
            taken = begun + timedelta(milliseconds=report.ack_time)
            yield AlertEvent("acknowledge", happened_at=taken, assignee=report.acknowledged_by or None, **known)
        if payload.status == "closed":
            yield from self._closed(payload, report, known)
        else:
            if payload.acknowledged is False:
                yield AlertEvent("unacknowledge", happened_at=seen, **known)
            elif payload.acknowledged and report.ack_time is None:
                yield AlertEvent("acknowledge", happened_at=seen, **known)
            yield AlertEvent("suppress" if payload.snoozed else "unsuppress", happened_at=seen, **known)
        yield AlertEvent("change", happened_at=seen, **known, **self._described(payload, report))

    def _closed(self, payload: OpsgenieAlert, report: Report, known: Mapping[str, Any]) -> Iterator[AlertEvent]:
        if report.close_time is not None:
            ended = payload.created_at + timedelta(milliseconds=report.close_time)
        elif payload.updated_at is not None:
            ended = payload.updated_at
        else:
            raise ValueError("closed, but neither report.closeTime nor updatedAt")
        how = "manual" if "@" in (report.closed_by or "") else None
        # Whatever was snoozed before is not any more.
        yield AlertEvent("unsuppress", happened_at=ended, **known)
        yield AlertEvent("resolve", happened_at=ended, resolution=how, **known)

    def _described(self, payload: OpsgenieAlert, report: Report) -> dict[str, Any]:
        """The fields that may have changed since the beginning."""
        details = {name: as_text(value) for name, value in (payload.details or {}).items() if value is not None}
        labels = ({"tags": ",".join(payload.tags)} if payload.tags else {}) | details
        about = {
            "id": payload.id,
            "tinyId": payload.tiny_id,
            "source": payload.source,
            "integration": payload.integration.name if payload.integration else None,
        }
        return {
            "rule": first_of(details, self.rule_details) or payload.source or None,
            "service": first_of(details, self.service_details) or payload.entity or None,
            "team": self._team(payload),
            "severity": worded(self.severities, payload.priority),
            "message": payload.message or None,
            "assignee": payload.owner or report.acknowledged_by or None,
            "occurrences": payload.count,
            "labels": labels or None,
            "metadata": written({name: value for name, value in about.items() if value}),
        }

    def _team(self, payload: OpsgenieAlert) -> str | None:
        teams = [*(payload.teams or ()), *(one for one in payload.responders or () if one.type == "team")]
        called = (one.name or self.names.get(one.id or "") or one.id for one in teams)
        return next((name for name in called if name), None)
