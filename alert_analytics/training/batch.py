"""Scoring a history with an exported model: the windows are made as the model's manifest says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from alert_analytics.calibration import ScoredWindows
from alert_analytics.errors import FeatureMismatchError, WindowsError
from alert_analytics.history import AlertHistory
from alert_analytics.scoring import OnnxScorer
from alert_analytics.windows import Windows, alert_windows


def score_history(scorer: OnnxScorer, alerts: Any) -> ScoredWindows:
    """Score the windows of a history.

    Parameters
    ----------
    scorer : OnnxScorer
        A model that was trained on alert windows.
    alerts : AlertHistory, dataframe, path, or iterable of Alert
        What :meth:`AlertHistory.open` takes. To score the last day, hand over the whole history narrowed by ``since=``:
        the windows begin there, and know what came before.

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
    _check_formulas(scorer, windows)
    try:
        scores = scorer.score(windows.features, windows.feature_names)
    except FeatureMismatchError as error:
        raise FeatureMismatchError(
            f"{error.message} The windows of this version of the library are not those that {scorer!r} was trained on.",
            hint="train it anew, or score with the version that trained it (its manifest names it).",
        ) from error
    return ScoredWindows.of(scores, windows, scorer.manifest)


def _check_formulas(scorer: OnnxScorer, windows: Windows) -> None:
    """Refuse features that are called as the model's and computed otherwise."""
    theirs = {one["name"]: (one["unit"], one["formula"]) for one in scorer.manifest.features}
    for ours in windows.schema:
        if ours.name in theirs and theirs[ours.name] != (ours.unit, ours.formula):
            raise FeatureMismatchError(
                f"{ours.name}: this version of the library computes it as {ours.formula!r} ({ours.unit}), the model "
                f"was trained on {theirs[ours.name][1]!r} ({theirs[ours.name][0]}).",
                hint="train it anew, or score with the version that trained it (its manifest names it).",
            )
