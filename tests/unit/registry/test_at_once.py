"""Several processes that come to a registry at the same time, the first time above all."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import ErrorCode

from alert_analytics.errors import RegistryError
from alert_analytics.registry import address, creation, register, versions
from alert_analytics.registry.address import check_database
from alert_analytics.registry.register import EXPERIMENT, _experiment

PROCESSES = 4
CODE = """
import sys
import mlflow.onnx
import numpy as np
from alert_analytics import registry
from alert_analytics.detectors import IsolationForestDetector
rows = np.random.default_rng(0).normal(size=(1500, 2))
model = IsolationForestDetector(n_trees=5).fit(rows[:500]).calibrate(rows[500:], false_alarm_rate=.05)
print("ready", flush=True)
sys.stdin.readline()
version = registry.register(model, "shared", sys.argv[1], tracking_uri="sqlite:///new/mlflow.db")
print(version.version, version.alias)
"""


@pytest.mark.slow
def test_processes_that_register_at_once_where_nothing_is_all_succeed(elsewhere: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CODE, f"by-{one}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for one in range(PROCESSES)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=180) for process in started]
    assert [(process.returncode, said[1]) for process, said in zip(started, ended, strict=True)] == [(0, "")] * 4
    answers = {alias: int(number) for number, alias in (said[0].split() for said in ended)}
    assert sorted(answers) == [f"by-{one}" for one in range(PROCESSES)]
    there = versions("shared", tracking_uri="sqlite:///new/mlflow.db")
    assert [one.version for one in there] == [4, 3, 2, 1]
    assert {one.alias: one.version for one in there} == answers
    uri = f"sqlite:///{elsewhere}/new/mlflow.db"
    client = MlflowClient(uri, registry_uri=uri)
    experiments = [one.name for one in client.search_experiments()]
    assert sorted(experiments) == ["Default", EXPERIMENT]
    assert {one.name for one in (elsewhere / "new").iterdir()} == {"mlflow.db", "mlartifacts"}


def _sql(*statements: str) -> None:
    with closing(sqlite3.connect("mlflow.db")) as connection:
        for one in statements:
            connection.execute(one)
        connection.commit()


def _tables() -> set[str]:
    with closing(sqlite3.connect("mlflow.db")) as connection:
        return address.table_names(connection)


def _pretend(monkeypatch: pytest.MonkeyPatch, *statements: str) -> None:
    monkeypatch.setattr(creation, "_statements", lambda file: list(statements))


def test_a_registry_is_made_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    _sql()
    _pretend(monkeypatch, "CREATE TABLE experiments (id)", "CREATE TABLE no table")
    with pytest.raises(sqlite3.OperationalError):
        creation.make_registry("sqlite:///mlflow.db")
    assert _tables() == set()
    _pretend(monkeypatch, "CREATE TABLE experiments (id)", "CREATE TABLE registered_models (id)")
    creation.make_registry("sqlite:///mlflow.db")
    assert _tables() == {"experiments", "registered_models"}
    assert [one.name for one in Path().iterdir()] == ["mlflow.db"]


def test_whoever_comes_first_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(file: Path) -> list[str]:
        _sql("CREATE TABLE registered_models (mine)")
        return ["CREATE TABLE registered_models (id)"]

    monkeypatch.setattr(creation, "_statements", overtaken)
    for _ in range(2):
        creation.make_registry("sqlite:///mlflow.db")
        with closing(sqlite3.connect("mlflow.db")) as connection:
            assert connection.execute("SELECT sql FROM sqlite_master").fetchall() == [
                ("CREATE TABLE registered_models (mine)",)
            ]
    creation.make_registry("http://host:1")


def test_a_registry_that_cannot_be_made_is_told(
    refused: Any, model: Any, monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    _pretend(monkeypatch, "CREATE TABLE no table")
    refused(RegistryError, lambda: register(model, "x"), f"sqlite:///{elsewhere}/mlflow.db cannot be made (", "room")


def test_a_registry_in_the_making_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    _sql("CREATE TABLE experiments (id)", "CREATE TABLE alembic_version (version_num)")
    to_come = ["runs", "registered_models", "model_versions", "last"]

    def somebody_adds_one(seconds: float) -> None:
        if to_come:
            _sql(f"CREATE TABLE {to_come.pop(0)} (id)")

    monkeypatch.setattr(address, "time", SimpleNamespace(sleep=somebody_adds_one, monotonic=time.monotonic))
    check_database("sqlite:///mlflow.db", create=False)
    assert to_come == []


def test_a_registry_that_nobody_goes_on_making_is_not_waited_for_long(
    refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "WAIT_S", 0.2)
    monkeypatch.setattr(address, "_LOOK_AGAIN_S", 0.1)
    _sql("CREATE TABLE experiments (id)")
    for create in (True, False):
        refused(
            RegistryError,
            lambda create=create: check_database("sqlite:///mlflow.db", create=create),  # type: ignore[misc]
            "no registry (its tables: experiments)",
        )


def test_a_file_that_is_still_empty_is_no_registry_yet(refused: Any, elsewhere: Path) -> None:
    Path("mlflow.db").touch()
    refused(RegistryError, lambda: versions("x"), f"There is no registry at {elsewhere}/mlflow.db")


def test_an_experiment_that_somebody_else_makes_meanwhile_is_taken() -> None:
    class Client:
        tracking_uri = "sqlite:////x/mlflow.db"

        def __init__(self, code: str, *found: object) -> None:
            self.code, self.found = code, list(found)

        def get_experiment_by_name(self, name: str) -> object:
            return self.found.pop(0)

        def create_experiment(self, name: str, artifact_location: str) -> str:
            raise MlflowException("no", error_code=ErrorCode.Value(self.code))

    there = SimpleNamespace(experiment_id="7")
    assert _experiment(Client("RESOURCE_ALREADY_EXISTS", None, there)) == "7"  # type: ignore[arg-type]
    for client in (Client("RESOURCE_ALREADY_EXISTS", None, None), Client("INTERNAL_ERROR", None)):
        with pytest.raises(MlflowException):
            _experiment(client)  # type: ignore[arg-type]
