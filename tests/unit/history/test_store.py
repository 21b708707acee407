"""The store: whatever comes, in whatever order and pieces, the same alerts; and never half of an ingest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.alerts import Alert, AlertRule
from alert_analytics.errors import HistoryError, QueryError, SourceError, StoreLockedError
from alert_analytics.history import AlertHistory, AlertStore, Batch, Source
from alert_analytics.history import merge as merge_module
from alert_analytics.history.source import source_named

DAY = datetime(2026, 3, 1)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def frame(*rows: Mapping[str, Any]) -> pl.DataFrame:
    schema = {
        "tenant_id": pl.String, "fingerprint": pl.String, "severity": pl.String, "message": pl.String,
        "fired_at": pl.Datetime("us"), "resolved_at": pl.Datetime("us"), "observed_at": pl.Datetime("us"),
    }  # fmt: skip
    return pl.DataFrame([{**dict.fromkeys(schema), **row} for row in rows], schema=schema)


A = {"fingerprint": "a", "fired_at": at(1), "observed_at": at(1)}
A_LATER = {**A, "resolved_at": at(5), "observed_at": at(5)}
B = {"fingerprint": "b", "fired_at": at(2)}
BAD = {"fingerprint": "c", "fired_at": at(2), "severity": "odd"}


def tables(store: AlertStore) -> dict[str, Any]:
    """Everything that the store holds, the log of ingests aside."""
    history = store.history()
    return {
        name: sorted(history.sql(f"SELECT * FROM store.{name}").rows(), key=repr) for name in ("alerts", "quarantine")
    }


def test_counts_add_up() -> None:
    with AlertStore.open() as store:
        first = store.ingest(frame(A, B, B, BAD))
        second = store.ingest(frame(A_LATER, B, BAD, {**B, "fingerprint": "d"}))
    assert (first.n_read, first.n_new, first.n_updated, first.n_duplicate, first.n_quarantined) == (4, 2, 0, 1, 1)
    assert (second.n_read, second.n_new, second.n_updated, second.n_duplicate, second.n_quarantined) == (4, 1, 1, 1, 1)
    assert (first.source, first.n_records, second.watermark) == ("table", 4, at(5))
    assert second.sentence == (
        "4 alerts read from 4 records of table: 1 new, 1 updated, 1 known already, 1 set aside; "
        "known until 2026-03-01 05:00:00."
    )
    assert second.to_dict()["n_new"] == 1


def test_the_same_input_twice_changes_nothing() -> None:
    data = frame(A, A_LATER, B, BAD, BAD)
    with AlertStore.open() as store:
        store.ingest(data)
        before = tables(store)
        report = store.ingest(data)
        assert tables(store) == before
        assert (report.n_new, report.n_updated, report.n_duplicate, report.n_quarantined) == (0, 0, 3, 2)
        assert len(before["quarantine"]) == 2


def test_alerts_made_in_python_twice() -> None:
    rule = AlertRule(name="r", condition="x > 1", severity="low")
    alerts = [Alert(rule_id=rule.id, metadata={"n": n}, fired_at=at(n), labels={"a": "ü"}) for n in range(3)]
    with AlertStore.open() as store:
        assert store.ingest(alerts).n_new == 3
        assert store.ingest(iter(alerts)).n_duplicate == 3
        assert store.ingest(store.history()).n_duplicate == 3
        assert sorted(store.history().to_arrow()["alert_id"].to_pylist()) == sorted(one.alert_id for one in alerts)


@pytest.mark.parametrize("batches", [[[A, A_LATER]], [[A_LATER, A]], [[A], [A_LATER]], [[A_LATER], [A]]])
def test_the_latest_observation_stays(batches: list[list[dict[str, Any]]]) -> None:
    with AlertStore.open() as store:
        for batch in batches:
            store.ingest(frame(*batch))
        [row] = store.history().to_arrow().to_pylist()
    assert (row["resolved_at"], row["status"], row["observed_at"]) == (at(5), "resolved", at(5))


@pytest.mark.parametrize("order", [["x", "y"], ["y", "x"]])
@pytest.mark.parametrize("at_once", [True, False])
def test_of_two_equally_late_ones_the_same_stays(order: list[str], at_once: bool) -> None:
    rows = [{**A, "message": message} for message in order]
    with AlertStore.open() as store:
        for batch in [rows] if at_once else [[row] for row in rows]:
            store.ingest(frame(*batch))
        assert store.history().to_arrow()["message"].to_pylist() == ["y"]


OBSERVATIONS = st.lists(
    st.builds(
        lambda name, seen, severity, message: {
            "fingerprint": name, "fired_at": at(0), "observed_at": at(seen), "severity": severity, "message": message,
        },
        st.sampled_from(["a", "b"]),
        st.integers(0, 2),
        st.sampled_from(["low", "high", "odd"]),
        st.sampled_from(["x", None]),
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(OBSERVATIONS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))), st.integers(0, 6))
def test_any_order_and_any_split_give_the_same_alerts(both: tuple[list[Any], list[Any]], cut: int) -> None:
    rows, shuffled = both
    seen = []
    for batches in ([rows], [shuffled[:cut], shuffled[cut:]]):
        with AlertStore.open() as store:
            reports = [store.ingest(frame(*batch)) for batch in batches]
            seen.append(store.history().to_arrow().drop_columns("ingested_at"))
            assert all(r.n_read == r.n_new + r.n_updated + r.n_duplicate + r.n_quarantined for r in reports)
            assert sum(r.n_new for r in reports) == store.history().n_alerts
    assert seen[0].equals(seen[1])


def test_rows_of_another_tenant_are_refused() -> None:
    with AlertStore.open(tenant="x") as store:
        report = store.ingest(frame({**A, "tenant_id": "y"}, {**A, "tenant_id": "x"}, B))
        assert (report.n_new, report.n_quarantined) == (2, 1)
        assert store.history().to_arrow()["tenant_id"].to_pylist() == ["x", "x"]
        refused = store.history().quarantine().to_pylist()
        assert [(row["tenant_id"], row["reason"]) for row in refused] == [
            ("x", "belongs to another tenant, not to 'x'")
        ]
        with pytest.raises(HistoryError, match="belongs to tenant 'x'"):
            store.history().tenant("y")


def test_nobody_replaces_an_alert_of_another_tenant_by_its_id() -> None:
    def row(tenant: str, seen: int) -> pa.Table:
        return pa.table({"tenant_id": [tenant], "alert_id": ["same"], "fired_at": [at(1)], "observed_at": [at(seen)]})

    with AlertStore.open() as store:
        assert store.ingest(row("x", 1)).n_new == 1
        assert store.ingest(row("y", 9)).n_new == 1
        assert store.ingest(row("x", 5)).n_updated == 1
        assert store.ingest(pa.concat_tables([row("x", 2), row("y", 3)])).n_duplicate == 2
        told = store.history().to_polars().select("tenant_id", "alert_id", "observed_at").rows()
    assert sorted(told) == [("x", "same", at(5)), ("y", "same", at(9))]


def test_complete_until_moves_the_watermark() -> None:
    with AlertStore.open() as store:
        assert store.ingest(frame(A), complete_until="2026-03-01T10:00+02:00").watermark == at(8)
        assert store.ingest(frame(B), complete_until=at(3)).watermark == at(8)
        assert store.history().as_of(at(7)).watermark == at(7)
        assert store.history().as_of(at(9)).watermark == at(8)
        with pytest.raises(HistoryError, match="complete_until='soon' is not a time"):
            store.ingest(frame(A), complete_until="soon")


def test_complete_until_counts_for_whom_it_was_said(tmp_path: Path) -> None:
    for tenant, hours in (("x", 6), ("y", 9), (None, 4)):
        with AlertStore.open(tmp_path / "a.duckdb", tenant=tenant) as store:
            store.ingest(frame(A), complete_until=at(hours))
    with AlertStore.open(tmp_path / "a.duckdb") as store:
        whole = store.history()
        marks = [history.watermark for history in (whole, *(whole.tenant(name) for name in ("x", "y", "default")))]
    assert marks == [at(9), at(6), at(9), at(4)]


def test_an_ingest_says_nothing_of_a_tenant_that_is_not_in_it() -> None:
    with AlertStore.open() as store:
        store.ingest(frame({**A, "tenant_id": "x"}, {**A, "tenant_id": "y"}))
        history = store.history()
        mine, theirs = history.tenant("x"), history.tenant("y")
        assert (mine.watermark, theirs.watermark) == (at(1), at(1))
        store.ingest(frame({**B, "tenant_id": "y"}, {**BAD, "tenant_id": "x"}), complete_until=at(9))
        assert (mine.watermark, theirs.watermark, history.watermark) == (at(1), at(9), at(9))


def test_a_quiet_tenant_declares_its_empty_export_complete() -> None:
    with AlertStore.open(tenant="x") as store:
        store.ingest(frame(A))
        history = store.history()
        assert history.watermark == at(1)
        store.ingest(frame(), complete_until=at(9))
        assert history.watermark == at(9)


# -- failing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step", ["stage", "merge_fresh", "merge_events", "merge_replaced", "merge_folded", "merge_log", "merge_counts"]
)
@pytest.mark.parametrize("how", ["SELECT error('no room')", None])
def test_a_failing_ingest_leaves_the_store_as_it_was(
    step: str, how: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = merge_module.text_of

    def broken(package: str, query: str) -> str:
        if query != step:
            return read(package, query)
        if how is None:
            raise KeyboardInterrupt
        return how

    with AlertStore.open() as store:
        store.ingest(frame(A))
        before = tables(store), store.history().sql("FROM store.ingests").rows()
        with monkeypatch.context() as patched:
            patched.setattr(merge_module, "text_of", broken)
            with pytest.raises(
                KeyboardInterrupt if how is None else QueryError, match=None if how is None else "no room"
            ):
                store.ingest(frame(A_LATER, B, BAD))
        assert (tables(store), store.history().sql("FROM store.ingests").rows()) == before
        assert store.ingest(frame(A_LATER, B, BAD)).n_read == 3


def test_an_input_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("when\n2026-01-01\n", encoding="utf-8")
    with AlertStore.open() as store:
        with pytest.raises(HistoryError, match="No column fired_at among when"):
            store.ingest(tmp_path / "a.csv")
        left = store.history().sql("SELECT table_name FROM duckdb_tables() WHERE database_name <> 'store'")
        assert left.rows() == []


# -- sources ------------------------------------------------------------------------------------------------------


class Words:
    """A source of another package: it has its own objections, and says what the rows were."""

    name = "words"

    def read(self, connection: duckdb.DuckDBPyConnection, data: str) -> Batch:
        rows = connection.sql(
            "SELECT TIMESTAMP '2026-03-01' AS fired_at, word AS message, rowid + 10 AS line, concat('<', word, '>') AS "
            "original, CASE WHEN word = 'bad' THEN 'a bad word' END AS reason FROM words"
            if data == "table"
            else "SELECT TIMESTAMP '2026-03-01' AS fired_at, 'odd' AS severity"
        )
        return Batch(rows, 7)


def test_a_source_of_ones_own() -> None:
    source = Words()
    assert isinstance(source, Source)
    assert source_named(source) is source
    with AlertStore.open() as store:
        cursor = store._connection
        cursor.execute("CREATE TABLE words AS SELECT unnest(['good', 'bad']) AS word")
        report = store.ingest("table", source=source)
        assert (report.source, report.n_records, report.n_read, report.n_quarantined) == ("words", 7, 2, 1)
        assert store.history().quarantine().to_pylist() == [
            {"tenant_id": "default", "source": "words", "line": 11, "reason": "a bad word", "original": "<bad>"}
        ]
        store.ingest("odd", source=source)
        row = store.history().quarantine().to_pylist()[1]
        assert (row["line"], row["reason"]) == (None, "unknown severity 'odd'")
        assert '"severity":"odd"' in row["original"]


def test_a_source_that_is_not_installed() -> None:
    with (
        AlertStore.open() as store,
        pytest.raises(SourceError, match=r"No source is called 'nagios'; there are alertmanager, .*servicenow"),
    ):
        store.ingest("x.csv", source="nagios")


# -- the file -----------------------------------------------------------------------------------------------------


def test_what_was_ingested_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "alerts.duckdb"
    with AlertStore.open(path, tenant="x") as store:
        store.ingest(frame(A_LATER, B, BAD))
        written = store.history().to_arrow()
        assert repr(store) == f"<AlertStore {path}, tenant 'x'>"
    with AlertStore.open(str(path)) as store:
        assert repr(store) == f"<AlertStore {path}, every tenant>"
        assert store.history().tenant("x").to_arrow().equals(written)
    history = AlertHistory.open(path)
    assert history.to_arrow().equals(written)
    assert history.quarantine().num_rows == 1
    assert history.settings["data"] == str(path)


def test_a_history_sees_what_is_ingested_later() -> None:
    with AlertStore.open(tenant="default") as store:
        history = store.history()
        assert (history.n_alerts, history.watermark) == (0, None)
        store.ingest(frame(A).with_columns(labels=pl.lit('{"l": "1"}')))
        assert (history.n_alerts, history.watermark) == (1, at(1))
        assert history.where({"l": "1"}).n_alerts == 1
        assert history.sql("SELECT count(*) FROM alerts").rows() == [(1,)]
        store.ingest(frame(B))
        assert (history.n_alerts, history.watermark) == (2, at(2))
        assert history.sql("SELECT count(*) FROM alerts").rows() == [(2,)]


def test_close_lets_go_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "alerts.duckdb"
    with AlertStore.open(path) as store:
        store.ingest(frame(A))
        history = store.history()
        with pytest.raises(StoreLockedError, match="this process has the store open already"):
            AlertStore.open(path)
        with pytest.raises(StoreLockedError, match="this process has the store open already"):
            AlertHistory.open(path)
    for ask in (lambda: history.n_alerts, lambda: store.ingest(frame(A)), history.to_polars):
        with pytest.raises(HistoryError, match=r"alerts\.duckdb: the store was closed"):
            ask()
    with pytest.raises(ZeroDivisionError), AlertStore.open(path):
        _ = 1 / 0
    AlertStore.open(path).close()


def test_a_second_process(tmp_path: Path) -> None:
    path = tmp_path / "alerts.duckdb"
    code = f"import alert_analytics as aa; print(aa.AlertHistory.open({str(path)!r}).n_alerts)"
    with AlertStore.open(path) as store:
        store.ingest(frame(A))
        held = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert "StoreLockedError" in held.stderr
        assert f"{path}: another process holds the store" in held.stderr
    reading = AlertHistory.open(path)
    shared = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert shared.stdout == "1\n"
    assert reading.n_alerts == 1


@pytest.mark.parametrize("content", [b"fired_at,service\n2026-01-01,a\n", b"x", b"\0" * 4096])
def test_a_file_that_is_no_database_stays_as_it_is(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "alerts.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"alerts\.csv: no DuckDB database, so no alert store"):
        AlertStore.open(path)
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["alerts.csv"]


def test_nothing_is_complete_until_a_time_to_come() -> None:
    with AlertStore.open() as store:
        with pytest.raises(HistoryError, match="complete_until=2999-01-01 00:00:00 lies in the future"):
            store.ingest(frame(A), complete_until="2999-01-01")
        assert store.history().n_alerts == 0


def test_a_time_of_observation_before_all_calendars() -> None:
    odd = pa.table({"fired_at": [at(1)], "observed_at": pa.array([-(10**17)], pa.timestamp("us"))})
    with AlertStore.open() as store:
        store.ingest(odd)
        assert store.history().quarantine()["reason"].to_pylist() == ["observed_at lies before all calendars"]
