"""Windows of metric series: rows side by side, gaps left out, and every kind of frame."""

from __future__ import annotations

import json
import statistics
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.datasets import sample_metrics
from alert_analytics.errors import WindowsError
from alert_analytics.windows import metric_windows

START = datetime(2025, 3, 3)
MINUTE = timedelta(minutes=1)


def frame(**columns: Any) -> pa.Table:
    return pa.table({"entity": ["b", "a", "b", "a", "b", "a"], "t": [3, 1, 1, 3, 2, 2]} | columns)


CPU = [23.0, 11.0, 21.0, 13.0, 22.0, 12.0]
LOAD = [-23.0, -11.0, -21.0, -13.0, -22.0, -12.0]


def test_rows_are_laid_side_by_side_oldest_first_whatever_their_order() -> None:
    windows = metric_windows(frame(cpu=CPU, load=LOAD), length=2)
    assert windows.feature_names == ("cpu[t-1]", "load[t-1]", "cpu[t]", "load[t]")
    assert windows.entity.tolist() == ["a", "a", "b", "b"]
    assert windows.window_end.tolist() == [2, 3, 2, 3]
    assert windows.features.tolist() == [
        [11, -11, 12, -12],
        [12, -12, 13, -13],
        [21, -21, 22, -22],
        [22, -22, 23, -23],
    ]
    assert windows.features.dtype == np.float32
    assert windows.width == 2
    assert windows.labels is None
    assert windows.sentence == "4 windows of 2 entities, 4 features each, from 0 to 3."


def test_one_row_is_a_window_without_suffix() -> None:
    windows = metric_windows(frame(cpu=CPU), length=1)
    assert windows.feature_names == ("cpu",)
    assert windows.features[:, 0].tolist() == sorted(CPU)
    single = metric_windows(pa.table({"t": [5], "cpu": [1.0]}), entity=None, length=1)
    assert (single.entity.tolist(), single.window_end.tolist(), single.width) == (["all"], [5], 1)


def test_a_window_across_a_gap_or_an_odd_step_is_left_out_and_counted() -> None:
    times = [0, 10, 20, 30, 50, 60, 70, 75, 80, 90, 100]
    windows = metric_windows(pa.table({"t": times, "cpu": [float(t) for t in times]}), entity=None, length=3)
    assert windows.window_end.tolist() == [20, 30, 70, 100]
    assert windows.features[:, 0].tolist() == [0, 10, 50, 80]
    assert windows.width == 30
    assert (windows.recipe["step"], windows.recipe["n_left_out"]) == (10, 5)
    assert windows.sentence.endswith("from -10 to 100. Left out when they were made: 5 windows across a gap.")


def test_no_window_reaches_from_one_entity_into_another() -> None:
    table = pa.table({"entity": ["a", "a", "b", "b"], "t": [1, 2, 3, 4], "cpu": [1.0, 2.0, 3.0, 4.0]})
    windows = metric_windows(table, length=2)
    assert windows.features.tolist() == [[1, 2], [3, 4]]
    assert windows.recipe["n_left_out"] == 0


def test_the_step_is_the_median_and_of_two_in_the_middle_the_shorter() -> None:
    def step(*times: int) -> object:
        return metric_windows(pa.table({"t": times, "cpu": [1.0] * len(times)}), entity=None, length=2).recipe["step"]

    assert step(0, 1, 6, 11) == 5
    assert step(0, 5, 6) == 1
    assert step(0, 1, 2, 5, 9, 14) == 3


def test_rows_may_stray_from_the_step_by_a_tenth_of_it() -> None:
    def ends(*times: int) -> list[int]:
        windows = metric_windows(pa.table({"t": times, "cpu": [1.0] * len(times)}), entity=None, length=2)
        return list(windows.window_end.tolist())

    assert ends(0, 20, 38, 60, 80) == [20, 38, 60, 80]
    assert ends(0, 20, 37, 57, 80) == [20, 57]
    assert ends(0, 9, 18, 28, 37) == [9, 18, 37]  # a step below 10 has no tenth


def test_scrapes_that_come_some_milliseconds_early_or_late_lose_no_window() -> None:
    jitter = np.random.default_rng(0).integers(-5_000, 5_001, 500)
    times = np.datetime64(START, "us") + np.arange(500) * np.timedelta64(15, "s") + jitter.astype("m8[us]")
    windows = metric_windows(pl.DataFrame({"t": times, "cpu": np.arange(500.0)}), entity=None, length=10)
    assert (len(windows), windows.recipe["n_left_out"]) == (491, 0)
    assert windows.window_end[0] == times[9]
    assert windows.recipe["step"] == pytest.approx(15, abs=0.01)
    holed = metric_windows(pl.DataFrame({"t": np.delete(times, 100), "cpu": np.arange(499.0)}), entity=None, length=10)
    assert (len(holed), holed.recipe["n_left_out"]) == (481, 9)


def test_an_entity_at_another_step_does_not_vanish_in_silence() -> None:
    def rows(entity: str, n: int, step: timedelta) -> pl.DataFrame:
        return pl.DataFrame({"entity": [entity] * n, "t": [START + k * step for k in range(n)], "cpu": [1.0] * n})

    both = pl.concat([rows("web", 50, MINUTE), rows("batch", 12, 5 * MINUTE)])
    with pytest.raises(WindowsError) as refused:
        metric_windows(both, length=10)
    assert str(refused.value) == (
        "The rows of 'batch' are usually 300 s apart, those of all entities 60 s: it has 12 rows and not one window of "
        "length=10. Hint: make its windows by themselves, of a frame that holds 'batch' alone, and those of the others "
        "without it."
    )
    assert len(metric_windows(both.filter(entity="batch"), length=10)) == 3
    assert set(metric_windows(both, length=1).entity.tolist()) == {"batch", "web"}
    short = pl.concat([rows("web", 50, MINUTE), rows("batch", 9, 5 * MINUTE)])  # too short for a window at any step
    assert set(metric_windows(short, length=10).entity.tolist()) == {"web"}
    steps = pa.table({"entity": ["a"] * 4 + ["b"] * 3, "t": [0, 1, 2, 3, 0, 7, 14], "cpu": [1.0] * 7})
    with pytest.raises(WindowsError, match="The rows of 'b' are usually 7 steps apart, those of all entities 1 step: "):
        metric_windows(steps, length=3)


def test_an_entity_whose_windows_all_span_a_gap_is_left_out_and_counted() -> None:
    table = pa.table({"entity": ["a"] * 5 + ["b"] * 4, "t": [0, 1, 2, 3, 4, 0, 1, 5, 6], "cpu": [1.0] * 9})
    windows = metric_windows(table, length=3)
    assert (set(windows.entity.tolist()), windows.recipe["n_left_out"]) == ({"a"}, 2)


def test_as_many_rows_as_a_window_has_lie_between_the_parts_of_a_split() -> None:
    table = pa.table({"t": range(100), "cpu": [float(i) for i in range(100)]})
    first, second = metric_windows(table, entity=None, length=10).split_by_time(0.5, 0.5)
    assert second.features.min() == first.features.max() + 1 + 10


# -- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_any_unit_are_microseconds(unit: str) -> None:
    times = pa.array([START + k * MINUTE for k in range(3)], pa.timestamp(unit))
    windows = metric_windows(pa.table({"t": times, "cpu": [1, 2, 3]}), entity=None, length=2)
    assert windows.window_end.tolist() == [START + MINUTE, START + 2 * MINUTE]
    assert windows.window_end.dtype == np.dtype("datetime64[us]")
    assert windows.width == np.timedelta64(2, "m")
    assert windows.recipe["step"] == 60.0
    assert windows.span == (np.datetime64(START - MINUTE), np.datetime64(START + 2 * MINUTE))


def test_times_with_a_zone_are_converted_and_days_are_midnights() -> None:
    zone = timezone(timedelta(hours=2))
    zoned = pl.DataFrame({"t": [(START + k * MINUTE).replace(tzinfo=zone) for k in range(2)], "cpu": [1, 2]})
    assert metric_windows(zoned, entity=None, length=1).window_end[0] == np.datetime64(START - timedelta(hours=2))
    utc = pd.DataFrame({"t": [START.replace(tzinfo=UTC)], "cpu": [1]})
    assert metric_windows(utc, entity=None, length=1).window_end.tolist() == [START]
    days = pa.table({"t": [date(2025, 3, 3), date(2025, 3, 4)], "cpu": [1, 2]})
    assert metric_windows(days, entity=None, length=2).width == np.timedelta64(2, "D")


# -- frames and columns ---------------------------------------------------------------------------------------------


def test_every_frame_that_speaks_arrow_gives_the_same_and_is_not_changed() -> None:
    arrow = frame(cpu=CPU, load=LOAD)
    pandas, polars = arrow.to_pandas(), pl.DataFrame(pl.from_arrow(arrow))
    before = pandas.copy()
    expected, connection = metric_windows(arrow, length=2), duckdb.connect()
    for one in (pandas, pandas.astype({"entity": "category"}), polars, connection.from_arrow(arrow)):
        windows = metric_windows(one, length=2)
        assert windows.features.tolist() == expected.features.tolist()
        assert windows.entity.tolist() == expected.entity.tolist()
        assert windows.window_end.tolist() == expected.window_end.tolist()
    pd.testing.assert_frame_equal(pandas, before)


def test_every_numeric_column_is_a_feature_unless_some_are_named() -> None:
    table = frame(cpu=CPU, n=[1] * 6, price=[Decimal("1.5")] * 6, up=[True] * 6, note=["x"] * 6, label=[0] * 6)
    assert metric_windows(table, length=1, label="label").feature_names == ("cpu", "n", "price")
    assert metric_windows(table, columns=["up", "cpu"], length=1).feature_names == ("up", "cpu")
    assert metric_windows(table, columns="price", length=1).features[0, 0] == 1.5
    assert metric_windows(table, columns="up", length=1).features[0, 0] == 1


def test_the_index_of_a_pandas_frame_is_no_metric_but_may_be_the_time() -> None:
    part = pd.DataFrame({"t": [1, 2, 3, 4], "cpu": [1.0, 2.0, 3.0, 4.0]}).iloc[[0, 1, 3]]  # no range any more
    assert metric_windows(part, entity=None, length=1).feature_names == ("cpu",)
    timed = pd.DataFrame({"cpu": [1.0, 2.0]}, index=pd.date_range("2025-03-03", periods=2, name="t"))
    assert metric_windows(timed, entity=None, length=1).window_end[0] == np.datetime64("2025-03-03")


def test_missing_and_infinite_values_stay_what_they_are() -> None:
    table = frame(cpu=[None, 1.0, np.nan, np.inf, -np.inf, 1e300])
    windows = metric_windows(table, length=1)
    np.testing.assert_array_equal(windows.features[:, 0], [1, np.inf, np.inf, np.nan, -np.inf, np.nan])


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.float16(), pa.bool_()])
def test_the_label_is_that_of_the_last_row(kind: pa.DataType) -> None:
    label = pa.array([0, 1, 0, 1, 1, 0]).cast(kind) if kind != pa.float16() else np.array([0, 1, 0, 1, 1, 0], "f2")
    windows = metric_windows(frame(cpu=CPU, label=label), length=2, label="label")
    assert windows.labels is not None
    assert windows.labels.dtype == np.int8
    assert windows.labels.tolist() == [0, 1, 1, 0]
    assert windows.feature_names == ("cpu[t-1]", "cpu[t]")


def test_a_window_is_known_to_be_normal_where_none_of_its_rows_is_labelled() -> None:
    label = [0, 0, 1, 0, 0, 0, 0, 1, 0, 0]
    entity = ["a"] * 6 + ["b"] * 4
    table = pa.table({"entity": entity, "t": [*range(6), *range(4)], "cpu": [1.0] * 10, "bad": label})
    windows = metric_windows(table, length=3, label="bad")
    assert windows.labels is not None
    assert windows.is_normal is not None
    assert windows.labels.tolist() == [1, 0, 0, 0, 0, 0]
    assert windows.is_normal.tolist() == [False, False, False, True, False, False]
    assert windows.is_normal.dtype == np.bool_
    assert metric_windows(table, columns="cpu", length=3).is_normal is None
    single = metric_windows(table, length=1, label="bad")
    assert single.is_normal is not None
    assert single.is_normal.tolist() == [one == 0 for one in label]


def test_entities_are_text_in_order() -> None:
    table = pa.table({"entity": [10, 9, 10], "t": [1, 1, 2], "cpu": [1.0, 2.0, 3.0]})
    windows = metric_windows(table, length=1)
    assert windows.entity.tolist() == ["10", "10", "9"]
    assert windows.features[:, 0].tolist() == [1, 3, 2]


def test_a_length_of_numpy_is_a_length() -> None:
    windows = metric_windows(frame(cpu=CPU), length=np.int64(2))  # type: ignore[arg-type]
    assert windows.feature_names == ("cpu[t-1]", "cpu[t]")
    assert json.loads(json.dumps(windows.recipe))["length"] == windows.width == 2


def test_the_recipe_says_how_to_make_them_again() -> None:
    table = sample_metrics()
    windows = metric_windows(table, label="label", length=5)
    recipe: dict[str, Any] = dict(windows.recipe)
    again = metric_windows(table, **{name: recipe[name] for name in ("entity", "time", "columns", "length", "label")})
    assert again.features.tobytes() == windows.features.tobytes()
    assert (recipe["kind"], recipe["n_left_out"]) == ("metric", 0)
    assert recipe["step"] == 300.0


# -- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"length": 0}, "length=0; expected a whole number of rows"),
        ({"length": 2.0}, "length=2.0"),
        ({"length": True}, "length=True; expected a whole number of rows"),
        ({"length": np.bool_(True)}, "length=np.True_"),
        ({"length": np.int64(0)}, r"length=np.int64\(0\)"),
        ({"length": "2"}, "length='2'"),
        ({"entity": "host"}, "No column entity='host'; there is: entity, t, cpu, note.*Hint: entity=None where"),
        ({"time": "when"}, "No column time='when'"),
        ({"label": "bad"}, "No column label='bad'"),
        ({"columns": ["gpu"]}, "No column 'gpu'; there is: entity, t, cpu, note"),
        ({"columns": ["cpu", "note"]}, "Column 'note' holds string; expected numbers. Hint: leave it out"),
        ({"columns": ["cpu", "cpu"]}, "'cpu' is there twice"),
        ({"columns": ["t"]}, "'t' is time='t'; no feature of it"),
        ({"columns": "cpu", "label": "cpu"}, "'cpu' is label='cpu'; no feature of it"),
        ({"columns": []}, "No numeric column among entity, t, cpu, note"),
        ({"time": "note"}, "time='note' holds string; expected timestamps or whole numbers"),
        ({"label": "note"}, "label='note' holds 'x'; expected 0 and 1, or booleans"),
        ({"label": "cpu", "columns": ["t2"]}, "No column 't2'"),
        ({"entity": None}, "2 rows of 6 repeat entity and time of another.*first: all at 1"),
        ({"length": 4}, "No window of length=4: the longest series has 3 rows. Hint: choose a smaller length="),
    ],
)
def test_what_cannot_be_meant_is_said(wrong: dict[str, Any], said: str) -> None:
    table = frame(cpu=CPU, note=["x"] * 6)
    if wrong.get("entity", "") is None:
        table = table.set_column(1, "t", [[1, 1, 2, 3, 4, 2]])
    with pytest.raises(WindowsError, match=said):
        metric_windows(table, **{"length": 2} | wrong)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([[1, 2]], "A list is no dataframe. Hint: give a pandas"),
        (np.zeros((2, 2)), "A ndarray is no dataframe"),
        (pd.DataFrame({"t": [1, "x"], "entity": ["a", "b"]}), "This DataFrame is no table"),
        (frame(cpu=CPU).set_column(1, "t", [[1, None, 3, 4, 5, 6]]), "time='t' is missing in 1 of 6 rows"),
        (
            frame(cpu=CPU).set_column(0, "entity", [["a", None, None, "b", "a", "a"]]),
            "entity='entity' is missing in 2 of",
        ),
        (frame(cpu=CPU).set_column(1, "t", [[1, 1, 1, 2, 2, 2]]), "2 rows of 6 repeat .*first: a at 2"),
        (frame(cpu=CPU).set_column(1, "t", [[1.0, 1, 1, 2, 2, 2]]), "time='t' holds double"),
        (frame(), "No numeric column among entity, t"),
        (frame(cpu=CPU).slice(0, 0), "No window of length=2: the longest series has 0 rows"),
        (frame(cpu=CPU).append_column("cpu", [CPU]), "More than one column 'cpu'"),
        (frame(cpu=CPU, y=[0, 1, 2, 0, 0, 0]), "label='y' holds 2; expected 0 and 1"),
        (frame(cpu=CPU, y=[0, 1, None, 0, 0, 0]), "label='y' holds missing values"),
        (frame(cpu=CPU, y=[0, 1, np.nan, 0, 0, 0]), "label='y' holds missing values"),
        (frame(cpu=CPU, y=["0"] * 6), "label='y' holds '0'"),
    ],
)
def test_what_a_frame_cannot_hold_is_said(data: Any, said: str) -> None:
    label = "y" if "y" in getattr(data, "column_names", []) else None
    with pytest.raises(WindowsError, match=said):
        metric_windows(data, length=2, label=label)


def test_when_every_window_spans_a_gap_that_is_the_reason() -> None:
    table = pa.table({"t": [0, 1, 3, 4, 6], "cpu": [1.0] * 5})
    with pytest.raises(WindowsError, match="No window of length=3: all 3 span a gap") as refused:
        metric_windows(table, entity=None, length=3)
    assert refused.value.hint == (
        "rows usually follow each other after 1 step, but never 3 in a row; choose a smaller length=, or bring them to "
        "one step."
    )


# -- the twin -------------------------------------------------------------------------------------------------------

ROWS = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.integers(0, 15)), st.none() | st.floats(width=32), min_size=1, max_size=30
)


Rows = dict[tuple[str, int], float | None]


def naive(rows: Rows, length: int, step: int) -> dict[tuple[str, int], list[float]]:
    """Every window whose rows follow each other one step apart, give or take a tenth of it."""
    found = {}
    for who, end in sorted(rows):
        window = sorted(t for name, t in rows if name == who and t <= end)[-length:]
        if len(window) == length and all(abs(b - a - step) <= int(step / 10) for a, b in pairwise(window)):
            found[who, end] = [np.nan if (value := rows[who, t]) is None else value for t in window]
    return found


def median_step(rows: Rows, entities: str) -> int:
    gaps = [b - a for who in entities for a, b in pairwise(sorted(t for name, t in rows if name == who))]
    return statistics.median_low(gaps) if gaps else 1


def of_another_step(rows: Rows, length: int, step: int, made: set[str]) -> bool:
    """Whether an entity that has rows enough makes no window because its rows lie at another step."""
    sizes = {who: sum(name == who for name, _ in rows) for who in "abc"}
    lost = [who for who in "abc" if sizes[who] >= max(length, 2) and who not in made]
    return any(abs(median_step(rows, who) - step) > int(step / 10) for who in lost)


@settings(deadline=None, max_examples=100)
@given(rows=ROWS, length=st.integers(1, 4), data=st.data())
def test_windows_are_those_that_a_search_for_their_rows_finds(rows: Rows, length: int, data: st.DataObject) -> None:
    order = data.draw(st.permutations(list(rows)))
    table = pa.table(
        {
            "entity": [who for who, _ in order],
            "t": [t for _, t in order],
            "cpu": pa.array([rows[one] for one in order], pa.float64()),
        }
    )
    step = median_step(rows, "abc")
    expected = naive(rows, length, step)
    another = of_another_step(rows, length, step, {who for who, _ in expected})
    if another or not expected:
        with pytest.raises(WindowsError, match="The rows of" if another else f"No window of length={length}"):
            metric_windows(table, length=length)
        return
    windows = metric_windows(table, length=length)
    assert list(zip(windows.entity.tolist(), windows.window_end.tolist(), strict=True)) == list(expected)
    np.testing.assert_array_equal(windows.features, np.array(list(expected.values()), dtype=np.float32))
    assert windows.width == length * step
