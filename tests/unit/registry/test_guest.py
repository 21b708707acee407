"""A good guest in the process: nothing changed, nothing printed, and no MLflow where there is none."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import mlflow
import mlflow.onnx
import pytest

from alert_analytics import OnnxScorer
from alert_analytics.calibration import CalibratedModel
from alert_analytics.errors import MissingDependencyError, RegistryError
from alert_analytics.registry import model_bytes, register, versions

ADDRESS = "models:/alert-volume@challenger"


def test_nothing_of_the_process_is_changed(
    monkeypatch: pytest.MonkeyPatch,
    store: Any,
    model: CalibratedModel,
    capfd: pytest.CaptureFixture[str],
    elsewhere: Path,
) -> None:
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic", "urllib3.connectionpool")]
    for one in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(one)  # so that nothing an earlier call left behind passes for the user's
    for logger in loggers:
        monkeypatch.setattr(logger, "level", logging.INFO)

    def state() -> tuple[object, ...]:
        levels = [logger.level for logger in loggers]
        return (
            dict(os.environ),
            mlflow.get_tracking_uri(),
            mlflow.get_registry_uri(),
            mlflow.active_run(),
            levels,
            list(warnings.filters),
            mlflow.get_active_model_id(),
        )

    mlflow.set_tracking_uri("http://mine.invalid:1")
    mlflow.set_registry_uri("http://registry.invalid:1")
    try:
        before = state()
        register(model, "guest", "challenger", tracking_uri=store.tracking_uri)
        assert state() == before
        model_bytes("models:/guest@challenger", tracking_uri=store.tracking_uri)
        versions("guest", tracking_uri=store.tracking_uri)
        assert state() == before
        for failing in (lambda: versions("no", tracking_uri=store.tracking_uri), lambda: register(model, "a b")):
            with pytest.raises(RegistryError):
                failing()
        assert state() == before
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]
        mlflow.set_registry_uri(None)  # type: ignore[arg-type]
        os.environ.pop("MLFLOW_REGISTRY_URI", None)
    assert capfd.readouterr() == ("", "")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
def test_the_first_use_in_a_process_warns_of_nothing_and_prints_nothing(elsewhere: Path) -> None:
    code = """
import numpy as np
from alert_analytics.detectors import IsolationForestDetector
rows = np.random.default_rng(0).normal(size=(1500, 2))
model = IsolationForestDetector(n_trees=5).fit(rows[:500]).calibrate(rows[500:], false_alarm_rate=.05)
from alert_analytics import registry, OnnxScorer
registry.register(model, "first", "challenger")
OnnxScorer.load("models:/first@challenger")
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {one.name for one in elsewhere.iterdir()} == {"mlflow.db", "mlartifacts"}


@pytest.mark.slow
def test_mlflow_reports_nobody_to_its_makers() -> None:
    code = """
from alert_analytics import errors, registry
try:
    registry.versions("x", tracking_uri="http://127.0.0.1:1")
except errors.RegistryError:
    from mlflow.telemetry import get_telemetry_client
    print(get_telemetry_client())
"""
    kept = {name: text for name, text in os.environ.items() if name not in {"CI", "PYTEST_CURRENT_TEST"}}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=kept, check=True
    )
    assert done.stdout == "None\n"


def test_importing_the_room_imports_neither_mlflow_nor_what_trains() -> None:
    code = "import sys, alert_analytics.registry; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert set(done.stdout.split()).isdisjoint({"mlflow", "sklearn", "torch", "alert_analytics.calibration"})


def test_without_mlflow_it_says_what_to_install(
    refused: Any, monkeypatch: pytest.MonkeyPatch, model: CalibratedModel
) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "mlflow":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr("alert_analytics.registry.connection.version", version)
    Path("mlflow").mkdir()  # `import mlflow` succeeds with an empty namespace
    for use in (
        lambda: register(model, "x"),
        lambda: model_bytes(ADDRESS),
        lambda: versions("x"),
        lambda: OnnxScorer.load(ADDRESS),
    ):
        said = refused(MissingDependencyError, use, "needs MLflow, which is not installed")
        assert 'pip install "alert-analytics[ml]"' in said
