"""Reading a bundle, and scoring whatever a caller has."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from onnx import TensorProto, helper

from alert_analytics.calibration import CalibratedModel
from alert_analytics.errors import BundleError, FeatureMismatchError, WindowsError
from alert_analytics.scoring import OnnxScorer
from alert_analytics.scoring.scorer import Scores
from alert_analytics.windows import Windows
from tests.handmade import Echo, evenly

NAMES = ["load", "errors", "age"]


def table(values: npt.ArrayLike) -> pd.DataFrame:
    """The three features: the first varies, the others are nothing."""
    first = np.asarray(values, dtype=np.float32)
    return pd.DataFrame({"load": first, "errors": np.float32(0), "age": np.float32(0)})


@pytest.fixture(scope="module")
def model() -> CalibratedModel:
    return Echo().fit(table(evenly(40))).calibrate(table(evenly(400)))


@pytest.fixture
def bundle(model: CalibratedModel, tmp_path: Path) -> Path:
    return model.export(tmp_path / "bundle")


@pytest.fixture(scope="module")
def scorer(model: CalibratedModel) -> OnnxScorer:
    return OnnxScorer(model.graph.SerializeToString())


ROWS = np.array([[1, 2, 4], [0.25, 0, 0], [-8, 0, np.nan]], dtype=np.float32)


def as_dict(one: Scores) -> dict[str, list[Any]]:
    return {name: getattr(one, name).tolist() for name in ("raw", "score", "p_value", "is_anomaly")}


# -- what it gives ---------------------------------------------------------------------------------------------------


def test_a_bundle_scores_as_the_model_does(bundle: Path, model: CalibratedModel) -> None:
    scorer = OnnxScorer.load(bundle)
    found = scorer.score(ROWS)
    mine = model.score(ROWS).table
    assert as_dict(found) == {name: mine[name].to_pylist() for name in ("raw", "score", "p_value", "is_anomaly")}
    assert found.raw.tolist() == [7.0, 0.25, -8.0]
    assert found.is_anomaly.tolist() == [True, False, False]
    assert scorer.manifest == model.manifest
    assert scorer.feature_names == ("load", "errors", "age")
    assert len(found) == 3


def test_outputs_have_the_types_of_the_contract(scorer: OnnxScorer) -> None:
    found = scorer.score(ROWS)
    assert [one.dtype for one in (found.raw, found.score, found.p_value, found.is_anomaly)] == [
        np.float64,
        np.float32,
        np.float32,
        np.bool_,
    ]


def test_the_onnx_file_alone_is_enough_and_a_path_may_be_text(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()
    for place in (bundle / "model.onnx", str(bundle / "model.onnx")):
        assert OnnxScorer.load(place).score(ROWS).is_anomaly.tolist() == [True, False, False]


def test_a_row_without_any_value_is_counted_and_never_flagged(scorer: OnnxScorer) -> None:
    found = scorer.score([[np.nan] * 3, [9, np.nan, np.nan], [np.nan] * 3])
    assert found.n_unknown == 2
    assert np.isnan(found.raw).tolist() == np.isnan(found.score).tolist() == [True, False, True]
    assert np.isnan(found.p_value).tolist() == [True, False, True]
    assert found.is_anomaly.tolist() == [False, True, False]


def test_no_row_gives_no_score(scorer: OnnxScorer) -> None:
    for nothing in (
        np.empty((0, 3)),
        {name: [] for name in NAMES},
        pl.DataFrame(schema=dict.fromkeys(NAMES, pl.Float64)),
    ):
        found = scorer.score(nothing)
        assert (len(found), found.n_unknown) == (0, 0)
        assert found.is_anomaly.dtype == np.bool_


def test_rows_beyond_those_scored_at_once_come_in_order(scorer: OnnxScorer) -> None:
    many = np.zeros((65_536 * 2 + 3, 3), dtype=np.float32)
    many[:, 0] = np.arange(len(many)) % 1013
    found = scorer.score(many)
    assert found.raw.tolist() == many[:, 0].tolist()
    few = scorer.score(many[65_530:65_545])
    assert found.score[65_530:65_545].tolist() == few.score.tolist()
    assert len(found.is_anomaly) == len(found.p_value) == len(many)


def test_it_says_what_it_is(bundle: Path) -> None:
    assert repr(OnnxScorer.load(bundle)) == f"<OnnxScorer of {bundle / 'model.onnx'}: echo, 3 features, alpha 0.01>"


def test_eight_threads_at_once_get_what_one_gets(scorer: OnnxScorer) -> None:
    rng = np.random.default_rng(0)
    batches = [rng.normal(size=(1 + i % 50, 3)).astype(np.float32) for i in range(400)]
    alone = [as_dict(scorer.score(batch)) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        together = [as_dict(one) for one in pool.map(scorer.score, batches)]
    assert together == alone


# -- what it takes ---------------------------------------------------------------------------------------------------

FRAME = pd.DataFrame(ROWS[:, [2, 0, 1]], columns=["age", "load", "errors"]).assign(
    host="h1", when=pd.Timestamp(2025, 1, 1)
)
BY_NAME: dict[str, Any] = {
    "pandas": FRAME,
    "polars": pl.from_pandas(FRAME),
    "arrow": pa.Table.from_pandas(FRAME),
    "mapping": {"age": ROWS[:, 2].tolist(), "host": ["h"] * 3, "errors": ROWS[:, 1], "load": tuple(ROWS[:, 0])},
    "objects": FRAME.astype(object),
}


@pytest.mark.parametrize("kind", BY_NAME)
def test_a_table_is_read_by_name_in_any_order_and_whatever_else_is_there(scorer: OnnxScorer, kind: str) -> None:
    assert as_dict(scorer.score(BY_NAME[kind])) == as_dict(scorer.score(ROWS))


@pytest.mark.parametrize(
    "missing",
    [
        pl.DataFrame({"load": [1, None], "errors": [0, 0], "age": [None, 2.0]}),
        pd.DataFrame({"load": pd.array([1, None], dtype="Int64"), "errors": [0, 0], "age": [None, 2.0]}),
        {"load": [1, None], "errors": [0, 0], "age": [None, 2.0]},
    ],
)
def test_a_null_is_a_missing_value(scorer: OnnxScorer, missing: Any) -> None:
    rows = [[1, 0, np.nan], [np.nan, 0, 2]]
    assert as_dict(scorer.score(missing)) == as_dict(scorer.score(rows))


def test_columns_named_by_numbers_are_read_by_them() -> None:
    frame = pd.DataFrame(evenly(400).reshape(-1, 2))
    scorer = OnnxScorer(Echo().fit(frame).calibrate(frame, best_effort=True).graph.SerializeToString())
    assert scorer.feature_names == ("0", "1")
    assert scorer.score(frame[[1, 0]]).raw.tolist() == scorer.score(frame.to_numpy()).raw.tolist()


@pytest.mark.parametrize(
    "matrix",
    [
        np.array([[1, 2, 4], [3, 0, 0]]),
        np.array([[1, 2, 4], [3, 0, 0]], dtype=np.uint8),
        np.asfortranarray([[1.0, 2.0, 4.0], [3.0, 0.0, 0.0]]),
        np.array([[4.0, 9, 2, 9, 1], [0, 9, 0, 9, 3]])[:, ::-2],
        np.broadcast_to(np.float32(1), (2, 3)) * np.array([[1, 2, 4], [3, 0, 0]]),
        [[1, 2, 4], [3, 0, 0]],
        [(True, 2.0, 4), (3, False, 0)],
    ],
)
def test_a_matrix_of_any_make_is_read_as_floats(scorer: OnnxScorer, matrix: Any) -> None:
    assert scorer.score(matrix).raw.tolist() == [7.0, 3.0]


def test_a_read_only_matrix_is_read_and_a_matrix_is_not_changed(scorer: OnnxScorer) -> None:
    rows = ROWS.copy()
    rows.flags.writeable = False
    assert as_dict(scorer.score(rows)) == as_dict(scorer.score(ROWS.copy()))


def test_a_number_too_large_for_a_float_counts_as_the_largest(scorer: OnnxScorer) -> None:
    found = scorer.score(np.array([[1e300, 0, 0], [-1e300, 0, 0], [np.inf, 0, 0]]))
    assert found.raw.tolist() == [np.inf, -np.inf, np.inf]
    assert found.is_anomaly.tolist() == [True, False, True]
    assert found.score[0] == found.score[2] == found.score.max()
    assert found.n_unknown == 0


def test_names_given_with_a_matrix_are_held_against_the_models(scorer: OnnxScorer) -> None:
    assert as_dict(scorer.score(ROWS, feature_names=NAMES)) == as_dict(scorer.score(ROWS))
    with pytest.raises(
        FeatureMismatchError,
        match=r"^Features: in another order: place 0 holds age, expected load\. Hint: a dataframe or a map",
    ):
        scorer.score(ROWS, feature_names=["age", "load", "errors"])
    with pytest.raises(FeatureMismatchError, match="the model's errors is missing"):
        scorer.score(ROWS, feature_names=["load", "error", "age"])


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (
            FRAME.drop(columns="errors"),
            FeatureMismatchError,
            r"the model's errors is missing\. Hint: there are: age, load,",
        ),
        ({"load": [1]}, FeatureMismatchError, r"the model's errors, age are missing\. Hint: there are: load\."),
        (
            pa.table({"x": [1.0]}),
            FeatureMismatchError,
            r"the model's load, errors, age are missing\. Hint: there are: x\.",
        ),
        (np.ones((2, 2)), FeatureMismatchError, r"2 given, expected 3\. Hint: the model's are load, errors, age\."),
        (np.ones((2, 4)), FeatureMismatchError, r"4 given, expected 3\."),
        (
            np.ones(3),
            WindowsError,
            r"An array of 1 dimension is no matrix; expected a row per window, a column per feature\. Hint: a",
        ),
        (np.ones((2, 2, 3)), WindowsError, "An array of 3 dimensions is no matrix"),
        ([], WindowsError, "An array of 1 dimension"),
        ([["a", "b", "c"]], WindowsError, r"list is no matrix of numbers \(it holds <U1\)"),
        ([["1", "2", "3"]], WindowsError, "list is no matrix of numbers"),
        ([[1, 2], [3]], WindowsError, "list is no matrix of numbers"),
        (np.array([["2025-01-01"] * 3], dtype="M8[us]"), WindowsError, r"it holds datetime64\[us\]"),
        (np.ones((1, 3), dtype=complex), WindowsError, "it holds complex128"),
        (FRAME.assign(load="high"), WindowsError, "DataFrame is no matrix of numbers"),
        (FRAME.assign(age=pd.Timestamp(2025, 1, 1)), WindowsError, "DataFrame is no matrix of numbers"),
        ({"load": [1, 2], "errors": [1], "age": [1]}, WindowsError, "dict is no matrix of numbers"),
        (
            Windows.from_matrix(ROWS),
            WindowsError,
            r"Windows is no matrix of numbers .* Hint: windows hold theirs in windows\.f",
        ),
    ],
)
def test_what_is_no_matrix_of_the_models_features_is_refused_in_words(
    scorer: OnnxScorer, given: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        scorer.score(given)


# -- what is no bundle -----------------------------------------------------------------------------------------------


def _another_tools_model() -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["features"], ["raw"])],
        "other",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 3])],
        [helper.make_tensor_value_info("raw", TensorProto.FLOAT, ["N", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return bytes(model.SerializeToString())


def _edited(bundle: Path, **entries: object) -> bytes:
    """The model with other entries in its metadata."""
    model = onnx.load(str(bundle / "model.onnx"))
    metadata = {one.key: one.value for one in model.metadata_props}
    helper.set_model_props(model, metadata | {name: json.dumps(value) for name, value in entries.items()})
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "onnxruntime cannot load it"),
        (b"these are not the weights you are looking for\n", "onnxruntime cannot load it"),
        (bytes(range(256)) * 8, "onnxruntime cannot load it"),
        (
            _another_tools_model(),
            r"no model of this library \(its metadata lacks schema_version\)\. Hint: model\.export",
        ),
    ],
    ids=["empty", "text", "bytes", "another tool's"],
)
def test_a_file_that_is_no_bundle(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "thing.onnx"
    file.write_bytes(content)
    with pytest.raises(BundleError, match=said) as refused:
        OnnxScorer.load(file)
    assert str(refused.value).startswith(f"{file}: ")


def test_a_place_where_nothing_is(tmp_path: Path) -> None:
    for place, file in ((tmp_path / "gone", tmp_path / "gone"), (tmp_path, tmp_path / "model.onnx")):
        with pytest.raises(BundleError) as refused:
            OnnxScorer.load(place)
        assert str(refused.value) == (
            f"{file}: No such file or directory. Hint: give the folder that model.export() returned, its model.onnx, "
            "or models:/NAME@ALIAS."
        )


def test_half_a_bundle(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()
    with pytest.raises(
        BundleError, match=r"manifest\.json: cannot be read \(.*No such file.*Hint: export the model again"
    ):
        OnnxScorer.load(bundle)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[1, 2]", b"3", b"null"])
def test_a_manifest_that_is_no_manifest(bundle: Path, content: bytes) -> None:
    (bundle / "manifest.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"manifest\.json: cannot be read \("):
        OnnxScorer.load(bundle)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda said: said | {"alpha": 0.5}, "alpha"),
        (lambda said: {name: value for name, value in said.items() if name != "threshold"}, "threshold"),
        (lambda said: said | {"comment": "mine", "model_sha256": "0"}, "comment, model_sha256"),
        (lambda _: {}, "alpha, band_share, calibration, delta"),
    ],
)
def test_a_manifest_that_was_edited(
    bundle: Path, change: Callable[[dict[str, Any]], dict[str, Any]], said: str
) -> None:
    file = bundle / "manifest.json"
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    with pytest.raises(
        BundleError, match=rf"manifest\.json: differs from the model beside it in {said}\. Hint: the two"
    ):
        OnnxScorer.load(bundle)


def test_a_manifest_written_in_another_layout_is_the_same(bundle: Path) -> None:
    file = bundle / "manifest.json"
    file.write_text(json.dumps(dict(reversed(json.loads(file.read_text()).items()))))
    assert OnnxScorer.load(bundle).manifest.detector == "echo"


def test_a_model_with_another_threshold_inside(bundle: Path) -> None:
    model = onnx.load(str(bundle / "model.onnx"))
    [threshold] = [one for one in model.graph.initializer if one.name == "threshold"]
    threshold.CopyFrom(onnx.numpy_helper.from_array(np.array(99.0), "threshold"))
    (bundle / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BundleError, match=r"manifest\.json: differs from the model beside it in model_sha256\."):
        OnnxScorer.load(bundle)


@pytest.mark.parametrize("left", [0.1, 0.5, 0.9, 0.999])
def test_a_model_cut_short(bundle: Path, left: float) -> None:
    whole = (bundle / "model.onnx").read_bytes()
    (bundle / "model.onnx").write_bytes(whole[: int(left * len(whole))])
    with pytest.raises(BundleError, match=r"model\.onnx: "):
        OnnxScorer.load(bundle)


def test_a_bundle_of_a_later_version(bundle: Path) -> None:
    file = bundle / "model.onnx"
    file.write_bytes(_edited(bundle, schema_version=2))
    with pytest.raises(BundleError, match=r"model\.onnx: a bundle of version 2; this library reads version 1"):
        OnnxScorer.load(bundle)


def test_names_that_do_not_match_their_hash(bundle: Path) -> None:
    file = bundle / "model.onnx"
    file.write_bytes(_edited(bundle, feature_names=["errors", "load", "age"]))
    with pytest.raises(BundleError, match="the feature names do not match their hash"):
        OnnxScorer.load(file)


def test_a_graph_of_another_contract(bundle: Path, model: CalibratedModel, tmp_path: Path) -> None:
    other = onnx.load_model_from_string(_another_tools_model())
    helper.set_model_props(other, model.manifest.to_metadata())
    with pytest.raises(
        BundleError, match=r"m: inputs \{'features': .* expected features \[N, 3\] to raw, score, p_value, is_"
    ):
        OnnxScorer(other.SerializeToString(), "m")


def test_half_of_one_bundle_and_half_of_another(bundle: Path, tmp_path: Path) -> None:
    other = Echo().fit(table(evenly(40))).calibrate(table(evenly(500))).export(tmp_path / "other")
    shutil.copy(other / "model.onnx", bundle / "model.onnx")
    with pytest.raises(BundleError, match="differs from the model beside it in calibration, k, model_sha256, n"):
        OnnxScorer.load(bundle)
