"""``ingest`` of files: what it says it set aside is its own, and one that fails leaves no store behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alert_analytics.cli.pulling import _opened
from alert_analytics.errors import PullError
from alert_analytics.history import AlertHistory, AlertStore


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    "words",
    [
        ["missing.csv"],
        ["ordinary.csv", "--source", "nothere"],
        ["ordinary.csv", "--map", "fired_at=nope"],
        ["ordinary.csv", "--complete-until", "2999-01-01"],
        ["--from", "http://127.0.0.1:9", "--source", "nothere"],
    ],
)
def test_one_that_fails_leaves_no_store(words: list[str], ordinary: Path, tmp_path: Path, run: Any) -> None:
    assert run("ingest", *words, "--store", "new.duckdb").code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ordinary.csv"]


def test_a_store_that_was_there_stays(ordinary: Path, tmp_path: Path, run: Any) -> None:
    AlertStore.open(tmp_path / "empty.duckdb").close()
    run("ingest", ordinary, "--store", "full.duckdb")
    for store in ("empty.duckdb", "full.duckdb"):
        assert run("ingest", "missing.csv", "--store", store).code == 1
    assert (tmp_path / "empty.duckdb").is_file()
    assert "300 alerts" in run("describe", "full.duckdb").out


def test_what_came_before_a_failure_stays(ordinary: Path, tmp_path: Path) -> None:
    """As of a pull that breaks off after some pages: the next one goes on there."""

    def pulled() -> None:
        with _opened(tmp_path / "new.duckdb", None) as store:
            store.ingest(ordinary)
            raise PullError("The second page never came.")

    with pytest.raises(PullError, match="never came"):
        pulled()
    assert AlertHistory.open(tmp_path / "new.duckdb").n_alerts == 300


def test_what_was_set_aside_stays_though_nothing_was_sound(tmp_path: Path, run: Any) -> None:
    (tmp_path / "a.csv").write_text("fired_at\nnoon\n")
    ran = run("ingest", "a.csv", "--store", "new.duckdb")
    assert ran.code == 1
    assert "every row was set aside" in flat(ran.err)
    assert "1 row set aside in new.duckdb" in flat(run("quarantine", "--store", "new.duckdb").out)


def test_the_reasons_are_those_of_this_ingest(tmp_path: Path, run: Any) -> None:
    (tmp_path / "before.csv").write_text("fired_at,severity\n2026-03-01,low\n2026-03-01,odd\n")
    times = "".join(f"{i}th of May,low\n" for i in range(20))
    (tmp_path / "after.csv").write_text(f"fired_at,severity\n2026-03-02,low\n2026-03-02,strange\n{times}")
    run("ingest", "before.csv", "--store", "s.duckdb")
    for _ in range(2):  # what was set aside before is told again, by whoever brings it
        told = flat(run("ingest", "after.csv", "--store", "s.duckdb").out)
        assert "21 set aside; known until" in told
        assert "set aside: 20 x fired_at is no ISO 8601 time set aside: 1 x unknown severity 'strange' Rows" in told
        assert "odd" not in told


def test_the_commonest_reasons_are_listed_and_the_others_counted(tmp_path: Path, run: Any) -> None:
    rows = "".join(f"2026-03-01,odd{n:03}\n" for n in range(150))
    (tmp_path / "a.csv").write_text(f"fired_at,severity\n2026-03-01,low\n2026-03-01,odd149\n{rows}")
    told = flat(run("ingest", "a.csv", "--store", "s.duckdb").out)
    assert "set aside: 2 x unknown severity 'odd149' set aside: 1 x unknown severity 'odd000'" in told
    assert "'odd006' set aside: 142 for further reasons Rows" in told


def test_a_source_that_was_meant_is_asked_back(ordinary: Path, run: Any) -> None:
    ran = run("ingest", ordinary, "--source", "pagerdutty")
    assert "No source is called 'pagerdutty'; there are alertmanager, " in ran.err
    assert "hint: did you mean 'pagerduty'? " in ran.err
    ran = run("ingest", "--from", "http://127.0.0.1:9", "--source", "promethues")
    assert "hint: did you mean 'prometheus'? there are alertmanager, " in ran.err


def test_one_of_a_thing_is_one(tmp_path: Path, run: Any) -> None:
    (tmp_path / "one.csv").write_text("fired_at,severity\n2026-03-01,low\n")
    assert "1 alert read from 1 record of table: 1 new," in flat(run("ingest", "one.csv").out)
    assert "1 alert from 2026-03-01 00:00" in run("describe", "one.csv").out
    assert "less than half" not in run("resolve", "one.csv").out
    assert "The only alert was never seen resolved" in run("resolve", "one.csv").out
    (tmp_path / "two.csv").write_text("fired_at,severity\n2026-03-01,low\n2026-03-01,odd\n")
    assert run("report", "two.csv").err.startswith("note: 1 row was set aside and counts in no answer: 1 x unknown")
