"""A graph that does not say what the calibration says never becomes a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from alert_analytics.calibration import agreement, calibrate
from alert_analytics.calibration.agreement import band_share
from alert_analytics.calibration.cut import ScoreMap, score_map
from alert_analytics.calibration.head import calibrated_graph, head_graph
from alert_analytics.detectors.base import Features, Floats
from alert_analytics.errors import CalibrationError
from tests.handmade import Echo, FittedEcho, column, evenly, in_three

ROWS = column(evenly(400))


@dataclass(frozen=True, eq=False, repr=False)
class Shifted(FittedEcho):
    """Says another raw score than its graph by so much, from some value on."""

    by: float = 0.0
    above: float = 0.0

    def _scored(self, filled: Features) -> Floats:
        scores = super()._scored(filled)
        return np.where(scores > self.above, scores + self.by, scores)


class Floating(Shifted):
    exact: ClassVar[bool] = False


def shifted(kind: type[Shifted], by: float, above: float = 0.0) -> Shifted:
    fitted = Echo().fit(ROWS)
    return kind(fitted.detector, fitted.learned, by, above)


@pytest.mark.parametrize(("kind", "allowed", "refused"), [(Shifted, 9e-13, 1.1e-12), (Floating, 9e-6, 1.1e-5)])
def test_raw_scores_of_library_and_graph_may_differ_by_rounding_and_no_more(
    kind: type[Shifted], allowed: float, refused: float
) -> None:
    for sign in (1, -1):
        assert shifted(kind, sign * allowed).calibrate(ROWS).promise is not None
        with pytest.raises(CalibrationError, match="of the trained detector and of its graph differ in 400 of 400"):
            shifted(kind, sign * refused).calibrate(ROWS)


def test_the_first_row_that_differs_is_named() -> None:
    first = int(np.argmax(ROWS[:, 0] > 0.99))
    n = int(np.count_nonzero(ROWS[:, 0] > 0.99))
    with pytest.raises(CalibrationError) as refused:
        shifted(Shifted, 1e-3, above=0.99).calibrate(ROWS)
    assert str(refused.value) == (
        f"The raw score of the trained detector and of its graph differ in {n} of 400 calibration windows (first: row "
        f"{first}); no bundle is made of it. Hint: this is a fault of the library or of an onnxruntime that computes "
        "something else; please report it."
    )


Array = np.ndarray[Any, Any]
Join = Callable[[onnx.ModelProto, ScoreMap], onnx.ModelProto]
# The name of the module is that of the function that the package gives out.
MODULE = import_module("alert_analytics.calibration.calibration")


def changed(constant: str, change: Callable[[Array], Array]) -> Join:
    """Join as ever, and then change a constant of the graph."""

    def join(raw_graph: onnx.ModelProto, scores: ScoreMap) -> onnx.ModelProto:
        graph = calibrated_graph(raw_graph, scores)
        [one] = [one for one in graph.graph.initializer if one.name == constant]
        one.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(one)), constant))
        return graph

    return join


def before_last(values: Array) -> Array:
    moved = values.copy()
    moved[-2] -= np.float32(1e-6)
    return moved


@pytest.mark.parametrize(
    ("join", "said"),
    [
        (changed("threshold", lambda t: t + 0.001), "Is_anomaly of the graph and of the calibration differ in "),
        (changed("score_steps", before_last), "The score of the graph and of the calibration differ in 1 of 400"),
        (changed("p_value_steps", before_last), "The p-value of the graph and of the calibration differ in 1 of 400"),
        (changed("unknown", lambda nan: nan), None),
    ],
)
def test_a_joined_graph_that_was_tampered_with(monkeypatch: pytest.MonkeyPatch, join: Join, said: str | None) -> None:
    monkeypatch.setattr(MODULE, "calibrated_graph", join)
    fitted = Echo().fit(ROWS)
    if said is None:  # the change that changes nothing
        assert fitted.calibrate(ROWS, false_alarm_rate=0.02).promise is not None
        return
    with pytest.raises(CalibrationError, match=f"^{said}.*; no bundle is made of it"):
        fitted.calibrate(ROWS, false_alarm_rate=0.02)


def test_a_joined_graph_whose_raw_score_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = in_three(evenly(400))
    in_floats = Echo(bits=32).fit(rows).raw_graph()
    monkeypatch.setattr(MODULE, "calibrated_graph", lambda _, scores: calibrated_graph(in_floats, scores))
    with pytest.raises(CalibrationError, match=r"^The raw score of the joined graph and of the detector's differ in "):
        Echo().fit(rows).calibrate(rows)


def test_a_map_whose_scores_do_not_reach_085_where_it_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_low(*given: Any) -> ScoreMap:
        right = score_map(*given)
        return replace(right, score=right.score * np.float32(0.9))

    monkeypatch.setattr(MODULE, "score_map", too_low)
    with pytest.raises(CalibrationError, match=r"^A score of 0\.85 and is_anomaly differ in [1-9][0-9]* of 400 calibr"):
        Echo().fit(ROWS).calibrate(ROWS, false_alarm_rate=0.05)


@pytest.mark.parametrize("element", [TensorProto.DOUBLE, TensorProto.FLOAT])
def test_a_fault_between_the_calibration_windows_is_found_too(monkeypatch: pytest.MonkeyPatch, element: int) -> None:
    """On the calibration windows themselves the two agree: only numbers beside the steps tell."""

    def off_by_a_hair(scores: ScoreMap, kind: int) -> onnx.ModelProto:
        return head_graph(replace(scores, bounds=np.nextafter(scores.bounds, np.inf)), kind)

    fitted = Echo(bits=64 if element == TensorProto.DOUBLE else 32).fit(ROWS)
    monkeypatch.setattr(agreement, "head_graph", off_by_a_hair)
    if element == TensorProto.FLOAT:  # no float lies in the hair
        assert fitted.calibrate(ROWS).promise is not None
        return
    with pytest.raises(CalibrationError, match=r"^The score of the graph .* raw scores around its steps \(first: row "):
        fitted.calibrate(ROWS)


def test_the_band_is_the_share_of_scores_within_1e_5_of_the_cut() -> None:
    raw = np.array([0.0, 1.0 - 2e-5, 1.0 - 0.9e-5, 1.0, 1.0 + 0.9e-5, 1.0 + 2e-5, 3.0, 4.0])
    assert band_share(raw, 1.0, exact=False) == 3 / 8
    assert band_share(raw, 1.0, exact=True) == 0.0
    assert band_share(1000 * raw, 1000.0, exact=False) == 3 / 8
    # Below one the band is no narrower.
    assert band_share(np.array([0.5, 0.5 + 0.9e-5, 0.5 + 1.1e-5]), 0.5, exact=False) == 2 / 3


def test_the_band_of_a_model_in_floats_stands_in_its_manifest() -> None:
    values = np.append(evenly(398), [2.0, 2.0 + 1e-6])
    fitted = Echo().fit(ROWS)
    inexact = Floating(fitted.detector, fitted.learned)
    model = calibrate(inexact, column(values), false_alarm_rate=0.01, delta=0.05, best_effort=False)
    assert model.manifest.band_share == band_share(column(values)[:, 0], model.threshold, exact=False) == 2 / 400
    assert "0.50% lie so near it that another runtime or batch may put them on its other side." in repr(model)
