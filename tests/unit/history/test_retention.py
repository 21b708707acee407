"""Retention: what ended long ago goes, with its events; what stays is exactly what it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.alerts import AlertEvent
from alert_analytics.errors import HistoryError, QueryError, SettingsError
from alert_analytics.history import AlertStore
from alert_analytics.history import retention as retention_module
from alert_analytics.settings import Settings
from tests.events_source import Events, alerts, told

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest

DAY = datetime(2026, 3, 1)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def event(kind: str, hours: float, observed: float | None = None, **said: Any) -> AlertEvent:
    fired = said.pop("fired", None)
    seen = None if observed is None else at(observed)
    start = None if fired is None else at(fired)
    return AlertEvent(kind, said.pop("fingerprint", "f"), at(hours), observed_at=seen, fired_at=start, **said)


def events_of(store: AlertStore) -> list[tuple[Any, ...]]:
    rows = store.history().sql("SELECT kind, happened_at, message FROM store.alert_events ORDER BY ALL").rows()
    return [(kind, (happened - DAY) / HOUR, message) for kind, happened, message in rows]


def test_what_ended_before_goes_and_what_is_open_stays() -> None:
    batch = [
        event("fire", 1, message="old"),
        event("acknowledge", 1.5),
        event("resolve", 2),
        event("fire", 3, message="young"),
        event("resolve", 6),
        event("fire", 1, fingerprint="open", message="still open"),
        event("resolve", 1, fingerprint="waiting for its beginning"),
        event("resolve", 9, fingerprint="waiting, but not for long"),
    ]
    with told(batch) as store:
        before = alerts(store)
        report = store.enforce_retention(5 * HOUR, now=at(10))
        assert (report.until, report.n_alerts, report.n_events, report.n_quarantined) == (at(5), 1, 4, 0)
        assert alerts(store) == [one for one in before if one["message"] != "old"]
        assert events_of(store) == [
            ("fire", 1, "still open"), ("fire", 3, "young"), ("resolve", 6, None), ("resolve", 9, None),
        ]  # fmt: skip
        again = store.enforce_retention(5 * HOUR, now=at(10))
        assert (again.n_alerts, again.n_events, again.n_quarantined) == (0, 0, 0)
        assert store.audit()["action"].to_pylist() == ["retain"]


def test_what_ends_at_the_moment_itself_stays() -> None:
    with told([event("fire", 1), event("resolve", 5)]) as store:
        assert store.enforce_retention(5 * HOUR, now=at(10)).n_alerts == 0
        assert store.enforce_retention(5 * HOUR, now=at(10) + timedelta(microseconds=1)).n_alerts == 1


def test_rows_of_tables_and_what_was_set_aside_go() -> None:
    def frame(*rows: dict[str, Any]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema={"fingerprint": pl.String, "fired_at": pl.Datetime("us"),
                                          "resolved_at": pl.Datetime("us"), "severity": pl.String})  # fmt: skip

    rows = [
        {"fingerprint": "old", "fired_at": at(1), "resolved_at": at(2)},
        {"fingerprint": "told twice", "fired_at": at(1), "resolved_at": None},
        {"fingerprint": "told twice", "fired_at": at(1), "resolved_at": at(3)},
        {"fingerprint": "young", "fired_at": at(1), "resolved_at": at(8)},
        {"fingerprint": "odd", "fired_at": at(1), "resolved_at": at(2), "severity": "odd"},
    ]
    with AlertStore.open() as store:
        store.ingest(frame(*rows))
        report = store.enforce_retention(5 * HOUR, now=at(10))
        assert (report.n_alerts, report.n_events, report.n_quarantined) == (2, 3, 0)
        assert [one["fingerprint"] for one in alerts(store)] == ["young"]
        assert store.history().quarantine().num_rows == 1  # it came today
        present = datetime.now(UTC)
        assert store.enforce_retention(5 * HOUR, now=present + 6 * HOUR).n_quarantined == 1
        assert store.history().quarantine().num_rows == 0


def test_a_claim_of_before_the_last_end_is_cut_to_what_was_granted() -> None:
    """The rule that made the start needs the end of an alert that is no more."""
    batch = [event("fire", 1), event("resolve", 3), event("fire", 2, observed=4), event("fire", 2, observed=5)]
    with told(batch) as store:
        [_, second] = alerts(store)
        assert (second["fired_at"], second["occurrences"]) == (at(4), 1)
        store.enforce_retention(HOUR, now=at(4.5))
        assert alerts(store) == [second]
        assert events_of(store) == [("fire", 4, None), ("fire", 4, None)]
        store.ingest([event("resolve", 7)], source=Events())
        [closed] = alerts(store)
        assert (closed["alert_id"], closed["fired_at"], closed["resolved_at"]) == (second["alert_id"], at(4), at(7))


KINDS = ["fire", "resolve", "acknowledge", "unacknowledge", "reopen", "suppress", "change", "escalate", "row"]
TOLD = st.builds(
    lambda kind, hours, seen, name, fired, end, message: AlertEvent(
        kind,
        name,
        at(hours),
        observed_at=at(max(hours, seen)),
        fired_at=at(hours) if kind == "row" else (at(min(fired, hours)) if kind == "resolve" and fired else None),
        resolved_at=at(hours + end) if kind == "row" and end else None,
        message=message,
    ),
    st.sampled_from(KINDS),
    st.integers(0, 8),
    st.integers(0, 10),
    st.sampled_from(["f", "g"]),
    st.integers(0, 8),
    st.integers(0, 4),
    st.sampled_from([None, "x", "y"]),
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(TOLD, min_size=2, max_size=14), st.integers(1, 10))
def test_whatever_was_told_what_stays_is_what_it_was(batch: list[AlertEvent], until: int) -> None:
    with told(batch) as store:
        before = alerts(store)
        staying = [one for one in before if one["resolved_at"] is None or one["resolved_at"] >= at(until)]
        report = store.enforce_retention(timedelta(0), now=at(until))
        assert alerts(store) == staying
        assert report.n_alerts == len(before) - len(staying)
        after = store.history().sql("FROM store.alert_events ORDER BY ALL").rows()
        again = store.enforce_retention(timedelta(0), now=at(until))
        assert (again.n_alerts, again.n_events) == (0, 0)
        assert store.history().sql("FROM store.alert_events ORDER BY ALL").rows() == after


def test_alerts_that_would_not_come_out_of_their_events_are_told_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the rest of the events not fold to what was there, the alert itself is the event."""
    batch = [
        event("fire", 1), event("resolve", 2),
        event("fire", 1.5, observed=3), event("escalate", 4), event("acknowledge", 5), event("suppress", 5),
    ]  # fmt: skip
    read = retention_module.text_of

    def uncut(package: str, query: str) -> str:
        return read(package, query).replace("coalesce(claiming.starts, happened_at)", "happened_at")

    with told(batch) as store:
        [_, second] = alerts(store)
        monkeypatch.setattr(retention_module, "text_of", uncut)
        store.enforce_retention(HOUR, now=at(3.5))
        assert alerts(store) == [second]
        assert [kind for kind, *_ in events_of(store)] == ["row"]
        assert (second["fired_at"], second["escalations"], second["status"]) == (at(3), 1, "suppressed")


def test_the_file_and_the_backups_are_written_anew(tmp_path: Path) -> None:
    path, word = tmp_path / "a.duckdb", "an-old-word-that-is-not-to-stay"
    with AlertStore.open(path) as store:
        store.ingest([event("fire", 1, message=word), event("resolve", 2)], source=Events())
        store.ingest([event("fire", 1, fingerprint="open", message="open")], source=Events())
        copy = store.backup(tmp_path / "b.duckdb")
        assert word.encode() in copy.read_bytes()
        history = store.history()
        assert history.n_alerts == 2
        report = store.enforce_retention(HOUR, now=at(9))
        assert report.backups.rewritten == (str(copy),)
        assert history.n_alerts == 1
        assert word.encode() not in path.read_bytes() + copy.read_bytes()
        assert store.enforce_retention(HOUR, now=at(9)).backups.rewritten == ()
    with AlertStore.open(copy) as store:
        assert [one["message"] for one in alerts(store)] == ["open"]


def test_the_age_comes_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load({}).max_retention_days == 90
    monkeypatch.setenv("ALERT_MAX_RETENTION_DAYS", "2")
    with told([event("fire", 1), event("resolve", 2)]) as store:
        assert store.enforce_retention(now=at(49)).until == at(1)
        assert store.enforce_retention(now=at(51)).n_alerts == 1
        assert json.loads(store.audit()["details"][0].as_py()) == {
            "until": "2026-03-01T03:00:00", "n_alerts": 1, "n_events": 2, "n_quarantined": 0,
        }  # fmt: skip
        assert (datetime.now(UTC).replace(tzinfo=None) - store.enforce_retention().until) < timedelta(days=2, hours=1)
        assert store.enforce_retention(timedelta.max).n_alerts == 0
        with pytest.raises(HistoryError, match="expected none that is negative"):
            store.enforce_retention(-HOUR)
        monkeypatch.setenv("ALERT_MAX_RETENTION_DAYS", "0")
        with pytest.raises(
            SettingsError, match="ALERT_MAX_RETENTION_DAYS is '0'; expected a positive whole number of d"
        ):
            store.enforce_retention()


def test_if_even_that_does_not_hold_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    with told([event("fire", 1), event("resolve", 2), event("fire", 3)]) as store:
        before = alerts(store)
        found = retention_module.Retention._differing
        monkeypatch.setattr(retention_module.Retention, "_differing", lambda *given: [*found(*given), 1])
        with pytest.raises(QueryError, match="would change alerts that are to stay; nothing was changed"):
            store.enforce_retention(HOUR, now=at(4))
        assert alerts(store) == before
