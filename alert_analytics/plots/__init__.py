"""Charts of results, in Altair. A result's ``.plot()`` comes here; nothing else in the library draws."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from alert_analytics.errors import HistoryError, MissingDependencyError

if TYPE_CHECKING:
    import altair as alt

    from alert_analytics.analytics import CorrelationAnalysis, Result
    from alert_analytics.calibration import ScoredWindows


# By the kind of result: the module and the function that draw it.
_HOMES = {
    "AnalyticsReport": ("summary", "summary_chart"),
    "Attainment": ("times", "attainment_chart"),
    "BetweenLooks": ("times", "looks_chart"),
    "ChangePoints": ("trend_ahead", "change_points_chart"),
    "Comparison": ("before_after", "comparison_chart"),
    "CompetingRisks": ("times", "competing_chart"),
    "CorrelationAnalysis": ("correlation", "correlation_chart"),
    "EscalationReplay": ("replay", "escalation_chart"),
    "Forecast": ("trend_ahead", "forecast_chart"),
    "HazardRatios": ("times", "hazard_chart"),
    "IncidentAnalysis": ("incidents", "incident_chart"),
    "LagDistribution": ("correlation_lags", "lag_chart"),
    "MetricReplay": ("replay", "metric_replay_chart"),
    "PerformanceAnalysis": ("performance", "performance_chart"),
    "Recommendations": ("recommendations", "recommendations_chart"),
    "ResolutionAnalysis": ("resolution", "resolution_chart"),
    "RuleReplay": ("replay", "rule_replay_chart"),
    "Seasonality": ("trend_ahead", "seasonality_chart"),
    "TrendAnalysis": ("trend", "trend_chart"),
    "WorkloadAnalysis": ("workload", "workload_chart"),
}


def plot(result: Result) -> alt.Chart | alt.LayerChart:
    """Draw a result.

    Parameters
    ----------
    result : Result
        Such as a trend, its cycles, a correlation, a resolution, what is asked of it, a load, a replay, or a report.

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
    for kind in type(result).__mro__:
        if (home := _HOMES.get(kind.__name__)) is not None:
            chart: alt.Chart | alt.LayerChart = getattr(import_module(f"{__name__}.{home[0]}"), home[1])(result)
            return chart
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
    if not isinstance(what, str) or what not in charts:
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
