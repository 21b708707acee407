"""The calibration in the graph against the calibration in numpy: exactly, on the cut and one ulp beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

from alert_analytics.calibration import CalibratedModel
from alert_analytics.calibration.cut import ScoreMap, score_map
from alert_analytics.calibration.head import UNCALIBRATED, calibrated_graph, head_graph, search_tree
from alert_analytics.detectors import AutoencoderDetector, Detector, IsolationForestDetector, PCADetector
from tests.handmade import Echo, evenly, in_three

OUTPUTS = ["score", "p_value", "is_anomaly"]
ELEMENTS = {np.float64: TensorProto.DOUBLE, np.float32: TensorProto.FLOAT}
Reals = npt.NDArray[np.float64] | npt.NDArray[np.float32]


def by_head(scores: ScoreMap, raw: Reals) -> list[npt.NDArray[np.float32]]:
    head = head_graph(scores, ELEMENTS[raw.dtype.type])
    found: list[npt.NDArray[np.float32]] = onnxruntime.InferenceSession(head.SerializeToString()).run(
        OUTPUTS, {UNCALIBRATED: raw}
    )
    return found


def around(values: npt.ArrayLike, dtype: type) -> Reals:
    """Values, the number before and the number after each; the ends of the scale; and what is no number."""
    ends = [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        np.finfo(dtype).max,
        np.finfo(dtype).min,
        np.finfo(dtype).smallest_subnormal,
    ]
    with np.errstate(all="ignore"):
        middle = np.concatenate((np.asarray(values, dtype=np.float64), ends)).astype(dtype)
        return np.concatenate((np.nextafter(middle, dtype(-np.inf)), middle, np.nextafter(middle, dtype(np.inf))))


def assert_exact(scores: ScoreMap, raw: Reals, alpha: float) -> None:
    score, p_value, is_anomaly = by_head(scores, raw)
    for found, expected in zip((score, p_value, is_anomaly), scores.apply(raw), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    known = ~np.isnan(raw)
    np.testing.assert_array_equal(is_anomaly, known & (raw.astype(np.float64) >= scores.threshold))
    np.testing.assert_array_equal(is_anomaly, known & (score >= 0.85))
    np.testing.assert_array_equal(is_anomaly, known & (p_value <= alpha))
    assert ((score[known] >= 0) & (score[known] <= 1) & (p_value[known] > 0) & (p_value[known] <= 1)).all()


# -- any calibration -------------------------------------------------------------------------------------------------

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NEAR = st.integers(-4, 4).map(lambda ulps: 1.0 + ulps * np.spacing(1.0))
SETS = st.one_of(
    st.lists(FINITE, min_size=1, max_size=40),
    st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=60),  # ties
    st.lists(NEAR, min_size=1, max_size=20),  # doubles next to each other
    st.builds(lambda x, n: [x] * n, FINITE, st.integers(1, 9)),  # all equal
)


@settings(deadline=None, max_examples=80)
@given(SETS, st.data(), st.sampled_from([0.5, 0.1, 0.01, 0.001]), st.sampled_from([np.float64, np.float32]))
def test_the_graph_is_numpys_calibration_exactly(
    values: list[float], data: st.DataObject, alpha: float, dtype: type
) -> None:
    rank = data.draw(st.integers(1, max(1, int(alpha * len(values)))))
    scores = score_map(np.array(values), alpha, rank)
    assert_exact(scores, around([*scores.bounds, scores.threshold, *values], dtype), alpha)


@settings(deadline=None, max_examples=40)
@given(st.lists(FINITE, min_size=1, max_size=60, unique=True), st.lists(st.floats(allow_nan=False), max_size=20))
def test_the_tree_is_a_binary_search(values: list[float], others: list[float]) -> None:
    bounds = np.unique(np.array(values))
    tree = search_tree(bounds)
    for x in [one for one in (*around(bounds, np.float64), *others) if not np.isnan(one)]:
        place, steps = 0, 0
        while tree.left[place] >= 0:
            place = int(tree.left[place] if x <= tree.split[place] else tree.right[place])
            steps += 1
        assert tree.weight[place] == np.searchsorted(bounds, x, side="left")
        assert steps <= np.ceil(np.log2(bounds.size + 1))


def test_a_thinned_map_of_many_scores_is_exact_too() -> None:
    many = np.random.default_rng(0).normal(size=30_000)
    scores = score_map(many, 0.01, 250)
    assert scores.bounds.size < 10_010
    assert_exact(
        scores, around(np.concatenate((scores.bounds[::7], many[:3000], [scores.threshold])), np.float64), 0.01
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_second_runtime_agrees_with_numpy_around_the_cut(dtype: type) -> None:
    scores = score_map(evenly(300), 0.05, 8)
    raw = around([*scores.bounds[-12:], scores.threshold], dtype)
    found = ReferenceEvaluator(head_graph(scores, ELEMENTS[dtype])).run(OUTPUTS, {UNCALIBRATED: raw})
    for one, expected in zip(found, scores.apply(raw), strict=True):
        np.testing.assert_array_equal(one, expected)


# -- whole models ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def in_doubles() -> CalibratedModel:
    return Echo().fit(in_three(evenly(50))).calibrate(in_three(evenly(1_000)))


@pytest.fixture(scope="module")
def in_floats() -> CalibratedModel:
    values = evenly(1_000).astype(np.float32).reshape(-1, 1)
    return Echo(bits=32).fit(values[:50]).calibrate(values)


def test_a_double_on_the_cut_is_anomalous_and_the_one_before_it_is_not(in_doubles: CalibratedModel) -> None:
    t = in_doubles.threshold
    around_it = np.array([np.nextafter(t, -1), t, np.nextafter(t, 2)])
    assert np.unique(around_it.astype(np.float32)).size == 1  # no float tells them apart
    scored = in_doubles.score(in_three(around_it)).table
    assert scored["raw"].to_pylist() == around_it.tolist()
    assert scored["is_anomaly"].to_pylist() == [False, True, True]
    assert [score >= 0.85 for score in scored["score"].to_pylist()] == [False, True, True]
    assert [p_value <= 0.01 for p_value in scored["p_value"].to_pylist()] == [False, True, True]


def test_of_two_floats_around_a_cut_the_upper_one_is_anomalous(
    in_floats: CalibratedModel,
) -> None:
    t = in_floats.threshold
    below = np.float32(t) if np.float32(t) < t else np.nextafter(np.float32(t), np.float32(0))
    above = np.nextafter(below, np.float32(1))
    assert below < t <= above
    scored = in_floats.score([[below], [above]]).table
    assert scored["raw"].to_pylist() == [float(below), float(above)]
    assert scored["is_anomaly"].to_pylist() == [False, True]
    assert [score >= 0.85 for score in scored["score"].to_pylist()] == [False, True]
    assert [p_value <= 0.01 for p_value in scored["p_value"].to_pylist()] == [False, True]


def test_a_float_exactly_on_the_cut_is_anomalous() -> None:
    # Whole numbers: midway between two of them is a float.
    values = np.arange(1000, dtype=np.float32)[np.argsort(evenly(1000))].reshape(-1, 1)
    model = Echo(bits=32).fit(values).calibrate(values)
    t = np.float32(model.threshold)
    assert float(t) == model.threshold
    rows = np.array([[np.nextafter(t, np.float32(0))], [t], [np.nextafter(t, np.float32(9999))]])
    assert model.score(rows).table["is_anomaly"].to_pylist() == [False, True, True]


@pytest.mark.parametrize("name", ["in_doubles", "in_floats"])
def test_scores_and_labels_and_p_values_agree_on_every_row(name: str, request: pytest.FixtureRequest) -> None:
    model: CalibratedModel = request.getfixturevalue(name)
    width = len(model.fitted.learned.schema)
    rows = in_three(evenly(3_000, start=5_000)) if width == 3 else evenly(3_000, start=5_000).reshape(-1, 1)
    found = model.score(rows).table
    score, p_value, is_anomaly = (found[column].to_numpy() for column in OUTPUTS)
    raw = found["raw"].to_numpy()
    assert 0 < is_anomaly.sum() < 100
    np.testing.assert_array_equal(is_anomaly, raw >= model.threshold)
    np.testing.assert_array_equal(is_anomaly, score >= 0.85)
    np.testing.assert_array_equal(is_anomaly, p_value <= 0.01)
    assert (np.diff(score[np.argsort(raw)]) >= 0).all()
    for column, expected in zip((score, p_value, is_anomaly), model.calibration.scores.apply(raw), strict=True):
        np.testing.assert_array_equal(column, expected)


# -- real detectors, a hundred thousand rows -------------------------------------------------------------------------


def normal(n: int, seed: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, 4)) @ np.random.default_rng(0).normal(size=(4, 10)) + 0.3 * rng.normal(size=(n, 10))
    rows[rng.random(n) < 0.02] *= 3.0
    return rows.astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(
    "detector",
    [IsolationForestDetector(n_trees=50), AutoencoderDetector(epochs=5), PCADetector()],
    ids=["forest", "autoencoder", "pca"],
)
def test_a_hundred_thousand_rows_with_the_cut_on_one_of_them(detector: Detector) -> None:
    """A cut moved onto a row's very raw score, and one ulp to either side of it; a few seconds each."""
    model = detector.fit(normal(2_000, 1)).calibrate(normal(3_000, 2), false_alarm_rate=0.05)
    rows = normal(100_000, 3)
    rows[::997] = np.nan
    rows[np.random.default_rng(4).random(rows.shape) < 0.01] = np.nan
    raw_graph, scores = model.fitted.raw_graph(), model.calibration.scores
    native = model.fitted.raw_score(rows)
    raw = by_whole_graph(raw_graph, scores, rows)[0]
    row = int(np.nanargmin(np.abs(raw - scores.threshold)))
    for cut in (np.nextafter(raw[row], -np.inf), raw[row], np.nextafter(raw[row], np.inf)):
        moved = replace(scores, threshold=float(cut))
        again, score, p_value, is_anomaly = by_whole_graph(raw_graph, moved, rows)
        np.testing.assert_array_equal(again, raw)  # the same graph, the same batch: the same to the last bit
        expected = moved.apply(raw)
        for found, by_hand in zip((score, p_value, is_anomaly), expected, strict=True):
            np.testing.assert_array_equal(found, by_hand)
        assert bool(is_anomaly[row]) == bool(raw[row] >= cut)
        band = 1e-12 if model.fitted.exact else 1e-5
        np.testing.assert_allclose(native, raw, rtol=band, atol=band)
        outside = np.abs(raw - cut) > band * max(1.0, abs(cut))
        np.testing.assert_array_equal((native >= cut)[outside], is_anomaly[outside])
    assert np.isnan(raw[::997]).all()


def by_whole_graph(
    raw_graph: onnx.ModelProto, scores: ScoreMap, rows: npt.NDArray[np.float32]
) -> list[npt.NDArray[np.float64]]:
    session = onnxruntime.InferenceSession(calibrated_graph(raw_graph, scores).SerializeToString())
    found: list[npt.NDArray[np.float64]] = session.run(["raw", *OUTPUTS], {"features": rows})
    return found
