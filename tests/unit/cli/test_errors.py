"""What a newcomer gets wrong, and what is odd about real files: a plain word and exit code 1, or an answer in part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

VERBS = ["trend", "correlate", "resolve", "recommend", "report", "describe"]
EVERY = [*VERBS, "demo", "ingest", "inspect"]


def words(verb: str, file: object) -> list[object]:
    return ["demo", "--out", "out", "--history", file] if verb == "demo" else [verb, file]


def flat(text: str) -> str:
    return " ".join(text.split())


def refused(ran: Any, said: str, hint: str | None = None) -> None:
    """Nothing but the message and its hint, and those on the error stream."""
    assert ran.code == 1
    assert ran.out.strip() == ""
    lines = ran.err.splitlines()
    assert lines[0].startswith("error: ")
    assert said in lines[0]
    assert "Traceback" not in ran.err
    if hint is not None:
        assert lines[-1].startswith("hint: ")
        assert hint in lines[-1]


@pytest.mark.parametrize("verb", EVERY)
def test_a_missing_file(verb: str, run: Any) -> None:
    refused(run(*words(verb, "missing.csv")), "missing.csv: no such file", "give ")


@pytest.mark.parametrize("verb", ["trend", "demo", "ingest", "inspect"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name,colour\napple,red\npear,green\n", "name, colour"),
        (b"rule,severity\ncpu,high\ndisk,low\n", "rule, severity"),
        (bytes(range(256)) * 20, "file.csv"),
    ],
    ids=["no history", "no time", "binary"],
)
def test_a_file_that_is_no_history(content: bytes, said: str, verb: str, tmp_path: Path, run: Any) -> None:
    (tmp_path / "file.csv").write_bytes(content)
    refused(run(*words(verb, "file.csv")), said, "")


def test_a_parquet_file_that_is_none(tmp_path: Path, run: Any) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"hello")
    refused(run("trend", "bad.parquet"), "bad.parquet: cannot be read as a table", "alert-analytics inspect FILE")


@pytest.mark.parametrize("verb", VERBS)
def test_an_empty_history_is_answered_in_words(verb: str, tmp_path: Path, run: Any) -> None:
    (tmp_path / "empty.csv").write_text("rule,fired_at,resolved_at,severity\n")
    ran = run(verb, "empty.csv")
    assert (ran.code, ran.err) == (0, "")
    assert any(said in ran.out for said in ("There is no alert", "stands out in this history", "No alert is in scope"))
    if verb != "describe":
        assert len(ran.out.splitlines()) <= 2
        assert json.loads(run(verb, "empty.csv", "--json").out)["rows"] == []


def test_the_demo_of_an_empty_history(tmp_path: Path, run: Any) -> None:
    (tmp_path / "empty.csv").write_text("rule,fired_at\n")
    ran = run("demo", "--history", "empty.csv", "--out", "out")
    assert ran.code == 0
    assert flat(ran.out).count("There is no alert in this history, so nothing rises or falls.") == 1
    assert "There is no alert in this history, so there is nothing to change." in flat(ran.out)


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("trend", "1 alert in 0 whole weeks: too short for a slope, which needs 8 weeks."),
        ("correlate", "There is only one rule in this history, so there is no pair."),
        ("resolve", "The only alert took 30 min to resolve"),
        ("recommend", "No rule is worth changing"),
        ("report", "no interval: it needs 7 days"),
        ("describe", "1 alert"),
        ("demo", "No rule is worth changing: nothing is known to save much and miss little."),
    ],
)
def test_one_alert(verb: str, said: str, tmp_path: Path, run: Any) -> None:
    (tmp_path / "one.csv").write_text("rule,fired_at,resolved_at\ncpu,2025-01-05T10:00:00,2025-01-05T10:30:00\n")
    ran = run(*words(verb, "one.csv"))
    assert (ran.code, ran.err) == (0, "")
    assert said in flat(ran.out)


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("trend", "Alert volume neither rises nor falls beyond chance"),
        ("resolve", "ever seen resolved, so there is no median; 100.0% of 200 alerts are still open"),
        ("report", "time to resolve median unknown (not reached: too many are still open)"),
        ("describe", "look at: no alert is resolved: is resolved_at mapped?"),
        ("demo", "None of 3 groups by severity has half its alerts resolved"),
    ],
)
def test_all_alerts_open(verb: str, said: str, drawn: Any, run: Any) -> None:
    ran = run(*words(verb, drawn(70, 200, resolved_at="")))
    assert (ran.code, ran.err) == (0, "")
    assert said in flat(ran.out)


@pytest.mark.slow
def test_a_history_of_three_weeks_is_answered_in_part(drawn: Any, run: Any) -> None:
    path = drawn(21, 120)
    assert "120 alerts in 2 whole weeks: too short for a slope, which needs 8 weeks." in flat(run("trend", path).out)
    rows = json.loads(run("trend", path, "--by", "rule", "--json").out)["rows"]
    assert {row["direction"] for row in rows} == {"too short"}
    assert sum(row["n_alerts"] for row in rows) == 120
    assert "resolved within" in run("resolve", path).out
    ran = run(*words("demo", path))
    assert ran.code == 0
    assert flat(ran.out).count("too short for a slope") == 1


@pytest.mark.parametrize("verb", ["trend", "resolve", "report"])
def test_rows_of_an_unknown_severity_are_set_aside_and_counted(verb: str, drawn: Any, run: Any) -> None:
    path = drawn(70, 200, severities=("high", "P9", "low"))
    n = path.read_text().count("P9")
    ran = run(verb, path)
    assert ran.code == 0
    assert ran.err == f"note: {n} rows were set aside and count in no answer: {n} x unknown severity 'p9'.\n"
    # The note does not come between a program and its input.
    if verb != "report":
        rows = json.loads(run(verb, path, "--json").out)["rows"]
        assert sum(row["n_alerts"] for row in rows) == 200 - n


def test_ingest_says_what_it_set_aside_and_keeps_it(drawn: Any, run: Any) -> None:
    path = drawn(70, 200, severities=("high", "P9", "low"))
    n = path.read_text().count("P9")
    ran = run("ingest", path, "--store", "s.duckdb")
    assert ran.code == 0
    assert f"{200 - n} new, 0 updated, 0 known already, {n} set aside" in flat(ran.out)
    assert f"set aside: {n} x unknown severity 'p9'" in flat(ran.out)
    assert f"{n} rows were set aside" in run("trend", "s.duckdb").err


def test_many_reasons_are_told_in_short(tmp_path: Path, run: Any) -> None:
    lines = [f"cpu,2025-01-0{i % 9 + 1}T10:00:00,P{i % 5}" for i in range(50)]
    (tmp_path / "many.csv").write_text("\n".join(["rule,fired_at,severity", *lines, "cpu,2025-01-01T11:00:00,low"]))
    assert run("trend", "many.csv").err == (
        "note: 50 rows were set aside and count in no answer: 10 x unknown severity 'p0'; "
        "10 x unknown severity 'p1'; 10 x unknown severity 'p2'; 2 more reasons.\n"
    )


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("trend", ["--by", "nothere"]),
        ("resolve", ["--by", "rule", "--by", "nothere"]),
        ("correlate", ["--of", "nothere"]),
        ("correlate", ["--within", "nothere"]),
        ("recommend", ["--of", "nothere"]),
        ("report", ["--where", "nothere > 3"]),
    ],
)
def test_a_column_that_does_not_exist(verb: str, options: list[str], ordinary: Path, run: Any) -> None:
    ran = run(verb, ordinary, *options)
    refused(ran, "No column or label 'nothere'; columns: ", "case-sensitive")
    assert "severity" in ran.err


@pytest.mark.parametrize(
    ("options", "said", "hint"),
    [
        (["--since", "yesterday"], "--since 'yesterday' is not a time", "write '2016-04-01'"),
        (["--until", "32/13/2020"], "--until '32/13/2020' is not a time", "write '2016-04-01'"),
        (["--as-of", "soon"], "--as-of 'soon' is not a time", "write '2016-04-01'"),
        (["--where", "severity >"], "condition, character 11: found the end", None),
        (["--tenant", "nobody"], "--tenant nobody: no alert is theirs; the tenants are default.", None),
        (["--window-size", "0"], "--window-size 0; expected a whole number of buckets", None),
        (["--json", "--csv"], "--json and --csv exclude each other.", None),
        (["--source", "nothere"], "No source is called 'nothere'", "inspect FILE"),
        (["--source", "servicenow"], "is no ServiceNow event log", "inspect FILE"),
        (["--source", "servicenow", "--map", "fired_at=x"], "--source and --map exclude each other.", "--map alone"),
        (["--map", "fired_at"], "--map 'fired_at': expected name=value.", "write --map 'a=b'"),
        (["--map", "fired_at=nope"], "has no column 'nope'", "inspect FILE"),
        (["--map", "bogus=rule"], "Tabular maps ['bogus']", None),
        (
            ["--map", "fired_at=fired_at", "--severity", "P1"],
            "--severity 'P1': expected name=value.",
            "--severity 'a=b'",
        ),
        (["--source", "servicenow", "--severity", "1=low"], "--severity: servicenow takes no words", "leave it out"),
        (["--source", "alertmanager", "--severity", "x=urgent"], "severities to ['urgent']; expected info, low", None),
        (["--source", "alertmanager", "--timezone", "Asia/Tokyo"], "--timezone without --map", "inspect FILE"),
        (["--severity", "1=low"], "--severity without --map", "inspect FILE"),
        (["--time-format", "epoch_s"], "--time-format without --map", "inspect FILE"),
        (["--delimiter", ";", "--label", "x"], "--label, --delimiter without --map", "inspect FILE"),
    ],
)
def test_an_option_that_makes_no_sense(
    options: list[str], said: str, hint: str | None, ordinary: Path, run: Any
) -> None:
    refused(run("trend", ordinary, *options), said, hint)


def test_a_hint_speaks_of_options(ordinary: Path, tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run("ingest", ordinary, "--store", "s.duckdb")
    assert run("backup", "b.duckdb", "--store", "s.duckdb").code == 0
    ran = run("restore", "b.duckdb", "--store", "s.duckdb")
    refused(ran, "it exists and is left as it is.", "restore to another path, or say --overwrite.")
    monkeypatch.setenv("ALERT_PSEUDONYM_KEY", "k" * 32)
    ran = run("ingest", ordinary, "--pseudonymise", "nothere")
    refused(ran, "--pseudonymise 'nothere': expected one of", "--pseudonymise assignee --pseudonymise label:caller.")
    refused(run("trend", ordinary, "--source", "nothere"), "No source is called", "writes what reads any table.")
    (tmp_path / "norule.csv").write_text("fired_at\n2026-03-01\n")
    assert "--of service asks another column" in flat(run("recommend", "norule.csv").out)
    told = json.loads(run("recommend", "norule.csv", "--json").out)
    assert "of='service' asks another column" in told["sentence"]


def test_what_anyone_wrote_is_no_parameter(tmp_path: Path, run: Any) -> None:
    refused(run("trend", "where=high.csv"), "where=high.csv: no such file")


@pytest.mark.parametrize("value", ["nan", "0", "-1", "1e9", "inf"])
def test_a_length_of_time_that_is_none(value: str, ordinary: Path, run: Any) -> None:
    refused(run("report", ordinary, f"--days={value}"), "expected a positive number of days.")
    if value != "1e9":
        refused(run("correlate", ordinary, f"--window={value}"), "expected a positive number of seconds.")


def test_the_demo_s_own_mistakes(ordinary: Path, tmp_path: Path, run: Any) -> None:
    refused(run("demo", "--source", "servicenow"), "there is no --history", "alert-analytics demo --history FILE")
    ran = run("demo", "--history", ordinary, "--out", ordinary / "below")
    refused(ran, "cannot make this folder (Not a directory)", "--out charts")


def test_a_store_in_a_folder_that_is_not_there(ordinary: Path, run: Any) -> None:
    refused(
        run("ingest", ordinary, "--store", "no/such/s.duckdb"), "cannot be opened as a store", "a folder that exists"
    )


def test_a_wrong_word_is_told_by_the_command_line_itself(ordinary: Path, run: Any) -> None:
    assert run("trnd", ordinary).code == 2
    ran = run("trend", ordinary, "--bye", "rule")
    assert ran.code == 2
    assert "--by" in ran.err
