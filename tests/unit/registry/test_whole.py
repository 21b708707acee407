"""A version is registered whole, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import mlflow.onnx
import pytest
from mlflow import MlflowClient

from alert_analytics.calibration import CalibratedModel
from alert_analytics.errors import RegistryError
from alert_analytics.registry import model_bytes, register


def _state(client: MlflowClient) -> tuple[object, ...]:
    models = {one.name: dict(one.aliases) for one in client.search_registered_models()}
    there = sorted((one.name, one.version) for one in client.search_model_versions())
    experiment = client.get_experiment_by_name("alert-analytics").experiment_id
    logged = sorted(one.model_id for one in client.search_logged_models([experiment]))
    finished = sorted(one.info.run_id for one in client.search_runs([experiment], "status = 'FINISHED'"))
    running = client.search_runs([experiment], "status = 'RUNNING'")
    return models, there, logged, finished, len(running)


@pytest.mark.parametrize(
    "step",
    [
        "log_batch",
        "log_model_artifacts",
        "create_model_version",
        "get_model_version_download_uri",
        "update_run",
        "set_registered_model_alias",
    ],
)
@pytest.mark.parametrize("name", ["alert-volume", "new-name"])
def test_a_failure_at_any_step_leaves_nothing_half_done(
    refused: Any,
    store: Any,
    client: MlflowClient,
    model: CalibratedModel,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    name: str,
) -> None:
    before = _state(client)
    real, calls = getattr(MlflowClient, step), []

    def failing(self: MlflowClient, *args: object, **more: object) -> object:
        calls.append(args)
        if len(calls) > 1:  # taking back may use it
            return real(self, *args, **more)
        if step in {"create_model_version", "set_registered_model_alias"}:
            real(self, *args, **more)  # done, and the answer lost
        raise OSError("the disk is full")

    monkeypatch.setattr(MlflowClient, step, failing)
    said = refused(
        RegistryError,
        lambda: register(model, name, "challenger", tracking_uri=store.tracking_uri),
        f"{name}: not registered at {store.tracking_uri}" if step != "get_model_version_download_uri" else name,
        "the disk is full",
    )
    assert "Left behind" not in said
    monkeypatch.undo()
    assert _state(client) == before


def test_a_stored_file_that_differs_is_noticed(
    refused: Any, store: Any, client: MlflowClient, model: CalibratedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _state(client)
    real = MlflowClient.log_model_artifacts

    def cut_short(self: MlflowClient, model_id: str, folder: str) -> None:
        file = Path(folder, "model.onnx")
        file.write_bytes(file.read_bytes()[:-100])
        real(self, model_id, folder)

    monkeypatch.setattr(MlflowClient, "log_model_artifacts", cut_short)
    refused(
        RegistryError,
        lambda: register(model, "alert-volume", "challenger", tracking_uri=store.tracking_uri),
        "alert-volume: not registered",
        "the stored file differs from the one sent",
    )
    assert _state(client) == before


def test_what_cannot_be_taken_back_is_said(
    refused: Any, store: Any, client: MlflowClient, model: CalibratedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise OSError("gone")

    monkeypatch.setattr(MlflowClient, "log_outputs", broken)
    monkeypatch.setattr(MlflowClient, "delete_logged_model", broken)
    said = refused(
        RegistryError, lambda: register(model, "alert-volume", tracking_uri=store.tracking_uri), "(gone)", "Left behind"
    )
    assert "the model m-" in said
    assert "version" not in said.split("Left behind")[1].split("Hint")[0]


def test_an_interruption_is_taken_back_and_passed_on(
    store: Any, client: MlflowClient, model: CalibratedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _state(client)
    real = MlflowClient.create_model_version

    def interrupted(self: MlflowClient, *args: object, **more: object) -> None:
        real(self, *args, **more)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(MlflowClient, "create_model_version", interrupted)
    with pytest.raises(KeyboardInterrupt):
        register(model, "alert-volume", "challenger", tracking_uri=store.tracking_uri)
    monkeypatch.undo()
    assert _state(client) == before


def test_a_missing_file_is_told(refused: Any, store: Any, model: CalibratedModel) -> None:
    version = register(model, "lost", tracking_uri=store.tracking_uri)
    client = MlflowClient(store.tracking_uri, registry_uri=store.tracking_uri)
    place = client.get_model_version_download_uri("lost", "1")
    (Path(mlflow.utils.file_utils.local_file_uri_to_path(place)) / "model.onnx").unlink()
    refused(
        RegistryError,
        lambda: model_bytes(version.uri, tracking_uri=store.tracking_uri),
        "The file model.onnx of version 1 of lost",
        "cannot be fetched",
    )
