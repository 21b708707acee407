"""What an alert is: its record, the rule that fires it, and the language of a rule's condition. No input or output.

The names below load on first use, so that reading a condition does not pay for pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alert_analytics.alerts.alert import Alert
    from alert_analytics.alerts.changes import RuleChange
    from alert_analytics.alerts.conditions import Expression, evaluate, parse
    from alert_analytics.alerts.escalation import EscalationLevel, EscalationPolicy
    from alert_analytics.alerts.events import AlertEvent, EventKind
    from alert_analytics.alerts.incidents import IncidentPolicy
    from alert_analytics.alerts.rules import AlertRule
    from alert_analytics.alerts.states import AlertResolution, AlertSeverity, AlertStatus
    from alert_analytics.alerts.table import ALERT_SCHEMA, alerts_table

__all__ = [
    "ALERT_SCHEMA",
    "Alert",
    "AlertEvent",
    "AlertResolution",
    "AlertRule",
    "AlertSeverity",
    "AlertStatus",
    "EscalationLevel",
    "EscalationPolicy",
    "EventKind",
    "Expression",
    "IncidentPolicy",
    "RuleChange",
    "alerts_table",
    "evaluate",
    "parse",
]

_HOMES = {
    "ALERT_SCHEMA": "table",
    "Alert": "alert",
    "AlertEvent": "events",
    "AlertResolution": "states",
    "AlertRule": "rules",
    "AlertSeverity": "states",
    "AlertStatus": "states",
    "EscalationLevel": "escalation",
    "EscalationPolicy": "escalation",
    "EventKind": "events",
    "Expression": "conditions",
    "IncidentPolicy": "incidents",
    "RuleChange": "changes",
    "alerts_table": "table",
    "evaluate": "conditions",
    "parse": "conditions",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
