"""The registry: what goes in comes out unchanged, whichever way it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import mlflow.onnx
import numpy as np
import onnxruntime
from mlflow import MlflowClient

from alert_analytics import OnnxScorer
from alert_analytics.calibration import CalibratedModel
from alert_analytics.detectors import IsolationForestDetector, PCADetector
from alert_analytics.registry import ModelVersion, model_bytes, register, versions
from tests.handmade import HOUR, START, hourly

ADDRESS = "models:/alert-volume@challenger"
OUTPUTS = ("raw", "score", "p_value", "is_anomaly")


def test_the_file_is_the_one_that_export_writes(store: Any, model: CalibratedModel, certified: CalibratedModel) -> None:
    for version, one in (store.first, model), (store.second, certified):
        exported = one.export(Path(f"out-{version.version}"))
        assert model_bytes(version.uri, tracking_uri=store.tracking_uri) == (exported / "model.onnx").read_bytes()
    assert model_bytes(ADDRESS, tracking_uri=store.tracking_uri) == (exported / "model.onnx").read_bytes()


def test_every_runtime_gives_the_same_numbers(set_uri: str, certified: CalibratedModel, normal: Any) -> None:
    rows = np.concatenate([normal[:50], [[np.nan] * 3, [9.0, np.nan, -9.0]]]).astype(np.float32)
    expected = certified.score(rows).table
    scores = OnnxScorer.load(ADDRESS).score(rows)
    session = onnxruntime.InferenceSession(mlflow.onnx.load_model(ADDRESS).SerializeToString())
    in_onnxruntime = dict(zip(OUTPUTS, session.run(list(OUTPUTS), {"features": rows}), strict=True))
    in_mlflow = mlflow.pyfunc.load_model(ADDRESS).predict(rows)
    for name in OUTPUTS:
        wanted = expected[name].to_numpy(zero_copy_only=False)
        for found in (getattr(scores, name), in_onnxruntime[name], in_mlflow[name]):
            np.testing.assert_array_equal(found, wanted.astype(found.dtype))


def test_a_downloaded_version_is_a_bundle(set_uri: str, certified: CalibratedModel) -> None:
    folder = mlflow.artifacts.download_artifacts(ADDRESS, dst_path="downloaded")
    assert OnnxScorer.load(folder).manifest == OnnxScorer.load(certified.export("out")).manifest
    assert (Path(folder) / "manifest.json").read_text() == Path("out/manifest.json").read_text()


def test_mlflow_knows_how_to_serve_it(set_uri: str, model: CalibratedModel) -> None:
    info = mlflow.models.get_model_info(ADDRESS)
    assert info.signature.inputs.to_dict() == [
        {"name": "features", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": (-1, 3)}}
    ]
    kinds = {one["name"]: one["tensor-spec"]["dtype"] for one in info.signature.outputs.to_dict()}
    assert kinds == {"raw": "float64", "score": "float32", "p_value": "float32", "is_anomaly": "bool"}
    assert info.flavors["onnx"]["providers"] == ["CPUExecutionProvider"]
    folder = Path(mlflow.artifacts.download_artifacts(ADDRESS, dst_path="downloaded"))
    example = json.loads((folder / "input_example.json").read_text())["features"]
    np.testing.assert_array_equal(np.float32(example), [model.fitted.learned.medians])
    needed = (folder / "requirements.txt").read_text().split()
    installed = ".".join(onnxruntime.__version__.split(".")[:2])
    assert f"onnxruntime=={installed}.*" in needed
    assert not [one for one in needed if one.startswith(("torch", "scikit", "onnx=="))]


def test_what_is_promised_stands_in_tags_and_metrics(store: Any, client: MlflowClient, certified: Any) -> None:
    tags = client.get_model_version("alert-volume", "2").tags
    said, found = certified.manifest, certified.certificate
    assert float(tags["alpha"]) == 0.05
    assert float(tags["delta"]) == 0.05
    assert (int(tags["n"]), float(tags["n_eff"]), int(tags["k"])) == (said.n, said.n_eff, said.k)
    assert float(tags["threshold"]) == said.threshold
    assert tags["certificate"] == found.status
    assert (float(tags["certificate_low"]), float(tags["certificate_high"])) == (found.low, found.high)
    assert tags["features_hash"] == said.features_hash
    assert tags["detector"] == "isolation_forest"
    assert tags["schema_version"] == "1"
    assert client.get_model_version("alert-volume", "1").tags["certificate"] == "not looked at"
    run = client.get_run(store.second.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["isolation_forest.n_trees"] == "20"
    assert run.data.metrics["threshold"] == said.threshold
    assert run.data.metrics["certificate_high"] == found.high
    described = client.get_model_version("alert-volume", "2").description
    assert described == certified.explain_threshold()
    assert "Calibrated with 1,000 windows. " in described


def test_the_spans_stand_in_tags_where_there_are_any(store: Any, client: MlflowClient) -> None:
    latency = np.random.default_rng(2).lognormal(size=2000)
    training, calibration, test = (
        hourly(latency[first:last], START + first * HOUR) for first, last in ((0, 500), (500, 1500), (1500, 2000))
    )
    timed = IsolationForestDetector(n_trees=20, seed=0).fit(training).calibrate(calibration, false_alarm_rate=0.05)
    register(timed, "timed", tracking_uri=store.tracking_uri)
    register(timed.certify(test, declared_normal=True), "timed", tracking_uri=store.tracking_uri)
    spans = {
        "training_start": "2025-01-06T00:00:00",
        "training_end": "2025-01-26T20:00:00",
        "calibration_start": "2025-01-26T20:00:00",
        "calibration_end": "2025-03-09T12:00:00",
    }
    tested = {"test_start": "2025-03-09T12:00:00", "test_end": "2025-03-30T08:00:00"}
    for name, number, expected in (
        ("timed", "1", spans),
        ("timed", "2", spans | tested),
        ("alert-volume", "1", {}),  # of bare matrices, whose rows have numbers and no times
        ("alert-volume", "2", {}),
    ):
        version = client.get_model_version(name, number)
        found = {tag: text for tag, text in version.tags.items() if tag.endswith(("_start", "_end"))}
        assert found == expected
        assert client.get_run(version.run_id).data.tags.items() >= expected.items()
        assert "None" not in version.tags.values()
        assert "None" not in version.description
    described = client.get_model_version("timed", "2").description
    assert "Calibrated with 1,000 windows from 2025-01-26T20:00:00 to 2025-03-09T12:00:00." in described


def test_large_weights_stay_in_the_one_file(store: Any) -> None:
    rows = np.random.default_rng(1).normal(size=(1500, 60)).astype(np.float32)
    model = PCADetector().fit(rows[:500]).calibrate(rows[500:], false_alarm_rate=0.05)
    assert max(len(one.raw_data) for one in model.graph.graph.initializer) > 4096
    version = register(model, "by-pca", tracking_uri=store.tracking_uri)
    assert (version.version, version.alias, version.aliases) == (1, None, ())
    scores = OnnxScorer(model_bytes("models:/by-pca/1", tracking_uri=store.tracking_uri)).score(rows[:9])
    np.testing.assert_array_equal(scores.score, model.score(rows[:9]).table["score"].to_numpy())


def test_a_second_version_moves_the_alias(store: Any) -> None:
    assert (store.first.version, store.first.alias) == (1, "challenger")
    assert (store.second.version, store.second.alias) == (2, "challenger")
    newest, oldest = versions("alert-volume", tracking_uri=store.tracking_uri)
    assert newest == store.second
    assert (oldest.version, oldest.aliases, oldest.run_id) == (1, (), store.first.run_id)


def test_a_version_says_what_it_is() -> None:
    version = ModelVersion("alert-volume", 3, ("blue", "champion"), "r", "https://me:secret@host/x")
    assert version.uri == "models:/alert-volume/3"
    assert version.alias == "blue"
    assert repr(version) == version.sentence
    assert version.sentence == (
        "Version 3 of alert-volume, known as blue and champion, is models:/alert-volume/3 at https://me:***@host/x."
    )
    assert str(ModelVersion("a", 1, (), None, "u")) == "Version 1 of a is models:/a/1 at u."
