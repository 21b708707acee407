"""Whom alerts interrupt: by hand, with people hidden, and for histories that say little."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import alert_analytics as aa
from alert_analytics import AlertHistory, AlertStore, WorkloadAnalysis
from alert_analytics.alerts import AlertEvent
from alert_analytics.errors import HistoryError, UnknownColumnError
from tests.events_source import told

MONDAY = datetime(2025, 3, 3)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def history(rows: list[tuple[float, str | None, str | None]], days: float = 14, **more: Any) -> AlertHistory:
    """Hours from Monday midnight, assignee and team of each alert, which lasts for half an hour."""
    fired = [MONDAY + hours * HOUR for hours, _, _ in rows]
    columns = {
        "fired_at": pa.array(fired, pa.timestamp("us")),
        "resolved_at": pa.array([t + HOUR / 2 for t in fired], pa.timestamp("us")),
        "observed_at": pa.array([MONDAY + days * DAY] * len(rows), pa.timestamp("us")),
        "assignee": pa.array([who for _, who, _ in rows], pa.string()),
        "team": pa.array([team for _, _, team in rows], pa.string()),
    }
    return AlertHistory.open(pa.table(columns | more))


HAND: list[tuple[float, str | None, str | None]] = [
    (0, "ann", "red"),  # sleep
    (8, "ann", "red"),  # business
    (8 + 10 / 60, "ann", "red"),  # ten minutes later: the same interruption
    (8 + 20 / 60, "ann", "red"),  # and still
    (8 + 31 / 60, "ann", "red"),  # eleven minutes later: another
    (8 + 31 / 60, "bob", "red"),  # somebody else
    (18, "bob", "red"),  # off
    (22, None, "red"),  # nobody known
    (5 * 24 + 9, "ann", "red"),  # Saturday: off
]


def shown(rows: list[tuple[float, str | None, str | None]] = HAND, **given: Any) -> dict[str | None, dict[str, Any]]:
    by = given.setdefault("by", "assignee")
    given.setdefault("suppress_below", 1)
    return {row[by]: row for row in WorkloadAnalysis.from_alerts(history(rows), **given).table.to_pylist()}


def test_interruptions_by_hand() -> None:
    found = shown()
    ann, bob = found["ann"], found["bob"]
    assert [ann[f"n_{name}"] for name in ("alerts", "interruptions", "business", "off", "sleep")] == [6, 4, 2, 1, 1]
    assert [bob[f"n_{name}"] for name in ("alerts", "interruptions", "business", "off", "sleep")] == [2, 2, 1, 1, 0]
    assert ann["interruptions_per_week"] == pytest.approx(2)
    assert ann["sleep_per_week"] == pytest.approx(0.5)
    assert ann["sleep_share"] == pytest.approx(0.25)
    assert found[None]["n_interruptions"] is None
    assert "names who was interrupted" in found[None]["note"]


def test_a_team_s_interruptions_are_those_of_its_people() -> None:
    red = shown(by="team")["red"]
    assert (red["n_people"], red["n_unassigned"], red["n_interruptions"]) == (2, 1, 6)
    assert "11% of the alerts name nobody" in red["note"]
    alone = shown(by="team", responder="team")["red"]
    assert alone["n_interruptions"] == 6  # 0, 8, 8:31, 18, 22, Saturday


def test_how_much_time_makes_two_interruptions_of_one() -> None:
    assert shown(together=9 * MINUTE)["ann"]["n_interruptions"] == 6
    assert shown(together=11 * MINUTE)["ann"]["n_interruptions"] == 3


def test_hours_are_the_responder_s_own() -> None:
    zones = {"ann": "Asia/Tokyo", None: "UTC"}  # 9 h later there
    found = shown(timezone=zones)
    assert [found["ann"][f"n_{name}"] for name in ("business", "off", "sleep")] == [3, 1, 0]
    assert found["bob"] == shown()["bob"]
    by_team = shown(by="team", timezone={"red": "Asia/Tokyo"})
    assert by_team["red"]["n_business"] == 4


def test_holidays_and_other_hours() -> None:
    assert shown(holidays=["2025-03-03"])["ann"]["n_business"] == 0
    assert shown(holidays=[date(2025, 3, 4), datetime(2025, 3, 8)])["ann"]["n_business"] == 2
    night = shown(business=(22, 6), sleep=(8, 9))["ann"]
    assert [night[f"n_{name}"] for name in ("business", "off", "sleep")] == [1, 1, 2]


def test_open_at_once_and_how_they_are_handed_on() -> None:
    more = {"reassignments": pa.array([2, None, 1, *[0] * 6]), "escalations": pa.array([None] * 9, pa.int64())}
    found = WorkloadAnalysis.from_alerts(history(HAND, **more), by="team", suppress_below=1).table.to_pylist()[0]
    assert (found["n_reassignments"], found["n_escalations"]) == (3, None)
    assert found["max_open"] == 4  # at 8:31
    assert found["mean_open"] == pytest.approx(9 * 0.5 / (14 * 24))
    union = 4 * 0.5 + (61 / 60)  # four by themselves, one stretch from 8:00 to 9:01
    assert found["busy_share"] == pytest.approx(union / (14 * 24))


def test_open_alerts_over_time() -> None:
    found = WorkloadAnalysis.from_alerts(history(HAND), by="team", suppress_below=1).open_over_time(HOUR / 2)
    rows = found.to_pylist()
    assert len(rows) == 14 * 48
    at_eight = rows[16]
    assert at_eight["bucket_start"] == MONDAY + 8 * HOUR
    assert at_eight["mean_open"] == pytest.approx(1 + 20 / 30 + 10 / 30)
    assert at_eight["most_open"] == 3
    assert sum(row["mean_open"] for row in rows) == pytest.approx(9)
    with pytest.raises(HistoryError, match="length of time"):
        WorkloadAnalysis.from_alerts(history(HAND)).open_over_time(timedelta(0))


def test_by_the_hour_and_over_the_week() -> None:
    acknowledged = pa.array([MONDAY + (hours + 0.1) * HOUR if hours < 9 else None for hours, _, _ in HAND])
    load = WorkloadAnalysis.from_alerts(history(HAND, acknowledged_at=acknowledged), by="team", suppress_below=1)
    hours = {row["hour"]: row for row in load.by_hour().to_pylist()}
    assert set(hours) == {0, 8, 9, 18}  # not 22, which names nobody
    assert (hours[8]["n_alerts"], hours[8]["n_interruptions"], hours[8]["n_acknowledged"]) == (5, 3, 5)
    assert hours[8]["acknowledge_median_s"] == pytest.approx(360)
    assert hours[18]["acknowledge_median_s"] is None
    week = {(row["weekday"], row["hour"]): row["n_interruptions"] for row in load.calendar().to_pylist()}
    assert len(week) == 168
    assert {place: n for place, n in week.items() if n} == {(1, 0): 1, (1, 8): 3, (1, 18): 1, (6, 9): 1}


# -- who is shown -----------------------------------------------------------------------------------------------------


def crowd(sizes: dict[str | None, int]) -> list[tuple[float, str | None, str | None]]:
    return [(9 + i + 24 * day, f"{team}{i}", team) for team, n in sizes.items() for i in range(n) for day in range(12)]


def test_persons_are_not_shown_unless_asked() -> None:
    found = WorkloadAnalysis.from_alerts(history(crowd({"red": 6})), by="assignee")
    [row] = found.table.to_pylist()
    assert (row["assignee"], row["n_people"], row["n_alerts"]) == ("(suppressed)", 6, 72)
    assert "6 groups of too few people" in row["note"]
    assert "6 groups of fewer than 5 people are shown as one row" in found.sentence
    assert "red0" not in f"{found}{found.by_hour()}{found.calendar()}{found.estimates()}"
    with pytest.raises(HistoryError, match="fewer than 5 people"):
        found.alerts(0)
    asked = WorkloadAnalysis.from_alerts(history(crowd({"red": 6})), by="assignee", suppress_below=1)
    assert sorted(row["assignee"] for row in asked.table.to_pylist()) == [f"red{i}" for i in range(6)]
    assert asked.alerts(0).n_alerts == 12


def test_small_teams_are_put_together_and_together_they_may_be_enough() -> None:
    found = WorkloadAnalysis.from_alerts(history(crowd({"red": 5, "blue": 3, "green": 2, "grey": 4})), by="team")
    rows = found.table.to_pylist()
    assert [row["team"] for row in rows] == ["red", "(suppressed)"]
    assert rows[1]["n_people"] == 9
    assert rows[1]["n_interruptions"] == 9 * 12
    assert found.alerts(0).n_alerts == 60


@pytest.mark.parametrize("by", ["team", "assignee"])
def test_where_even_together_they_are_too_few_nothing_of_them_is_shown(by: str) -> None:
    rows = [*crowd({"blue": 4}), (3.0, None, None)]
    found = WorkloadAnalysis.from_alerts(history(rows), by=by)
    pooled = found.table.to_pylist()[-1]
    assert {name for name, value in pooled.items() if value is not None} == {by, "note"}
    assert pooled["note"].endswith("so nothing is shown")
    for view in (found.by_hour(), found.calendar(), found.open_over_time()):
        assert "(suppressed)" not in view[by].to_pylist()
    assert all("(suppressed)" not in one.key for one in found.estimates())
    assert "blue" not in str(found)


def test_nothing_shown_is_said() -> None:
    found = WorkloadAnalysis.from_alerts(history(crowd({"blue": 4})), by="team")
    said = "Too few people to show anybody's load: 1 group of fewer than 5 people is hidden, (suppressed); supp"
    assert found.sentence.startswith(said)
    assert found.week()["n_interruptions"].to_pylist() == [0] * 168
    assert found.by_hour().num_rows == found.calendar().num_rows == found.open_over_time().num_rows == 0


def test_all_in_one_row_is_one_row() -> None:
    found = WorkloadAnalysis.from_alerts(history(crowd({"red": 5})), by=None)
    assert found.table.num_rows == 1
    assert found.sentence.startswith("5 responders interrupted")
    assert found.alerts().n_alerts == 60


def test_most_interruptions_come_first_and_numbers_follow() -> None:
    found = WorkloadAnalysis.from_alerts(
        aa.datasets.sample(), by=["team", "severity"], timezone="Europe/Berlin", suppress_below=1
    )
    rows = found.table.to_pylist()
    n = [row["n_interruptions"] for row in rows if row["n_interruptions"] is not None]
    assert n == sorted(n, reverse=True)
    for name in ("interruptions_per_week", "sleep_share"):
        told = [one.value for one in found.estimates() if one.name == name]
        assert told == [row[name] for row in rows]
    week = {}
    for row in found.calendar().to_pylist():
        key = row["team"], row["severity"]
        week[key] = week.get(key, 0) + row["n_interruptions"]
    assert week == {(row["team"], row["severity"]): row["n_interruptions"] or 0 for row in rows}
    assert "is interrupted most" in found.sentence


# -- handed on --------------------------------------------------------------------------------------------------------


def event(kind: str, hours: float, **said: Any) -> AlertEvent:
    return AlertEvent(kind, said.pop("fingerprint", "f"), MONDAY + hours * HOUR, **said)


HANDED = [
    event("fire", 1, assignee="ann", team="red"),
    event("reassign", 2, assignee="bob"),
    event("change", 2.5),
    event("escalate", 3, assignee="cyd", team="blue"),
    event("reassign", 4, assignee="bob"),
    event("resolve", 5),
    event("fire", 6, assignee="bob"),  # another alert: not handed on from bob
    event("reassign", 6.5, assignee="cyd"),
    event("fire", 1, fingerprint="g"),
    event("escalate", 2, fingerprint="g"),
    event("escalate", 3, fingerprint="g", assignee="ann"),
    event("escalate", 4, fingerprint="g", assignee="ann"),
]


@pytest.fixture
def store() -> Iterator[AlertStore]:
    with told(HANDED) as store:
        yield store


def ways(found: pa.Table) -> dict[tuple[str | None, str | None, str], int]:
    return {(row["from_whom"], row["to_whom"], row["kind"]): row["n_handed"] for row in found.to_pylist()}


def test_ways_of_alerts_from_the_log(store: AlertStore) -> None:
    load = WorkloadAnalysis.from_alerts(store, by="assignee", suppress_below=1)
    assert ways(load.paths()) == {
        ("ann", "bob", "reassign"): 1,
        ("bob", "cyd", "escalate"): 1,
        ("cyd", "bob", "reassign"): 1,
        ("bob", "cyd", "reassign"): 1,
        (None, None, "escalate"): 1,
        (None, "ann", "escalate"): 1,
        ("ann", "ann", "escalate"): 1,
    }
    [way] = [row for row in load.paths().to_pylist() if row["from_whom"] == "ann" and row["to_whom"] == "bob"]
    assert way["median_s"] == 3600
    by_team = WorkloadAnalysis.from_alerts(store, by="team", suppress_below=1)
    assert ways(by_team.paths())["red", "blue", "escalate"] == 1


def test_ways_as_of_a_moment_know_nothing_later(store: AlertStore) -> None:
    early = store.history().as_of(MONDAY + 2.9 * HOUR)
    found = ways(WorkloadAnalysis.from_alerts(early, by="assignee", suppress_below=1).paths())
    assert found == {("ann", "bob", "reassign"): 1, (None, None, "escalate"): 1}


def test_ways_of_few_people_are_not_shown(store: AlertStore) -> None:
    assert WorkloadAnalysis.from_alerts(store, by="assignee").paths().num_rows == 1  # nobody to nobody
    pooled = ways(WorkloadAnalysis.from_alerts(store, by="assignee", suppress_below=2).paths())
    assert pooled["(suppressed)", "(suppressed)", "reassign"] == 3
    assert not {"ann", "bob", "cyd"} & {end for way in pooled for end in way}


def test_ways_are_a_tenant_s_own() -> None:
    batch = [one._replace(tenant_id=tenant) for tenant in ("a", "b") for one in HANDED]
    with told(batch) as store:
        load = WorkloadAnalysis.from_alerts(store.history().tenant("a"), by="assignee", suppress_below=1)
        assert ways(load.paths())["ann", "bob", "reassign"] == 1


def test_ways_need_a_store_and_people_or_teams(store: AlertStore) -> None:
    with pytest.raises(HistoryError, match="not the events"):
        WorkloadAnalysis.from_alerts(history(HAND), by="team").paths()
    with pytest.raises(HistoryError, match="by service"):
        WorkloadAnalysis.from_alerts(store, by="service").paths()


# -- histories that say little, and arguments that make no sense ------------------------------------------------------


@pytest.mark.parametrize("by", ["team", "assignee", None])
def test_without_an_alert_there_is_a_sentence(by: str | None) -> None:
    found = WorkloadAnalysis.from_alerts(history(HAND).where(until="2020-01-01"), by=by)
    assert found.sentence == "There is no alert in this history, so it interrupted nobody."
    for view in (found.table, found.by_hour(), found.calendar(), found.open_over_time()):
        assert not found.estimates()
        assert view.num_rows == 0


def test_one_alert_and_a_span_of_zero() -> None:
    still = {"resolved_at": pa.array([None], pa.timestamp("us"))}
    found = WorkloadAnalysis.from_alerts(history([(1, "ann", "red")], days=1 / 24, **still), suppress_below=1)
    [row] = found.table.to_pylist()
    assert (row["n_interruptions"], row["n_sleep"]) == (1, 1)
    assert [row[name] for name in ("interruptions_per_week", "mean_open", "busy_share")] == [None] * 3
    assert "spans no time" in row["note"]
    assert found.open_over_time().num_rows == 0
    assert found.sentence.startswith("1 responder interrupted 1 time in a span of no length")


def test_few_days_have_no_interval() -> None:
    [row] = shown([(1, "ann", "red"), (90, "ann", "red")], by="team").values()
    assert row["interruptions_per_week"] is not None
    assert row["interruptions_per_week_low"] is None
    assert "too few days" in row["note"]


def test_nobody_named() -> None:
    found = WorkloadAnalysis.from_alerts(history([(t, None, "red") for t in range(40)]), by="team")
    [row] = found.table.to_pylist()
    assert (row["n_people"], row["n_alerts"], row["n_interruptions"], row["max_open"]) == (0, 40, None, 1)
    assert "none is known to have interrupted anybody" in found.sentence
    assert found.by_hour().num_rows == 0
    named = WorkloadAnalysis.from_alerts(history([(t, None, "red") for t in range(40)]), by="team", responder="team")
    assert named.table.to_pylist()[0]["n_interruptions"] == 40


def test_nothing_resolved_and_nothing_acknowledged() -> None:
    still = {"resolved_at": pa.array([None] * 9, pa.timestamp("us"))}
    [row] = WorkloadAnalysis.from_alerts(history(HAND, **still), by=None, suppress_below=1).table.to_pylist()
    assert row["max_open"] == 9
    assert row["acknowledge_median_s"] is None


@pytest.mark.slow
def test_very_many_groups_take_time_in_proportion() -> None:
    n = 60_000
    fired = np.datetime64(MONDAY, "us") + np.arange(n) * np.timedelta64(1, "s")
    names = pa.array(np.arange(n)).cast(pa.string())
    table = pa.table({"rule": names, "assignee": names, "fired_at": fired, "resolved_at": fired})
    found = WorkloadAnalysis.from_alerts(table, by="rule", suppress_below=1)
    assert found.table.num_rows == n


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"together": 10}, "length of time"),
        ({"suppress_below": 0}, "number of people"),
        ({"suppress_below": 2.5}, "number of people"),
        ({"level": 0}, "level"),
        ({"timezone": "Europe/Atlantis"}, "no time zone"),
        ({"timezone": {"ann": "Mars", None: "UTC"}}, "no time zone"),
        ({"timezone": {"ann": "UTC"}}, "no zone for 1 of 2 responders"),
        ({"business": (8, 25)}, "two hours of the day"),
        ({"sleep": (22,)}, "two hours of the day"),
        ({"business": 8}, "two hours each"),
        ({"holidays": ["Christmas"]}, "no date"),
        ({"by": "n_people"}, "columns of its own"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        WorkloadAnalysis.from_alerts(history(HAND), **given)


@pytest.mark.parametrize("given", [{"by": "nothing"}, {"responder": "nothing"}])
def test_an_unknown_name_is_said(given: dict[str, str]) -> None:
    with pytest.raises(UnknownColumnError, match="nothing"):
        WorkloadAnalysis.from_alerts(history(HAND), **given)
