"""The fold of events to alerts against a slow twin that is written to be read, on random timelines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.engine.kernels.folding import CODES, NEVER, Folded, fold


class Told(NamedTuple):
    """One event; times are whole numbers."""

    kind: str
    happened: int
    observed: int
    claimed: int | None = None


@dataclass
class Alert:
    """What is known of an alert."""

    fired: int
    latest_claim: int
    ended_before: int | None
    resolved: int | None = None
    acknowledged: int | None = None
    occurrences: int = 1
    reopens: int = 0
    suppressed: bool = False
    by_row: bool = False

    @property
    def is_open(self) -> bool:
        return self.resolved is None


class SlowTimeline:
    """One timeline, event after event, as the rules are worded in the kernel's notes."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.current: Alert | None = None
        self.met: dict[int, Alert] = {}

    def take(self, event: Told) -> Alert | None:
        if event.kind == "fire":
            return self.fire(event)
        if event.kind == "row_fire":
            return self.row(event)
        if event.kind in {"resolve", "row_resolve"}:
            return self.end(event)
        if event.kind == "row_acknowledge":
            alert = self.of_row(event)
        else:
            alert = self.begun_at(event.claimed) or self.meant_at(event.happened)
        if alert is not None:
            self.change(alert, event)
        return alert

    def begun_at(self, start: int | None) -> Alert | None:
        found = [alert for alert in self.alerts if start is not None and alert.fired == start]
        return found[-1] if found else None

    def of_row(self, event: Told) -> Alert | None:
        assert event.claimed is not None
        return self.begun_at(event.claimed) or self.met.get(event.claimed)

    def meant_at(self, time: int) -> Alert | None:
        if self.current is None or self.current.fired <= time:
            return self.current
        begun = [alert for alert in self.alerts[::-1] if alert.fired <= time]
        return max(begun, key=lambda alert: alert.fired, default=None)

    @property
    def last_end(self) -> int | None:
        return max((alert.resolved for alert in self.alerts if alert.resolved is not None), default=None)

    def begin(self, start: int, claim: int, *, by_row: bool = False) -> Alert:
        alert = Alert(start, claim, self.last_end, by_row=by_row)
        self.alerts.append(alert)
        return alert

    def tell_again(self, alert: Alert, start: int) -> Alert:
        if start > alert.latest_claim:
            alert.occurrences += 1
            alert.latest_claim = start
        elif start < alert.fired and not alert.by_row and (alert.ended_before is None or start > alert.ended_before):
            alert.fired = start
        return alert

    def fire(self, event: Told) -> Alert:
        known = self.current
        if known is not None and known.is_open:
            return self.tell_again(known, event.happened)
        start, last_end = event.happened, self.last_end
        if known is not None:
            if last_end is not None and (start < last_end or start == known.fired):
                start = max(event.observed, last_end)
            same = self.begun_at(start)
            if same is not None:
                same.reopens += not same.is_open
                same.resolved = None
                self.current = same
                return same
        self.current = self.begin(start, event.happened)
        return self.current

    def row(self, event: Told) -> Alert:
        same = self.begun_at(event.claimed)
        if same is not None:
            return same
        if self.current is not None and self.current.is_open and not self.current.by_row:
            self.met[event.happened] = self.current
            return self.tell_again(self.current, event.happened)
        self.current = self.begin(event.happened, event.happened, by_row=True)
        return self.current

    def end(self, event: Told) -> Alert | None:
        current = self.current
        is_open = current is not None and current.is_open
        if event.kind == "row_resolve":
            alert = self.of_row(event)
            if alert is not None and alert.is_open and event.happened >= alert.fired:
                alert.resolved = event.happened
            return alert
        same = self.begun_at(event.claimed)
        if is_open and current is not None and event.happened >= current.fired:
            is_earlier = event.claimed is not None and event.claimed < current.fired
            if same is None or not is_earlier or event.claimed == current.latest_claim:
                current.resolved = event.happened
                return current
        if same is not None:
            return same
        if event.claimed is None or event.happened < event.claimed:
            return self.meant_at(event.happened)
        alert = self.begin(event.claimed, event.claimed)
        alert.resolved = event.happened
        if current is not None and is_open:
            current.ended_before = max(t for t in (current.ended_before, event.happened) if t is not None)
        else:
            self.current = alert
        return alert

    def change(self, alert: Alert, event: Told) -> None:
        if event.kind == "reopen" and not alert.is_open:
            alert.resolved = None
            alert.reopens += 1
        is_within = event.happened >= alert.fired and (
            alert.resolved is None or event.happened <= alert.resolved or event.kind == "row_acknowledge"
        )
        if event.kind in {"acknowledge", "row_acknowledge"} and is_within:
            known = alert.acknowledged
            alert.acknowledged = event.happened if known is None else min(known, event.happened)
        if event.kind == "unacknowledge":
            alert.acknowledged = None
        if event.kind in {"suppress", "unsuppress"}:
            alert.suppressed = event.kind == "suppress"


def fast(timelines: list[list[Told]]) -> Folded:
    events = [(line, event) for line, told in enumerate(timelines) for event in told]
    return fold(
        np.array([line for line, _ in events], dtype=np.int64),
        np.array([CODES[event.kind] for _, event in events], dtype=np.int8),
        np.array([event.happened for _, event in events], dtype=np.int64),
        np.array([event.observed for _, event in events], dtype=np.int64),
        np.array([NEVER if event.claimed is None else event.claimed for _, event in events], dtype=np.int64),
    )


def slow(timelines: list[list[Told]]) -> tuple[list[Alert], list[int]]:
    alerts: list[Alert] = []
    members: list[int] = []
    for told in timelines:
        line = SlowTimeline()
        found = [line.take(event) for event in told]
        places = {id(alert): len(alerts) + i for i, alert in enumerate(line.alerts)}
        members += [-1 if alert is None else places[id(alert)] for alert in found]
        alerts += line.alerts
    return alerts, members


def by_twin(folded: Folded) -> list[tuple[object, ...]]:
    def time(us: int) -> int | None:
        return None if us == NEVER else int(us)

    return [
        (int(f), time(a), time(r), int(n), int(again), bool(quiet))
        for f, a, r, n, again, quiet in zip(
            folded.fired, folded.acknowledged, folded.resolved, folded.occurrences, folded.reopens,
            folded.is_suppressed, strict=True,
        )
    ]  # fmt: skip


CLAIMING = {"row_fire", "row_acknowledge", "row_resolve"}
TIMES = st.integers(0, 12)


@st.composite
def an_event(draw: st.DrawFn) -> Told:
    kind = draw(st.sampled_from(["fire", "resolve", *CODES]))
    happened = draw(TIMES)
    if kind in CLAIMING:
        return Told(kind, happened, happened, happened if kind == "row_fire" else draw(st.integers(0, happened)))
    observed = happened if draw(st.booleans()) else draw(TIMES)
    return Told(kind, happened, observed, draw(st.none() | TIMES))


TIMELINES = st.lists(
    st.lists(an_event(), max_size=12).map(
        lambda told: sorted(told, key=lambda e: (e.observed, e.happened, CODES[e.kind]))
    ),
    max_size=4,
)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(TIMELINES)
def test_the_kernel_is_its_slow_twin(timelines: list[list[Told]]) -> None:
    alerts, members = slow(timelines)
    folded = fast(timelines)
    assert folded.alert_of.tolist() == members
    assert by_twin(folded) == [
        (a.fired, a.acknowledged, a.resolved, a.occurrences, a.reopens, a.suppressed) for a in alerts
    ]


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(TIMELINES)
def test_what_holds_of_every_fold(timelines: list[list[Told]]) -> None:
    folded = fast(timelines)
    ended = folded.resolved != NEVER
    assert (folded.resolved[ended] >= folded.fired[ended]).all()
    taken = folded.acknowledged != NEVER
    assert (folded.occurrences >= 1).all()
    assert (folded.reopens >= 0).all()
    assert set(folded.alert_of.tolist()) - {-1} == set(range(folded.fired.size))
    line_of = np.zeros(folded.fired.size, dtype=np.int64)
    lines = np.array([line for line, told in enumerate(timelines) for _ in told], dtype=np.int64)
    line_of[folded.alert_of[folded.alert_of >= 0]] = lines[folded.alert_of >= 0]
    pairs = list(zip(line_of.tolist(), folded.fired.tolist(), strict=True))
    assert len(pairs) == len(set(pairs)), "two alerts of one timeline began at one moment: one id for both"
    assert (folded.acknowledged[taken] >= folded.fired[taken]).all()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # re-fires count, the same firing told again does not
        ([Told("fire", 1, 1), Told("fire", 1, 3), Told("fire", 4, 4)], [(1, None, None, 2, 0, False)]),
        # after a resolve a new alert; claiming an earlier start it begins when observed
        (
            [Told("fire", 1, 1), Told("resolve", 5, 5), Told("fire", 1, 8)],
            [(1, None, 5, 1, 0, False), (8, None, None, 1, 0, False)],
        ),
        # a resolve that knows its start makes the alert by itself, also behind an open one
        ([Told("resolve", 5, 5, 2)], [(2, None, 5, 1, 0, False)]),
        (
            [Told("fire", 7, 7), Told("resolve", 5, 8, 2), Told("resolve", 9, 9)],
            [(7, None, 9, 1, 0, False), (2, None, 5, 1, 0, False)],
        ),
        # told late of the one before, it leaves the open one alone; of the start that the open one claimed, it ends it
        (
            [Told("fire", 1, 1), Told("resolve", 3, 3), Told("fire", 5, 5), Told("resolve", 6, 6, 1)],
            [(1, None, 3, 1, 0, False), (5, None, None, 1, 0, False)],
        ),
        (
            [Told("fire", 1, 1), Told("resolve", 3, 3), Told("fire", 1, 5), Told("resolve", 6, 6, 1)],
            [(1, None, 3, 1, 0, False), (5, None, 6, 1, 0, False)],
        ),
        # told again, the end changes nothing and opens nothing
        ([Told("fire", 1, 1), Told("resolve", 5, 5, 1), Told("resolve", 6, 6, 1)], [(1, None, 5, 1, 0, False)]),
        # reopened: once, while it was over
        (
            [
                Told("fire", 1, 1), Told("reopen", 2, 2), Told("resolve", 5, 5), Told("reopen", 6, 6),
                Told("resolve", 8, 8),
            ],
            [(1, None, 8, 1, 1, False)],
        ),
        # an acknowledgement taken back, and given again
        (
            [Told("fire", 1, 1), Told("acknowledge", 2, 2), Told("unacknowledge", 3, 3), Told("acknowledge", 4, 4)],
            [(1, 4, None, 1, 0, False)],
        ),
        # late news of an acknowledgement still counts, one after the end does not
        (
            [Told("fire", 1, 1), Told("resolve", 5, 5), Told("acknowledge", 3, 9), Told("acknowledge", 6, 9)],
            [(1, 3, 5, 1, 0, False)],
        ),
        # overlapping rows stay themselves
        (
            [
                Told("row_fire", 1, 1, 1), Told("row_fire", 2, 2, 2), Told("row_resolve", 5, 5, 1),
                Told("row_resolve", 9, 9, 2),
            ],
            [(1, None, 5, 1, 0, False), (2, None, 9, 1, 0, False)],
        ),
        # a row meets the alert that events have open
        (
            [
                Told("fire", 1, 1), Told("row_fire", 1, 1, 1), Told("row_acknowledge", 2, 2, 1),
                Told("row_resolve", 5, 5, 1),
            ],
            [(1, 2, 5, 1, 0, False)],
        ),
        # a row ends the alert that it met, never the next one
        (
            [
                Told("fire", 1, 1), Told("row_fire", 2, 2, 2), Told("resolve", 4, 4), Told("fire", 6, 6),
                Told("row_resolve", 9, 9, 2),
            ],
            [(1, None, 4, 2, 0, False), (6, None, None, 1, 0, False)],
        ),
        # and says when it was acknowledged, be it after the end
        (
            [Told("row_fire", 1, 1, 1), Told("row_resolve", 4, 4, 1), Told("row_acknowledge", 5, 5, 1)],
            [(1, 5, 4, 1, 0, False)],
        ),
        # nothing to resolve yet
        ([Told("resolve", 5, 5), Told("change", 6, 6)], []),
        ([Told("fire", 1, 1), Told("suppress", 2, 2)], [(1, None, None, 1, 0, True)]),
        ([Told("fire", 1, 1), Told("suppress", 2, 2), Told("unsuppress", 3, 3)], [(1, None, None, 1, 0, False)]),
    ],
)  # fmt: skip
def test_the_rules_one_by_one(told: list[Told], expected: list[tuple[object, ...]]) -> None:
    assert by_twin(fast([told])) == expected
