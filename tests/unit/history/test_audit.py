"""The audit of a store: it grows with what is done, and shows whether somebody touched it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from alert_analytics.alerts.compliance import BEGINNING
from alert_analytics.history import AlertStore
from tests.unit.history.test_retention import HOUR, at

ROWS = pl.DataFrame({"fired_at": [at(1)], "resolved_at": [at(2)], "assignee": ["ann.quill"]})


def worked(store: AlertStore, folder: Path) -> AlertStore:
    store.ingest(ROWS)
    store.export_subject("ann.quill")
    store.backup(folder / "ann.quill.copy")
    (folder / "ann.quill.copy").unlink()
    store.forget_backups()
    store.erase("ann.quill")
    store.enforce_retention(HOUR, now=at(9))
    return store


def test_a_store_that_nothing_was_done_to() -> None:
    with AlertStore.open() as store:
        store.ingest(ROWS)
        assert store.audit().num_rows == 0
        assert store.audit().column_names == ["seq", "at", "action", "details", "previous_hash", "hash"]
        assert store.verify_audit().head == BEGINNING
        assert store.verify_audit().is_sound


def test_what_was_done_is_on_record_and_nobody_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with AlertStore.open(path) as store:
        rows = worked(store, tmp_path).audit().to_pylist()
        head = store.verify_audit().head
    assert [row["action"] for row in rows] == ["export", "backup", "forget", "erase", "retain"]
    assert "quill" not in repr(rows)
    assert json.loads(rows[3]["details"])["rows"] == {"alert_events": 1}
    with AlertStore.open(path) as store:
        found = store.verify_audit()
        assert (found.n_records, found.is_sound, found.head) == (5, True, head)
        assert head == rows[-1]["hash"]


@pytest.mark.parametrize(
    ("tampering", "place"),
    [
        ("UPDATE store.audit SET details = '{}' WHERE seq = 2", None),
        ("UPDATE store.audit SET details = '{\"n_rows\":0}' WHERE seq = 1", 1),
        ("UPDATE store.audit SET details = 'no json' WHERE seq = 3", 3),
        ("UPDATE store.audit SET details = '[1]' WHERE seq = 4", 4),
        ("UPDATE store.audit SET details = '{\"a\":NaN}' WHERE seq = 2", 2),
        ("UPDATE store.audit SET details = repeat('[', 200000) WHERE seq = 2", 2),
        ("UPDATE store.audit SET details = '{ }' WHERE seq = 2", 2),
        ("UPDATE store.audit SET details = '{\"n_rows\":9,' || details[2:] WHERE seq = 1", 1),
        ('UPDATE store.audit SET "at" = "at" + INTERVAL 1 SECOND WHERE seq = 5', 5),
        ("UPDATE store.audit SET action = 'nothing' WHERE seq = 4", 4),
        ("DELETE FROM store.audit WHERE seq = 1", 1),
        ("DELETE FROM store.audit WHERE seq = 3", 3),
    ],
)
def test_tampering_is_found_where_it_was_done(tampering: str, place: int | None, tmp_path: Path) -> None:
    with AlertStore.open() as store:
        worked(store, tmp_path)._base.cursor().execute(tampering)
        found = store.verify_audit()
        assert found.broken_at == place
        assert store.audit().num_rows == found.n_records
        store.erase("somebody.else")  # a broken chain goes on, and stays broken
        assert store.verify_audit().broken_at == place
