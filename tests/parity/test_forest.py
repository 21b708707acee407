"""The forest's graph against scikit-learn's own scores: 1e-12 in doubles, wherever rows lie."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

from alert_analytics.detectors import IsolationForestDetector
from alert_analytics.detectors.isolation_forest import FittedIsolationForest

Rows = npt.NDArray[np.float32]
EXACT = 1e-12


def usual(n: int, d: int = 4, seed: int = 0) -> Rows:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def by_graph(fitted: FittedIsolationForest, rows: Rows) -> npt.NDArray[np.float64]:
    session = onnxruntime.InferenceSession(fitted.raw_graph().SerializeToString())
    raw: npt.NDArray[np.float64] = session.run(["raw"], {"features": rows})[0]
    assert raw.dtype == np.float64
    return raw


def by_scikit_learn(fitted: FittedIsolationForest, rows: Rows) -> npt.NDArray[np.float64]:
    """Not by way of ``raw_score``: gaps filled here, by hand."""
    medians = np.nan_to_num(fitted.learned.medians)
    scores = -fitted.forest.score_samples(np.where(np.isnan(rows), medians, rows))
    return np.where(np.isnan(rows).all(axis=1), np.nan, scores)


def assert_alike(fitted: FittedIsolationForest, rows: Rows) -> None:
    found = by_graph(fitted, rows)
    np.testing.assert_allclose(found, by_scikit_learn(fitted, rows), rtol=0, atol=EXACT)
    np.testing.assert_allclose(found, fitted.raw_score(rows), rtol=0, atol=EXACT)


@pytest.fixture(scope="module")
def fitted() -> FittedIsolationForest:
    return IsolationForestDetector(n_trees=40).fit(usual(600))


def splits(fitted: FittedIsolationForest) -> list[tuple[int, float]]:
    """Each feature and split point of the forest."""
    trees = [one.tree_ for one in fitted.forest.estimators_]
    return [
        (int(feature), float(split))
        for tree in trees
        for feature, split in zip(tree.feature, tree.threshold, strict=True)
        if feature >= 0
    ]


def test_ordinary_rows(fitted: FittedIsolationForest) -> None:
    assert_alike(fitted, usual(2_000, seed=1))


def test_rows_on_split_points_and_one_float_beside_them(fitted: FittedIsolationForest) -> None:
    points = splits(fitted)
    assert len(points) > 2_000
    rows = np.repeat(usual(1, seed=2), 3 * len(points), axis=0)
    for i, (feature, split) in enumerate(points):
        near, ends = np.float32(split), np.float32([-np.inf, np.inf])
        rows[3 * i : 3 * i + 3, feature] = [np.nextafter(near, ends[0]), near, np.nextafter(near, ends[1])]
    assert_alike(fitted, rows)


def test_split_points_that_are_floats_themselves() -> None:
    """Training values on whole numbers, and rows exactly on splits that a float can hold."""
    whole = np.random.default_rng(0).integers(0, 3, size=(300, 2)).astype(np.float32)
    grown = IsolationForestDetector(n_trees=20).fit(whole)
    for tree in (one.tree_ for one in grown.forest.estimators_):
        tree.threshold[tree.feature >= 0] = np.round(tree.threshold[tree.feature >= 0])
    on = np.array([[a, b] for a in range(-1, 4) for b in range(-1, 4)], dtype=np.float32)
    beside = np.concatenate([np.nextafter(on, np.float32(-9)), on, np.nextafter(on, np.float32(9))])
    assert all(split == np.float32(split) for _, split in splits(grown))
    np.testing.assert_allclose(by_graph(grown, beside), by_scikit_learn(grown, beside), rtol=0, atol=EXACT)


def test_rows_with_gaps_and_of_nothing_but_gaps(fitted: FittedIsolationForest) -> None:
    rows = usual(500, seed=3)
    rows[np.random.default_rng(4).random(rows.shape) < 0.4] = np.nan
    rows[::50] = np.nan
    assert np.isnan(by_graph(fitted, rows)).sum() >= 10
    assert_alike(fitted, rows)


def test_gaps_in_training() -> None:
    rows = usual(300)
    rows[::3, 2] = np.nan
    assert_alike(IsolationForestDetector(n_trees=20).fit(rows), rows)


@pytest.mark.parametrize("value", [3e38, -3e38, np.inf, -np.inf, 1e-45, -0.0, 16777217.0])
def test_the_largest_and_the_smallest_values(fitted: FittedIsolationForest, value: float) -> None:
    rows = usual(40, seed=5)
    rows[np.arange(40), np.arange(40) % 4] = value
    assert_alike(fitted, rows)


def test_training_values_near_the_largest_float() -> None:
    rows = usual(200) * np.float32(6e37)
    grown = IsolationForestDetector(n_trees=20).fit(rows)
    assert_alike(grown, rows)
    assert np.unique(by_graph(grown, rows)).size > 100


@pytest.mark.parametrize(
    ("rows", "max_samples"),
    [
        (np.full((50, 3), 2.0, dtype=np.float32), 256),  # every tree is a single leaf
        (usual(50), 1),  # so it is here, and without a depth to compare with
        (usual(50), 2),  # a split and two leaves
        (usual(50), 3),
        (np.array([[0.0], [1.0]], dtype=np.float32), 256),
        (np.repeat(np.array([[0.0, 1.0]], dtype=np.float32), 40, axis=0), 8),
        (np.vstack([np.zeros((40, 2), np.float32), np.ones((1, 2), np.float32)]), 8),  # most trees are a single leaf
    ],
)
def test_trees_of_a_single_leaf_and_other_small_ones(rows: Rows, max_samples: int) -> None:
    grown = IsolationForestDetector(n_trees=15, max_samples=max_samples).fit(rows)
    assert_alike(grown, np.vstack([rows, rows + 1, rows - 5]))


def test_some_trees_of_a_single_leaf_among_others() -> None:
    rows = np.vstack([np.zeros((40, 2), np.float32), np.ones((2, 2), np.float32)])
    grown = IsolationForestDetector(n_trees=30, max_samples=8).fit(rows)
    sizes = {one.tree_.node_count for one in grown.forest.estimators_}
    assert 1 in sizes
    assert len(sizes) > 1
    assert_alike(grown, rows)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_size_of_the_batch_changes_nothing(fitted: FittedIsolationForest, size: int) -> None:
    rows = usual(1000 if size > 1 else 200, seed=6)
    session = onnxruntime.InferenceSession(fitted.raw_graph().SerializeToString())
    parts = [session.run(["raw"], {"features": rows[i : i + size]})[0] for i in range(0, len(rows), size)]
    np.testing.assert_allclose(np.concatenate(parts), by_graph(fitted, rows), rtol=0, atol=EXACT)


def test_a_second_runtime_says_the_same(fitted: FittedIsolationForest) -> None:
    rows = usual(20, seed=7)
    rows[3, 1] = np.nan
    rows[4] = np.nan
    twin = ReferenceEvaluator(fitted.raw_graph()).run(["raw"], {"features": rows})[0]
    np.testing.assert_allclose(twin, by_graph(fitted, rows), rtol=0, atol=EXACT)


def test_a_graph_that_has_gone_through_a_file_says_the_same(fitted: FittedIsolationForest) -> None:
    again = onnx.load_model_from_string(fitted.raw_graph().SerializeToString())
    assert again == fitted.raw_graph()


@pytest.mark.slow
def test_a_hundred_thousand_rows_with_the_usual_forest() -> None:
    """About 7 s on one core."""
    grown = IsolationForestDetector().fit(usual(5_000, d=10))
    rows = usual(100_000, d=10, seed=8)
    rows[np.random.default_rng(9).random(rows.shape) < 0.02] = np.nan
    assert_alike(grown, rows)
