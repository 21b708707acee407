"""Erasure: no byte of the person is left, and the store is the one that never knew more than the pseudonym."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.alerts import AlertEvent
from alert_analytics.alerts.fingerprints import fingerprint_of
from alert_analytics.alerts.pseudonyms import Identifiers, pseudonym
from alert_analytics.engine import connection as connection_module
from alert_analytics.errors import (
    AlertAnalyticsError,
    HistoryError,
    PrivacyError,
    QueryError,
    SettingsError,
    SourceError,
    StoreLockedError,
)
from alert_analytics.history import AlertHistory, AlertStore
from alert_analytics.history import rewriting as rewriting_module
from alert_analytics.history.merge import Cursor
from tests.events_source import Events, alerts

pytestmark = pytest.mark.slow  # `make check` has its minutes for the rest

DAY = datetime(2026, 3, 1)
KEY = "a key of more than sixteen characters"
PERSON = "zoë.quill@example.com"
SHORT = "zquill"
NAMES = [pseudonym(KEY.encode(), one) for one in (PERSON, SHORT)]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_PSEUDONYM_KEY", KEY)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def frame(who: str = PERSON, short: str = SHORT) -> pl.DataFrame:
    """A table that names the person in every kind of place; its rows have no identity."""
    rows = [
        {"assignee": who, "message": "planned"},
        {"assignee": "bob", "message": f"{who.upper() if who == PERSON else who} was told"},
        {"labels": json.dumps({"caller": who, "host": "a"}), "severity": "low"},
        {"labels": json.dumps({who: "yes", f"seen {short}": short})},
        {"metadata": json.dumps({"a": [{"by": f"\n{who}\t{short}"}]})},
        {"metadata": json.dumps({"inner": json.dumps({"by": who})})},
        {"rule": f"{short} watches", "service": f"home of {short}", "team": short},
        {"message": "nobody"},
        {"message": "nobody"},
        {"message": f"refused for {who}", "severity": f"as {short} likes"},
        {"message": f"told twice by {short}"},
        {"message": f"told twice by {short}"},
    ]
    columns = ("assignee", "message", "labels", "metadata", "rule", "service", "team", "severity")
    schema = dict.fromkeys(columns, pl.String) | {"fired_at": pl.Datetime("us"), "resolved_at": pl.Datetime("us")}
    times = {"fired_at": at(1), "resolved_at": at(5)}
    return pl.DataFrame([{**dict.fromkeys(columns), **row, **times} for row in rows], schema=schema)


def events(who: str = PERSON, short: str = SHORT) -> list[AlertEvent]:
    return [
        AlertEvent("fire", f"disk of {short}", at(1), rule="disk", labels={"who": who, "b": "1"}),
        AlertEvent("acknowledge", f"disk of {short}", at(2), assignee=who),
        AlertEvent("reassign", f"disk of {short}", at(2.5), assignee="bob", message=f"{short} is away"),
        AlertEvent("resolve", f"disk of {short}", at(3)),
        AlertEvent("fire", f"disk of {short}", at(2), observed_at=at(4)),
        AlertEvent("fire", "net", at(1), assignee=who),
        AlertEvent("change", "net", at(2), metadata=json.dumps({"note": f"ask {who}"}, ensure_ascii=False)),
        AlertEvent("fire", "quiet", at(1), assignee="bob"),
        AlertEvent("resolve", "quiet", at(9)),
        AlertEvent("fire", "odd", at(1), severity=f"as {short} likes"),
    ]


def fed(store: AlertStore, who: str = PERSON, short: str = SHORT) -> AlertStore:
    store.ingest(frame(who, short), complete_until=at(20))
    store.ingest(events(who, short), source=Events(), cursor=Cursor(f"of {short}", json.dumps({"user": who})))
    return store


def content(store: AlertStore) -> dict[str, list[str]]:
    """Everything that a store holds, but for when it came and what the library notes for itself."""
    history, aside = store.history(), {"ingested_at", "updated_at", "n_read"}
    found = {}
    for table in ("alerts", "alert_events", "folded", "superseded", "quarantine", "ingests", "cursors"):
        rows = history.sql(f"SELECT * FROM store.{table}").to_dicts()
        kept = [{name: value for name, value in row.items() if name not in aside} for row in rows]
        found[table] = sorted(json.dumps(row, default=str, sort_keys=True) for row in kept)
    return found


def named_in(path: Path, identifiers: Iterable[str] = (PERSON, SHORT)) -> list[str]:
    """What of a person a file and its log hold, as raw bytes: in any of the spellings that erasure knows."""
    person = Identifiers.of(identifiers)
    files = [path, path.with_name(path.name + ".wal"), path.with_name(path.name + ".rewriting")]
    texts = [one.read_bytes().decode("utf-8", errors="replace") for one in files if one.exists()]
    return [match for text in texts for match in _all(person, text)]


def _all(person: Identifiers, text: str) -> list[str]:
    import re

    return [match[0] for match in re.finditer(person.pattern, text, re.IGNORECASE)]


@pytest.fixture
def uncompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strings lie in the file as they are: the database's compression (dictionaries, FSST) would hide them."""
    monkeypatch.setitem(connection_module._CONFIG, "force_compression", "uncompressed")


# -- nothing is left ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("uncompressed")
def test_no_byte_of_the_person_is_left(tmp_path: Path) -> None:
    """With the positive control: the scan finds the person before, also where rows were merely deleted."""
    path, copy = tmp_path / "a.duckdb", tmp_path / "b.duckdb"
    with AlertStore.open(path) as store:
        fed(store)
        assert {PERSON, SHORT} <= set(named_in(path))  # in the log beside the file
        store.backup(copy)
        assert {PERSON, SHORT} <= set(named_in(copy))
        cursor = store._base.cursor()
        cursor.execute("CREATE TABLE store.scratch AS FROM store.alert_events; CHECKPOINT store")
        cursor.execute("DROP TABLE store.scratch; CHECKPOINT store")
        assert not path.with_name("a.duckdb.wal").exists()
        assert {PERSON, SHORT} <= set(named_in(path))  # in the file itself
        store.erase([SHORT, PERSON])
        assert named_in(path) == named_in(copy) == []
        store.ingest(frame("bob", "bob b"))
    assert named_in(path) == []
    assert NAMES[0] in path.read_bytes().decode("utf-8", errors="replace")


@pytest.mark.usefixtures("uncompressed")
def test_deleting_rows_would_not_be_enough(tmp_path: Path) -> None:
    """Why the file is written anew."""
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store:
        fed(store)
        cursor = store._base.cursor()
        cursor.execute("CHECKPOINT store; DELETE FROM store.alert_events; DELETE FROM store.quarantine")
        cursor.execute("DELETE FROM store.folded; DELETE FROM store.cursors; CHECKPOINT store")
    assert PERSON in named_in(path)


def test_no_text_of_any_table_names_the_person(tmp_path: Path) -> None:
    """As the file is in use, compressed: every text of every table is read back by another tool."""
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store:
        fed(store)

    def told() -> dict[str, int]:
        with duckdb.connect(str(path), read_only=True) as other:
            tables = [name for (name,) in other.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            person = Identifiers.of([PERSON, SHORT])
            return {
                table: n
                for table in tables
                if (n := sum(person.found_in(row) for row in other.table(table).to_arrow_table().to_pylist()))
            }

    assert told() == {"alert_events": 16, "cursors": 1, "folded": 3, "quarantine": 2}
    with AlertStore.open(path) as store:
        report = store.erase([PERSON, SHORT])
    assert told() == {}
    assert report.pseudonyms == tuple(NAMES)
    assert report.is_keyed
    assert report.changed == {"alert_events": 16, "cursors": 1, "quarantine": 2}
    assert [one.name for one in tmp_path.iterdir()] == ["a.duckdb"]


# -- and the rest is what it would have been ----------------------------------------------------------------------


@pytest.mark.parametrize("place", ["file", ":memory:"])
def test_the_store_is_one_that_ingested_the_pseudonym(place: str, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb" if place == "file" else place
    with AlertStore.open(path) as store, AlertStore.open() as twin:
        fed(store)
        untouched = {one["fingerprint"]: one for one in alerts(store)}["quiet"]
        store.erase([SHORT, PERSON])
        assert content(store) == content(fed(twin, *NAMES))
        assert untouched in alerts(store)
        # and it goes on like one: what is told again is known
        for again in (store, twin):
            report = again.ingest(frame(*NAMES))
            assert (report.n_new, report.n_updated, report.n_quarantined) == (0, 0, 1)
            again.ingest([AlertEvent("resolve", "net", at(7))], source=Events())
        assert content(store) == content(twin)


def test_rows_set_aside_that_become_alike_stay_as_many_as_if_they_had_come_so() -> None:
    def odd(*messages: str) -> pl.DataFrame:
        return pl.DataFrame({"message": messages, "severity": "odd", "fired_at": [at(1)] * len(messages)})

    with AlertStore.open() as store, AlertStore.open() as twin:
        for words in ([SHORT, "bob", SHORT.upper(), SHORT], [SHORT.title()], ["bob"]):
            store.ingest(odd(*words))
            twin.ingest(odd(*(word if word == "bob" else NAMES[1] for word in words)))
        store.erase(SHORT)
        assert len(content(store)["quarantine"]) == 4
        assert [json.loads(row)["place"] for row in content(store)["quarantine"]] == [1, 1, 2, 3]
        assert {**content(store), "quarantine": None} == {**content(twin), "quarantine": None}
        assert (
            store.history().quarantine()["original"].to_pylist() == twin.history().quarantine()["original"].to_pylist()
        )


TEXTS = st.sampled_from([None, "ann", "ANN", "by ann", "planning", "ann@x.org", "bob"])
TOLD = st.builds(
    lambda kind, hours, seen, name, message, assignee, label: AlertEvent(
        kind,
        name,
        at(hours),
        observed_at=at(max(hours, seen)),
        fired_at=at(hours) if kind == "row" else None,
        message=message,
        assignee=assignee,
        labels=None if label is None else {"who": label},
        severity="odd" if label == "ANN" else None,
    ),
    st.sampled_from(["fire", "resolve", "acknowledge", "row", "change"]),
    st.integers(0, 4),
    st.integers(0, 6),
    st.sampled_from(["f", "ann", "Ann", "of ann"]),
    TEXTS,
    TEXTS,
    TEXTS,
)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 1)), max_size=5)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(TOLD, max_size=6), min_size=1, max_size=3), ROWS)
def test_whatever_was_told_the_store_is_one_that_ingested_the_pseudonym(
    batches: list[list[AlertEvent]], rows: list[tuple[Any, ...]]
) -> None:
    """Events of one alert that differed in the name alone become one; timelines that did become one."""
    person = Identifiers.of(["ann@x.org", "ann"])
    names = [pseudonym(KEY.encode(), one) for one in person.texts]

    def renamed(value: Any) -> Any:
        return person.replaced(value, names) if isinstance(value, (str, dict)) else value

    def table(given: list[tuple[Any, ...]]) -> pl.DataFrame:
        schema = {"message": pl.String, "assignee": pl.String, "fired_at": pl.Datetime("us")}
        return pl.DataFrame([(a, b, at(hour)) for a, b, hour in given], schema=schema, orient="row")

    with AlertStore.open() as store, AlertStore.open() as twin:
        for batch in batches:
            store.ingest(batch, source=Events())
            twin.ingest([AlertEvent(*map(renamed, event)) for event in batch], source=Events())
        store.ingest(table(rows))
        twin.ingest(table([tuple(map(renamed, row)) for row in rows]))
        store.erase(["ann", "ann@x.org"])
        assert content(store) == content(twin)
        store.erase(["ann", "ann@x.org"])
        assert content(store) == content(twin)


def test_without_a_key_nobody_can_make_the_pseudonym_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALERT_PSEUDONYM_KEY")
    made = []
    for _ in range(2):
        with AlertStore.open() as store:
            report = fed(store).erase(PERSON)
            assert not report.is_keyed
            made += report.pseudonyms
    assert len(set(made)) == 2


# -- around it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["file", ":memory:"])
def test_open_histories_go_on_and_show_the_person_no_more(place: str, tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb" if place == "file" else place) as store:
        history = fed(store).history()
        mine, past = history.tenant("default"), history.as_of(at(2.2))
        count = "SELECT count(*) FROM alerts WHERE assignee = $who"
        assert mine.sql(count, {"who": PERSON}).item() == history.sql(count, {"who": PERSON}).item() == 2
        assert PERSON in past.to_arrow()["assignee"].to_pylist()
        n = history.n_alerts
        store.erase([PERSON, SHORT])
        assert mine.sql(count, {"who": PERSON}).item() == history.sql(count, {"who": PERSON}).item() == 0
        assert mine.sql(count, {"who": NAMES[0]}).item() == 2
        assert PERSON not in past.to_arrow()["assignee"].to_pylist()
        assert NAMES[0] in past.to_arrow()["assignee"].to_pylist()
        assert history.n_alerts == n
        assert mine.where({"who": NAMES[0]}).n_alerts == 1


def test_backups_are_erased_too_and_missing_ones_reported(tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        fed(store)
        there, gone = store.backup(tmp_path / "b.duckdb"), store.backup(tmp_path / "gone.duckdb")
        gone.unlink()
        report = store.erase([PERSON, SHORT])
        assert report.backups.rewritten == (str(there),)
        assert report.backups.missing == (str(gone),)
        written = content(store)
        assert json.loads(store.audit()["details"].to_pylist()[-1])["n_backups_missing"] == 1
        assert store.forget_backups() == (str(gone),)
        assert store.backups() == [str(there)]
    with AlertStore.open(there) as copy:
        assert content(copy) == written
        assert copy.verify_audit().is_sound


def test_a_backup_that_cannot_be_read_stops_the_erasure_before_anything(tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        before = content(fed(store))
        store.backup(tmp_path / "b.duckdb").write_bytes(b"broken")
        with pytest.raises(SourceError, match=r"b\.duckdb: this backup of the store cannot be read"):
            store.erase(PERSON)
        assert content(store) == before
        (tmp_path / "b.duckdb").unlink()
        assert store.erase(PERSON).backups.missing == (str(tmp_path / "b.duckdb"),)


def test_a_backup_whose_path_names_the_person(tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        fed(store).backup(tmp_path / f"{SHORT}.duckdb")
        with pytest.raises(PrivacyError, match="paths of 1 of the store's backups name the person"):
            store.erase(SHORT)
        (tmp_path / f"{SHORT}.duckdb").unlink()
        store.forget_backups()
        store.erase(SHORT)


def test_the_file_is_every_tenants() -> None:
    with AlertStore.open(tenant="x") as store:
        for act in (lambda: store.erase(PERSON), store.enforce_retention, store.audit, store.verify_audit):
            with pytest.raises(HistoryError, match=r"on the store of tenant 'x': the file and its records are every"):
                act()


def test_a_word_of_the_records_is_refused_and_nothing_changes() -> None:
    with AlertStore.open() as store:
        before = content(fed(store))
        for word in ("critical", "al", "resolve"):
            with pytest.raises(PrivacyError, match="An identifier"):
                store.erase(word)
        assert content(store) == before
        assert store.audit().num_rows == 0


def test_what_has_to_be_kept_names_nobody() -> None:
    """An identifier that the audit holds (here: a part of a time) cannot be erased, and says so."""
    with AlertStore.open() as store:
        store.ingest(frame())
        store.enforce_retention(timedelta(hours=1), now=at(5.5))
        store.enforce_retention(timedelta(hours=1), now=at(6.5))
        with pytest.raises(PrivacyError, match="named in what the table audit has to keep; nothing was changed"):
            store.erase("01T05")
        assert store.verify_audit().n_records == 1


def test_a_word_of_the_records_keys_can_be_erased() -> None:
    with AlertStore.open() as store:
        fed(store).erase(PERSON)
        store.ingest(pl.DataFrame({"message": ["rows of pseudonyms"], "fired_at": [at(1)]}))
        assert store.erase("rows").n_rows == store.erase("pseudonyms").n_rows == 1
        assert store.verify_audit().is_sound


def test_who_is_not_there_costs_nothing_but_a_record(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store:
        fed(store)
        copy = store.backup(tmp_path / "b.duckdb")
        store._base.cursor().execute("CHECKPOINT store")
        files = [one.stat().st_ino for one in (path, copy)]
        report = store.erase(["nobody.at.all", "ann"])
        assert report.sentence == "Nobody of that name was found; nothing was changed."
        assert (report.pseudonyms, report.changed, report.backups.rewritten) == ((), {}, ())
        assert [one.stat().st_ino for one in (path, copy)] == files
        last = store.audit().to_pylist()[-1]
        assert (last["action"], json.loads(last["details"])) == (
            "erase",
            {"is_keyed": True, "n_backups": 0, "n_backups_missing": 0, "pseudonyms": [], "rows": {}},
        )


def test_who_is_in_a_backup_alone_is_found_there(tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        store.ingest(pl.DataFrame({"assignee": [PERSON], "fired_at": [at(1)], "resolved_at": [at(2)]}))
        store.backup(tmp_path / "b.duckdb")
        (tmp_path / "b.duckdb").rename(tmp_path / "away.duckdb")
        store.erase(PERSON)
        (tmp_path / "away.duckdb").rename(tmp_path / "b.duckdb")
        report = store.erase(PERSON)
    assert (report.pseudonyms, report.n_rows, len(report.backups.rewritten)) == ((NAMES[0],), 0, 1)
    assert "No row of the store named the person" in report.sentence
    assert AlertHistory.open(tmp_path / "b.duckdb").to_arrow()["assignee"].to_pylist() == [NAMES[0]]


def test_tables_of_somebody_else_are_not_lost(tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        fed(store)._base.cursor().execute(f"CREATE TABLE store.notes AS SELECT '{SHORT} wrote' AS note, 3 AS n")
        store.erase(SHORT)
        rows = store.history().sql("FROM store.notes").rows()
        assert rows == [(f"{NAMES[1]} wrote", 3)]
        store._base.cursor().execute("CREATE SCHEMA store.theirs; CREATE TABLE store.theirs.t (a INTEGER)")
        with pytest.raises(SourceError, match=r"holds tables that are not the store's: theirs\.t"):
            store.erase(PERSON)


# -- a subject's export -------------------------------------------------------------------------------------------


def test_the_export_holds_everything_that_names_the_person(tmp_path: Path) -> None:
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        found = fed(store).export_subject([PERSON, SHORT], tmp_path / "export.json")
        assert {table: len(rows) for table, rows in found.tables.items()} == {
            "alerts": 12, "alert_events": 16, "quarantine": 2, "ingests": 0, "cursors": 1,
        }  # fmt: skip
        assert found.tables["cursors"][0]["name"] == f"of {SHORT}"
        assert json.loads((tmp_path / "export.json").read_text(encoding="utf-8")) == dict(found.tables)
        with pytest.raises(HistoryError, match=r"export\.json: it exists"):
            store.export_subject(PERSON, tmp_path / "export.json")
        assert store.export_subject("nobody.at.all").n_rows == 0
        last = store.audit().to_pylist()[0]
        assert (last["action"], json.loads(last["details"])) == ("export", {"n_rows": 31})


def test_a_tenant_exports_its_own_rows_only(tmp_path: Path) -> None:
    for tenant in ("x", "y"):
        with AlertStore.open(tmp_path / "a.duckdb", tenant=tenant) as store:
            fed(store)
            found = store.export_subject(PERSON)
    assert {row["tenant_id"] for rows in found.tables.values() for row in rows} == {"y"}
    assert found.n_rows > 10


# -- faults -------------------------------------------------------------------------------------------------------


def test_a_failure_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store:
        before = content(fed(store))

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(rewriting_module.os, "replace", full)
            with pytest.raises(QueryError, match=r"could not be written anew.*No space left.*it is as it was"):
                store.erase(PERSON)
        assert content(store) == before
        assert sorted(one.name for one in tmp_path.iterdir() if one.suffix != ".wal") == ["a.duckdb"]
        store.erase(PERSON)
    with AlertStore.open(path) as store:
        assert PERSON not in json.dumps(content(store), ensure_ascii=False)


def test_a_reader_that_does_not_end_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewriting_module, "_PATIENCE_S", 0.1)
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        reader = fed(store)._base.cursor()
        reader.execute("BEGIN TRANSACTION")
        reader.execute("FROM store.alert_events").fetchall()
        with pytest.raises(StoreLockedError, match=r"written anew, but cannot be opened again|still reading"):
            store.erase(PERSON)
        with pytest.raises(HistoryError, match="the store was closed"):  # nobody goes on with what was replaced
            store.history()._view.measured  # noqa: B018
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        store.erase(PERSON)
        assert PERSON not in json.dumps(content(store), ensure_ascii=False)


def test_no_log_lies_beside_the_file_when_it_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log is found by its name: after a crash just then, the old file's would be applied to the new one."""
    real, seen = rewriting_module.replace, []

    def replace(partial: Path, target: Path) -> None:
        seen.append([one.name for one in tmp_path.iterdir() if one.suffix == ".wal"])
        real(partial, target)

    monkeypatch.setattr(rewriting_module, "replace", replace)
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        fed(store)
        assert (tmp_path / "a.duckdb.wal").exists()
        store.erase(PERSON)
    assert seen == [[]]


def test_the_files_mode_and_place_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path, link = tmp_path / "real" / "a.duckdb", tmp_path / "link.duckdb"
    AlertStore.open(path).close()
    path.chmod(0o600)
    link.symlink_to(path)
    with AlertStore.open(link) as store:
        fed(store).erase(PERSON)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    with AlertStore.open(path) as store:
        assert PERSON not in json.dumps(content(store), ensure_ascii=False)


ERASING = """
import sys
import alert_analytics as aa
store = aa.AlertStore.open(sys.argv[1])
print("ready", flush=True)
store.erase(sys.argv[2:])
print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_store_is_before_or_after(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store, AlertStore.open() as twin:
        before = content(fed(store))
        after = content(fed(twin, *NAMES))
        store.backup(tmp_path / "b.duckdb")
    original = path.read_bytes()
    took = _erased_for(path, None)
    seen = {"before": 0, "after": 0}
    for i in range(24):
        path.with_name("a.duckdb.wal").unlink(missing_ok=True)
        path.write_bytes(original)
        _erased_for(path, took * i / 14)
        assert AlertHistory.open(path).n_alerts == 15
        with AlertStore.open(path) as store:
            found = content(store)
            assert found in (before, after)
            assert store.verify_audit().is_sound
            seen["after" if found == after else "before"] += 1
            store.erase([PERSON, SHORT])
            assert content(store) == after
        assert sorted(one.name for one in tmp_path.iterdir()) == ["a.duckdb", "b.duckdb"]
        with AlertStore.open(tmp_path / "b.duckdb") as copy:
            assert content(copy) == after
    assert min(seen.values()) > 0, seen


def _erased_for(path: Path, seconds: float | None) -> float:
    """Erase in a process of its own, killed after so long; how long it took from its readiness."""
    command = [sys.executable, "-c", ERASING, str(path), PERSON, SHORT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        start = time.perf_counter()
        if seconds is None:
            assert process.stdout.readline() == b"done\n"
        else:
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
        return time.perf_counter() - start


# -- at ingest ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("uncompressed")
def test_persons_get_their_pseudonyms_before_anything_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    rows = pl.DataFrame(
        {
            "assignee": [PERSON, PERSON, None, ""],
            "labels": [json.dumps({"z": "1", "caller": SHORT, "b": "2"}), None, None, '{"host": "a"}'],
            "metadata": ["none", json.dumps({"user": SHORT, "n": 1}), None, None],
            "message": ["up", f"{PERSON} and {SHORT}", "by nobody", "nobody"],
            "severity": ["low", "odd", "odd", "low"],
            "fired_at": [at(1)] * 4,
        }
    )
    with AlertStore.open(path) as store:
        report = store.ingest(rows, pseudonymise=["assignee", "label:caller", "metadata:user"])
        assert (report.n_new, report.n_quarantined) == (2, 2)
        named, nobody = sorted(store.history().to_arrow().to_pylist(), key=lambda row: row["message"], reverse=True)
        assert named["assignee"] == NAMES[0]
        assert named["labels"] == [("b", "2"), ("caller", NAMES[1]), ("z", "1")]  # labels are kept in order
        assert (nobody["assignee"], nobody["labels"]) == ("", [("host", "a")])
        originals = store.history().quarantine()["original"].to_pylist()
        [told] = [text for text in originals if NAMES[0] in text]
        assert json.loads(told)["assignee"] == NAMES[0]
        assert json.loads(told)["message"] == f"{NAMES[0]} and {NAMES[1]}"
        assert json.loads(json.loads(told)["metadata"]) == {"user": NAMES[1], "n": 1}
        [other] = [text for text in originals if text != told]
        assert json.loads(other)["message"] == "by nobody"  # its fields name nobody: it can be replayed
    assert named_in(path) == []


@pytest.mark.parametrize(
    ("row", "is_kept"),
    [
        ({"assignee": PERSON, "labels": None}, True),
        ({"assignee": PERSON, "labels": json.dumps({"caller": SHORT})}, True),
        ({"assignee": PERSON, "labels": json.dumps({"caller": "x"})}, False),  # cannot be told from other text
        ({"assignee": None, "labels": json.dumps({"host": "a"})}, True),
        ({"assignee": None, "labels": f"caller={SHORT}"}, False),  # not read
        ({"labels": None}, False),  # it could be where nothing was looked for
    ],
)
def test_what_is_kept_of_a_refused_row(row: dict[str, str | None], is_kept: bool) -> None:
    rows = pl.DataFrame([{**row, "severity": "odd", "fired_at": at(1)}], schema_overrides={"labels": pl.String})
    with AlertStore.open() as store:
        store.ingest(rows, pseudonymise=["assignee", "label:caller"])
        [original] = store.history().quarantine()["original"].to_pylist()
        assert (original != "(withheld: it could name a person)") is is_kept
        assert not Identifiers.of([PERSON, SHORT]).found_in(original)


def test_one_person_found_does_not_speak_for_another() -> None:
    """The second stands in the text in another spelling than the field's value, so nothing takes it out."""
    told = {"assignee": [PERSON], "metadata": [f'{{"user": {{"name" :  "{SHORT}"}}}}']}
    rows = pl.DataFrame({**told, "severity": ["odd"], "fired_at": [at(1)]})
    with AlertStore.open() as store:
        store.ingest(rows, pseudonymise=["assignee", "metadata:user"])
        assert store.history().quarantine()["original"].to_pylist() == ["(withheld: it could name a person)"]


def test_of_a_payload_that_could_not_be_read_nothing_is_kept() -> None:
    with AlertStore.open() as store:
        store.ingest([{"version": "4", "alerts": [SHORT]}], source="alertmanager", pseudonymise=["label:owner"])
        assert store.history().quarantine()["original"].to_pylist() == ["(withheld: it could name a person)"]


def test_pseudonymised_at_ingest_is_erased_later() -> None:
    """The same key gives the same pseudonym; and a fingerprint made of a row's content is made of the new content."""
    rows = pl.DataFrame({"assignee": [PERSON, "bob"], "fired_at": [at(1)] * 2})
    with AlertStore.open() as first, AlertStore.open() as second:
        first.ingest(rows, pseudonymise=["assignee"])
        second.ingest(rows)
        second.erase(PERSON)
        second.erase("bob")
        assert content(first) == content(second)


def test_what_pseudonymise_cannot_do_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pl.DataFrame({"assignee": ["x"], "fired_at": [at(1)]})
    with AlertStore.open() as store:
        for said in ("labels", "label:", "severity", "column:x"):
            with pytest.raises(HistoryError, match=rf"pseudonymise='{said}': expected one of assignee"):
                store.ingest(rows, pseudonymise=[said])
        monkeypatch.delenv("ALERT_PSEUDONYM_KEY")
        with pytest.raises(SettingsError, match="needs a key in ALERT_PSEUDONYM_KEY"):
            store.ingest(rows, pseudonymise=["assignee"])
        monkeypatch.setenv("ALERT_PSEUDONYM_KEY", "short")
        with pytest.raises(SettingsError, match="has 5 characters; expected at least 16") as refused:
            store.ingest(rows, pseudonymise=["assignee"])
        assert "short" not in str(refused.value)
        assert isinstance(refused.value, AlertAnalyticsError)
        assert store.history().n_alerts == 0


# -- fingerprints that are hashes of labels -------------------------------------------------------------------------


def payload(who: str, *, sends_fingerprint: bool, severity: str = "low") -> dict[str, Any]:
    """A webhook of Alertmanager, whose fingerprint anybody can compute who guesses the labels."""
    labels = {"alertname": "disk", "owner": who, "severity": severity}
    alert = {"status": "firing", "labels": labels, "startsAt": "2026-03-01T01:00:00Z", "endsAt": "0001-01-01T00:00:00Z"}
    return {"version": "4", "alerts": [alert | ({"fingerprint": fingerprint_of(labels)} if sends_fingerprint else {})]}


@pytest.mark.parametrize("sends_fingerprint", [True, False])
@pytest.mark.parametrize("when", ["erase", "ingest"])
def test_a_fingerprint_computed_of_labels_follows_them(when: str, sends_fingerprint: bool) -> None:
    def told(who: str) -> list[dict[str, Any]]:
        return [payload(who, sends_fingerprint=sends_fingerprint, severity=one) for one in ("low", "odd")]

    people = ["label:owner"] if when == "ingest" else []
    with AlertStore.open() as store, AlertStore.open() as twin:
        store.ingest(told(SHORT), source="alertmanager", pseudonymise=people)
        twin.ingest(told(NAMES[1]), source="alertmanager")
        if when == "erase":
            store.erase(SHORT)
        assert len(content(twin)["quarantine"]) == 1
        assert content(store) == content(twin)


def test_all_events_of_the_alert_follow_the_new_fingerprint() -> None:
    """Also a resolve that says nothing but the fingerprint; one that is no hash of the labels stays."""

    def told(who: str) -> list[AlertEvent]:
        labels = {"alertname": "disk", "owner": who}
        return [
            AlertEvent("fire", fingerprint_of(labels), at(1), rule="disk", labels=labels),
            AlertEvent("resolve", fingerprint_of(labels), at(3)),
            AlertEvent("fire", "their own", at(1), rule="disk", labels=labels),
            AlertEvent("resolve", "their own", at(2)),
        ]

    for people in ([], ["label:owner"]):
        with AlertStore.open() as store, AlertStore.open() as twin:
            store.ingest(told(SHORT), source=Events(), pseudonymise=people)
            twin.ingest(told(NAMES[1]), source=Events())
            if not people:
                assert store.erase(SHORT).changed == {"alert_events": 2}
            assert content(store) == content(twin)
            assert [one["status"] for one in alerts(store)] == ["resolved", "resolved"]
