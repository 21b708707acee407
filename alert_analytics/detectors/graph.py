"""Pieces of ONNX graphs: standard operators only, each with a name that says what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

# The oldest versions that have all we use: the trees of ai.onnx.ml 5 need onnxruntime 1.21.
OPSETS = (helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 5))
IR_VERSION = 10
FEATURES, RAW = "features", "raw"

_LEQ = 0  # a node's test: x <= split goes left
_SUM = 1


@dataclass
class Graph:
    """Nodes and constants under construction; each method adds an operation and gives its output's name."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: npt.ArrayLike) -> str:
        """Add a constant; its dtype is that of the array."""
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add a node of the default domain with one output."""
        self.nodes.append(helper.make_node(operator, list(inputs), [output], name=output, **attributes))
        return output

    def cast(self, value: str, to: int, output: str) -> str:
        """Add a cast to an ONNX element type."""
        return self.add("Cast", [value], output, to=to)

    def trees(self, value: str, trees: Sequence[Tree], output: str) -> str:
        """Add the sum over trees of the weight of the leaf that each row reaches, as one TreeEnsemble node."""
        self.nodes.append(_tree_ensemble(value, trees, output))
        return output

    def model(self, name: str, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]) -> onnx.ModelProto:
        """Close the graph and check it."""
        graph = helper.make_graph(self.nodes, name, list(inputs), list(outputs), self.constants)
        model = helper.make_model(
            graph, opset_imports=list(OPSETS), ir_version=IR_VERSION, producer_name="alert-analytics"
        )
        onnx.checker.check_model(model, full_check=True)
        return model


@dataclass(frozen=True, eq=False)
class Tree:
    """A binary decision tree in arrays, a place per node and leaf together, the root first.

    Attributes
    ----------
    left, right : numpy.ndarray of int64, shape (m,)
        Where a row goes whose feature is at most the split, or above it; -1 in a leaf.
    feature : numpy.ndarray of int64, shape (m,)
        Which feature is tested; anything in a leaf.
    split : numpy.ndarray of float64, shape (m,)
        Against what; anything in a leaf.
    weight : numpy.ndarray of float64, shape (m,)
        What a leaf is worth; anything in an inner node.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    split: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]


def matrix(name: str, element: int, columns: int) -> ValueInfoProto:
    """Describe a matrix with any number of rows."""
    return helper.make_tensor_value_info(name, element, ["N", columns])


def vector(name: str, element: int) -> ValueInfoProto:
    """Describe a value per row."""
    return helper.make_tensor_value_info(name, element, ["N"])


def fill_missing(graph: Graph, medians: npt.NDArray[np.float32]) -> tuple[str, str]:
    """Put the training median where a feature is NaN.

    Parameters
    ----------
    graph : Graph
        Reads ``features``, float32 [N, d].
    medians : numpy.ndarray of float32, shape (d,)
        One per feature.

    Returns
    -------
    tuple of str
        The filled features, and a boolean per row: whether all of it was missing.
    """
    missing = graph.add("IsNaN", [FEATURES], "is_missing")
    filled = graph.add("Where", [missing, graph.constant("medians", medians[None, :]), FEATURES], "filled")
    counted = graph.cast(missing, TensorProto.FLOAT, "is_missing_float")
    least = graph.add("ReduceMin", [counted, graph.constant("columns", np.array([1]))], "least_missing", keepdims=0)
    return filled, graph.cast(least, TensorProto.BOOL, "is_empty")


def without_empty(graph: Graph, score: str, is_empty: str, dtype: npt.DTypeLike = np.float64) -> str:
    """Name the raw score, of a real dtype, NaN in rows that were all missing."""
    return graph.add("Where", [is_empty, graph.constant("unknown", np.array(np.nan, dtype=dtype)), score], RAW)


def _tree_ensemble(value: str, trees: Sequence[Tree], output: str) -> NodeProto:
    """Lay the trees' inner nodes and leaves out in the two tables that the operator wants."""
    parts = [_two_sided(tree) for tree in trees]
    is_leaf = [part.left < 0 for part in parts]
    inner = np.cumsum([0, *(np.count_nonzero(~leaf) for leaf in is_leaf)])
    leaves = np.cumsum([0, *(np.count_nonzero(leaf) for leaf in is_leaf)])
    columns: dict[str, list[npt.NDArray[np.int64]]] = {
        name: [] for name in ("true", "false", "true_leaf", "false_leaf")
    }
    for part, leaf, first_inner, first_leaf in zip(parts, is_leaf, inner[:-1], leaves[:-1], strict=True):
        place = np.where(leaf, first_leaf + np.cumsum(leaf) - 1, first_inner + np.cumsum(~leaf) - 1)
        for side, child in (("true", part.left), ("false", part.right)):
            columns[side].append(place[child[~leaf]])
            columns[f"{side}_leaf"].append(leaf[child[~leaf]].astype(np.int64))
    together = {name: np.concatenate(pieces) for name, pieces in columns.items()}
    splits = np.concatenate([part.split[~leaf] for part, leaf in zip(parts, is_leaf, strict=True)])
    weights = np.concatenate([part.weight[leaf] for part, leaf in zip(parts, is_leaf, strict=True)])
    return helper.make_node(
        "TreeEnsemble",
        [value],
        [output],
        name=output,
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=_SUM,
        post_transform=0,
        tree_roots=inner[:-1].tolist(),
        nodes_featureids=np.concatenate(
            [part.feature[~leaf] for part, leaf in zip(parts, is_leaf, strict=True)]
        ).tolist(),
        nodes_splits=numpy_helper.from_array(splits, "splits"),
        nodes_modes=numpy_helper.from_array(np.full(splits.size, _LEQ, dtype=np.uint8), "modes"),
        nodes_truenodeids=together["true"].tolist(),
        nodes_trueleafs=together["true_leaf"].tolist(),
        nodes_falsenodeids=together["false"].tolist(),
        nodes_falseleafs=together["false_leaf"].tolist(),
        leaf_targetids=np.zeros(weights.size, dtype=np.int64).tolist(),
        leaf_weights=numpy_helper.from_array(weights, "weights"),
    )


def _two_sided(tree: Tree) -> Tree:
    """Give a tree that is one leaf a root whose two sides are worth the same: the operator knows no bare leaf."""
    if tree.left[0] >= 0:
        return tree
    leaf = tree.weight[[0]]
    return Tree(
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        feature=np.zeros(3, dtype=np.int64),
        split=np.zeros(3),
        weight=np.concatenate([leaf, leaf, leaf]),
    )
