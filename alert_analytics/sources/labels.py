"""What the labels of Prometheus and its relatives say: identity, severity, service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alert_analytics.errors import SourceError
from alert_analytics.history.schema import SEVERITIES as CANONICAL

SEVERITIES = {
    "critical": "critical",
    "page": "critical",
    "error": "high",
    "high": "high",
    "warning": "medium",
    "medium": "medium",
    "low": "low",
    "info": "info",
    "none": "info",
}
"""Usual words of the label ``severity``, to ours."""


def first_of(labels: Mapping[str, str], names: Sequence[str]) -> str | None:
    """The value of the first of these labels that is there and not empty."""
    for name in names:
        if found := labels.get(name):
            return found
    return None


@dataclass(frozen=True)
class Labelled:
    """How the labels of an alert become canonical columns; the fields that such sources share.

    Attributes
    ----------
    severities : mapping of str to str
        The words of the severity label, in small letters, to info, low, medium, high or critical; beside
        :data:`SEVERITIES`, or in their place. An unknown word sets the event aside.
    severity_label, rule_label : str
        The labels that say severity and rule.
    service_labels, team_labels : sequence of str
        The labels that say service and team: the first that is there.
    tenant_label : str or None
        The label that says whose alert it is; None where none does.

    Raises
    ------
    SourceError
        A severity is mapped to a word that is none of ours.
    """

    severities: Mapping[str, str] = field(default_factory=dict)
    severity_label: str = "severity"
    rule_label: str = "alertname"
    service_labels: Sequence[str] = ("service", "job")
    team_labels: Sequence[str] = ("team",)
    tenant_label: str | None = None

    def __post_init__(self) -> None:
        """Lay the user's words over the usual ones."""
        given = {word.strip().lower(): ours for word, ours in self.severities.items()}
        strange = sorted(set(given.values()) - set(CANONICAL))
        if strange:
            raise SourceError(f"{type(self).__name__} maps severities to {strange}; expected {', '.join(CANONICAL)}.")
        object.__setattr__(self, "severities", SEVERITIES | given)

    def attributes(self, labels: Mapping[str, str]) -> dict[str, Any]:
        """The columns that the labels of an alert say."""
        word = labels.get(self.severity_label)
        return {
            "tenant_id": labels.get(self.tenant_label) if self.tenant_label else None,
            "rule": labels.get(self.rule_label) or None,
            "service": first_of(labels, self.service_labels),
            "team": first_of(labels, self.team_labels),
            "severity": self.severities.get(word.strip().lower(), word) if word else None,
            "labels": labels,
        }
