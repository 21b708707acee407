"""The log of events: whatever is told, in whatever order, the same alerts; as of any moment, what was known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alert_analytics.alerts import AlertEvent, EventKind
from alert_analytics.history import AlertStore
from tests.events_source import Events, alerts, told

DAY = datetime(2026, 3, 1)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def event(kind: str, hours: float, observed: float | None = None, **said: Any) -> AlertEvent:
    fired = said.pop("fired", None)
    return AlertEvent(
        kind,
        said.pop("fingerprint", "f"),
        at(hours),
        observed_at=None if observed is None else at(observed),
        fired_at=None if fired is None else at(fired),
        **said,
    )


def row(fired: float, acknowledged: float | None, resolved: float | None, **said: Any) -> AlertEvent:
    times = {"acknowledged_at": acknowledged, "resolved_at": resolved}
    return event("row", fired, fired=fired, **said)._replace(
        **{name: None if hours is None else at(hours) for name, hours in times.items()}
    )


# -- one alert ----------------------------------------------------------------------------------------------------


def test_an_alert_from_its_events() -> None:
    batch = [
        event("fire", 1, rule="disk", service="db", severity="high", labels={"host": "a"}, message="80 %"),
        event("fire", 2, severity="critical", value=91.5, message="91 %"),
        event("acknowledge", 3, assignee="ann"),
        event("escalate", 4),
        event("reassign", 5, assignee="bob", team="dba"),
        event("notify", 5),
        event("notify", 6),
        event("change", 6, labels={"host": "b"}, metadata='{"a": 1}'),
        event("resolve", 7, resolution="manual"),
    ]
    with told(batch) as store:
        [alert] = alerts(store)
    known = {name: value for name, value in alert.items() if value is not None and name != "alert_id"}
    assert known == {
        "tenant_id": "default", "source": "events", "fingerprint": "f", "rule": "disk", "service": "db", "team": "dba",
        "severity": "critical", "status": "resolved", "message": "91 %", "fired_at": at(1), "acknowledged_at": at(3),
        "resolved_at": at(7), "resolution": "manual", "observed_at": at(7), "occurrences": 2, "escalations": 1,
        "reassignments": 1, "notifications": 2, "assignee": "bob", "value": 91.5, "labels": [("host", "b")],
        "metadata": '{"a": 1}',
    }  # fmt: skip


def test_reopened_an_alert_has_no_end_and_no_resolution() -> None:
    with told([event("fire", 1), event("resolve", 2, resolution="manual"), event("reopen", 3)]) as store:
        [alert] = alerts(store)
    assert (alert["status"], alert["resolved_at"], alert["resolution"], alert["reopens"]) == ("firing", None, None, 1)


def test_running_totals_of_the_source_and_counted_events() -> None:
    batch = [event("fire", 1), event("change", 2, reassignments=3, reopens=2, occurrences=40), event("reassign", 3)]
    with told(batch) as store:
        [alert] = alerts(store)
    assert (alert["reassignments"], alert["reopens"], alert["occurrences"]) == (3, 2, 40)


def test_events_wait_for_their_beginning() -> None:
    with AlertStore.open() as store:
        first = store.ingest([event("acknowledge", 3), event("resolve", 5)], source=Events())
        assert (first.n_read, first.n_new, first.n_waiting) == (0, 0, 2)
        assert "2 events wait for the beginning of their alert" in first.sentence
        assert store.history().n_alerts == 0
        second = store.ingest([event("fire", 1)], source=Events())
        assert (second.n_read, second.n_new, second.n_waiting) == (1, 1, 0)
        [alert] = alerts(store)
    assert (alert["acknowledged_at"], alert["resolved_at"]) == (at(3), at(5))


def test_what_each_ingest_did() -> None:
    def counts(*batch: AlertEvent) -> tuple[int, ...]:
        report = store.ingest(list(batch), source=Events())
        return (report.n_read, report.n_new, report.n_updated, report.n_duplicate, report.n_quarantined)

    with AlertStore.open() as store:
        assert counts(event("fire", 1), event("fire", 1, fingerprint="g")) == (2, 2, 0, 0, 0)
        assert counts(event("fire", 1), event("resolve", 4)) == (1, 0, 1, 0, 0)
        assert counts(event("fire", 1), event("resolve", 4)) == (1, 0, 0, 1, 0)
        # seen once more, an alert besides, and one record that is refused
        assert counts(event("resolve", 5), event("fire", 6), event("fire", 7, fingerprint="h", severity="odd")) == (
            3, 1, 1, 0, 1,
        )  # fmt: skip


def test_a_refused_event_takes_its_record_along_and_is_set_aside_once() -> None:
    class Doubled(Events):
        def read(self, connection: Any, data: Any) -> Any:
            batch = super().read(connection, data)
            connection.execute("UPDATE given_events SET line = 1")
            return batch

    with AlertStore.open() as store:
        record = [event("fire", 1), event("change", 2, severity="odd"), event("resolve", 3, severity="odder")]
        other = [event("fire", 1, fingerprint="g")]
        report = store.ingest(record + other, source=Doubled())
        assert (report.n_read, report.n_new, report.n_quarantined) == (2, 1, 1)
        assert store.history().quarantine()["reason"].to_pylist() == ["unknown severity 'odd'"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (event("explode", 1), "unknown kind of event 'explode'"),
        (event("fire", 1)._replace(fingerprint=None), "no fingerprint"),  # type: ignore[arg-type]
        (event("fire", 1)._replace(happened_at=None), "no happened_at"),  # type: ignore[arg-type]
        (event("fire", 1e6), "happened_at lies in the future"),
        (event("fire", 1, 1e6), "observed_at lies in the future"),
        (event("resolve", 1, fired=2), "resolved_at precedes fired_at"),
        (event("acknowledge", 1, fired=2), "acknowledged_at precedes fired_at"),
        (event("row", 1), "no fired_at"),
    ],
)
def test_what_is_no_event(bad: AlertEvent, reason: str) -> None:
    with told([bad]) as store:
        assert store.history().quarantine()["reason"].to_pylist() == [reason]
        assert store.history().n_alerts == 0


def test_timelines_of_tenants_and_sources_are_apart() -> None:
    mine, theirs = event("fire", 1, tenant_id="x"), event("resolve", 2, tenant_id="y")
    with told([mine, theirs]) as store:
        assert [alert["resolved_at"] for alert in alerts(store)] == [None]
        store.ingest([event("resolve", 2, tenant_id="x")], source=Events(name="other"))
        assert [alert["resolved_at"] for alert in alerts(store)] == [None]
        store.ingest([event("resolve", 2, tenant_id="x")], source=Events())
        assert [alert["resolved_at"] for alert in alerts(store)] == [at(2)]


# -- tables and events --------------------------------------------------------------------------------------------


def table(*rows: tuple[float, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source": ["events"] * len(rows),
            "fingerprint": ["f"] * len(rows),
            "fired_at": [at(fired) for fired, _ in rows],
            "resolved_at": [None if end is None else at(end) for _, end in rows],
        },
        schema_overrides={"resolved_at": pl.Datetime("us")},
    )


def test_rows_and_events_meet_in_one_timeline() -> None:
    for order in (0, 1):
        with AlertStore.open() as store:
            steps = [
                lambda store=store: store.ingest(table((1, 4), (6, None), (9, 10))),
                lambda store=store: store.ingest([event("fire", 6), event("resolve", 8)], source=Events()),
            ]
            for step in steps[::-1] if order else steps:
                step()
            assert [(a["fired_at"], a["resolved_at"]) for a in alerts(store)] == [
                (at(1), at(4)), (at(6), at(8)), (at(9), at(10)),
            ]  # fmt: skip


def test_a_row_that_is_told_again_is_folded_and_kept_in_the_log() -> None:
    with AlertStore.open() as store:
        store.ingest(table((1, None), (9, None)))
        report = store.ingest(table((1, 5)))
        assert (report.n_new, report.n_updated) == (0, 1)
        assert [a["resolved_at"] for a in alerts(store)] == [at(5), None]
        assert store.history().sql("SELECT count(*) FROM store.alert_events").item() == 3
        assert [a["resolved_at"] for a in alerts(store, as_of=at(4))] == [None]


def test_a_row_alone_and_folded_is_the_same_alert() -> None:
    for one in (row(1, 5, 4), row(1, 1, 1), row(1, None, 1, sequence=3), row(1, 2, None, severity="low")):
        with told([one]) as plain, told([one, one._replace(observed_at=at(0))]) as folded:
            drop = {"observed_at"}
            assert [{k: v for k, v in a.items() if k not in drop} for a in alerts(folded)] == [
                {k: v for k, v in a.items() if k not in drop} for a in alerts(plain)
            ]


def test_what_a_row_does_not_say_takes_nothing_away() -> None:
    with told([event("fire", 6, rule="disk", labels={"h": "a"}), row(6, None, None)]) as store:
        [alert] = alerts(store)
    assert (alert["rule"], alert["labels"]) == ("disk", [("h", "a")])


def test_of_rows_seen_at_one_time_the_one_that_says_more_counts() -> None:
    for order in (0, 1):
        batches = [[row(1, None, 4)], [row(1, None, 4, rule="HighLatency")]]
        with told(*(batches[::-1] if order else batches)) as store:
            assert [alert["rule"] for alert in alerts(store)] == ["HighLatency"]


def test_labels_in_another_order_are_the_same() -> None:
    with told([event("fire", 1, labels={"a": "1", "b": "2"})]) as store:
        report = store.ingest([event("fire", 1, labels={"b": "2", "a": "1"})], source=Events())
        assert (report.n_updated, report.n_duplicate) == (0, 1)


def test_a_row_that_was_suppressed_is_no_more_when_that_is_taken_back() -> None:
    suppressed = table((1, None)).with_columns(status=pl.lit("suppressed"))
    with AlertStore.open() as store:
        store.ingest(suppressed)
        assert [alert["status"] for alert in alerts(store)] == ["suppressed"]
        store.ingest([event("unsuppress", 3)], source=Events())
        assert [alert["status"] for alert in alerts(store)] == ["firing"]


def test_rows_that_come_later_change_no_answer_of_before() -> None:
    first, second = row(1, None, None, severity="low"), row(1, None, 5, severity="medium")
    late = row(1, None, 2, severity="critical")._replace(observed_at=at(8))
    with told([first]) as store:
        before = alerts(store, as_of=at(1.5))
        for news in ([second], [late]):
            store.ingest(news, source=Events())
            assert alerts(store, as_of=at(1.5)) == before


def test_an_end_that_two_alerts_share_is_counted_for_the_one_told() -> None:
    with told([event("fire", 1), event("resolve", 5, fired=1)]) as store:
        report = store.ingest([event("resolve", 5, fired=3)], source=Events())
        assert (report.n_read, report.n_new, report.n_duplicate) == (1, 1, 0)


# -- folded from the middle on ------------------------------------------------------------------------------------

PAST = [event("fire", 1), event("resolve", 3), event("fire", 5), event("resolve", 7), event("fire", 10)]


@pytest.mark.parametrize(
    ("past", "news"),
    [
        # what is observed between a claimed start and its observation speaks of the alert before
        ([event("fire", 1), event("resolve", 3), event("fire", 5, 8)], [event("change", 6, severity="high")]),
        # a row from before ends what it met, not what came after
        ([event("fire", 1), row(2, None, 9), event("resolve", 4), event("fire", 6)], [event("fire", 20)]),
        # late news of what is settled
        (PAST, [event("acknowledge", 6, 30)]),
        (PAST, [event("acknowledge", 11, fired=1)]),
        ([*PAST, event("acknowledge", 12, fired=5)], [event("resolve", 13)]),
        (PAST, [event("resolve", 12, fired=5)]),
        (PAST, [event("fire", 6, 30), event("resolve", 31)]),
        # the end of the one before is known where the tail begins
        (PAST, [event("resolve", 12), event("fire", 2, 15)]),
        # observed before it happened
        ([event("fire", 1), event("resolve", 6, 2), event("fire", 5, 3)], [event("resolve", 9)]),
        # an alert before that is still open
        ([row(1, None, None), row(4, None, 5)], [event("fire", 8), event("resolve", 9)]),
        # the alert at the cut began in the very moment when the one before ended
        ([event("fire", 1), event("resolve", 4), event("fire", 3, 4)], [event("resolve", 6)]),
    ],
)
def test_news_are_folded_as_in_one_go(past: list[AlertEvent], news: list[AlertEvent]) -> None:
    with told(past + news) as whole, told(past, news) as pieced:
        assert alerts(pieced) == alerts(whole)


# -- laws ---------------------------------------------------------------------------------------------------------

HOURS = st.integers(0, 9)
KINDS = [str(kind) for kind in EventKind if kind != "row"]


@st.composite
def an_event(draw: st.DrawFn) -> AlertEvent:
    said: dict[str, Any] = {"fingerprint": draw(st.sampled_from(["f", "g"]))}
    said["tenant_id"] = draw(st.sampled_from([None, "x"]))
    for name, values in {
        "severity": ["low", "high", "?"],
        "assignee": ["ann", "bob"],
        "team": ["a", "b"],
        "reassignments": [0, 3],
        "sequence": [1, 2],
    }.items():
        said[name] = draw(st.none() | st.sampled_from(values))
    happened = draw(HOURS)
    if draw(st.integers(0, 3)) == 0:
        after = st.none() | st.integers(happened, 10)
        observed = draw(st.none() | st.integers(0, 12))
        made = row(happened, draw(after), draw(after), **said)
        return made if observed is None else made._replace(observed_at=at(observed))
    observed = draw(st.none() | st.integers(0, 12))
    return event(
        draw(st.sampled_from([*KINDS, "fire", "resolve"])), happened, observed, fired=draw(st.none() | HOURS), **said
    )


BATCH = st.lists(an_event(), max_size=10)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(BATCH, st.randoms(use_true_random=False), st.integers(1, 4))
def test_neither_order_nor_batches_nor_repeats_matter(batch: list[AlertEvent], random: Any, size: int) -> None:
    shuffled = [*batch, *random.sample(batch, len(batch) // 2)]
    random.shuffle(shuffled)
    pieces = [shuffled[i : i + size] for i in range(0, len(shuffled), size)]
    with told(batch) as whole, told(*pieces, shuffled) as pieced:
        assert alerts(pieced) == alerts(whole)
        assert pieced.history().watermark == whole.history().watermark
        before = alerts(whole)
        again = whole.ingest(batch, source=Events())
        assert (again.n_new, again.n_updated) == (0, 0)
        assert alerts(whole) == before


@st.composite
def a_timely_event(draw: st.DrawFn) -> AlertEvent:
    """As most are: observed when it happened or later, in one timeline with a long past."""
    happened = draw(st.integers(0, 40))
    kind = draw(st.sampled_from(["fire", "fire", "resolve", "resolve", "row", *KINDS]))
    late = draw(st.sampled_from([0, 0, 0, 1, 5, 30]))
    if kind == "row":
        return row(happened, None, draw(st.none() | st.integers(happened, happened + 4)))
    fired = draw(st.sampled_from([None, None, None, happened - 2, happened - 9]))
    return event(kind, happened, happened + late, fired=fired, severity=draw(st.sampled_from([None, "low", "high"])))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(a_timely_event(), min_size=6, max_size=18), st.integers(1, 6), st.booleans())
def test_news_are_folded_as_if_all_had_been_told_at_once(batch: list[AlertEvent], size: int, in_order: bool) -> None:
    ordered = sorted(batch, key=lambda one: one.observed_at or one.happened_at) if in_order else batch
    pieces = [ordered[i : i + size] for i in range(0, len(ordered), size)]
    with told(batch) as whole, told(*pieces) as pieced:
        assert alerts(pieced) == alerts(whole)
        for hour in (10, 25):
            assert alerts(pieced, as_of=at(hour)) == alerts(whole, as_of=at(hour))


def seen_by(batch: list[AlertEvent], moment: datetime) -> list[AlertEvent]:
    """What a source would have told by `moment`; of rows seen later the first, as far as it tells of before."""

    def seen_at(one: AlertEvent) -> datetime:
        return one.observed_at or one.resolved_at or one.acknowledged_at or one.happened_at

    rows = [one for one in batch if one.kind == "row" and one.happened_at < moment]
    seen = [
        one
        for one in batch
        if one.kind != "row" and one.happened_at < moment and (one.observed_at is None or one.observed_at < moment)
    ]
    for key in {(one.tenant_id, one.fingerprint, one.happened_at) for one in rows}:
        alike = [one for one in rows if (one.tenant_id, one.fingerprint, one.happened_at) == key]
        chosen = [one for one in alike if seen_at(one) < moment]
        first = min(map(seen_at, alike))
        assume(chosen or sum(seen_at(one) == first for one in alike) == 1)  # between equals the content decides
        for one in chosen or [min(alike, key=seen_at)]:
            ack, end = (t if t is not None and t < moment else None for t in (one.acknowledged_at, one.resolved_at))
            seen.append(
                one._replace(
                    acknowledged_at=ack,
                    resolved_at=end,
                    reassignments=one.reassignments if end is not None else None,
                    observed_at=seen_at(one) if seen_at(one) < moment else None,
                )
            )
    return seen


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(BATCH, st.integers(0, 12))
def test_as_of_is_the_store_that_knew_no_more(batch: list[AlertEvent], hour: int) -> None:
    moment = at(hour)
    sound = [one for one in batch if one.severity != "?"]
    with told(sound) as store, told(seen_by(sound, moment)) as then:
        known = store.history().watermark
        if known is None or moment <= known:
            assert alerts(store, as_of=moment) == alerts(then)
