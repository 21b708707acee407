"""Trend, correlation and resolution-time analytics over alert histories: fewer, better alerts.

The names below load on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alert_analytics import datasets, sources
    from alert_analytics.alerts import Alert, AlertRule, AlertSeverity, AlertStatus
    from alert_analytics.history import AlertHistory, AlertStore

_HOMES = {
    "Alert": "alerts",
    "AlertHistory": "history",
    "AlertRule": "alerts",
    "AlertSeverity": "alerts",
    "AlertStatus": "alerts",
    "AlertStore": "history",
}
_MODULES = ("datasets", "sources")

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
