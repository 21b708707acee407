"""A row that breaks a rule is set aside: with the reason, its place and the original, and nothing of it is used."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from alert_analytics.history import AlertHistory, AlertStore

SOON = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S")
REASONS = [
    ({"fired_at": None}, "no fired_at"),
    ({"fired_at": "yesterday"}, "fired_at is no ISO 8601 time"),
    ({"fired_at": "31/12/2025 10:00"}, "fired_at is no ISO 8601 time"),
    ({"fired_at": "2999-01-01"}, "fired_at lies in the future"),
    ({"fired_at": "infinity"}, "fired_at lies in the future"),
    ({"fired_at": "-infinity"}, "fired_at lies before all calendars"),
    ({"resolved_at": "2999-01-01"}, "resolved_at lies in the future"),
    ({"resolved_at": "later"}, "resolved_at is no ISO 8601 time"),
    ({"resolved_at": "2025-12-31"}, "resolved_at precedes fired_at"),
    ({"acknowledged_at": "2999-01-01"}, "acknowledged_at lies in the future"),
    ({"acknowledged_at": "2025-12-31"}, "acknowledged_at precedes fired_at"),
    ({"observed_at": "2999-01-01"}, "observed_at lies in the future"),
    ({"severity": " Urgent "}, "unknown severity 'urgent'"),
    ({"status": "asleep"}, "unknown status 'asleep'"),
    ({"resolution": "magic"}, "unknown resolution 'magic'"),
    ({"status": "Resolved"}, "resolved, but no resolved_at"),
    ({"tenant_id": "other"}, "belongs to another tenant, not to 'acme'"),
    ({"occurrences": "many"}, "occurrences is no whole number"),
    ({"value": "12 %"}, "value is no number"),
    ({"labels": "a=b"}, "labels is no JSON object"),
]
SOUND = {"fired_at": "2026-01-01", "service": 'it\'s "ü"'}
SCHEMA = dict.fromkeys(
    ["tenant_id", "service", "severity", "status", "resolution", "fired_at", "acknowledged_at", "resolved_at",
     "observed_at", "occurrences", "value", "labels", "note"],
    pl.String,
)  # fmt: skip


def frame(*rows: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame([{**dict.fromkeys(SCHEMA), **row} for row in rows], schema=SCHEMA)


@pytest.fixture(scope="module")
def judged() -> dict[str, AlertHistory]:
    """One row that is sound and one for each reason, ingested and opened as they are."""
    table = frame(SOUND, *(SOUND | wrong | {"note": "kept"} for wrong, _ in REASONS))
    store = AlertStore.open(tenant="acme")
    report = store.ingest(table)
    assert (report.n_read, report.n_new, report.n_quarantined) == (1 + len(REASONS), 1, len(REASONS))
    return {"ingested": store.history(), "opened": AlertHistory.open(table)}


@pytest.mark.parametrize("how", ["ingested", "opened"])
@pytest.mark.parametrize("number", range(len(REASONS)), ids=[reason for _, reason in REASONS])
def test_every_reason(number: int, how: str, judged: dict[str, AlertHistory]) -> None:
    wrong, reason = REASONS[number]
    found = [row for row in judged[how].quarantine().to_pylist() if row["line"] == number + 2]
    if how == "opened" and "tenant_id" in wrong:
        assert found == []  # nobody's history alone: rows of every tenant are at home
        return
    [row] = found
    assert (row["source"], row["reason"]) == ("table", reason)
    assert json.loads(row["original"]) == {**dict.fromkeys(SCHEMA), **SOUND, **wrong, "note": "kept"}
    if how == "ingested":
        assert row["tenant_id"] == "acme"


def test_nothing_of_a_refused_row_is_used(judged: dict[str, AlertHistory]) -> None:
    assert judged["ingested"].to_arrow()["service"].to_pylist() == [SOUND["service"]]
    assert judged["ingested"].watermark == datetime(2026, 1, 1)
    assert judged["opened"].where({"note": "kept"}).to_arrow()["tenant_id"].to_pylist() == ["other"]


def test_what_only_looks_wrong_is_kept() -> None:
    table = frame(
        SOUND | {"fired_at": SOON, "severity": "", "status": " ", "resolution": ""},
        SOUND | {"resolved_at": "2026-01-01", "acknowledged_at": "2026-01-01", "status": "firing", "severity": "HIGH"},
        SOUND | {"status": "Suppressed", "resolution": "Automatic", "value": "1e3", "occurrences": " 4"},
    )
    history = AlertHistory.open(table)
    assert history.quarantine().num_rows == 0
    rows = history.to_polars().select("status", "severity", "resolution", "value", "occurrences").rows()
    assert sorted(rows, key=str) == [
        ("firing", None, None, None, 1),
        ("resolved", "high", None, None, 1),
        ("suppressed", None, "automatic", 1000.0, 4),
    ]


def test_the_line_of_a_csv_counts_its_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("fired_at,service\n2026-01-01,a\n,b\n2026-01-02,c\n2026-13-01,d\n", encoding="utf-8")
    with AlertStore.open() as store:
        store.ingest(path)
        for history in (AlertHistory.open(path), store.history()):
            assert history.quarantine().select(["line", "reason"]).to_pylist() == [
                {"line": 3, "reason": "no fired_at"},
                {"line": 5, "reason": "fired_at is no ISO 8601 time"},
            ]


def test_parquet_opened_where_it_lies_has_no_lines_and_an_ingested_one_has(tmp_path: Path) -> None:
    frame(SOUND, SOUND | {"severity": "?"}).write_parquet(tmp_path / "a.parquet")
    with AlertStore.open() as store:
        store.ingest(tmp_path / "a.parquet")
        assert store.history().quarantine()["line"].to_pylist() == [2]
    assert AlertHistory.open(tmp_path / "a.parquet").quarantine()["line"].to_pylist() == [None]


def test_reasons_are_counted_and_a_long_list_is_cut() -> None:
    history = AlertHistory.open(frame(*(SOUND | {"severity": f"x{n // 2:02}"} for n in range(40))))
    seen = history.describe()
    assert seen.sentence == "No alert is in scope; 40 rows were set aside."
    assert list(seen.quarantined.items())[:2] == [("unknown severity 'x00'", 2), ("unknown severity 'x01'", 2)]
    assert "set aside: 2 x unknown severity 'x07'" in repr(seen)
    assert "unknown severity 'x08'" not in repr(seen)
    assert "set aside: 12 more reasons; quarantine() lists them" in repr(seen)
