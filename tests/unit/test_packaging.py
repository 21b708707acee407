"""The wheel holds everything that the library needs, and nothing needs the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout, unpacked where no checkout is."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.slow
def test_the_sample_works_from_a_wheel(unpacked: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r})\n"
        "import alert_analytics as aa\n"
        f"assert aa.__file__.startswith({str(unpacked)!r}), aa.__file__\n"
        "print(aa.datasets.sample().n_alerts, aa.datasets.sample_path())\n"
        "print(aa.TrendAnalysis.from_alerts(aa.datasets.sample()).sentence)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=unpacked, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("19316 " + str(unpacked))


@pytest.mark.slow
def test_a_wheel_holds_each_query_and_the_marker_of_its_types(unpacked: Path) -> None:
    inside = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")}
    queries = {path.relative_to(ROOT).as_posix() for path in (ROOT / "alert_analytics").rglob("*.sql")}
    assert queries
    assert queries <= inside
    assert "alert_analytics/py.typed" in inside
    assert "alert_analytics/data/sample/truth.json" in inside
