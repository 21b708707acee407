"""A detector whose raw score is what it is given, so that a test decides on which side of a cut a window lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto

from alert_analytics.detectors.base import Detector, Features, FittedDetector, Floats, Learned
from alert_analytics.detectors.graph import FEATURES, RAW, Graph, fill_missing, matrix, vector, without_empty
from alert_analytics.windows import Feature, Windows

START = datetime(2025, 1, 6)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Echo(Detector):
    """The raw score is the sum of the features, in doubles or in floats."""

    kind: ClassVar[str] = "echo"
    bits: int = 64

    def fit(self, windows: Any) -> FittedEcho:
        return FittedEcho(self, Learned.of(windows)[0])


@dataclass(frozen=True, eq=False, repr=False)
class FittedEcho(FittedDetector):
    exact: ClassVar[bool] = True

    @property
    def dtype(self) -> type[np.floating[Any]]:
        assert isinstance(self.detector, Echo)
        return np.float64 if self.detector.bits == 64 else np.float32

    def _scored(self, filled: Features) -> Floats:
        return filled.astype(self.dtype).sum(axis=1).astype(np.float64)

    def raw_graph(self) -> onnx.ModelProto:
        graph, element = Graph(), onnx.helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        filled, is_empty = fill_missing(graph, self.learned.medians)
        value = graph.cast(filled, element, "value")
        score = graph.add("ReduceSum", [value, graph.constant("across", np.array([1]))], "sum", keepdims=0)
        without_empty(graph, score, is_empty, self.dtype)
        inputs = [matrix(FEATURES, TensorProto.FLOAT, len(self.learned.schema))]
        return graph.model("echo", inputs, [vector(RAW, element)])


def evenly(n: int, start: int = 1) -> Floats:
    """Numbers in (0, 1) that are worth as many as they are: none resembles its neighbour, none comes twice."""
    return (np.arange(start, start + n) * 0.6180339887498949) % 1.0


def in_three(values: npt.ArrayLike) -> Features:
    """Write doubles as rows of three floats whose sum, from left to right, is exactly the double."""
    rest, parts = np.asarray(values, dtype=np.float64), []
    for _ in range(3):
        part = rest.astype(np.float32)
        parts.append(part)
        rest = rest - part
    assert not rest.any()
    return np.column_stack(parts)


def column(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32).reshape(-1, 1)


def hourly(values: npt.ArrayLike, start: datetime = START, labels: npt.ArrayLike | None = None) -> Windows:
    """Windows of one hour each, the first beginning at `start`."""
    rows = column(values)
    end = np.datetime64(start, "us") + np.arange(1, len(rows) + 1) * np.timedelta64(HOUR)
    return Windows(
        features=rows,
        schema=(Feature("latency", "s", "mean"),),
        entity=np.full(len(rows), "db", dtype=object),
        window_end=end.astype("datetime64[us]"),
        width=np.timedelta64(HOUR),
        labels=None if labels is None else np.asarray(labels, dtype=np.int8),
        recipe={"kind": "metric"},
    )
