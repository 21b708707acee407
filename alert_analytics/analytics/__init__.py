"""One room per question: each analysis stands beside the ``.sql`` that counts for it.

The names below load on first use: a trend does not pay for the compiler that correlation needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alert_analytics.analytics.correlation import CorrelationAnalysis
    from alert_analytics.analytics.escalation import EscalationReplay
    from alert_analytics.analytics.incidents import IncidentAnalysis
    from alert_analytics.analytics.metric_replay import MetricReplay
    from alert_analytics.analytics.recommendations import Recommendations
    from alert_analytics.analytics.replay import RuleReplay
    from alert_analytics.analytics.resolution import ResolutionAnalysis
    from alert_analytics.analytics.result import Result
    from alert_analytics.analytics.summary import AlertAnalytics, AnalyticsReport
    from alert_analytics.analytics.trend import TrendAnalysis

__all__ = [
    "AlertAnalytics",
    "AnalyticsReport",
    "CorrelationAnalysis",
    "EscalationReplay",
    "IncidentAnalysis",
    "MetricReplay",
    "Recommendations",
    "ResolutionAnalysis",
    "Result",
    "RuleReplay",
    "TrendAnalysis",
]

_HOMES = {
    "AlertAnalytics": "summary",
    "AnalyticsReport": "summary",
    "CorrelationAnalysis": "correlation",
    "EscalationReplay": "escalation",
    "IncidentAnalysis": "incidents",
    "MetricReplay": "metric_replay",
    "Recommendations": "recommendations",
    "ResolutionAnalysis": "resolution",
    "Result": "result",
    "RuleReplay": "replay",
    "TrendAnalysis": "trend",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
