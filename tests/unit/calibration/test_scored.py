"""Scored windows: the table, the answer in words, the way back to the alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from alert_analytics.calibration import CalibratedModel
from alert_analytics.errors import WindowsError
from alert_analytics.history import AlertHistory
from alert_analytics.windows import Windows, alert_windows, metric_windows
from tests.handmade import HOUR, START, Echo, column, evenly, hourly

LATER = START + 2_000 * HOUR


@pytest.fixture(scope="module")
def model() -> CalibratedModel:
    return Echo().fit(hourly(evenly(48))).calibrate(hourly(evenly(1_000), START + 48 * HOUR))


# -- the table -------------------------------------------------------------------------------------------------------


def test_a_row_per_window_in_the_order_given_with_these_columns(model: CalibratedModel) -> None:
    table = model.score(hourly([0.5, 2.0, np.nan], LATER)).table
    assert table.schema == pa.schema(
        [
            ("entity", pa.string()),
            ("window_end", pa.timestamp("us")),
            ("raw", pa.float64()),
            ("score", pa.float32()),
            ("p_value", pa.float32()),
            ("is_anomaly", pa.bool_()),
        ]
    )
    assert table["entity"].to_pylist() == ["db"] * 3
    assert table["window_end"].to_pylist() == [LATER + HOUR, LATER + 2 * HOUR, LATER + 3 * HOUR]
    assert table["raw"].to_pylist() == [0.5, 2.0, None]
    assert [value is None for value in table["score"].to_pylist()] == [False, False, True]
    assert [value is None for value in table["p_value"].to_pylist()] == [False, False, True]
    assert table["is_anomaly"].to_pylist() == [False, True, False]


def test_labels_and_steps_come_along() -> None:
    frame = pl.DataFrame({"entity": ["b", "a", "a"], "t": [7, 1, 2], "x": [0.5, 9.0, 0.5], "bad": [0, 1, 0]})
    windows = metric_windows(frame, label="bad", length=1)
    small = Echo().fit(windows).calibrate(windows, best_effort=True)
    table = small.score(windows).table
    assert table.column_names[-1] == "label"
    assert table.schema.field("window_end").type == pa.int64()
    assert table.schema.field("label").type == pa.int8()
    assert table.select(["entity", "window_end", "raw", "label"]).to_pylist() == [
        {"entity": "a", "window_end": 1, "raw": 9.0, "label": 1},
        {"entity": "a", "window_end": 2, "raw": 0.5, "label": 0},
        {"entity": "b", "window_end": 7, "raw": 0.5, "label": 0},
    ]


def test_no_window_gives_no_row_and_the_same_columns(model: CalibratedModel) -> None:
    empty = model.score(hourly([]))
    assert len(empty) == empty.n_anomalous == 0
    assert empty.table.schema == model.score(hourly([1.0])).table.schema
    assert empty.sentence == "There is no window to score."
    assert empty.most_anomalous() == []


def test_the_table_goes_where_arrow_goes(model: CalibratedModel, tmp_path: object) -> None:
    scored = model.score(hourly([0.5, np.nan], LATER))
    assert scored.to_arrow() is scored.table
    polars, pandas = scored.to_polars(), scored.to_pandas()
    assert isinstance(polars, pl.DataFrame)
    assert polars["raw"].to_list() == [0.5, None]
    assert isinstance(pandas, pd.DataFrame)
    assert pandas["is_anomaly"].tolist() == [False, False]
    assert pa.table(scored).equals(scored.table)
    assert str(scored).startswith(scored.sentence)
    assert "window_end" in scored._repr_html_()


def test_the_order_of_rows_does_not_matter(model: CalibratedModel) -> None:
    windows = hourly(evenly(200, start=7_000), LATER)
    order = np.random.default_rng(0).permutation(200)
    assert model.score(windows.select(order)).table.equals(model.score(windows).table.take(order))


def test_a_batch_may_be_split(model: CalibratedModel) -> None:
    windows = hourly(evenly(200, start=7_000), LATER)
    parts = [model.score(windows.select(slice(first, first + 33))).table for first in range(0, 200, 33)]
    assert pa.concat_tables(parts).combine_chunks().equals(model.score(windows).table.combine_chunks())


def test_settings_say_what_the_scores_rest_on(model: CalibratedModel) -> None:
    said = model.score(hourly([0.5], LATER)).settings
    assert (said["detector"], said["alpha"], said["delta"], said["k"]) == ("echo", 0.01, 0.05, 5)
    assert said["threshold"] == model.threshold
    assert said["certificate"] is None


# -- in words --------------------------------------------------------------------------------------------------------


def test_the_sentence_says_how_many_reach_085_and_which_most(model: CalibratedModel) -> None:
    scored = model.score(hourly([0.5, 3.0, np.nan, 2.0], LATER))
    assert scored.n_anomalous == 2
    assert scored.sentence == (
        "2 of 4 windows (50.00%) reach 0.85, where at most 1.00% of normal ones should. 1 window without any value "
        "could not be scored. Most anomalous: db, Sun 30 Mar 2025 09:00 to 10:00 UTC: score 0.923; "
        "latency 3 (usually 0.496)."
    )


def test_nothing_but_gaps_in_words(model: CalibratedModel) -> None:
    assert model.score(hourly([np.nan] * 2)).sentence == (
        "0 of 2 windows (0.00%) reach 0.85, where at most 1.00% of normal ones should. 2 windows without any value "
        "could not be scored."
    )


def test_a_best_effort_says_that_it_promises_nothing() -> None:
    model = Echo().fit(column(evenly(50))).calibrate(column(evenly(100)), best_effort=True)
    assert model.score([[0.5]]).sentence.startswith(
        "0 of 1 window (0.00%) reach 0.85, a best effort that promises nothing. Most anomalous: all, step 0: score 0."
    )


def test_the_most_anomalous_come_first_ties_in_order_and_those_without_a_score_never(model: CalibratedModel) -> None:
    scored = model.score(hourly([np.nan, 0.5, 2.0, 0.7, np.nan, 2.0, 0.7], LATER))
    assert scored.most_anomalous() == [2, 5, 3, 6, 1]
    assert scored.most_anomalous(2) == [2, 5]
    assert scored.most_anomalous(99) == [2, 5, 3, 6, 1]
    assert scored.most_anomalous(0) == []
    assert model.score(hourly([2.0, 0.5] * 150, LATER)).most_anomalous(4) == [0, 2, 4, 6]


def test_a_storm_of_neighbours_is_told_once(model: CalibratedModel) -> None:
    values = [0.1, 0.6, 0.9, 0.7, 0.1, 0.1, 0.8]
    windows = hourly(values, LATER)
    scored = model.score(windows)
    assert scored.most_anomalous(3) == [2, 6, 3]
    assert scored.most_anomalous(3, apart=1) == [2, 6, 0]
    assert scored.most_anomalous(3, apart=2) == [2, 6]
    # Another entity's windows are no neighbours.
    elsewhere = replace(windows, entity=np.array(["db", "db", "db", "web", "db", "db", "db"], dtype=object))
    assert model.score(elsewhere).most_anomalous(3, apart=1) == [2, 6, 3]


@pytest.mark.parametrize(("value", "shown"), [("at", "0.850"), ("below", "0.849")])
def test_a_score_below_085_never_reads_as_085(model: CalibratedModel, value: str, shown: str) -> None:
    """By chance a score is .8499: cut off, not rounded."""
    scores = model.calibration.scores
    almost = np.float32(0.85) if value == "at" else np.nextafter(np.float32(0.85), np.float32(0))
    scored = model.score(hourly([0.5], LATER))
    moved = replace(scored, table=scored.table.set_column(3, "score", pa.array([almost], pa.float32())))
    assert f": score {shown};" in moved.describe(0)
    assert scores.score.max() > 0.85


def test_a_window_is_described_by_what_is_furthest_from_usual() -> None:
    frame = pl.DataFrame(
        {name: np.roll(evenly(200), j) for j, name in enumerate(["cpu", "disk", "net", "ram", "swap"])}
    )
    windows = metric_windows(frame.with_row_index("t"), entity=None, time="t", length=2)
    model = Echo().fit(windows).calibrate(windows, best_effort=True)
    odd = windows.features[[50]].copy()
    names = list(windows.feature_names)
    odd[0] = model.fitted.learned.medians
    for name, value in (("net[t]", 40.0), ("cpu[t]", -20.0), ("ram[t]", 9.0), ("swap[t]", 5.0), ("disk[t-1]", 99.0)):
        odd[0, names.index(name)] = value
    said = model.score(replace(windows.select([50]), features=odd)).describe(0)
    # Three, the newest row's alone, and none that is as usual.
    assert said == "all, step 51: score 0.850; net 40 (usually 0.503), cpu -20 (usually 0.503), ram 9 (usually 0.507)"


def test_a_window_as_usual_and_one_without_a_value_are_described_by_no_feature(model: CalibratedModel) -> None:
    scored = model.score(hourly([float(model.fitted.learned.medians[0]), np.nan], LATER))
    assert scored.describe(0).startswith("db, Sun 30 Mar 2025 08:00 to 09:00 UTC: score 0.")
    assert ";" not in scored.describe(0)
    assert scored.describe(1) == "db, Sun 30 Mar 2025 09:00 to 10:00 UTC: not scored"
    assert scored.describe(-1) == scored.describe(1)
    for row in (2, -3):
        with pytest.raises(IndexError, match=f"row {row} of a table of 2 rows"):
            scored.describe(row)


def test_when_says_both_days_of_a_window_that_is_longer_than_one(model: CalibratedModel) -> None:
    long = replace(hourly([0.5], LATER), width=np.timedelta64(timedelta(days=3)))
    assert model.score(long).describe(0).startswith("db, Thu 27 Mar 2025 09:00 to Sun 30 Mar 2025 09:00 UTC: score")


# -- the way back ----------------------------------------------------------------------------------------------------


def test_the_way_back_to_the_alerts_of_a_window() -> None:
    day = datetime(2025, 1, 6)
    fired = [day + timedelta(minutes=7 * i) for i in range(300)]
    table = pa.table({"fired_at": pa.array(fired, pa.timestamp("us")), "severity": ["high"] * 300})
    history = AlertHistory.open(table)
    windows = alert_windows(history, every=timedelta(hours=1))
    model = Echo().fit(windows.select(slice(0, 10))).calibrate(windows.select(slice(10, None)), best_effort=True)
    scored_windows = model.score(windows)
    start, end = day + 3 * HOUR, day + 4 * HOUR
    row = scored_windows.table["window_end"].to_pylist().index(end)
    behind = scored_windows.alerts(row).to_arrow()["fired_at"].to_pylist()
    assert behind == [t for t in fired if start <= t < end]
    with pytest.raises(IndexError, match=f"row {len(windows)} of a table of {len(windows)} rows"):
        scored_windows.alerts(len(windows))


def test_behind_metrics_there_are_no_alerts(model: CalibratedModel) -> None:
    with pytest.raises(WindowsError, match="No alerts are behind these windows"):
        model.score(hourly([0.5])).alerts(0)


def test_a_bare_matrix_is_scored_like_windows_of_it(model: CalibratedModel) -> None:
    matrix = column(evenly(30, start=900))
    one = model.score(Windows.from_matrix(matrix, ["latency"])).table
    assert one.equals(model.score(matrix).table)
    assert one["window_end"].to_pylist() == list(range(30))


def test_entities_that_the_model_has_never_seen_are_named(model: CalibratedModel) -> None:
    known = hourly([0.5, 0.2], LATER)
    assert "Careful" not in model.score(known).sentence
    strange = replace(known, entity=np.array(["db", "mail"], dtype=object))
    said = " Careful: the model was not calibrated with mail; its 0.85 promises nothing of them. Most anomalous: "
    assert said in model.score(strange).sentence
    crowd = replace(known, entity=np.array(["a", "b"], dtype=object)).select([0, 1, 0, 1])
    many = replace(crowd, entity=np.array(["a", "b", "c", "d"], dtype=object))
    assert "not calibrated with a, b, c, ...; its" in model.score(many).sentence
