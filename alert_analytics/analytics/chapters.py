"""The questions that a report answers beside its numbers, each from the whole history."""

from __future__ import annotations

from alert_analytics.analytics.correlation import CorrelationAnalysis
from alert_analytics.analytics.performance import PerformanceAnalysis
from alert_analytics.analytics.recommendations import Recommendations
from alert_analytics.analytics.resolution import ResolutionAnalysis
from alert_analytics.analytics.result import Result
from alert_analytics.analytics.trend import TrendAnalysis
from alert_analytics.analytics.workload import WorkloadAnalysis
from alert_analytics.history import AlertHistory


def chapters_of(history: AlertHistory, timezone: str = "UTC") -> dict[str, Result]:
    """Answer every question about a history.

    Parameters
    ----------
    history : AlertHistory
        The whole of it: a slope needs eight weeks, a pair thirty blocks of time.
    timezone : str
        On whose clock people work and sleep.

    Returns
    -------
    dict of str to Result
        By question, in the order in which one would ask.
    """
    return {
        "What to change": Recommendations.from_alerts(history),
        "Better or worse": TrendAnalysis.from_alerts(history, by="service"),
        "What fires together": CorrelationAnalysis.from_alerts(history),
        "How long it takes to resolve": ResolutionAnalysis.from_alerts(history, by="severity"),
        "What is noise": PerformanceAnalysis.from_alerts(history, by="rule", of="rule"),
        "Who carries the load": WorkloadAnalysis.from_alerts(history, by="team", timezone=timezone),
    }
