"""An event: a message about one change of one alert. Stores keep events; alerts are folded from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class EventKind(StrEnum):
    """What an event says.

    The order is that in which events of the same moment are taken: an alert begins before anything else happens to it.
    """

    FIRE = "fire"
    """The condition holds; ``happened_at`` is the start that the source claims."""
    REOPEN = "reopen"
    """An alert that was resolved goes on; said of an open one it says nothing new."""
    CHANGE = "change"
    """Newer attributes, nothing else."""
    ACKNOWLEDGE = "acknowledge"
    """Somebody has taken it; the first one counts."""
    UNACKNOWLEDGE = "unacknowledge"
    """The acknowledgement is taken back."""
    SUPPRESS = "suppress"
    """Silenced or inhibited, until taken back."""
    UNSUPPRESS = "unsuppress"
    """No longer suppressed."""
    ESCALATE = "escalate"
    """Passed up to the next level; counted."""
    REASSIGN = "reassign"
    """Given to somebody else; counted. This is no acknowledgement."""
    NOTIFY = "notify"
    """Somebody was told of it; counted."""
    RESOLVE = "resolve"
    """It is over; ``happened_at`` is the end."""
    ROW = "row"
    """A whole alert told at once, as the row of a table does."""


class AlertEvent(NamedTuple):
    """One event, as a source yields it.

    Times are datetimes, with an offset or in UTC. ``None`` is what the source does not say: of an attribute, the latest
    value said in the alert stays.

    Attributes
    ----------
    kind : str
        An :class:`EventKind`.
    fingerprint : str
        Identity of the condition; with tenant and source it names the timeline that the event belongs to.
    happened_at : datetime
        The event's own time.
    observed_at : datetime or None
        When it was seen; None where the source does not say: then at its own time.
    fired_at : datetime or None
        The start of the alert that the event speaks of, where the source says it.
    acknowledged_at, resolved_at : datetime or None
        Of a ``row`` alone.
    sequence : int or None
        The source's own order among events observed at the same moment.
    tenant_id, origin, rule, service, team, severity, message, resolution, assignee : str or None
        Attributes, as in the canonical alert.
    occurrences, escalations, reassignments, reopens, notifications : int or None
        Running totals, where the source keeps them.
    value : float or None
        The measured value.
    labels : mapping of str to str, or None
        All labels of the alert; later ones take the place of earlier ones as a whole.
    metadata : str or None
        JSON text.
    """

    kind: str
    fingerprint: str
    happened_at: datetime
    observed_at: datetime | None = None
    fired_at: datetime | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    sequence: int | None = None
    tenant_id: str | None = None
    origin: str | None = None
    rule: str | None = None
    service: str | None = None
    team: str | None = None
    severity: str | None = None
    message: str | None = None
    resolution: str | None = None
    occurrences: int | None = None
    escalations: int | None = None
    reassignments: int | None = None
    reopens: int | None = None
    notifications: int | None = None
    assignee: str | None = None
    value: float | None = None
    labels: Mapping[str, str] | None = None
    metadata: str | None = None
