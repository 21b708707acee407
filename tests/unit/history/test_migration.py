"""Stores of earlier versions: brought up to date whole, or left as they are."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from alert_analytics.errors import QueryError, SourceError
from alert_analytics.history import AlertHistory, AlertStore
from alert_analytics.history import migration as migration_module

GOLDEN = Path(__file__).parents[2] / "golden"
ROWS = """
INSERT INTO alerts BY NAME
SELECT 'acme' AS tenant_id, md5(to_json(['acme', 'table', 'f', epoch_us(TIMESTAMP '2026-03-01')::VARCHAR])) AS alert_id,
    'table' AS source, 'f' AS fingerprint, 'disk' AS rule, 'low' AS severity, 'resolved' AS status,
    TIMESTAMP '2026-03-01' AS fired_at, TIMESTAMP '2026-03-02' AS resolved_at, TIMESTAMP '2026-03-03' AS observed_at,
    TIMESTAMP '2026-03-04' AS ingested_at, 3 AS occurrences, MAP {'host': 'a'} AS labels
UNION ALL BY NAME
SELECT 'acme' AS tenant_id, 'given' AS alert_id, 'table' AS source, 'g' AS fingerprint, 'cpu' AS rule,
    'firing' AS status, TIMESTAMP '2026-03-02' AS fired_at, TIMESTAMP '2026-03-02' AS observed_at,
    TIMESTAMP '2026-03-04' AS ingested_at, 1 AS occurrences, MAP {} AS labels;
INSERT INTO quarantine VALUES ('acme', 'table', 7, 'no fired_at', '{}', 1, TIMESTAMP '2026-03-04');
INSERT INTO ingests VALUES ('acme', 'table', TIMESTAMP '2026-03-05', 3, TIMESTAMP '2026-03-04');
"""


def alerts_id(fingerprint: str) -> str:
    microseconds = round(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1e6)
    said = json.dumps(["acme", "table", fingerprint, str(microseconds)], separators=(",", ":"))
    return hashlib.md5(said.encode()).hexdigest()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS old (STORAGE_VERSION 'v1.4.0'); USE old")
        connection.execute((GOLDEN / "store_v1.sql").read_text(encoding="utf-8"))
        connection.execute(ROWS)
    return path


def test_a_store_of_version_1_gives_the_same_answers(old: Path) -> None:
    with AlertStore.open(old) as store:
        history = store.history()
        told = history.to_polars().select(
            "alert_id", "rule", "severity", "status", "resolved_at", "occurrences", "observed_at", "ingested_at"
        )
        assert told.rows() == [
            (
                alerts_id("f"), "disk", "low", "resolved", datetime(2026, 3, 2), 3, datetime(2026, 3, 3),
                datetime(2026, 3, 4),
            ),
            ("given", "cpu", None, "firing", None, 1, datetime(2026, 3, 2), datetime(2026, 3, 4)),
        ]  # fmt: skip
        assert history.watermark == datetime(2026, 3, 5)
        assert history.quarantine()["reason"].to_pylist() == ["no fired_at"]
        assert [row["resolved_at"] for row in history.as_of("2026-03-02").to_arrow().to_pylist()] == [None]
        again = store.ingest(history.to_arrow())
        assert (again.n_new, again.n_updated, again.n_duplicate) == (0, 0, 2)
    assert AlertHistory.open(old).n_alerts == 2


def test_a_reader_says_how_to_bring_it_up_to_date(old: Path) -> None:
    before = old.read_bytes()
    said = r"version 1; this library reads version 2\. Hint: `alert-analytics audit --store FILE` brings it up to date"
    with pytest.raises(SourceError, match=said):
        AlertHistory.open(old)
    assert old.read_bytes() == before


@pytest.mark.parametrize("step", ["store", "migrate_1"])
def test_a_migration_that_fails_leaves_the_store_as_it_was(
    old: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = migration_module.text_of
    with monkeypatch.context() as patched:
        patched.setattr(
            migration_module,
            "text_of",
            lambda package, query: read(package, query) + (";SELECT error('no room')" if query == step else ""),
        )
        with pytest.raises(QueryError, match=r"old\.duckdb: cannot be made a store .*it is as it was: .*no room"):
            AlertStore.open(old)
    with duckdb.connect(str(old)) as connection:
        assert connection.execute("SELECT schema_version FROM meta").fetchall() == [(1,)]
        assert connection.execute("SELECT count(*) FROM alerts").fetchall() == [(2,)]
    with AlertStore.open(old) as store:
        assert store.history().n_alerts == 2
