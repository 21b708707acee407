"""The pipelines: short scripts without logic, that register a model or say why there is none."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import alert_analytics as aa
from alert_analytics.scoring import OnnxScorer
from alert_analytics.training import TrainingSpec, score_history, train

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "pipelines").glob("*.py"))
SAMPLE = aa.datasets.sample_path() / "alerts.parquet"
SPEC = 'name = "hourly"\nby = ["service"]\n[parameters]\nn_trees = 10\n'
BRANCHES = (ast.If, ast.For, ast.While, ast.Try, ast.comprehension, ast.Lambda)


def test_there_is_a_pipeline() -> None:
    assert [path.name for path in SCRIPTS] == ["train.py"]


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.name for path in SCRIPTS])
def test_a_pipeline_is_short_and_has_a_main_and_next_to_nothing_to_decide(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    tree = ast.parse(text)
    assert [node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))] == ["main"]
    [main] = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert sum(isinstance(node, BRANCHES) for node in ast.walk(main)) <= 1
    assert path.with_suffix(".toml").is_file()
    assert f"python pipelines/{path.name} pipelines/{path.stem}.toml" in str(ast.get_docstring(tree))


def test_the_configuration_of_the_repository_names_what_is_there() -> None:
    config = tomllib.loads((ROOT / "pipelines" / "train.toml").read_text(encoding="utf-8"))
    assert set(config) == {"spec", "data", "tenant", "alias", "out"}
    assert TrainingSpec.from_toml(ROOT / config["spec"]).name == "alert-volume"
    assert aa.AlertHistory.open(ROOT / config["data"]).tenant(config["tenant"]).n_alerts == 17_079
    assert config["out"].startswith("out/")  # which git ignores


def ran(where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a scheduler would, in a folder of its own."""
    environment = {name: text for name, text in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / "train.py"), *words],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def configured(where: Path, content: str = SPEC, **config: Any) -> Path:
    """Write a specification and a configuration; None leaves a key out."""
    (where / "spec.toml").write_text(content)
    said = {"spec": "spec.toml", "data": str(SAMPLE), "tenant": "acme", "alias": "challenger", "out": "out"} | config
    lines = [f"{key} = {json.dumps(value)}" for key, value in said.items() if value is not None]
    (where / "train.toml").write_text("\n".join(lines) + "\n")
    return where / "train.toml"


@pytest.mark.slow
def test_the_pipeline_registers_the_model_that_the_configuration_names(tmp_path: Path) -> None:
    configured(tmp_path)
    done = ran(tmp_path, "train.toml")
    assert (done.returncode, done.stderr) == (0, "")
    acme = aa.datasets.sample().tenant("acme")
    same = train(acme, TrainingSpec.from_toml(tmp_path / "spec.toml"))
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    [version] = aa.registry.versions("hourly", tracking_uri=uri)
    assert (version.version, version.aliases) == (1, ("challenger",))
    assert done.stdout == "\n".join(
        [
            *("making windows", "training", "calibrating", "testing"),
            same.model.explain_threshold(),
            f"Version 1 of hourly, known as challenger, is models:/hourly/1 at {uri}.\n",
        ]
    )
    stored = aa.registry.model_bytes("models:/hourly@challenger", tracking_uri=uri)
    assert stored == (tmp_path / "out" / "model.onnx").read_bytes()
    scorer = OnnxScorer.load(tmp_path / "out")
    assert scorer.manifest == same.model.manifest
    assert score_history(scorer, acme).n_anomalous > 0
    again = ran(tmp_path, "train.toml")  # the next night
    assert again.returncode == 0
    assert [(one.version, one.aliases) for one in aa.registry.versions("hourly", tracking_uri=uri)] == [
        (2, ("challenger",)),
        (1, ()),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "content", "said"),
    [
        ({"tennant": "acme"}, SPEC, "SettingsError: train.toml: nothing reads 'tennant'. Hint: tenant?"),
        ({"data": None}, SPEC, "SettingsError: train.toml: no data. Hint: it needs spec, data."),
        ({"spec": "none.toml"}, SPEC, "SettingsError: none.toml: No such file or directory."),
        ({"data": "none.parquet"}, SPEC, "SourceNotFoundError: none.parquet: no such file."),
        ({}, SPEC.replace("n_trees", "trees"), "SettingsError: spec.toml: [parameters] of isolation_forest: nothing"),
        ({"tenant": "nobody"}, SPEC, "WindowsError: Too few windows of 60 minutes: 0 to train on"),
        ({}, f"false_alarm_rate = 0.0001\n{SPEC}", "CalibrationError: 3,2"),
        ({"out": "train.toml/out"}, SPEC, "BundleError: train.toml/out"),
        ({"alias": "v1"}, SPEC, "RegistryError: alias='v1' is reserved by MLflow"),
    ],
    ids=["key", "no data", "no spec", "no file", "parameter", "tenant", "rate", "out", "alias"],
)
def test_a_broken_configuration_ends_with_one_and_a_message_and_registers_nothing(
    config: dict[str, Any], content: str, said: str, tmp_path: Path
) -> None:
    configured(tmp_path, content, **config)
    done = ran(tmp_path, "train.toml")
    assert done.returncode == 1
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.slow
def test_without_a_configuration_the_script_says_how_it_is_called(tmp_path: Path) -> None:
    done = ran(tmp_path)
    assert done.returncode == 1
    assert "python pipelines/train.py pipelines/train.toml" in done.stderr
    assert "Traceback" not in done.stderr
