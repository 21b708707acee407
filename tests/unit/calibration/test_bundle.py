"""What leaves the house: whole or not at all, and the same twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alert_analytics.calibration import CalibratedModel
from alert_analytics.detectors import AutoencoderDetector, IsolationForestDetector, PCADetector
from alert_analytics.errors import BundleError
from alert_analytics.scoring import OnnxScorer
from tests.handmade import HOUR, START, Echo, column, evenly, hourly


@pytest.fixture(scope="module")
def model() -> CalibratedModel:
    return Echo().fit(column(evenly(50))).calibrate(column(evenly(400)))


@pytest.fixture(scope="module")
def another() -> CalibratedModel:
    return Echo().fit(column(evenly(50))).calibrate(column(2 * evenly(500)))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_bundle_is_two_files_and_the_manifest_knows_the_model(model: CalibratedModel, tmp_path: Path) -> None:
    folder = model.export(tmp_path / "deep" / "er")
    assert folder == tmp_path / "deep" / "er"
    files = contents(folder)
    assert set(files) == {"model.onnx", "manifest.json"}
    said = json.loads(files["manifest.json"])
    assert said["model_sha256"] == hashlib.sha256(files["model.onnx"]).hexdigest()
    assert said["threshold"] == model.threshold
    assert said["feature_names"] == ["f0"]
    assert files["manifest.json"].endswith(b"}\n")


def test_the_folder_may_be_text(model: CalibratedModel, tmp_path: Path) -> None:
    assert model.export(str(tmp_path)) == tmp_path
    assert OnnxScorer.load(tmp_path).manifest == model.manifest


@pytest.mark.slow
@pytest.mark.parametrize(
    "detector",
    [IsolationForestDetector(n_trees=10), AutoencoderDetector(hidden=8, code=2, epochs=2), PCADetector()],
    ids=lambda detector: detector.kind,
)
def test_the_same_model_exports_to_the_same_bytes_and_scores_the_same(detector: Any, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(900, 3))
    one = detector.fit(rows[:300]).calibrate(rows[300:], false_alarm_rate=0.05)
    other = detector.fit(rows[:300]).calibrate(rows[300:], false_alarm_rate=0.05)
    first, second, third = (tmp_path / name for name in "abc")
    for model, folder in ((one, first), (one, second), (other, third)):
        model.export(folder)
    assert contents(first) == contents(second) == contents(third)
    found, mine = OnnxScorer.load(first).score(rows), one.score(rows).table
    for name in ("raw", "score", "p_value", "is_anomaly"):
        assert getattr(found, name).tolist() == mine[name].to_pylist()


def test_an_older_bundle_is_replaced_and_other_files_stay(
    model: CalibratedModel, another: CalibratedModel, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    model.export(tmp_path)
    another.export(tmp_path)
    assert set(contents(tmp_path)) == {"model.onnx", "manifest.json", "notes.txt"}
    assert OnnxScorer.load(tmp_path).manifest == another.manifest


def test_a_certificate_leaves_with_the_model(tmp_path: Path) -> None:
    model = Echo().fit(hourly(evenly(50))).calibrate(hourly(evenly(400), START + 50 * HOUR))
    certified = model.certify(hourly(evenly(300, start=9_000), START + 450 * HOUR))
    assert certified.certificate is not None
    said = OnnxScorer.load(certified.export(tmp_path)).manifest
    assert said.certificate == certified.certificate.to_dict()
    assert said.certificate["start"] == "2025-01-24T18:00:00"


def _killed_before(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the process, as it were, before a file of this name is moved into its place."""
    replace = Path.replace

    def moved(self: Path, target: Path) -> Path:
        if Path(target).name == name:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", moved)


def test_an_export_that_ends_between_the_two_files_is_noticed_by_who_loads_it(
    model: CalibratedModel, another: CalibratedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh, older = tmp_path / "fresh", tmp_path / "older"
    another.export(older)
    with monkeypatch.context() as patch:
        _killed_before("manifest.json", patch)
        for folder in (fresh, older):
            with pytest.raises(KeyboardInterrupt):
                model.export(folder)
    assert set(contents(fresh)) == {"model.onnx"}
    assert set(contents(older)) == {"model.onnx", "manifest.json"}
    with pytest.raises(BundleError, match=r"manifest\.json: cannot be read"):
        OnnxScorer.load(fresh)
    with pytest.raises(BundleError, match=r"manifest\.json: differs from the model beside it in .*model_sha256"):
        OnnxScorer.load(older)
    model.export(older)
    assert OnnxScorer.load(older).manifest == model.manifest


def test_an_export_that_ends_before_the_first_file_leaves_the_older_bundle(
    model: CalibratedModel, another: CalibratedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(another.export(tmp_path))
    with monkeypatch.context() as patch:
        _killed_before("model.onnx", patch)
        with pytest.raises(KeyboardInterrupt):
            model.export(tmp_path)
    assert contents(tmp_path) == before
    assert OnnxScorer.load(tmp_path).manifest == another.manifest


def test_a_full_disk_is_said_in_words_and_leaves_nothing_behind(
    model: CalibratedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(BundleError) as refused:
            model.export(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: the bundle cannot be written (No space left on device). Hint: give a folder of yours."
    )
    assert contents(tmp_path) == {}


def test_a_file_where_the_folder_should_be(model: CalibratedModel, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for place in (file, file / "below"):
        with pytest.raises(BundleError, match=r": the bundle cannot be written \("):
            model.export(place)
    assert file.read_text() == "mine"
