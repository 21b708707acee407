"""The verbs of a store's keeper: nothing is destroyed unasked, and nobody is named afterwards."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from alert_analytics.history import AlertHistory, AlertStore
from tests.unit.history.test_retention import at

WHO = "zoe.quill"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "alerts.duckdb"
    rows = {"fingerprint": ["a", "b"], "fired_at": [at(1)] * 2, "resolved_at": [at(2), None], "assignee": [WHO, "bob"]}
    with AlertStore.open(path) as opened:
        opened.ingest(pl.DataFrame(rows))
    return path


def said(monkeypatch: pytest.MonkeyPatch, text: str, *, terminal: bool = False) -> None:
    """What comes on standard input."""
    stream = io.StringIO(text)
    monkeypatch.setattr(stream, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr("sys.stdin", stream)


def assignees(path: Path) -> list[Any]:
    return sorted(AlertHistory.open(path).to_arrow()["assignee"].to_pylist())


def test_a_person_named_on_standard_input_is_erased(store: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, f"{WHO}\n\n  somebody.else \n")
    ran = run("erase", "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert "1 row named the person (1 in alert_events); the file was rewritten" in " ".join(ran.out.split())
    assert "quill" not in ran.out
    assert assignees(store)[0] == "bob"
    assert assignees(store)[1].startswith("person-")


def test_nobody_is_erased_unasked(store: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, "")
    for verb in (["erase", "--subject", WHO], ["retain"]):
        ran = run(*verb)
        assert (ran.code, ran.out) == (1, "")
        assert "Nobody can be asked" in ran.err
    said(monkeypatch, "")
    ran = run("erase", "--yes")
    assert "No identifier was given" in ran.err
    ran = run("erase", "--yes", "--subject", "critical")
    assert (ran.code, "critical" in ran.err) == (1, False)
    assert WHO in assignees(store)


def test_a_person_is_asked_for_and_the_erasure_confirmed(
    store: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(monkeypatch, "", terminal=True)
    asked: list[str] = []
    monkeypatch.setattr("typer.prompt", lambda text, hide_input: asked.append(text) or f"{WHO}; somebody.else")
    monkeypatch.setattr("typer.confirm", lambda text, abort: asked.append(text))
    assert run("erase").code == 0
    assert len(asked) == 2
    assert "cannot be undone" in asked[1]
    assert WHO not in assignees(store)


def test_a_mistyped_store_is_not_made(run: Any, tmp_path: Path) -> None:
    for verb in (["erase", "--subject", WHO, "--yes"], ["audit"], ["backup", "b.duckdb"], ["retain", "--yes"]):
        ran = run(*verb, "--store", "none.duckdb")
        assert ran.code == 1
        assert "none.duckdb: no such store" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_persons_data_is_printed_or_written(store: Path, run: Any, tmp_path: Path) -> None:
    ran = run("export-subject", "--subject", WHO)
    assert [row["fingerprint"] for row in json.loads(ran.out)["alerts"]] == ["a"]
    ran = run("export-subject", "--subject", WHO, "--out", "out.json", "--tenant", "default")
    assert ran.code == 0
    assert WHO not in ran.out
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["alerts"]) == 1
    assert run("export-subject", "--subject", WHO, "--out", "out.json").code == 1
    assert store.exists()


def test_retention_backup_restore_and_audit(store: Path, run: Any, tmp_path: Path) -> None:
    assert run("backup", "b.duckdb").code == 0
    ran = run("retain", "--days", "0.5", "--yes")
    assert "1 alert that ended before" in ran.out
    assert assignees(store) == ["bob"]
    assert assignees(tmp_path / "b.duckdb") == ["bob"]
    assert run("retain", "--days", "-1", "--yes").code == 1
    ran = run("restore", "b.duckdb", "--store", "c.duckdb")
    assert (ran.code, assignees(tmp_path / "c.duckdb")) == (0, ["bob"])
    assert run("restore", "b.duckdb").code == 1
    assert run("restore", "b.duckdb", "--overwrite", "--yes").code == 0
    ran = run("audit", "--json")
    told = json.loads(ran.out)
    assert told["is_sound"]
    assert [row["action"] for row in told["records"]] == ["backup", "retain", "restore"]
    assert told["records"][1]["details"]["n_alerts"] == 1
    ran = run("audit")
    assert "The audit chain of 3 records is sound" in ran.out
    with duckdb.connect(str(store)) as other:
        other.execute("DELETE FROM audit WHERE seq = 2")
    ran = run("audit")
    assert ran.code == 1
    assert "broken at record 2" in ran.err


def test_a_backup_into_no_folder_is_not_recorded(store: Path, run: Any) -> None:
    ran = run("backup", "none/b.duckdb")
    assert ran.code == 1
    assert "none/b.duckdb: there is no such folder, so nothing was written." in ran.err
    assert json.loads(run("audit", "--json").out)["records"] == []


def test_the_audit_says_not_shown_only_where_something_is(store: Path, run: Any) -> None:
    assert run("retain", "--days", "1", "--yes").code == 0  # its details are longer than the terminal is wide
    told = run("audit").out
    assert "n_quarantined" in "".join(told.split())
    assert "Not shown" not in told


def test_persons_are_pseudonymised_at_ingest(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text(f"fired_at,assignee\n2026-01-01,{WHO}\n", encoding="utf-8")
    monkeypatch.delenv("ALERT_PSEUDONYM_KEY", raising=False)
    ran = run("ingest", "a.csv", "--pseudonymise", "assignee")
    assert (ran.code, "needs a key in ALERT_PSEUDONYM_KEY" in ran.err) == (1, True)
    monkeypatch.setenv("ALERT_PSEUDONYM_KEY", "k" * 32)
    assert run("ingest", "a.csv", "--pseudonymise", "assignee").code == 0
    assert assignees(tmp_path / "alerts.duckdb")[0].startswith("person-")
