"""ServiceNow's Table API: records of the incident table, each a snapshot of one incident."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from alert_analytics.alerts.events import AlertEvent
from alert_analytics.errors import SourceError
from alert_analytics.sources.alertmanager import written
from alert_analytics.sources.payload import PayloadSource
from alert_analytics.sources.servicenow_records import Cell, TableRecord, cell_of, count_of, moment_of
from alert_analytics.sources.words import severities_of, worded

_WORDS = {"1": "critical", "2": "high", "3": "medium", "4": "low", "5": "info"}
_STATES = {
    "1": "open",
    "2": "acknowledged",
    "3": "open",
    "4": "open",
    "5": "open",
    "6": "resolved",
    "7": "resolved",
    "8": "cancelled",
    "new": "open",
    "in progress": "acknowledged",
    "active": "acknowledged",
    "on hold": "open",
    "awaiting problem": "open",
    "awaiting user info": "open",
    "awaiting evidence": "open",
    "awaiting vendor": "open",
    "resolved": "resolved",
    "closed": "resolved",
    "canceled": "cancelled",
    "cancelled": "cancelled",
}
_MEANINGS = ("open", "acknowledged", "resolved", "cancelled")
_LABELS = {
    "subcategory": "subcategory",
    "u_symptom": "symptom",
    "location": "location",
    "contact_type": "contact_type",
    "impact": "impact",
    "urgency": "urgency",
}
_INTEGER = re.compile(r"-?\d+")


@dataclass(frozen=True)
class ServiceNowTable(PayloadSource[TableRecord]):
    """Records of ServiceNow's incident table, as its Table API gives them, kept as JSON or JSON lines.

    Ask ``GET /api/now/table/incident`` with ``sysparm_display_value=all``: then each field comes as the database has it
    (times in UTC, states as numbers) and as a person reads it (names instead of identifiers). The log that
    :class:`~alert_analytics.sources.ServiceNow` reads and these records meet in one timeline: to both the source is
    ``servicenow`` and the fingerprint the incident's number.

    Attributes
    ----------
    severities : mapping of str to str
        The priorities to info, low, medium, high or critical, beside 1 (critical) to 5 (info) or in their place. A
        record with an unknown one is set aside.
    states : mapping of str to str
        An instance's own states, by number or word, to open, acknowledged, resolved or cancelled, beside the usual
        ones. A record in an unknown state is set aside.
    labels : mapping of str to str
        Which fields become labels, and their names; a field with a dot (``caller_id.email``) is one too.
    names : mapping of str to str
        What groups, persons and configuration items are called, by ``sys_id``, for records without display values.
    tenant_field : str or None
        The field that says whose incident it is, such as ``company``.
    timezone : str or None
        The zone of times in records asked for with ``sysparm_display_value=true``, which is that of the user who asked.
        Without it such records, told by the word in their state, are set aside.

    Raises
    ------
    SourceError
        A severity or a state is mapped to a word that is none of ours, or the zone is unknown.

    Notes
    -----
    ==================  ==================================================================================
    canonical           record
    ==================  ==================================================================================
    fingerprint         ``number``
    fired_at            ``opened_at``, else ``sys_created_on``
    acknowledged_at     ``sys_updated_on`` of the earliest snapshot in state 2 (In Progress)
    resolved_at         in state 6, 7 or 8: ``resolved_at``; else ``closed_at`` of one in state 7 or 8, where it is not
                        after ``sys_updated_on``; else ``sys_updated_on``
    resolution          cancelled in state 8
    severity            ``priority``
    rule, service       ``category``, ``cmdb_ci``
    team, assignee      ``assignment_group``, ``assigned_to``
    message             ``short_description``
    reassignments       ``reassignment_count``
    reopens             ``reopen_count``
    labels              subcategory, symptom (``u_symptom``), location, contact type, impact, urgency
    metadata            ``sys_id``, ``close_code``, as JSON
    ==================  ==================================================================================

    **What a snapshot may claim.** It is an observation at ``sys_updated_on``, so ``as_of`` sees a record's state and
    fields from then on; only that the incident was opened is known since ``opened_at``. Later snapshots of the same
    incident update it, earlier ones change nothing. The more snapshots, the more is known: an incident that is read
    once, when it is over, was never seen in state 2 and has no acknowledgement; an incident that was resolved, reopened
    and resolved between two snapshots was resolved once.

    **The end.** ``closed_at`` is automatic and days later, so it is never taken where ``resolved_at`` is there. Where
    that is empty, which older instances leave it, both ``closed_at`` and ``sys_updated_on`` are too late, the former
    less so. Of several snapshots the first that shows the incident over says the end.

    It cannot say escalations, notifications or values; a ticket is one occurrence. Times typed in by hand are taken as
    they are.

    References
    ----------
    https://www.servicenow.com/docs (REST API reference: Table API)
    """

    name: ClassVar[str] = "servicenow"
    model: ClassVar[type[BaseModel]] = TableRecord
    envelope: ClassVar[tuple[str, ...]] = ("result",)

    severities: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=lambda: dict(_LABELS))
    names: Mapping[str, str] = field(default_factory=dict)
    tenant_field: str | None = None
    timezone: str | None = None

    def __post_init__(self) -> None:
        """Lay the user's words over the usual ones."""
        object.__setattr__(self, "severities", severities_of(type(self).__name__, _WORDS, self.severities))
        states = {word.strip().lower(): meaning for word, meaning in self.states.items()}
        strange = sorted(set(states.values()) - set(_MEANINGS))
        if strange:
            raise SourceError(f"ServiceNowTable maps states to {strange}; expected {', '.join(_MEANINGS)}.")
        object.__setattr__(self, "states", _STATES | states)
        try:
            ZoneInfo(self.timezone or "UTC")
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise SourceError(
                f"ServiceNowTable has timezone={self.timezone!r}; expected such as Europe/Paris."
            ) from error

    def events(self, payload: TableRecord) -> Iterable[AlertEvent]:
        """That it was opened; and, observed at its last change, the state and the fields of then."""
        number = payload.number.value or payload.number.shown
        if number is None:
            raise ValueError("no number")
        meaning, is_shown = self._state(payload.state)
        zone = self._zone(is_shown)
        begun, seen = (
            moment_of(payload.opened_at, "opened_at", zone),
            moment_of(payload.updated_at, "sys_updated_on", zone),
        )
        if begun is None or seen is None:
            raise ValueError("no opened_at" if begun is None else "no sys_updated_on")
        known: dict[str, Any] = {
            "fingerprint": number,
            "tenant_id": self._tenant(payload),
            "observed_at": seen,
            "sequence": count_of(payload.sys_mod_count, "sys_mod_count"),
            "fired_at": begun,
        }
        yield AlertEvent("fire", fingerprint=number, happened_at=begun, tenant_id=known["tenant_id"])
        yield from self._stands(payload, meaning, zone, known)
        if meaning == "acknowledged":
            yield AlertEvent("acknowledge", happened_at=seen, **known)

    def _stands(
        self, payload: TableRecord, meaning: str, zone: ZoneInfo | None, known: Mapping[str, Any]
    ) -> Iterator[AlertEvent]:
        """Whether it is over, with all fields; that it is open says nothing new of one that never was over."""
        about = self._described(payload)
        seen: datetime = known["observed_at"]
        if meaning in {"open", "acknowledged"}:
            yield AlertEvent("reopen", happened_at=seen, **known, **about)
            return
        ended = moment_of(payload.resolved_at, "resolved_at", zone)
        if ended is None:
            closed = moment_of(payload.closed_at, "closed_at", zone)
            ended = closed if closed is not None and closed <= seen else seen
        how = "cancelled" if meaning == "cancelled" else None
        yield AlertEvent("resolve", happened_at=ended, resolution=how, **known, **about)

    def _described(self, payload: TableRecord) -> dict[str, Any]:
        extra = {name: self._label(payload, name) for name in self.labels}
        about = {"sys_id": payload.sys_id.value, "close_code": payload.close_code.text}
        about = {name: value for name, value in about.items() if value}
        priority = payload.priority.value or payload.priority.shown or ""
        return {
            "rule": payload.category.text,
            "service": self._named(payload.cmdb_ci),
            "team": self._named(payload.assignment_group),
            "assignee": self._named(payload.assigned_to),
            # A person is shown "1 - Critical".
            "severity": worded(self.severities, priority.partition(" - ")[0]),
            "message": payload.short_description.text,
            # A ticket is opened once, even where the log has its beginning to the minute and the table to the second.
            "occurrences": 1,
            "reassignments": count_of(payload.reassignment_count, "reassignment_count"),
            "reopens": count_of(payload.reopen_count, "reopen_count"),
            "labels": {self.labels[name]: text for name, text in extra.items() if text} or None,
            "metadata": written(about) if about else None,
        }

    def _state(self, cell: Cell) -> tuple[str, bool]:
        """What the state means, and whether it is a word as people are shown it."""
        state = (cell.value or cell.shown or "").strip().lower()
        if state not in self.states:
            raise ValueError(f"unknown state {cell.text!r}" if state else "no state")
        is_shown = cell.value is None or (cell.shown is None and not _INTEGER.fullmatch(state))
        return self.states[state], is_shown

    def _zone(self, is_shown: bool) -> ZoneInfo | None:
        if not is_shown:
            return None
        if self.timezone is None:
            raise ValueError(
                "display values only, whose times are in the zone of whoever asked: ask with "
                "sysparm_display_value=all, or give ServiceNowTable(timezone=...)"
            )
        return ZoneInfo(self.timezone)

    def _tenant(self, payload: TableRecord) -> str | None:
        if self.tenant_field is None:
            return None
        found = self._label(payload, self.tenant_field)
        if not found:
            raise ValueError(f"{self.tenant_field} says no tenant")
        return found

    def _label(self, payload: TableRecord, name: str) -> str | None:
        given = getattr(payload, name) if name in type(payload).model_fields else payload.__pydantic_extra__.get(name)
        return self._named(cell_of(given))

    def _named(self, cell: Cell) -> str | None:
        return cell.shown or self.names.get(cell.value or "", cell.value or "") or None
