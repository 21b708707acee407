"""Whether the exported graph says what the calibration says: on every calibration window, and around the cut."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from alert_analytics.calibration.cut import SCORE_CUT, Floats, ScoreMap
from alert_analytics.calibration.head import UNCALIBRATED, head_graph
from alert_analytics.detectors.base import FittedDetector
from alert_analytics.errors import CalibrationError
from alert_analytics.scoring.session import open_session, run_rows
from alert_analytics.windows import Windows

_EXACT = 1e-12
_BAND = 1e-5  # float sums depend on batch and runtime: 3e-7 seen


def band_share(raw: Floats, threshold: float, *, exact: bool) -> float:
    """Share of raw scores so near the cut that another batch size or runtime could put them on its other side.

    Parameters
    ----------
    raw : numpy.ndarray of float64, shape (n,)
        Raw scores.
    threshold : float
        t.
    exact : bool
        Whether the raw scores are the same everywhere: then none is.

    Returns
    -------
    float
        Those within ``1e-5 max(1, |t|)``.
    """
    return 0.0 if exact else float(np.mean(np.abs(raw - threshold) <= _BAND * max(1.0, abs(threshold))))


def check_agreement(
    fitted: FittedDetector, windows: Windows, raw: Floats, graph: onnx.ModelProto, scores: ScoreMap
) -> None:
    """Refuse a graph that disagrees with the library that trained, or with its own calibration.

    Parameters
    ----------
    fitted : FittedDetector
        Scores without the graph.
    windows : Windows
        The calibration windows that have a score.
    raw : numpy.ndarray of float64, shape (n,)
        Their raw scores, by the raw graph.
    graph : onnx.ModelProto
        The joined graph.
    scores : ScoreMap
        The calibration in numpy.

    Raises
    ------
    CalibrationError
        Somewhere they differ by more than the contract admits.
    """
    native = fitted.raw_score(windows)
    allowed = _EXACT if fitted.exact else _BAND * np.maximum(1.0, np.abs(native))
    _refuse(np.abs(native - raw) > allowed, "the raw score of the trained detector and of its graph")
    session = open_session(graph.SerializeToString(), "joined graph")
    again, score, p_value, is_anomaly = run_rows(session, windows.features, ["raw", "score", "p_value", "is_anomaly"])
    _refuse(again.astype(np.float64) != raw, "the raw score of the joined graph and of the detector's")
    expected = scores.apply(raw)
    _refuse(score != expected[0], "the score of the graph and of the calibration")
    _refuse(p_value != expected[1], "the p-value of the graph and of the calibration")
    _refuse(is_anomaly != expected[2], "is_anomaly of the graph and of the calibration")
    _refuse((score >= np.float32(SCORE_CUT)) != is_anomaly, "a score of 0.85 and is_anomaly")
    _check_head(scores, graph.graph.output[0].type.tensor_type.elem_type)


def _check_head(scores: ScoreMap, element: int) -> None:
    """Hold the graph of the calibration against numpy where they could part: on each step's bound, the cut, beside."""
    steps = np.append(scores.bounds, [scores.threshold, -np.inf, np.inf, np.nan])
    with np.errstate(over="ignore", under="ignore"):
        steps = steps.astype(helper.tensor_dtype_to_np_dtype(element))
        raw = np.concatenate((np.nextafter(steps, -np.inf), steps, np.nextafter(steps, np.inf)))
    session = open_session(head_graph(scores, element).SerializeToString(), "calibration")
    found = session.run(["score", "p_value", "is_anomaly"], {UNCALIBRATED: raw})
    for name, said, expected in zip(("score", "p-value", "is_anomaly"), found, scores.apply(raw), strict=True):
        differs = (said != expected) & ~(np.isnan(said) & np.isnan(expected))
        _refuse(differs, f"the {name} of the graph and of the calibration", "raw scores around its steps")


def _refuse(differs: np.ndarray[tuple[int], np.dtype[np.bool_]], what: str, of: str = "calibration windows") -> None:
    if differs.any():
        raise CalibrationError(
            f"{what[:1].upper()}{what[1:]} differ in {int(differs.sum()):,} of {differs.size:,} {of} (first: "
            f"row {int(np.argmax(differs))}); no bundle is made of it.",
            hint="this is a fault of the library or of an onnxruntime that computes something else; please report it.",
        )
