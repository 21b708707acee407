"""Analytics of alert histories, and anomaly models whose 0.85 keeps a promise: fewer, better alerts.

The names below load on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alert_analytics import datasets, errors, registry, simulation, sources
    from alert_analytics.alerts import (
        Alert,
        AlertRule,
        AlertSeverity,
        AlertStatus,
        EscalationLevel,
        EscalationPolicy,
        IncidentPolicy,
        RuleChange,
    )
    from alert_analytics.analytics import (
        AlertAnalytics,
        CorrelationAnalysis,
        EscalationReplay,
        IncidentAnalysis,
        MetricReplay,
        PerformanceAnalysis,
        Recommendations,
        ResolutionAnalysis,
        RuleReplay,
        TrendAnalysis,
        WorkloadAnalysis,
        compare,
    )
    from alert_analytics.calibration import CalibratedModel
    from alert_analytics.detectors import AutoencoderDetector, IsolationForestDetector, PCADetector
    from alert_analytics.history import AlertHistory, AlertStore
    from alert_analytics.scoring import OnnxScorer
    from alert_analytics.windows import Windows, alert_windows, metric_windows

__version__ = "0.1.0"

__all__ = [
    "Alert",
    "AlertAnalytics",
    "AlertHistory",
    "AlertRule",
    "AlertSeverity",
    "AlertStatus",
    "AlertStore",
    "AutoencoderDetector",
    "CalibratedModel",
    "CorrelationAnalysis",
    "EscalationLevel",
    "EscalationPolicy",
    "EscalationReplay",
    "IncidentAnalysis",
    "IncidentPolicy",
    "IsolationForestDetector",
    "MetricReplay",
    "OnnxScorer",
    "PCADetector",
    "PerformanceAnalysis",
    "Recommendations",
    "ResolutionAnalysis",
    "RuleChange",
    "RuleReplay",
    "TrendAnalysis",
    "Windows",
    "WorkloadAnalysis",
    "__version__",
    "alert_windows",
    "compare",
    "datasets",
    "errors",
    "metric_windows",
    "registry",
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
    "AutoencoderDetector": "detectors",
    "CalibratedModel": "calibration",
    "CorrelationAnalysis": "analytics",
    "EscalationLevel": "alerts",
    "EscalationPolicy": "alerts",
    "EscalationReplay": "analytics",
    "IncidentAnalysis": "analytics",
    "IncidentPolicy": "alerts",
    "IsolationForestDetector": "detectors",
    "MetricReplay": "analytics",
    "OnnxScorer": "scoring",
    "PCADetector": "detectors",
    "PerformanceAnalysis": "analytics",
    "Recommendations": "analytics",
    "ResolutionAnalysis": "analytics",
    "RuleChange": "alerts",
    "RuleReplay": "analytics",
    "TrendAnalysis": "analytics",
    "Windows": "windows",
    "WorkloadAnalysis": "analytics",
    "alert_windows": "windows",
    "compare": "analytics",
    "metric_windows": "windows",
}
_MODULES = ("datasets", "errors", "registry", "simulation", "sources")


def __getattr__(name: str) -> object:
    if name not in _HOMES and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        from alert_analytics.errors import MissingDependencyError

        missing = MissingDependencyError.instead_of(error, name)
        if missing is None:
            raise
        raise missing from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
