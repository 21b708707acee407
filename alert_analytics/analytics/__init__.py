"""One room per question: each analysis stands beside the ``.sql`` that counts for it.

The names below load on first use: a trend does not pay for the compiler that correlation needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alert_analytics.analytics.attainment import Attainment
    from alert_analytics.analytics.before_after import Comparison, compare
    from alert_analytics.analytics.competing import CompetingRisks
    from alert_analytics.analytics.correlation import CorrelationAnalysis
    from alert_analytics.analytics.escalation import EscalationReplay
    from alert_analytics.analytics.hazards import HazardRatios
    from alert_analytics.analytics.incidents import IncidentAnalysis
    from alert_analytics.analytics.looks import BetweenLooks
    from alert_analytics.analytics.metric_replay import MetricReplay
    from alert_analytics.analytics.performance import PerformanceAnalysis
    from alert_analytics.analytics.recommendations import Recommendations
    from alert_analytics.analytics.replay import RuleReplay
    from alert_analytics.analytics.resolution import ResolutionAnalysis
    from alert_analytics.analytics.result import Result
    from alert_analytics.analytics.summary import AlertAnalytics, AnalyticsReport
    from alert_analytics.analytics.trend import TrendAnalysis
    from alert_analytics.analytics.trend_changes import ChangePoints
    from alert_analytics.analytics.trend_forecast import Forecast
    from alert_analytics.analytics.trend_seasonality import Seasonality
    from alert_analytics.analytics.workload import WorkloadAnalysis

__all__ = [
    "AlertAnalytics",
    "AnalyticsReport",
    "Attainment",
    "BetweenLooks",
    "ChangePoints",
    "Comparison",
    "CompetingRisks",
    "CorrelationAnalysis",
    "EscalationReplay",
    "Forecast",
    "HazardRatios",
    "IncidentAnalysis",
    "MetricReplay",
    "PerformanceAnalysis",
    "Recommendations",
    "ResolutionAnalysis",
    "Result",
    "RuleReplay",
    "Seasonality",
    "TrendAnalysis",
    "WorkloadAnalysis",
    "compare",
]

_HOMES = {
    "AlertAnalytics": "summary",
    "AnalyticsReport": "summary",
    "Attainment": "attainment",
    "BetweenLooks": "looks",
    "ChangePoints": "trend_changes",
    "Comparison": "before_after",
    "CompetingRisks": "competing",
    "CorrelationAnalysis": "correlation",
    "EscalationReplay": "escalation",
    "Forecast": "trend_forecast",
    "HazardRatios": "hazards",
    "IncidentAnalysis": "incidents",
    "MetricReplay": "metric_replay",
    "PerformanceAnalysis": "performance",
    "Recommendations": "recommendations",
    "ResolutionAnalysis": "resolution",
    "Result": "result",
    "RuleReplay": "replay",
    "Seasonality": "trend_seasonality",
    "TrendAnalysis": "trend",
    "WorkloadAnalysis": "workload",
    "compare": "before_after",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
