"""One room per question: each analysis stands beside the ``.sql`` that counts for it.

The names below load on first use: a trend does not pay for the compiler that correlation needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alert_analytics.analytics.attainment import Attainment
    from alert_analytics.analytics.competing import CompetingRisks
    from alert_analytics.analytics.correlation import CorrelationAnalysis
    from alert_analytics.analytics.first_look import FirstLook
    from alert_analytics.analytics.hazards import HazardRatios
    from alert_analytics.analytics.incidents import IncidentAnalysis
    from alert_analytics.analytics.looks import BetweenLooks
    from alert_analytics.analytics.resolution import ResolutionAnalysis
    from alert_analytics.analytics.result import Result
    from alert_analytics.analytics.summary import AlertAnalytics, AnalyticsReport
    from alert_analytics.analytics.trend import TrendAnalysis

__all__ = [
    "AlertAnalytics",
    "AnalyticsReport",
    "Attainment",
    "BetweenLooks",
    "CompetingRisks",
    "CorrelationAnalysis",
    "FirstLook",
    "HazardRatios",
    "IncidentAnalysis",
    "ResolutionAnalysis",
    "Result",
    "TrendAnalysis",
]

_HOMES = {
    "AlertAnalytics": "summary",
    "AnalyticsReport": "summary",
    "Attainment": "attainment",
    "BetweenLooks": "looks",
    "CompetingRisks": "competing",
    "CorrelationAnalysis": "correlation",
    "FirstLook": "first_look",
    "HazardRatios": "hazards",
    "IncidentAnalysis": "incidents",
    "ResolutionAnalysis": "resolution",
    "Result": "result",
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
