"""Every verb on the sample and on small files: what a reader sees, and what the next program gets."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import alert_analytics as aa
from alert_analytics import (
    AlertAnalytics,
    CorrelationAnalysis,
    PerformanceAnalysis,
    Recommendations,
    ResolutionAnalysis,
    TrendAnalysis,
    WorkloadAnalysis,
)
from alert_analytics.analytics import Result
from alert_analytics.cli.output import console

SAMPLE = aa.datasets.sample_path() / "alerts.parquet"
VERBS = {"trend": [], "correlate": [], "resolve": [], "recommend": [], "performance": [], "workload": [], "report": []}
FOREIGN = [
    *("--map", "rule=Check", "--map", "fired_at=Open Time", "--map", "resolved_at=Resolved Time"),
    *("--map", "severity=Priority", "--severity", "P1=high", "--severity", "P2=medium", "--severity", "P3=low"),
    *("--time-format", "%d/%m/%Y %H:%M:%S", "--label", "Host", "--delimiter", ";"),
]


@lru_cache
def answer(verb: str) -> Result:
    sample = aa.datasets.sample()
    if verb == "report":
        return AlertAnalytics().run(sample)
    made: dict[str, Any] = {
        "trend": TrendAnalysis,
        "correlate": CorrelationAnalysis,
        "resolve": ResolutionAnalysis,
        "recommend": Recommendations,
        "performance": PerformanceAnalysis,
        "workload": WorkloadAnalysis,
    }
    result: Result = made[verb].from_alerts(sample)
    return result


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("verb", VERBS)
def test_a_reader_gets_the_sentence_and_a_table_that_fits(verb: str, run: Any) -> None:
    ran = run(verb, SAMPLE)
    assert (ran.code, ran.err) == (0, "")
    expected = answer(verb)
    assert flat(ran.out).startswith(flat(expected.sentence))
    assert max(map(len, ran.out.splitlines())) <= 80
    shown = ran.out.splitlines()
    header = next(line for line in shown if re.match(r"\w+(  +\w+){2,}", line))
    left_out = flat(ran.out).partition("Not shown: ")[2].partition(" (--csv")[0].split(", ")
    assert sorted([*header.split(), *left_out]) == sorted(expected.table.column_names)


@pytest.mark.parametrize("verb", VERBS)
def test_a_wide_terminal_gets_the_whole_table(verb: str, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", 1000)
    ran = run(verb, SAMPLE)
    assert "Not shown" not in ran.out
    header = next(line for line in ran.out.splitlines() if re.match(r" *\w+(  +\w+){5,}", line))
    assert header.split() == answer(verb).table.column_names


@pytest.mark.parametrize("verb", VERBS)
def test_json_is_the_result(verb: str, run: Any) -> None:
    ran = run(verb, SAMPLE, "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    expected = answer(verb)
    assert told["sentence"] == expected.sentence
    assert told["rows"] == expected.table.to_pylist()
    assert set(told["settings"]) == set(expected.settings)
    assert told["settings"]["span_end"] == "2025-12-22T00:00:00"


@pytest.mark.parametrize("verb", VERBS)
def test_csv_is_the_result_s_table(verb: str, run: Any) -> None:
    ran = run(verb, SAMPLE, "--csv")
    assert ran.code == 0
    read = list(csv.DictReader(io.StringIO(ran.out)))
    expected = answer(verb).table
    assert list(read[0]) == expected.column_names
    for name in expected.column_names:
        for got, known in zip(read, expected[name].to_pylist(), strict=True):
            if isinstance(known, float):
                assert float(got[name]) == pytest.approx(known)
            else:
                assert got[name] == (
                    "" if known is None else str(known).lower() if known in (True, False) else str(known)
                )


def test_describe_looks_the_history_over(run: Any) -> None:
    ran = run("describe", SAMPLE)
    assert ran.code == 0
    assert "19,316 alerts from 2025-09-01 00:47 to 2025-12-22 00:00, 5.3% of them open" in flat(ran.out)
    assert "HighCpuUsage (21%)" in ran.out


def test_every_verb_has_help_and_none_is_shown_without_a_verb(run: Any) -> None:
    bare = run()
    for verb in (*VERBS, "inspect", "ingest", "quarantine", "describe", "demo"):
        assert verb in bare.out + bare.err
        ran = run(verb, "--help")
        assert ran.code == 0
        assert "Usage: alert-analytics " + verb in ran.out
    assert "--as-of" in run("trend", "--help").out
    assert "--map" in run("demo", "--help").out


@pytest.mark.parametrize(
    ("options", "scoped"),
    [
        (["--where", "severity >= 'high'"], lambda h: h.where("severity >= 'high'")),
        (["--since", "2025-10-01"], lambda h: h.where(since="2025-10-01")),
        (["--until", "2025-11-20T12:00"], lambda h: h.where(until="2025-11-20T12:00")),
        (["--as-of", "2025-11-15"], lambda h: h.as_of("2025-11-15")),
        (["--tenant", "globex"], lambda h: h.tenant("globex")),
        (
            ["--tenant", "acme", "--where", "service == 'web'", "--since", "2025-09-10", "--as-of", "2025-12-01"],
            lambda h: h.tenant("acme").where("service == 'web'", since="2025-09-10").as_of("2025-12-01"),
        ),
    ],
)
def test_options_narrow_the_history(options: list[str], scoped: Any, run: Any) -> None:
    told = json.loads(run("trend", SAMPLE, "--by", "service", "--json", *options).out)
    expected = TrendAnalysis.from_alerts(scoped(aa.datasets.sample()), by="service")
    assert told["rows"] == expected.table.to_pylist()


def test_by_may_be_repeated_and_name_a_label(run: Any) -> None:
    told = json.loads(run("resolve", SAMPLE, "--by", "severity", "--by", "region", "--json").out)
    expected = ResolutionAnalysis.from_alerts(aa.datasets.sample(), by=["severity", "region"])
    assert told["rows"] == expected.table.to_pylist()


@pytest.mark.slow
def test_the_verbs_own_options_reach_the_analysis(run: Any) -> None:
    sample = aa.datasets.sample()
    told = json.loads(run("correlate", SAMPLE, "--window", "120", "--of", "service", "--within", "team", "--json").out)
    expected = CorrelationAnalysis.from_alerts(sample, timedelta(seconds=120), of="service", within="team")
    assert told["rows"] == expected.table.to_pylist()
    told = json.loads(run("report", SAMPLE, "--days", "28", "--json").out)
    assert told["rows"] == AlertAnalytics(timedelta(days=28)).run(sample).table.to_pylist()
    told = json.loads(run("recommend", SAMPLE, "--of", "service", "--json").out)
    assert told["rows"] == Recommendations.from_alerts(sample, of="service").table.to_pylist()
    told = json.loads(run("performance", SAMPLE, "--by", "team", "--of", "rule", "--json").out)
    assert told["rows"] == PerformanceAnalysis.from_alerts(sample, by="team", of="rule").table.to_pylist()
    told = json.loads(run("workload", SAMPLE, "--by", "service", "--hours-in", "Asia/Tokyo", "--json").out)
    expected = WorkloadAnalysis.from_alerts(sample, by="service", timezone="Asia/Tokyo")
    assert told["rows"] == expected.table.to_pylist()
    assert json.loads(run("trend", SAMPLE, "--window-size", "3", "--json").out)["settings"]["window_size"] == 3
    for verb in ("workload", "report"):
        said = run(verb, SAMPLE, "--hours-in", "Nowhere").err
        assert "--hours-in 'Nowhere' is no time zone" in said
        assert "--timezone" not in said


@pytest.mark.parametrize("verb", ["performance", "resolve"])
def test_rows_of_single_persons_are_shown_when_asked(verb: str, run: Any) -> None:
    refused = flat(run(verb, SAMPLE, "--by", "assignee").err)
    assert "assignee makes a row of each person" in refused
    assert "--suppress-below 1 shows everyone by themselves" in refused
    rows = json.loads(run(verb, SAMPLE, "--by", "assignee", "--suppress-below", "1", "--json").out)["rows"]
    assert len(rows) == 16


def test_groups_of_few_people_are_shown_when_asked(run: Any) -> None:
    assert "--suppress-below 1 shows them" in flat(run("workload", SAMPLE, "--by", "assignee").out)
    rows = json.loads(run("workload", SAMPLE, "--by", "assignee", "--suppress-below", "1", "--json").out)["rows"]
    assert len(rows) == 16


def test_a_table_of_another_shape_is_read_by_its_mapping(foreign: Path, ordinary: Path, run: Any) -> None:
    ran = run("trend", foreign, *FOREIGN, "--by", "Host", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert {row["Host"] for row in json.loads(ran.out)["rows"]} == {"h0", "h1", "h2"}
    mapped = json.loads(run("resolve", foreign, *FOREIGN, "--by", "severity", "--json").out)["rows"]
    plain = json.loads(run("resolve", ordinary, "--by", "severity", "--json").out)["rows"]
    assert [(row["severity"], row["n_alerts"]) for row in mapped] == [
        (row["severity"], row["n_alerts"]) for row in plain
    ]


def test_a_store_is_filled_once_and_answers_the_same(foreign: Path, tmp_path: Path, run: Any) -> None:
    first = run(
        "ingest", foreign, *FOREIGN, "--store", "s.duckdb", "--tenant", "acme", "--complete-until", "2025-04-01"
    )
    assert first.code == 0
    assert "300 alerts read from 300 records of tabular: 300 new, 0 updated, 0 known already" in flat(first.out)
    assert "known until 2025-04-01" in flat(first.out)
    again = run("ingest", foreign, *FOREIGN, "--store", "s.duckdb", "--tenant", "acme")
    assert "0 new, 0 updated, 300 known already" in flat(again.out)
    # Strength knows how long was observed, and the store has been told of a longer time: both up to one day.
    upto = ("--until", "2025-03-01", "--json")
    stored = json.loads(run("correlate", "s.duckdb", "--tenant", "acme", *upto).out)
    assert stored["rows"] == json.loads(run("correlate", foreign, *FOREIGN, *upto).out)["rows"] != []
    assert "300 alerts" in run("describe", "s.duckdb").out


def test_inspect_prints_a_mapping_and_a_command(foreign: Path, run: Any) -> None:
    ran = run("inspect", foreign)
    assert ran.code == 0
    assert "In Python:" in ran.out
    assert "alert-analytics " in ran.out.partition("In the shell:")[2]
    assert "%d/%m/%Y %H:%M:%S" in ran.out


def test_names_are_printed_as_they_are(tmp_path: Path, run: Any) -> None:
    lines = ["rule,fired_at"]
    for i in range(10):
        lines += [f'"[bold]a[/bold] :bug: \x1b[2J",2025-01-0{1 + i % 9}T0{i}:0{j}:00' for j in range(2)]
    (tmp_path / "[red].csv").write_text("\n".join(lines) + "\n")
    for verb in ("recommend", "describe"):
        ran = run(verb, "[red].csv")
        assert ran.code == 0
        assert "[bold]a[/bold] :bug: ·[2J" in flat(ran.out)
        assert "\x1b" not in ran.out
    assert run("ingest", "[red].csv").code == 0
    assert run("inspect", "[red].csv").code == 0
