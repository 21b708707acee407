"""Replays beside slow twins: state machines walked one event at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.alerts import EscalationLevel, EscalationPolicy, RuleChange, evaluate, parse
from alert_analytics.analytics.escalation import EscalationReplay
from alert_analytics.analytics.replay import RuleReplay
from alert_analytics.analytics.sample_conditions import holds
from alert_analytics.engine.kernels.replay import NOBODY, fired_spans, joined_alerts, leading_alerts
from alert_analytics.history import AlertHistory

START = datetime(2025, 1, 6)
MINUTE = timedelta(minutes=1)


def naive_spans(samples: list[tuple[int, int, int, int]], hold: int) -> list[tuple[int, int]]:
    """The life of a rule, one sample after the other: (entity, time, fires, clears) to (fired, cleared)."""
    found: list[list[int]] = []
    state: dict[int, Any] = {}
    for p, (entity, time, fires, clears) in enumerate(samples):
        what, since = state.get(entity, ("quiet", None))
        if what == "firing" and clears == 1:
            found[since][1] = p
            what = "quiet"
        if what != "firing":
            if fires != 1:
                what, since = "quiet", None
            else:
                if what == "quiet":
                    what, since = "pending", time
                if time - since >= hold:
                    found.append([p, NOBODY])
                    what, since = "firing", len(found) - 1
        state[entity] = (what, since)
    return sorted((one[0], one[1]) for one in found)


SAMPLES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 6), st.sampled_from([-1, 0, 1]), st.sampled_from([-1, 0, 1])),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(SAMPLES, st.integers(0, 4))
def test_a_rule_fires_and_clears_as_a_state_machine_does(drawn: list[tuple[int, int, int, int]], hold: int) -> None:
    samples = sorted(drawn, key=lambda one: one[:2])
    columns = np.array(samples, dtype=np.int64).reshape(len(samples), 4).T
    fires, clears = columns[2].astype(np.int8), columns[3].astype(np.int8)
    fired, cleared = fired_spans(columns[0], columns[1], fires, clears, hold_us=hold)
    assert list(zip(fired.tolist(), cleared.tolist(), strict=True)) == naive_spans(samples, hold)


ALERTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 12)), max_size=25)


@settings(max_examples=100, deadline=None)
@given(ALERTS, st.integers(0, 6))
def test_an_alert_joins_the_one_last_told(drawn: list[tuple[int, int, int]], window: int) -> None:
    rows = sorted(drawn, key=lambda one: one[2])
    told: dict[int, int] = {}
    expected = []
    for p, (stream, _, time) in enumerate(rows):
        before = told.get(stream)
        if window and before is not None and time <= rows[before][2] + window:
            expected.append(before)
        else:
            told[stream] = p
            expected.append(NOBODY)
    stream, time = (np.array([one[i] for one in rows], dtype=np.int64) for i in (0, 2))
    assert joined_alerts(stream, time, n_streams=3, window_us=window).tolist() == expected


@settings(max_examples=100, deadline=None)
@given(ALERTS, st.integers(1, 6), st.lists(st.sampled_from([-1, 0, 1, 2]), min_size=3, max_size=3))
def test_a_follower_is_led_by_the_latest_of_its_leader(
    drawn: list[tuple[int, int, int]], window: int, leaders: list[int]
) -> None:
    rows = sorted(drawn, key=lambda one: (one[0], one[2]))
    scope, item, time = (np.array([one[i] for one in rows], dtype=np.int64) for i in range(3))
    found = leading_alerts(scope, item, time, leader_of=np.array(leaders), window_us=window)
    for p, (where, what, when) in enumerate(rows):
        before = [
            other[2]
            for other in rows
            if other[0] == where and other[1] == leaders[what] and when - window <= other[2] < when
        ]
        assert (found[p] != NOBODY) == bool(before)
        if before:
            assert rows[found[p]][2] == max(before)
            assert rows[found[p]][:2] == (where, leaders[what])


HAPPENED = st.lists(
    st.tuples(
        st.sampled_from(["cpu", "disk"]),
        st.sampled_from(["web", "db"]),
        st.integers(0, 40),
        st.none() | st.integers(0, 15),
        st.none() | st.integers(0, 15),
        st.sampled_from(["manual", "automatic"]),
    ),
    min_size=1,
    max_size=15,
)
Happened = list[tuple[str, str, int, int | None, int | None, str]]


def history_of(drawn: Happened) -> AlertHistory:
    """Alerts by minutes: rule, service, fired, acknowledged and resolved so long after, and how; watched until 45."""
    rows = [(*one, "") for one in drawn]
    return AlertHistory.open(
        pa.table(
            {
                "alert_id": [f"a{p:02d}" for p in range(len(rows))],
                "rule": [one[0] for one in rows],
                "service": [one[1] for one in rows],
                "fired_at": pa.array([START + one[2] * MINUTE for one in rows], pa.timestamp("us")),
                "acknowledged_at": pa.array([_after(one[2], one[3]) for one in rows], pa.timestamp("us")),
                "resolved_at": pa.array([_after(one[2], one[4]) for one in rows], pa.timestamp("us")),
                "resolution": pa.array([None if one[4] is None else one[5] for one in rows], pa.string()),
                "observed_at": pa.array([START + 60 * MINUTE] * len(rows), pa.timestamp("us")),
            }
        )
    ).as_of(START + 45 * MINUTE)


def _after(fired: int, minutes: int | None) -> datetime | None:
    return None if minutes is None else START + (fired + minutes) * MINUTE


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(HAPPENED, st.integers(0, 5), st.integers(0, 4), st.integers(0, 2))
def test_a_policy_pages_as_a_clock_does(drawn: Happened, first: int, second: int, repeat: int) -> None:
    policy = EscalationPolicy(
        (EscalationLevel(("a", "b"), first * MINUTE), EscalationLevel(("c",), second * MINUTE)), repeat, 3 * MINUTE
    )
    expected = []
    for p, (_, _, fired, acknowledged, resolved, _) in enumerate(drawn):
        at = fired
        for turn in range(repeat + 1):
            at += 3 * (turn > 0)
            for level, (delay, targets) in enumerate([(first, "ab"), (second, "c")], 1):
                at += delay
                answered = any(done is not None and fired + done <= at for done in (acknowledged, resolved))
                if not answered and at < 45:
                    expected += [(f"a{p:02d}", turn + 1, level, target, START + at * MINUTE) for target in targets]
    replay = EscalationReplay.from_alerts(history_of(drawn), policy)
    pages = replay.pages().to_pylist()
    told = [tuple(one[name] for name in ("alert_id", "round", "level", "target", "paged_at")) for one in pages]
    assert sorted(told) == sorted(expected)
    assert [one["paged_at"] for one in pages] == sorted(one["paged_at"] for one in pages)
    for place, row in enumerate(replay.table.to_pylist()):
        mine = [one for one in expected if one[1:3] == (row["round"], row["level"])]
        assert row["n_pages"] == len(mine) == replay.pages(place).num_rows
        assert row["n_alerts"] == len({one[0] for one in mine})
        parts = ("n_acknowledged", "n_resolved", "n_open", "n_escalated")
        assert row["n_alerts"] == sum(row[name] for name in parts)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(HAPPENED, st.integers(0, 6), st.integers(0, 8))
def test_a_change_saves_and_misses_as_a_loop_says(drawn: Happened, hold: int, window: int) -> None:
    if hold == window == 0:
        return
    change = RuleChange(hold=hold * MINUTE, dedup_window=window * MINUTE)
    told: dict[tuple[str, str], tuple[int, int | None, bool]] = {}
    saved, missed = {"cpu": 0, "disk": 0}, {"cpu": 0, "disk": 0}
    order = sorted(range(len(drawn)), key=lambda p: (drawn[p][2], p))
    for p in order:
        rule, service, fired, acknowledged, resolved, how = drawn[p]
        over = resolved is not None and fired + resolved < 45
        acted = (acknowledged is not None and fired + acknowledged < 45) or (over and how == "manual")
        ended = fired + resolved if over and resolved is not None else None
        if over and resolved is not None and resolved < hold:
            saved[rule] += 1
            missed[rule] += acted
            continue
        before = told.get((rule, service))
        if window and before is not None and fired - before[0] <= window:
            saved[rule] += 1
            covered = before[2] or before[1] is None or before[1] > fired
            missed[rule] += acted and not covered
            continue
        told[rule, service] = (fired, ended, acted)
    replay = RuleReplay.from_alerts(history_of(drawn), change)

    def is_seen(one: Any, place: int) -> bool:
        return one[place] is not None and one[2] + one[place] < 45

    tells = any(is_seen(one, 3) or (is_seen(one, 4) and one[5] == "manual") for one in drawn)
    for row in replay.table.to_pylist():
        mine = [one for one in drawn if one[0] == row["item"]]
        knows = tells and any(is_seen(one, 3) or is_seen(one, 4) for one in mine)
        assert row["n_saved"] == saved[row["item"]]
        assert row["n_missed"] == (missed[row["item"]] if knows or not row["n_saved"] else None)
        assert row["n_unsaid"] == (0 if tells else row["n_alerts"])


CONDITIONS = (
    "a > 3", "a > b", "not a > 3", "a > 3 and b < 2", "a > 3 or b is null", "a in (1, 2)", "a not in (1, 2)",
    "b is not null", "c = 'x'", "c != 'x' and (a = 1 or not b >= 1)", "true = false", "1 < 2",
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(0, 5) | st.just(float("nan")), st.none() | st.integers(0, 3), st.sampled_from("xy")
        ),
        min_size=1,
        max_size=10,
    )
)
@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_over_columns_is_that_of_each_row(text: str, drawn: list[tuple[Any, Any, Any]]) -> None:
    columns = {name: [one[i] for one in drawn] for i, name in enumerate("abc")}
    kinds = (pa.float64(), pa.int64(), pa.string())
    table = pa.table({name: pa.array(columns[name], kind) for name, kind in zip("abc", kinds, strict=True)})
    expected = [evaluate(parse(text), dict(zip("abc", one, strict=True))) for one in drawn]
    assert holds(parse(text), table).tolist() == [-1 if one is None else int(one) for one in expected]
