"""A small calibrated model, and a registry that holds it; MLflow takes seconds to set one up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from mlflow import MlflowClient

from alert_analytics import registry
from alert_analytics.calibration import CalibratedModel
from alert_analytics.detectors import FittedDetector, IsolationForestDetector
from alert_analytics.registry import ModelVersion


@dataclass(frozen=True)
class Store:
    """A registry with two versions of ``alert-volume``, the second known as ``challenger``."""

    folder: Path
    tracking_uri: str
    first: ModelVersion
    second: ModelVersion


@pytest.fixture(scope="session")
def normal() -> npt.NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)


@pytest.fixture(scope="session")
def fitted(normal: npt.NDArray[np.float32]) -> FittedDetector:
    return IsolationForestDetector(n_trees=20, seed=0).fit(normal[:500])


@pytest.fixture(scope="session")
def model(fitted: FittedDetector, normal: npt.NDArray[np.float32]) -> CalibratedModel:
    return fitted.calibrate(normal[500:1500], false_alarm_rate=0.05)


@pytest.fixture(scope="session")
def certified(model: CalibratedModel, normal: npt.NDArray[np.float32]) -> CalibratedModel:
    return model.certify(normal[1500:], declared_normal=True)


@pytest.fixture(scope="session")
def store(model: CalibratedModel, certified: CalibratedModel, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("a registry")  # with a space
    uri = f"sqlite:///{folder}/mlflow.db"
    first = registry.register(model, "alert-volume", "challenger", tracking_uri=uri)
    second = registry.register(certified, "alert-volume", "challenger", tracking_uri=uri)
    return Store(folder, uri, first, second)


@pytest.fixture
def client(store: Store) -> MlflowClient:
    return MlflowClient(store.tracking_uri, registry_uri=store.tracking_uri)


@pytest.fixture
def set_uri(store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    return store.tracking_uri


@pytest.fixture
def refused() -> Callable[..., str]:
    """Call something that must raise; its message, which holds some parts and a hint."""

    def call(kind: type[Exception], what: Callable[[], object], *parts: str) -> str:
        with pytest.raises(kind) as caught:
            what()
        text = str(caught.value)
        for part in (*parts, "Hint: "):
            assert part in text
        return text

    return call


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with no registry set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("ALERT_ANALYTICS_SETTINGS", raising=False)
    return tmp_path
