"""Alertmanager's webhook, version 4: one notification about a group of alerts, told again and again while they fire."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, Field

from alert_analytics.alerts.events import AlertEvent
from alert_analytics.alerts.fingerprints import fingerprint_of
from alert_analytics.sources.labels import Labelled, first_of
from alert_analytics.sources.payload import PayloadSource
from alert_analytics.sources.words import Moment

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False)
_NEVER = "0001-01-01T00:00:00Z"  # how Go writes a time that is not set

End = Annotated[Moment | None, BeforeValidator(lambda given: None if given == _NEVER else given)]
"""When an alert ended; None while nobody knows."""


class WebhookAlert(BaseModel):
    """One alert of a notification."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] | None = None
    starts_at: Moment = Field(alias="startsAt")
    ends_at: End = Field(default=None, alias="endsAt")
    fingerprint: str | None = None


class Webhook(BaseModel):
    """One notification."""

    version: Literal["4"] = "4"
    alerts: list[WebhookAlert]
    external_url: str | None = Field(default=None, alias="externalURL")
    truncated_alerts: int = Field(default=0, alias="truncatedAlerts")


@dataclass(frozen=True)
class Told(Labelled):
    """How labels and annotations of an alert become columns, for the webhook and for what is polled alike.

    Attributes
    ----------
    message_annotations : sequence of str
        The annotations that say the message: the first that is there.
    """

    message_annotations: Sequence[str] = ("summary", "message", "description")

    def described(self, labels: Mapping[str, str], annotations: Mapping[str, str] | None) -> dict[str, Any]:
        """The columns that an alert says of itself."""
        told = annotations or {}
        return self.attributes(labels) | {
            "message": first_of(told, self.message_annotations),
            "metadata": written(told) if told else None,
        }


@dataclass(frozen=True)
class Alertmanager(Told, PayloadSource[Webhook]):
    """Notifications that an Alertmanager posted to a webhook, kept as JSON or JSON lines.

    Attributes
    ----------
    severities, severity_label, rule_label, service_labels, team_labels, tenant_label
        Which labels say what: see :class:`~alert_analytics.sources.labels.Labelled`.
    message_annotations : sequence of str
        The annotations that say the message: the first that is there.

    Notes
    -----
    ==================  ==================================================================================
    canonical           payload
    ==================  ==================================================================================
    fingerprint         ``alerts[].fingerprint``; before version 0.19 computed from the labels, as Alertmanager does
    fired_at            ``alerts[].startsAt``
    resolved_at         ``alerts[].endsAt`` of a resolved alert; while it fires that is 0001-01-01 or a guess, not read
    rule                label ``alertname``
    service             label ``service``, else ``job``
    team, severity      labels ``team`` and ``severity``
    tenant_id           the label that ``tenant_label`` names
    message             annotation ``summary``, else ``message``, else ``description``
    labels, metadata    all labels; all annotations, as JSON
    origin              ``externalURL``
    ==================  ==================================================================================

    It cannot say who took an alert or when (Alertmanager knows no acknowledgement), nor that it was silenced: a
    silenced alert is just not told of. It does not say when a notification was sent, so ``as_of`` takes the start of an
    alert as the moment at which it was known, group wait or not. An alert that fires again with a later start while it
    is open counts as one more occurrence.

    Where a notification holds more alerts than ``max_alerts``, Alertmanager cuts the rest off and says how many
    (``truncatedAlerts``). The alerts that are there are used; the notification also goes to quarantine with that
    number, so that the loss is counted.

    References
    ----------
    https://prometheus.io/docs/alerting/latest/configuration/#webhook_config

    Examples
    --------
    >>> import alert_analytics as aa
    >>> notification = {"version": "4", "alerts": [{
    ...     "status": "resolved", "labels": {"alertname": "DiskFull", "severity": "page", "job": "db"},
    ...     "startsAt": "2026-03-02T10:00:00Z", "endsAt": "2026-03-02T10:20:00Z"}]}
    >>> store = aa.AlertStore.open()
    >>> store.ingest([notification], source=aa.sources.Alertmanager()).n_new
    1
    >>> store.history().to_polars().select("rule", "service", "severity", "status").row(0)
    ('DiskFull', 'db', 'critical', 'resolved')
    """

    name: ClassVar[str] = "alertmanager"
    model: ClassVar[type[BaseModel]] = Webhook

    def events(self, payload: Webhook) -> Iterable[AlertEvent]:
        """A fire for each alert that fires, a resolve for each that is over."""
        about = self._about(payload)
        for place, alert in enumerate(payload.alerts):
            labels = alert.labels
            if not labels:
                raise ValueError(f"alerts.{place}: no labels")
            happened_at = alert.ends_at if alert.status == "resolved" else alert.starts_at
            if happened_at is None:
                raise ValueError(f"alerts.{place}.endsAt says no time")
            yield AlertEvent(
                kind="resolve" if alert.status == "resolved" else "fire",
                fingerprint=alert.fingerprint or fingerprint_of(labels),
                happened_at=happened_at,
                fired_at=alert.starts_at,
                **(self.described(labels, alert.annotations) | about | self._values(alert)),
            )

    def losses(self, payload: Webhook) -> Iterable[str]:
        """What Alertmanager cut off."""
        if payload.truncated_alerts > 0:
            yield f"{payload.truncated_alerts} more alerts were cut off by the sender (truncatedAlerts)"

    def _about(self, payload: Webhook) -> dict[str, Any]:
        """The columns that a notification says of all its alerts."""
        return {"origin": payload.external_url or None}

    def _values(self, alert: WebhookAlert) -> dict[str, Any]:
        """The columns that an alert says beside its labels and annotations."""
        return {}


def written(values: Mapping[str, Any]) -> str:
    """Values as JSON text: the same values give the same text."""
    return _ENCODER.encode(values)
