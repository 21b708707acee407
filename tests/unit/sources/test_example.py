"""A third party's source: the example of the README works as it is shown, found by its entry point."""

from __future__ import annotations

import gzip
import json
import re
from datetime import datetime
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from alert_analytics.history import AlertStore
from alert_analytics.history import source as announced

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "tests" / "sources_example" / "uptime.py"
LINES = [
    {"site": "shop", "state": "down", "at": "2026-03-02T10:00:00Z", "region": "eu"},
    {"site": "shop", "state": "up", "at": "2026-03-02T10:07:00Z"},
    {"site": "shop", "state": "gone", "at": "2026-03-02T10:08:00Z"},
]


def test_the_example_of_the_readme_is_the_one_tested_here() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^### Your own format\n(.*?)^#", readme, flags=re.MULTILINE | re.DOTALL)
    assert section is not None
    [shown] = re.findall(r"```python\n(.*?)```", section[1], flags=re.DOTALL)
    code = EXAMPLE.read_text(encoding="utf-8").split('"""', 2)[2].strip()
    assert shown.strip().startswith(code)
    assert len(code.splitlines()) <= 30


def test_an_installed_source_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("uptime", "tests.sources_example.uptime:Uptime", announced.GROUP)
    monkeypatch.setattr(announced, "entry_points", lambda group: [entry] if group == announced.GROUP else [])
    path = tmp_path / "checks.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(one) + "\n" for one in LINES).encode()))
    with AlertStore.open() as store:
        report = store.ingest(path, source="uptime")
        assert (report.n_records, report.n_new, report.n_quarantined) == (3, 1, 1)
        again = store.ingest(LINES, source="uptime")
        assert (again.n_new, again.n_updated) == (0, 0)
        [alert] = store.history().to_arrow().to_pylist(maps_as_pydicts="strict")
        [refused] = store.history().quarantine().to_pylist()
    assert (alert["source"], alert["rule"], alert["severity"]) == ("uptime", "SiteDown", "high")
    assert (alert["fired_at"], alert["resolved_at"]) == (datetime(2026, 3, 2, 10), datetime(2026, 3, 2, 10, 7))
    assert alert["labels"] == {"region": "eu"}
    assert (refused["line"], refused["reason"]) == (3, "state: Input should be 'down' or 'up'")
    assert json.loads(refused["original"]) == LINES[2]
