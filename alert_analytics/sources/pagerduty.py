"""PagerDuty's REST API, version 2: incidents, and the log entries that say what happened to them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel

from alert_analytics.alerts.events import AlertEvent
from alert_analytics.errors import SourceError
from alert_analytics.sources.alertmanager import written
from alert_analytics.sources.pagerduty_records import Channel, Incident, LogEntry, Record, Reference
from alert_analytics.sources.payload import PayloadSource
from alert_analytics.sources.words import as_text, severities_of, worded

_WORDS = {
    "p1": "critical",
    "p2": "high",
    "p3": "medium",
    "p4": "low",
    "p5": "info",
    "high": "high",
    "low": "low",
}
_KINDS = {
    "trigger": "fire",
    "acknowledge": "acknowledge",
    "snooze": "acknowledge",
    "unacknowledge": "unacknowledge",
    "escalate": "escalate",
    "delegate": "reassign",
    "reassign": "reassign",
    "notify": "notify",
    "resolve": "resolve",
    "reopen": "reopen",
}
_RULES = ("service", "title", "class")


@dataclass(frozen=True)
class PagerDuty(PayloadSource[Record]):
    """Incidents and log entries from PagerDuty's REST API, version 2, kept as JSON or JSON lines.

    Ask for both: an incident alone says how it stands, not what happened to it. Log entries may be in the incident
    (``log_entries``) or payloads of their own; a response as it comes (``{"incidents": [...]}``,
    ``{"log_entries": [...]}``) is fine. Whichever way they are told, they meet in one alert per incident.

    Attributes
    ----------
    severities : mapping of str to str
        The names of priorities and the urgencies, in small letters, to info, low, medium, high or critical, beside the
        usual ones (P1 to P5; high, low) or in their place. An incident with an unknown name is set aside.
    rule_of : str
        What the rule is: ``service`` (its name), ``title`` (the incident's), or ``class``, the event's class that the
        monitoring tool sent, which is there only in log entries asked for with ``include[]=channels``.

    Raises
    ------
    SourceError
        `severities` or `rule_of` names something that is none of these.

    Notes
    -----
    ==================  ==================================================================================
    canonical           payload
    ==================  ==================================================================================
    fingerprint         the incident's ``id``
    fired_at            ``created_at`` of the incident; a ``trigger_log_entry``
    acknowledged_at     ``acknowledge_log_entry``, ``snooze_log_entry``; of an incident ``acknowledgements``, which are
                        emptied later, else ``last_status_change_at`` of one that is acknowledged
    resolved_at         ``resolve_log_entry``; of an incident ``resolved_at``, else ``last_status_change_at``
    resolution          manual where a user resolved it, expired where it timed out, automatic otherwise
    rule                see `rule_of`
    service, team       ``service``, the first of ``teams``
    severity            ``priority``, else ``urgency``
    assignee            ``assignments``; ``assignees`` of log entries; whoever acknowledges
    message             ``title``
    occurrences         further ``trigger_log_entry`` of an open incident
    escalations         ``escalate_log_entry``
    reassignments       ``assign_log_entry`` by a user, ``delegate_log_entry``
    notifications       ``notify_log_entry``
    labels              custom details of the event that triggered it, where channels are included
    origin              the account's address, from ``html_url``
    metadata            ``incident_key``, ``incident_number``, as JSON
    ==================  ==================================================================================

    **Identity.** Log entries say the incident's ``id`` and not its ``incident_key``, and an incident that has child
    alerts has no key at all, so each incident is a timeline of its own: that the same condition came back is not seen.

    **What an incident alone may claim.** Its status since ``last_status_change_at``, which happened then; its other
    fields as of ``updated_at`` (else of that change). A service never changes, so it is known from the beginning. That
    it is triggered again after it was acknowledged takes the acknowledgement back; when it was acknowledged before,
    only the log entries say. ``acknowledgements`` may be of a later one than the first.

    A snoozed incident counts as acknowledged, as in PagerDuty; when the snooze is over, an ``unacknowledge_log_entry``
    takes that back. The assignment by an escalation policy is no reassignment; that by whoever opens an incident by
    hand counts as one. Notes, changed priorities and other log entries change nothing but service and team. It cannot
    say values, nor that an alert was suppressed: that makes no incident.

    References
    ----------
    https://developer.pagerduty.com/api-reference (List incidents; List log entries for an incident)
    https://support.pagerduty.com/docs/retrieve-trigger-event-data-using-the-api

    Examples
    --------
    >>> import alert_analytics as aa
    >>> incident = {"id": "PT4KHLK", "status": "resolved", "created_at": "2026-03-02T10:00:00Z", "urgency": "high",
    ...             "resolved_at": "2026-03-02T10:20:00Z", "service": {"summary": "checkout"}}
    >>> source = aa.sources.PagerDuty()
    >>> [(event.kind, event.service) for event in source.events(source.model.model_validate(incident))]
    [('fire', 'checkout'), ('resolve', 'checkout'), ('change', 'checkout')]
    """

    name: ClassVar[str] = "pagerduty"
    model: ClassVar[type[BaseModel]] = Record
    envelope: ClassVar[tuple[str, ...]] = ("incidents", "log_entries")

    severities: Mapping[str, str] = field(default_factory=dict)
    rule_of: str = "service"

    def __post_init__(self) -> None:
        """Lay the user's words over the usual ones."""
        object.__setattr__(self, "severities", severities_of(type(self).__name__, _WORDS, self.severities))
        if self.rule_of not in _RULES:
            raise SourceError(f"PagerDuty has rule_of={self.rule_of!r}; expected {', '.join(_RULES)}.")

    def events(self, payload: Record) -> Iterable[AlertEvent]:
        """What an incident claims of itself, or the one thing that a log entry says."""
        record = payload.root
        if isinstance(record, LogEntry):
            if record.incident is None or not record.incident.id:
                raise ValueError("log entry: incident says no id")
            return self._logged([record], record.incident.id)
        return self._claimed(record)

    def _claimed(self, incident: Incident) -> Iterator[AlertEvent]:
        begun, changed = incident.created_at, incident.last_status_change_at or incident.created_at
        known: dict[str, Any] = {
            "fingerprint": _said(incident.id, "incident"),
            "service": _called(incident.service),
            "rule": {"service": _called(incident.service), "title": incident.called}.get(self.rule_of),
            "origin": _account(incident.html_url),
        }
        yield AlertEvent("fire", happened_at=begun, **known)
        known["fired_at"] = begun
        if incident.status == "resolved":
            ended = incident.resolved_at or incident.last_status_change_at
            if ended is None:
                raise ValueError("incident: resolved, but neither resolved_at nor last_status_change_at")
            how = _resolution(incident.last_status_change_by, None)
            yield AlertEvent("resolve", happened_at=ended, resolution=how, **known)
        elif changed > begun:
            yield AlertEvent("reopen", happened_at=changed, **known)
        if incident.status == "triggered":
            if changed > begun:
                yield AlertEvent("unacknowledge", happened_at=changed, **known)
        else:
            for one in incident.acknowledgements or ():
                yield AlertEvent("acknowledge", happened_at=one.at, assignee=_called(one.acknowledger), **known)
        if incident.status == "acknowledged" and not incident.acknowledgements:
            yield AlertEvent("acknowledge", happened_at=changed, **known)
        yield self._described(incident, known)
        yield from self._logged(incident.log_entries or (), incident.id)

    def _described(self, incident: Incident, known: Mapping[str, Any]) -> AlertEvent:
        """The fields that change without a trace, as of the last change."""
        severity = _called(incident.priority) or incident.urgency
        numbers = {"incident_key": incident.incident_key, "incident_number": incident.incident_number}
        numbers = {name: value for name, value in numbers.items() if value is not None}
        told = [incident.updated_at, incident.last_status_change_at, incident.resolved_at, incident.created_at]
        return AlertEvent(
            "change",
            happened_at=next(at for at in told if at is not None),
            team=_first(incident.teams),
            severity=worded(self.severities, severity),
            message=incident.called,
            assignee=_first([one.assignee for one in incident.assignments or ()]),
            metadata=written(numbers) if numbers else None,
            **known,
        )

    def _logged(self, entries: Iterable[LogEntry], incident_id: str) -> Iterator[AlertEvent]:
        """One event for each log entry, the same whether it is told in its incident or by itself."""
        for entry in entries:
            about = entry.incident
            if isinstance(about, Incident):
                yield from self._claimed(about)
            stem = entry.type.removesuffix("_log_entry")
            kind = _KINDS.get(stem, "change")
            if stem == "assign" and entry.is_by_user:
                kind = "reassign"
            assignee = _called(entry.agent) if kind == "acknowledge" and entry.is_by_user else _first(entry.assignees)
            yield AlertEvent(
                kind,
                fingerprint=_said((about.id if about is not None else None) or incident_id, "log entry: incident"),
                happened_at=entry.created_at,
                # Two messages in one second are two messages.
                sequence=zlib.crc32(entry.id.encode("utf-8", "surrogatepass")) if kind == "notify" else None,
                service=_called(entry.service),
                rule=self._rule(entry),
                team=_first(entry.teams),
                assignee=assignee,
                resolution=_resolution(entry.agent, entry.channel) if kind == "resolve" else None,
                labels=_details(entry.channel) if kind == "fire" else None,
                origin=_account(entry.html_url),
            )

    def _rule(self, entry: LogEntry) -> str | None:
        if self.rule_of == "service":
            return _called(entry.service)
        if self.rule_of == "title":
            return None
        cef = entry.channel.cef_details if entry.channel is not None else None
        found = (cef or {}).get("event_class")
        return found if isinstance(found, str) and found else None


def _said(value: str | None, what: str) -> str:
    if not value:
        raise ValueError(f"{what} says no id")
    return value


def _called(one: Reference | None) -> str | None:
    return one.called if one is not None else None


def _first(several: Iterable[Reference] | None) -> str | None:
    return next((one.called for one in several or ()), None)


def _resolution(agent: Reference | None, channel: Channel | None) -> str | None:
    if channel is not None and channel.type == "timeout":
        return "expired"
    if agent is None or not agent.type:
        return None
    return "manual" if agent.is_user else "automatic"


def _account(url: str | None) -> str | None:
    """The address of the account: scheme and host."""
    found = re.match(r"https?://[^/]+", url or "")
    return found[0] if found else None


def _details(channel: Channel | None) -> dict[str, str] | None:
    """Custom details of an event that are single words or numbers."""
    if channel is None or not isinstance(channel.details, dict):
        return None
    plain = {name: as_text(value) for name, value in channel.details.items() if isinstance(value, (str, int, float))}
    return plain or None
