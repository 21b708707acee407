"""Where the registry is: as given, as set, or by default; and every way that it can be missing."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from alert_analytics import OnnxScorer
from alert_analytics.calibration import CalibratedModel
from alert_analytics.errors import RegistryError
from alert_analytics.registry import model_bytes, register, versions
from alert_analytics.registry.address import artifact_place, resolved, shown

ADDRESS = "models:/alert-volume@challenger"


def test_an_argument_then_the_environment_then_the_file_then_the_working_directory(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert resolved(None) == f"sqlite:///{elsewhere}/mlflow.db"
    Path("alert-analytics.toml").write_text('MLFLOW_TRACKING_URI = "http://file:1"\n')
    assert resolved(None) == "http://file:1"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://environment:1")
    assert resolved(None) == "http://environment:1"
    assert resolved("sqlite:///r/m.db?timeout=9") == f"sqlite:///{elsewhere}/r/m.db?timeout=9"
    assert resolved("databricks") == "databricks"


@pytest.mark.parametrize("uri", ["mlflow.db", "mlruns", "file:///x", "sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_place_that_is_none(refused: Any, uri: str) -> None:
    refused(RegistryError, lambda: versions("x", tracking_uri=uri), f"{uri!r} is no address", "http://HOST:PORT")


def test_a_password_is_not_shown() -> None:
    assert shown("postgresql://me:secret@host:5432/db") == "postgresql://me:***@host:5432/db"
    assert shown("sqlite:////a b/mlflow.db") == "sqlite:////a b/mlflow.db"


def test_files_lie_beside_the_database(store: Any, client: MlflowClient) -> None:
    experiment = client.get_experiment_by_name("alert-analytics")
    assert experiment.artifact_location == (store.folder / "mlartifacts").as_uri()
    assert {one.name for one in store.folder.iterdir()} == {"mlflow.db", "mlartifacts"}
    assert artifact_place("http://host:1") is None


def test_a_read_makes_no_registry(refused: Any, elsewhere: Path) -> None:
    for read in (lambda: OnnxScorer.load(ADDRESS), lambda: model_bytes(ADDRESS), lambda: versions("alert-volume")):
        refused(RegistryError, read, f"There is no registry at {elsewhere}/mlflow.db", "aa.registry.register(")
    assert list(elsewhere.iterdir()) == []


def test_a_read_writes_nothing(store: Any, elsewhere: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        found = [(path, path.stat()) for path in sorted(store.folder.rglob("*"))]
        return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in found}

    before, content = state(), (store.folder / "mlflow.db").read_bytes()
    model_bytes(ADDRESS, tracking_uri=store.tracking_uri)
    versions("alert-volume", tracking_uri=store.tracking_uri)
    assert state() == before
    assert (store.folder / "mlflow.db").read_bytes() == content
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no database at all" * 99])
def test_a_file_that_is_no_registry(refused: Any, content: bytes) -> None:
    Path("mlflow.db").write_bytes(content)
    refused(RegistryError, lambda: versions("x"), "mlflow.db", "http://HOST:PORT")
    assert Path("mlflow.db").read_bytes() == content


def test_a_database_of_something_else_is_left_alone(refused: Any, model: CalibratedModel) -> None:
    import sqlite3

    connection = sqlite3.connect("other.db")
    connection.execute("CREATE TABLE accounts (id INTEGER)")
    connection.commit()
    connection.close()
    for verb in (lambda uri: versions("x", tracking_uri=uri), lambda uri: register(model, "x", tracking_uri=uri)):
        refused(RegistryError, lambda verb=verb: verb("sqlite:///other.db"), "no registry (its tables: accounts)")  # type: ignore[misc]


def test_a_place_that_cannot_be_written_is_told_at_once(refused: Any, model: CalibratedModel) -> None:
    Path("file").write_text("")
    began = time.monotonic()
    refused(RegistryError, lambda: register(model, "x", tracking_uri="sqlite:///file/mlflow.db"), "cannot be written")
    assert time.monotonic() - began < 5


def test_a_server_that_is_not_there_is_told_within_seconds(refused: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    where = f"http://127.0.0.1:{port}"
    said = refused(RegistryError, lambda: versions("x", tracking_uri=where), where, "refused", "`mlflow server`")
    assert "HTTPConnectionPool" not in said
    assert time.monotonic() - began < 5


def test_a_server_that_says_nothing_is_given_the_time_that_the_user_sets(
    refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        where = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        refused(RegistryError, lambda: versions("x", tracking_uri=where), where, "cannot be reached", "timed out")
        assert 0.5 < time.monotonic() - began < 5
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "1"


def test_a_bare_database_without_a_place_for_files_is_refused(refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from alert_analytics.registry.register import _experiment

    class Client:
        tracking_uri = "postgresql://host/db"

        def get_experiment_by_name(self, name: str) -> None:
            return None

    refused(RegistryError, lambda: _experiment(Client()), "no experiment", "mlflow experiments create")  # type: ignore[arg-type]
