"""``ingest --from``: the same verb for a running system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alert_analytics.history import source as sources
from alert_analytics.pulls import FEEDS, PagerDuty
from tests.servers.pagerduty import TOKEN, PagerDutyReplay
from tests.servers.replay import Reply, Server, serving
from tests.unit.pulls.conftest import READERS


@pytest.fixture
def pagerduty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A PagerDuty on this machine, and its token in the environment."""
    monkeypatch.setenv("PAGERDUTY_TOKEN", TOKEN)
    monkeypatch.setitem(FEEDS, "pagerduty", lambda: PagerDuty(slice_days=10_000))
    monkeypatch.setattr(
        "alert_analytics.history.store.source_named", lambda name: READERS.get(name) or sources.source_named(name)
    )
    with serving(PagerDutyReplay(3)) as server:
        yield server


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_pull_says_what_came_and_where_it_goes_on(pagerduty: Server, run: Any) -> None:
    words = ("ingest", "--from", pagerduty.url, "--source", "pagerduty", "--store", "s.duckdb")
    ran = run(*words, "--since", "2025-03-01")
    assert (ran.code, ran.err.count("note:")) == (0, 1)  # the replayed clock stands in the past
    assert "3 new" in flat(ran.out)
    assert "it began at 2025-03-01 00:00 UTC" in flat(ran.out)
    again = run(*words)
    assert again.code == 0
    assert "0 new, 0 updated" in flat(again.out)
    assert "went on where the last pull of this address stopped" in flat(again.out)
    assert "3 alerts" in flat(run("describe", "s.duckdb").out)


def test_a_failure_says_what_to_do(pagerduty: Server, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("ingest", "--from", pagerduty.url, "--source", "pagerduty")
    pagerduty.faults = {0: Reply({"error": {"message": "Unauthorized"}}, 401)}
    ran = run(*words)
    assert ran.code == 1
    assert "does not accept the credentials (401): Unauthorized." in flat(ran.err)
    assert "hint: set PAGERDUTY_TOKEN in the environment" in flat(ran.err)
    monkeypatch.delenv("PAGERDUTY_TOKEN")
    ran = run(*words)
    assert "hint: set PAGERDUTY_TOKEN in the environment" in flat(ran.err)
    assert TOKEN not in ran.out + ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ingest"], "takes either a path or --from URL"),
        (["ingest", "a.csv", "--from", "https://a.example.com"], "exclude each other"),
        (["ingest", "https://a.example.com/x"], "A running system is no file."),
        (["ingest", "a.csv", "--since", "2025-01-01"], "--since is for --from"),
        (["ingest", "--from", "https://a.example.com"], "--from needs --source"),
        (["ingest", "--from", "https://a.example.com", "--map", "fired_at=T"], "--from needs --source"),
        (
            ["ingest", "--from", "https://a.example.com", "--source", "pagerduty", "--severity", "a=low"],
            "--severity is for files",
        ),
        (["ingest", "--from", "https://a.example.com", "--source", "nagios"], "nothing that can be pulled"),
        (["ingest", "--from", "https://u:hunter22@a.example.com", "--source", "pagerduty"], "holds a user or password"),
        (
            ["ingest", "--from", "https://a.example.com", "--source", "pagerduty", "--complete-until", "2025-01-01"],
            "--complete-until is for files",
        ),
    ],
)
def test_what_does_not_go_together(words: list[str], said: str, run: Any, tmp_path: Path) -> None:
    ran = run(*words)
    assert ran.code == 1
    assert said in flat(ran.err)
    assert "hint:" in ran.err
    assert "hunter22" not in ran.out + ran.err
