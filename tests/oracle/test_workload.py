"""Interruptions and open alerts against a clock in plain Python that goes minute by minute and asks zoneinfo."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from alert_analytics import AlertHistory, WorkloadAnalysis
from alert_analytics.analytics.workload_hours import local_us

MINUTE = timedelta(minutes=1)
ZONES: dict[str | None, str] = {"ann": "Europe/Berlin", "bob": "America/New_York", "cyd": "Australia/Lord_Howe"}
HOLIDAYS = {date(2025, 3, 31), date(2025, 10, 27)}
STRETCHES = [  # both changes of Europe and of America, and the half hour of Lord Howe Island
    (datetime(2025, 3, 7), datetime(2025, 4, 8)),
    (datetime(2025, 10, 3), datetime(2025, 11, 5)),
]


def class_of(minute: datetime, zone: ZoneInfo) -> str:
    local = minute.replace(tzinfo=UTC).astimezone(zone)
    if local.hour >= 22 or local.hour < 8:
        return "sleep"
    works = local.weekday() < 5 and local.date() not in HOLIDAYS
    return "business" if works and 8 <= local.hour < 18 else "off"


def drawn(start: datetime, end: datetime, seed: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    n, minutes = 800, int((end - start) / MINUTE)
    fired = np.sort(rng.integers(0, minutes, n))
    fired[:2], fired[-1] = 0, minutes - 1
    lasts = np.where(rng.random(n) < 0.1, 10**9, rng.geometric(1 / 90, n))
    names = rng.choice(np.array(["ann", "bob", "cyd", ""]), n)
    return [
        {
            "fired_at": start + int(t) * MINUTE,
            "resolved_at": None if t + d > minutes else start + int(t + d) * MINUTE,
            "assignee": name or None,
            "team": "red" if name in {"ann", ""} else "blue",
        }
        for t, d, name in zip(fired, lasts, names, strict=True)
    ]


def history(rows: list[dict[str, object]], end: datetime) -> AlertHistory:
    times = {name: pa.array([row[name] for row in rows], pa.timestamp("us")) for name in ("fired_at", "resolved_at")}
    names = {name: pa.array([row[name] for row in rows], pa.string()) for name in ("assignee", "team")}
    return AlertHistory.open(
        pa.table({**times, **names, "observed_at": pa.array([end] * len(rows), pa.timestamp("us"))})
    )


@pytest.mark.slow
@pytest.mark.parametrize("stretch", [0, 1])
@pytest.mark.parametrize("by", ["assignee", "team"])
def test_the_load_is_that_of_a_clock(stretch: int, by: str) -> None:
    start, end = STRETCHES[stretch]
    rows = drawn(start, end, seed=stretch)
    clocks = {name: ZoneInfo(zone) for name, zone in ZONES.items()}
    firing: dict[datetime, list[dict[str, object]]] = {}
    for row in rows:
        firing.setdefault(row["fired_at"], []).append(row)  # type: ignore[arg-type]
    wanted: dict[object, dict[str, float]] = {}
    calendar: dict[tuple[object, int, int], int] = {}
    last: dict[object, datetime] = {}
    opened: list[dict[str, object]] = []
    for row in rows:
        wanted.setdefault(row[by], {"business": 0, "off": 0, "sleep": 0, "open": 0, "busy": 0, "most": 0, "n": 0})
    minute = start
    while minute < end:
        for row in firing.get(minute, []):
            who = row["assignee"]
            wanted[row[by]]["n"] += 1
            if who is not None and (who not in last or minute - last[who] > 10 * MINUTE):
                wanted[row[by]][class_of(minute, clocks[who])] += 1  # type: ignore[index]
                local = minute.replace(tzinfo=UTC).astimezone(clocks[who])  # type: ignore[index]
                place = (row[by], local.isoweekday(), local.hour)
                calendar[place] = calendar.get(place, 0) + 1
            if who is not None:
                last[who] = minute
            opened.append(row)
        opened = [row for row in opened if row["resolved_at"] is None or row["resolved_at"] > minute]  # type: ignore[operator]
        for key, counts in wanted.items():
            n = sum(row[by] == key for row in opened)
            counts["open"] += n
            counts["busy"] += n > 0
            counts["most"] = max(counts["most"], n)
        minute += MINUTE
    found = WorkloadAnalysis.from_alerts(history(rows, end), by=by, timezone=ZONES, holidays=HOLIDAYS, suppress_below=1)
    minutes = (end - start) / MINUTE
    for row in found.table.to_pylist():
        counts = wanted.pop(row[by])
        assert row["n_alerts"] == counts["n"]
        if row[by] is not None:
            assert [row["n_business"], row["n_off"], row["n_sleep"]] == [
                counts[c] for c in ("business", "off", "sleep")
            ]
        assert row["mean_open"] == pytest.approx(counts["open"] / minutes, rel=1e-12)
        assert row["busy_share"] == pytest.approx(counts["busy"] / minutes, rel=1e-12)
        assert row["max_open"] == counts["most"]
    assert not wanted
    told = {
        (row[by], row["weekday"], row["hour"]): row["n_interruptions"]
        for row in found.calendar().to_pylist()
        if row["n_interruptions"]
    }
    assert told == calendar


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
def test_local_times_are_zoneinfo_s_through_whole_years(zone: str) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    moments = [start + i * timedelta(minutes=37) for i in range(30_000)]
    at = np.array([int(moment.timestamp()) for moment in moments], dtype=np.int64) * 1_000_000
    clock = ZoneInfo(zone)
    wanted = [moment.astimezone(clock).replace(tzinfo=UTC).timestamp() for moment in moments]
    assert (local_us(at, clock) // 1_000_000).tolist() == [int(t) for t in wanted]


def test_the_second_before_and_after_a_change() -> None:
    change = datetime(2025, 3, 30, 1, tzinfo=UTC)  # Berlin goes from 2 to 3
    at = np.array([int(change.timestamp()) - 1, int(change.timestamp())], dtype=np.int64) * 1_000_000
    local = local_us(at, ZoneInfo("Europe/Berlin")) // 1_000_000 % 86_400
    assert local.tolist() == [2 * 3600 - 1, 3 * 3600]
