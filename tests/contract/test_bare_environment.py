"""A bundle scores where only this package, numpy and onnxruntime are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import distribution, requires
from pathlib import Path

import numpy as np
import pytest

from alert_analytics.calibration import CalibratedModel
from alert_analytics.detectors import AutoencoderDetector, IsolationForestDetector, PCADetector

ROOT = Path(__file__).resolve().parents[2]
ABSENT = ("duckdb", "pyarrow", "sklearn", "torch", "mlflow", "onnx", "pandas", "polars", "scipy", "pydantic", "numba")
DETECTORS = [
    IsolationForestDetector(n_trees=20),
    AutoencoderDetector(hidden=8, code=2, epochs=2),
    PCADetector(),
]

SCORE = """
import sys
site, standard, bundle, rows = sys.argv[1:]
sys.path[:] = [site, *standard.split(":")]
from alert_analytics.scoring import OnnxScorer
import alert_analytics, json, numpy
assert alert_analytics.__file__.startswith(site), alert_analytics.__file__
scorer = OnnxScorer.load(bundle)
found = scorer.score(numpy.load(rows))
by_name = scorer.score({name: column for name, column in zip(scorer.feature_names, numpy.load(rows).T)})
assert (by_name.is_anomaly == found.is_anomaly).all()
missing = []
for name in ABSENT:
    try:
        __import__(name)
    except ImportError:
        missing.append(name)
print(json.dumps({
    "scores": [getattr(found, name).astype(float).tolist() for name in ("raw", "score", "p_value", "is_anomaly")],
    "unknown": found.n_unknown,
    "modules": sorted(sys.modules),
    "missing": missing,
}))
"""


def _needed(name: str) -> set[str]:
    """A distribution and what it needs, without extras."""
    found = {name}
    for one in requires(name) or []:
        if "extra ==" not in one:
            found |= _needed(re.split(r"[\s<>=!~;\[]", one, maxsplit=1)[0])
    return found


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like site-packages after ``pip install --no-deps`` of our wheel beside numpy and onnxruntime."""
    folder = tmp_path_factory.mktemp("bare")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for name in sorted(_needed("numpy") | _needed("onnxruntime")):
        files = distribution(name).files or []
        for top in {file.parts[0] for file in files if file.parts[0] not in {"..", "__pycache__"}}:
            source = Path(str(distribution(name).locate_file(top)))
            target = site / top
            if target.is_dir():  # a namespace, such as google/, that several fill
                for inner in source.iterdir():
                    (target / inner.name).symlink_to(inner)
            else:
                target.symlink_to(source)
    return site


def _run(site: Path, bundle: Path, rows: Path) -> dict[str, list[str]]:
    standard = ":".join({sysconfig.get_path("stdlib"), sysconfig.get_config_var("DESTSHARED")})
    code = f"ABSENT = {ABSENT!r}\n{SCORE}"
    # Neither the checkout nor the environment: no PYTHONPATH, no site-packages.
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", code, str(site), standard, str(bundle), str(rows)]
    done = subprocess.run(command, cwd=site, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("detector", DETECTORS, ids=[one.kind for one in DETECTORS])
def test_a_bundle_scores_with_numpy_and_onnxruntime_alone(
    detector: IsolationForestDetector | AutoencoderDetector | PCADetector, bare: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    model: CalibratedModel = detector.fit(rng.normal(size=(300, 3))).calibrate(rng.normal(size=(800, 3)))
    rows = (3 * rng.normal(size=(200, 3))).astype(np.float32)
    rows[7] = np.nan
    np.save(tmp_path / "rows.npy", rows)
    found = _run(bare, model.export(tmp_path / "bundle"), tmp_path / "rows.npy")
    mine = model.score(rows).table
    for name, column in zip(("raw", "score", "p_value", "is_anomaly"), found["scores"], strict=True):
        np.testing.assert_array_equal(np.array(column, dtype=float), mine[name].to_numpy().astype(float))
    assert sum(mine["is_anomaly"].to_pylist()) > 10
    assert found["unknown"] == 1
    loaded = set(found["modules"])
    assert loaded.isdisjoint(ABSENT)
    assert {"alert_analytics.scoring.scorer", "numpy", "onnxruntime"} <= loaded
    assert found["missing"] == list(ABSENT)
    ours = {name for name in loaded if name.startswith("alert_analytics.")}
    assert {name.split(".")[1] for name in ours} == {"errors", "matrices", "scoring"}
