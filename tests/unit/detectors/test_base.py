"""What holds for every detector: what it takes, what it refuses, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pandas as pd
import pytest
import torch

from alert_analytics import detectors
from alert_analytics.detectors import (
    AutoencoderDetector,
    Detector,
    FittedDetector,
    IsolationForestDetector,
    PCADetector,
)
from alert_analytics.detectors.base import Learned, spread_of
from alert_analytics.errors import FeatureMismatchError, WindowsError
from alert_analytics.windows import Feature, Windows
from tests.handmade import Echo

DETECTORS = [
    IsolationForestDetector(n_trees=10),
    AutoencoderDetector(hidden=8, code=2, epochs=3),
    PCADetector(),
]
every = pytest.mark.parametrize("detector", DETECTORS, ids=[one.kind for one in DETECTORS])


def usual(n: int = 200, d: int = 3, seed: int = 0) -> npt.NDArray[np.float32]:
    """Features that hang together, of different scales."""
    rng = np.random.default_rng(seed)
    along = rng.normal(size=(n, 1))
    return (100 + (along + 0.3 * rng.normal(size=(n, d))) * 10.0 ** np.arange(d)).astype(np.float32)


def by_graph(fitted: FittedDetector, features: npt.ArrayLike) -> npt.NDArray[np.float64]:
    session = onnxruntime.InferenceSession(fitted.raw_graph().SerializeToString())
    raw = session.run(["raw"], {"features": np.ascontiguousarray(features, dtype=np.float32)})[0]
    return np.asarray(raw, dtype=np.float64)


def timed(features: npt.NDArray[np.float32], entity: list[str], end: list[int]) -> Windows:
    schema = tuple(Feature(f"f{j}", "1", "as given") for j in range(features.shape[1]))
    return Windows(features, schema, np.array(entity, dtype=object), np.array(end, dtype=np.int64), 1)


# -- the same again --------------------------------------------------------------------------------------------------


@every
def test_the_same_windows_and_seed_give_the_same_detector_to_the_last_bit(detector: Detector) -> None:
    one, other = detector.fit(usual()), detector.fit(usual())
    assert one.raw_score(usual(seed=1)).tolist() == other.raw_score(usual(seed=1)).tolist()
    assert one.raw_graph() == other.raw_graph()


@pytest.mark.parametrize("detector", DETECTORS[:2], ids=["isolation_forest", "autoencoder"])
def test_another_seed_gives_another_detector(detector: Any) -> None:
    one, other = detector.fit(usual()), replace(detector, seed=1).fit(usual())
    assert not np.array_equal(one.raw_score(usual(seed=1)), other.raw_score(usual(seed=1)))


@every
def test_training_neither_moves_nor_reads_the_random_numbers_of_others_nor_their_threads(detector: Detector) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        np.random.seed(7)  # noqa: NPY002
        torch.manual_seed(7)
        numpys, torchs = np.random.get_state()[1].copy(), torch.get_rng_state()  # type: ignore[index,union-attr]  # noqa: NPY002
        one = detector.fit(usual())
        assert np.array_equal(np.random.get_state()[1], numpys)  # type: ignore[index]  # noqa: NPY002
        assert torch.equal(torch.get_rng_state(), torchs)
        assert torch.get_num_threads() == 2
        torch.manual_seed(8)
        np.random.seed(8)  # noqa: NPY002
        assert one.raw_graph() == detector.fit(usual()).raw_graph()
    finally:
        torch.set_num_threads(before)


@every
def test_training_does_not_depend_on_the_order_of_rows_that_know_their_time(detector: Detector) -> None:
    features = usual(60)
    entity, end = ["a", "b", "c"] * 20, [step // 3 for step in range(60)]
    order = np.random.default_rng(3).permutation(60)
    one = detector.fit(timed(features, entity, end))
    other = detector.fit(timed(features[order], [entity[i] for i in order], [end[i] for i in order]))
    assert one.raw_graph() == other.raw_graph()


@every
def test_a_row_scores_the_same_wherever_it_stands(detector: Detector) -> None:
    fitted, rows = detector.fit(usual()), usual(50, seed=1)
    order = np.random.default_rng(3).permutation(50)
    np.testing.assert_allclose(fitted.raw_score(rows[order]), fitted.raw_score(rows)[order], rtol=0, atol=1e-5)


@every
def test_fitting_changes_neither_the_matrix_nor_the_detector(detector: Detector) -> None:
    matrix = usual()
    matrix[0, 0] = np.nan
    kept = matrix.copy()
    detector.fit(matrix).raw_score(matrix)
    np.testing.assert_array_equal(matrix, kept)
    assert detector in DETECTORS


# -- missing values --------------------------------------------------------------------------------------------------


@every
def test_a_missing_value_counts_as_the_training_median_in_python_and_in_the_graph(detector: Detector) -> None:
    matrix = usual()
    matrix[::3, 1] = np.nan
    fitted = detector.fit(matrix)
    median = np.nanmedian(matrix[:, 1].astype(np.float64))
    assert fitted.learned.medians.dtype == np.float32
    assert fitted.learned.medians[1] == np.float32(median)
    with_gap = usual(5, seed=1)
    with_gap[:, 1] = np.nan
    filled = with_gap.copy()
    filled[:, 1] = np.float32(median)
    assert fitted.raw_score(with_gap).tolist() == fitted.raw_score(filled).tolist()
    assert by_graph(fitted, with_gap).tolist() == by_graph(fitted, filled).tolist()


@every
def test_a_row_without_any_value_has_no_score_and_the_others_keep_theirs(detector: Detector) -> None:
    fitted = detector.fit(usual())
    rows = usual(4, seed=1)
    whole = fitted.raw_score(rows)
    rows[2] = np.nan
    for scores in (fitted.raw_score(rows), by_graph(fitted, rows)):
        assert np.isnan(scores).tolist() == [False, False, True, False]
        np.testing.assert_allclose(np.delete(scores, 2), np.delete(whole, 2), atol=1e-5)


@every
def test_rows_without_any_value_teach_nothing(detector: Detector) -> None:
    matrix = usual()
    outage = np.full((40, 3), np.nan, dtype=np.float32)
    with_outage = detector.fit(np.vstack([matrix[:100], outage, matrix[100:]]))
    assert with_outage.learned.n == 200
    assert with_outage.raw_graph() == detector.fit(matrix).raw_graph()


def test_medians_and_spread_by_hand() -> None:
    learned, filled = Learned.of([[1.0, 5.0], [2.0, np.nan], [4.0, 5.0], [9.0, 5.0]])
    assert learned.medians.tolist() == [3.0, 5.0]
    assert filled.tolist() == [[1.0, 5.0], [2.0, 5.0], [4.0, 5.0], [9.0, 5.0]]
    # The standard deviation is the larger: 3.08 against 3.5 / 1.349 = 2.59. A constant has a spread of one.
    assert learned.spread.tolist() == [np.float32(np.sqrt(9.5)), 1.0]
    assert (learned.n, learned.span, learned.feature_names) == (4, (None, None), ("f0", "f1"))


def test_the_spread_is_the_larger_of_two() -> None:
    wide = np.array([[-2.0], [-2.0], [2.0], [2.0]], dtype=np.float32)
    assert spread_of(wide).tolist() == [np.float32(4 / 1.349)]
    resting = np.array([[0.0]] * 9 + [[10.0]], dtype=np.float32)
    assert spread_of(resting).tolist() == [3.0]
    assert spread_of(np.full((5, 1), 0.1, dtype=np.float32)).tolist() == [1.0]
    # What rounding leaves of a constant is none.
    trembling = np.array([[1e8], [1e8 + 8], [1e8], [1e8]], dtype=np.float32)
    assert spread_of(trembling).tolist() == [1.0]


# -- extremes --------------------------------------------------------------------------------------------------------


@every
def test_a_constant_feature_changes_no_ranking_and_breaks_nothing(detector: Detector) -> None:
    fitted = detector.fit(np.hstack([usual(), np.full((200, 1), 3.0, dtype=np.float32)]))
    rows = np.array([[100, 100, 100, 3], [130, 400, 3000, 3]], dtype=np.float32)
    scores = fitted.raw_score(rows)
    assert np.isfinite(scores).all()
    assert scores[1] > scores[0]
    np.testing.assert_allclose(by_graph(fitted, rows), scores, rtol=1e-5)


@every
def test_features_that_are_all_constant_give_every_usual_window_one_score(detector: Detector) -> None:
    fitted = detector.fit(np.full((30, 2), 7.0))
    scores = fitted.raw_score(np.full((5, 2), 7.0))
    assert np.isfinite(scores).all()
    assert np.unique(scores).size == 1
    np.testing.assert_allclose(by_graph(fitted, np.full((5, 2), 7.0)), scores, atol=1e-5)


@every
def test_one_feature_is_enough_to_tell_what_is_far_from_usual(detector: Detector) -> None:
    fitted = detector.fit(np.random.default_rng(0).normal(size=(400, 1)))
    middle, far = fitted.raw_score([[0.0], [20.0]])
    assert far > middle
    np.testing.assert_allclose(by_graph(fitted, [[0.0], [20.0]]), [middle, far], rtol=1e-5)


@every
def test_features_that_have_nothing_in_common_are_told_apart_too(detector: Detector) -> None:
    fitted = detector.fit(np.random.default_rng(0).normal(size=(400, 3)))
    middle, far = fitted.raw_score([[0.0, 0.0, 0.0], [9.0, -9.0, 9.0]])
    assert far > middle + 0.1


@every
def test_two_windows_are_enough(detector: Detector) -> None:
    fitted = detector.fit([[0.0, 1.0], [1.0, 3.0]])
    rows = [[0.0, 1.0], [1.0, 3.0], [50.0, -50.0]]
    scores = fitted.raw_score(rows)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(by_graph(fitted, rows), scores, rtol=1e-5, atol=1e-5)


@every
def test_an_infinity_scores_as_the_largest_value_there_is(detector: Detector) -> None:
    fitted = detector.fit(usual())
    largest = np.finfo(np.float32).max
    endless = np.array([[np.inf, 100, 100], [100, -np.inf, 100], [np.inf, -np.inf, np.inf]])
    scores = fitted.raw_score(endless)
    assert np.isfinite(scores).all()
    assert scores.tolist() == fitted.raw_score(np.clip(endless, -largest, largest)).tolist()
    np.testing.assert_allclose(by_graph(fitted, endless), scores, rtol=1e-5)


@every
def test_features_near_the_largest_float_overflow_nowhere(detector: Detector) -> None:
    rows = np.array([[3e38, 1, 1], [3.2e38, 1, 2], [-3e38, 2, 2], [-3e38, 2, 3], [3.1e38, 1, 1], [-3.3e38, 3, 3]])
    fitted = detector.fit(rows)
    assert np.isfinite(fitted.learned.medians).all()
    assert np.isfinite(fitted.learned.spread).all()
    scores = fitted.raw_score(rows)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(by_graph(fitted, rows), scores, rtol=1e-5, atol=1e-5)


@every
def test_no_window_has_no_score(detector: Detector) -> None:
    scores = detector.fit(usual()).raw_score(np.empty((0, 3)))
    assert (scores.shape, scores.dtype) == ((0,), np.float64)


# -- refusals --------------------------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (np.zeros((0, 2)), r"fit: 0 windows of 2 features; expected at least 2 of one or more\. Hint: a longer hist"),
        (np.zeros((1, 1)), r"fit: 1 window of 1 feature; expected at least 2"),
        (np.zeros((3, 0)), r"fit: 3 windows of 0 features; expected at least 2"),
        ([[np.nan], [1.0], [np.nan]], r"fit: 3 windows of 1 feature, 1 with a value; expected at least 2"),
        ([[1, 2], [np.inf, 3], [1, -np.inf]], r"fit: 2 windows with an infinity \(first: row 1, f0\)\. Hint: nothing"),
        ([[1, np.nan], [2, np.nan]], r"fit: 1 feature without any value: f1\. Hint: leave it out: windows\.with"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_with_its_place(detector: Detector, matrix: Any, said: str) -> None:
    with pytest.raises(WindowsError, match=said):
        detector.fit(matrix)


def test_the_place_of_an_infinity_is_the_callers_row_whatever_the_order_of_time() -> None:
    features = np.array([[1.0], [2.0], [np.inf]], dtype=np.float32)
    with pytest.raises(WindowsError, match=r"first: row 2, f0"):
        PCADetector().fit(timed(features, ["a"] * 3, [3, 2, 1]))


def test_eight_features_without_a_value_are_named_and_no_more() -> None:
    matrix = np.full((4, 12), np.nan)
    matrix[:, :2] = 1.0
    with pytest.raises(WindowsError, match=r"fit: 10 features without any value: f2, f3, f4, f5, f6, f7, f8, f9\."):
        PCADetector().fit(matrix)


def _named(names: str, n: int = 3) -> pd.DataFrame:
    return pd.DataFrame(np.ones((n, len(names))), columns=list(names))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("acb", r"Features: in another order: place 1 holds c, expected b\."),
        ("ab", r"Features: the model's c is missing\."),
        ("ax", r"Features: the model's b, c are missing\."),
        ("abcd", r"Features: 4 given, expected 3\."),
    ],
)
def test_other_features_than_those_trained_on_are_refused(given: str, said: str) -> None:
    fitted = Echo().fit(_named("abc"))
    with pytest.raises(FeatureMismatchError, match=said):
        fitted.raw_score(_named(given))
    with pytest.raises(FeatureMismatchError, match=said):
        fitted.calibrate(_named(given))


@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_matrix_of_another_width_is_refused(width: int) -> None:
    with pytest.raises(FeatureMismatchError, match="Features: "):
        Echo().fit(_named("abc")).raw_score(np.ones((2, width)))


def test_a_bare_matrix_is_taken_in_the_order_trained_on_but_never_against_its_names() -> None:
    rows = [[1.0, 2.0], [3.0, 5.0]]
    assert Echo().fit(pd.DataFrame(rows, columns=["b", "a"])).raw_score(rows).tolist() == [3.0, 8.0]
    swapped = PCADetector().fit(pd.DataFrame(rows, columns=["f1", "f0"]))
    with pytest.raises(FeatureMismatchError, match="in another order: place 0 holds f0, expected f1"):
        swapped.raw_score(pd.DataFrame(rows, columns=["f0", "f1"]))


@every
def test_a_matrix_and_windows_of_it_are_the_same(detector: Detector) -> None:
    matrix = usual()
    one, other = detector.fit(matrix), detector.fit(Windows.from_matrix(matrix))
    assert one.raw_score(matrix).tolist() == other.raw_score(Windows.from_matrix(matrix)).tolist()


# -- what it says of itself ------------------------------------------------------------------------------------------


def test_a_fitted_detector_says_what_it_is_and_that_it_promises_nothing() -> None:
    assert repr(IsolationForestDetector(n_trees=5, max_samples=64, seed=3).fit(usual(1200, 1))) == (
        "<FittedIsolationForest(n_trees=5, max_samples=64, seed=3) trained on 1,200 windows of 1 feature; "
        "no promise before .calibrate()>"
    )
    assert repr(PCADetector(variance=0.5)) == "PCADetector(variance=0.5)"


@every
def test_hyper_parameters_are_the_fields_by_name(detector: Any) -> None:
    assert type(detector)(**detector.parameters) == detector


def test_names_load_when_asked_for_and_others_are_unknown() -> None:
    assert dir(detectors) == sorted(detectors.__all__)
    assert all(getattr(detectors, name).__name__ == name for name in detectors.__all__)
    with pytest.raises(AttributeError, match=r"module 'alert_analytics\.detectors' has no attribute 'Forest'"):
        _ = detectors.Forest  # type: ignore[attr-defined]


def test_features_are_described_in_plain_values() -> None:
    learned, _ = Learned.of(_named("ab"))
    assert learned.described() == (
        {"name": "a", "unit": "1", "formula": "as given", "median": 1.0, "spread": 1.0},
        {"name": "b", "unit": "1", "formula": "as given", "median": 1.0, "spread": 1.0},
    )


@pytest.mark.parametrize("name", ["score", "export", "certify", "threshold"])
def test_asking_too_early_says_what_is_missing(name: str) -> None:
    fitted = PCADetector().fit(np.eye(4))
    with pytest.raises(
        AttributeError, match=rf"no attribute '{name}'; {name}\(\) is .* \.calibrate\(calibration\) first"
    ):
        getattr(fitted, name)
    with pytest.raises(AttributeError, match=r"no attribute 'scoer'\.$"):
        _ = fitted.scoer
