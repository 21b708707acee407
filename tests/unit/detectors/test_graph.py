"""The pieces that graphs are made of, each run by onnxruntime."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from onnx import TensorProto, checker

from alert_analytics.detectors.graph import (
    FEATURES,
    IR_VERSION,
    RAW,
    Graph,
    Tree,
    fill_missing,
    matrix,
    vector,
    without_empty,
)


def tree(*nodes: tuple[int, int, int, float, float]) -> Tree:
    """From (left, right, feature, split, weight) of each node."""
    left, right, feature, split, weight = zip(*nodes, strict=True)
    return Tree(np.array(left), np.array(right), np.array(feature), np.array(split), np.array(weight))


def leaf(weight: float) -> Tree:
    return tree((-1, -1, 0, 0.0, weight))


STUMP = tree((1, 2, 0, 0.5, 0.0), (-1, -1, 0, 0.0, 1.0), (-1, -1, 0, 0.0, 2.0))
# The left child is inner, the right one a leaf, and the other way round one level down.
DEEP = tree(
    (1, 4, 1, 3.0, 0.0),
    (2, 3, 0, -1.0, 0.0),
    (-1, -1, 0, 0.0, 10.0),
    (-1, -1, 0, 0.0, 20.0),
    (5, 6, 0, 1.0, 0.0),
    (-1, -1, 0, 0.0, 30.0),
    (-1, -1, 0, 0.0, 40.0),
)


def summed(trees: list[Tree], rows: npt.ArrayLike) -> list[float]:
    graph = Graph()
    graph.trees("x", trees, "sum")
    model = graph.model("trees", [matrix("x", TensorProto.DOUBLE, 2)], [matrix("sum", TensorProto.DOUBLE, 1)])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    found: list[float] = session.run(None, {"x": np.asarray(rows, dtype=np.float64)})[0][:, 0].tolist()
    return found


def test_a_value_at_the_split_goes_left_and_the_next_double_right() -> None:
    beside = [np.nextafter(0.5, -1), 0.5, np.nextafter(0.5, 1), -np.inf, np.inf]
    assert summed([STUMP], [[x, 0.0] for x in beside]) == [1.0, 1.0, 2.0, 1.0, 2.0]


def test_inner_nodes_and_leaves_may_stand_on_either_side() -> None:
    rows = [[-1.0, 3.0], [0.0, 3.0], [1.0, 4.0], [2.0, 4.0]]
    assert summed([DEEP], rows) == [10.0, 20.0, 30.0, 40.0]


def test_trees_are_summed_single_leaves_among_them() -> None:
    assert summed([leaf(100.0)], [[0.0, 0.0], [9.0, 9.0]]) == [100.0, 100.0]
    assert summed([leaf(100.0), DEEP, STUMP, leaf(0.25), DEEP], [[0.0, 3.0], [2.0, 4.0]]) == [141.25, 182.25]


def filled_and_raw(rows: npt.ArrayLike, dtype: type) -> list[npt.NDArray[np.float64]]:
    graph = Graph()
    filled, is_empty = fill_missing(graph, np.array([7, 8], dtype=np.float32))
    element = TensorProto.DOUBLE if dtype is np.float64 else TensorProto.FLOAT
    value = graph.add(
        "ReduceSum", [graph.cast(filled, element, "as_wide"), graph.constant("axis", [1])], "s", keepdims=0
    )
    assert without_empty(graph, value, is_empty, dtype) == RAW
    outputs = [matrix(filled, TensorProto.FLOAT, 2), vector(RAW, element)]
    model = graph.model("fill", [matrix(FEATURES, TensorProto.FLOAT, 2)], outputs)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    found = session.run(None, {FEATURES: np.asarray(rows, dtype=np.float32)})
    assert found[1].dtype == dtype
    return found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gaps_are_filled_and_rows_of_nothing_but_gaps_have_no_score(dtype: type) -> None:
    nan = np.nan
    filled, raw = filled_and_raw([[1, 2], [nan, 2], [1, nan], [nan, nan], [np.inf, nan]], dtype)
    assert filled.tolist() == [[1, 2], [7, 2], [1, 8], [7, 8], [np.inf, 8]]
    np.testing.assert_array_equal(raw, [3, 9, 9, nan, np.inf])


def test_a_graph_that_makes_no_sense_is_not_closed() -> None:
    graph = Graph()
    graph.add("Add", ["x", "nothing"], "sum")
    with pytest.raises(checker.ValidationError, match="nothing"):
        graph.model("broken", [vector("x", TensorProto.FLOAT)], [vector("sum", TensorProto.FLOAT)])


def test_a_graph_says_who_made_it_and_which_operators_it_needs() -> None:
    graph = Graph()
    graph.cast("x", TensorProto.DOUBLE, "wide")
    model = graph.model("cast", [vector("x", TensorProto.FLOAT)], [vector("wide", TensorProto.DOUBLE)])
    assert (model.producer_name, model.ir_version) == ("alert-analytics", IR_VERSION)
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
