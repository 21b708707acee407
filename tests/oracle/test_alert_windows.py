"""Alert windows against a twin that loops over alerts and buckets and computes every feature from its definition."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alert_analytics.windows import Windows, alert_windows

EPOCH = datetime(1970, 1, 1)
RANK = {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}
EVERY = [timedelta(minutes=15), timedelta(minutes=50), timedelta(hours=1), timedelta(hours=7), timedelta(days=1)]
# Evenings before the clocks change in Berlin (and half a day after they do on Lord Howe), and one without change.
STARTS = [datetime(2025, 3, 29, 20), datetime(2025, 10, 25, 20), datetime(1969, 12, 31, 20)]
ZONES = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"]


@dataclass(frozen=True)
class Row:
    """An alert: times in eighths of a bucket after the start."""

    service: str | None
    rule: str
    severity: str | None
    fired: int
    lasted: int | None


@dataclass(frozen=True)
class One:
    """An alert in its series."""

    key: tuple[str | None, ...]
    rule: str
    severity: str | None
    fired_at: datetime
    resolved_at: datetime | None


ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from(["db", "web", None]),
        st.sampled_from(["cpu", "disk"]),
        st.sampled_from([*RANK, None]),
        st.integers(0, 280),
        st.none() | st.integers(0, 60),
    ),
    min_size=1,
    max_size=14,
)


def table(alerts: list[One]) -> pa.Table:
    times = pa.timestamp("us")
    return pa.table(
        {
            "service": pa.array([one.key[0] for one in alerts], pa.string()),
            "rule": pa.array([one.rule for one in alerts], pa.string()),
            "severity": pa.array([one.severity for one in alerts], pa.string()),
            "fired_at": pa.array([one.fired_at for one in alerts], times),
            "resolved_at": pa.array([one.resolved_at for one in alerts], times),
        }
    )


def timed(rows: list[Row], start: datetime, every: timedelta) -> list[One]:
    unit = every / 8
    return [
        One(
            (row.service, row.rule),
            row.rule,
            row.severity,
            start + row.fired * unit,
            None if row.lasted is None else start + (row.fired + row.lasted) * unit,
        )
        for row in rows
    ]


def local(moment: datetime, zone: str) -> tuple[float, float, int]:
    """Seconds into the day and into the week on the wall clock, and the hour of the week."""
    there = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    into_day = there.hour * 3600 + there.minute * 60 + there.second + there.microsecond / 1e6
    return into_day, there.weekday() * 86_400 + into_day, there.weekday() * 24 + there.hour


def buckets(alerts: list[One], every: timedelta) -> Iterator[datetime]:
    """Starts of the buckets that lie whole between the first alert and the last thing known."""
    first = min(one.fired_at for one in alerts)
    last = max(t for one in alerts for t in (one.fired_at, one.resolved_at) if t is not None)
    k = (first - EPOCH) // every
    while EPOCH + (k + 1) * every <= last:
        if EPOCH + k * every >= first:
            yield EPOCH + k * every
        k += 1


def described(
    start: datetime, every: timedelta, mine: list[One], earlier: list[datetime], zone: str
) -> dict[str, float]:
    """Every feature of one bucket of one series."""
    end = start + every

    def n_fired(begin: datetime) -> int:
        return sum(begin <= one.fired_at < begin + every for one in mine)

    now = [one for one in mine if start <= one.fired_at < end]
    ranks = [RANK[one.severity] for one in now if one.severity is not None]
    day, week, _ = local(start + every / 2, zone)
    same = [n_fired(b) for b in earlier if local(b, zone)[2] == local(start, zone)[2]]
    excess = math.nan
    if earlier:
        mean = sum(n_fired(b) for b in earlier) / len(earlier)
        expected = (sum(same) + mean) / (len(same) + 1)
        excess = 2 * (math.sqrt(len(now) + 3 / 8) - math.sqrt(expected + 3 / 8))
    return {
        "n_alerts": len(now),
        "n_rules": len({one.rule for one in now}),
        "n_high": sum(one.severity == "high" for one in now),
        "n_critical": sum(one.severity == "critical" for one in now),
        "mean_severity": sum(ranks) / len(ranks) if ranks else math.nan,
        "n_open": sum(
            end - timedelta(days=7) <= one.fired_at < end
            and not (one.resolved_at is not None and one.resolved_at < end)
            for one in mine
        ),
        "n_resolved": sum(one.resolved_at is not None and start <= one.resolved_at < end for one in mine),
        "hour_sin": math.sin(2 * math.pi * day / 86_400),
        "hour_cos": math.cos(2 * math.pi * day / 86_400),
        "week_sin": math.sin(2 * math.pi * week / 604_800),
        "week_cos": math.cos(2 * math.pi * week / 604_800),
        "excess": excess,
        "since_last_s": (end - max(one.fired_at for one in mine if one.fired_at < end)).total_seconds(),
    }


def naive(
    alerts: list[One], every: timedelta, by: list[str], length: int, zone: str
) -> list[tuple[str, datetime, list[float]]]:
    place = {"service": 0, "rule": 1}
    series: dict[str, list[One]] = {}
    for one in alerts:
        name = " / ".join(one.key[place[column]] or "(none)" for column in by) or "all"
        series.setdefault(name, []).append(one)
    found: list[tuple[str, datetime, list[float]]] = []
    for name, mine in sorted(series.items()):
        begun = [b for b in buckets(alerts, every) if min(one.fired_at for one in mine) < b + every]
        rows = [list(described(b, every, mine, begun[:i], zone).values()) for i, b in enumerate(begun)]
        found += [
            (name, begun[i] + every, [value for row in rows[i - length + 1 : i + 1] for value in row])
            for i in range(length - 1, len(begun))
        ]
    return found


def same(windows: Windows, expected: list[tuple[str, datetime, list[float]]]) -> None:
    assert windows.entity.tolist() == [name for name, _, _ in expected]
    assert windows.window_end.tolist() == [end for _, end, _ in expected]
    twin = np.array([values for _, _, values in expected], dtype=np.float32).reshape(windows.features.shape)
    np.testing.assert_allclose(windows.features, twin, rtol=1e-6, atol=1e-7)


@settings(deadline=None, max_examples=25)
@given(
    rows=ROWS,
    start=st.sampled_from(STARTS),
    every=st.sampled_from(EVERY),
    by=st.sampled_from([[], ["service"], ["service", "rule"]]),
    length=st.integers(1, 3),
    zone=st.sampled_from(ZONES),
)
# Before 1970, in a bucket in which an alert is resolved and none fires.
@example([Row("db", "cpu", "low", 0, 20), Row("db", "cpu", "low", 40, 0)], STARTS[2], timedelta(hours=1), [], 1, "UTC")
def test_every_feature_is_what_its_definition_gives(
    rows: list[Row], start: datetime, every: timedelta, by: list[str], length: int, zone: str
) -> None:
    alerts = timed(rows, start, every)
    same(alert_windows(table(alerts), every, by, length, zone), naive(alerts, every, by, length, zone))


def test_two_weeks_of_hours_across_the_end_of_summer_time() -> None:
    """So long that hours of the week come again, and one of them twice in a night."""
    rng = np.random.default_rng(5)
    rows = [
        Row(str(rng.choice(["db", "web"])), "cpu", "low", int(rng.integers(8 * 24 * 15)), int(rng.integers(50)))
        for _ in range(60)
    ]
    alerts = timed(rows, datetime(2025, 10, 20), timedelta(hours=1))
    windows = alert_windows(table(alerts), timedelta(hours=1), "service", timezone="Europe/Berlin")
    same(windows, naive(alerts, timedelta(hours=1), ["service"], 1, "Europe/Berlin"))
    assert len(windows) > 600
