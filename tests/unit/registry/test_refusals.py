"""What the registry does not take, and what it does not have: each said with its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from alert_analytics.calibration import CalibratedModel
from alert_analytics.detectors import FittedDetector
from alert_analytics.errors import CalibrationError, RegistryError
from alert_analytics.registry import model_bytes, register, versions
from alert_analytics.registry.address import ModelAddress

ADDRESS = "models:/alert-volume@challenger"


def test_an_uncalibrated_model_cannot_be_registered(refused: Any, fitted: FittedDetector) -> None:
    refused(CalibrationError, lambda: register(fitted, "x"), "FittedIsolationForest is not calibrated", ".calibrate(")  # type: ignore[arg-type]
    refused(CalibrationError, lambda: register(fitted.detector, "x"), "is not calibrated", ".fit(train).calibrate(")  # type: ignore[arg-type]
    refused(CalibrationError, lambda: register(3, "x"), "int is no model of this library")  # type: ignore[arg-type]
    assert list(Path().iterdir()) == []


def test_a_best_effort_cannot_be_registered(refused: Any, fitted: FittedDetector, normal: Any) -> None:
    weak = fitted.calibrate(normal[500:600], best_effort=True)
    refused(CalibrationError, lambda: register(weak, "x"), "best effort and promises nothing", "needs 299")
    assert list(Path().iterdir()) == []


def test_a_falsified_model_cannot_be_registered(refused: Any, model: CalibratedModel, normal: Any) -> None:
    falsified = model.certify(normal[1500:] + 3.0, declared_normal=True)
    refused(CalibrationError, lambda: register(falsified, "x"), "breaks its promise", "reached 0.85", "falsified")
    assert list(Path().iterdir()) == []


def test_a_merely_suspect_model_can(store: Any, model: CalibratedModel, normal: Any, client: MlflowClient) -> None:
    suspect = model.certify(normal[1500:] + 3.0)
    version = register(suspect, "suspect", tracking_uri=store.tracking_uri)
    assert client.get_model_version("suspect", str(version.version)).tags["certificate"] == "suspect"


@pytest.mark.parametrize(
    "name", ["", " ", "alert volume", "a/b", "a:b", "a@b", "a.b", "-a", "ä", "x" * 201, "a\n", None]
)
def test_a_name_that_cannot_stand_in_an_address(refused: Any, model: CalibratedModel, name: Any) -> None:
    refused(RegistryError, lambda: register(model, name), f"name={name!r}", "expected up to 200 letters")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("alias", ["", "a b", "a@b", "17", "ä", "x" * 201, 3])
def test_an_alias_that_cannot_stand_in_an_address(refused: Any, model: CalibratedModel, alias: Any) -> None:
    refused(RegistryError, lambda: register(model, "x", alias), f"alias={alias!r}", "expected up to 200 letters")


@pytest.mark.parametrize("alias", ["v1", "V12", "latest", "Latest"])
def test_an_alias_that_mlflow_keeps_for_itself(refused: Any, model: CalibratedModel, alias: str) -> None:
    refused(RegistryError, lambda: register(model, "x", alias), f"alias={alias!r} is reserved by MLflow", "challenger")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("alias", ["champion", "v1a", "2026-q1", "_", "blue_green"])
def test_any_other_alias_can_be_read_back(alias: str) -> None:
    from alert_analytics.registry.address import check_alias

    check_alias(alias)
    assert ModelAddress.parse(f"models:/x@{alias}") == ModelAddress("x", alias, None)


NO_ADDRESSES = """
models:/ models:/x models:/x/latest models:/x/Production models:/x/1/model.onnx models:/x@ x@y models://x/1
models:/x@a@b models:/x/-1 models:/x/\u0661 runs:/x/1 models:/@a
"""


@pytest.mark.parametrize("uri", [*NO_ADDRESSES.split(), "models:/x/1 ", ""])
def test_an_address_that_is_none(refused: Any, uri: str) -> None:
    said = f"{uri!r} is no address of a model; expected models:/NAME@ALIAS or models:/NAME/VERSION"
    refused(RegistryError, lambda: model_bytes(uri), said)


def test_a_name_of_another_tool_can_be_read() -> None:
    assert ModelAddress.parse("models:/my model.v2/7") == ModelAddress("my model.v2", None, 7)


def test_what_is_not_there_is_answered_with_what_is(refused: Any, store: Any) -> None:
    def read(uri: str) -> Callable[[], object]:
        return lambda: model_bytes(uri, tracking_uri=store.tracking_uri)

    refused(RegistryError, read("models:/nope/1"), "There is no model 'nope' at sqlite:", "there are: alert-volume")
    refused(RegistryError, lambda: versions("nope", tracking_uri=store.tracking_uri), "There is no model 'nope'")
    refused(
        RegistryError,
        read("models:/alert-volume@champion"),
        "alert-volume at sqlite:",
        "has no alias 'champion'",
        "its aliases: challenger (version 2); its versions: 2, 1.",
    )
    refused(RegistryError, read("models:/alert-volume/9"), "has no version 9", "there are: 2, 1.")
