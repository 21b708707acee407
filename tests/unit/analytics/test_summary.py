from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics import AlertAnalytics, ResolutionAnalysis
from alert_analytics.analytics import AnalyticsReport, PerformanceAnalysis
from alert_analytics.analytics.summary_numbers import METRICS
from alert_analytics.errors import HistoryError
from alert_analytics.history import AlertHistory
from alert_analytics.stats.rate import rate_interval

END = datetime(2025, 3, 10, 6)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
FIRST = ("frequency", "duration", "resolution_time")
Row = tuple[datetime, datetime | None]


def history(rows: Sequence[Row]) -> AlertHistory:
    fired, resolved = zip(*rows, strict=True) if rows else ((), ())
    return AlertHistory.open(
        pa.table(
            {"fired_at": pa.array(fired, pa.timestamp("us")), "resolved_at": pa.array(resolved, pa.timestamp("us"))}
        )
    )


def steady(days: int, *, hours_open: float = 2.0) -> list[Row]:
    """Three alerts on each day, each open for so long; one more observation at the very end."""
    start = END - days * DAY
    fired = [start + d * DAY + h * HOUR for d in range(days) for h in (1, 9, 17)]
    return [(start, start), *((t, t + hours_open * HOUR) for t in fired), (END - 3 * HOUR, END)]


def values(report: AnalyticsReport) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in report.table.to_pylist()}


def test_the_numbers_are_those_counted_by_hand() -> None:
    report = AlertAnalytics(7 * DAY, FIRST).run(history(steady(21)))
    found = values(report)
    # Of the last seven days: 21 steady ones and the one that ends at the watermark.
    assert found["alerts_per_day"]["value"] == pytest.approx(22 / 7)
    low, high = rate_interval([4, 3, 3, 3, 3, 3, 3])
    assert (found["alerts_per_day"]["low"], found["alerts_per_day"]["high"]) == (
        pytest.approx(low),
        pytest.approx(high),
    )
    assert found["alerts_per_day"]["before"] == pytest.approx(3.0)
    assert found["mean_time_open"]["value"] == pytest.approx((21 * 2 + 3) * 3600 / 22)
    assert found["mean_time_open"]["before"] == pytest.approx(7200)
    assert found["open_at_once"]["value"] == pytest.approx((21 * 2 + 3) / (7 * 24))
    assert found["open_at_once"]["before"] == pytest.approx(21 * 2 / (7 * 24))
    assert found["time_to_resolve_median"]["value"] == pytest.approx(7200)
    assert found["time_to_resolve_p90"]["value"] == pytest.approx(7200)
    assert [row["metric"] for row in report.table.to_pylist()] == [
        *("frequency", "duration", "duration", "resolution_time", "resolution_time")
    ]
    assert report.sentence.startswith("In the last 7 days: alerts per day 3.14 (")
    assert "before 3; mean time open 2.05 h (" in report.sentence


def test_metrics_are_reported_in_the_order_asked_for() -> None:
    report = AlertAnalytics(7 * DAY, ["resolution_time", "frequency"]).run(history(steady(21)))
    assert report.table["name"].to_pylist() == ["time_to_resolve_median", "time_to_resolve_p90", "alerts_per_day"]
    assert report.settings["metrics"] == ["resolution_time", "frequency"]


def test_times_to_resolve_are_those_of_the_resolution_analysis() -> None:
    sample = aa.datasets.sample().tenant("acme")
    found = values(AlertAnalytics(14 * DAY, ["resolution_time"]).run(sample))
    since = datetime(2025, 12, 8)
    for row, part in (("", sample.where(since=since)), ("before", sample.where(since=since - 14 * DAY, until=since))):
        expected = ResolutionAnalysis.from_alerts(part).table.to_pylist()[0]
        for name in ("median", "p90"):
            got = found[f"time_to_resolve_{name}"]
            assert got[row or "value"] == expected[f"{name}_s"]
            assert got[f"{row}_low" if row else "low"] == expected[f"{name}_low_s"]


def test_the_mean_time_open_has_one_horizon_for_both_stretches() -> None:
    """Each alert is followed for the same time, so that a longer look back does not make the days before slower."""
    rows: list[Row] = [(END - d * DAY - 6 * HOUR, None) for d in range(30)]
    found = values(AlertAnalytics(7 * DAY, ["duration"]).run(history([*rows, (END - 40 * DAY, END)])))
    mean = found["mean_time_open"]
    assert mean["value"] == mean["before"] == pytest.approx((6 * DAY + 6 * HOUR).total_seconds())
    assert mean["note"] == "of the first 6.25 d of each alert"
    # Where everything is resolved, the longest of both is the horizon.
    ended: list[Row] = [(END - d * DAY - HOUR, END - d * DAY - HOUR * (d < 7) / 2) for d in range(21)]
    found = values(AlertAnalytics(7 * DAY, ["duration"]).run(history([*ended, (END, END)])))
    assert found["mean_time_open"]["before"] == pytest.approx(3600)
    assert found["mean_time_open"]["note"] == "of the first 1 h of each alert"


@pytest.mark.parametrize("seed", range(2))
def test_open_at_once_is_what_a_clock_that_ticks_every_minute_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for _ in range(60):
        fired = END - int(rng.integers(1, 20 * 24 * 60)) * MINUTE
        lasts = int(rng.integers(0, 5 * 24 * 60)) * MINUTE
        rows.append((fired, None if rng.random() < 0.2 or fired + lasts > END else fired + lasts))
    rows.append((END, None))  # the watermark; open for no time
    found = values(AlertAnalytics(7 * DAY, ["duration"]).run(history(rows)))["open_at_once"]

    def counted(start: datetime, end: datetime) -> float:
        minutes = [start + i * MINUTE for i in range((end - start) // MINUTE)]
        return sum(sum(fired <= t < (resolved or END) for fired, resolved in rows) for t in minutes) / len(minutes)

    assert found["value"] == pytest.approx(counted(END - 7 * DAY, END), rel=1e-6)
    assert found["before"] == pytest.approx(counted(END - 14 * DAY, END - 7 * DAY), rel=1e-6)
    assert found["note"] == "counted, not estimated"


def test_what_fired_before_since_is_said_to_be_missing_from_what_was_open() -> None:
    found = values(AlertAnalytics(7 * DAY, ["duration"]).run(history(steady(21)).where(since=END - 20 * DAY)))
    assert found["open_at_once"]["note"] == "counted, not estimated; without alerts fired before 2025-02-18 06:00:00"


def test_an_alert_belongs_to_one_stretch_only_whichever_instant_ends_the_span() -> None:
    """Daily alerts at one time of day: seven a week, with the last in the last instant or without it."""
    rows: list[Row] = [(END - d * DAY, END - d * DAY) for d in range(30)]
    for scoped in (history(rows), history(rows).where(until=END), history(rows).as_of(END)):
        found = values(AlertAnalytics(7 * DAY, ["frequency"]).run(scoped))["alerts_per_day"]
        assert (found["value"], found["before"]) == (pytest.approx(1.0), pytest.approx(1.0))
        low, high = rate_interval([1] * 7)
        assert [found["low"], found["high"]] == [pytest.approx(low), pytest.approx(high)]
        assert [found["before_low"], found["before_high"]] == [pytest.approx(low), pytest.approx(high)]


def test_a_history_shorter_than_the_range_is_reported_as_long_as_it_is() -> None:
    report = AlertAnalytics(30 * DAY).run(history(steady(10)))
    found = values(report)
    assert report.settings["range_start"] == END - 10 * DAY
    assert report.settings["before_start"] is None
    assert all(row["before"] is None for row in found.values())
    assert found["alerts_per_day"]["value"] == pytest.approx(32 / 10)
    assert report.sentence.startswith("In the last 10 d (the history has no more): ")


def test_a_range_longer_than_the_calendar_is_the_whole_history() -> None:
    report = AlertAnalytics(timedelta(days=999_999)).run(history(steady(10)))
    assert report.settings["range_start"] == END - 10 * DAY


def test_the_days_before_are_reported_only_where_the_history_covers_them_whole() -> None:
    there = AlertAnalytics(7 * DAY, ["frequency"]).run(history(steady(14)).where(since=END - 14 * DAY))
    # With an alert in the last instant the ranges would begin one instant later; here none fired in it.
    assert there.settings["before_start"] == END - 14 * DAY
    short = AlertAnalytics(7 * DAY, ["frequency"]).run(history(steady(14)).where(since=END - 14 * DAY + HOUR))
    assert short.settings["before_start"] is None


@pytest.mark.parametrize(
    ("days", "note"),
    [(3, "no interval: it needs 7 days, there are 3"), (6.5, "no interval: it needs 7 days, there are 6.5")],
)
def test_fewer_than_seven_days_have_a_rate_without_an_interval(days: float, note: str) -> None:
    report = AlertAnalytics(days * DAY, ["frequency"]).run(history(steady(20)))
    [row] = report.table.to_pylist()
    assert row["value"] > 0
    assert (row["low"], row["high"], row["note"]) == (None, None, note)
    assert note in report.sentence


def test_a_day_is_a_day_in_the_sentence() -> None:
    assert AlertAnalytics(DAY, ["frequency"]).run(history(steady(20))).sentence.startswith("In the last day: ")


def test_a_burst_on_few_days_has_no_interval() -> None:
    rows: list[Row] = [(END - 20 * DAY, END), *((END - DAY - HOUR - i * MINUTE, END) for i in range(50))]
    [row] = AlertAnalytics(7 * DAY, ["frequency"]).run(history(rows)).table.to_pylist()
    assert (row["value"], row["low"], row["high"]) == (pytest.approx(50 / 7), None, None)
    assert row["note"] == "no interval: alerts fired on 1 day, it needs 4"


def test_days_without_an_alert_count() -> None:
    rows: list[Row] = [(END - d * DAY - HOUR, END) for d in range(0, 40, 2)]
    [row] = AlertAnalytics(28 * DAY, ["frequency"]).run(history([*rows, (END - 60 * DAY, END)])).table.to_pylist()
    low, high = rate_interval([1, 0] * 14)
    assert [row["value"], row["low"], row["high"]] == [0.5, pytest.approx(low), pytest.approx(high)]


def test_a_stretch_without_an_alert_is_answered_in_part() -> None:
    rows: list[Row] = [(END - 20 * DAY, END - 5 * DAY), (END - 19 * DAY, END)]
    found = values(AlertAnalytics(7 * DAY).run(history(rows)))
    assert found["alerts_per_day"]["value"] == 0.0
    assert found["open_at_once"]["value"] == pytest.approx(1 + 2 / 7)
    assert (found["time_to_resolve_median"]["value"], found["time_to_resolve_median"]["note"]) == (None, "no alert")
    assert (found["mean_time_open"]["value"], found["mean_time_open"]["note"]) == (None, "no alert")
    # The days before hold no alert either, but for what was open.
    assert found["open_at_once"]["before"] == pytest.approx(2.0)


def test_a_quiet_week_is_held_against_the_busy_one_before() -> None:
    rows: list[Row] = [(END - d * DAY, END - d * DAY + HOUR) for d in range(8, 16)]
    found = values(AlertAnalytics(7 * DAY).run(history([*rows, (END - 30 * DAY, END)])))
    assert (found["alerts_per_day"]["value"], found["alerts_per_day"]["before"]) == (0.0, 1.0)
    assert (found["mean_time_open"]["value"], found["mean_time_open"]["before"]) == (None, pytest.approx(3600))


def test_alerts_that_all_are_open_have_no_times_to_resolve() -> None:
    rows: list[Row] = [(END - d * DAY / 3, None) for d in range(90)]
    report = AlertAnalytics(7 * DAY).run(history(rows))
    found = values(report)
    assert found["time_to_resolve_median"]["value"] is None
    assert found["time_to_resolve_median"]["note"] == "not reached: too many are still open"
    assert "time to resolve median unknown (not reached: too many are still open)" in report.sentence


@pytest.mark.parametrize("rows", [[(END, END)], [(END, END)] * 4])
def test_one_instant_has_no_rate(rows: list[Row]) -> None:
    found = values(AlertAnalytics().run(history(rows)))
    for name in ("alerts_per_day", "open_at_once"):
        assert (found[name]["value"], found[name]["note"]) == (None, "the history spans no time")
    assert found["time_to_resolve_median"]["value"] == 0.0


def test_an_empty_history_has_nothing_to_report() -> None:
    report = AlertAnalytics().run(history([]))
    assert len(report) == 0
    assert report.table.schema == AlertAnalytics().run(history(steady(21))).table.schema
    assert report.sentence == "There is no alert in this history, so there is nothing to report."
    assert report.settings["metrics"] == list(METRICS)


def test_the_alerts_behind_a_row_are_those_fired_in_the_range() -> None:
    report = AlertAnalytics(7 * DAY).run(history(steady(21)))
    assert report.alerts(3).n_alerts == 22
    assert report.alerts().span is not None
    with pytest.raises(IndexError, match="row 15 of a table of 15 rows"):
        report.alerts(15)
    assert "days_back" in report.sql


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"metrics": ["frequency", "mttr"]},
            r"metrics=\['mttr'\]; expected some of frequency, duration, resolution_time",
        ),
        ({"time_range": timedelta(0)}, "expected a positive length of time"),
        ({"time_range": -DAY}, "expected a positive length of time"),
    ],
)
def test_what_cannot_be_meant_is_said(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        AlertAnalytics(**wrong)


@pytest.mark.slow
def test_row_order_does_not_matter_and_shifting_time_shifts_nothing() -> None:
    rows = steady(21)
    table = AlertAnalytics(7 * DAY).run(history(rows)).table
    assert table.equals(AlertAnalytics(7 * DAY).run(history(rows[::-1])).table)
    moved = [(fired - 100 * DAY, resolved and resolved - 100 * DAY) for fired, resolved in rows]
    assert table.equals(AlertAnalytics(7 * DAY).run(history(moved)).table)


@pytest.mark.slow
def test_the_future_does_not_leak() -> None:
    rows = steady(21)
    later: list[Row] = [(END + HOUR, None), (END - HOUR, END + DAY)]
    now = history([*rows, (END - HOUR, None)]).as_of(END)
    then = history([*rows, *later]).as_of(END)
    assert AlertAnalytics(7 * DAY).run(now).table.equals(AlertAnalytics(7 * DAY).run(then).table)


def noisy(days: int, noisy_from: int) -> AlertHistory:
    """Six alerts a day of six conditions, taken by hand and an hour long; from a day on all but one are short noise."""
    start = END - days * DAY
    rows: list[tuple[Any, ...]] = []
    for d, h in product(range(days), range(0, 24, 4)):
        fired, calm = start + d * DAY + h * HOUR, d < noisy_from or h == 0
        ended, taken = fired + (HOUR if calm else MINUTE), fired + 10 * MINUTE if calm else None
        rows.append((fired, taken, ended, f"c{h}", "manual" if calm else "automatic"))
    names = ("fired_at", "acknowledged_at", "resolved_at", "fingerprint", "resolution")
    kinds = (*[pa.timestamp("us")] * 3, pa.string(), pa.string())
    columns = zip(*rows, strict=True)
    return AlertHistory.open(pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)}))


def test_noise_is_that_of_the_performance_analysis_and_said_where_it_is_apart() -> None:
    asked = noisy(29, 15)
    report = AlertAnalytics(14 * DAY).run(asked)
    found, span = values(report), asked.span
    assert span is not None
    then = asked.where(since=span.end - 14 * DAY)
    row = PerformanceAnalysis.from_alerts(then).table.to_pylist()[0]
    for name in ("actionable_share", "automatic_share", "unacknowledged_share", "short_share"):
        assert found[name]["value"] == pytest.approx(row[name])
        assert found[name]["before"] == (name == "actionable_share")
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]
    assert found["mtbf"]["value"] == pytest.approx(row["mtbf_s"])
    assert found["occurrences_per_alert"]["value"] == 1
    assert "apart from those before by both intervals: actionable share 17%" in report.sentence
    assert "mtbf" not in report.sentence


def test_where_nothing_changed_the_sentence_says_so() -> None:
    report = AlertAnalytics(14 * DAY).run(noisy(29, 29))
    rows = [
        row for row in report.table.to_pylist() if row["metric"] not in ("frequency", "duration", "resolution_time")
    ]
    held = [row for row in rows if row["low"] is not None and row["before_low"] is not None]
    assert (len(held), len(rows)) == (6, 10)  # of four nothing can be told: they have no intervals
    assert report.sentence.endswith(
        "None of 6 other numbers with intervals is apart from that before by both intervals."
    )
    assert "both intervals" not in AlertAnalytics(14 * DAY, ["noise"]).run(noisy(29, 29)).sentence


def test_where_no_other_number_has_intervals_nothing_is_said_of_being_apart() -> None:
    report = AlertAnalytics(14 * DAY, ["frequency", "deduplication"]).run(noisy(29, 15))
    assert values(report)["occurrences_per_alert"]["before"] == 1
    assert "both intervals" not in report.sentence
    one = AlertAnalytics(14 * DAY, ["frequency", "flapping"]).run(noisy(29, 29))
    assert one.sentence.endswith(
        "The only other number with intervals is not apart from that before by both intervals."
    )


def test_a_stretch_is_judged_as_it_was_known_at_its_end() -> None:
    # Each alert is taken by hand after three days: of the last three days none is yet, in either stretch.
    start = END - 29 * DAY
    columns: dict[str, list[datetime | None]] = {"fired_at": [], "acknowledged_at": [], "resolved_at": []}
    for fired in (start + i * 8 * HOUR for i in range(3 * 29)):
        taken = fired + 3 * DAY
        columns["fired_at"].append(fired)
        columns["acknowledged_at"].append(taken if taken < END else None)
        columns["resolved_at"].append(None)
    asked = AlertHistory.open(pa.table({name: pa.array(c, pa.timestamp("us")) for name, c in columns.items()}))
    report = AlertAnalytics(14 * DAY, ["acknowledgement_time"]).run(asked.where(until=END))
    mtta = values(report)["mtta"]
    assert mtta["note"].startswith("of the first ")
    assert mtta["value"] == pytest.approx(3 * 86_400, rel=0.02)
    assert mtta["before"] == pytest.approx(mtta["value"], rel=0.02)
