"""Windows of a history: where they lie, what names them, the way back, and that the future stays out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alert_analytics as aa
from alert_analytics.errors import HistoryError, UnknownColumnError, WindowsError
from alert_analytics.history import AlertHistory
from alert_analytics.windows import Windows, alert_windows
from alert_analytics.windows.origin import entity_name

MONDAY = datetime(2025, 3, 3)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Row:
    fired: timedelta
    lasted: timedelta | None = HOUR
    service: str | None = "db"
    severity: str | None = "low"


def history(rows: list[Row], start: datetime = MONDAY) -> AlertHistory:
    resolved = [None if row.lasted is None else start + row.fired + row.lasted for row in rows]
    return AlertHistory.open(
        pa.table(
            {
                "fired_at": pa.array([start + row.fired for row in rows], pa.timestamp("us")),
                "resolved_at": pa.array(resolved, pa.timestamp("us")),
                "service": pa.array([row.service for row in rows], pa.string()),
                "severity": pa.array([row.severity for row in rows], pa.string()),
            }
        )
    )


@pytest.fixture(scope="module")
def sample() -> AlertHistory:
    return aa.datasets.sample()


def feature(windows: Windows, name: str) -> list[float]:
    values: list[float] = windows.features[:, windows.feature_names.index(name)].tolist()
    return values


def equal(one: Windows, other: Windows) -> None:
    assert one.entity.tolist() == other.entity.tolist()
    assert one.window_end.tolist() == other.window_end.tolist()
    np.testing.assert_array_equal(one.features, other.features)  # NaN is equal to NaN


# -- where they lie -------------------------------------------------------------------------------------------------


def test_only_whole_buckets_of_the_span_count_aligned_to_the_epoch() -> None:
    rows = [Row(timedelta(minutes=10)), Row(timedelta(hours=3, minutes=50), timedelta(minutes=5))]
    windows = alert_windows(history(rows), HOUR)
    # 00:10 to 03:55: the hours from 1 to 3, and none of the minutes before or after.
    assert windows.window_end.tolist() == [MONDAY + 2 * HOUR, MONDAY + 3 * HOUR]
    assert windows.window_end.dtype == np.dtype("datetime64[us]")
    assert windows.width == np.timedelta64(1, "h")
    assert windows.features.dtype == np.float32
    seven = alert_windows(history([Row(timedelta(0)), Row(2 * DAY)]), 7 * HOUR)
    assert all((end - datetime(1970, 1, 1)) % (7 * HOUR) == timedelta(0) for end in seven.window_end.tolist())


def test_a_bucket_that_begins_or_ends_with_the_span_is_whole() -> None:
    windows = alert_windows(history([Row(timedelta(0)), Row(2 * HOUR, None)]), HOUR)
    assert windows.window_end.tolist() == [MONDAY + HOUR, MONDAY + 2 * HOUR]
    assert feature(windows, "n_alerts") == [1, 0]


def test_a_series_begins_with_its_first_alert_and_goes_on_when_quiet() -> None:
    rows = [Row(timedelta(0), HOUR, "db"), Row(3 * HOUR, HOUR, "web"), Row(6 * HOUR, HOUR, "late")]
    windows = alert_windows(history(rows).where(until=MONDAY + 6 * HOUR), HOUR, "service")
    assert windows.of("db").window_end.tolist() == [MONDAY + k * HOUR for k in range(1, 7)]
    assert windows.of("web").window_end.tolist() == [MONDAY + k * HOUR for k in range(4, 7)]
    assert set(windows.entity.tolist()) == {"db", "web"}
    assert windows.entity.tolist() == sorted(windows.entity.tolist())


def test_what_fired_before_the_first_whole_bucket_is_open_in_it() -> None:
    rows = [Row(timedelta(minutes=30), 3 * HOUR), Row(timedelta(minutes=40), timedelta(minutes=5))]
    windows = alert_windows(history(rows), HOUR)
    assert feature(windows, "n_open") == [1, 1]
    assert feature(windows, "n_alerts") == [0, 0]
    assert feature(windows, "since_last_s") == [4_800, 8_400]


def test_an_alert_resolved_as_a_bucket_ends_is_open_in_it_and_an_open_one_stays() -> None:
    rows = [Row(timedelta(0), HOUR), Row(timedelta(0), None), Row(4 * HOUR, timedelta(0))]
    windows = alert_windows(history(rows), HOUR)
    assert feature(windows, "n_open") == [2, 1, 1, 1]
    assert feature(windows, "n_resolved") == [0, 1, 0, 0]


def test_an_alert_that_nobody_closes_leaves_the_open_load_after_a_week() -> None:
    rows = [Row(timedelta(0), None), Row(HOUR, 8 * DAY), Row(9 * DAY, timedelta(0))]
    windows = alert_windows(history(rows), DAY)
    assert feature(windows, "n_open") == [2, 2, 2, 2, 2, 2, 2, 0, 0]
    assert feature(windows, "n_resolved") == [0, 0, 0, 0, 0, 0, 0, 0, 1]


def test_excess_needs_an_earlier_bucket_and_learns_the_hour_of_the_week() -> None:
    """Four alerts every Monday at nine: at first a surprise, then what is expected."""
    nine = [Row(9 * HOUR + k * WEEK) for k in range(5) for _ in range(4)]
    windows = alert_windows(history([Row(timedelta(0)), *nine]), HOUR)
    excess = np.array(feature(windows, "excess"))
    assert np.isnan(excess).tolist() == [True] + [False] * (len(excess) - 1)
    mondays = excess[9 :: 7 * 24]
    assert mondays[0] == pytest.approx(2 * (np.sqrt(4.375) - np.sqrt(1 / 9 + 0.375)))
    assert np.all(np.diff(mondays) < 0)
    assert mondays[-1] < 0.5


def test_day_and_week_turn_with_the_clocks_of_the_zone() -> None:
    night = datetime(2025, 3, 29, 22)  # in Berlin the hour from two to three of the 30th is left out
    rows = [Row(timedelta(0)), Row(6 * HOUR, timedelta(0))]
    windows = alert_windows(history(rows, night), HOUR, timezone="Europe/Berlin")
    turn = 2 * np.pi * np.array([23.5, 0.5, 1.5, 3.5, 4.5, 5.5]) / 24
    np.testing.assert_allclose(feature(windows, "hour_sin"), np.sin(turn), atol=1e-6)
    np.testing.assert_allclose(feature(windows, "hour_cos"), np.cos(turn), atol=1e-6)
    days = 2 * np.pi * (np.array([5, 6, 6, 6, 6, 6]) + np.array([23.5, 0.5, 1.5, 3.5, 4.5, 5.5]) / 24) / 7
    np.testing.assert_allclose(feature(windows, "week_sin"), np.sin(days), atol=1e-6)
    np.testing.assert_allclose(feature(windows, "week_cos"), np.cos(days), atol=1e-6)


def test_a_longer_window_lays_buckets_side_by_side_oldest_first(sample: AlertHistory) -> None:
    one = alert_windows(sample, DAY, "service")
    three = alert_windows(sample, DAY, "service", length=3)
    assert three.feature_names[:2] == ("n_alerts[t-2]", "n_rules[t-2]")
    assert three.feature_names[13] == "n_alerts[t-1]"
    assert three.feature_names[-1] == "since_last_s[t]"
    assert three.width == np.timedelta64(3, "D")
    for name in set(one.entity.tolist()):
        single, triple = one.of(name), three.of(name)
        assert triple.window_end.tolist() == single.window_end.tolist()[2:]
        np.testing.assert_array_equal(
            triple.features, np.hstack([single.features[:-2], single.features[1:-1], single.features[2:]])
        )


def test_every_feature_says_its_unit_and_formula(sample: AlertHistory) -> None:
    windows = alert_windows(sample, DAY)
    assert windows.feature_names == (
        *("n_alerts", "n_rules", "n_high", "n_critical", "mean_severity", "n_open", "n_resolved"),
        *("hour_sin", "hour_cos", "week_sin", "week_cos", "excess", "since_last_s"),
    )
    assert all(one.unit and one.formula for one in windows.schema)
    assert len(set(windows.feature_names)) == len(windows.schema)


def test_the_recipe_makes_the_same_windows_again(sample: AlertHistory) -> None:
    windows = alert_windows(sample, 6 * HOUR, ["service", "team"], length=2, timezone="Asia/Tokyo")
    recipe: dict[str, Any] = dict(windows.recipe)
    assert recipe == {
        "kind": "alert",
        "every_s": 21_600.0,
        "by": ["service", "team"],
        "length": 2,
        "timezone": "Asia/Tokyo",
    }
    every = timedelta(seconds=recipe.pop("every_s"))
    assert recipe.pop("kind") == "alert"
    equal(windows, alert_windows(sample, every, **recipe))


# -- names, and the way back ----------------------------------------------------------------------------------------


def test_a_window_knows_its_alerts(sample: AlertHistory) -> None:
    windows = alert_windows(sample, DAY, ["service", "severity"], length=2)
    fired = windows.features[:, [0, 13]].sum(axis=1)
    for row in (0, 17, len(windows) - 1, -5):
        assert windows.alerts(row).n_alerts == int(fired[row])
    assert alert_windows(sample, DAY).alerts(5).n_alerts > 0
    with pytest.raises(IndexError, match="row 9999 of"):
        alert_windows(sample, DAY).alerts(9999)


def test_missing_values_are_a_series_with_alerts_behind_it() -> None:
    rows = [Row(timedelta(0), HOUR, None), Row(timedelta(0), 5 * HOUR, "(none)"), Row(HOUR, HOUR, None)]
    windows = alert_windows(history(rows), HOUR, by="service")
    assert sorted(set(windows.entity.tolist())) == ['"(none)"', "(none)"]
    assert windows.of("(none)").alerts(0).n_alerts == windows.of("(none)").alerts(1).n_alerts == 1
    assert feature(windows.of("(none)"), "n_alerts") == [1, 1, 0, 0, 0]


VALUES = st.none() | st.text(st.sampled_from(' /"a'), max_size=5) | st.sampled_from(["(none)", '"(none)"', "/", '"/"'])


@settings(deadline=None, max_examples=300)
@given(st.integers(1, 3).flatmap(lambda n: st.tuples(*[st.lists(VALUES, min_size=n, max_size=n)] * 2)))
def test_different_series_have_different_names(pair: tuple[list[str | None], list[str | None]]) -> None:
    one, other = pair
    assert (entity_name(one) == entity_name(other)) == (one == other)


def test_series_are_called_by_their_values(sample: AlertHistory) -> None:
    assert entity_name(["db", "/var/log", None]) == 'db / "/var/log" / (none)'
    assert entity_name(["/var/log"]) == "/var/log"
    assert entity_name(["a/b", "c"]) == "a/b / c"
    assert set(alert_windows(sample, DAY).entity.tolist()) == {"all"}


# -- nothing there --------------------------------------------------------------------------------------------------


def test_a_length_of_numpy_is_a_length(sample: aa.AlertHistory) -> None:
    windows = alert_windows(sample, DAY, length=np.int32(2))  # type: ignore[arg-type]
    assert (windows.recipe["length"], type(windows.recipe["length"])) == (2, int)
    assert windows.features.tobytes() == alert_windows(sample, DAY, length=2).features.tobytes()


@pytest.mark.parametrize("length", [1, 3])
def test_no_whole_bucket_makes_no_window_but_a_schema(sample: AlertHistory, length: int) -> None:
    short = history([Row(timedelta(minutes=1), timedelta(minutes=5))])
    for alerts in (history([]), sample.where({"service": ["nothing"]}), short, sample.as_of("1999-01-01")):
        windows = alert_windows(alerts, HOUR, "service", length=length)
        assert windows.features.shape == (0, 13 * length)
        assert (windows.features.dtype, windows.window_end.dtype) == (np.float32, np.dtype("datetime64[us]"))
        assert windows.schema == alert_windows(sample, DAY, length=length).schema
        assert windows.sentence.startswith("0 windows of 0 entities")
    assert len(alert_windows(history([Row(timedelta(0)), Row(2 * HOUR)]), HOUR, length=4)) == 0


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"every": timedelta(0)}, WindowsError, "expected a positive length of time. Hint: every=timedelta"),
        ({"every": -HOUR}, WindowsError, "expected a positive length of time"),
        ({"every": 900}, WindowsError, "every=900; expected a positive length of time"),
        ({"length": 0}, WindowsError, "length=0; expected a whole number of buckets"),
        ({"length": 1.5}, WindowsError, "length=1.5"),
        ({"length": True}, WindowsError, "length=True; expected a whole number of buckets"),
        ({"timezone": "Mars/Olympus"}, WindowsError, "'Mars/Olympus' is no time zone.*Hint: give an IANA name"),
        ({"timezone": "Europe"}, WindowsError, "'Europe' is no time zone"),
        ({"timezone": "../etc"}, WindowsError, "is no time zone"),
        ({"by": "nothing"}, UnknownColumnError, "No column or label 'nothing'"),
        ({"by": ["service", 3]}, HistoryError, "names no columns; expected a column or label"),
        ({"by": 3}, HistoryError, "by=3 names no columns"),
    ],
)
@pytest.mark.parametrize("empty", [False, True])
def test_what_cannot_be_meant_is_said(
    sample: AlertHistory, wrong: dict[str, Any], error: type[Exception], said: str, empty: bool
) -> None:
    with pytest.raises(error, match=said):
        alert_windows(sample.where({"rule": ["nothing"]}) if empty else sample, **wrong)


def test_an_absurd_grid_is_refused_before_it_is_made(sample: AlertHistory) -> None:
    with pytest.raises(WindowsError, match=r"[0-9,]{11,} windows of 1 bucket each.*Hint: choose a larger every="):
        alert_windows(sample, timedelta(milliseconds=1), by="service")
    with pytest.raises(WindowsError, match=r"windows of 90,000 buckets each"):
        alert_windows(sample, timedelta(minutes=1), length=90_000)
    # A series that begins late, on a grid that is itself too long to hold.
    late = history([Row(-3_000 * DAY), Row(timedelta(0), HOUR, "web")]).where({"service": ["web"]})
    with pytest.raises(WindowsError, match=r"3,600 windows of 1 bucket each from a span of 259,203,600 buckets"):
        alert_windows(late, timedelta(seconds=1))


# -- properties -----------------------------------------------------------------------------------------------------

QUARTER = timedelta(minutes=15)
ROWS = st.lists(
    st.builds(
        Row,
        st.integers(0, 120).map(lambda k: k * QUARTER),
        st.none() | st.integers(0, 40).map(lambda k: k * QUARTER),
        st.sampled_from(["db", "web", None]),
        st.sampled_from(["info", "high", "critical", None]),
    ),
    min_size=5,
    max_size=40,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(ROWS, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(rows: list[Row], random: Any) -> None:
    mixed = random.sample(rows, len(rows))
    equal(alert_windows(history(rows), HOUR, "service"), alert_windows(history(mixed), HOUR, "service"))


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(ROWS, st.integers(-200, 30))
def test_shifting_all_times_by_whole_weeks_shifts_the_ends_and_nothing_else(rows: list[Row], weeks: int) -> None:
    here = alert_windows(history(rows), HOUR, "service", length=2)
    there = alert_windows(history(rows, MONDAY + weeks * WEEK), HOUR, "service", length=2)
    equal(here, replace(there, window_end=there.window_end - np.timedelta64(weeks, "W")))


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(ROWS, st.integers(0, 40))
def test_a_history_as_of_a_moment_gives_the_windows_that_had_ended_by_then(rows: list[Row], hour: int) -> None:
    now = MONDAY + hour * HOUR
    whole = alert_windows(history(rows), HOUR, "service", length=2)
    equal(alert_windows(history(rows).as_of(now), HOUR, "service", length=2), whole.select(whole.window_end <= now))


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(ROWS, ROWS, st.integers(0, 40))
def test_what_comes_later_changes_no_window_that_has_ended(rows: list[Row], more: list[Row], lasted: int) -> None:
    known = [row.fired + (row.lasted or timedelta(0)) for row in rows]
    end = max(known)
    later = [
        replace(row, fired=row.fired + end, service=row.service and f"{row.service}{i % 2}")
        for i, row in enumerate(more)
    ]
    ended = [row if row.lasted is not None else replace(row, lasted=end - row.fired + lasted * QUARTER) for row in rows]
    before = alert_windows(history(rows), HOUR, "service")
    after = alert_windows(history([*ended, *later]), HOUR, "service")
    equal(before, after.select(after.window_end <= np.datetime64(MONDAY + end)))


@pytest.mark.parametrize("length", [1, 3])
def test_windows_since_a_moment_know_what_came_before(length: int) -> None:
    rows = [Row(k * 7 * HOUR, timedelta(days=2), "db") for k in range(60)] + [Row(HOUR, None, "web")]
    whole = alert_windows(history(rows), HOUR, "service", length)
    since = MONDAY + 9 * DAY + timedelta(minutes=20)
    part = alert_windows(history(rows).where(since=since), HOUR, "service", length)
    assert set(part.entity.tolist()) == {"db", "web"}  # although no alert of web fired since
    equal(part, whole.select(whole.window_end - whole.width >= np.datetime64(since)))
    assert part.alerts(0).n_alerts == int(part.features[0, ::13].sum())
