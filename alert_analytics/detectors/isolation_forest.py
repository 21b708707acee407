"""The isolation forest: windows that few random splits set apart are anomalous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto
from sklearn.ensemble import IsolationForest

from alert_analytics.detectors.base import Detector, Features, FittedDetector, Floats, Learned
from alert_analytics.detectors.graph import FEATURES, RAW, Graph, Tree, fill_missing, matrix, vector, without_empty


@dataclass(frozen=True)
class IsolationForestDetector(Detector):
    """Isolation forest over windows, scikit-learn's, exported as a single tree-ensemble node.

    Parameters
    ----------
    n_trees : int
        More are steadier and slower.
    max_samples : int
        Windows that each tree sees; all where there are fewer.
    seed : int
        The same windows and seed give the same forest.

    References
    ----------
    F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008.

    Examples
    --------
    >>> import numpy as np
    >>> normal = np.random.default_rng(0).normal(size=(500, 3))
    >>> fitted = IsolationForestDetector(n_trees=50).fit(normal)
    >>> usual, odd = fitted.raw_score([[0.0, 0.0, 0.0], [6.0, -6.0, 6.0]])
    >>> bool(odd > usual)
    True
    """

    kind: ClassVar[str] = "isolation_forest"
    n_trees: int = 200
    max_samples: int = 256
    seed: int = 0

    def fit(self, windows: Any) -> FittedIsolationForest:
        """Grow the trees; see :meth:`Detector.fit`."""
        learned, filled = Learned.of(windows)
        forest = IsolationForest(
            n_estimators=self.n_trees, max_samples=min(self.max_samples, len(filled)), random_state=self.seed
        )
        return FittedIsolationForest(self, learned, forest.fit(filled))


@dataclass(frozen=True, eq=False, repr=False)
class FittedIsolationForest(FittedDetector):
    """A grown forest. Its raw score is ``2^(-depth / c)``, in (0, 1): .5 is a window of average depth.

    Notes
    -----
    Depth is the mean over trees of the splits to a window's leaf, plus the average further splits that the training
    windows in that leaf would have needed; c is that average for all windows of a tree. The graph gives scikit-learn's
    ``-score_samples`` to 1e-12.
    """

    forest: IsolationForest
    exact: ClassVar[bool] = True

    def _scored(self, filled: Features) -> Floats:
        return -np.asarray(self.forest.score_samples(filled), dtype=np.float64)

    def raw_graph(self) -> onnx.ModelProto:
        """The forest as one node, from the features to the depth."""
        graph = Graph()
        filled, is_empty = fill_missing(graph, self.learned.medians)
        # Split points are doubles: compared with floats they would send rows on the border the other way.
        wide = graph.cast(filled, TensorProto.DOUBLE, "filled_double")
        trees = [_tree(one.tree_, features) for one, features in self._grown()]
        column = graph.trees(wide, trees, "depth_column")
        depth = graph.add("Squeeze", [column, graph.constant("last", np.array([1]))], "depth")
        longest = len(trees) * float(_further_splits(np.array([self.forest.max_samples_]))[0])
        # A forest of single windows has no depth, and scikit-learn gives it 1/2.
        rate = graph.constant("rate", np.array(-1.0 / longest if longest else 0.0))
        power = graph.add("Mul", [depth, rate], "relative_depth")
        if not longest:
            power = graph.add("Sub", [power, graph.constant("one", np.array(1.0))], "no_depth")
        score = graph.add("Pow", [graph.constant("two", np.array(2.0)), power], "score_double")
        without_empty(graph, score, is_empty)
        return graph.model(
            "isolation_forest",
            [matrix(FEATURES, TensorProto.FLOAT, len(self.learned.schema))],
            [vector(RAW, TensorProto.DOUBLE)],
        )

    def _grown(self) -> list[tuple[Any, npt.NDArray[np.int64]]]:
        return list(zip(self.forest.estimators_, self.forest.estimators_features_, strict=True))


def _tree(grown: Any, features: npt.NDArray[np.int64]) -> Tree:
    """Read a tree of scikit-learn; a leaf is worth the splits to it plus those its windows would still need."""
    left, right = (np.asarray(side, dtype=np.int64) for side in (grown.children_left, grown.children_right))
    depth = np.zeros(left.size)
    for place in range(left.size):  # a child stands behind its parent
        if left[place] >= 0:
            depth[[left[place], right[place]]] = depth[place] + 1.0
    tested = np.asarray(features, dtype=np.int64)[np.maximum(grown.feature, 0)]
    weight = depth + _further_splits(np.asarray(grown.n_node_samples))
    return Tree(left, right, tested, np.asarray(grown.threshold, dtype=np.float64), weight)


def _further_splits(n: npt.NDArray[np.int64]) -> Floats:
    """Average depth of an unsuccessful search in a random binary tree over n points (Liu et al., equation 1)."""
    many = np.maximum(n, 3).astype(np.float64)
    average = 2.0 * (np.log(many - 1.0) + np.euler_gamma) - 2.0 * (many - 1.0) / many
    splits: Floats = np.where(n <= 1, 0.0, np.where(n == 2, 1.0, average))
    return splits
