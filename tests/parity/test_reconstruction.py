"""Networks and planes as graphs: float sums depend on batch and runtime, labels agree but for a narrow band."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

from alert_analytics.calibration import CalibratedModel
from alert_analytics.detectors import AutoencoderDetector, PCADetector

Rows = npt.NDArray[np.float32]
OUTPUTS = ["raw", "score", "p_value", "is_anomaly"]
DETECTORS = {"autoencoder": AutoencoderDetector(epochs=10), "pca": PCADetector()}
both = pytest.mark.parametrize("kind", DETECTORS)


def usual(n: int, seed: int, far: float = 0.0) -> Rows:
    """Sixteen features along four directions; a share of rows far from all of them."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, 4)) @ np.random.default_rng(0).normal(size=(4, 16)) + 0.2 * rng.normal(size=(n, 16))
    rows[rng.random(n) < far] += 3 * rng.normal(size=16)
    return rows.astype(np.float32)


@lru_cache
def model(kind: str) -> CalibratedModel:
    return DETECTORS[kind].fit(usual(800, 0)).calibrate(usual(1_200, 1), false_alarm_rate=0.05)


def by_graph(kind: str, rows: Rows, size: int | None = None) -> list[npt.NDArray[np.float64]]:
    session = onnxruntime.InferenceSession(model(kind).graph.SerializeToString())
    size = size or len(rows)
    parts = [session.run(OUTPUTS, {"features": rows[i : i + size]}) for i in range(0, len(rows), size)]
    return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]


def assert_alike(kind: str, raw: npt.NDArray[np.float64], is_anomaly: npt.NDArray[np.bool_], rows: Rows) -> None:
    """Raw scores within 1e-5, and labels the same outside the band around the cut."""
    t = model(kind).threshold
    found, _, _, said = by_graph(kind, rows)
    np.testing.assert_allclose(raw, found, rtol=1e-5, atol=1e-5)
    outside = np.abs(found - t) > 1e-5 * max(1.0, abs(t))
    assert outside.mean() > 0.99
    np.testing.assert_array_equal(is_anomaly[outside], said[outside])
    assert 0 < said.sum() < len(rows)


@pytest.mark.slow
@both
def test_python_and_the_graph_give_the_same_labels(kind: str) -> None:
    rows = usual(5_000, 2, far=0.1)
    raw = model(kind).fitted.raw_score(rows)
    assert_alike(kind, raw, raw >= model(kind).threshold, rows)


@both
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_size_of_the_batch_changes_no_label(kind: str, size: int) -> None:
    rows = usual(2_000 if size > 1 else 300, 3, far=0.1)
    raw, _, _, is_anomaly = by_graph(kind, rows, size)
    assert_alike(kind, raw, is_anomaly.astype(bool), rows)


@both
def test_a_second_runtime_gives_the_same_labels(kind: str) -> None:
    rows = usual(60, 4, far=0.3)
    rows[5, 3] = np.nan
    raw, _, _, is_anomaly = ReferenceEvaluator(model(kind).graph).run(OUTPUTS, {"features": rows})
    assert_alike(kind, raw, is_anomaly, rows)


@both
def test_gaps_and_infinities(kind: str) -> None:
    rows = usual(1_000, 5, far=0.1)
    rows[np.random.default_rng(6).random(rows.shape) < 0.2] = np.nan
    rows[::90] = np.nan
    rows[1::90, 3] = np.inf
    rows[2::90, 3] = -np.inf
    raw, score, p_value, is_anomaly = by_graph(kind, rows)
    native = model(kind).fitted.raw_score(rows)
    empty = np.isnan(rows).all(axis=1)
    assert empty.sum() >= 12
    for column in (raw, score, p_value, native):
        np.testing.assert_array_equal(np.isnan(column), empty)
    assert not is_anomaly[empty].any()
    known = rows[~empty]
    assert_alike(kind, native[~empty], native[~empty] >= model(kind).threshold, known)


def test_a_plane_is_in_doubles_and_the_same_everywhere() -> None:
    rows = usual(2_000, 7, far=0.1)
    raw = by_graph("pca", rows)[0]
    assert raw.dtype == np.float64
    np.testing.assert_allclose(raw, model("pca").fitted.raw_score(rows), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(raw, by_graph("pca", rows, 7)[0], rtol=1e-12, atol=1e-12)


@both
def test_raw_scores_are_doubles(kind: str) -> None:
    assert by_graph(kind, usual(5, 8))[0].dtype == np.float64


@pytest.mark.slow
@both
def test_a_hundred_thousand_rows(kind: str) -> None:
    """About 1 s each on one core."""
    rows = usual(100_000, 9, far=0.02)
    raw = model(kind).fitted.raw_score(rows)
    assert_alike(kind, raw, raw >= model(kind).threshold, rows)
