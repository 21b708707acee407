"""Range queries of ALERTS: runs of samples as alerts, however the range was split into queries."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.alerts.fingerprints import fingerprint_of
from alert_analytics.errors import SourceError
from alert_analytics.sources import Prometheus
from tests.renderers import prometheus, story
from tests.staging import staged

PAYLOADS = Path(__file__).parents[2] / "payloads" / "prometheus"
START, MINUTE = datetime(2026, 3, 2, 10), timedelta(minutes=1)
LABELS = {"alertname": "InstanceDown", "instance": "db-01:9100"}
Alert = tuple[str, datetime, datetime | None]


def after(minutes: float) -> datetime:
    return START + minutes * MINUTE


def seconds(minutes: float) -> float:
    return after(minutes).replace(tzinfo=UTC).timestamp()


def series(minutes: Iterable[float], name: str = "ALERTS", value: str = "1", **labels: str) -> dict[str, Any]:
    state = {"alertstate": "firing"} if name == "ALERTS" else {}
    return {"metric": {"__name__": name} | state | LABELS | labels, "values": [[seconds(at), value] for at in minutes]}


def response(*result: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "matrix", "result": list(result)}} | more


def grid(first: int, last: int) -> dict[str, Any]:
    return {"metric": {}, "values": [[seconds(at), "1"] for at in range(first, last + 1)]}


def told(payloads: Sequence[Any], source: Prometheus | None = None) -> list[Alert]:
    """The alerts that events tell of, folded as a store does, but slowly: by rule, start and end."""
    found = staged(source or Prometheus(step=MINUTE), payloads)
    assert found.refused == []
    alerts: dict[str, list[list[Any]]] = {}
    seen = {(one["fingerprint"], one["happened_at"], one["sequence"], one["kind"]) for one in found.events}
    assert all(one["occurrences"] == 1 for one in found.events)
    for fingerprint, at, _, kind in sorted(seen):
        mine = alerts.setdefault(fingerprint, [])
        is_open = bool(mine) and mine[-1][1] is None
        if kind == "fire" and not is_open:
            mine.append([at, None])
        elif kind == "resolve" and is_open:
            mine[-1][1] = at
    return sorted((name, start, end) for name, mine in alerts.items() for start, end in mine)


def times(payloads: Sequence[Any], source: Prometheus | None = None) -> list[tuple[datetime, datetime | None]]:
    alerts = [(start, end) for _, start, end in told(payloads, source)]
    return sorted(alerts, key=lambda one: (one[0], one[1] or datetime.max))


def test_a_response_gives_each_column() -> None:
    found = staged(Prometheus(), PAYLOADS / "range.json")
    assert found.refused == []
    down = [one for one in found.events if one["labels"]["alertname"] == "InstanceDown"]
    labels = {"alertname": "InstanceDown", "instance": "db-01:9100", "job": "node", "severity": "page"}
    assert {name: value for name, value in down[0].items() if name not in {"line", "original"}} == {
        "kind": "fire",
        "fingerprint": fingerprint_of(labels),
        "happened_at": after(3),
        "sequence": 1,
        "rule": "InstanceDown",
        "service": "node",
        "severity": "critical",
        "occurrences": 1,
        "labels": labels,
        "metadata": '{"active_at": "2026-03-02T10:01:00Z"}',
    }
    assert (down[1]["kind"], down[1]["happened_at"]) == ("resolve", after(7))
    assert [(one["kind"], one["happened_at"]) for one in down[2:]] == [("fire", after(10)), ("resolve", after(12))]
    [watchdog] = [one for one in found.events if one["rule"] == "Watchdog"]
    assert (watchdog["kind"], watchdog["happened_at"], watchdog["severity"]) == ("fire", after(0), "info")


def test_a_run_is_an_alert_and_a_gap_its_end() -> None:
    assert times([response(grid(0, 20), series([2, 3, 4, 8, 12, 13]))]) == [
        (after(2), after(5)),
        (after(8), after(9)),
        (after(12), after(14)),
    ]


def test_a_run_up_to_the_end_of_the_range_is_open() -> None:
    assert times([response(grid(0, 6), series([5, 6]))]) == [(after(5), None)]
    # Without a series that is always there the last sample is taken for the end of the range; unless the payload says.
    assert times([response(series([2, 3]))]) == [(after(2), None)]
    assert times([response(series([2, 3]), end=seconds(6))]) == [(after(2), after(4))]


def test_pending_samples_and_zeros_are_no_alert() -> None:
    assert times([response(grid(0, 9), series([1, 2], alertstate="pending"), series([5, 6], value="0"))]) == []
    assert times([response(grid(0, 9), series([1, 2], "ALERTS_FOR_STATE", "1"), series([3]))]) == [(after(3), after(4))]


def test_a_query_that_takes_the_name_away_is_understood() -> None:
    one = series([2, 3])
    del one["metric"]["__name__"]
    assert times([response(grid(0, 9), one)]) == [(after(2), after(4))]


def test_the_time_of_becoming_active_tells_alerts_apart_that_samples_do_not() -> None:
    active = series([2, 3], "ALERTS_FOR_STATE", str(seconds(1)))
    active["values"] += [[seconds(at), str(seconds(3.5))] for at in (4, 5)]
    payload = response(grid(0, 9), series([2, 3, 4, 5]), active)
    assert times([payload]) == [(after(2), after(3.5)), (after(4), after(6))]
    active["values"][2:] = [[seconds(at), str(seconds(4))] for at in (4, 5)]  # active and firing in one evaluation
    assert times([payload]) == [(after(2), after(4)), (after(4), after(6))]


def test_the_step_is_given_said_or_seen() -> None:
    every_five = response(series([0, 5, 10, 20, 25]), series([25], alertname="Other"))
    assert times([every_five], Prometheus()) == [(after(0), after(15)), (after(20), None), (after(25), None)]
    assert times([every_five | {"step": 900}], Prometheus()) == [(after(0), None), (after(25), None)]
    assert len(times([every_five], Prometheus(step=MINUTE))) == 6
    [(_, reason, _)] = staged(Prometheus(), [response(series([3]), end=seconds(9))]).refused
    assert reason == "samples of one moment do not say the step: give Prometheus(step=...)"
    assert times([response(series([3]))], Prometheus()) == [(after(3), None)]
    with pytest.raises(SourceError, match="expected a positive timedelta"):
        Prometheus(step=timedelta(0))


def test_external_labels_make_the_fingerprints_those_of_alertmanager() -> None:
    source = Prometheus(external_labels={"cluster": "eu"}, origin="http://prometheus.example.com:9090")
    [event] = staged(source, [response(series([1]))]).events
    assert event["fingerprint"] == fingerprint_of(LABELS | {"cluster": "eu"})
    assert event["labels"] == LABELS | {"cluster": "eu"}
    assert event["origin"] == "http://prometheus.example.com:9090"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (json.loads((PAYLOADS / "error.json").read_text()), "status: Input should be 'success' (and 1 more)"),
        (json.loads((PAYLOADS / "instant.json").read_text()), "data.resultType: Input should be 'matrix' (and 1 more)"),
        (response(series([1], value="x")), "could not convert string to float: 'x'"),
        (
            response(series([5]), end=seconds(3)),
            "end is 2026-03-02 10:03:00, but there is a sample at 2026-03-02 10:05:00",
        ),
        (response(series([1]) | {"values": [[1e300, "1"]]}), "a time lies beyond all calendars"),
        (response(series([1]) | {"values": [[1e15, "1"]]}), "a time lies beyond all calendars"),
        (response(series([1]), series([1], "ALERTS_FOR_STATE", "NaN")), "cannot convert float NaN to integer"),
        (response(series([1]), step=0), "step: Input should be greater than 0"),
        (
            response({"metric": LABELS, "values": [["NaN", "1"]]}),
            "data.result.0.values.0.0: Input should be a finite number",
        ),
    ],
)
def test_what_makes_no_sense_is_set_aside(payload: Any, reason: str) -> None:
    found = staged(Prometheus(), [payload])
    assert found.events == []
    assert [said[: len(reason)] for _, said, _ in found.refused] == [reason]


def test_what_a_response_lacks_is_said_beside_what_it_has() -> None:
    found = staged(Prometheus(), [response(series([1]), warnings=["store gateway 2 did not answer"])])
    assert len(found.events) == 1
    assert [reason for _, reason, _ in found.refused] == ["the query warned: store gateway 2 did not answer"]
    found = staged(Prometheus(), [response(series([1], "ALERTS_FOR_STATE", "1"))])
    assert [reason[:29] for _, reason, _ in found.refused] == ["ALERTS_FOR_STATE alone does n"]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    firing=st.lists(st.lists(st.booleans(), min_size=31, max_size=31), min_size=1, max_size=3),
    cuts=st.sets(st.integers(1, 29), max_size=6),
    seed=st.integers(0, 9),
    overlap=st.integers(0, 4),
)
def test_splitting_a_range_changes_nothing(firing: list[list[bool]], cuts: set[int], seed: int, overlap: int) -> None:
    def query(first: int, last: int) -> dict[str, Any]:
        shown = [[at for at in range(first, last + 1) if states[at]] for states in firing]
        return response(grid(first, last), *(series(one, instance=str(i)) for i, one in enumerate(shown) if one))

    bounds = [0, *sorted(cuts), 30]
    parts = [query(max(0, first - overlap), last) for first, last in pairwise(bounds)]
    shuffled = random.Random(seed).sample(parts + parts, 2 * len(parts))
    assert told(shuffled) == told([query(0, 30)])


def test_ranges_that_share_no_end_point_leave_open_what_ended_between_them() -> None:
    assert times([response(grid(0, 5), series([4, 5])), response(grid(6, 9))]) == [(after(4), None)]
    assert times([response(grid(0, 5), series([4, 5])), response(grid(5, 9), series([5]))]) == [(after(4), after(6))]


def test_the_left_edge_alone_claims_too_late_a_start() -> None:
    late = response(grid(5, 9), series([5, 6]))
    assert times([late]) == [(after(5), after(7))]
    assert times([late, response(grid(0, 5), series([3, 4, 5]))]) == [(after(3), after(7))]


@pytest.mark.slow
def test_the_story_is_told_whole() -> None:
    alerts = story.alerts()
    expected = sorted((fingerprint_of(one.condition.labels), one.fired_at, one.resolved_at) for one in alerts)
    assert told(prometheus.render(alerts), prometheus.source()) == expected
    assert told(prometheus.render(alerts, [story.START, story.END]), prometheus.source()) == expected
