"""Windows and an exported model read a matrix alike: the same numbers, and the same refusals."""

from __future__ import annotations

from collections import UserDict
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from alert_analytics.errors import FeatureMismatchError, WindowsError
from alert_analytics.matrices import column_names, read_matrix
from alert_analytics.scoring import OnnxScorer
from alert_analytics.windows import Windows
from tests.handmade import Echo, evenly

NAN, INF = np.nan, np.inf
WHOLE = [[1.0, 4.0], [2.0, 3.0]]
HOLED = [[1.0, 4.0], [NAN, 3.0]]


@pytest.fixture(scope="module")
def scorer() -> OnnxScorer:
    frame = pd.DataFrame({"a": evenly(400), "b": 0.0})
    return OnnxScorer(Echo().fit(frame).calibrate(frame, best_effort=True).graph.SerializeToString())


def masked(values: npt.ArrayLike, missing: int) -> Any:
    mask = np.zeros(4, dtype=bool)
    mask[missing] = True
    return np.ma.MaskedArray(values, mask=mask.reshape(2, 2))


def of(kind: str, a: Any = (1, 2), b: Any = (4, 3)) -> Any:
    return pd.DataFrame({"a": pd.array(a, dtype=kind), "b": pd.array(b, dtype=kind)})


MATRICES: list[tuple[str, Any, list[list[float]]]] = [
    ("list", [[1, 4], [2, 3]], WHOLE),
    ("list with None", [[1, 4], [None, 3]], HOLED),
    ("list of decimals and fractions", [[Decimal(1), Fraction(4)], [2, np.float16(3)]], WHOLE),
    ("list of huge whole numbers", [[10**400, 1], [-(10**400), 2]], [[INF, 1], [-INF, 2]]),
    ("int64", np.array([[1, 4], [2, 3]]), WHOLE),
    ("uint8", np.array([[1, 4], [2, 3]], dtype=np.uint8), WHOLE),
    ("bool", np.array([[True, False], [False, True]]), [[1, 0], [0, 1]]),
    ("float16", np.array(HOLED, dtype=np.float16), HOLED),
    ("big-endian", np.array(HOLED, dtype=">f4"), HOLED),
    ("longdouble", np.array(HOLED, dtype=np.longdouble), HOLED),
    ("column by column", np.asfortranarray(np.array(HOLED, dtype=np.float32)), HOLED),
    ("every other", np.repeat(np.array(HOLED, dtype=np.float32), 2, axis=1)[:, ::2], HOLED),
    ("too large", np.array([[1e300, 1], [-1e300, 2]]), [[INF, 1], [-INF, 2]]),
    ("objects", np.array([[1, 4.0], [None, np.bool_(1)]], dtype=object), [[1, 4], [NAN, 1]]),
    ("masked", masked([[1.0, 4.0], [9.0, 3.0]], 2), HOLED),
    ("masked whole numbers", masked([[1, 4], [9, 3]], 2), HOLED),
    ("pandas", pd.DataFrame({"a": [1, None], "b": [4, 3]}), HOLED),
    ("pandas Int64", of("Int64", [1, None]), HOLED),
    ("pandas Float32", of("Float32", [1, None]), HOLED),
    ("pandas boolean", of("boolean", [True, None], [False, True]), [[1, 0], [NAN, 1]]),
    ("pandas arrow", of("int32[pyarrow]", [1, None]), HOLED),
    ("pandas objects", pd.DataFrame({"a": [1, pd.NA], "b": [4, 3]}, dtype=object), HOLED),
    ("polars", pl.DataFrame({"a": [1, None], "b": [4.0, 3.0]}), HOLED),
    ("polars bool", pl.DataFrame({"a": [True, None], "b": [4, 3]}), HOLED),
    ("polars decimal", pl.DataFrame({"a": [Decimal(1), None], "b": [4, 3]}), HOLED),
    ("polars nothing", pl.DataFrame({"a": [None, None], "b": [4, 3]}), [[NAN, 4], [NAN, 3]]),
    ("arrow", pa.table({"a": pa.array([1, None], pa.int8()), "b": [4.0, 3.0]}), HOLED),
    ("arrow bool", pa.table({"a": [True, None], "b": [4, 3]}), HOLED),
    ("arrow decimal", pa.table({"a": [Decimal(1), None], "b": [4, 3]}), HOLED),
    ("arrow batch", pa.record_batch({"a": [1, None], "b": [4, 3]}), HOLED),
    ("mapping", {"a": [1, None], "b": np.array([4, 3])}, HOLED),
    ("mapping of another make", UserDict({"a": (1, 2), "b": pl.Series([4, 3])}), WHOLE),
    ("mapping of one row", {"a": 1, "b": 4}, [[1, 4]]),
]


@pytest.mark.parametrize(("matrix", "expected"), [one[1:] for one in MATRICES], ids=[one[0] for one in MATRICES])
def test_both_readers_read_the_same_numbers(scorer: OnnxScorer, matrix: Any, expected: list[list[float]]) -> None:
    windows = Windows.from_matrix(matrix)
    wanted = np.array(expected, dtype=np.float32)
    np.testing.assert_array_equal(windows.features, wanted)
    assert windows.features.flags.c_contiguous
    assert scorer.score(matrix).raw.tobytes() == scorer.score(wanted).raw.tobytes()


T = datetime(2025, 1, 1)
REFUSED: list[tuple[str, Any, str]] = [
    ("text", [["a", "b"]], "list is no matrix of numbers (it holds <U1)"),
    ("text of numbers", [["1", "2"]], "it holds <U1"),
    ("text among numbers", [[1, "2"]], "it holds <U"),
    ("text as objects", np.array([["1", 2]], dtype=object), "it holds str"),
    ("bytes as objects", np.array([[b"1", 2]], dtype=object), "it holds bytes"),
    ("times", np.array([["2025-01-01"] * 2], dtype="M8[us]"), "it holds datetime64[us]"),
    ("durations", np.array([[1, 2]], dtype="m8[s]"), "it holds timedelta64[s]"),
    ("times as objects", np.array([[T, 1]], dtype=object), "it holds datetime"),
    ("durations as objects", np.array([[np.timedelta64(1, "s"), 1]], dtype=object), "it holds timedelta64"),
    ("complex", np.ones((1, 2), dtype=complex), "it holds complex128"),
    ("complex as objects", np.array([[np.complex64(1), 1]], dtype=object), "it holds complex64"),
    ("rows of several lengths", [[1, 2], [3]], "list is no matrix of numbers ("),
    ("records", np.ones(2, dtype=[("a", "f4"), ("b", "f4")]), "it holds ["),
    ("pandas text", of("str", ["1", "2"]), "DataFrame is no matrix of numbers (column 'a': it holds str"),
    ("pandas text among objects", of("object", [1, "2"]), "column 'a': it holds str"),
    ("pandas categories", of("category", ["x", "y"]), "column 'a': it holds str"),
    ("pandas times", of("datetime64[ns]", [T, T]), "column 'a': it holds datetime64[ns]"),
    ("pandas times in a zone", of("datetime64[us, UTC]", [T, T]), "column 'a': it holds "),
    ("pandas durations", of("timedelta64[s]", [timedelta(1)] * 2), "column 'a': it holds timedelta64[s]"),
    ("pandas complex", of("complex128"), "column 'a': it holds complex128"),
    ("polars text", pl.DataFrame({"a": ["1"], "b": [1]}), "column 'a': it holds "),
    ("polars times", pl.DataFrame({"a": [1], "b": [T]}), "column 'b': it holds datetime64[us]"),
    ("polars days", pl.DataFrame({"a": [date(2025, 1, 1)], "b": [1]}), "column 'a': it holds datetime64[D]"),
    ("polars lists", pl.DataFrame({"a": [[1], [1, 2]], "b": [1, 2]}), "DataFrame is no matrix of numbers (column 'a'"),
    ("arrow text", pa.table({"a": ["1"], "b": [1]}), "Table is no matrix of numbers (column 'a': it holds str"),
    ("arrow times", pa.table({"a": [T], "b": [1]}), "column 'a': it holds datetime64[us]"),
    ("arrow column twice", pa.table([[1], [2], [3]], names=["a", "b", "a"]), "more than one column 'a'"),
    ("pandas column twice", pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]), "more than one column 'a'"),
    ("mapping of text", {"a": ["1"], "b": [1]}, "dict is no matrix of numbers (column 'a': it holds <U1)"),
    ("mapping of several lengths", {"a": [1, 2], "b": [1]}, "dict is no matrix of numbers ("),
    ("mapping of matrices", {"a": [[1, 2]], "b": [1]}, "column 'a' is an array of 2 dimensions"),
    ("one row", np.ones(2), "An array of 1 dimension is no matrix; expected a row per window, a column per feature."),
    ("pandas column", pd.Series([1, 2]), "An array of 1 dimension"),
    ("three dimensions", np.ones((1, 1, 2)), "An array of 3 dimensions"),
    ("nothing", None, "An array of 0 dimensions"),
    ("a number", 3.0, "An array of 0 dimensions"),
    ("an object", object(), "object is no matrix of numbers (it holds object). Hint: give a two-dimensional array"),
    ("windows", Windows.from_matrix([[1, 2]]), "Hint: windows hold theirs in windows.features."),
]


@pytest.mark.parametrize(("matrix", "said"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_both_readers_refuse_the_same_in_the_same_words(scorer: OnnxScorer, matrix: Any, said: str) -> None:
    with pytest.raises(WindowsError) as refused:
        Windows.from_matrix(matrix)
    assert said in str(refused.value)
    with pytest.raises(WindowsError) as also:
        scorer.score(matrix)
    assert str(also.value) == str(refused.value)


def test_columns_are_named_by_the_data_or_not_at_all() -> None:
    assert column_names(pd.DataFrame([[1, 2]])) == ["0", "1"]
    assert (
        column_names(pa.table({"x": [1]})) == column_names(pl.DataFrame({"x": [1]})) == column_names({"x": 1}) == ["x"]
    )
    assert column_names(np.ones((1, 1))) is column_names([[1]]) is None


def test_columns_are_picked_by_name_and_what_else_is_there_is_not_looked_at() -> None:
    frame = pd.DataFrame([[1, 2, "x", "y"]], columns=["a", "b", "host", "host"])
    assert read_matrix(frame, ["b", "a"]).tolist() == [[2, 1]]
    with pytest.raises(FeatureMismatchError, match=r"the model's c is missing\. Hint: there are: a, b, host\."):
        read_matrix(frame, ["a", "c"])
    for nothing in (pd.DataFrame(index=[1, 2]), {}):
        with pytest.raises(WindowsError, match="it has no column"):
            read_matrix(nothing)


def test_a_matrix_that_is_one_already_is_given_as_it_is_unless_a_copy_is_asked_for() -> None:
    matrix = np.ones((2, 2), dtype=np.float32)
    assert read_matrix(matrix) is matrix
    assert not np.shares_memory(read_matrix(matrix, copy=True), matrix)
    assert not np.shares_memory(read_matrix(np.asfortranarray(np.eye(2, dtype=np.float32)), copy=True), matrix)
