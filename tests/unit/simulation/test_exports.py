"""The sample as two tools export it: read back into one store, it is the sample again, but for what was spoilt."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

import alert_analytics as aa
from alert_analytics.simulation.exports import (
    EXPORTED_SINCE,
    MONITORED,
    TICKET_HEADINGS,
    notifications,
    tickets,
)

MINUTE = timedelta(minutes=1)
FOLDER = aa.datasets.sample_path()
TICKETS = aa.sources.Tabular(
    columns={
        "fingerprint": "Ticket No", "fired_at": "Opened", "acknowledged_at": "Accepted", "resolved_at": "Resolved",
        "severity": "Priority", "service": "Service", "rule": "Alarm", "team": "Group",
    },
    timestamp_format="%d/%m/%Y %H:%M",
    timezone="Europe/Paris",
    severities={"P1": "critical", "P2": "high", "P3": "medium", "P4": "low", "VIP": "critical"},
    delimiter=";",
    name="tickets",
)  # fmt: skip
WATERMARK = datetime(2025, 12, 22)


def alert(fired_minute: float, resolved_minute: float | None, **given: Any) -> dict[str, Any]:
    since = EXPORTED_SINCE
    return {
        "fingerprint": "aa", "rule": "DiskFull", "service": "database", "team": "data", "severity": "high",
        "message": "full", "labels": {"host": "db-1", "region": "eu"}, "fired_at": since + fired_minute * MINUTE,
        "acknowledged_at": None, "resolved_at": None if resolved_minute is None else since + resolved_minute * MINUTE,
    } | given  # fmt: skip


def told(lines: list[str]) -> list[list[tuple[str, str]]]:
    """What the sound notifications say of their alerts."""
    return [
        [(one["fingerprint"], one["status"]) for one in json.loads(line)["alerts"]]
        for line in sorted(set(lines), key=lines.index)
        if line.endswith("}") and '"started"' not in line
    ]


@pytest.fixture(scope="module")
def store() -> Iterator[aa.AlertStore]:
    with aa.AlertStore.open(tenant="acme") as store:
        yield store


@pytest.fixture(scope="module")
def read(store: aa.AlertStore) -> pl.DataFrame:
    store.ingest(FOLDER / "tickets.csv", source=TICKETS)
    store.ingest(FOLDER / "alertmanager.jsonl.gz", source=aa.sources.Alertmanager(severities={"ticket": "low"}))
    return store.history().to_polars()


@pytest.fixture(scope="module")
def true() -> pl.DataFrame:
    return aa.datasets.sample().tenant("acme").where(since=EXPORTED_SINCE).to_polars()


def test_alertmanager_s_part_is_the_sample_to_the_millisecond(read: pl.DataFrame, true: pl.DataFrame) -> None:
    columns = ["fingerprint", "fired_at", "resolved_at", "rule", "service", "team", "severity", "message"]
    expected = true.filter(pl.col("service").is_in(MONITORED))
    sent = read.filter(pl.col("source") == "alertmanager")
    times = [pl.col(name).dt.truncate("1ms") for name in ("fired_at", "resolved_at")]
    order = ["fired_at", "fingerprint"]
    assert sent.select(columns).sort(order).equals(expected.select(columns).with_columns(times).sort(order))


def test_the_tickets_are_the_sample_to_the_minute(read: pl.DataFrame, true: pl.DataFrame) -> None:
    columns = ["fired_at", "acknowledged_at", "resolved_at", "rule", "service", "team", "severity"]
    times = [pl.col(name).dt.truncate("1m") for name in columns[:3]]
    filed = read.filter(pl.col("source") == "tickets").select(columns)
    expected = true.filter(~pl.col("service").is_in(MONITORED)).select(columns).with_columns(times)
    lost = Counter(expected.rows()) - Counter(filed.rows())
    assert Counter(filed.rows()) - Counter(expected.rows()) == Counter()
    assert lost.total() == 7


def test_what_was_spoilt_is_set_aside_and_nothing_else(store: aa.AlertStore, read: pl.DataFrame) -> None:
    refused = store.history().quarantine().to_pylist()
    assert read.height > 0
    assert Counter((row["source"], row["reason"].partition(":")[0]) for row in refused) == {
        ("tickets", "resolved_at precedes fired_at"): 7,
        ("alertmanager", "Invalid JSON"): 1,
        ("alertmanager", "alerts.0.startsAt"): 1,
    }


def test_some_notifications_come_twice_and_some_late() -> None:
    alerts = [alert(10 * n, 10 * n + 5, fingerprint=f"{n:02x}") for n in range(250)]
    lines = notifications(alerts, WATERMARK, seed=1)
    sound = [line for line in lines if line.endswith("}") and '"started"' not in line]
    assert 0 < len(sound) - len(set(sound)) < 20
    order = [json.loads(line)["alerts"][-1]["startsAt"] for line in dict.fromkeys(sound)]
    assert order != sorted(order)
    assert len(lines) - len(sound) == 2


def test_a_group_is_told_with_all_that_fires_and_what_has_ended_once() -> None:
    alerts = [alert(1, 30), alert(10, None, fingerprint="bb"), alert(12, 13, fingerprint="cc", rule="LinkDown")]
    groups = told(notifications(alerts, EXPORTED_SINCE + 60 * MINUTE, seed=0))
    assert sorted(groups) == sorted([
        [("aa", "firing")],
        [("aa", "firing"), ("bb", "firing")],
        [("aa", "resolved"), ("bb", "firing")],
        [("cc", "firing")],
        [("cc", "resolved")],
    ])  # fmt: skip


def test_what_fires_on_is_repeated_once_a_week_and_nothing_comes_after_the_watermark() -> None:
    lines = notifications([alert(1, None)], EXPORTED_SINCE + timedelta(days=20), seed=0)
    assert told(lines) == [[("aa", "firing")]]  # each says the same
    sound = [line for line in lines if line.endswith("}") and '"started"' not in line]
    assert len(sound) == 3


def test_tickets_are_local_times_and_words() -> None:
    open_one = alert(90, None, severity="medium", acknowledged_at=EXPORTED_SINCE + 100 * MINUTE)
    [heading, first, second] = tickets([alert(1, 1441), open_one], seed=0).splitlines()
    assert tuple(heading.split(";")) == TICKET_HEADINGS
    assert first == "T-40001;27/10/2025 01:01;;28/10/2025 01:01;P2;database;DiskFull;eu;data"
    assert second == "T-40002;27/10/2025 02:30;27/10/2025 02:40;;P3;database;DiskFull;eu;data"


def test_the_seed_alone_decides() -> None:
    alerts = [alert(10 * n, 10 * n + 5, severity="critical") for n in range(300)]
    before = random.getstate()
    assert tickets(alerts, 5) == tickets(alerts, 5) != tickets(alerts, 6)
    assert notifications(alerts, WATERMARK, 5) == notifications(alerts, WATERMARK, 5)
    assert random.getstate() == before
