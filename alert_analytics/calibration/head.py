"""The calibration as a piece of ONNX graph, and its joining with a detector's raw graph."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, compose

from alert_analytics.calibration.cut import Floats, ScoreMap
from alert_analytics.detectors.graph import RAW, Graph, Tree, vector

UNCALIBRATED = "uncalibrated"


def calibrated_graph(raw_graph: onnx.ModelProto, scores: ScoreMap) -> onnx.ModelProto:
    """Join a detector's raw graph with its calibration.

    Parameters
    ----------
    raw_graph : onnx.ModelProto
        From ``features`` to ``raw``, double or float.
    scores : ScoreMap
        The calibration.

    Returns
    -------
    onnx.ModelProto
        From ``features`` to ``raw``, ``score``, ``p_value`` and ``is_anomaly``.

    Notes
    -----
    The step of the score map that a raw score falls on is found by a balanced tree over its bounds, in doubles: a
    binary search in one standard operator. It agrees with ``numpy.searchsorted`` exactly, ties included.
    """
    element = raw_graph.graph.output[0].type.tensor_type.elem_type
    return compose.merge_models(
        raw_graph,
        head_graph(scores, element),
        io_map=[(RAW, UNCALIBRATED)],
        outputs=[RAW, "score", "p_value", "is_anomaly"],
    )


def head_graph(scores: ScoreMap, element: int) -> onnx.ModelProto:
    """Write the calibration alone, from ``uncalibrated`` [N], of an ONNX element type, to the three outputs."""
    graph = Graph()
    value = graph.cast(UNCALIBRATED, TensorProto.DOUBLE, "raw_double")
    column = graph.add("Unsqueeze", [value, graph.constant("column", np.array([1]))], "raw_column")
    found = graph.trees(column, [search_tree(scores.bounds)], "step_double")
    flat = graph.add("Squeeze", [found, graph.constant("flat", np.array([1]))], "step_flat")
    step = graph.cast(flat, TensorProto.INT64, "step")
    unknown = graph.add("IsNaN", [UNCALIBRATED], "is_unknown")
    nothing = graph.constant("no_score", np.array(np.nan, dtype=np.float32))
    for name, values in (("score", scores.score), ("p_value", scores.p_value)):
        known = graph.add("Gather", [graph.constant(f"{name}_steps", values), step], f"{name}_known")
        graph.add("Where", [unknown, nothing, known], name)
    graph.add("GreaterOrEqual", [value, graph.constant("threshold", np.array(scores.threshold))], "is_anomaly")
    return graph.model(
        "calibration",
        [vector(UNCALIBRATED, element)],
        [
            vector("score", TensorProto.FLOAT),
            vector("p_value", TensorProto.FLOAT),
            vector("is_anomaly", TensorProto.BOOL),
        ],
    )


def search_tree(bounds: Floats) -> Tree:
    """Make a balanced tree that gives how many bounds lie below a value.

    Parameters
    ----------
    bounds : numpy.ndarray of float64, shape (m,)
        Strictly ascending, m at least 1.

    Returns
    -------
    Tree
        A value x reaches the leaf worth ``numpy.searchsorted(bounds, x, side="left")``.
    """
    nodes: list[list[float]] = []  # left, right, split, weight
    waiting = [(0, bounds.size, -1, 0)]  # bounds [first, last), and which child of which node this is
    while waiting:
        first, last, parent, side = waiting.pop()
        place = len(nodes)
        if parent >= 0:
            nodes[parent][side] = place
        if first == last:
            nodes.append([-1, -1, 0.0, float(first)])
            continue
        middle = (first + last) // 2
        nodes.append([0, 0, float(bounds[middle]), 0.0])
        waiting += [(first, middle, place, 0), (middle + 1, last, place, 1)]
    table = np.array(nodes)
    return Tree(
        left=table[:, 0].astype(np.int64),
        right=table[:, 1].astype(np.int64),
        feature=np.zeros(len(table), dtype=np.int64),
        split=table[:, 2],
        weight=table[:, 3],
    )
