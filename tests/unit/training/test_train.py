"""From a history to a calibrated and tested model, and into a registry: all of it, or a reason."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from alert_analytics import registry
from alert_analytics.calibration import CalibratedModel
from alert_analytics.errors import BundleError, CalibrationError, RegistryError, UnknownColumnError, WindowsError
from alert_analytics.history import AlertHistory
from alert_analytics.scoring import OnnxScorer
from alert_analytics.training import TrainedModel, TrainingSpec, register_trained, score_history, train
from alert_analytics.windows.windows import plain_span


def hourly(n: int, **columns: Any) -> AlertHistory:
    """An alert every three hours, of three rules in turn."""
    fired = [datetime(2025, 1, 6) + i * timedelta(hours=3) for i in range(n)]
    table = {"rule": [f"r{i % 3}" for i in range(n)], "fired_at": pa.array(fired, pa.timestamp("us"))}
    return AlertHistory.open(pa.table(table | columns))


def test_each_part_of_the_time_has_its_use(trained: TrainedModel, acme: AlertHistory, small: TrainingSpec) -> None:
    learn, calibrate, test = small.windows(acme).split_by_time(0.6, 0.2, 0.2)
    said = trained.model.manifest
    for part, told in ((learn, said.training), (calibrate, said.calibration)):
        assert told == {"n": len(part), **dict(zip(("start", "end"), plain_span(part), strict=True))}
    assert str(said.training["end"]) <= str(said.calibration["start"])
    assert 9_600 < len(learn) < 9_700
    assert trained.model.certificate is not None
    assert (trained.model.certificate.m, trained.model.certificate.end) == (len(test), "2025-12-22T00:00:00")
    np.testing.assert_array_equal(trained.test.features, test.features)


def test_the_model_is_the_one_that_its_parts_make(
    trained: TrainedModel, acme: AlertHistory, small: TrainingSpec
) -> None:
    learn, calibrate, test = small.windows(acme).split_by_time(0.6, 0.2, 0.2)
    by_hand = small.new_detector().fit(learn).calibrate(calibrate, false_alarm_rate=trained.spec.false_alarm_rate)
    assert trained.model.calibration.scores.threshold == by_hand.calibration.scores.threshold
    assert trained.scores.table.equals(by_hand.score(test).table)


def test_the_rate_is_the_first_that_the_history_suffices_for(
    trained: TrainedModel, acme: AlertHistory, small: TrainingSpec
) -> None:
    n_eff = trained.model.calibration.size.n_eff
    assert 299 <= n_eff < 598  # 1 % needs 299 effective windows, half a per cent 598
    assert small.false_alarm_rate == 0.005
    assert trained.spec == replace(small, false_alarm_rate=0.01)
    assert trained.model.manifest.alpha == 0.01
    with pytest.raises(
        CalibrationError, match=r"worth .* independent ones .* rate of 0\.005 .* needs 598\."
    ) as refused:
        train(acme, small, or_rates=(0.001,))
    assert str(refused.value.hint).startswith("false_alarm_rate=0.01 is within reach")


def test_the_sentence_says_what_was_trained_and_whether_it_keeps_its_promise(trained: TrainedModel) -> None:
    said = trained.model.certificate
    assert said is not None
    assert trained.sentence == f"small: isolation forest trained on 9,672 windows. {said.sentence}"
    assert "of 3,216 test windows" in trained.sentence


def test_the_steps_are_told_as_they_begin(acme: AlertHistory, small: TrainingSpec) -> None:
    told: list[str] = []
    train(acme, replace(small, false_alarm_rate=0.05), say=told.append)
    assert told == ["making windows", "training", "calibrating", "testing"]


@pytest.mark.slow
@pytest.mark.parametrize("detector", ["isolation_forest", "pca", "autoencoder"])
def test_the_same_history_gives_the_same_bundle_byte_for_byte(
    detector: str, acme: AlertHistory, tmp_path: Path
) -> None:
    parameters = {"isolation_forest": {"n_trees": 5}, "pca": {}, "autoencoder": {"epochs": 2}}[detector]
    spec = TrainingSpec("twice", detector, parameters, false_alarm_rate=0.1, by=("service",))
    for folder in ("a", "b"):
        train(acme, spec).model.export(tmp_path / folder)
    for name in ("model.onnx", "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    other = replace(spec, parameters={"variance": 0.5} if detector == "pca" else parameters | {"seed": 1})
    train(acme, other).model.export(tmp_path / "c")
    assert (tmp_path / "a" / "model.onnx").read_bytes() != (tmp_path / "c" / "model.onnx").read_bytes()


def test_the_later_alerts_do_not_change_what_was_learned(acme: AlertHistory, small: TrainingSpec) -> None:
    """The future does not leak: only the test part knows of the last days."""
    spec = replace(small, false_alarm_rate=0.05)
    windows = spec.windows(acme)
    whole = train(acme, spec)
    shorter = acme.where(until="2025-12-15")
    share = len(spec.windows(shorter)) / len(windows)
    again = train(shorter, replace(spec, shares=(0.6 / share, 0.2 / share, 1 - 0.8 / share)))
    assert again.model.manifest.training == whole.model.manifest.training
    assert again.model.calibration.scores.threshold == whole.model.calibration.scores.threshold


def test_ten_alerts_are_too_few_and_the_message_says_how_many_windows_it_takes() -> None:
    n = len(TrainingSpec("m").windows(hourly(10)).split_by_time(0.6, 0.2, 0.2)[1])
    assert 3 < n < 9
    with pytest.raises(CalibrationError) as refused:
        train(hourly(10), TrainingSpec("m"))
    assert refused.value.message.endswith("a false-alarm rate of 0.01 with 95% confidence needs 299.")
    assert refused.value.message.startswith("5 calibration windows are worth ")
    assert str(refused.value.hint).startswith("a longer calibration span")


@pytest.mark.parametrize(("n", "found"), [(0, (0, 0, 0)), (1, (0, 0, 0)), (2, (2, 0, 0))])
def test_a_history_that_cannot_be_split(n: int, found: tuple[int, int, int]) -> None:
    with pytest.raises(WindowsError) as refused:
        train(hourly(n), TrainingSpec("m"))
    assert refused.value.message == (
        "Too few windows of 60 minutes: {} to train on, {} to calibrate with, {} to test; expected some of each."
    ).format(*found)
    assert refused.value.hint == "a longer history, or a smaller every_minutes."


def test_a_column_that_the_history_does_not_have() -> None:
    with pytest.raises(UnknownColumnError, match="No column or label 'host'"):
        train(hourly(10), TrainingSpec("m", by=("host",)))


def test_a_history_without_severities_is_learned_without_them() -> None:
    history = hourly(600)
    trained = train(history, TrainingSpec("m", "pca", false_alarm_rate=0.2))
    names = trained.model.manifest.feature_names
    assert len(names) == 12
    assert "mean_severity" not in names
    assert trained.test.feature_names == names
    scorer = OnnxScorer(trained.model.graph.SerializeToString())
    again = score_history(scorer, history)
    last = again.table.slice(len(again) - len(trained.test))
    assert last.equals(trained.scores.table)
    severities = pa.array(["high"] * 600)  # recorded from some day on: the model goes on without them
    assert score_history(scorer, hourly(600, severity=severities)).table.num_rows == len(again)


# -- into a registry ----------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mlflow.db"


def is_made(place: str) -> bool:
    return Path(place.removeprefix("sqlite:///")).exists()


@pytest.mark.slow
def test_what_is_registered_is_what_lies_in_the_folder(trained: TrainedModel, place: str, tmp_path: Path) -> None:
    version = register_trained(trained, alias="challenger", out=tmp_path / "out", tracking_uri=place)
    assert (version.name, version.alias) == ("small", "challenger")
    stored = registry.model_bytes(version.uri, tracking_uri=place)
    assert stored == (tmp_path / "out" / "model.onnx").read_bytes()
    assert OnnxScorer.load(tmp_path / "out").manifest == trained.model.manifest


def test_nothing_is_registered_where_the_bundle_cannot_be_written(
    trained: TrainedModel, place: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="the bundle cannot be written"):
        register_trained(trained, alias="challenger", out=tmp_path / "file" / "out", tracking_uri=place)
    assert not is_made(place)


def test_a_falsified_model_is_not_registered(trained: TrainedModel, place: str) -> None:
    certificate = trained.model.certificate
    assert certificate is not None
    broken = CalibratedModel(
        trained.model.fitted, trained.model.calibration, replace(certificate, status="falsified", normal_by="labels")
    )
    with pytest.raises(CalibrationError, match=r"breaks its promise and cannot be registered: .*: falsified\."):
        register_trained(replace(trained, model=broken), tracking_uri=place)
    assert not is_made(place)


def test_a_name_that_no_registry_takes(trained: TrainedModel, place: str) -> None:
    with pytest.raises(RegistryError, match=re.escape("name='a/b'")):
        register_trained(replace(trained, spec=replace(trained.spec, name="a/b")), tracking_uri=place)
    assert not is_made(place)


def test_a_bundle_in_service_stays_until_the_next_version_is_registered(
    trained: TrainedModel, place: str, tmp_path: Path
) -> None:
    served = tmp_path / "out"
    trained.model.export(served)
    before = {path.name: path.read_bytes() for path in served.iterdir()}
    other = replace(trained, model=replace(trained.model, certificate=None))  # its manifest, so its bytes, differ
    with pytest.raises(RegistryError, match="cannot be reached"):
        register_trained(other, out=served, tracking_uri="http://127.0.0.1:9")
    assert {path.name: path.read_bytes() for path in served.iterdir()} == before
    assert OnnxScorer.load(served).manifest.certificate is not None
