"""The counting behind the report of the last days: alerts a day, and how long they were open inside a range."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa

from alert_analytics.history import AlertHistory

END = datetime(2025, 3, 10)
START = END - timedelta(days=2)
WATERMARK = END + timedelta(hours=5)

# fired, resolved; in hours from the start of the range of 48 hours
ROWS: list[tuple[float, float | None]] = [
    (-30, -20),  # over before
    (-30, 0),  # over in its first instant
    (-10, 5),  # 5 inside
    (-10, 60),  # 48
    (0, 1),  # 1
    (10, 10),  # ended as it began
    (40, None),  # open: 8 inside
    (47, 50),  # 1
    (48, 49),  # after it
    (50, None),  # after it
]


def history() -> AlertHistory:
    def at(hours: float | None) -> datetime | None:
        return None if hours is None else START + timedelta(hours=hours)

    return AlertHistory.open(
        pa.table(
            {
                "fired_at": pa.array([at(fired) for fired, _ in ROWS], pa.timestamp("us")),
                "resolved_at": pa.array([at(resolved) for _, resolved in ROWS], pa.timestamp("us")),
            }
        )
    )


def test_days_are_counted_back_from_the_end_which_is_outside() -> None:
    found = history().where(until=END).ask("summary", params={"range_end": END}).arrow().to_pylist()
    assert found == [
        {"days_back": 0, "n_alerts": 2},
        {"days_back": 1, "n_alerts": 2},
        {"days_back": 2, "n_alerts": 2},
        {"days_back": 3, "n_alerts": 2},
    ]


def test_the_time_open_is_cut_to_the_range_and_an_open_alert_to_the_watermark() -> None:
    def hours(end: datetime, watermark: datetime) -> float:
        params = {"range_start": START, "range_end": end, "watermark": watermark}
        [row] = history().ask("summary_open", params=params).arrow().to_pylist()
        return float(row["open_s"]) / 3600

    assert hours(END, WATERMARK) == 5 + 48 + 1 + 0 + 8 + 1
    assert hours(END, END - timedelta(hours=2)) == 5 + 48 + 1 + 0 + 6 + 1
    assert hours(START + timedelta(hours=1), WATERMARK) == 1 + 1 + 1


def test_without_an_alert_nothing_was_open() -> None:
    params = {"range_start": START, "range_end": END, "watermark": WATERMARK}
    [row] = history().where(until="2020-01-01").ask("summary_open", params=params).arrow().to_pylist()
    assert row == {"open_s": 0.0}
