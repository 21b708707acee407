"""The import contracts can fail: an import that the house forbids breaks them."""

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
    ("module", "planted"),
    [
        ("history/source.py", "from alert_analytics.stats.multiple import benjamini_hochberg"),
        ("sources/tabular.py", "from alert_analytics.simulation import HistorySpec"),
        ("stats/slope.py", "import duckdb"),
        ("plots/style.py", "from alert_analytics.engine import connect"),
        ("engine/query.py", "from alert_analytics.history import AlertHistory"),
    ],
)
def test_a_planted_import_breaks_a_contract(module: str, planted: str, tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "alert_analytics", tmp_path / "alert_analytics", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    place = tmp_path / "alert_analytics" / module
    place.write_text(place.read_text(encoding="utf-8") + f"\n{planted}\n", encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", LINT], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "BROKEN" in ran.stdout
