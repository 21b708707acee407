"""Scoring a history with an exported model: the windows are made as the model's manifest says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from alert_analytics.calibration import ScoredWindows
from alert_analytics.errors import FeatureMismatchError, WindowsError
from alert_analytics.history import AlertHistory
from alert_analytics.scoring import OnnxScorer
from alert_analytics.windows import alert_windows


def score_history(scorer: OnnxScorer, alerts: Any) -> ScoredWindows:
    """Score the windows of a history.

    Parameters
    ----------
    scorer : OnnxScorer
        A model that was trained on alert windows.
    alerts : AlertHistory, dataframe, path, or iterable of Alert
        What :meth:`AlertHistory.open` takes. A window's departure from its hour's usual count is known by the weeks
        before it, so hand over a few weeks more than you want scored.

    Returns
    -------
    ScoredWindows
        A row per window.

    Raises
    ------
    WindowsError
        The model was trained on something else than alerts.
    FeatureMismatchError
        This version of the library makes other features than the model's.
    """
    recipe = scorer.manifest.windows
    if recipe.get("kind") != "alert":
        raise WindowsError(
            f"{scorer!r} was trained on {recipe.get('kind', 'unknown')} windows; alerts make other features.",
            hint="make its windows yourself and hand scorer.score() their features.",
        )
    windows = alert_windows(
        AlertHistory.open(alerts),
        every=timedelta(seconds=recipe["every_s"]),
        by=recipe["by"] or None,
        length=recipe["length"],
        timezone=recipe["timezone"],
    )
    if set(scorer.feature_names) <= set(windows.feature_names):
        windows = windows.with_features(scorer.feature_names)  # training leaves out what it never saw
    try:
        scores = scorer.score(windows.features, windows.feature_names)
    except FeatureMismatchError as error:
        raise FeatureMismatchError(
            f"{error.message} The windows of this version of the library are not those that {scorer!r} was trained on.",
            hint="train it anew, or score with the version that trained it (its manifest names it).",
        ) from error
    return ScoredWindows.of(scores, windows, scorer.manifest)
