"""The words that an alert's severity, status and resolution may take."""

from __future__ import annotations

from enum import StrEnum


class AlertSeverity(StrEnum):
    """How bad it is: ``info < low < medium < high < critical``.

    A member is its word (``AlertSeverity.HIGH == "high"``), but unlike words members compare in this order, not
    alphabetically; a plain word on either side is taken as a member.

    Raises
    ------
    ValueError
        By ``<``, ``<=``, ``>`` and ``>=`` where the other word is no severity.

    Examples
    --------
    >>> AlertSeverity.HIGH < AlertSeverity.CRITICAL, "info" < AlertSeverity.LOW
    (True, True)
    >>> [str(severity) for severity in sorted(["low", AlertSeverity.INFO, AlertSeverity.CRITICAL])]
    ['info', 'low', 'critical']
    """

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The place in the order: 0 for info to 4 for critical."""
        return _RANKS[self.value]

    def __lt__(self, other: str) -> bool:
        return self.rank < AlertSeverity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= AlertSeverity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > AlertSeverity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= AlertSeverity(other).rank


_RANKS = {member.value: rank for rank, member in enumerate(AlertSeverity)}


class AlertStatus(StrEnum):
    """What is being done about it: firing, acknowledged, resolved or suppressed (no order)."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"


class AlertResolution(StrEnum):
    """How it ended: by a person, by itself, by a timeout, or because it was never meant (no order)."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
