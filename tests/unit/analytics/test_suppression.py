"""Nobody's behaviour is told by a row, an hour, a cell of the week or a way of fewer than five people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from alert_analytics import AlertHistory, WorkloadAnalysis
from alert_analytics.alerts import AlertEvent
from alert_analytics.analytics.suppression import people_of, pool
from alert_analytics.errors import HistoryError
from tests.events_source import told

MONDAY = datetime(2025, 3, 3)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Row = tuple[float, str | None, str | None, str | None]


def history(rows: list[Row]) -> AlertHistory:
    """Hours from Monday midnight, assignee, team and the one on call; acknowledged after six minutes."""
    fired = [MONDAY + hours * HOUR for hours, *_ in rows]
    times = {
        "fired_at": fired,
        "acknowledged_at": [t + HOUR / 10 for t in fired],
        "resolved_at": [t + HOUR / 2 for t in fired],
        "observed_at": [MONDAY + 28 * DAY] * len(rows),
    }
    names = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(NAMES, start=1)}
    return AlertHistory.open(pa.table({k: pa.array(v, pa.timestamp("us")) for k, v in times.items()} | names))


NAMES = ("assignee", "team", "on_call")


def crowd(sizes: dict[str, int], hours: tuple[float, ...] = (9,), days: int = 10) -> list[Row]:
    return [
        (hour + 24 * day + i / 60, f"{team}{i}", team, None)
        for team, n in sizes.items()
        for i in range(n)
        for day in range(days)
        for hour in hours
    ]


def load(rows: list[Row], **given: Any) -> WorkloadAnalysis:
    return WorkloadAnalysis.from_alerts(history(rows), **{"by": "team"} | given)


# -- whom an alert names ----------------------------------------------------------------------------------------------


def test_people_are_those_of_the_column_that_says_whom_alerts_interrupt() -> None:
    alone = [(9.0 + 24 * day, None, "red", "ann") for day in range(9)]
    found = load(alone, responder="on_call")
    assert "hidden" in found.sentence
    assert found.table.to_pylist()[0]["n_interruptions"] is None
    assert found.by_hour().num_rows == found.calendar().num_rows == 0
    many_hands = [(9.0 + 24 * day, f"desk{day}", "red", "ann") for day in range(9)]
    assert load(many_hands, responder="on_call").table.to_pylist()[0]["n_alerts"] is None
    many_called = [(9.0 + 24 * day, "desk", "red", f"ann{day}") for day in range(9)]
    assert load(many_called, responder="on_call").table.to_pylist()[0]["n_alerts"] is None
    both = [(9.0 + 24 * day, f"desk{day}", "red", f"ann{day % 6}") for day in range(12)]
    assert load(both, responder="on_call").table.to_pylist()[0]["n_people"] == 6


def test_teams_are_not_people() -> None:
    rows = [(9.0 + 24 * day, None, "red", None) for day in range(9)]
    assert load(rows, responder="team").table.to_pylist()[0]["n_interruptions"] == 9
    assert load(crowd({"red": 6}), responder="team").table.to_pylist()[0]["n_people"] == 6


# -- no total less the rest gives it away -----------------------------------------------------------------------------


def test_a_single_small_group_is_not_the_total_less_the_others() -> None:
    rows = crowd({"red": 9, "green": 6, "blue": 2})
    found = load(rows)
    shown = found.table.to_pylist()
    assert [(row["team"], row["n_people"]) for row in shown] == [("red", 9), ("(suppressed)", 8)]
    total = load(rows, by=None).table.to_pylist()[0]["n_interruptions"]
    assert total - shown[0]["n_interruptions"] == 8 * 10  # two groups, eight people
    assert (
        "1 group of fewer than 5 people and the next smallest, lest a total give it away, are shown" in found.sentence
    )
    assert "1 group of too few people, and the next smallest" in shown[1]["note"]
    with pytest.raises(HistoryError, match="fewer than 5 people"):
        found.alerts(1)


def test_small_groups_that_are_too_few_together_are_shown_with_one_more() -> None:
    found = load(crowd({"red": 9, "green": 2, "blue": 2}))
    assert [(row["team"], row["n_people"]) for row in found.table.to_pylist()] == [("(suppressed)", 13)]
    assert "2 groups of fewer than 5 people and the next smallest" in found.sentence


def test_enough_together_draw_in_nobody_else() -> None:
    found = load(crowd({"red": 9, "green": 3, "blue": 3}))
    assert [(row["team"], row["n_people"]) for row in found.table.to_pylist()] == [("red", 9), ("(suppressed)", 6)]
    assert "2 groups of fewer than 5 people are shown as one row" in found.sentence


def test_groups_are_put_together_as_a_double_loop_would() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        n_groups, below = int(rng.integers(1, 6)), int(rng.integers(1, 6))
        group = rng.integers(0, n_groups, 30)
        people = [rng.integers(-1, 9, 30), np.where(rng.random(30) < 0.5, -1, rng.integers(0, 4, 30))]

        def fewest(groups: set[int], group: Any = group, people: Any = people) -> int:
            named = [{c for g, c in zip(group, codes, strict=True) if g in groups and c >= 0} for codes in people]
            return min((len(one) for one in named if one), default=0)

        assert people_of(group, people, n_groups).tolist() == [fewest({g}) for g in range(n_groups)]
        found = pool(group, people, n_groups, below)
        put = set(np.flatnonzero(found.is_pooled).tolist())
        small = {g for g in range(n_groups) if 0 < fewest({g}) < below}
        assert small <= put
        assert found.n_small == len(small)
        assert len(put - small) <= 1
        if put and not found.is_hidden:
            assert fewest(put) >= below
        if len(put) == 1:  # there is no other group of people
            assert all(fewest({g}) == 0 for g in range(n_groups) if g not in put)


# -- hours, cells and ways --------------------------------------------------------------------------------------------


def test_an_hour_of_one_person_is_not_shown() -> None:
    rows = [*crowd({"red": 6}, hours=(9, 14)), *[(3.0 + 24 * day, "red0", "red", None) for day in range(5)]]
    found = load(rows).by_hour().to_pylist()
    assert [row["hour"] for row in found] == [14, None]  # 3 o'clock, and 9 lest the total give it away
    assert found[1]["n_alerts"] == 5 + 60
    assert found[1]["note"] == "2 hours put together, for there are hours of fewer than 5 people"
    assert sum(row["n_alerts"] for row in found) == len(rows)
    assert found[1]["acknowledge_median_s"] == pytest.approx(360)
    assert [row["hour"] for row in load(rows, suppress_below=1).by_hour().to_pylist()] == [3, 9, 14]
    cells = load(rows).calendar().to_pylist()
    assert {row["hour"] for row in cells if row["n_interruptions"] is None} == {3, 9}
    assert not any(row["n_interruptions"] for row in cells if row["hour"] == 9)  # their sum would be the hour's


def test_where_the_hours_of_few_are_all_there_is_they_are_hidden() -> None:
    rows = [(3.0, "ann", "red", "ann"), *[(9.0 + 24 * i, f"desk{i}", "red", None) for i in range(9)]]
    rows += [(9.0 + 24 * i, None, "red", f"on{i}") for i in range(6)]  # desks and hands on call do not meet
    [row] = load([*rows, (4.0, "bob", "red", "bob")], responder="on_call").by_hour().to_pylist()[-1:]
    assert row["hour"] is None
    assert row["n_alerts"] is None
    assert row["note"].endswith("fewer together, so nothing is shown")


def test_a_cell_of_the_week_of_one_person_is_not_shown() -> None:
    rows = crowd({"red": 6}, hours=(9, 14), days=14)
    rows += [(9.0 - 0.5 + 24 * 2, "red0", "red", None), (3.0, "red0", "red", None)]
    rows += [(9.75 + 24 * 5, "red1", "red", None)]
    cells = {(row["weekday"], row["hour"]): row["n_interruptions"] for row in load(rows).calendar().to_pylist()}
    assert cells[1, 3] is cells[3, 8] is None
    assert cells[1, 14] == 12
    assert cells[1, 4] == 0
    hidden = [place for place, n in cells.items() if n is None]
    assert len(hidden) > 1
    asked = load(rows, suppress_below=1).calendar().to_pylist()
    by_place = {(row["weekday"], row["hour"]): row["n_interruptions"] for row in asked}
    assert all(by_place[place] for place in hidden)
    assert {place: n for place, n in by_place.items() if place not in hidden} == {
        place: n for place, n in cells.items() if n is not None
    }


def test_a_single_cell_of_few_takes_another_of_its_hour() -> None:
    rows = [row for row in crowd({"red": 6}, days=7) if not (row[0] // 24 == 2 and row[1] != "red0")]
    nulls = [row["weekday"] for row in load(rows).calendar().to_pylist() if row["n_interruptions"] is None]
    assert nulls == [1, 3]
    with_blue = load([*rows, *crowd({"blue": 6}, days=7)])
    week = {(row["weekday"], row["hour"]): row["n_interruptions"] for row in with_blue.week().to_pylist()}
    assert [day for day in range(1, 8) if week[day, 9] is None] == [1, 3]  # less blue's, they would be red's


def test_the_week_of_all_hides_what_one_group_hides() -> None:
    rows = [*crowd({"red": 6, "blue": 6}), *[(3.0 + i / 9, f"red{i}", "red", None) for i in range(6)]]
    rows += [(3.5, "blue0", "blue", None)]
    week = {(row["weekday"], row["hour"]): row["n_interruptions"] for row in load(rows).week().to_pylist()}
    assert week[1, 3] is None  # red shows its six there, so that blue's one would follow
    both = [*rows, *[(3.0 + 24 * 7 + i / 9, f"blue{i}", "blue", None) for i in range(6)]]
    assert load(both, suppress_below=1).week()["n_interruptions"].to_pylist().count(None) == 0
    for n_each, shown in ((3, 6), (2, None)):  # where each hides three, six together tell of nobody
        few = [(3.0 + i / 3, f"{team}{i}", team, None) for team in ("red", "blue") for i in range(n_each)]
        week = load([*crowd({"red": 6, "blue": 6}), *few]).week().to_pylist()
        assert [row["n_interruptions"] for row in week if (row["weekday"], row["hour"]) == (1, 3)] == [shown]


def test_a_way_of_one_person_is_not_shown() -> None:
    def event(kind: str, hours: float, alert: str, **said: Any) -> AlertEvent:
        return AlertEvent(kind, alert, MONDAY + hours * HOUR, **said)

    log = []
    for i in range(6):
        log += [
            event("fire", 1, f"r{i}", assignee=f"red{i}", team="red"),
            event("escalate", 2, f"r{i}", assignee=f"blue{i}", team="blue"),
            event("fire", 1, f"b{i}", assignee=f"blue{i}", team="blue"),
            event("fire", 1, f"s{i}", assignee=f"red{i}", team="red"),
        ]
    # A team of one whose alerts all went on to blue: no alert is left that names it.
    log += [
        event("fire", 3, "x", assignee="ann", team="solo"),
        event("escalate", 4, "x", assignee="blue1", team="blue"),
    ]
    # And one of blue's hands back to red.
    log += [
        event("fire", 5, "y", assignee="blue0", team="blue"),
        event("reassign", 6, "y", assignee="red0", team="red"),
    ]
    with told(log) as store:
        found = WorkloadAnalysis.from_alerts(store, by="team").paths().to_pylist()
        asked = WorkloadAnalysis.from_alerts(store, by="team", suppress_below=1).paths().to_pylist()
    ways = {(row["from_whom"], row["to_whom"], row["kind"]): row["n_handed"] for row in found}
    assert ways == {("(suppressed)", "(suppressed)", None): 8}  # two ways of two people, and the next
    assert "solo" not in str(found)
    assert {(row["from_whom"], row["to_whom"]) for row in asked} == {("red", "blue"), ("solo", "blue"), ("blue", "red")}
