"""The import contracts can fail: an import that the house forbids breaks the contract that forbids it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        (
            "history/source.py",
            "from alert_analytics.stats.multiple import benjamini_hochberg",
            "History knows the engine and alerts",
        ),
        (
            "sources/tabular.py",
            "from alert_analytics.simulation import HistorySpec",
            "Sources know history, the engine and alerts",
        ),
        ("sources/opsgenie.py", "import urllib3", "Only pulls speak to the network"),
        ("pulls/client.py", "import duckdb", "Pulls know history and sources"),
        (
            "sources/opsgenie.py",
            "from alert_analytics.pulls import pull",
            "Each room imports only what stands below it",
        ),
        ("stats/slope.py", "import duckdb", "Statistics know no database, no alert, no plot"),
        ("plots/style.py", "from alert_analytics.engine import connect", "Charts know analyses"),
        (
            "engine/query.py",
            "from alert_analytics.history import AlertHistory",
            "Each room imports only what stands below it",
        ),
        ("windows/windows.py", "import sklearn", "Windows know history, the engine, statistics and alerts"),
        (
            "windows/windows.py",
            "from alert_analytics.simulation import HistorySpec",
            "Windows know history, the engine, statistics and alerts",
        ),
        ("windows/grid.py", "import duckdb", "Only the engine, history and sources speak to the database"),
        (
            "detectors/base.py",
            "from alert_analytics.calibration.cut import SCORE_CUT",
            "Each room imports only what stands below it",
        ),
        ("detectors/pca.py", "from alert_analytics.history import AlertHistory", "Detectors know windows alone"),
        ("detectors/pca.py", "from alert_analytics.calibration import CalibratedModel", "Detectors know windows alone"),
        ("scoring/session.py", "import pyarrow", "Scoring stands on numpy and onnxruntime alone"),
        (
            "scoring/session.py",
            "from alert_analytics.tables import counted",
            "Scoring stands on numpy and onnxruntime alone",
        ),
        ("scoring/session.py", "import alert_analytics.registry", "Scoring stands on numpy and onnxruntime alone"),
        ("errors.py", "import pyarrow", "Scoring stands on numpy and onnxruntime alone"),
        ("calibration/cut.py", "import mlflow", "Only the registry speaks to MLflow"),
        ("calibration/cut.py", "import sklearn", "Only detectors train: scikit-learn and PyTorch are theirs"),
        (
            "calibration/bundle.py",
            "from alert_analytics.registry import register",
            "Each room imports only what stands below it",
        ),
        (
            "calibration/bundle.py",
            "from alert_analytics.history import AlertHistory",
            "Calibration knows scoring, detectors, windows and statistics",
        ),
        (
            "registry/export.py",
            "from alert_analytics.windows import Windows",
            "The registry knows calibrated models and scorers",
        ),
        (
            "training/train.py",
            "import onnxruntime",
            "Training puts together what the rooms offer, and computes nothing itself",
        ),
        ("training/train.py", "import torch", "Only detectors train: scikit-learn and PyTorch are theirs"),
        ("cli/models.py", "import mlflow", "Only the registry speaks to MLflow"),
        (
            "simulation/spec.py",
            "from alert_analytics.windows import Windows",
            "The simulation knows only what an alert is",
        ),
    ],
)
def test_a_planted_import_breaks_a_contract(module: str, planted: str, contract: str, tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "alert_analytics", tmp_path / "alert_analytics", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    place = tmp_path / "alert_analytics" / module
    place.write_text(place.read_text(encoding="utf-8") + f"\n{planted}\n", encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "COLUMNS": "200"}
    ran = subprocess.run(
        [sys.executable, "-c", LINT], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert any(line.startswith(contract) and "BROKEN" in line for line in ran.stdout.splitlines()), ran.stdout
