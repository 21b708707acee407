"""Charts of results, in Altair. A result's ``.plot()`` comes here; nothing else in the library draws."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from alert_analytics.errors import MissingDependencyError

if TYPE_CHECKING:
    import altair as alt

    from alert_analytics.analytics import Result
    from alert_analytics.calibration import ScoredWindows


def plot(result: Result) -> alt.Chart | alt.LayerChart:
    """Draw a result.

    Parameters
    ----------
    result : Result
        A trend, a correlation, a resolution, incidents, a first look, or a report.

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
        Attainment,
        BetweenLooks,
        CompetingRisks,
        CorrelationAnalysis,
        FirstLook,
        HazardRatios,
        IncidentAnalysis,
        ResolutionAnalysis,
        TrendAnalysis,
    )
    from alert_analytics.plots.correlation import correlation_chart
    from alert_analytics.plots.first_look import first_look_chart
    from alert_analytics.plots.incidents import incident_chart
    from alert_analytics.plots.resolution import resolution_chart
    from alert_analytics.plots.summary import summary_chart
    from alert_analytics.plots.times import attainment_chart, competing_chart, hazard_chart, looks_chart
    from alert_analytics.plots.trend import trend_chart

    if isinstance(result, TrendAnalysis):
        return trend_chart(result)
    if isinstance(result, CorrelationAnalysis):
        return correlation_chart(result)
    if isinstance(result, ResolutionAnalysis):
        return resolution_chart(result)
    if isinstance(result, CompetingRisks):
        return competing_chart(result)
    if isinstance(result, HazardRatios):
        return hazard_chart(result)
    if isinstance(result, Attainment):
        return attainment_chart(result)
    if isinstance(result, BetweenLooks):
        return looks_chart(result)
    if isinstance(result, FirstLook):
        return first_look_chart(result)
    if isinstance(result, IncidentAnalysis):
        return incident_chart(result)
    if isinstance(result, AnalyticsReport):
        return summary_chart(result)
    raise NotImplementedError(f"a {type(result).__name__} has no chart")


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
