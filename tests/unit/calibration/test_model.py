"""From a detector to a model that promises something: when it may, what it says, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from alert_analytics.calibration import CalibratedModel
from alert_analytics.calibration.words import _ordinal
from alert_analytics.detectors import IsolationForestDetector, PCADetector
from alert_analytics.errors import CalibrationError, FeatureMismatchError
from alert_analytics.scoring import OnnxScorer
from alert_analytics.windows import Windows, metric_windows
from tests.handmade import HOUR, START, Echo, FittedEcho, column, evenly, hourly


@pytest.fixture(scope="module")
def fitted() -> FittedEcho:
    return Echo().fit(hourly(evenly(48)))


@pytest.fixture(scope="module")
def model(fitted: FittedEcho) -> CalibratedModel:
    return fitted.calibrate(hourly(evenly(1_000), START + 48 * HOUR))


# -- enough windows, or too few ---------------------------------------------------------------------------------------


def test_298_effective_windows_are_one_too_few_and_299_are_enough() -> None:
    fitted = Echo().fit(column(evenly(50)))
    with pytest.raises(CalibrationError) as refused:
        fitted.calibrate(column(evenly(298)))
    assert str(refused.value) == (
        "298 calibration windows are worth 298.0 independent ones; a false-alarm rate of 0.01 with 95% confidence "
        "needs 299. Hint: false_alarm_rate=0.02 is within reach, a longer calibration span, or best_effort=True for a "
        "model that promises nothing and stays here."
    )
    model = fitted.calibrate(column(evenly(299)))
    assert model.promise is not None
    assert (model.promise.alpha, model.promise.delta, model.promise.k) == (0.01, 0.05, 1)
    assert model.threshold == np.nextafter(np.float64(column(evenly(299)).max()), 1)


@pytest.mark.parametrize(("alpha", "delta", "n"), [(0.05, 0.05, 59), (0.02, 0.05, 149), (0.01, 0.01, 459)])
def test_the_least_n_is_that_of_the_promise(alpha: float, delta: float, n: int) -> None:
    fitted = Echo().fit(column(evenly(50)))
    assert fitted.calibrate(column(evenly(n)), false_alarm_rate=alpha, delta=delta).promise is not None
    with pytest.raises(CalibrationError, match=f"with {100 * (1 - delta):g}% confidence needs {n}"):
        fitted.calibrate(column(evenly(n - 1)), false_alarm_rate=alpha, delta=delta)


def test_windows_that_repeat_each_other_are_worth_less_and_the_message_says_why() -> None:
    fitted = Echo().fit(column(evenly(50)))
    with pytest.raises(CalibrationError) as refused:
        fitted.calibrate(column(np.repeat(np.random.default_rng(0).random(100), 10)))
    said = str(refused.value)
    assert said.startswith("1,000 calibration windows are worth ")
    assert "independent ones (they resemble their neighbours for " in said
    assert float(said.split("worth ")[1].split(" ")[0]) < 140


def test_ten_windows_promise_nothing_at_any_usual_rate() -> None:
    with pytest.raises(CalibrationError, match=r"needs 299\. Hint: a longer calibration span, or best_effort=True"):
        Echo().fit(column(evenly(50))).calibrate(column(evenly(10)))


def test_confidence_is_never_rounded_up_to_certainty() -> None:
    with pytest.raises(CalibrationError, match=r"with 99\.9999% confidence needs 1,375\."):
        Echo().fit(column(evenly(50))).calibrate(column(evenly(500)), delta=1e-6)


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.1, 1.5, math.nan])
@pytest.mark.parametrize("name", ["false_alarm_rate", "delta"])
def test_a_rate_that_is_no_share(fitted: FittedEcho, name: str, wrong: float) -> None:
    with pytest.raises(CalibrationError, match=rf"^{name}={wrong!r}; expected a share between 0 and 1\. Hint: "):
        fitted.calibrate(column(evenly(400)), **{name: wrong})


# -- a best effort ---------------------------------------------------------------------------------------------------


def test_a_best_effort_scores_and_promises_nothing_and_stays_here(tmp_path: Any) -> None:
    model = Echo().fit(column(evenly(50))).calibrate(column(evenly(100)), best_effort=True)
    assert model.promise is None
    assert model.manifest.k == 0
    largest = float(column(evenly(100)).max())
    assert model.threshold == np.nextafter(largest, 1)
    assert model.score([[largest], [largest + 1]]).table["is_anomaly"].to_pylist() == [False, True]
    with pytest.raises(CalibrationError) as refused:
        model.export(tmp_path / "out")
    assert str(refused.value) == (
        "This model is a best effort and promises nothing: 100 calibration windows are worth 100.0 independent ones; a "
        "false-alarm rate of 0.01 with 95% confidence needs 299. It scores, but can neither be exported nor "
        "registered. Hint: calibrate with a longer span or a larger false_alarm_rate."
    )
    assert not (tmp_path / "out").exists()
    assert model.explain_threshold().splitlines()[1] == (
        "It promises nothing: 100 calibration windows are worth 100.0 independent ones; a false-alarm rate of 0.01 "
        "with 95% confidence needs 299."
    )


def test_with_enough_windows_a_best_effort_is_a_promise() -> None:
    model = Echo().fit(column(evenly(50))).calibrate(column(evenly(400)), best_effort=True)
    assert model.promise is not None
    model.check_exportable()


# -- what it says ----------------------------------------------------------------------------------------------------


def test_the_threshold_is_explained(model: CalibratedModel) -> None:
    assert model.explain_threshold() == repr(model)
    assert repr(model).splitlines() == [
        "0.85 stands at a raw score of 0.996301 (echo, trained on 48 windows of 1 feature).",
        "With 95% confidence, at most 1.00% of new windows that are normal and like those calibrated with reach it.",
        "Calibrated with 1,000 windows from 2025-01-08T00:00:00 to 2025-02-18T16:00:00. Nothing shows that they depend "
        "on each other.",
        "The cut lies above the 5th largest of their scores; 4 of them (0.40%) lie beyond it.",
        "It promises nothing of windows unlike those (another season, a new service), nor that what it flags is a "
        "fault.",
        "Not looked at on a later span yet: model.certify(test).",
    ]


def test_the_explanation_of_dependent_windows_says_what_they_are_worth() -> None:
    slow = np.repeat(np.random.default_rng(1).random(400), 2)
    said = Echo().fit(column(evenly(50))).calibrate(column(slow), false_alarm_rate=0.05).explain_threshold()
    line = said.splitlines()[2]
    # A matrix has no times: its steps are row numbers.
    assert line.startswith("Calibrated with 800 windows. They resemble their neighbours for ")
    assert line.endswith(" independent ones.")
    assert any(f"(by {why}" in line for why in ("their scores)", "their ranks)", "which of them lie above the "))


@pytest.mark.parametrize(("n", "rank"), [(299, "very"), (500, "2nd"), (700, "3rd"), (1_000, "5th")])
def test_the_cut_is_said_to_lie_above_the_one_it_lies_above(n: int, rank: str) -> None:
    said = Echo().fit(column(evenly(50))).calibrate(column(evenly(n))).explain_threshold()
    assert f"The cut lies above the {rank} largest of their scores;" in said


@pytest.mark.parametrize(
    ("n", "said"), [(1, "very"), (2, "2nd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st"), (1_113, "1,113th")]
)
def test_ranks_in_words(n: int, said: str) -> None:
    assert _ordinal(n) == said


def test_the_manifest_says_what_was_done(model: CalibratedModel) -> None:
    said = model.manifest
    assert (said.detector, said.parameters) == ("echo", {"bits": 64})
    assert (said.alpha, said.delta, said.n, said.n_eff, said.k) == (0.01, 0.05, 1000, 1000.0, 5)
    assert said.threshold == model.threshold
    assert said.exponent == pytest.approx(0.41195437, abs=1e-8)
    assert said.training == {"n": 48, "start": "2025-01-06T00:00:00", "end": "2025-01-08T00:00:00"}
    assert said.calibration == {"n": 1000, "start": "2025-01-08T00:00:00", "end": "2025-02-18T16:00:00"}
    assert [one["name"] for one in said.features] == ["latency"]
    assert said.features[0]["unit"] == "s"
    assert (said.band_share, said.certificate, said.windows) == (0.0, None, {"kind": "metric"})
    assert {"alert-analytics", "numpy", "onnx", "onnxruntime"} <= set(said.versions)


def test_the_graph_carries_the_manifest(model: CalibratedModel) -> None:
    scorer = OnnxScorer(model.graph.SerializeToString())
    assert scorer.manifest == model.manifest
    assert [one.name for one in model.graph.graph.input] == ["features"]
    assert [one.name for one in model.graph.graph.output] == ["raw", "score", "p_value", "is_anomaly"]
    assert {one.domain for one in model.graph.opset_import} == {"", "ai.onnx.ml"}


def test_numbers_of_numpy_are_plain_in_the_manifest() -> None:
    forest = IsolationForestDetector(n_trees=np.int64(3), max_samples=np.uint8(8), seed=np.int32(1))
    model = forest.fit(column(evenly(50))).calibrate(
        column(evenly(100)), false_alarm_rate=np.float32(0.25), delta=np.float64(0.05)
    )
    said = OnnxScorer(model.graph.SerializeToString()).manifest
    assert said.parameters == {"n_trees": 3, "max_samples": 8, "seed": 1}
    assert (said.alpha, said.delta) == (0.25, 0.05)


def test_libraries_that_are_not_there_have_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alert_analytics.calibration.model._LIBRARIES", ("numpy", "no-such-library"))
    model = Echo().fit(column(evenly(50))).calibrate(column(evenly(299)))
    assert model.manifest.versions == {"numpy": np.__version__}


# -- order of time ---------------------------------------------------------------------------------------------------


def test_windows_that_were_trained_on_cannot_calibrate(fitted: FittedEcho) -> None:
    with pytest.raises(CalibrationError) as refused:
        fitted.calibrate(hourly(evenly(400), START + 47 * HOUR))
    assert str(refused.value) == (
        "calibrate: the windows begin at 2025-01-07T23:00:00, before the span of the step before it ends "
        "(2025-01-08T00:00:00). Hint: train, calibrate and test on the parts of windows.split_by_time(.6, .2, .2), in "
        "this order: a model scores what it has seen too low."
    )
    assert fitted.calibrate(hourly(evenly(400), START + 48 * HOUR)).calibration.size.n == 400


def test_windows_that_calibrated_cannot_certify(model: CalibratedModel) -> None:
    end = START + 1_048 * HOUR
    with pytest.raises(
        CalibrationError, match=r"^certify: the windows begin at 2025-02-18T15:00:00, before the span of "
    ):
        model.certify(hourly(evenly(400), end - HOUR))
    assert model.certify(hourly(evenly(400), end)).certificate is not None


def test_the_parts_of_a_split_follow_each_other() -> None:
    train, calibration, test = hourly(evenly(1_000)).split_by_time(0.2, 0.4, 0.4)
    model = Echo().fit(train).calibrate(calibration).certify(test)
    assert (model.fitted.learned.n, model.calibration.size.n) == (200, 399)
    assert model.certificate is not None
    assert model.certificate.m == 399


# -- windows without a value -----------------------------------------------------------------------------------------


def test_windows_labelled_anomalous_are_left_out() -> None:
    labels = np.zeros(1_000)
    labels[:100] = 1
    later, fitted = START + 48 * HOUR, Echo().fit(hourly(evenly(48)))
    labelled = fitted.calibrate(hourly(evenly(1_000), later, labels))
    assert labelled.calibration.size.n == 900
    by_hand = fitted.calibrate(hourly(evenly(1_000), later).select(slice(100, None)))
    assert labelled.threshold == by_hand.threshold


def _noise(begin: int, n: int, incidents: bool, seed: int) -> pa.Table:
    """Rows of four metrics, with an incident of three labelled rows in every 150 or with none."""
    rows = np.random.default_rng(seed).normal(size=(n, 4))
    label = (np.arange(n) % 150 >= 147) & incidents
    rows[label] += 8
    return pa.table({"t": begin + np.arange(n)} | {f"m{j}": rows[:, j] for j in range(4)} | {"label": label})


@pytest.mark.slow
def test_windows_that_hold_an_incident_neither_move_the_cut_nor_falsify_a_good_model() -> None:
    def windows(begin: int, n: int, incidents: bool) -> Windows:
        return metric_windows(_noise(begin, n, incidents, seed=begin), entity=None, length=10, label="label")

    fitted = PCADetector().fit(windows(0, 2_000, incidents=False))
    model = fitted.calibrate(windows(2_000, 12_000, incidents=False))
    certified = model.certify(windows(14_000, 12_000, incidents=True)).certificate
    assert certified is not None
    assert certified.status != "falsified"
    assert certified.m < 12_000 - 11 * 80  # 12 of 150 windows hold one
    labelled = windows(2_000, 12_000, incidents=True)
    assert labelled.is_normal is not None
    calm = windows(2_000, 12_000, incidents=False).select(labelled.is_normal)
    assert fitted.calibrate(labelled).threshold == fitted.calibrate(calm).threshold


def test_windows_without_any_value_are_left_out_and_counted(fitted: FittedEcho) -> None:
    values = np.insert(evenly(400), [0, 7, 400], np.nan)
    found = fitted.calibrate(hourly(values, START + 48 * HOUR)).calibration
    assert (found.n_unknown, found.size.n, len(found.raw)) == (3, 400, 400)
    assert np.isfinite(found.raw).all()
    assert (
        "Calibrated with 400 windows from 2025-01-08T01:00:00 to 2025-01-24T18:00:00, and 3 windows without any value "
        "left out. Nothing"
    ) in fitted.calibrate(hourly(values, START + 48 * HOUR)).explain_threshold()


def test_calibration_windows_without_a_single_value(fitted: FittedEcho) -> None:
    with pytest.raises(CalibrationError, match=r"calibrate: none of 5 windows has a value\. Hint: expected the middle"):
        fitted.calibrate(hourly([np.nan] * 5, START + 48 * HOUR))
    with pytest.raises(CalibrationError, match="calibrate: none of 0 windows has a value"):
        fitted.calibrate(hourly([], START + 48 * HOUR))


def test_raw_scores_that_are_infinite_cannot_be_calibrated() -> None:
    with pytest.raises(CalibrationError, match=r"calibrate: raw scores that are infinite\. Hint: are the features on"):
        Echo().fit(column(evenly(50))).calibrate(column([*evenly(400), np.inf]))


def test_other_features_cannot_be_scored(model: CalibratedModel) -> None:
    with pytest.raises(FeatureMismatchError, match="the model's latency is missing"):
        model.score(np.ones((3, 2)))


# -- whole detectors -------------------------------------------------------------------------------------------------


def test_windows_that_a_model_cannot_tell_apart_are_refused() -> None:
    same = np.full((400, 2), 5.0)
    along = np.random.default_rng(0).normal(size=(400, 1))
    for windows in (same, np.hstack([along, 2 * along, -along])):
        fitted = PCADetector().fit(windows)
        with pytest.raises(
            CalibrationError, match=r"^\d+\.\d% of the calibration windows score within rounding of the"
        ):
            fitted.calibrate(windows)
        assert fitted.calibrate(windows, best_effort=True).calibration.size.n == 400


def test_a_forest_calibrates_constant_windows_to_a_cut_just_above_them() -> None:
    same = np.full((400, 2), 5.0)
    model = IsolationForestDetector(n_trees=20).fit(same).calibrate(same)
    scored = model.score(same).table
    assert not any(scored["is_anomaly"].to_pylist())
    assert model.threshold == np.nextafter(scored["raw"][0].as_py(), np.inf)


def test_shifting_all_times_shifts_the_spans_and_nothing_else(fitted: FittedEcho, model: CalibratedModel) -> None:
    later = Echo().fit(hourly(evenly(48), START + 999 * HOUR)).calibrate(hourly(evenly(1_000), START + 1_047 * HOUR))
    one, other = later.calibration, model.calibration
    assert (one.scores.threshold, one.size, one.promise) == (other.scores.threshold, other.size, other.promise)
    assert one.span != other.span
