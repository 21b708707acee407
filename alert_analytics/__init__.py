"""Trend, correlation and resolution-time analytics over alert histories: fewer, better alerts.

The names below load on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alert_analytics import datasets, errors, simulation, sources
    from alert_analytics.alerts import Alert, AlertRule, AlertSeverity, AlertStatus
    from alert_analytics.analytics import (
        AlertAnalytics,
        CorrelationAnalysis,
        FirstLook,
        ResolutionAnalysis,
        TrendAnalysis,
    )
    from alert_analytics.history import AlertHistory, AlertStore

__version__ = "0.1.0"

__all__ = [
    "Alert",
    "AlertAnalytics",
    "AlertHistory",
    "AlertRule",
    "AlertSeverity",
    "AlertStatus",
    "AlertStore",
    "CorrelationAnalysis",
    "FirstLook",
    "ResolutionAnalysis",
    "TrendAnalysis",
    "__version__",
    "datasets",
    "errors",
    "simulation",
    "sources",
]

_HOMES = {
    "Alert": "alerts",
    "AlertAnalytics": "analytics",
    "AlertHistory": "history",
    "AlertRule": "alerts",
    "AlertSeverity": "alerts",
    "AlertStatus": "alerts",
    "AlertStore": "history",
    "CorrelationAnalysis": "analytics",
    "FirstLook": "analytics",
    "ResolutionAnalysis": "analytics",
    "TrendAnalysis": "analytics",
}
_MODULES = ("datasets", "errors", "simulation", "sources")


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
