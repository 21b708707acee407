"""The type that windows of every kind have: a bare matrix, parts of it, and splitting by time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alert_analytics as aa
from alert_analytics.errors import WindowsError
from alert_analytics.windows import Feature, Windows, alert_windows, as_windows


def made(ends: list[int], width: int = 2, entity: list[str] | None = None) -> Windows:
    n = len(ends)
    return Windows(
        features=np.arange(2 * n, dtype=np.float32).reshape(n, 2),
        schema=(Feature("a", "1", "even"), Feature("b", "s", "odd")),
        entity=np.array(entity or ["x"] * n, dtype=object),
        window_end=np.array(ends, dtype=np.int64),
        width=width,
        labels=np.arange(n, dtype=np.int8) % 2,
        recipe={"kind": "hand"},
    )


def test_windows_labelled_0_are_normal_unless_more_is_known() -> None:
    windows = made([1, 2, 3])
    assert windows.is_normal is not None
    assert windows.is_normal.tolist() == [True, False, True]
    assert replace(windows, labels=None, is_normal=None).is_normal is None
    known = replace(windows, is_normal=np.array([True, False, False]), entity=np.array(["x", "x", "y"]))
    for part in (known.select([2, 0]), known.of("x"), *known.split_by_time(0.4, 0.6)):
        assert part.is_normal is not None
        assert part.is_normal.tolist() == [end == 1 for end in part.window_end.tolist()]
    with pytest.raises(WindowsError, match="expected a row for each"):
        replace(windows, is_normal=np.array([True]))


# -- from a matrix --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, bool])
def test_a_matrix_gives_windows_in_the_order_of_its_rows(kind: type) -> None:
    matrix = np.array([[1, 0], [0, 1], [1, 1]], dtype=kind)
    windows = Windows.from_matrix(matrix)
    assert windows.features.dtype == np.float32
    assert windows.features.tolist() == matrix.astype(float).tolist()
    assert windows.feature_names == ("f0", "f1")
    assert windows.entity.tolist() == ["all"] * 3
    assert windows.window_end.tolist() == [0, 1, 2]
    assert windows.width == 1
    assert (windows.labels, windows.recipe) == (None, {"kind": "matrix"})
    assert len(windows) == 3


def test_windows_share_no_memory_with_the_matrix_and_cannot_be_written_to() -> None:
    matrix = np.zeros((3, 2), dtype=np.float32)
    frame = pl.DataFrame({"a": np.zeros(3, dtype=np.float32)})
    windows = Windows.from_matrix(matrix)
    matrix[0, 0] = 7
    assert windows.features[0, 0] == 0
    assert not np.shares_memory(Windows.from_matrix(frame).features, frame.to_numpy())
    with pytest.raises(ValueError, match="read-only"):
        windows.features[0, 0] = 1
    assert matrix.flags.writeable


@pytest.mark.parametrize("frame", [pl.DataFrame, pd.DataFrame, pa.table, dict])
def test_the_columns_of_a_dataframe_give_the_names(frame: type) -> None:
    windows = Windows.from_matrix(frame({"cpu": [1.0, None], "load": [3, 4]}))
    assert windows.feature_names == ("cpu", "load")
    np.testing.assert_array_equal(windows.features, [[1, 3], [np.nan, 4]])
    assert Windows.from_matrix(frame({"cpu": [1.0]}), ["c"]).feature_names == ("c",)


def test_numbers_beyond_float32_are_infinite_and_lists_are_matrices() -> None:
    assert Windows.from_matrix([[1e300, -np.inf]]).features.tolist() == [[np.inf, -np.inf]]


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        ([["a", "b"]], "list is no matrix of numbers"),
        ([[1, 2], [3]], "list is no matrix of numbers"),
        (pl.DataFrame({"a": ["x"]}), "DataFrame is no matrix of numbers.*Hint.*leave out columns that hold text"),
        (pa.table({"a": ["1"]}), "Table is no matrix of numbers.*column 'a': it holds"),
        (np.zeros(3), "An array of 1 dimension is no matrix.*Hint.*reshape"),
        (np.zeros((1, 2, 3)), "An array of 3 dimensions is no matrix"),
    ],
)
def test_what_is_no_matrix_is_said(matrix: object, said: str) -> None:
    with pytest.raises(WindowsError, match=said):
        Windows.from_matrix(matrix)


@pytest.mark.parametrize("names", [["a"], ["a", "a"], ["a", "b", "c"]])
def test_there_is_one_name_for_each_column(names: list[str]) -> None:
    with pytest.raises(WindowsError, match=r"distinct names? for 2 columns; expected one for each"):
        Windows.from_matrix(np.zeros((1, 2)), names)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(WindowsError, match=r"Windows of shape \(3, 1\) with 2 feature names, 3 entities and 3 ends"):
        Windows(np.zeros((3, 1), np.float32), made([1]).schema, np.array(["x"] * 3), np.arange(3), 1)
    with pytest.raises(WindowsError, match="2 entities"):
        Windows(np.zeros((3, 2), np.float32), made([1]).schema, np.array(["x"] * 2), np.arange(3), 1)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_features_of_any_make_become_float32_row_by_row(kind: type, order: Literal["C", "F"]) -> None:
    given = np.array([[1, 2], [3, 4], [5, 6]], dtype=kind, order=order)
    windows = replace(made([1, 2, 3]), features=given)
    assert (windows.features.dtype, windows.features.flags.c_contiguous) == (np.float32, True)
    assert windows.features.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert not windows.features.flags.writeable
    given[0, 0] = 7  # the caller's array stays the caller's
    assert replace(made([1]), features=np.array([[1e300, -1e300]])).features.tolist() == [[np.inf, -np.inf]]
    with pytest.raises(WindowsError, match="it holds <U1"):
        replace(made([1]), features=np.array([["1", "2"]]))


def test_windows_are_taken_as_they_are_and_a_matrix_is_made_some() -> None:
    windows = made([1, 2])
    assert as_windows(windows) is windows
    assert as_windows(np.zeros((4, 2))).feature_names == ("f0", "f1")


# -- parts ----------------------------------------------------------------------------------------------------------


def test_selecting_keeps_rows_and_labels_together_and_everything_else() -> None:
    windows = made([3, 1, 2], entity=["x", "y", "x"])
    for rows in ([2, 0], np.array([True, False, True]), slice(None, None, 2)):
        part = windows.select(rows)
        assert sorted(part.window_end.tolist()) == [2, 3]
        assert (part.features[:, 0] / 2).tolist() == [{3: 0, 2: 2}[end] for end in part.window_end.tolist()]
        assert part.labels is not None
        assert part.labels.tolist() == [0, 0]
        assert (part.schema, part.width, part.recipe) == (windows.schema, windows.width, windows.recipe)
    assert windows.select([2, 0]).window_end.tolist() == [2, 3]


def test_the_windows_of_an_entity() -> None:
    windows = made([1, 2, 3], entity=["x", "y", "x"])
    assert windows.of("x").window_end.tolist() == [1, 3]
    with pytest.raises(WindowsError, match=r"No window of 'z'\. Hint: entities: x, y"):
        windows.of("z")


def test_parts_go_back_to_the_same_alerts() -> None:
    windows = alert_windows(aa.datasets.sample(), timedelta(days=1), by="service")
    part = windows.of("database").split_by_time(0.5, 0.5)[1]
    assert part.alerts(3).n_alerts == int(part.features[3, 0])
    assert set(part.alerts(3).to_arrow()["service"].to_pylist()) == {"database"}


def test_settings_say_what_history_and_how() -> None:
    history = aa.datasets.sample().tenant("acme")
    windows = alert_windows(history, timedelta(days=1), by="service")
    assert windows.settings == history.settings | dict(windows.recipe)
    assert (windows.settings["tenant"], windows.settings["by"]) == ("acme", ["service"])
    assert made([1]).settings == {"kind": "hand"}


def test_a_matrix_has_no_alerts_behind_it() -> None:
    with pytest.raises(WindowsError, match="No alerts are behind these windows"):
        Windows.from_matrix(np.zeros((1, 1))).alerts(0)


# -- splitting ------------------------------------------------------------------------------------------------------


def test_a_split_leaves_a_gap_of_one_window() -> None:
    parts = made(list(range(1, 21)), width=2).split_by_time(0.5, 0.3, 0.2)
    assert [part.window_end.tolist() for part in parts] == [list(range(1, 11)), [14, 15, 16], [20]]
    starts = [part.window_end.min() - part.width for part in parts]
    assert starts[1] - parts[0].window_end.max() == starts[2] - parts[1].window_end.max() == 2


def test_times_are_split_with_a_gap_too() -> None:
    windows = made(list(range(1, 11)))
    timed = replace(windows, window_end=windows.window_end.astype("datetime64[h]"), width=np.timedelta64(60, "m"))
    first, second = timed.split_by_time(0.5, 0.5)
    assert (len(first), second.window_end.astype(int).tolist()) == (5, [7, 8, 9, 10])


def test_a_part_that_is_shorter_than_the_gap_is_empty() -> None:
    parts = made(list(range(1, 11)), width=2).split_by_time(0.5, 0.3, 0.2)
    assert [part.window_end.tolist() for part in parts] == [[1, 2, 3, 4, 5], [], []]


def test_windows_of_one_end_stay_together_and_a_rest_is_in_no_part() -> None:
    ends = [1, 1, 1, 3, 3, 3]
    parts = made(ends, width=1).split_by_time(0.4, 0.2)
    assert [part.window_end.tolist() for part in parts] == [[1, 1, 1], [3, 3, 3]]
    assert [len(part) for part in made([1, 2, 3, 4], width=0).split_by_time(0.5)] == [2]


@settings(deadline=None)
@given(
    ends=st.lists(st.integers(0, 30), min_size=1, max_size=40),
    width=st.integers(1, 6),
    shares=st.lists(st.integers(1, 5), min_size=1, max_size=4),
)
def test_no_part_knows_a_moment_of_another(ends: list[int], width: int, shares: list[int]) -> None:
    parts = made(ends, width).split_by_time(*(share / sum(shares) for share in shares))
    assert len(parts) == len(shares)
    assert parts[0].window_end.size >= shares[0] / sum(shares) * len(ends) - 0.5
    latest = -np.inf
    for part in parts:
        if len(part):
            assert part.window_end.min() - width >= latest + width
            latest = part.window_end.max()
    # Nothing else is lost: what is in no part ends after a cut, and begins less than a window's length after it.
    kept = {end for part in parts for end in part.window_end.tolist()}
    reached = np.cumsum([share / sum(shares) for share in shares])
    cuts = [sorted(ends)[max(0, round(float(one) * len(ends)) - 1)] for one in reached]
    assert all(any(end - 2 * width < cut < end for cut in cuts) for end in set(ends) - kept)


@pytest.mark.parametrize("shares", [(), (0.0,), (-0.1, 0.5), (0.6, 0.5), (float("nan"),)])
def test_shares_are_positive_and_at_most_one(shares: tuple[float, ...]) -> None:
    with pytest.raises(WindowsError, match="expected positive shares, at most 1 together"):
        made([1, 2]).split_by_time(*shares)


def test_no_windows_split_into_no_windows() -> None:
    assert [len(part) for part in made([]).split_by_time(0.6, 0.2, 0.2)] == [0, 0, 0]


# -- shown ----------------------------------------------------------------------------------------------------------


def test_shown_as_a_sentence_and_the_first_rows() -> None:
    windows = made([1, 2, 3], entity=["x", "y", "x"])
    assert windows.span == (-1, 3)
    assert windows.sentence == "3 windows of 2 entities, 2 features each, from -1 to 3."
    assert repr(windows).splitlines() == [
        windows.sentence,
        "entity  window_end  a  b  label",
        "x       1           0  1  0",
        "y       2           2  3  1",
        "x       3           4  5  0",
    ]
    assert "<th>window_end</th>" in windows._repr_html_()
    assert made([7]).sentence == "1 window of 1 entity, 2 features each, from 5 to 7."
    assert made([]).sentence == "0 windows of 0 entities, 2 features each."
    assert made([]).span is None


def test_a_table_in_any_library() -> None:
    windows = made([1, 2])
    rows = [
        {"entity": "x", "window_end": 1, "a": 0.0, "b": 1.0, "label": 0},
        {"entity": "x", "window_end": 2, "a": 2.0, "b": 3.0, "label": 1},
    ]
    assert windows.to_arrow().to_pylist() == windows.to_polars().to_dicts() == rows
    assert windows.to_pandas().to_dict("records") == rows
    assert pl.DataFrame(windows).to_dicts() == pa.table(windows).to_pylist() == rows
    assert "label" not in Windows.from_matrix(np.zeros((1, 1))).to_arrow().column_names


def test_a_csv_file_holds_the_same(tmp_path: Path) -> None:
    windows = made([1, 2])
    windows.to_csv(tmp_path / "windows.csv")
    assert pl.read_csv(tmp_path / "windows.csv").to_dicts() == windows.to_polars().to_dicts()


# -- some of the features -------------------------------------------------------------------------------------------


def test_some_features_in_the_order_asked_for() -> None:
    windows = made([2, 4, 6])
    kept = windows.with_features(["b"])
    assert (kept.feature_names, kept.schema) == (("b",), (Feature("b", "s", "odd"),))
    assert kept.features.tolist() == [[1], [3], [5]]
    assert kept.features.flags.c_contiguous
    assert (kept.window_end.tolist(), kept.recipe) == ([2, 4, 6], {"kind": "hand"})
    assert kept.labels is not None
    turned = windows.with_features(["b", "a"])
    assert turned.features.tolist() == windows.features[:, ::-1].tolist()
    assert turned.with_features(["a", "b"]).to_arrow().equals(windows.to_arrow())


def test_a_feature_that_is_not_there_or_is_asked_for_twice() -> None:
    with pytest.raises(WindowsError, match=r"No feature 'c'\. Hint: features: a, b\."):
        made([2]).with_features(["a", "c"])
    with pytest.raises(WindowsError, match=r"Twice the feature 'a'\."):
        made([2]).with_features(["a", "b", "a"])
