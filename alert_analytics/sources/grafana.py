"""Grafana's alerting webhook, version 1: Alertmanager's, with organisations, measured values and states of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from alert_analytics.sources.alertmanager import Alertmanager, Webhook, WebhookAlert, written


class GrafanaAlert(WebhookAlert):
    """One alert of a notification."""

    values: dict[str, float | None] | None = None
    value_string: str | None = Field(default=None, alias="valueString")


class GrafanaWebhook(Webhook):
    """One notification."""

    version: Literal["1"] = "1"  # type: ignore[assignment]  # another protocol counts from 1 anew
    alerts: list[GrafanaAlert]  # type: ignore[assignment]  # a list that nobody adds to
    org_id: int | None = Field(default=None, alias="orgId")


@dataclass(frozen=True)
class Grafana(Alertmanager):
    """Notifications that Grafana's alerting posted to a webhook, kept as JSON or JSON lines.

    Attributes
    ----------
    severities, severity_label, rule_label, service_labels, team_labels, tenant_label, message_annotations
        As in :class:`~alert_analytics.sources.Alertmanager`.
    tenants : mapping of int to str
        The tenant of each organisation (``orgId``). Where it is given, a notification of another organisation is set
        aside.
    value_of : str or None
        Which of the measured ``values`` (by its letter) is the alert's value; without it, the only one there is.

    Notes
    -----
    ==================  ==================================================================================
    canonical           payload
    ==================  ==================================================================================
    fingerprint         ``alerts[].fingerprint``
    fired_at            ``alerts[].startsAt``
    resolved_at         ``alerts[].endsAt`` of a resolved alert
    rule                label ``alertname``
    service, team       labels, as in Alertmanager
    severity            label ``severity``; Grafana sets none by itself
    tenant_id           ``orgId``, by ``tenants``; else the label that ``tenant_label`` names
    origin              ``externalURL`` and the organisation
    message             annotation ``summary``, else ``message``, else ``description``
    value               ``alerts[].values``
    labels              all labels
    metadata            all annotations, and ``values`` or ``valueString``, as JSON
    ==================  ==================================================================================

    A rule without data, or whose query fails, fires alerts of its own: their ``alertname`` is ``DatasourceNoData`` or
    ``DatasourceError``, the rule's own name is the label ``rulename``. They are conditions of their own here too. Where
    a rule is set to alert in these states instead, or keeps its last one, the annotation ``grafana_state_reason``
    (``NoData``, ``Error``, ``MissingSeries``) says why it fires or ended; it is in the metadata.

    It cannot say who took an alert or when, nor that it was silenced, nor when a notification was sent. Legacy
    dashboard alerts (``evalMatches``) are another format and are set aside.

    References
    ----------
    https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
    https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rule-evaluation/nodata-and-error-states/
    """

    name: ClassVar[str] = "grafana"
    model: ClassVar[type[BaseModel]] = GrafanaWebhook

    tenants: Mapping[int, str] = field(default_factory=dict)
    value_of: str | None = None

    def _about(self, payload: Webhook) -> dict[str, Any]:
        assert isinstance(payload, GrafanaWebhook)
        about = super()._about(payload)
        if payload.org_id is not None:
            about["origin"] = f"{payload.external_url or ''}?orgId={payload.org_id}"
        if self.tenants:
            if payload.org_id is None or payload.org_id not in self.tenants:
                raise ValueError(f"orgId {payload.org_id} is no organisation of Grafana(tenants=...)")
            about["tenant_id"] = self.tenants[payload.org_id]
        return about

    def _values(self, alert: WebhookAlert) -> dict[str, Any]:
        assert isinstance(alert, GrafanaAlert)
        # NaN and infinity, which a query may well give, are no JSON and no value.
        values = {name: value for name, value in (alert.values or {}).items() if value is None or math.isfinite(value)}
        told: dict[str, Any] = dict(alert.annotations or {})
        if values:
            told["values"] = values
        elif alert.value_string:
            told["valueString"] = alert.value_string
        value = (
            values.get(self.value_of) if self.value_of else next(iter(values.values())) if len(values) == 1 else None
        )
        return {"metadata": written(told) if told else None, "value": value}
