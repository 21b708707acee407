from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from alert_analytics.detectors import IsolationForestDetector
from alert_analytics.detectors.isolation_forest import _further_splits

ROWS = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)


def test_it_is_scikit_learns_forest_with_the_sign_turned() -> None:
    fitted = IsolationForestDetector(n_trees=25, max_samples=100, seed=3).fit(ROWS)
    twin = IsolationForest(n_estimators=25, max_samples=100, random_state=3).fit(ROWS)
    assert fitted.raw_score(ROWS[:50]).tolist() == (-twin.score_samples(ROWS[:50])).tolist()
    assert (len(fitted.forest.estimators_), fitted.forest.max_samples_) == (25, 100)


@pytest.mark.parametrize(("n", "seen"), [(500, 256), (256, 256), (40, 40)])
def test_a_tree_sees_as_many_windows_as_there_are_and_no_more_than_asked(n: int, seen: int) -> None:
    assert IsolationForestDetector(n_trees=2).fit(ROWS[:n]).forest.max_samples_ == seen


def test_more_anomalous_is_higher_and_always_a_share() -> None:
    fitted = IsolationForestDetector(n_trees=50).fit(ROWS)
    centre, off, far = fitted.raw_score([[0, 0, 0, 0], [2, 2, 2, 2], [99, -99, 99, -99]])
    assert 0 < centre < off < far < 1


def test_trees_of_one_window_know_nothing() -> None:
    fitted = IsolationForestDetector(n_trees=3, max_samples=1).fit(ROWS)
    assert fitted.raw_score([[0, 0, 0, 0], [99, 99, 99, 99]]).tolist() == [0.5, 0.5]


def test_the_graph_is_one_tree_ensemble_and_standard_operators() -> None:
    graph = IsolationForestDetector(n_trees=10).fit(ROWS).raw_graph()
    trees = [node for node in graph.graph.node if node.domain]
    assert [(node.op_type, node.domain) for node in trees] == [("TreeEnsemble", "ai.onnx.ml")]
    assert {(one.domain, one.version) for one in graph.opset_import} == {("", 18), ("ai.onnx.ml", 5)}
    assert len(graph.graph.node) < 15


def test_the_average_depth_is_that_of_liu_ting_and_zhou() -> None:
    harmonic = np.log(255) + 0.5772156649015329
    assert _further_splits(np.array([0, 1, 2, 256])).tolist() == pytest.approx(
        [0.0, 0.0, 1.0, 2 * harmonic - 2 * 255 / 256], abs=1e-12
    )
