"""Rows that were set aside are read again after a mapping was mended."""

from __future__ import annotations

import gzip
import io
import json
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from alert_analytics.errors import SourceError
from alert_analytics.history import AlertStore
from alert_analytics.sources import Alertmanager, Tabular

TICKETS = pl.DataFrame(
    {
        "Ticket": ["1", "2", "3"],
        "Opened": ["2026-03-01 10:00", "2026-03-01 11:00", "not yet"],
        "Prio": ["P1", "top", "P2"],
    }
)
MAPPED = {"fingerprint": "Ticket", "fired_at": "Opened", "severity": "Prio"}
FIRST = Tabular(columns=MAPPED, severities={"P1": "critical", "P2": "high"})
MENDED = Tabular(columns=MAPPED, severities={"P1": "critical", "P2": "high", "top": "critical"})


def test_what_is_sound_now_leaves_quarantine() -> None:
    with AlertStore.open() as store, AlertStore.open() as direct:
        store.ingest(TICKETS, source=FIRST)
        assert store.history().quarantine().num_rows == 2
        report = store.replay_quarantine(MENDED)
        assert (report.n_records, report.n_read, report.n_new, report.n_quarantined) == (2, 2, 1, 1)
        assert store.history().quarantine()["reason"].to_pylist() == ["fired_at is no time in the format iso"]
        assert store.history().quarantine()["line"].to_pylist() == [3]
        direct.ingest(TICKETS, source=MENDED)
        shown = [s.history().to_polars().drop("ingested_at") for s in (store, direct)]
        assert shown[0].equals(shown[1])
        again = store.replay_quarantine(MENDED)
        assert (again.n_read, again.n_new, again.n_quarantined) == (1, 0, 1)
        assert store.history().quarantine().num_rows == 1


def test_only_rows_of_that_source_and_tenant() -> None:
    with AlertStore.open() as store:
        store.ingest(TICKETS, source=FIRST)
        store.ingest(TICKETS.rename({"Opened": "fired_at"}))
        assert store.replay_quarantine().n_records == 1
        assert store.replay_quarantine(Tabular(columns=MAPPED, name="other")).n_records == 0
        assert store.history().quarantine().num_rows == 3


def test_a_replay_that_fails_changes_nothing() -> None:
    with AlertStore.open() as store:
        store.ingest(TICKETS, source=FIRST)
        with pytest.raises(SourceError, match="has no column 'Begun'"):
            store.replay_quarantine(Tabular(columns={"fired_at": "Begun"}))
        assert store.history().quarantine().num_rows == 2


def test_rows_of_a_table_in_the_canonical_columns() -> None:
    rows = {"fired_at": [datetime(2026, 3, 1)], "severity": ["odd"], "labels": ['{"a": "b"}']}
    with AlertStore.open() as store:
        store.ingest(pl.DataFrame(rows))
        assert store.replay_quarantine().n_quarantined == 1
        assert store.history().quarantine()["reason"].to_pylist() == ["unknown severity 'odd'"]


@pytest.mark.parametrize("kind", ["text", "bytes", "gzip", "parquet", "records"])
def test_other_ways_to_hand_a_table_over(kind: str) -> None:
    csv = TICKETS.write_csv()
    parquet = io.BytesIO()
    TICKETS.write_parquet(parquet)
    given = {
        "text": io.StringIO(csv),
        "bytes": io.BytesIO(csv.encode()),
        "gzip": io.BytesIO(gzip.compress(csv.encode())),
        "parquet": io.BytesIO(parquet.getvalue()),
        "records": TICKETS.to_dicts(),
    }[kind]
    with AlertStore.open() as store:
        report = store.ingest(given, source=MENDED)
        assert (report.n_records, report.n_new, report.n_quarantined) == (3, 2, 1)
        line = {"records": 3, "parquet": 3}.get(kind, 4)
        assert kind == "parquet" or store.history().quarantine()["line"].to_pylist() == [line]


def webhook(*severities: str) -> str:
    alerts = [
        {"status": "firing", "labels": {"alertname": f"a{i}", "severity": word}, "startsAt": "2026-03-01T10:00:00Z"}
        for i, word in enumerate(severities)
    ]
    return json.dumps({"version": "4", "status": "firing", "alerts": alerts})  # the text itself is kept


def test_a_payload_of_which_several_alerts_were_set_aside_is_read_again_once() -> None:
    with AlertStore.open() as store:
        store.ingest([webhook("odd", "odder", "warning"), webhook("odd")], source="alertmanager")
        before = sorted(store.history().quarantine().to_pylist(), key=repr)
        assert len(before) == 3
        for _ in range(3):
            report = store.replay_quarantine("alertmanager")
            assert (report.n_records, report.n_new, report.n_duplicate, report.n_quarantined) == (2, 0, 1, 3)
            assert sorted(store.history().quarantine().to_pylist(), key=repr) == before
        mended = store.replay_quarantine(Alertmanager(severities={"odd": "low", "odder": "low"}))
        assert (mended.n_new, mended.n_quarantined, store.history().quarantine().num_rows) == (2, 0, 0)


def test_the_operator_reads_again_what_stays_each_tenants_own(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path, tenant="acme") as store:
        store.ingest(TICKETS, source=FIRST)
    with AlertStore.open(path) as store:
        report = store.replay_quarantine(MENDED)
        assert (report.n_records, report.n_new, report.n_quarantined) == (2, 1, 1)
        assert set(store.history().to_arrow()["tenant_id"].to_pylist()) == {"acme"}
        assert set(store.history().quarantine()["tenant_id"].to_pylist()) == {"acme"}
