"""Charts of results, in Altair. A result's ``.plot()`` comes here; nothing else in the library draws."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from alert_analytics.errors import HistoryError, MissingDependencyError

if TYPE_CHECKING:
    import altair as alt

    from alert_analytics.analytics import CorrelationAnalysis, Result
    from alert_analytics.calibration import ScoredWindows


def plot(result: Result) -> alt.Chart | alt.LayerChart:
    """Draw a result.

    Parameters
    ----------
    result : Result
        A trend, its cycles, its changes, its days ahead, a comparison, a correlation, its lags, a resolution, a
        performance, a load, incidents, a first look, or a report.

    Returns
    -------
    altair.Chart or altair.LayerChart
        Titled with the result's sentence.

    Raises
    ------
    MissingDependencyError
        Altair is not installed.
    NotImplementedError
        The result has no picture of its own.
    """
    _check_altair()
    from alert_analytics.analytics import (
        AnalyticsReport,
        ChangePoints,
        Comparison,
        CorrelationAnalysis,
        FirstLook,
        Forecast,
        IncidentAnalysis,
        PerformanceAnalysis,
        ResolutionAnalysis,
        Seasonality,
        TrendAnalysis,
        WorkloadAnalysis,
    )
    from alert_analytics.analytics.correlation_lags import LagDistribution
    from alert_analytics.plots.before_after import comparison_chart
    from alert_analytics.plots.correlation import correlation_chart
    from alert_analytics.plots.correlation_lags import lag_chart
    from alert_analytics.plots.first_look import first_look_chart
    from alert_analytics.plots.incidents import incident_chart
    from alert_analytics.plots.performance import performance_chart
    from alert_analytics.plots.resolution import resolution_chart
    from alert_analytics.plots.summary import summary_chart
    from alert_analytics.plots.trend import trend_chart
    from alert_analytics.plots.trend_ahead import change_points_chart, forecast_chart, seasonality_chart
    from alert_analytics.plots.workload import workload_chart

    if isinstance(result, TrendAnalysis):
        return trend_chart(result)
    if isinstance(result, CorrelationAnalysis):
        return correlation_chart(result)
    if isinstance(result, LagDistribution):
        return lag_chart(result)
    if isinstance(result, ResolutionAnalysis):
        return resolution_chart(result)
    if isinstance(result, FirstLook):
        return first_look_chart(result)
    if isinstance(result, IncidentAnalysis):
        return incident_chart(result)
    if isinstance(result, AnalyticsReport):
        return summary_chart(result)
    if isinstance(result, PerformanceAnalysis):
        return performance_chart(result)
    if isinstance(result, WorkloadAnalysis):
        return workload_chart(result)
    if isinstance(result, Seasonality):
        return seasonality_chart(result)
    if isinstance(result, ChangePoints):
        return change_points_chart(result)
    if isinstance(result, Forecast):
        return forecast_chart(result)
    if isinstance(result, Comparison):
        return comparison_chart(result)
    raise NotImplementedError(f"a {type(result).__name__} has no chart")


def plot_correlation(correlation: CorrelationAnalysis, what: str) -> alt.Chart | alt.LayerChart:
    """Draw one of a correlation's pictures.

    Parameters
    ----------
    correlation : CorrelationAnalysis
        Pairs.
    what : {'pairs', 'graph', 'strength'}
        Which picture.

    Returns
    -------
    altair.Chart or altair.LayerChart
        Titled with the result's sentence, or with what the graph says.

    Raises
    ------
    HistoryError
        There is no such picture.
    MissingDependencyError
        Altair is not installed.
    """
    _check_altair()
    from alert_analytics.plots.correlation import correlation_chart
    from alert_analytics.plots.correlation_graph import graph_chart, strength_chart

    charts = {"pairs": correlation_chart, "graph": graph_chart, "strength": strength_chart}
    if what not in charts:
        raise HistoryError(f"what={what!r}; a correlation draws {', '.join(map(repr, charts))}.", hint="plot('graph')")
    return charts[what](correlation)


def plot_scores(scores: ScoredWindows) -> alt.FacetChart:
    """Draw scored windows: the score of each entity over time, and what reaches 0.85.

    Parameters
    ----------
    scores : ScoredWindows
        From :meth:`CalibratedModel.score`.

    Returns
    -------
    altair.FacetChart
        Titled with the scores' sentence.

    Raises
    ------
    MissingDependencyError
        Altair is not installed.
    """
    _check_altair()
    from alert_analytics.plots.scores import scores_chart

    return scores_chart(scores)


def _check_altair() -> None:
    if find_spec("altair") is None:
        raise MissingDependencyError(
            "Charts need Altair, which is not installed.", hint='pip install "alert-analytics[viz]"'
        )
