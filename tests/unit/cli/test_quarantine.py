"""``quarantine``: what was set aside and why, and reading it once more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

MAP = [
    *(
        "--map",
        "fingerprint=Ticket",
        "--map",
        "fired_at=Opened",
        "--map",
        "resolved_at=Closed",
        "--map",
        "severity=Prio",
    ),
    *("--severity", "P1=critical", "--severity", "P2=high"),
]
MENDED = [*MAP, "--severity", "VIP=critical"]


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    path.write_text(
        "Ticket,Opened,Closed,Prio\n"
        "1,2026-03-01 10:00,2026-03-01 11:00,P1\n"
        "2,2026-03-01 12:00,,VIP\n"
        "3,2026-03-01 13:00,2026-03-01 14:00,VIP\n"
        "4,2026-03-02 10:00,2026-03-01 11:00,P2\n"
    )
    return path


def flat(text: str) -> str:
    return " ".join(text.split())


def test_reasons_are_counted_with_an_example_of_each(tickets: Path, run: Any) -> None:
    ingested = run("ingest", tickets, *MAP, "--store", "s.duckdb")
    assert "`alert-analytics quarantine --store s.duckdb` lists them" in flat(ingested.out)
    ran = run("quarantine", "--store", "s.duckdb")
    assert (ran.code, ran.err) == (0, "")
    assert flat(ran.out).startswith("3 rows set aside in s.duckdb, of 2 reasons: source rows reason line ")
    assert "tabular 2 unknown severity 'vip' 3 tabular 1 resolved_at precedes fired_at 5" in flat(ran.out)
    assert '"Ticket":"2","Opened":"2026-03-01 12:00"' in ran.out.replace("\n", "")
    assert "\nunknown severity 'vip', such as:\n  {" in ran.out
    assert "`alert-analytics quarantine --replay` with --source or --map, mended, reads them again" in flat(ran.out)


def test_a_replay_says_what_became_of_them(tickets: Path, run: Any) -> None:
    run("ingest", tickets, *MAP, "--store", "s.duckdb")
    ran = run("quarantine", "--store", "s.duckdb", "--replay", *MENDED)
    assert (ran.code, ran.err) == (0, "")
    assert "3 alerts read from 3 records of tabular: 2 new, 0 updated, 0 known already, 1 set aside" in flat(ran.out)
    assert "1 row set aside in s.duckdb, of 1 reason: source rows reason line tabular 1 resolved_at" in flat(ran.out)
    rows = json.loads(run("resolve", "s.duckdb", "--by", "severity", "--json").out)["rows"]
    assert [(row["severity"], row["n_alerts"]) for row in rows] == [("critical", 3)]
    again = run("quarantine", "--store", "s.duckdb", "--replay", *MENDED)
    assert "1 alert read from 1 record of tabular: 0 new" in flat(again.out)


def test_payloads_are_replayed_by_the_source_s_name(tmp_path: Path, run: Any) -> None:
    alert = {"status": "firing", "labels": {"alertname": "A", "severity": "ticket"}, "startsAt": "2026-03-01T10:00:00Z"}
    (tmp_path / "a.jsonl").write_text(json.dumps({"version": "4", "alerts": [alert]}) + "\nnot JSON\n")
    assert run("ingest", "a.jsonl", "--source", "alertmanager", "--store", "s.duckdb").code == 1  # all set aside
    assert "alertmanager 1 unknown severity 'ticket' 1" in flat(run("quarantine", "--store", "s.duckdb").out)
    ran = run("quarantine", "--store", "s.duckdb", "--replay", "--source", "alertmanager")
    assert ran.code == 0
    assert "1 alert read from 1 record of alertmanager: 0 new, 0 updated, 0 known already, 1 set aside" in flat(ran.out)


def test_a_tenant_sees_its_own_rows(tickets: Path, run: Any) -> None:
    run("ingest", tickets, *MAP, "--store", "s.duckdb", "--tenant", "acme")
    assert "3 rows" in run("quarantine", "--store", "s.duckdb", "--tenant", "acme").out
    assert (
        flat(run("quarantine", "--store", "s.duckdb", "--tenant", "globex").out) == "Nothing is set aside in s.duckdb."
    )
    assert run("quarantine", "--store", "s.duckdb", "--tenant", "globex", "--replay", *MENDED).code == 1
    assert "2 new" in run("quarantine", "--store", "s.duckdb", "--tenant", "acme", "--replay", *MENDED).out


def test_many_reasons_and_long_rows_are_cut(tmp_path: Path, run: Any) -> None:
    rows = "".join(f"2026-03-01,odd{n:02},{'x' * 500}\n" for n in range(30))
    (tmp_path / "a.csv").write_text(f"fired_at,severity,text\n2026-03-01,low,y\n{rows}")
    assert run("ingest", "a.csv", "--store", "s.duckdb").code == 0
    out = flat(run("quarantine", "--store", "s.duckdb").out)
    assert "30 rows set aside in s.duckdb, of 30 reasons" in out
    assert "... and 10 further reasons" in out
    assert "odd19" in out
    assert "odd20" not in out
    assert "x" * 300 not in out.replace(" ", "")
    assert "characters)" in out


def test_names_in_a_row_do_nothing_to_the_terminal(tmp_path: Path, run: Any) -> None:
    (tmp_path / "a.csv").write_text("fired_at,severity\n2026-03-01,low\n2026-03-01,\x1b[2J[bold]x\n")
    run("ingest", "a.csv", "--store", "s.duckdb")
    ran = run("quarantine", "--store", "s.duckdb")
    assert "\x1b" not in ran.out
    assert "[bold]x" in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--store", "none.duckdb"], "none.duckdb: no such store"),
        (["--store", "none.duckdb", "--replay"], "none.duckdb: no such store"),
        (["--store", "s.duckdb", *MAP], "there is no --replay"),
        (["--store", "s.duckdb", "--replay"], "nothing that table set aside could be read once more"),
        (["--store", "s.duckdb", "--replay", "--source", "opsgenie"], "nothing that opsgenie set aside"),
        (["--store", "s.duckdb", "--replay", "--map", "fired_at=Opend"], "did you mean 'Opened'?"),
        (["--store", "tickets.csv", "--replay"], "no DuckDB database, so no alert store"),
    ],
)
def test_what_cannot_be(words: list[str], said: str, tickets: Path, tmp_path: Path, run: Any) -> None:
    run("ingest", tickets, *MAP, "--store", "s.duckdb")
    ran = run("quarantine", *words)
    assert ran.code == 1
    assert said in flat(ran.err)
    assert not (tmp_path / "none.duckdb").exists()
