"""Alertmanager's API as it is polled: what is firing at a moment, and what has gone since the moment before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from alert_analytics.alerts.events import AlertEvent
from alert_analytics.sources.alertmanager import End, Told
from alert_analytics.sources.payload import PayloadSource
from alert_analytics.sources.words import Moment


class PolledStatus(BaseModel):
    """The state of an alert; ``resolved`` is the pull's word for one that is shown no more."""

    state: Literal["unprocessed", "active", "suppressed", "resolved"]


class PolledAlert(BaseModel):
    """A ``gettableAlert`` with the time of the poll; of an alert that has gone only identity, start and end."""

    fingerprint: str = Field(min_length=1)
    status: PolledStatus
    starts_at: Moment = Field(alias="startsAt")
    ends_at: End = Field(default=None, alias="endsAt")
    polled_at: Moment = Field(alias="polledAt")
    polled_from: str | None = Field(default=None, alias="polledFrom")
    state_before: str | None = Field(default=None, alias="stateBefore")
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


@dataclass(frozen=True)
class AlertmanagerPoll(Told, PayloadSource[PolledAlert]):
    """What a pull reads from ``GET /api/v2/alerts``; the same timelines as those of the webhook.

    Attributes
    ----------
    severities, severity_label, rule_label, service_labels, team_labels, tenant_label
        Which labels say what: see :class:`~alert_analytics.sources.labels.Labelled`.
    message_annotations : sequence of str
        The annotations that say the message: the first that is there.

    Notes
    -----
    Everything is observed when it is polled. ``suppressed`` (silenced or inhibited) is told, unlike by the webhook. The
    ``endsAt`` of an alert that is shown lies in the future and is not read; that of one that has gone is the pull's
    estimate (see :mod:`alert_analytics.pulls.alertmanager`).

    References
    ----------
    https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml (gettableAlert).
    """

    name: ClassVar[str] = "alertmanager"
    model: ClassVar[type[BaseModel]] = PolledAlert

    def events(self, payload: PolledAlert) -> Iterable[AlertEvent]:
        """A resolve for an alert that has gone; else a fire, and whether it is suppressed where that has changed."""
        seen, start = payload.polled_at, payload.starts_at
        if payload.status.state == "resolved":
            if payload.ends_at is None:
                raise ValueError("endsAt: an alert that has gone needs its end")
            # In order before the fire of the same poll, which is the next alert's.
            yield AlertEvent("resolve", payload.fingerprint, payload.ends_at, seen, start, sequence=0)
            return
        if not payload.labels:
            raise ValueError("labels: an alert has some")
        about = self.described(payload.labels, payload.annotations) | {"origin": payload.polled_from}
        yield AlertEvent("fire", payload.fingerprint, start, seen, start, sequence=1, **about)
        if payload.status.state == "suppressed":
            yield AlertEvent("suppress", payload.fingerprint, seen, seen, start, sequence=2)
        elif payload.state_before == "suppressed":
            yield AlertEvent("unsuppress", payload.fingerprint, seen, seen, start, sequence=2)
