"""The counting behind the trend: weeks back from the end of the span, and buckets, row by row."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from alert_analytics.history import AlertHistory

END = datetime(2025, 3, 1, 12)
WEEK = timedelta(weeks=1)
TICK = timedelta(microseconds=1)

# service, how long before the end
ROWS = [
    ("db", TICK),
    ("db", WEEK),
    ("db", WEEK + TICK),
    ("web", 2 * WEEK),
    ("web", 2 * WEEK),
    (None, timedelta(hours=30)),
]


def history(rows: list[tuple[str | None, timedelta]]) -> AlertHistory:
    service, before = zip(*rows, strict=True)
    return AlertHistory.open(
        pa.table(
            {
                "service": pa.array(service, pa.string()),
                "fired_at": pa.array([END - one for one in before], pa.timestamp("us")),
            }
        )
    )


def weeks(rows: list[tuple[str | None, timedelta]], by: list[str]) -> list[tuple[list[str | None], int, int]]:
    found = history(rows).ask("trend", keys={"series": by}, params={"span_end": END}).arrow().to_pylist()
    return [(row["series"], row["weeks_back"], row["n_alerts"]) for row in found]


def test_a_week_holds_its_first_instant_and_not_its_last() -> None:
    assert weeks(ROWS, ["service"]) == [
        (["db"], 0, 2),
        (["db"], 1, 1),
        (["web"], 1, 2),
        ([None], 0, 1),
    ]


def test_an_alert_in_the_last_instant_belongs_to_the_last_week_and_shifts_the_others_by_it() -> None:
    assert weeks([*ROWS, ("db", timedelta(0))], ["service"]) == [
        (["db"], 0, 2),
        (["db"], 1, 2),
        (["web"], 2, 2),
        ([None], 0, 1),
    ]


def test_without_a_key_all_alerts_are_one_series() -> None:
    assert weeks(ROWS, []) == [([], 0, 3), ([], 1, 3)]


@pytest.mark.parametrize("by", [[], ["service"]])
def test_no_alert_makes_no_row(by: list[str]) -> None:
    empty = history(ROWS).where(since=END)
    for query, params in (("trend", {"span_end": END}), ("trend_series", {"origin": END, "bucket_us": 1})):
        assert empty.ask(query, keys={"series": by}, params=params).arrow().num_rows == 0


def test_buckets_are_numbered_from_the_origin() -> None:
    params = {"origin": END - 2 * WEEK, "bucket_us": 86_400_000_000}
    found = history(ROWS).ask("trend_series", keys={"series": ["service"]}, params=params).arrow().to_pylist()
    assert [(row["series"], row["bucket"], row["n_alerts"]) for row in found] == [
        (["db"], 6, 1),
        (["db"], 7, 1),
        (["db"], 13, 1),
        (["web"], 0, 2),
        ([None], 12, 1),
    ]


def test_the_days_of_cells_are_counted_back_as_weeks_are() -> None:
    start = datetime(2026, 3, 1)
    hours = [("db", 0), ("db", 23), ("db", 24), ("web", 47), ("web", 48)]
    services, fired = zip(*hours, strict=True)
    table = pa.table({"service": services, "fired_at": [start + timedelta(hours=hour) for hour in fired]})
    answer = AlertHistory.open(table).ask(
        "exposure", keys={"series": [], "cell": ["service"]}, params={"span_end": start + timedelta(hours=48)}
    )
    # An alert in the very last instant of the span belongs to the last day.
    assert [tuple(row.values()) for row in answer.arrow().to_pylist()] == [
        ([], ["db"], 1, 2),
        ([], ["db"], 2, 1),
        ([], ["web"], 0, 2),
    ]
