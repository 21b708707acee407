"""What the detectors that reconstruct a window share: scaling, standardised errors, and the graph of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from alert_analytics.detectors.base import Features, Floats, Learned
from alert_analytics.detectors.graph import FEATURES, RAW, Graph, fill_missing, matrix, vector, without_empty

CLIP = 5.0
"""How far from the median, in scales, a value counts: beyond, it is as far as anything can be."""

_FLOOR = 1e-5  # of a squared error in squared spreads: below that nothing is told apart

Layer = tuple[Floats, Floats, bool]
"""Weights (from, to), bias (to,), and whether a ReLU follows."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """How features become comparable: about their median, in units of their spread, and no further than five of them.

    Attributes
    ----------
    centre, scale : numpy.ndarray of float32, shape (d,)
        Median and spread of the training windows.
    """

    centre: Features
    scale: Features

    def apply(self, filled: Features) -> Features:
        """Scale windows, shape (n, d); what is infinite ends at the limit."""
        with np.errstate(over="ignore"):  # beyond a float is beyond the limit
            scaled: Features = np.clip((filled - self.centre) / self.scale, np.float32(-CLIP), np.float32(CLIP))
        return scaled


@dataclass(frozen=True, eq=False)
class UsualErrors:
    """How large each feature's squared error usually is: a model is wrong by habit about some features.

    Attributes
    ----------
    mean : numpy.ndarray of float64, shape (d,)
        Over the training windows, with a floor.
    """

    mean: Floats

    @classmethod
    def of(cls, errors: Floats) -> UsualErrors:
        """Measure it on the squared errors of the training windows, shape (n, d)."""
        return cls(errors.mean(axis=0) + _FLOOR)

    def score(self, errors: Floats) -> Floats:
        """Mean over the features of the squared errors in units of the usual ones, shape (n,)."""
        scores: Floats = (errors / self.mean).mean(axis=1)
        return scores


def reconstruction_graph(
    name: str, learned: Learned, scaling: Scaling, layers: Sequence[Layer], errors: UsualErrors
) -> onnx.ModelProto:
    """Write the graph from features to the raw score: fill, scale, reconstruct, compare.

    Parameters
    ----------
    name : str
        Of the graph.
    learned : Learned
        Gives the medians.
    scaling : Scaling
        Into comparable units.
    layers : sequence of Layer
        From scaled features back to scaled features.
    errors : UsualErrors
        Standardise squared errors.

    Returns
    -------
    onnx.ModelProto
        ``features`` float32 [N, d] to ``raw`` double [N]. From the scaled features on it computes in doubles, so that
        raw scores do not depend on batch or runtime.
    """
    graph = Graph()
    filled, is_empty = fill_missing(graph, learned.medians)
    moved = graph.add("Sub", [filled, graph.constant("centre", scaling.centre)], "moved")
    unclipped = graph.add("Div", [moved, graph.constant("scale", scaling.scale)], "unclipped")
    limits = [graph.constant(end, np.float32(limit)) for end, limit in (("lowest", -CLIP), ("highest", CLIP))]
    clipped = graph.add("Clip", [unclipped, *limits], "clipped")
    value = scaled = graph.cast(clipped, TensorProto.DOUBLE, "scaled")
    for place, (weights, bias, is_bent) in enumerate(layers):
        terms = [graph.constant(f"weights_{place}", weights), graph.constant(f"bias_{place}", bias)]
        value = graph.add("Gemm", [value, *terms], f"layer_{place}")
        value = graph.add("Relu", [value], f"bent_{place}") if is_bent else value
    difference = graph.add("Sub", [value, scaled], "difference")
    squared = graph.add("Mul", [difference, difference], "squared_error")
    standard = graph.add("Div", [squared, graph.constant("usual_error", errors.mean)], "standardised")
    score = graph.add("ReduceMean", [standard, graph.constant("features_axis", np.array([1]))], "score_all", keepdims=0)
    without_empty(graph, score, is_empty)
    return graph.model(
        name,
        [matrix(FEATURES, TensorProto.FLOAT, len(learned.schema))],
        [vector(RAW, TensorProto.DOUBLE)],
    )
