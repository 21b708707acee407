"""One alert: one firing span of one condition."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import to_json

from alert_analytics.alerts.record import Record, UtcTime, utc_now
from alert_analytics.alerts.states import AlertResolution, AlertSeverity, AlertStatus
from alert_analytics.errors import HistoryError


def json_text(value: object) -> str:
    """Write a value as canonical JSON: keys sorted, no blanks, NaN as null, anything unknown as its text.

    Parameters
    ----------
    value : object
        What metadata may hold.

    Returns
    -------
    str
        The same for equal values, whatever the order of their keys.
    """
    plain = json.loads(to_json(value, inf_nan_mode="null", fallback=str))
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _digest(*parts: object) -> str:
    return hashlib.md5(json_text(list(parts)).encode(), usedforsecurity=False).hexdigest()


def _fingerprint(fields: dict[str, Any]) -> str:
    return _digest(str(fields["rule_id"]), fields["metadata"])


def _status(fields: dict[str, Any]) -> AlertStatus:
    if fields["resolved_at"] is not None:
        return AlertStatus.RESOLVED
    return AlertStatus.FIRING if fields["acknowledged_at"] is None else AlertStatus.ACKNOWLEDGED


class Alert(Record):
    """One alert, open for as long as it has no ``resolved_at``.

    Two alerts that differ in nothing but the moment they were made in are two alerts: `fired_at` is now unless given.

    Parameters
    ----------
    rule_id : UUID
        The rule that fired, as :attr:`AlertRule.id` gives it.
    message : str, optional
        For people.
    severity : AlertSeverity or None
        Or its word.
    metadata : dict, optional
        Whatever the source knew; together with `rule_id` the alert's identity, unless `fingerprint` is given.
    fired_at, acknowledged_at, resolved_at, observed_at, ingested_at : datetime, optional
        With a zone they are converted to UTC, without one they are UTC.
    tenant_id : str
        Whose it is.
    fingerprint : str, optional
        Identity of the condition: the hash of `rule_id` and `metadata`.
    status : AlertStatus, optional
        What the times say: resolved, acknowledged or firing.
    rule : str, optional
        The rule's name for readers: `rule_id` as text unless given.
    source, origin, service, team, resolution, assignee, value, labels : optional
        As in the canonical columns.
    occurrences, escalations, reassignments, reopens, notifications : int, optional
        Counts; None where unknown.

    Raises
    ------
    HistoryError
        A field is wrong, or the times contradict each other.

    Examples
    --------
    >>> from alert_analytics.alerts import AlertRule
    >>> rule = AlertRule(name="High CPU Usage", condition="cpu_usage > 80", severity="critical")
    >>> alert = Alert(rule_id=rule.id, message="CPU usage exceeded threshold", severity="critical",
    ...               metadata={"cpu_usage": 85.2, "instance": "web-01"})
    >>> alert.status, alert.tenant_id
    (<AlertStatus.FIRING: 'firing'>, 'default')
    """

    rule_id: UUID
    message: str | None = None
    severity: AlertSeverity | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    tenant_id: str = Field(default="default", min_length=1)
    source: str = "python"
    origin: str | None = None
    rule: str = Field(default_factory=lambda fields: str(fields["rule_id"]))
    fingerprint: str = Field(default_factory=_fingerprint, min_length=1)
    service: str | None = None
    team: str | None = None
    fired_at: UtcTime = Field(default_factory=utc_now)
    acknowledged_at: UtcTime | None = None
    resolved_at: UtcTime | None = None
    resolution: AlertResolution | None = None
    status: AlertStatus = Field(default_factory=_status)
    observed_at: UtcTime | None = None
    ingested_at: UtcTime | None = None
    occurrences: int = Field(default=1, ge=1)
    escalations: int | None = Field(default=None, ge=0)
    reassignments: int | None = Field(default=None, ge=0)
    reopens: int | None = Field(default=None, ge=0)
    notifications: int | None = Field(default=None, ge=0)
    assignee: str | None = None
    value: float | None = None
    labels: dict[str, str] = Field(default_factory=dict)

    @property
    def alert_id(self) -> str:
        """Hash of tenant, source, fingerprint and fired_at (microseconds): the same alert always has the same id."""
        fired_us = round((self.fired_at.replace(tzinfo=UTC) - _EPOCH).total_seconds() * 1e6)
        return _digest(self.tenant_id, self.source, self.fingerprint, str(fired_us))

    @property
    def _short(self) -> str:
        return f"Alert {self.fingerprint[:8]}"

    def __hash__(self) -> int:
        return hash(self.alert_id)

    @model_validator(mode="after")
    def _check_order(self) -> Alert:
        for name in ("acknowledged_at", "resolved_at"):
            moment: datetime | None = getattr(self, name)
            if moment is not None and moment < self.fired_at:
                early = (moment - self.fired_at).total_seconds()
                raise HistoryError(
                    f"{self._short}: {name} {moment} precedes fired_at {self.fired_at} ({early:,.1f} s).",
                    hint="are both times of the same zone? Times without one are taken as UTC.",
                )
        if self.status is AlertStatus.RESOLVED and self.resolved_at is None:
            raise HistoryError(
                f"{self._short}: status is resolved, but there is no resolved_at.",
                hint="give resolved_at and leave status out: the times say it.",
            )
        return self


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
